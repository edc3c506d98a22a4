//! Errors of class 22, in PostgreSQL's words.

use super::SqlType;
use crate::{Error, ErrorKind};

/// An error of data with the given SQLSTATE of class 22.
pub(crate) fn data_error(sqlstate: &'static str, message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Data, sqlstate, message)
}

/// `integer out of range` and its like: SQLSTATE `22003`.
pub(crate) fn out_of_range(sql_type: SqlType) -> Error {
    data_error("22003", format!("{} out of range", sql_type.base_name()))
}

/// Text that is no value of the type: SQLSTATE `22P02`.
pub(super) fn invalid_text(type_name: &str, text: &str) -> Error {
    data_error(
        "22P02",
        format!("invalid input syntax for type {type_name}: \"{text}\""),
    )
}

/// A number that the type cannot hold: SQLSTATE `22003`.
pub(super) fn number_out_of_range(type_name: &str, text: &str) -> Error {
    data_error(
        "22003",
        format!("value \"{text}\" is out of range for type {type_name}"),
    )
}

/// NUMERIC beyond 131072 digits before the point or 16383 after it: SQLSTATE `22003`.
pub(super) fn numeric_format_overflow() -> Error {
    data_error("22003", "value overflows numeric format")
}
