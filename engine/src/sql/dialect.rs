//! PostgreSQL's dialect of `sqlparser`, with a short way for operands.
//!
//! Any word may begin the name of a type before a string (`DATE '2026-11-29'`), so `sqlparser` reads each operand as a type
//! first, words an error that nobody sees, and goes back: a tenth of what a statement of conditions costs in all. An
//! operand that no type begins like (a number, a string, a sign, a parenthesis, NOT, and a name with a sign behind it that
//! is in no type) is taken for what it is. So is a condition of names and constants alone (`a < 5`, `b IS NULL`,
//! `c BETWEEN 1 AND 2`) where no operator before it can take its first operand from it: for each operand less, `sqlparser`
//! looks once less for what might follow, and moves a tree once less.
//!
//! Where one way to read a text leads nowhere, `sqlparser` goes back and takes another; a text in which what is read twice
//! holds what is read twice would take it forever. So operands are counted, and there is an end to them ([`bounded`]).

// The macro makes the struct public, with a constructor that no constant can call.
#![allow(dead_code, unreachable_pub)]

use super::condition::{condition, leaf};
use sqlparser::ast::{Expr, UnaryOperator};
use sqlparser::derive_dialect;
use sqlparser::dialect::{Dialect, PostgreSqlDialect, Precedence};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::Token;
use std::cell::Cell;

derive_dialect!(
    QuantaDialect,
    PostgreSqlDialect,
    preserve_type_id = true,
    overrides = { parse_prefix = operand(_parser) }
);

/// The one of this crate.
pub(super) static DIALECT: QuantaDialect = QuantaDialect {
    dialect: PostgreSqlDialect {},
};

thread_local! {
    /// How many operands may still be begun.
    static OPERANDS_LEFT: Cell<u64> = const { Cell::new(u64::MAX) };
}

/// Lets `parse` begin so many operands at most; `None` when it failed because they were not enough.
pub(super) fn bounded<T>(
    operands: u64,
    parse: impl FnOnce() -> Result<T, ParserError>,
) -> Option<Result<T, ParserError>> {
    let before = OPERANDS_LEFT.replace(operands);
    let parsed = parse();
    let left = OPERANDS_LEFT.replace(before);
    (left > 0 || parsed.is_ok()).then_some(parsed)
}

/// The operand that comes next, if it begins as none of a type does; also a condition that is one as a whole.
fn operand(parser: &mut Parser<'_>) -> Option<Result<Expr, ParserError>> {
    let Some(left) = OPERANDS_LEFT.get().checked_sub(1) else {
        let message = "too many operands were begun".to_owned();
        return Some(Err(ParserError::ParserError(message)));
    };
    OPERANDS_LEFT.set(left);
    if let Some(condition) = condition(parser) {
        return Some(condition);
    }
    match &parser.peek_token_ref().token {
        Token::Number(..) | Token::SingleQuotedString(_) => Some(leaf(parser)),
        Token::Word(word) if word.keyword == Keyword::NoKeyword => {
            is_plain_name(parser).then(|| leaf(parser))
        }
        Token::Word(word) if word.keyword == Keyword::NOT => {
            let begins = begins_operand(&parser.peek_nth_token_ref(1).token);
            begins.then(|| prefixed(parser, UnaryOperator::Not, Precedence::UnaryNot))
        }
        Token::Minus => Some(prefixed(
            parser,
            UnaryOperator::Minus,
            Precedence::MulDivModOp,
        )),
        Token::LParen => {
            let is_plain = begins_operand(&parser.peek_nth_token_ref(1).token);
            (is_plain && !is_definition(parser)).then(|| parenthesised(parser))
        }
        _ => None,
    }
}

/// Whether a name comes next that is a column's, whatever stands behind it.
fn is_plain_name(parser: &Parser<'_>) -> bool {
    match &parser.peek_nth_token_ref(1).token {
        Token::Period => {
            matches!(parser.peek_nth_token_ref(2).token, Token::Word(_))
                && ends_name(&parser.peek_nth_token_ref(3).token)
        }
        other => ends_name(other),
    }
}

/// Whether the token is the beginning of an operand, and neither of a query nor of a type before a string.
fn begins_operand(token: &Token) -> bool {
    match token {
        Token::Word(word) => matches!(word.keyword, Keyword::NoKeyword | Keyword::NOT),
        Token::Number(..) | Token::LParen | Token::Minus => true,
        _ => false,
    }
}

/// Whether the statement is one in which conditions of columns may stand, where `sqlparser` reads some words otherwise.
fn is_definition(parser: &Parser<'_>) -> bool {
    match &parser.token_at(0).token {
        Token::Word(word) => matches!(word.keyword, Keyword::CREATE | Keyword::ALTER),
        _ => false,
    }
}

/// An operand with a prefix, which comes next.
fn prefixed(
    parser: &mut Parser<'_>,
    op: UnaryOperator,
    precedence: Precedence,
) -> Result<Expr, ParserError> {
    parser.advance_token();
    let operand = parser.parse_subexpr(DIALECT.prec_value(precedence))?;
    Ok(Expr::UnaryOp {
        op,
        expr: Box::new(operand),
    })
}

/// What stands in parentheses: an expression, or a row of them.
fn parenthesised(parser: &mut Parser<'_>) -> Result<Expr, ParserError> {
    parser.advance_token();
    let first = parser.parse_expr()?;
    let inside = if parser.consume_token(&Token::Comma) {
        let mut all = vec![first];
        all.extend(parser.parse_comma_separated(Parser::parse_expr)?);
        Expr::Tuple(all)
    } else {
        Expr::Nested(Box::new(first))
    };
    parser.expect_token(&Token::RParen)?;
    Ok(inside)
}

/// Whether a name ends before the token, and is not that of a type or of a function.
fn ends_name(token: &Token) -> bool {
    match token {
        Token::Eq
        | Token::Neq
        | Token::Lt
        | Token::LtEq
        | Token::Gt
        | Token::GtEq
        | Token::Plus
        | Token::Minus
        | Token::Mul
        | Token::Div
        | Token::Comma
        | Token::RParen
        | Token::EOF => true,
        Token::Word(word) => matches!(
            word.keyword,
            Keyword::AND
                | Keyword::OR
                | Keyword::NOT
                | Keyword::IN
                | Keyword::IS
                | Keyword::BETWEEN
                | Keyword::FROM
        ),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::condition::tests::texts;

    /// Texts of which the short way takes some operands and not others.
    const TEXTS: [&str; 36] = [
        "a = 1 AND b <> 2.5 OR NOT c",
        "\"A\" < 3e4 AND x IN (1, y, 2)",
        "date '2026-11-29' > d",
        "int4 '5' + mood 'ok'",
        "pg_catalog.int4 '5' + t.a",
        "f (a) + g(b, 1)",
        "a[1] + b[2:3]",
        "a::text || b",
        "a BETWEEN 1 AND c AND d IS NULL",
        "(a, b) = (SELECT 1, x FROM t)",
        "CASE a WHEN 1 THEN b ELSE c END",
        "a COLLATE \"C\" < b AND 1 COLLATE \"C\" = c",
        "NOT (a = 1 OR NOT b AND NOT (c))",
        "NOT EXISTS (SELECT 1) AND NOT 'a' AND NOT CASE WHEN a THEN b END",
        "- a * - 5 + (- b) - - -1",
        "((((a + 1))) * 2)",
        "((a, 1), (2, b.c), 'x', ()) = d",
        "(a, b,)",
        "(SELECT 1) + ((SELECT 2)) + (WITH x AS (SELECT 1) SELECT 2 FROM x)",
        "(a).b + (c.d).e[1]",
        "t.a + s.t.a * t.f(1) - t.int4 '5' + t.*",
        "'a' 'b' || 'c'\n'd'::text",
        "(date '2020-01-01') + (interval '1' day) + (1",
        "(a b)",
        "NOT",
        "NOT NOT a IS NOT NULL = - (b) BETWEEN -1 AND (2)",
        "(a = 1 AND b < 2) AND c > 3 OR d IS NULL AND e IS NOT NULL AND f = 1",
        "(a BETWEEN 1 AND 2 AND b = 3) AND (c) BETWEEN 2 AND d < 4",
        "(a BETWEEN (b) AND c < d)",
        "(a BETWEEN b = c AND d < e)",
        "(a BETWEEN b + 1 = c AND d < e AND f = g)",
        "(a IN (1, b) = c AND d IN (SELECT 1))",
        "position('a' in ('b')) = 1 AND position(a = b in c)",
        "CASE WHEN a = 1 THEN b WHEN c IS NULL THEN 2 END",
        "(a = b AND c = d::int OR e = f IS NULL OR g < h + 1)",
        "(a = ALL (SELECT 1) AND b = c.d AND e = 'f' 'g')",
    ];

    #[test]
    fn the_short_way_leads_where_the_long_one_does() {
        let plain = PostgreSqlDialect {};
        for text in TEXTS {
            let [long, short] = [&plain as &dyn Dialect, &DIALECT].map(|by| parsed(by, text));
            assert_eq!(format!("{long:?}"), format!("{short:?}"), "{text}");
        }
        // What is no expression as a whole may be given up at one place or at another.
        let is_whole = |parsed: &Option<(Expr, _)>| {
            parsed.as_ref().is_some_and(|(_, next)| *next == Token::EOF)
        };
        let mut whole = 0;
        for text in texts() {
            let [long, short] = [&plain as &dyn Dialect, &DIALECT].map(|by| parsed(by, &text));
            let [long_shown, short_shown] = [&long, &short].map(|parsed| format!("{parsed:?}"));
            // PostgreSQL's NOT is no name either.
            let is_not_a_name = short.is_none() && long_shown.contains("value: \"NOT\"");
            if (is_whole(&long) || is_whole(&short)) && !is_not_a_name {
                assert_eq!(long_shown, short_shown, "{text}");
                whole += 1;
            }
        }
        assert!(whole > 1000, "{whole}");
    }

    /// The expression at the beginning of a text, and what comes behind it.
    fn parsed(dialect: &dyn Dialect, text: &str) -> Option<(Expr, Token)> {
        let mut parser = Parser::new(dialect).try_with_sql(text).unwrap();
        let parsed = parser.parse_expr();
        parsed.ok().map(|expr| (expr, parser.peek_token().token))
    }
}
