//! What is seen of sorted rows by comparing each with the one before it: `DISTINCT ON` and `WITH TIES`.

use crate::error::Result;
use crate::exec::batch::Batch;
use crate::exec::keys::{KeyEncoder, Keys, OwnedKey};
use crate::exec::operator::{BoxOperator, Operator};
use crate::types::SqlType;
use arrow_array::{ArrayRef, BooleanArray};

/// Some columns of a row, as bytes that are equal where the values are.
struct Columns<'a> {
    columns: &'a [usize],
    encoder: KeyEncoder,
}

impl<'a> Columns<'a> {
    fn new(columns: &'a [usize], types: &[SqlType]) -> Result<Self> {
        let types: Vec<SqlType> = columns.iter().map(|c| types[*c]).collect();
        Ok(Self {
            columns,
            encoder: KeyEncoder::new(&types)?,
        })
    }

    fn keys(&self, batch: &Batch) -> Result<Keys> {
        let arrays: Vec<ArrayRef> = self
            .columns
            .iter()
            .map(|c| batch.columns[*c].clone())
            .collect();
        self.encoder.encode(&arrays, batch.rows)
    }
}

/// The first of the rows that are equal in some columns and follow each other.
pub(crate) struct Unique<'a> {
    input: BoxOperator<'a>,
    columns: Columns<'a>,
    last: Option<OwnedKey>,
}

impl<'a> Unique<'a> {
    /// Of `input`, whose columns are of `types`.
    pub(crate) fn new(
        input: BoxOperator<'a>,
        columns: &'a [usize],
        types: &[SqlType],
    ) -> Result<Self> {
        Ok(Self {
            input,
            columns: Columns::new(columns, types)?,
            last: None,
        })
    }
}

impl Operator for Unique<'_> {
    fn next(&mut self) -> Result<Option<Batch>> {
        while let Some(batch) = self.input.next()? {
            let keys = self.columns.keys(&batch)?;
            let new = |row: usize| match row.checked_sub(1) {
                Some(before) => keys.key(row) != keys.key(before),
                None => self.last.as_ref().is_none_or(|last| *last != keys.key(0)),
            };
            let keep: Vec<bool> = (0..batch.rows).map(new).collect();
            self.last = Some(OwnedKey::from(&keys.key(batch.rows - 1)));
            let batch = batch.filter(&BooleanArray::from(keep))?;
            if batch.rows > 0 {
                return Ok(Some(batch));
            }
        }
        Ok(None)
    }
}

/// Skips rows, then gives so many and those that are equal to the last of them in some columns.
pub(crate) struct LimitWithTies<'a> {
    input: BoxOperator<'a>,
    columns: Columns<'a>,
    skip: usize,
    left: usize,
    /// The last row of the number that is asked for, once it was given.
    last: Option<OwnedKey>,
    done: bool,
}

impl<'a> LimitWithTies<'a> {
    /// Of `input`, whose columns are of `types`.
    pub(crate) fn new(
        input: BoxOperator<'a>,
        columns: &'a [usize],
        types: &[SqlType],
        (skip, left): (usize, usize),
    ) -> Result<Self> {
        Ok(Self {
            input,
            columns: Columns::new(columns, types)?,
            skip,
            left,
            last: None,
            done: left == 0,
        })
    }

    /// How many of the rows at the beginning of a batch are given.
    fn count(&mut self, batch: &Batch) -> Result<usize> {
        let mut count = self.left.min(batch.rows);
        self.left -= count;
        if self.left > 0 {
            return Ok(count);
        }
        let keys = self.columns.keys(batch)?;
        let last = match (self.last.take(), count.checked_sub(1)) {
            (Some(last), _) => last,
            (None, Some(row)) => OwnedKey::from(&keys.key(row)),
            (None, None) => return Ok(0),
        };
        while count < batch.rows && last == keys.key(count) {
            count += 1;
        }
        self.done = count < batch.rows;
        self.last = Some(last);
        Ok(count)
    }
}

impl Operator for LimitWithTies<'_> {
    fn next(&mut self) -> Result<Option<Batch>> {
        while !self.done {
            let Some(batch) = self.input.next()? else {
                return Ok(None);
            };
            if self.skip >= batch.rows {
                self.skip -= batch.rows;
                continue;
            }
            let batch = batch.slice(self.skip, batch.rows - self.skip);
            self.skip = 0;
            let count = self.count(&batch)?;
            if count > 0 {
                return Ok(Some(batch.slice(0, count)));
            }
        }
        Ok(None)
    }
}
