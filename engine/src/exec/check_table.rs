//! The floor above the pages in `CHECK DATABASE`: rows that their table can have, and indexes that say what the rows do.

use crate::catalog::{Index, Table};
use crate::error::Result;
use crate::exec::entry::entry_key;
use crate::exec::integrity::UniqueKey;
use crate::storage::key::{decode_row_id, encode_row_id};
use crate::storage::row::decode_row;
use crate::storage::{StorageTxn, for_each_entry};
use crate::types::{SqlType, Value};
use std::sync::Arc;

/// Tells `problem` of each row that cannot be read, each row that an index lacks, each index with entries for rows
/// that are not there, and keys that are to be unique and are not. Errors: those of reading.
pub(crate) fn check_table(
    txn: &dyn StorageTxn,
    table: &Arc<Table>,
    problem: &mut dyn FnMut(String),
) -> Result<()> {
    let types: Vec<SqlType> = table.columns.iter().map(|c| c.sql_type).collect();
    let all: Vec<usize> = (0..types.len()).collect();
    let mut rows = 0;
    for_each_entry(txn, table.tree, |key, stored| {
        let row = decode_row_id(key).and_then(|id| {
            let row = decode_row(key, stored, &types, &all, table.row_id_column)?;
            Ok((id, row))
        });
        rows += 1;
        match row {
            Ok((id, row)) => check_row(txn, table, id, &row, problem),
            Err(error) => {
                problem(format!("table \"{}\": {error}", table.name));
                Ok(())
            }
        }
    })?;
    for index in &table.indexes {
        let mut entries = 0u64;
        for_each_entry(txn, index.tree, |_, _| {
            entries += 1;
            Ok(())
        })?;
        if entries != rows {
            problem(format!(
                "index \"{}\" has {entries} entries for the {rows} rows of table \"{}\"",
                index.name, table.name
            ));
        }
    }
    for unique in UniqueKey::of(table) {
        let duplicates = unique.duplicates(txn)?;
        if duplicates > 0 {
            let (index, table) = (&unique.index().name, &table.name);
            problem(format!(
                "unique index \"{index}\" has {duplicates} keys of table \"{table}\" more than once"
            ));
        }
    }
    Ok(())
}

fn check_row(
    txn: &dyn StorageTxn,
    table: &Table,
    id: i64,
    row: &[Value],
    problem: &mut dyn FnMut(String),
) -> Result<()> {
    for (column, value) in table.columns.iter().zip(row) {
        if column.not_null && matches!(value, Value::Null) {
            problem(format!(
                "table \"{}\", row {id}: column \"{}\" is NULL",
                table.name, column.name
            ));
        }
    }
    for index in &table.indexes {
        if !holds(txn, index, row, id)? {
            problem(format!(
                "index \"{}\" lacks the entry of row {id} of table \"{}\"",
                index.name, table.name
            ));
        }
    }
    Ok(())
}

fn holds(txn: &dyn StorageTxn, index: &Index, row: &[Value], id: i64) -> Result<bool> {
    let (key, once) = entry_key(index, row, id);
    let expected: &[u8] = if once { &encode_row_id(id) } else { &[] };
    let found = txn.get(index.tree, &key)?;
    Ok(found.is_some_and(|value| value == expected))
}
