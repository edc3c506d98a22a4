//! Literals.

use super::coerce::literal;
use super::context::Binder;
use super::names::sql_error;
use crate::error::{Error, Result};
use crate::sql::bound::Expr;
use crate::sql::parse::located;
use crate::types::{SqlType, Value};
use sqlparser::ast;
use std::borrow::Cow;

impl Binder<'_> {
    /// A literal or a parameter.
    pub(super) fn bind_value(&mut self, value: &ast::ValueWithSpan) -> Result<Expr> {
        let bound = match &value.value {
            ast::Value::Number(digits, false) => {
                number(digits, false).map(|(value, sql_type)| literal(value, sql_type))
            }
            ast::Value::Boolean(v) => Ok(literal(Value::Bool(*v), SqlType::Bool)),
            ast::Value::Null => Ok(literal(Value::Null, SqlType::Unknown)),
            ast::Value::Placeholder(text) => self.parameter(text),
            other => string(other).map(|text| literal(Value::Text(text), SqlType::Unknown)),
        };
        bound.map_err(|e| located(e, value.span.start))
    }
}

/// The text of a string literal. `0A000` for literals that are not strings in PostgreSQL, or that we do not know.
pub(super) fn string(value: &ast::Value) -> Result<String> {
    match value {
        ast::Value::SingleQuotedString(text)
        | ast::Value::EscapedStringLiteral(text)
        | ast::Value::UnicodeStringLiteral(text) => Ok(text.clone()),
        ast::Value::DollarQuotedString(quoted) => Ok(quoted.value.clone()),
        ast::Value::SingleQuotedByteStringLiteral(_) | ast::Value::HexStringLiteral(_) => {
            Err(Error::unsupported("a bit string"))
        }
        other => Err(Error::unsupported(format_args!("the literal {other}"))),
    }
}

/// The type of a number's literal without a sign.
pub(in crate::sql) fn number_type(digits: &str) -> SqlType {
    if digits.parse::<i32>().is_ok() {
        SqlType::Int4
    } else if digits.parse::<i64>().is_ok() {
        SqlType::Int8
    } else {
        SqlType::Numeric(None)
    }
}

/// A number's literal with its sign: INTEGER or BIGINT if it is whole and fits, else NUMERIC.
pub(in crate::sql) fn number(digits: &str, negative: bool) -> Result<(Value, SqlType)> {
    let signed = match negative {
        true => Cow::Owned(format!("-{digits}")),
        false => Cow::Borrowed(digits),
    };
    if digits.bytes().all(|b| b.is_ascii_digit()) {
        if let Ok(value) = signed.parse::<i32>() {
            return Ok((Value::Int4(value), SqlType::Int4));
        }
        if let Ok(value) = signed.parse::<i64>() {
            return Ok((Value::Int8(value), SqlType::Int8));
        }
    }
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        || digits.contains(['_', 'x', 'X'])
    {
        let message = format!("trailing junk after numeric literal at or near \"{digits}\"");
        return Err(sql_error("42601", message));
    }
    let sql_type = SqlType::Numeric(None);
    Ok((Value::from_text(&signed, sql_type)?, sql_type))
}
