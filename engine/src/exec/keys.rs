//! Keys for grouping, joining and duplicates: rows of columns as bytes that are equal exactly when the rows are.

use crate::error::Result;
use crate::exec::batch::arrow;
use crate::types::array::arrow_type;
use crate::types::{SqlType, comparable};
use arrow_array::{Array, ArrayRef};
use arrow_row::{RowConverter, Rows, SortField};

/// Encodes columns of fixed types.
#[derive(Debug)]
pub(crate) struct KeyEncoder {
    types: Vec<SqlType>,
    converter: Option<RowConverter>,
}

/// Encoded rows.
#[derive(Debug)]
pub(crate) struct Keys {
    rows: Option<Rows>,
    /// For each row whether one of its values is NULL; empty when none is.
    null: Vec<bool>,
}

impl KeyEncoder {
    /// For columns of `types`.
    pub(crate) fn new(types: &[SqlType]) -> Result<Self> {
        let fields: Vec<SortField> = types
            .iter()
            .map(|t| SortField::new(arrow_type(*t)))
            .collect();
        let converter = if fields.is_empty() {
            None
        } else {
            Some(RowConverter::new(fields).map_err(arrow)?)
        };
        Ok(Self {
            types: types.to_vec(),
            converter,
        })
    }

    /// The keys of `rows` rows.
    pub(crate) fn encode(&self, columns: &[ArrayRef], rows: usize) -> Result<Keys> {
        let mut null = Vec::new();
        for column in columns.iter().filter(|c| c.null_count() > 0) {
            null.resize(rows, false);
            for (row, null) in null.iter_mut().enumerate() {
                *null |= column.is_null(row);
            }
        }
        let Some(converter) = &self.converter else {
            return Ok(Keys { rows: None, null });
        };
        let columns: Vec<ArrayRef> = columns
            .iter()
            .zip(&self.types)
            .map(|(c, t)| comparable(c, *t))
            .collect::<Result<_>>()?;
        let rows = converter.convert_columns(&columns).map_err(arrow)?;
        Ok(Keys {
            rows: Some(rows),
            null,
        })
    }
}

impl Keys {
    /// The key of `row`.
    pub(crate) fn key(&self, row: usize) -> &[u8] {
        self.rows.as_ref().map_or(&[], |r| r.row(row).data())
    }

    /// Whether the key of `row` has a NULL.
    pub(crate) fn has_null(&self, row: usize) -> bool {
        self.null.get(row).copied().unwrap_or(false)
    }
}
