//! Floor 0: SQL types and values.
//!
//! A [`SqlType`] is what the binder checks; a [`Value`] is one value outside of a batch (a parameter, a literal, a cell
//! of a result). Inside the executor a column is an Arrow array:
//!
//! | SQL type | [`Value`] | Arrow array |
//! |---|---|---|
//! | BOOLEAN | `Bool` | `Boolean` |
//! | SMALLINT, INTEGER, BIGINT | `Int2`, `Int4`, `Int8` | `Int16`, `Int32`, `Int64` |
//! | REAL, DOUBLE PRECISION | `Float4`, `Float8` | `Float32`, `Float64` |
//! | NUMERIC | `Numeric` | `Binary`: a codec that keeps each value's own scale as PostgreSQL does |
//! | TEXT, VARCHAR(n) | `Text` | `Utf8` |
//! | BYTEA | `Bytes` | `Binary` |
//! | DATE | `Date` | `Date32` (days since 1970-01-01) |
//! | TIMESTAMP | `Timestamp` | `Timestamp(Microsecond)` since 1970-01-01 00:00:00 |
//! | unknown (a bare NULL or string literal) | `Null`, `Text` | `Utf8` |

use bigdecimal::BigDecimal;

/// A type of SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SqlType {
    /// A literal whose type its context decides.
    Unknown,
    /// `BOOLEAN`
    Bool,
    /// `SMALLINT`
    Int2,
    /// `INTEGER`
    Int4,
    /// `BIGINT`
    Int8,
    /// `REAL`
    Float4,
    /// `DOUBLE PRECISION`
    Float8,
    /// `NUMERIC`, with precision and scale where declared.
    Numeric(Option<(u16, i16)>),
    /// `TEXT`
    Text,
    /// `VARCHAR`, with its length in characters where declared.
    Varchar(Option<u32>),
    /// `BYTEA`
    Bytes,
    /// `DATE`
    Date,
    /// `TIMESTAMP WITHOUT TIME ZONE`
    Timestamp,
}

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
    /// `DATE`: days since 1970-01-01.
    Date(i32),
    /// `TIMESTAMP`: microseconds since 1970-01-01 00:00:00.
    Timestamp(i64),
}
