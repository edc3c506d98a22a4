//! Rows as bytes, and batches of rows as Arrow arrays.
//!
//! The row-id column (an integer primary key) is not stored: it is the key. The other columns are stored in order:
//!
//! ```text
//!   n      varint: number of stored columns (columns added to the table later are NULL)
//!   nulls  ⌈n/8⌉ bytes: bit i%8 of byte i/8 is set when column i is NULL
//!   then each column that is not NULL:
//!     BOOLEAN                          1 byte, 0 or 1
//!     SMALLINT, INTEGER, BIGINT        2, 4, 8 bytes, little-endian
//!     REAL, DOUBLE PRECISION           4, 8 bytes, little-endian IEEE 754
//!     DATE                             4 bytes, little-endian days
//!     TIMESTAMP, TIMESTAMPTZ, TIME     8 bytes, little-endian microseconds
//!     INTERVAL                         4 + 4 + 8 bytes, little-endian months, days, microseconds
//!     UUID                             16 bytes
//!     TEXT, VARCHAR, CHAR, BYTEA,
//!     NUMERIC, JSON, JSONB             varint length, bytes (NUMERIC as in its Arrow array)
//! ```
//!
//! - ROW-1: a value is NULL or of its column's type; only a bug above could break that.

mod batch;
mod decode;
mod encode;
mod layout;
#[cfg(test)]
mod tests;

pub use batch::RowDecoder;
pub use decode::decode_row;
pub use encode::{RowEncoder, encode_row};
