//! Index entries: the bytes that stand for a row in an index.
//!
//! ```text
//!   always unique, no NULL in the key    key columns            → row id
//!   otherwise                            key columns, row id    → (nothing)
//! ```

use crate::catalog::{Index, Table};
use crate::error::{Error, ErrorKind, Result};
use crate::storage::StorageTxn;
use crate::storage::key::{append_key, decode_row_id, encode_row_id};
use crate::types::Value;

/// The key of `row` (a value for each column of the table) in `index`, and whether it is held once only.
pub(crate) fn entry_key(index: &Index, row: &[Value], row_id: i64) -> (Vec<u8>, bool) {
    let (mut key, null) = key_columns(index, row);
    let once = index.is_always_unique() && !null;
    if !once {
        key.extend_from_slice(&encode_row_id(row_id));
    }
    (key, once)
}

/// The part of the key that is made of columns, and whether one of them is NULL.
pub(crate) fn key_columns(index: &Index, row: &[Value]) -> (Vec<u8>, bool) {
    let mut key = Vec::with_capacity(index.columns.len() * 10 + 8);
    let mut null = false;
    for (column, descending) in &index.columns {
        null |= matches!(row[*column], Value::Null);
        append_key(&mut key, &row[*column], *descending);
    }
    (key, null)
}

/// The row id of an index entry.
pub(crate) fn entry_row_id(key: &[u8], value: &[u8]) -> Result<i64> {
    if value.is_empty() {
        let tail = key.len().checked_sub(8).map(|at| &key[at..]);
        return decode_row_id(tail.unwrap_or(key));
    }
    decode_row_id(value)
}

/// Adds the entries of `row` to all indexes of `table`; gives the position of a unique one that has the key already, if
/// there is one.
pub(crate) fn insert_entries(
    txn: &mut dyn StorageTxn,
    table: &Table,
    row: &[Value],
    row_id: i64,
) -> Result<Option<usize>> {
    for (position, index) in table.indexes.iter().enumerate() {
        if !insert_entry(txn, index, row, row_id)? {
            return Ok(Some(position));
        }
    }
    Ok(None)
}

/// Adds the entry of `row` to `index`; false when it is unique and has the key already.
fn insert_entry(
    txn: &mut dyn StorageTxn,
    index: &Index,
    row: &[Value],
    row_id: i64,
) -> Result<bool> {
    let (key, once) = entry_key(index, row, row_id);
    if !once {
        txn.put(index.tree, &key, &[])?;
        return Ok(true);
    }
    txn.insert(index.tree, &key, &encode_row_id(row_id))
}

/// Removes the entries of `row` from all indexes of `table`.
pub(crate) fn delete_entries(
    txn: &mut dyn StorageTxn,
    table: &Table,
    row: &[Value],
    row_id: i64,
) -> Result<()> {
    for index in &table.indexes {
        let (key, _) = entry_key(index, row, row_id);
        delete_entry(txn, index, &key)?;
    }
    Ok(())
}

/// Replaces the entries of `old` by those of `new` where they differ.
pub(crate) fn replace_entries(
    txn: &mut dyn StorageTxn,
    table: &Table,
    (old, old_id): (&[Value], i64),
    (new, new_id): (&[Value], i64),
) -> Result<()> {
    for index in &table.indexes {
        let (old_key, old_once) = entry_key(index, old, old_id);
        let (new_key, new_once) = entry_key(index, new, new_id);
        if old_key == new_key && old_once == new_once {
            if new_once && old_id != new_id {
                txn.put(index.tree, &new_key, &encode_row_id(new_id))?;
            }
            continue;
        }
        delete_entry(txn, index, &old_key)?;
        if !new_once {
            txn.put(index.tree, &new_key, &[])?;
        } else if !txn.insert(index.tree, &new_key, &encode_row_id(new_id))? {
            return Err(unique_violation(&index.name));
        }
    }
    Ok(())
}

fn delete_entry(txn: &mut dyn StorageTxn, index: &Index, key: &[u8]) -> Result<()> {
    if txn.delete(index.tree, key)? {
        return Ok(());
    }
    Err(Error::corrupt(format!(
        "index \"{}\" has no entry for a row of its table",
        index.name
    )))
}

/// `23505` for the constraint of that name.
pub(crate) fn unique_violation(constraint: &str) -> Error {
    Error::new(
        ErrorKind::Constraint,
        "23505",
        format!("duplicate key value violates unique constraint \"{constraint}\""),
    )
}
