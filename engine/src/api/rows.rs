//! Results: columns, and rows that are read one by one or as Arrow batches.

use crate::api::FromSql;
use crate::error::{Error, ErrorKind, Result};
use crate::exec::{Batch, ResultRows};
use crate::types::array::{ColumnBuilder, ColumnReader, ValueRef, arrow_type, value_at};
use crate::types::pad_char;
use crate::types::{SqlType, Value, Zone};
use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_schema::{Field, Schema};
use std::sync::Arc;

pub use crate::sql::bound::OutputColumn as Column;

/// The rows of a query: an iterator of [`Row`]s. All of them are in memory; the query is finished.
#[derive(Debug)]
pub struct Rows {
    columns: Arc<[Column]>,
    zone: Zone,
    source: Source,
}

#[derive(Debug)]
enum Source {
    Values(std::vec::IntoIter<Vec<Value>>),
    Batches {
        rest: std::vec::IntoIter<Batch>,
        current: Batch,
        next: usize,
    },
}

/// One row of a result.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    columns: Arc<[Column]>,
    values: Vec<Value>,
    zone: Zone,
}

impl Rows {
    /// Of a session in `zone`.
    pub(crate) fn new(columns: Arc<[Column]>, rows: ResultRows, zone: Zone) -> Self {
        let source = match rows {
            ResultRows::Values(values) => Source::Values(values.into_iter()),
            ResultRows::Batches(batches) => Source::Batches {
                rest: batches.into_iter(),
                current: Batch::default(),
                next: 0,
            },
        };
        Self {
            columns,
            zone,
            source,
        }
    }

    /// Names and types of the columns.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The time zone of the session when the query ran: its timestamps are shown in it.
    pub fn time_zone(&self) -> Zone {
        self.zone
    }

    /// How many rows are left.
    pub fn remaining(&self) -> usize {
        match &self.source {
            Source::Values(values) => values.len(),
            Source::Batches {
                rest,
                current,
                next,
            } => current.rows - next + rest.as_slice().iter().map(|b| b.rows).sum::<usize>(),
        }
    }

    /// Calls `each` with all values that are left: row by row, and in a row by column. Of texts nothing is copied.
    pub fn for_each_value(self, mut each: impl FnMut(ValueRef<'_>)) {
        let Source::Batches {
            rest,
            current,
            next,
        } = self.source
        else {
            self.for_each(|row| {
                let values = row.values.into_iter();
                values.for_each(|value| each(ValueRef::Value(value)));
            });
            return;
        };
        let first = current.slice(next, current.rows - next);
        for batch in std::iter::once(first).chain(rest) {
            let types = self.columns.iter().map(|column| column.sql_type);
            let columns: Vec<_> = batch
                .columns
                .iter()
                .zip(types)
                .map(|(array, sql_type)| (ColumnReader::new(array, sql_type), sql_type))
                .collect();
            for row in 0..batch.rows {
                for (column, sql_type) in &columns {
                    let mut value = column.value(row);
                    if let ValueRef::Value(value) = &mut value {
                        pad(value, *sql_type);
                    }
                    each(value);
                }
            }
        }
    }

    /// The rows that are left as Arrow record batches. NUMERIC columns are binary; see [`crate::types`] for which array
    /// carries which type.
    pub fn batches(self) -> Result<Vec<RecordBatch>> {
        let fields: Vec<Field> = self
            .columns
            .iter()
            .map(|c| Field::new(&c.name, arrow_type(c.sql_type), true))
            .collect();
        let schema = Arc::new(Schema::new(fields));
        let batch = |columns: Vec<ArrayRef>, rows: usize| {
            let options = RecordBatchOptions::new().with_row_count(Some(rows));
            RecordBatch::try_new_with_options(schema.clone(), columns, &options)
                .map_err(|e| Error::new(ErrorKind::Misuse, "XX000", format!("result batch: {e}")))
        };
        match self.source {
            Source::Values(values) => {
                let rows: Vec<Vec<Value>> = values.collect();
                let columns = columns_of(&self.columns, &rows)?;
                Ok(vec![batch(columns, rows.len())?])
            }
            Source::Batches {
                rest,
                current,
                next,
            } => {
                let first = current.slice(next, current.rows - next);
                std::iter::once(first)
                    .chain(rest)
                    .filter(|b| b.rows > 0)
                    .map(|b| batch(b.columns, b.rows))
                    .collect()
            }
        }
    }
}

fn columns_of(columns: &[Column], rows: &[Vec<Value>]) -> Result<Vec<ArrayRef>> {
    columns
        .iter()
        .enumerate()
        .map(|(c, column)| {
            let mut builder = ColumnBuilder::new(column.sql_type, rows.len());
            for row in rows {
                builder.push(&row[c])?;
            }
            Ok(builder.finish())
        })
        .collect()
}

/// A `CHAR` with the blanks that it is shown with.
fn pad(value: &mut Value, sql_type: SqlType) {
    if let (Value::Text(text), SqlType::Char(Some(length))) = (value, sql_type) {
        pad_char(text, length as usize);
    }
}

impl Iterator for Rows {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        let mut values: Vec<Value> = match &mut self.source {
            Source::Values(values) => values.next()?,
            Source::Batches {
                rest,
                current,
                next,
            } => {
                while *next >= current.rows {
                    *current = rest.next()?;
                    *next = 0;
                }
                let row = *next;
                *next += 1;
                let types = self.columns.iter().map(|c| c.sql_type);
                current
                    .columns
                    .iter()
                    .zip(types)
                    .map(|(array, t): (&ArrayRef, SqlType)| value_at(array, row, t))
                    .collect()
            }
        };
        for (value, column) in values.iter_mut().zip(self.columns.iter()) {
            pad(value, column.sql_type);
        }
        Some(Row {
            columns: self.columns.clone(),
            values,
            zone: self.zone,
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.remaining(), Some(self.remaining()))
    }
}

impl ExactSizeIterator for Rows {}

/// Names a column: by position, counted from 0, or by name.
pub trait ColumnIndex {
    /// The position among `columns`, if there is such a column.
    fn position(&self, columns: &[Column]) -> Option<usize>;
    /// How an error calls it.
    fn describe(&self) -> String;
}

impl ColumnIndex for usize {
    fn position(&self, columns: &[Column]) -> Option<usize> {
        (*self < columns.len()).then_some(*self)
    }

    fn describe(&self) -> String {
        format!("number {self}")
    }
}

impl ColumnIndex for &str {
    fn position(&self, columns: &[Column]) -> Option<usize> {
        columns.iter().position(|c| c.name == *self)
    }

    fn describe(&self) -> String {
        format!("\"{self}\"")
    }
}

impl Row {
    /// The value of a column, by position or name. Errors: `42703` when there is no such column, and those of
    /// [`FromSql::from_sql`].
    pub fn get<T: FromSql>(&self, column: impl ColumnIndex) -> Result<T> {
        let position = column.position(&self.columns).ok_or_else(|| {
            Error::new(
                ErrorKind::Misuse,
                "42703",
                format!("the result has no column {}", column.describe()),
            )
        })?;
        T::from_sql_in(&self.values[position], self.zone)
            .map_err(|e| e.context(format!("column \"{}\"", self.columns[position].name)))
    }

    /// The values as PostgreSQL shows them to a session in the time zone that this one was in when the query ran; `None`
    /// for NULL.
    pub fn texts(&self) -> impl ExactSizeIterator<Item = Option<String>> + use<'_> {
        self.values.iter().map(|value| value.to_text_in(self.zone))
    }

    /// All values, by column.
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// All values, by column.
    pub fn into_values(self) -> Vec<Value> {
        self.values
    }

    /// Names and types of the columns.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }
}
