//! The entries of the root tree.

use super::decode::decode_table;
use super::encode::encode_table;
use super::field::damaged;
use super::schema::Schema;
use super::statistics::TableStatistics;
use super::table::Table;
use crate::error::Result;
use crate::storage::{EntryBatch, KeyRange, ScanDirection, StorageTxn, TreeId};
use std::sync::Arc;

/// The kind of an entry that is a table.
const TABLE: u8 = 1;

/// Entries read at a time.
const BATCH_ENTRIES: usize = 64;

fn table_key(name: &str) -> Vec<u8> {
    let mut key = vec![TABLE];
    key.extend_from_slice(name.as_bytes());
    key
}

/// All tables as the transaction sees them. Errors: those of reading; `XX001` when an entry is damaged or of a newer
/// version.
pub fn load(txn: &dyn StorageTxn, root: TreeId) -> Result<Schema> {
    let mut cursor = txn.scan(root, KeyRange::ALL, ScanDirection::Forward)?;
    let mut batch = EntryBatch::default();
    let mut tables = Vec::new();
    while cursor.next_batch(&mut batch, BATCH_ENTRIES)? {
        for (key, value) in batch.iter() {
            if key.first() != Some(&TABLE) {
                return Err(damaged(format_args!("an entry is of an unknown kind")));
            }
            let table = decode_table(value)?;
            if table_key(&table.name) != key {
                return Err(damaged(format_args!(
                    "table {} is under another name",
                    table.name
                )));
            }
            tables.push(Arc::new(table));
        }
    }
    Ok(Schema::new(tables))
}

/// Stores a table, new or changed; its trees exist. Errors: those of [`StorageTxn::put`].
pub fn put_table(txn: &mut dyn StorageTxn, root: TreeId, table: &Table) -> Result<()> {
    txn.put(root, &table_key(&table.name), &encode_table(table))
}

/// Forgets a table; its trees are the caller's to drop. Errors: those of [`StorageTxn::delete`]; `XX001` when there is no
/// such table.
pub fn remove_table(txn: &mut dyn StorageTxn, root: TreeId, name: &str) -> Result<()> {
    if txn.delete(root, &table_key(name))? {
        Ok(())
    } else {
        Err(damaged(format_args!("table {name} is missing")))
    }
}

/// Stores what was found about the contents of `table`. Errors: those of [`StorageTxn::put`].
pub fn store_statistics(
    txn: &mut dyn StorageTxn,
    root: TreeId,
    table: &Table,
    statistics: TableStatistics,
) -> Result<()> {
    let table = Table {
        statistics: Some(statistics),
        ..table.clone()
    };
    put_table(txn, root, &table)
}
