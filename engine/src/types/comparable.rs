//! Columns whose Arrow order and equality are those of SQL.

use super::array::sixteen;
use super::{Interval, SqlType, jsonb_key, numeric};
use crate::{Error, Result};
use arrow_array::builder::{BinaryBuilder, FixedSizeBinaryBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Float64Type};
use arrow_array::{Array, ArrayRef};
use std::sync::Arc;

/// The column in a form for sorting, grouping and joining by `arrow-row` or by bytes: two values are equal in SQL exactly
/// when they are identical in it, and its order is that of SQL.
///
/// Only five types change: an INTERVAL becomes its span; a JSONB gets bytes in its order; both zeros of a float become one, as do all NaNs; a NUMERIC gets the comparable form of
/// [`numeric`]. Use it for keys, not for results. Errors: [`crate::ErrorKind::Corrupt`] for bytes that are no NUMERIC.
pub fn comparable(array: &ArrayRef, sql_type: SqlType) -> Result<ArrayRef> {
    Ok(match sql_type {
        SqlType::Float4 => Arc::new(
            array
                .as_primitive::<Float32Type>()
                .unary::<_, Float32Type>(|v| if v.is_nan() { f32::NAN } else { v + 0.0 }),
        ),
        SqlType::Float8 => Arc::new(
            array
                .as_primitive::<Float64Type>()
                .unary::<_, Float64Type>(|v| if v.is_nan() { f64::NAN } else { v + 0.0 }),
        ),
        SqlType::Numeric(_) => {
            let numbers = array.as_binary::<i32>();
            let mut builder = BinaryBuilder::with_capacity(numbers.len(), numbers.len() * 10);
            let mut buffer = Vec::new();
            for number in numbers {
                match number {
                    None => builder.append_null(),
                    Some(bytes) => {
                        buffer.clear();
                        numeric::encode_comparable(&numeric::decode_decimal(bytes)?, &mut buffer);
                        builder.append_value(&buffer);
                    }
                }
            }
            Arc::new(builder.finish())
        }
        SqlType::Jsonb => {
            let texts = array.as_binary::<i32>();
            let mut builder = BinaryBuilder::with_capacity(texts.len(), texts.len() * 16);
            for text in texts {
                let key = text.map(|bytes| jsonb_key(&String::from_utf8_lossy(bytes)));
                builder.append_option(key);
            }
            Arc::new(builder.finish())
        }
        SqlType::Interval => {
            let intervals = array.as_fixed_size_binary();
            let mut builder = FixedSizeBinaryBuilder::with_capacity(intervals.len(), 16);
            for row in 0..intervals.len() {
                if intervals.is_null(row) {
                    builder.append_null();
                } else {
                    let bytes = sixteen(intervals.value(row));
                    builder
                        .append_value(Interval::from_bytes(bytes).comparable_bytes())
                        .map_err(|e| Error::misuse(format!("an interval's key: {e}")))?;
                }
            }
            Arc::new(builder.finish())
        }
        _ => Arc::clone(array),
    })
}
