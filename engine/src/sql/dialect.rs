//! PostgreSQL's dialect of `sqlparser`, with a short way for operands.
//!
//! Any word may begin the name of a type before a string (`DATE '2026-11-29'`), so `sqlparser` reads each operand as a type
//! first, words an error that nobody sees, and goes back: a tenth of what a statement of conditions costs in all. An
//! operand that is a number, or a name with a sign behind it that is in no type, is taken for what it is.

// The macro makes the struct public, with a constructor that no constant can call.
#![allow(dead_code, unreachable_pub)]

use sqlparser::ast::Expr;
use sqlparser::derive_dialect;
use sqlparser::dialect::PostgreSqlDialect;
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

/// The operand that comes next, if it is a plain one.
fn operand(parser: &mut Parser<'_>) -> Option<Result<Expr, ParserError>> {
    match &parser.peek_token_ref().token {
        Token::Number(..) => Some(parser.parse_value().map(Expr::Value)),
        Token::Word(word) if word.keyword == Keyword::NoKeyword => {
            let is_plain = ends_name(&parser.peek_nth_token_ref(1).token);
            is_plain.then(|| parser.parse_identifier().map(Expr::Identifier))
        }
        _ => None,
    }
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
    use sqlparser::dialect::Dialect;

    /// Texts of which the short way takes some operands and not others.
    const TEXTS: [&str; 12] = [
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
