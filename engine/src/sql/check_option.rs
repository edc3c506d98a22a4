//! `WITH CHECK OPTION` behind a `CREATE VIEW`, which `sqlparser` does not read.

use crate::catalog::CheckOption;
use sqlparser::ast::Statement;
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};

/// Reads a statement, and what is asked of rows that are written through the view that it makes.
pub(super) fn parse(
    parser: &mut Parser<'_>,
) -> Result<(Statement, Option<CheckOption>), ParserError> {
    let statement = parser.parse_statement()?;
    if !matches!(statement, Statement::CreateView(_)) || !parser.parse_keyword(Keyword::WITH) {
        return Ok((statement, None));
    }
    let option = match parser.parse_one_of_keywords(&[Keyword::LOCAL, Keyword::CASCADED]) {
        Some(Keyword::LOCAL) => CheckOption::Local,
        _ => CheckOption::Cascaded,
    };
    parser.expect_keywords(&[Keyword::CHECK, Keyword::OPTION])?;
    Ok((statement, Some(option)))
}
