//! From one row to values: the path of statements that touch a handful of rows.

use super::layout::{Width, damaged, width};
use crate::error::Result;
use crate::storage::key::decode_row_id;
use crate::types::{SqlType, Value, read_value, take_varint};

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
                (Some(bytes), true) => read_value(bytes, *sql_type)?,
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
        let count = take_length(&mut rest)?;
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
            Width::Variable => take_length(&mut self.rest)?,
        };
        let (value, rest) = self
            .rest
            .split_at_checked(len)
            .ok_or_else(|| damaged("it ends inside a value"))?;
        self.rest = rest;
        Ok(Some(value))
    }
}

fn take_length(rest: &mut &[u8]) -> Result<usize> {
    take_varint(rest)
        .and_then(|n| usize::try_from(n).ok())
        .ok_or_else(|| damaged("it ends inside a length"))
}
