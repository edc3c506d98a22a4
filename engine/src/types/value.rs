//! One value outside of a batch, and its order.

use super::json::jsonb_key;
use super::{Decimal, EnumType, Interval, SqlArray, SqlType};
use bigdecimal::BigDecimal;
use std::cmp::Ordering;
use std::fmt;

/// Bytes that one value may have, as in PostgreSQL.
pub(crate) const VALUE_BYTES_MAX: usize = 0x3FFF_FFFF;

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `NULL` of any type.
    Null,
    /// `BOOLEAN`
    Bool(bool),
    /// `SMALLINT`
    Int2(i16),
    /// `INTEGER`
    Int4(i32),
    /// `BIGINT`
    Int8(i64),
    /// `REAL`
    Float4(f32),
    /// `DOUBLE PRECISION`
    Float8(f64),
    /// `NUMERIC`; the scale is the number of digits shown after the point.
    Numeric(BigDecimal),
    /// `TEXT`, `VARCHAR`
    Text(String),
    /// `BYTEA`
    Bytes(Vec<u8>),
    /// `DATE`: days since 1970-01-01, or one of the infinities of [`Infinite::of_date`](super::Infinite::of_date).
    Date(i32),
    /// `TIMESTAMP`: microseconds since 1970-01-01 00:00:00, or one of the infinities of
    /// [`Infinite::of_stamp`](super::Infinite::of_stamp).
    Timestamp(i64),
    /// `TIMESTAMP WITH TIME ZONE`: microseconds since 1970-01-01 00:00:00 UTC, or an infinity as of `TIMESTAMP`.
    TimestampTz(i64),
    /// `TIME`: microseconds since midnight, up to and including 24 hours.
    Time(i64),
    /// `INTERVAL`
    Interval(Interval),
    /// `UUID`
    Uuid([u8; 16]),
    /// `JSON`: its text, which must be one where the value is a parameter.
    Json(String),
    /// `JSONB`: its text as PostgreSQL writes it; [`Value::from_text`] makes it of any.
    Jsonb(String),
    /// A value of an ENUM type: the number of its label.
    Enum(EnumType, i64),
    /// An array of one dimension.
    Array(SqlArray),
}

impl Value {
    /// The type without length, precision or scale; [`SqlType::Unknown`] for NULL.
    pub fn sql_type(&self) -> SqlType {
        match self {
            Self::Null => SqlType::Unknown,
            Self::Bool(_) => SqlType::Bool,
            Self::Int2(_) => SqlType::Int2,
            Self::Int4(_) => SqlType::Int4,
            Self::Int8(_) => SqlType::Int8,
            Self::Float4(_) => SqlType::Float4,
            Self::Float8(_) => SqlType::Float8,
            Self::Numeric(_) => SqlType::Numeric(None),
            Self::Text(_) => SqlType::Text,
            Self::Bytes(_) => SqlType::Bytes,
            Self::Date(_) => SqlType::Date,
            Self::Timestamp(_) => SqlType::Timestamp(None),
            Self::TimestampTz(_) => SqlType::TimestampTz(None),
            Self::Time(_) => SqlType::Time(None),
            Self::Interval(_) => SqlType::Interval(None),
            Self::Uuid(_) => SqlType::Uuid,
            Self::Json(_) => SqlType::Json,
            Self::Jsonb(_) => SqlType::Jsonb,
            Self::Enum(of, _) => SqlType::Enum(*of),
            Self::Array(array) => SqlType::Array(array.element()),
        }
    }

    /// The number of a SMALLINT, INTEGER or BIGINT.
    pub(crate) fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Int2(v) => Some(i64::from(*v)),
            Self::Int4(v) => Some(i64::from(*v)),
            Self::Int8(v) => Some(*v),
            _ => None,
        }
    }

    /// Whether this is NULL.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The order of PostgreSQL for two values of one type: numbers by value, NaN equal to itself and greatest, text by
    /// bytes, NULL last. Values of different types are ordered by type, which no query asks for.
    pub fn total_cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            (Self::Int2(a), Self::Int2(b)) => a.cmp(b),
            (Self::Int4(a), Self::Int4(b)) => a.cmp(b),
            (Self::Int8(a), Self::Int8(b)) => a.cmp(b),
            (Self::Float4(a), Self::Float4(b)) => float_cmp(f64::from(*a), f64::from(*b)),
            (Self::Float8(a), Self::Float8(b)) => float_cmp(*a, *b),
            (Self::Numeric(a), Self::Numeric(b)) => Decimal::from(a).cmp(&Decimal::from(b)),
            (Self::Text(a), Self::Text(b)) => a.as_bytes().cmp(b.as_bytes()),
            (Self::Bytes(a), Self::Bytes(b)) => a.cmp(b),
            (Self::Date(a), Self::Date(b)) => a.cmp(b),
            (Self::Timestamp(a), Self::Timestamp(b)) => a.cmp(b),
            (Self::TimestampTz(a), Self::TimestampTz(b)) => a.cmp(b),
            (Self::Time(a), Self::Time(b)) => a.cmp(b),
            (Self::Interval(a), Self::Interval(b)) => a.total_cmp(*b),
            (Self::Uuid(a), Self::Uuid(b)) => a.cmp(b),
            (Self::Json(a), Self::Json(b)) => a.cmp(b),
            (Self::Jsonb(a), Self::Jsonb(b)) => jsonb_key(a).cmp(&jsonb_key(b)),
            (Self::Enum(_, a), Self::Enum(_, b)) => a.cmp(b),
            (Self::Array(a), Self::Array(b)) => a.total_cmp(b),
            _ => self.rank().cmp(&other.rank()),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Bool(_) => 0,
            Self::Int2(_) => 1,
            Self::Int4(_) => 2,
            Self::Int8(_) => 3,
            Self::Float4(_) => 4,
            Self::Float8(_) => 5,
            Self::Numeric(_) => 6,
            Self::Text(_) => 7,
            Self::Bytes(_) => 8,
            Self::Date(_) => 9,
            Self::Timestamp(_) => 10,
            Self::TimestampTz(_) => 11,
            Self::Time(_) => 12,
            Self::Interval(_) => 13,
            Self::Uuid(_) => 14,
            Self::Json(_) => 15,
            Self::Jsonb(_) => 16,
            Self::Array(_) => 17,
            Self::Enum(..) => 18,
            Self::Null => 19,
        }
    }
}

/// The order of floats in PostgreSQL: both zeros are equal, NaN equals NaN and is greater than everything else.
fn float_cmp(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b)
        .unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

impl fmt::Display for Value {
    /// The text of [`Value::to_text`], or `NULL`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_text() {
            Some(text) => f.write_str(&text),
            None => f.write_str("NULL"),
        }
    }
}
