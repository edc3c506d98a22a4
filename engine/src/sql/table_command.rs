//! `TABLE name`, which is `SELECT * FROM name` and stands wherever a query may: `sqlparser` does not read it at the beginning
//! of a statement, nor with all that may follow.

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, TokenWithSpan, Word};

fn keyword(token: Option<&TokenWithSpan>) -> Keyword {
    match token.map(|t| &t.token) {
        Some(Token::Word(word)) if word.quote_style.is_none() => word.keyword,
        _ => Keyword::NoKeyword,
    }
}

/// Whether a query may begin behind this token; `None` is before the first.
fn begins_query(before: Option<&TokenWithSpan>) -> bool {
    let Some(token) = before else {
        return true;
    };
    matches!(token.token, Token::LParen | Token::RParen)
        || matches!(
            keyword(Some(token)),
            Keyword::AS
                | Keyword::UNION
                | Keyword::INTERSECT
                | Keyword::EXCEPT
                | Keyword::ALL
                | Keyword::DISTINCT
                | Keyword::EXPLAIN
                | Keyword::ANALYZE
                | Keyword::VERBOSE
        )
}

/// Whether such a word goes on with a query in which `table` is an alias: `SELECT 1 AS table FROM t`.
fn follows_alias(word: Keyword) -> bool {
    matches!(
        word,
        Keyword::FROM
            | Keyword::INTO
            | Keyword::WHERE
            | Keyword::GROUP
            | Keyword::HAVING
            | Keyword::WINDOW
            | Keyword::UNION
            | Keyword::INTERSECT
            | Keyword::EXCEPT
            | Keyword::ORDER
            | Keyword::LIMIT
            | Keyword::OFFSET
            | Keyword::FETCH
            | Keyword::FOR
    )
}

/// Whether what ends before `at` is `INSERT INTO name [AS alias]`.
fn ends_in_target(tokens: &[TokenWithSpan], at: usize) -> bool {
    let is_name = |at: Option<usize>| {
        at.is_some_and(|at| matches!(tokens.get(at).map(|t| &t.token), Some(Token::Word(_))))
    };
    let word = |at: Option<usize>| keyword(at.and_then(|at| tokens.get(at)));
    let Some(mut name) = at.checked_sub(1).filter(|at| is_name(Some(*at))) else {
        return false;
    };
    if word(name.checked_sub(1)) == Keyword::AS {
        match name.checked_sub(2) {
            Some(before) if is_name(Some(before)) => name = before,
            _ => return false,
        }
    }
    while let Some(point) = name.checked_sub(1)
        && tokens[point].token == Token::Period
        && is_name(point.checked_sub(1))
    {
        name = point - 1;
    }
    word(name.checked_sub(1)) == Keyword::INTO && word(name.checked_sub(2)) == Keyword::INSERT
}

/// The tokens, without blanks before it, with every such query rewritten; `None` when there is none.
pub(super) fn rewrite(tokens: &[TokenWithSpan]) -> Option<Vec<TokenWithSpan>> {
    let is_one = |at: usize| {
        let before = at.checked_sub(1).map(|before| &tokens[before]);
        keyword(Some(&tokens[at])) == Keyword::TABLE
            && (begins_query(before) || ends_in_target(tokens, at))
            && matches!(tokens.get(at + 1).map(|t| &t.token), Some(Token::Word(_)))
            && !follows_alias(keyword(tokens.get(at + 1)))
    };
    if !(0..tokens.len()).any(is_one) {
        return None;
    }
    let mut rewritten = Vec::with_capacity(tokens.len() + 2);
    for (at, token) in tokens.iter().enumerate() {
        if !is_one(at) {
            rewritten.push(token.clone());
            continue;
        }
        let word = |value: &str, keyword: Keyword| {
            Token::Word(Word {
                value: value.to_owned(),
                quote_style: None,
                keyword,
            })
        };
        let select = [
            word("SELECT", Keyword::SELECT),
            Token::Mul,
            word("FROM", Keyword::FROM),
        ];
        rewritten.extend(select.map(|new| TokenWithSpan {
            token: new,
            span: token.span,
        }));
    }
    Some(rewritten)
}
