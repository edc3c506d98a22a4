//! `CREATE INDEX`: the entries for the rows that a table already has.

use crate::catalog::Table;
use crate::error::{Error, ErrorKind, Result};
use crate::exec::entry::{Indexes, insert_entry};
use crate::planted::{Mistake, makes};
use crate::sql::IndexKeys;
use crate::storage::key::decode_row_id;
use crate::storage::row::decode_row;
use crate::storage::{EntryBatch, KeyRange, ScanDirection, StorageTxn};
use crate::types::{SqlType, Value};
use std::ops::Bound;

/// Rows read in one step.
const STEP: usize = 1024;

/// Fills the empty tree of the index of `table` at that position. Errors: `23505` when it is unique and two rows have the
/// same key, and those of its expressions.
pub(crate) fn fill_index(txn: &mut dyn StorageTxn, table: &Table, index: usize) -> Result<()> {
    let keys = IndexKeys::of(table)?;
    let indexes = Indexes::new(table, &keys);
    let types: Vec<SqlType> = table.columns.iter().map(|c| c.sql_type).collect();
    let columns = keys.columns_of(table, index);
    if makes(Mistake::IndexNotFilled) {
        return Ok(());
    }
    let definition = &table.indexes[index];
    let mut low = Bound::Unbounded;
    let mut batch = EntryBatch::default();
    loop {
        // The scan is taken up again after each step, because a cursor would keep the transaction from writing.
        let range = KeyRange {
            low: low.clone(),
            high: Bound::Unbounded,
        };
        let more = txn
            .scan(table.tree, range, ScanDirection::Forward)?
            .next_batch(&mut batch, STEP)?;
        if !more {
            return Ok(());
        }
        for (key, stored) in batch.iter() {
            let id = decode_row_id(key)?;
            let values = decode_row(key, stored, &types, &columns, table.row_id_column)?;
            let mut row = vec![Value::Null; types.len()];
            for (column, value) in columns.iter().zip(values) {
                row[*column] = value;
            }
            if let Some((key, once)) = indexes.entry_key(index, &row, id)?
                && !insert_entry(txn, definition, &key, once.then_some(id))?
            {
                return Err(not_unique(&definition.name));
            }
        }
        low = Bound::Excluded(batch.key(batch.len() - 1).to_vec());
    }
}

/// `23505` for the index of that name.
pub(super) fn not_unique(index: &str) -> Error {
    let message = format!("could not create unique index \"{index}\"");
    Error::new(ErrorKind::Constraint, "23505", message)
}
