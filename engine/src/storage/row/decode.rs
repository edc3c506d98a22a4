//! From one row to values: the path of statements that touch a handful of rows.

use super::layout::{Width, damaged, width};
use crate::error::Result;
use crate::storage::key::decode_row_id;
use crate::types::{Interval, SqlType, Value, numeric};

/// The values of the columns at `projection` (table positions, in that order) of the row under `key`.
/// `XX001` when the bytes are not a row of such a table.
pub fn decode_row(
    key: &[u8],
    row: &[u8],
    table_types: &[SqlType],
    projection: &[usize],
    row_id_column: Option<usize>,
) -> Result<Vec<Value>> {
    // One more, for a row id that the caller may add.
    let mut values = Vec::with_capacity(projection.len() + 1);
    values.resize(projection.len(), Value::Null);
    let mut reader = Reader::new(row)?;
    let last = projection.iter().copied().max().unwrap_or(0);
    let mut stored = 0;
    for (column, sql_type) in table_types.iter().enumerate().take(last + 1) {
        let mut wanted = (0..projection.len()).filter(|slot| projection[*slot] == column);
        let value = if Some(column) == row_id_column {
            row_id_value(decode_row_id(key)?, *sql_type)?
        } else {
            stored += 1;
            match (
                reader.next(stored - 1, *sql_type)?,
                projection.contains(&column),
            ) {
                (Some(bytes), true) => value_of(bytes, *sql_type)?,
                _ => Value::Null,
            }
        };
        if let Some(first) = wanted.next() {
            for slot in wanted {
                values[slot] = value.clone();
            }
            values[first] = value;
        }
    }
    let stored_all = table_types.len() - usize::from(row_id_column.is_some());
    if reader.count > stored_all {
        return Err(damaged("it has more columns than its table"));
    }
    Ok(values)
}

/// A row id as a value of its column's type.
pub(super) fn row_id_value(row_id: i64, sql_type: SqlType) -> Result<Value> {
    let fits = |_| damaged("its key does not fit its column");
    Ok(match sql_type {
        SqlType::Int2 => Value::Int2(i16::try_from(row_id).map_err(fits)?),
        SqlType::Int4 => Value::Int4(i32::try_from(row_id).map_err(fits)?),
        _ => Value::Int8(row_id),
    })
}

struct Reader<'a> {
    nulls: &'a [u8],
    count: usize,
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn new(row: &'a [u8]) -> Result<Self> {
        let mut rest = row;
        let count = take_varint(&mut rest)?;
        let (nulls, rest) = rest
            .split_at_checked(count.div_ceil(8))
            .ok_or_else(|| damaged("it ends inside its bitmap"))?;
        Ok(Self { nulls, count, rest })
    }

    /// The bytes of stored column `stored`, which is the next one; `None` for NULL.
    fn next(&mut self, stored: usize, sql_type: SqlType) -> Result<Option<&'a [u8]>> {
        if stored >= self.count || self.nulls[stored / 8] >> (stored % 8) & 1 == 1 {
            return Ok(None);
        }
        let len = match width(sql_type) {
            Width::Fixed(len) => len,
            Width::Variable => take_varint(&mut self.rest)?,
        };
        let (value, rest) = self
            .rest
            .split_at_checked(len)
            .ok_or_else(|| damaged("it ends inside a value"))?;
        self.rest = rest;
        Ok(Some(value))
    }
}

fn take_varint(rest: &mut &[u8]) -> Result<usize> {
    let mut n = 0usize;
    for shift in [0, 7, 14, 21, 28] {
        let (byte, after) = rest
            .split_first()
            .ok_or_else(|| damaged("it ends inside a length"))?;
        *rest = after;
        n |= usize::from(byte & 0x7f) << shift;
        if *byte < 0x80 {
            return Ok(n);
        }
    }
    Err(damaged("it has an overlong length"))
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

fn value_of(bytes: &[u8], sql_type: SqlType) -> Result<Value> {
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
        SqlType::Timestamp => Value::Timestamp(i64::from_le_bytes(fixed(bytes)?)),
        SqlType::TimestampTz => Value::TimestampTz(i64::from_le_bytes(fixed(bytes)?)),
        SqlType::Time => Value::Time(i64::from_le_bytes(fixed(bytes)?)),
        SqlType::Interval => Value::Interval(Interval::from_bytes(fixed(bytes)?)),
        SqlType::Uuid => Value::Uuid(fixed(bytes)?),
    })
}
