//! One value that is not NULL as bytes, as a row and an array hold it.

use super::{Interval, SqlArray, SqlType, Value, numeric};
use crate::{Error, Result};

/// Appends what [`read_value`] reads; nothing for NULL.
pub(crate) fn append_value(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => {}
        Value::Bool(v) => out.push(u8::from(*v)),
        Value::Int2(v) => out.extend_from_slice(&v.to_le_bytes()),
        Value::Int4(v) | Value::Date(v) => out.extend_from_slice(&v.to_le_bytes()),
        Value::Int8(v)
        | Value::Enum(_, v)
        | Value::Timestamp(v)
        | Value::TimestampTz(v)
        | Value::Time(v) => {
            out.extend_from_slice(&v.to_le_bytes());
        }
        Value::Float4(v) => out.extend_from_slice(&v.to_le_bytes()),
        Value::Float8(v) => out.extend_from_slice(&v.to_le_bytes()),
        Value::Numeric(v) => out.extend_from_slice(&numeric::encode(v)),
        Value::Text(v) | Value::Json(v) | Value::Jsonb(v) => out.extend_from_slice(v.as_bytes()),
        Value::Bytes(v) => out.extend_from_slice(v),
        Value::Interval(v) => out.extend_from_slice(&v.to_bytes()),
        Value::Uuid(v) => out.extend_from_slice(v),
        Value::Array(v) => out.extend_from_slice(&v.to_bytes()),
    }
}

/// The value of `sql_type` that `bytes` are. Errors: [`crate::ErrorKind::Corrupt`].
pub(crate) fn read_value(bytes: &[u8], sql_type: SqlType) -> Result<Value> {
    Ok(match sql_type {
        SqlType::Bool => match bytes {
            [0] => Value::Bool(false),
            [1] => Value::Bool(true),
            _ => return Err(damaged("a BOOLEAN is neither true nor false")),
        },
        SqlType::Int2 => Value::Int2(i16::from_le_bytes(fixed(bytes)?)),
        SqlType::Int4 => Value::Int4(i32::from_le_bytes(fixed(bytes)?)),
        SqlType::Int8 => Value::Int8(i64::from_le_bytes(fixed(bytes)?)),
        SqlType::Float4 => Value::Float4(f32::from_le_bytes(fixed(bytes)?)),
        SqlType::Float8 => Value::Float8(f64::from_le_bytes(fixed(bytes)?)),
        SqlType::Numeric(_) => Value::Numeric(numeric::decode(bytes)?),
        SqlType::Text | SqlType::Varchar(_) | SqlType::Char(_) | SqlType::Unknown => {
            Value::Text(text(bytes)?)
        }
        SqlType::Json => Value::Json(text(bytes)?),
        SqlType::Jsonb => Value::Jsonb(text(bytes)?),
        SqlType::Bytes => Value::Bytes(bytes.to_vec()),
        SqlType::Date => Value::Date(i32::from_le_bytes(fixed(bytes)?)),
        SqlType::Timestamp(_) => Value::Timestamp(i64::from_le_bytes(fixed(bytes)?)),
        SqlType::TimestampTz(_) => Value::TimestampTz(i64::from_le_bytes(fixed(bytes)?)),
        SqlType::Time(_) => Value::Time(i64::from_le_bytes(fixed(bytes)?)),
        SqlType::Interval(_) => Value::Interval(Interval::from_bytes(fixed(bytes)?)),
        SqlType::Uuid => Value::Uuid(fixed(bytes)?),
        SqlType::Enum(of) => {
            let number = i64::from_le_bytes(fixed(bytes)?);
            of.check([number])?;
            Value::Enum(of, number)
        }
        SqlType::Array(element) => Value::Array(SqlArray::from_bytes(bytes, element)?),
    })
}

fn damaged(what: &str) -> Error {
    Error::corrupt(format!("damaged row: {what}"))
}

fn fixed<const N: usize>(bytes: &[u8]) -> Result<[u8; N]> {
    bytes
        .try_into()
        .map_err(|_| damaged("a value has a wrong width"))
}

fn text(bytes: &[u8]) -> Result<String> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(_) => Err(damaged("a TEXT is not UTF-8")),
    }
}
