//! Columns whose Arrow order and equality are those of SQL.

use super::array::{ColumnBuilder, sixteen};
use super::{ElementType, Interval, SqlArray, SqlType, jsonb_key, numeric};
use crate::{Error, Result};
use arrow_array::builder::{BinaryBuilder, FixedSizeBinaryBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Float64Type};
use arrow_array::{Array, ArrayRef, BinaryArray};
use arrow_row::{RowConverter, SortField};
use arrow_schema::SortOptions;
use std::sync::Arc;

/// The column in a form for sorting, grouping and joining by `arrow-row` or by bytes: two values are equal in SQL exactly
/// when they are identical in it, and its order is that of SQL.
///
/// Only six types change: an INTERVAL becomes its span; a JSONB and an array get bytes in their order; both zeros of a float become one, as do all NaNs; a NUMERIC gets the comparable form of
/// [`numeric`]. Use it for keys, not for results. Errors: [`crate::ErrorKind::Corrupt`] for bytes that are no NUMERIC or no
/// array.
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
        SqlType::Array(element) => Arc::new(array_keys(array.as_binary(), element)?),
        SqlType::Interval(_) => {
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

/// The keys of arrays: the elements' keys one after the other, see [`super::sql_array`].
fn array_keys(arrays: &BinaryArray, element: ElementType) -> Result<BinaryArray> {
    let sql_type = element.sql_type();
    let mut elements = ColumnBuilder::new(sql_type, arrays.len());
    let mut lengths = Vec::with_capacity(arrays.len());
    for bytes in arrays {
        let values = match bytes {
            None => Vec::new(),
            Some(bytes) => SqlArray::from_bytes(bytes, element)?.into_values(),
        };
        lengths.push(values.len());
        for value in &values {
            elements.push(value)?;
        }
    }
    let elements = comparable(&elements.finish(), sql_type)?;
    let nulls_last = SortOptions::new(false, false);
    let field = SortField::new_with_options(elements.data_type().clone(), nulls_last);
    let converter = RowConverter::new(vec![field]);
    let rows = converter.and_then(|converter| converter.convert_columns(&[elements]));
    let rows = rows.map_err(|e| Error::misuse(format!("an array's key: {e}")))?;
    let mut rows = rows.iter();
    let mut keys = BinaryBuilder::with_capacity(arrays.len(), arrays.len() * 16);
    let mut key = Vec::new();
    for (array, length) in lengths.into_iter().enumerate() {
        key.clear();
        for row in rows.by_ref().take(length) {
            key.push(1);
            key.extend_from_slice(row.as_ref());
        }
        key.push(0);
        keys.append_option(arrays.is_valid(array).then_some(&key));
    }
    Ok(keys.finish())
}
