//! Parameters as the statement wants them.

use crate::error::{Error, ErrorKind, Result};
use crate::plan::{KeyValue, coerce};
use crate::types::{SqlType, Value, Zone, out_of_range};
use bigdecimal::BigDecimal;
use std::borrow::Cow;

/// `given` as values of `types`, of a session in `zone`. Errors: `08P01` when their number is wrong, `42804` for a value
/// that is no such thing, `22003` for a number that does not fit, `22P02` for a text that is no value of the type.
pub(crate) fn parameters<'v>(
    given: &'v [Value],
    types: &[SqlType],
    zone: Zone,
) -> Result<Cow<'v, [Value]>> {
    if given.len() != types.len() {
        return Err(Error::new(
            ErrorKind::Misuse,
            "08P01",
            format!(
                "{} parameters were given, but the statement requires {}",
                given.len(),
                types.len()
            ),
        ));
    }
    if given.iter().zip(types).all(|(v, t)| fits(v, *t)) {
        return Ok(Cow::Borrowed(given));
    }
    given
        .iter()
        .zip(types)
        .enumerate()
        .map(|(i, (v, t))| {
            if fits(v, *t) {
                Ok(v.clone())
            } else {
                parameter(v, *t, zone).map_err(|e| e.context(format!("parameter ${}", i + 1)))
            }
        })
        .collect::<Result<Vec<_>>>()
        .map(Cow::Owned)
}

fn fits(value: &Value, to: SqlType) -> bool {
    let to = to.base();
    value.is_null()
        || value.sql_type() == to
        || (matches!(value, Value::Text(_)) && (to.is_text() || to == SqlType::Unknown))
}

fn parameter(value: &Value, to: SqlType, zone: Zone) -> Result<Value> {
    let integer = match value {
        Value::Int2(v) => Some(i64::from(*v)),
        Value::Int4(v) => Some(i64::from(*v)),
        Value::Int8(v) => Some(*v),
        _ => None,
    };
    match (value, to) {
        (Value::Text(text), _) => Value::from_text_in(text, to, zone),
        // Of a type as it was before, perhaps: what counts is the label.
        (Value::Enum(..), SqlType::Enum(_) | SqlType::Text | SqlType::Varchar(_)) => {
            Value::from_text(&value.to_string(), to)
        }
        (_, SqlType::Int2 | SqlType::Int4 | SqlType::Int8) if integer.is_some() => {
            match coerce(value.clone(), to) {
                KeyValue::Value(value) => Ok(value),
                _ => Err(out_of_range(to)),
            }
        }
        (Value::Float4(v), SqlType::Float8) => Ok(Value::Float8(f64::from(*v))),
        (Value::Float8(v), SqlType::Float4) => {
            let narrow = *v as f32;
            if narrow.is_infinite() && v.is_finite() {
                return Err(out_of_range(to));
            }
            Ok(Value::Float4(narrow))
        }
        (_, SqlType::Float8 | SqlType::Float4 | SqlType::Numeric(_)) => match (integer, value) {
            (Some(v), _) if matches!(to, SqlType::Numeric(_)) => {
                Ok(Value::Numeric(BigDecimal::from(v)))
            }
            (Some(v), _) if to == SqlType::Float8 => Ok(Value::Float8(v as f64)),
            (Some(v), _) => Ok(Value::Float4(v as f32)),
            (None, Value::Numeric(_) | Value::Float4(_) | Value::Float8(_)) => {
                Value::from_text(&value.to_string(), to)
            }
            _ => Err(mismatch(value, to)),
        },
        _ => Err(mismatch(value, to)),
    }
}

fn mismatch(value: &Value, to: SqlType) -> Error {
    Error::new(
        ErrorKind::Misuse,
        "42804",
        format!(
            "a value of type {} cannot be used where {to} is required",
            value.sql_type()
        ),
    )
}
