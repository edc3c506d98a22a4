//! `LockRows`: locks the rows that a query reads, as they are asked for.

use crate::error::{Error, ErrorKind, Result};
use crate::exec::batch::Batch;
use crate::exec::operator::{BoxOperator, Context, Operator};
use crate::sql::bound::RowLock;
use crate::storage::key::encode_row_id;
use arrow_array::{Array, Int64Array, UInt32Array};

/// Passes on the rows that could be locked. It stands below LIMIT and above all else, so that no row is locked that the
/// query does not give (but those that OFFSET skips).
pub(crate) struct LockRows<'a> {
    context: Context<'a>,
    input: BoxOperator<'a>,
    locks: &'a [RowLock],
    /// Rows that were read and not locked yet, from that one on.
    rest: Option<(Batch, usize)>,
    /// Rows that are still wanted.
    wanted: usize,
}

impl<'a> LockRows<'a> {
    /// Locks the rows of `input` that `locks` name.
    pub(crate) fn new(context: Context<'a>, input: BoxOperator<'a>, locks: &'a [RowLock]) -> Self {
        Self {
            wanted: context.rows_wanted,
            context,
            input,
            locks,
            rest: None,
        }
    }

    /// Locks row `row` of `batch` in each table; false when it is to be skipped.
    fn lock(&self, batch: &Batch, row: usize) -> Result<bool> {
        for lock in self.locks {
            let ids = batch.columns[lock.column]
                .as_any()
                .downcast_ref::<Int64Array>()
                .filter(|ids| !ids.is_null(row))
                .ok_or_else(|| Error::misuse("EXEC-8: a row to lock comes with its row id"))?;
            let key = encode_row_id(ids.value(row));
            let waits = !lock.nowait && !lock.skips_locked;
            let (tree, mode) = (lock.table.tree, lock.mode);
            if self.context.txn.lock(tree, &key, mode, waits)? {
                continue;
            }
            if lock.nowait {
                return Err(Error::new(
                    ErrorKind::Conflict,
                    "55P03",
                    format!(
                        "could not obtain lock on row in relation \"{}\"",
                        lock.table.name
                    ),
                ));
            }
            return Ok(false);
        }
        Ok(true)
    }
}

impl Operator for LockRows<'_> {
    fn next(&mut self) -> Result<Option<Batch>> {
        while self.wanted > 0 {
            let (batch, first) = match self.rest.take() {
                Some(rest) => rest,
                None => match self.input.next()? {
                    Some(batch) => (batch, 0),
                    None => return Ok(None),
                },
            };
            let mut locked = Vec::new();
            let mut row = first;
            while row < batch.rows && locked.len() < self.wanted {
                if self.lock(&batch, row)? {
                    locked.push(row as u32);
                }
                row += 1;
            }
            self.wanted -= locked.len();
            let given = batch.take(&UInt32Array::from(locked))?;
            if row < batch.rows {
                self.rest = Some((batch, row));
            }
            if given.rows > 0 {
                return Ok(Some(given));
            }
        }
        Ok(None)
    }
}
