//! `CREATE INDEX`: the entries for the rows that a table already has.

use crate::catalog::{Index, Table};
use crate::error::{Error, ErrorKind, Result};
use crate::exec::entry::entry_key;
use crate::planted::{Mistake, makes};
use crate::storage::key::{decode_row_id, encode_row_id};
use crate::storage::row::decode_row;
use crate::storage::{EntryBatch, KeyRange, ScanDirection, StorageTxn, TreeId};
use crate::types::{SqlType, Value};
use std::ops::Bound;

/// Rows read in one step.
const STEP: usize = 1024;

/// Fills the empty tree `tree` of `index`. Errors: `23505` when it is unique and two rows have the same key.
pub(crate) fn fill_index(
    txn: &mut dyn StorageTxn,
    table: &Table,
    index: &Index,
    tree: TreeId,
) -> Result<()> {
    let types: Vec<SqlType> = table.columns.iter().map(|c| c.sql_type).collect();
    let columns: Vec<usize> = index.columns.iter().map(|(c, _)| *c).collect();
    if makes(Mistake::IndexNotFilled) {
        return Ok(());
    }
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
            add(txn, index, tree, &row, id)?;
        }
        low = Bound::Excluded(batch.key(batch.len() - 1).to_vec());
    }
}

fn add(
    txn: &mut dyn StorageTxn,
    index: &Index,
    tree: TreeId,
    row: &[Value],
    id: i64,
) -> Result<()> {
    let (key, once) = entry_key(index, row, id);
    if !once {
        return txn.put(tree, &key, &[]);
    }
    if txn.insert(tree, &key, &encode_row_id(id))? {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Constraint,
        "23505",
        format!("could not create unique index \"{}\"", index.name),
    ))
}
