//! Identifiers as PostgreSQL folds them, and the errors that speak of names.

use crate::catalog::{PUBLIC, RelationName};
use crate::error::{Error, ErrorKind, Result};
use crate::sql::parse::located;
use sqlparser::ast::{Ident, ObjectName, ObjectNamePart};

/// Bytes of the longest identifier; longer ones are cut, as PostgreSQL does.
const NAME_BYTES_MAX: usize = 63;

/// An error of SQL: `42…`.
pub(super) fn sql_error(sqlstate: &'static str, message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Sql, sqlstate, message)
}

/// `0A000` in PostgreSQL's words for what may not stand in an expression that is stored.
pub(super) fn cannot_use(what: &str, clause: &str) -> Error {
    let message = format!("cannot use {what} in {clause}");
    Error::new(ErrorKind::Unsupported, "0A000", message)
}

/// The same error at the place of `ident`.
pub(super) fn at(error: Error, ident: &Ident) -> Error {
    located(error, ident.span.start)
}

/// The error for a new relation whose name is taken.
pub(super) fn already_exists(name: &RelationName, ident: &Ident) -> Error {
    let message = format!("relation \"{name}\" already exists");
    at(sql_error("42P07", message), ident)
}

/// The name that an identifier means: in lower case unless it was quoted.
pub(super) fn fold(ident: &Ident) -> Result<String> {
    let mut name = match ident.quote_style {
        None => ident.value.to_ascii_lowercase(),
        Some('"') => ident.value.clone(),
        Some(_) => {
            let error = sql_error("42601", format!("syntax error at or near \"{ident}\""));
            return Err(at(error, ident));
        }
    };
    if name.is_empty() {
        return Err(at(
            sql_error("42601", "zero-length delimited identifier"),
            ident,
        ));
    }
    name.truncate(cut(&name, NAME_BYTES_MAX));
    Ok(name)
}

/// The greatest length up to `bytes` that does not split a character.
fn cut(name: &str, bytes: usize) -> usize {
    let mut end = name.len().min(bytes);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    end
}

/// The identifiers of a name.
pub(super) fn parts(name: &ObjectName) -> Result<Vec<&Ident>> {
    name.0
        .iter()
        .map(|part| match part {
            ObjectNamePart::Identifier(ident) => Ok(ident),
            ObjectNamePart::Function(_) => Err(Error::unsupported("a function as a name")),
        })
        .collect()
}

/// A name in the schema `public`, where all types are. Errors: `0A000` for another schema.
pub(super) fn in_public(name: &ObjectName) -> Result<(String, &Ident)> {
    match parts(name)?.as_slice() {
        [ident] => Ok((fold(ident)?, ident)),
        [schema, ident] if fold(schema)? == PUBLIC => Ok((fold(ident)?, ident)),
        _ => Err(Error::unsupported("a type in a schema other than public")),
    }
}

/// A name of one part.
pub(super) fn single(name: &ObjectName) -> Result<(String, &Ident)> {
    match parts(name)?.as_slice() {
        [ident] => Ok((fold(ident)?, ident)),
        _ => Err(Error::unsupported(format_args!(
            "the qualified name {name}"
        ))),
    }
}

/// `table_column_label`, shortened at its longest part until it fits a name.
pub(super) fn made_up(table: &str, columns: &str, label: &str) -> String {
    let (mut table, mut columns) = (table.to_string(), columns.to_string());
    let separators = if columns.is_empty() { 1 } else { 2 };
    while table.len() + columns.len() + label.len() + separators > NAME_BYTES_MAX {
        let longer = if table.len() >= columns.len() {
            &mut table
        } else {
            &mut columns
        };
        if longer.pop().is_none() {
            break;
        }
    }
    if columns.is_empty() {
        format!("{table}_{label}")
    } else {
        format!("{table}_{columns}_{label}")
    }
}
