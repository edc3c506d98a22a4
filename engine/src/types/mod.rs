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
//! | CHAR(n) | `Text` | `Utf8`, without trailing blanks; a `Row` of a result has them |
//! | BYTEA | `Bytes` | `Binary` |
//! | DATE | `Date` | `Date32` (days since 1970-01-01) |
//! | TIMESTAMP | `Timestamp` | `Timestamp(Microsecond)` since 1970-01-01 00:00:00 |
//! | TIMESTAMP WITH TIME ZONE | `TimestampTz` | the same, since 1970-01-01 00:00:00 UTC |
//! | TIME | `Time` | `Time64(Microsecond)` since midnight |
//! | INTERVAL | `Interval` | `FixedSizeBinary(16)`: months, days, microseconds, see [`Interval::to_bytes`] |
//! | UUID | `Uuid` | `FixedSizeBinary(16)` |
//! | JSON | `Json` | `Utf8` |
//! | JSONB | `Jsonb` | `Binary`: the text that PostgreSQL would write |
//! | an ENUM type | `Enum` | `Int64`: the numbers of labels, see [`EnumType`] |
//! | an array of any of these | `Array` | `Binary`: the bytes of [`SqlArray`] |
//! | unknown (a bare NULL or string literal) | `Null`, `Text` | `Utf8` |
//!
//! What a value looks like as text, in both directions, is PostgreSQL's: [`Value::from_text`] and [`Value::to_text`]; a
//! TIMESTAMP WITH TIME ZONE is written and read in a [`Zone`] ([`Value::to_text_in`]), UTC where none is said. The least
//! and the greatest number of a date or timestamp are its infinities ([`Infinite`]). A [`Decimal`] is the working
//! form of a NUMERIC; its encoded form is what a column and a row hold.

pub mod array;
mod comparable;
mod datetime;
mod datetime_input;
mod decimal;
mod decimal_rounding;
mod element_type;
mod enum_type;
mod fault;
mod float_text;
mod infinite;
mod interval;
mod interval_form;
mod interval_input;
mod json;
pub mod numeric;
mod sql_array;
mod sql_type;
mod text_input;
mod text_output;
mod time_digits;
mod value;
mod value_bytes;
mod varint;
mod zone;

#[cfg(test)]
mod tests;

pub use array::ValueRef;
pub use comparable::comparable;
pub use datetime::{civil_from_days, days_from_civil};
pub use decimal::Decimal;
pub(crate) use decimal::division_by_zero;
pub use element_type::ElementType;
pub use enum_type::EnumType;
pub(crate) use enum_type::LABEL_BYTES_MAX;
pub use infinite::Infinite;
pub use interval::Interval;
pub use interval_form::IntervalForm;
pub use sql_array::SqlArray;
pub use sql_type::SqlType;
pub use value::Value;
pub use zone::Zone;

pub(crate) use datetime::{
    MICROS_PER_DAY, check_date, check_timestamp, date_to_text, day_of, days_in_month, midnight,
    timestamp_to_json, timestamp_tz_to_json,
};
pub(crate) use element_type::{TypeModifier, coded_type, type_code};
pub(crate) use fault::{data_error, out_of_range};
pub(crate) use float_text::{float4_to_text, float8_to_text};
pub(crate) use interval::interval_out_of_range;
pub(crate) use interval_form::Fields;
pub(crate) use interval_input::parse_interval;
pub(crate) use json::{Item, Json, jsonb_key, jsonb_text, write_string as write_json_string};
pub(crate) use sql_array::{array_of, push_element};
pub(crate) use text_input::{fit_char, fit_varchar};
pub(crate) use text_output::pad_char;
pub(crate) use time_digits::{DIGITS_MAX, rounded, rounded_stamp};
pub(crate) use value::VALUE_BYTES_MAX;
pub(crate) use value_bytes::{append_value, read_value};
pub(crate) use varint::{push_varint, take_varint};
pub(crate) use zone::offset_text;
