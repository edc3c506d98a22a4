//! `ALTER TABLE`: rows first, then indexes, then the catalog, then the keys of others.
//!
//! Rows that are stored anew go into a new tree, like those of an index that is built: whoever sees the schema as it was
//! still sees the rows as they were.

use crate::api::around::Around;
use crate::api::define_sequences::{drop_sequences, make, owned};
use crate::catalog::{self, Table};
use crate::error::{Error, Result};
use crate::exec;
use crate::sql::bound::AlterTable;
use crate::sql::reference;
use crate::storage::{StorageTxn, TreeId};
use std::sync::Arc;

/// Makes of a table what it is to be. Errors: `23502`, `23514`, `23505` and `23503` when a row breaks what is now asked
/// of it, and those of the expressions of its columns.
pub(crate) fn alter_table(
    txn: &mut dyn StorageTxn,
    root: TreeId,
    alter: &AlterTable,
    around: &Around<'_>,
) -> Result<()> {
    let (old, mut table) = (&alter.table, alter.altered.clone());
    let sequences = around.sequences;
    make(txn, &alter.sequences, sequences)?;
    if alter.rows.is_some() {
        table.tree = txn.create_tree()?;
    }
    exec::alter_rows(txn, alter, table.tree, around.clock, around.outside)?;
    for i in 0..table.indexes.len() {
        let tree = table.indexes[i].tree;
        if old.indexes.iter().all(|index| index.tree != tree) {
            table.indexes[i].tree = txn.create_tree()?;
            exec::build_index(txn, &Arc::new(table.clone()), i)?;
        }
    }
    for index in &old.indexes {
        if table.indexes.iter().all(|i| i.tree != index.tree) {
            txn.drop_tree(index.tree)?;
        }
    }
    if table.tree != old.tree {
        txn.drop_tree(old.tree)?;
    }
    if table.name != old.name {
        catalog::remove_table(txn, root, &old.name)?;
    }
    catalog::put_table(txn, root, &table)?;
    rename_references(txn, root, alter)?;
    let mut dropped = owned(&old.columns);
    let kept = owned(&table.columns);
    dropped.retain(|name| !kept.contains(name));
    drop_sequences(txn, &dropped, sequences)?;
    if alter.foreign_keys.is_empty() {
        return Ok(());
    }
    let schema = catalog::load(txn, root)?;
    let table = schema.table(&table.name);
    let table = table.ok_or_else(|| Error::misuse("API-6: a table that is altered is there"))?;
    for name in &alter.foreign_keys {
        if let Some(key) = table.foreign_keys.iter().find(|k| k.name == *name) {
            exec::check_foreign_key(txn, &reference(&schema, table, key)?)?;
        }
    }
    Ok(())
}

/// Foreign keys refer to tables and columns by their names.
fn rename_references(txn: &mut dyn StorageTxn, root: TreeId, alter: &AlterTable) -> Result<()> {
    let (old, new) = (&alter.table.name, &alter.altered.name);
    if old == new && alter.renamed.is_empty() {
        return Ok(());
    }
    let schema = catalog::load(txn, root)?;
    for table in schema.tables() {
        let mut changed = Table::clone(table);
        let keys = changed.foreign_keys.iter_mut();
        for key in keys.filter(|key| key.referenced_table == *old) {
            key.referenced_table.clone_from(new);
            for (from, to) in &alter.renamed {
                let columns = key.referenced_columns.iter_mut();
                columns
                    .filter(|c| *c == from)
                    .for_each(|c| c.clone_from(to));
            }
        }
        if changed != **table {
            catalog::put_table(txn, root, &changed)?;
        }
    }
    Ok(())
}
