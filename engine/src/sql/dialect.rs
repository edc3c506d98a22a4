//! PostgreSQL's dialect of `sqlparser`, with a short way for operands.
//!
//! Any word may begin the name of a type before a string (`DATE '2026-11-29'`), so `sqlparser` reads each operand as a type
//! first, words an error that nobody sees, and goes back: a tenth of what a statement of conditions costs in all. An
//! operand that no type begins like (a number, a string, a sign, a parenthesis, NOT, and a name with a sign behind it that
//! is in no type) is taken for what it is.

// The macro makes the struct public, with a constructor that no constant can call.
#![allow(dead_code, unreachable_pub)]

use sqlparser::ast::{Expr, UnaryOperator};
use sqlparser::derive_dialect;
use sqlparser::dialect::{Dialect, PostgreSqlDialect, Precedence};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::Token;

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

/// The operand that comes next, if it begins as none of a type does.
fn operand(parser: &mut Parser<'_>) -> Option<Result<Expr, ParserError>> {
    match &parser.peek_token_ref().token {
        Token::Number(..) | Token::SingleQuotedString(_) => {
            Some(parser.parse_value().map(Expr::Value))
        }
        Token::Word(word) if word.keyword == Keyword::NoKeyword => {
            let is_plain = is_plain_name(parser);
            is_plain.then(|| parser.parse_identifier().map(Expr::Identifier))
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

    /// Texts of which the short way takes some operands and not others.
    const TEXTS: [&str; 26] = [
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
    ];

    #[test]
    fn the_short_way_leads_where_the_long_one_does() {
        let plain = PostgreSqlDialect {};
        for text in TEXTS {
            let parse = |dialect: &dyn Dialect| {
                let mut parser = Parser::new(dialect).try_with_sql(text).unwrap();
                (parser.parse_expr(), parser.peek_token())
            };
            let (long, short) = (parse(&plain), parse(&DIALECT));
            assert_eq!(format!("{long:?}"), format!("{short:?}"), "{text}");
        }
    }
}
