//! Rust values as SQL values and back.

use crate::error::{Error, ErrorKind, Result};
use crate::types::{SqlType, Value, Zone};
use bigdecimal::BigDecimal;

/// A Rust value that can be a parameter.
pub trait ToSql {
    /// The value as SQL sees it.
    fn to_sql(&self) -> Value;
}

/// A Rust value that can be read from a result.
pub trait FromSql: Sized {
    /// The value from SQL's. Errors: `42804` when the type is another, `22002` for NULL where the Rust type has none
    /// (use `Option`), `22003` when the number does not fit.
    fn from_sql(value: &Value) -> Result<Self>;

    /// The same for a session in a time zone, which shows in the text of a timestamp. Errors: as [`FromSql::from_sql`].
    fn from_sql_in(value: &Value, _zone: Zone) -> Result<Self> {
        Self::from_sql(value)
    }
}

macro_rules! to_sql {
    ($($rust:ty => $make:expr),* $(,)?) => {
        $(impl ToSql for $rust {
            fn to_sql(&self) -> Value {
                let make: fn(&$rust) -> Value = $make;
                make(self)
            }
        })*
    };
}

to_sql! {
    bool => |v| Value::Bool(*v),
    i16 => |v| Value::Int2(*v),
    i32 => |v| Value::Int4(*v),
    i64 => |v| Value::Int8(*v),
    f32 => |v| Value::Float4(*v),
    f64 => |v| Value::Float8(*v),
    BigDecimal => |v| Value::Numeric(v.clone()),
    String => |v| Value::Text(v.clone()),
    Vec<u8> => |v| Value::Bytes(v.clone()),
    Value => Value::clone,
}

impl ToSql for str {
    fn to_sql(&self) -> Value {
        Value::Text(self.to_owned())
    }
}

impl ToSql for [u8] {
    fn to_sql(&self) -> Value {
        Value::Bytes(self.to_vec())
    }
}

impl<T: ToSql> ToSql for Option<T> {
    fn to_sql(&self) -> Value {
        self.as_ref().map_or(Value::Null, ToSql::to_sql)
    }
}

impl<T: ToSql + ?Sized> ToSql for &T {
    fn to_sql(&self) -> Value {
        (**self).to_sql()
    }
}

fn mismatch(value: &Value, wanted: &str) -> Error {
    match value {
        Value::Null => Error::new(
            ErrorKind::Misuse,
            "22002",
            format!("NULL cannot be read as {wanted}; read it as Option<{wanted}>"),
        ),
        other => Error::new(
            ErrorKind::Misuse,
            "42804",
            format!(
                "a value of type {} cannot be read as {wanted}",
                other.sql_type()
            ),
        ),
    }
}

fn integer(value: &Value, wanted: &str) -> Result<i64> {
    match value {
        Value::Int2(v) => Ok(i64::from(*v)),
        Value::Int4(v) => Ok(i64::from(*v)),
        Value::Int8(v) => Ok(*v),
        other => Err(mismatch(other, wanted)),
    }
}

macro_rules! integer_from_sql {
    ($($rust:ty => $sql:expr),*) => {
        $(impl FromSql for $rust {
            fn from_sql(value: &Value) -> Result<Self> {
                Self::try_from(integer(value, stringify!($rust))?)
                    .map_err(|_| crate::types::out_of_range($sql))
            }
        })*
    };
}

integer_from_sql!(i16 => SqlType::Int2, i32 => SqlType::Int4);

impl FromSql for i64 {
    fn from_sql(value: &Value) -> Result<Self> {
        integer(value, "i64")
    }
}

impl FromSql for bool {
    fn from_sql(value: &Value) -> Result<Self> {
        match value {
            Value::Bool(v) => Ok(*v),
            other => Err(mismatch(other, "bool")),
        }
    }
}

impl FromSql for f32 {
    fn from_sql(value: &Value) -> Result<Self> {
        match value {
            Value::Float4(v) => Ok(*v),
            other => Err(mismatch(other, "f32")),
        }
    }
}

impl FromSql for f64 {
    fn from_sql(value: &Value) -> Result<Self> {
        match value {
            Value::Float8(v) => Ok(*v),
            Value::Float4(v) => Ok(f64::from(*v)),
            other => Err(mismatch(other, "f64")),
        }
    }
}

impl FromSql for BigDecimal {
    fn from_sql(value: &Value) -> Result<Self> {
        match value {
            Value::Numeric(v) => Ok(v.clone()),
            other => Ok(Self::from(integer(other, "BigDecimal")?)),
        }
    }
}

impl FromSql for String {
    /// The text of a value of any type, as PostgreSQL writes it.
    fn from_sql(value: &Value) -> Result<Self> {
        Self::from_sql_in(value, Zone::UTC)
    }

    fn from_sql_in(value: &Value, zone: Zone) -> Result<Self> {
        let text = value.to_text_in(zone);
        text.ok_or_else(|| mismatch(value, "String"))
    }
}

impl FromSql for Vec<u8> {
    fn from_sql(value: &Value) -> Result<Self> {
        match value {
            Value::Bytes(v) => Ok(v.clone()),
            other => Err(mismatch(other, "Vec<u8>")),
        }
    }
}

impl FromSql for Value {
    fn from_sql(value: &Value) -> Result<Self> {
        Ok(value.clone())
    }
}

impl<T: FromSql> FromSql for Option<T> {
    fn from_sql(value: &Value) -> Result<Self> {
        match value {
            Value::Null => Ok(None),
            value => T::from_sql(value).map(Some),
        }
    }

    fn from_sql_in(value: &Value, zone: Zone) -> Result<Self> {
        match value {
            Value::Null => Ok(None),
            value => T::from_sql_in(value, zone).map(Some),
        }
    }
}

/// Parameters for `$1`, `$2`, …: an array of [`Value`]s from anything that is [`ToSql`].
///
/// ```
/// use quantadb::{params, types::Value};
/// let values = params![7, "seven", None::<i64>];
/// assert_eq!(values, [Value::Int4(7), Value::Text("seven".into()), Value::Null]);
/// ```
#[macro_export]
macro_rules! params {
    () => {{
        let none: [$crate::types::Value; 0] = [];
        none
    }};
    ($($value:expr),+ $(,)?) => {
        [$($crate::api::ToSql::to_sql(&$value)),+]
    };
}
