//! `COPY`, as it is written.
//!
//! `sqlparser` knows no `WHERE` of a COPY, reads the data of `FROM STDIN` out of the text, and takes only options that it
//! knows, so the statement is taken apart here, and only names, queries and conditions are left to it.
//!
//! ```text
//!   COPY t (a, b) FROM '/file' WITH (FORMAT csv, HEADER) WHERE a > 0
//!        │         │  │             └ options as names with arguments; whoever binds them knows which there are
//!        │         │  └ a file of the database's file system, or STDIN, STDOUT: what the caller gives or takes
//!        └ a table with columns, or (a query)
//! ```

use sqlparser::ast::{Expr, Ident, ObjectName, Query};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{IsOptional, Parser, ParserError};
use sqlparser::tokenizer::Token;
use std::sync::Arc;

/// A `COPY`. Trees are shared, because a copy of a deep one needs a deep stack.
#[derive(Clone, Debug)]
pub(crate) struct Copy {
    /// What is copied.
    pub(super) source: CopySource,
    /// `FROM`, not `TO`.
    pub(crate) is_from: bool,
    /// The file; `None` for `STDIN` and `STDOUT`.
    pub(crate) file: Option<String>,
    /// The options, their names in lower case.
    pub(super) options: Vec<(String, CopyArgument)>,
    /// `WHERE`
    pub(super) filter: Option<Arc<Expr>>,
}

/// What is copied.
#[derive(Clone, Debug)]
pub(super) enum CopySource {
    /// A table, and the columns if some are named.
    Table(ObjectName, Vec<Ident>),
    /// The rows of a query.
    Query(Arc<Query>),
}

/// The argument of an option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum CopyArgument {
    /// None.
    None,
    /// A word, in lower case, a number or a string.
    Text(String),
    /// `(a, b)`
    Columns(Vec<Ident>),
    /// `*`
    All,
}

/// Reads a `COPY`.
pub(super) fn parse(parser: &mut Parser<'_>) -> Result<Copy, ParserError> {
    parser.expect_keyword(Keyword::COPY)?;
    let mut options = Vec::new();
    if parser.parse_keyword(Keyword::BINARY) {
        options.push(("format".to_owned(), CopyArgument::Text("binary".to_owned())));
    }
    let source = if parser.consume_token(&Token::LParen) {
        let query = parser.parse_query()?;
        parser.expect_token(&Token::RParen)?;
        CopySource::Query(query.into())
    } else {
        let name = parser.parse_object_name(false)?;
        let columns = parser.parse_parenthesized_column_list(IsOptional::Optional, false)?;
        CopySource::Table(name, columns)
    };
    let is_query = matches!(source, CopySource::Query(_));
    let is_from = match parser.parse_one_of_keywords(&[Keyword::FROM, Keyword::TO]) {
        Some(Keyword::FROM) if !is_query => true,
        Some(Keyword::TO) => false,
        _ => return parser.expected("FROM or TO", parser.peek_token()),
    };
    let file = place(parser, is_from)?;
    if delimiters(parser) || using_delimiters(parser)? {
        options.push(("delimiter".to_owned(), text(parser)?));
    }
    let _ = parser.parse_keyword(Keyword::WITH);
    if parser.consume_token(&Token::LParen) {
        options.extend(parser.parse_comma_separated(option)?);
        parser.expect_token(&Token::RParen)?;
    } else {
        while let Some(option) = old_option(parser)? {
            options.push(option);
        }
    }
    let filter = match parser.parse_keyword(Keyword::WHERE) {
        true => Some(parser.parse_expr()?.into()),
        false => None,
    };
    Ok(Copy {
        source,
        is_from,
        file,
        options,
        filter,
    })
}

/// The file, or `None` for what the caller gives or takes.
fn place(parser: &mut Parser<'_>, is_from: bool) -> Result<Option<String>, ParserError> {
    let standard = [Keyword::STDIN, Keyword::STDOUT];
    if parser.parse_one_of_keywords(&standard).is_some() {
        return Ok(None);
    }
    if parser.parse_keyword(Keyword::PROGRAM) {
        return Err(ParserError::ParserError(PROGRAM.to_owned()));
    }
    match parser.peek_token().token {
        Token::SingleQuotedString(_) | Token::EscapedStringLiteral(_) => {
            parser.parse_literal_string().map(Some)
        }
        _ => {
            let what = if is_from { "STDIN" } else { "STDOUT" };
            parser.expected(what, parser.peek_token())
        }
    }
}

/// What stands for `PROGRAM`, which is refused.
pub(super) const PROGRAM: &str = "COPY … PROGRAM";

/// Takes `DELIMITERS`, which is no keyword of the parser's.
fn delimiters(parser: &mut Parser<'_>) -> bool {
    let is_next = matches!(parser.peek_token().token, Token::Word(word)
        if word.quote_style.is_none() && word.value.eq_ignore_ascii_case("delimiters"));
    if is_next {
        parser.next_token();
    }
    is_next
}

fn using_delimiters(parser: &mut Parser<'_>) -> Result<bool, ParserError> {
    if !parser.parse_keyword(Keyword::USING) {
        return Ok(false);
    }
    match delimiters(parser) {
        true => Ok(true),
        false => parser.expected("DELIMITERS", parser.peek_token()),
    }
}

fn text(parser: &mut Parser<'_>) -> Result<CopyArgument, ParserError> {
    parser.parse_literal_string().map(CopyArgument::Text)
}

/// One of the options in parentheses.
fn option(parser: &mut Parser<'_>) -> Result<(String, CopyArgument), ParserError> {
    let name = parser.parse_identifier()?.value.to_ascii_lowercase();
    let argument = match parser.peek_token().token {
        Token::Comma | Token::RParen => CopyArgument::None,
        Token::Mul => {
            parser.next_token();
            CopyArgument::All
        }
        Token::LParen => CopyArgument::Columns(
            parser.parse_parenthesized_column_list(IsOptional::Mandatory, false)?,
        ),
        Token::Number(digits, false) => {
            parser.next_token();
            CopyArgument::Text(digits)
        }
        Token::SingleQuotedString(_) | Token::EscapedStringLiteral(_) => text(parser)?,
        _ => CopyArgument::Text(parser.parse_identifier()?.value.to_ascii_lowercase()),
    };
    Ok((name, argument))
}

/// One of the options as they were written before PostgreSQL 9.0; `None` where there is none.
fn old_option(parser: &mut Parser<'_>) -> Result<Option<(String, CopyArgument)>, ParserError> {
    let known = [
        Keyword::BINARY,
        Keyword::FREEZE,
        Keyword::DELIMITER,
        Keyword::NULL,
        Keyword::CSV,
        Keyword::HEADER,
        Keyword::QUOTE,
        Keyword::ESCAPE,
        Keyword::FORCE,
        Keyword::ENCODING,
    ];
    let named = |name: &str, argument| Ok(Some((name.to_owned(), argument)));
    let format = |name: &str| CopyArgument::Text(name.to_owned());
    let Some(keyword) = parser.parse_one_of_keywords(&known) else {
        return Ok(None);
    };
    let name = match keyword {
        Keyword::BINARY => return named("format", format("binary")),
        Keyword::CSV => return named("format", format("csv")),
        Keyword::FREEZE => return named("freeze", CopyArgument::None),
        Keyword::HEADER => return named("header", CopyArgument::None),
        Keyword::FORCE => return force(parser).map(Some),
        Keyword::DELIMITER => "delimiter",
        Keyword::NULL => "null",
        Keyword::QUOTE => "quote",
        Keyword::ESCAPE => "escape",
        _ => "encoding",
    };
    let _ = parser.parse_keyword(Keyword::AS);
    named(name, text(parser)?)
}

/// What follows `FORCE`.
fn force(parser: &mut Parser<'_>) -> Result<(String, CopyArgument), ParserError> {
    let name = if parser.parse_keyword(Keyword::QUOTE) {
        "force_quote"
    } else if parser.parse_keywords(&[Keyword::NOT, Keyword::NULL]) {
        "force_not_null"
    } else {
        parser.expect_keyword(Keyword::NULL)?;
        "force_null"
    };
    let columns = match name {
        "force_quote" if parser.consume_token(&Token::Mul) => CopyArgument::All,
        _ => CopyArgument::Columns(parser.parse_comma_separated(Parser::parse_identifier)?),
    };
    Ok((name.to_owned(), columns))
}
