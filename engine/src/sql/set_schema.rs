//! `ALTER … SET SCHEMA` of relations, which `sqlparser` reads of views alone.

use sqlparser::ast::{Ident, ObjectName};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};

/// A relation that is put into another schema.
#[derive(Clone, Debug)]
pub(crate) struct SetSchema {
    pub(crate) kind: MovedKind,
    /// `ONLY`
    pub(super) only: bool,
    pub(super) if_exists: bool,
    pub(super) name: ObjectName,
    pub(super) schema: Ident,
}

/// What it is said to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MovedKind {
    /// A table, or anything else: `ALTER TABLE` moves all relations.
    Table,
    View,
    Materialized,
    Sequence,
}

impl MovedKind {
    /// The command tag of the statement.
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Self::Table => "ALTER TABLE",
            Self::View => "ALTER VIEW",
            Self::Materialized => "ALTER MATERIALIZED VIEW",
            Self::Sequence => "ALTER SEQUENCE",
        }
    }
}

/// Reads the statement.
pub(super) fn parse(parser: &mut Parser<'_>) -> Result<SetSchema, ParserError> {
    parser.expect_keyword(Keyword::ALTER)?;
    let kind = match parser.parse_one_of_keywords(&[Keyword::TABLE, Keyword::SEQUENCE]) {
        Some(Keyword::TABLE) => MovedKind::Table,
        Some(_) => MovedKind::Sequence,
        None => {
            let is_materialized = parser.parse_keyword(Keyword::MATERIALIZED);
            parser.expect_keyword(Keyword::VIEW)?;
            match is_materialized {
                true => MovedKind::Materialized,
                false => MovedKind::View,
            }
        }
    };
    let if_exists = parser.parse_keywords(&[Keyword::IF, Keyword::EXISTS]);
    let only = kind == MovedKind::Table && parser.parse_keyword(Keyword::ONLY);
    let name = parser.parse_object_name(false)?;
    parser.expect_keywords(&[Keyword::SET, Keyword::SCHEMA])?;
    let schema = parser.parse_identifier()?;
    Ok(SetSchema {
        kind,
        only,
        if_exists,
        name,
        schema,
    })
}
