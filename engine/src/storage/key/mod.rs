//! Keys as bytes whose order is the order of the values.
//!
//! A key is the concatenation of its values. Each value is a marker and, unless it is NULL, a body; a descending value
//! has all of its bytes inverted, which also turns "NULLs last" into "NULLs first". No encoded value is a prefix of
//! another, so values can be compared one after the other by comparing bytes.
//!
//! ```text
//!   01 body                 a value          02                 NULL
//!
//!   BOOLEAN                 00 | 01
//!   integers, DATE, TIME,   big-endian, sign bit flipped
//!     TIMESTAMP[TZ]
//!   INTERVAL                its span in 128 bits, big-endian, sign bit flipped
//!   UUID                    its bytes
//!   JSON, JSONB             as BYTEA: the text; bytes in the order of JSONB (no index has them, statistics do)
//!   floats                  big-endian; sign bit flipped if positive, else all bits; -0 is 0, NaN is the greatest
//!   TEXT, BYTEA             bytes with 00 written as 00 ff, then 00 01
//!   NUMERIC                 the comparable form of `types::numeric`
//! ```
//!
//! - KEY-1: the order of encoded values is PostgreSQL's order of the values (text by its bytes).
//! - KEY-2: equal values have equal encodings, whatever their scale (`1.0`, `1.00`), sign of zero or
//!   division (`1 day`, `24:00:00`).

mod decode;
mod encode;
#[cfg(test)]
mod tests;

pub use decode::{decode_key, decode_row_id};
pub use encode::{append_key, append_null, encode_row_id};
