//! Conditions of names and constants alone, told by the tokens around them.

use sqlparser::ast::{BinaryOperator, Expr};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::Token;

/// How far the beginning of a parenthesis is looked for.
const LOOK_BACK: usize = 200;

/// The condition that comes next, if it is one of leaves and nothing but it takes part in its operands.
pub(super) fn condition(parser: &mut Parser<'_>) -> Option<Result<Expr, ParserError>> {
    if !is_leaf(parser, 0) {
        return None;
    }
    match &parser.peek_nth_token_ref(1).token {
        Token::Word(word) => match word.keyword {
            Keyword::IS => null_test(parser),
            Keyword::IN => {
                let is_list = parser.peek_nth_token_ref(2).token == Token::LParen;
                (is_list && begins_here(parser)).then(|| {
                    let input = leaf(parser)?;
                    parser.advance_token();
                    parser.parse_in(input, false, false)
                })
            }
            Keyword::BETWEEN => {
                let is_whole = is_leaf(parser, 2)
                    && is_word(&parser.peek_nth_token_ref(3).token, Keyword::AND)
                    && is_leaf(parser, 4)
                    && ends_condition(&parser.peek_nth_token_ref(5).token);
                (is_whole && begins_here(parser)).then(|| between(parser))
            }
            _ => None,
        },
        token => {
            let op = comparison(token)?;
            let is_whole =
                is_leaf(parser, 2) && ends_condition(&parser.peek_nth_token_ref(3).token);
            (is_whole && begins_here(parser)).then(|| {
                let left = Box::new(leaf(parser)?);
                parser.advance_token();
                let right = Box::new(leaf(parser)?);
                Ok(Expr::BinaryOp { left, op, right })
            })
        }
    }
}

/// `leaf BETWEEN leaf AND leaf`, which comes next.
fn between(parser: &mut Parser<'_>) -> Result<Expr, ParserError> {
    let input = Box::new(leaf(parser)?);
    parser.advance_token();
    let low = Box::new(leaf(parser)?);
    parser.advance_token();
    let high = Box::new(leaf(parser)?);
    Ok(Expr::Between {
        expr: input,
        negated: false,
        low,
        high,
    })
}

/// `leaf IS [NOT] NULL`, if that comes next.
fn null_test(parser: &mut Parser<'_>) -> Option<Result<Expr, ParserError>> {
    let is_next = |at, keyword| is_word(&parser.peek_nth_token_ref(at).token, keyword);
    let negated = is_next(2, Keyword::NOT);
    let words = if negated { 3 } else { 2 };
    (is_next(words, Keyword::NULL) && begins_here(parser)).then(|| {
        let input = Box::new(leaf(parser)?);
        (0..words).for_each(|_| parser.advance_token());
        Ok(match negated {
            true => Expr::IsNotNull(input),
            false => Expr::IsNull(input),
        })
    })
}

/// Whether the token `at` places ahead is a name or a constant, and an operand as a whole if an operator is behind it.
fn is_leaf(parser: &Parser<'_>, at: usize) -> bool {
    is_leaf_token(&parser.peek_nth_token_ref(at).token)
}

fn is_leaf_token(token: &Token) -> bool {
    match token {
        Token::Number(..) | Token::SingleQuotedString(_) => true,
        Token::Word(word) => word.keyword == Keyword::NoKeyword,
        _ => false,
    }
}

/// The leaf that comes next.
pub(super) fn leaf(parser: &mut Parser<'_>) -> Result<Expr, ParserError> {
    match parser.peek_token_ref().token {
        Token::Word(_) => parser.parse_identifier().map(Expr::Identifier),
        _ => parser.parse_value().map(Expr::Value),
    }
}

fn is_word(token: &Token, keyword: Keyword) -> bool {
    matches!(token, Token::Word(word) if word.keyword == keyword)
}

fn comparison(token: &Token) -> Option<BinaryOperator> {
    Some(match token {
        Token::Eq => BinaryOperator::Eq,
        Token::Neq => BinaryOperator::NotEq,
        Token::Lt => BinaryOperator::Lt,
        Token::LtEq => BinaryOperator::LtEq,
        Token::Gt => BinaryOperator::Gt,
        Token::GtEq => BinaryOperator::GtEq,
        _ => return None,
    })
}

/// Whether what stands before the token is an operand of nothing that begins with it.
fn ends_condition(token: &Token) -> bool {
    match token {
        Token::RParen | Token::EOF => true,
        Token::Word(word) => matches!(word.keyword, Keyword::AND | Keyword::OR | Keyword::THEN),
        _ => false,
    }
}

/// Whether a condition begins with the next token: no operator before it takes its first operand alone.
fn begins_here(parser: &Parser<'_>) -> bool {
    let Some(before) = parser.index().checked_sub(1) else {
        return false;
    };
    match &parser.token_at(before).token {
        Token::Word(word) if word.keyword == Keyword::AND => is_connective(parser, before),
        _ => begins_behind(parser, before),
    }
}

/// Whether a condition begins behind the token at `at`, which is no AND.
fn begins_behind(parser: &Parser<'_>, at: usize) -> bool {
    match &parser.token_at(at).token {
        // `position(a IN b)` and its like are no conditions.
        Token::LParen => match at.checked_sub(1).map(|at| &parser.token_at(at).token) {
            Some(Token::Word(word)) => is_connecting(word.keyword),
            Some(token) => matches!(token, Token::LParen | Token::Comma),
            None => true,
        },
        Token::Word(word) => is_connecting(word.keyword),
        _ => false,
    }
}

/// Whether conditions stand behind the keyword; behind AND, if it is not that of a BETWEEN.
fn is_connecting(keyword: Keyword) -> bool {
    matches!(
        keyword,
        Keyword::AND
            | Keyword::OR
            | Keyword::NOT
            | Keyword::WHERE
            | Keyword::HAVING
            | Keyword::ON
            | Keyword::WHEN
    )
}

/// Whether the AND at `at` joins conditions for certain, and does not end the lower bound of a BETWEEN.
fn is_connective(parser: &Parser<'_>, at: usize) -> bool {
    let back = |by: usize| at.checked_sub(by).map(|at| &parser.token_at(at).token);
    let begins = |by: usize| match back(by) {
        Some(Token::Word(word)) => is_connecting(word.keyword),
        Some(token) => *token == Token::LParen,
        None => true,
    };
    let is_at = |by, keyword| back(by).is_some_and(|token| is_word(token, keyword));
    match back(1) {
        Some(Token::RParen) => {
            // What the parenthesis is the whole of, or the list of an IN, is no bound.
            let from = at.saturating_sub(LOOK_BACK);
            let mut open = 0;
            let begin = (from..at).rev().find(|&at| {
                match parser.token_at(at).token {
                    Token::RParen => open += 1,
                    Token::LParen => open -= 1,
                    _ => {}
                }
                open == 0
            });
            begin.is_some_and(|begin| {
                let by = at - begin + 1;
                begins(by) || is_at(by, Keyword::IN)
            })
        }
        // IS [NOT] NULL
        Some(token) if is_word(token, Keyword::NULL) => {
            is_at(2, Keyword::IS) || is_at(2, Keyword::NOT) && is_at(3, Keyword::IS)
        }
        Some(token) if is_leaf_token(token) => {
            let is_comparison = back(2).and_then(comparison).is_some();
            let is_between = is_at(2, Keyword::AND)
                && back(3).is_some_and(is_leaf_token)
                && is_at(4, Keyword::BETWEEN);
            is_between || is_comparison && back(3).is_some_and(is_leaf_token) && begins(4)
        }
        _ => false,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use rand_xoshiro::Xoroshiro128StarStar;
    use rand_xoshiro::rand_core::{RngCore, SeedableRng};

    const OPERANDS: [&str; 8] = [
        "a",
        "b",
        "1",
        "'x'",
        "a",
        "NULL",
        "b.c",
        "position('x' IN (a))",
    ];
    const SUFFIXES: [&str; 6] = [
        "IS NULL",
        "IS NOT NULL",
        "IN (1, a)",
        "IN (SELECT 1)",
        "::int",
        "NOT IN (b)",
    ];
    const OPERATORS: [&str; 10] = [
        "AND",
        "AND",
        "AND",
        "OR",
        "=",
        "<",
        ">=",
        "+",
        "BETWEEN",
        "BETWEEN 1 AND",
    ];

    /// Texts of operands with operators between them, in parentheses or not: most are expressions.
    pub(crate) fn texts() -> impl Iterator<Item = String> {
        let mut random = Xoroshiro128StarStar::seed_from_u64(7);
        let mut below = move |end: usize| random.next_u32() as usize % end;
        (0..20_000).map(move |_| {
            let mut words = Vec::new();
            let mut open = 0;
            for operand in 0..1 + below(6) {
                if operand > 0 {
                    words.push(OPERATORS[below(OPERATORS.len())]);
                }
                if below(5) == 0 {
                    words.push("NOT");
                }
                if below(3) == 0 {
                    words.push("(");
                    open += 1;
                }
                words.push(OPERANDS[below(OPERANDS.len())]);
                if below(4) == 0 {
                    words.push(SUFFIXES[below(SUFFIXES.len())]);
                }
                while open > 0 && below(3) == 0 {
                    words.push(")");
                    open -= 1;
                }
            }
            words.extend(std::iter::repeat_n(")", open));
            words.join(" ")
        })
    }
}
