//! `CREATE TABLE … AS`, `SELECT … INTO`, which is the same, and `CREATE MATERIALIZED VIEW`, which keeps the query.
//!
//! `sqlparser` reads neither a list of names without types nor `WITH NO DATA`, so the statement is taken apart here, and
//! only its query is left to it.

use crate::error::{Error, Result};
use sqlparser::ast::{Expr, Ident, ObjectName, Query, SelectInto, SetExpr, Statement};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{IsOptional, Parser, ParserError};
use sqlparser::tokenizer::{Token, TokenWithSpan};
use std::sync::Arc;

/// A table that a query makes.
#[derive(Clone, Debug)]
pub(crate) struct TableAs {
    /// Whether it is a materialized view.
    pub(crate) materialized: bool,
    /// Its name.
    pub(super) name: ObjectName,
    /// `IF NOT EXISTS`
    pub(super) if_not_exists: bool,
    /// Names of its first columns.
    pub(super) columns: Vec<Ident>,
    /// The query. Shared, because a copy of a deep tree needs a deep stack.
    pub(super) query: Arc<Query>,
    /// Whether the rows of the query are added.
    pub(super) with_data: bool,
}

/// Whether the statement of these tokens (blanks left out) is `CREATE TABLE … AS` or `CREATE MATERIALIZED VIEW … AS`.
pub(super) fn is_table_as(words: &[&TokenWithSpan]) -> bool {
    let keyword = |at: usize| match words.get(at).map(|t| &t.token) {
        Some(Token::Word(word)) if word.quote_style.is_none() => word.keyword,
        _ => Keyword::NoKeyword,
    };
    let mut depth = 0usize;
    let is_view = keyword(1) == Keyword::MATERIALIZED && keyword(2) == Keyword::VIEW;
    keyword(0) == Keyword::CREATE
        && (keyword(1) == Keyword::TABLE || is_view)
        && (2..words.len()).any(|at| {
            match words[at].token {
                Token::LParen => depth += 1,
                Token::RParen => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0 && keyword(at) == Keyword::AS
        })
}

/// Reads such a statement.
pub(super) fn parse(parser: &mut Parser<'_>) -> Result<TableAs, ParserError> {
    parser.expect_keyword(Keyword::CREATE)?;
    let materialized = parser.parse_keywords(&[Keyword::MATERIALIZED, Keyword::VIEW]);
    if !materialized {
        parser.expect_keyword(Keyword::TABLE)?;
    }
    let if_not_exists = parser.parse_keywords(&[Keyword::IF, Keyword::NOT, Keyword::EXISTS]);
    let name = parser.parse_object_name(false)?;
    let columns = parser.parse_parenthesized_column_list(IsOptional::Optional, false)?;
    parser.expect_keyword(Keyword::AS)?;
    let query = parser.parse_query()?;
    let with_data = if parser.parse_keyword(Keyword::WITH) {
        let none = parser.parse_keyword(Keyword::NO);
        parser.expect_keyword(Keyword::DATA)?;
        !none
    } else {
        true
    };
    Ok(TableAs {
        materialized,
        name,
        if_not_exists,
        columns,
        query: query.into(),
        with_data,
    })
}

/// The table that `SELECT … INTO` makes; `None` when the statement is something else. Errors: `0A000` for one that is
/// temporary or not logged.
pub(super) fn select_into(statement: &mut Statement) -> Result<Option<TableAs>> {
    let Statement::Query(query) = statement else {
        return Ok(None);
    };
    let Some(into) = take_into(&mut query.body) else {
        return Ok(None);
    };
    let SelectInto {
        temporary,
        unlogged,
        table: _,
        targets,
    } = into;
    if temporary || unlogged {
        return Err(Error::unsupported(
            "SELECT INTO a temporary or unlogged table",
        ));
    }
    let name = match targets.as_slice() {
        [Expr::Identifier(name)] => vec![name.clone()],
        [Expr::CompoundIdentifier(parts)] => parts.clone(),
        _ => return Err(Error::unsupported("SELECT INTO what is no table")),
    };
    Ok(Some(TableAs {
        materialized: false,
        name: ObjectName::from(name),
        if_not_exists: false,
        columns: Vec::new(),
        query: Arc::new((**query).clone()),
        with_data: true,
    }))
}

/// The `INTO` of the first SELECT, where PostgreSQL has it.
fn take_into(body: &mut SetExpr) -> Option<SelectInto> {
    match body {
        SetExpr::Select(select) => select.into.take(),
        SetExpr::SetOperation { left, .. } => take_into(left),
        _ => None,
    }
}
