//! A batch of rows between operators: Arrow arrays of one length.

use crate::error::{Error, ErrorKind, Result};
use crate::types::array::{ColumnBuilder, value_at};
use crate::types::{SqlType, Value};
use arrow_array::{ArrayRef, BooleanArray, UInt32Array};
use arrow_schema::ArrowError;
use arrow_select::filter::FilterBuilder;

/// Rows as columns.
#[derive(Clone, Debug, Default)]
pub(crate) struct Batch {
    /// The columns, each of `rows` values.
    pub(crate) columns: Vec<ArrayRef>,
    /// How many rows (a batch may have no columns).
    pub(crate) rows: usize,
}

impl Batch {
    /// Of these columns.
    pub(crate) fn new(columns: Vec<ArrayRef>, rows: usize) -> Self {
        debug_assert!(columns.iter().all(|c| c.len() == rows));
        Self { columns, rows }
    }

    /// Of rows of values.
    pub(crate) fn from_rows<'v>(
        types: &[SqlType],
        rows: impl ExactSizeIterator<Item = &'v [Value]>,
    ) -> Result<Self> {
        let count = rows.len();
        let mut builders: Vec<ColumnBuilder> = types
            .iter()
            .map(|t| ColumnBuilder::new(*t, count))
            .collect();
        for row in rows {
            for (builder, value) in builders.iter_mut().zip(row) {
                builder.push(value)?;
            }
        }
        let columns = builders.iter_mut().map(ColumnBuilder::finish).collect();
        Ok(Self::new(columns, count))
    }

    /// `length` rows from `offset` on, without copying.
    pub(crate) fn slice(&self, offset: usize, length: usize) -> Self {
        Self {
            columns: self
                .columns
                .iter()
                .map(|c| c.slice(offset, length))
                .collect(),
            rows: length,
        }
    }

    /// The rows for which `keep` is true (NULL is not).
    pub(crate) fn filter(&self, keep: &BooleanArray) -> Result<Self> {
        let rows = keep.true_count();
        if rows == self.rows {
            return Ok(self.clone());
        }
        let mut filter = FilterBuilder::new(keep);
        if self.columns.len() > 1 {
            filter = filter.optimize();
        }
        let filter = filter.build();
        let columns = self.columns.iter().map(|c| filter.filter(c));
        Ok(Self {
            columns: columns.collect::<Result<_, _>>().map_err(arrow)?,
            rows,
        })
    }

    /// The rows at `indices`; a NULL index gives a row of NULLs.
    pub(crate) fn take(&self, indices: &UInt32Array) -> Result<Self> {
        let columns = self
            .columns
            .iter()
            .map(|c| arrow_select::take::take(c, indices, None))
            .collect::<Result<_, _>>()
            .map_err(arrow)?;
        Ok(Self {
            columns,
            rows: indices.len(),
        })
    }

    /// One batch of all rows of `batches`, in order; `columns` wide also when there are none.
    pub(crate) fn concat(batches: &[Batch], types: &[SqlType]) -> Result<Self> {
        if let [one] = batches {
            return Ok(one.clone());
        }
        let rows: usize = batches.iter().map(|b| b.rows).sum();
        let columns = types
            .iter()
            .enumerate()
            .map(|(i, t)| {
                let parts: Vec<&dyn arrow_array::Array> =
                    batches.iter().map(|b| b.columns[i].as_ref()).collect();
                if parts.is_empty() {
                    return Ok(ColumnBuilder::new(*t, 0).finish());
                }
                check_text(&parts)?;
                arrow_select::concat::concat(&parts).map_err(arrow)
            })
            .collect::<Result<_>>()?;
        Ok(Self { columns, rows })
    }

    /// The columns of `self`, then those of `other`.
    pub(crate) fn beside(mut self, other: Batch) -> Self {
        debug_assert_eq!(self.rows, other.rows);
        self.columns.extend(other.columns);
        self
    }

    /// The values of one row.
    pub(crate) fn row(&self, row: usize, types: &[SqlType]) -> Vec<Value> {
        self.columns
            .iter()
            .zip(types)
            .map(|(c, t)| value_at(c, row, *t))
            .collect()
    }

    /// Bytes that its values take.
    pub(crate) fn size_bytes(&self) -> usize {
        self.columns
            .iter()
            .map(|c| {
                let data = c.to_data();
                data.get_slice_memory_size()
                    .unwrap_or_else(|_| c.get_array_memory_size())
            })
            .sum()
    }
}

/// Offsets of text and binary columns have 31 bits: joined columns must fit.
fn check_text(parts: &[&dyn arrow_array::Array]) -> Result<()> {
    let bytes: usize = parts
        .iter()
        .map(|p| match p.data_type() {
            arrow_schema::DataType::Utf8 | arrow_schema::DataType::Binary => {
                p.to_data().get_slice_memory_size().unwrap_or(0)
            }
            _ => 0,
        })
        .sum();
    if bytes > i32::MAX as usize {
        return Err(Error::new(
            ErrorKind::Limit,
            "54000",
            "a column of an intermediate result passes 2 GiB",
        ));
    }
    Ok(())
}

/// An error of an Arrow kernel that only a mistake of ours can cause.
#[allow(clippy::needless_pass_by_value)] // the shape of map_err
pub(crate) fn arrow(error: ArrowError) -> Error {
    Error::new(
        ErrorKind::Misuse,
        "XX000",
        format!("vector kernel: {error}"),
    )
}
