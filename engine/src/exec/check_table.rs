//! The floor above the pages in `CHECK DATABASE`: rows that their table can have, and indexes that say what the rows do.

use crate::catalog::Table;
use crate::error::Result;
use crate::exec::entry::Indexes;
use crate::exec::integrity::UniqueKey;
use crate::sql::IndexKeys;
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
    let keys = IndexKeys::of(table)?;
    let indexes = Indexes::new(table, &keys);
    let mut expected = vec![0u64; table.indexes.len()];
    for_each_entry(txn, table.tree, |key, stored| {
        let row = decode_row_id(key).and_then(|id| {
            let row = decode_row(key, stored, &types, &all, table.row_id_column)?;
            Ok((id, row))
        });
        match row {
            Ok((id, row)) => check_row(txn, indexes, id, &row, &mut expected, problem),
            Err(error) => {
                problem(format!("table \"{}\": {error}", table.name));
                Ok(())
            }
        }
    })?;
    for (position, index) in indexes.iter() {
        let (mut entries, rows) = (0u64, expected[position]);
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

/// Counts in `expected` the entries that each index is to have.
fn check_row(
    txn: &dyn StorageTxn,
    indexes: Indexes<'_>,
    id: i64,
    row: &[Value],
    expected: &mut [u64],
    problem: &mut dyn FnMut(String),
) -> Result<()> {
    let table = indexes.table();
    for (column, value) in table.columns.iter().zip(row) {
        if column.not_null && matches!(value, Value::Null) {
            problem(format!(
                "table \"{}\", row {id}: column \"{}\" is NULL",
                table.name, column.name
            ));
        }
    }
    for (position, index) in indexes.iter() {
        let entry = match indexes.entry_key(position, row, id) {
            Ok(entry) => entry,
            Err(error) => {
                problem(format!("index \"{}\", row {id}: {error}", index.name));
                continue;
            }
        };
        let Some((key, once)) = entry else { continue };
        expected[position] += 1;
        let wanted: &[u8] = if once { &encode_row_id(id) } else { &[] };
        if txn
            .get(index.tree, &key)?
            .is_none_or(|value| value != wanted)
        {
            problem(format!(
                "index \"{}\" lacks the entry of row {id} of table \"{}\"",
                index.name, table.name
            ));
        }
    }
    Ok(())
}
