//! `ALTER TABLE`: what becomes of the rows that a table already has.

use crate::catalog::Table;
use crate::error::{Error, ErrorKind, Result};
use crate::exec::batch::Batch;
use crate::exec::eval::{Clock, EvalContext, Outside, evaluate};
use crate::exec::fill_index::{fill_index, not_unique};
use crate::exec::integrity::UniqueKey;
use crate::sql::bound::{AlterTable, Expr};
use crate::storage::key::encode_row_id;
use crate::storage::row::{decode_row, encode_row};
use crate::storage::{EntryBatch, KeyRange, ScanDirection, StorageTxn, TreeId};
use crate::types::array::value_at;
use crate::types::{SqlType, Value};
use std::ops::Bound;
use std::sync::Arc;

/// Rows read in one step.
const STEP: usize = 1024;

/// Looks at each row of `alter.table` as it becomes, and stores it in the tree `tree` if rows are stored anew. Errors:
/// `23502` and `23514` for one that breaks a constraint, and those of the expressions.
pub(crate) fn alter_rows(
    txn: &mut dyn StorageTxn,
    alter: &AlterTable,
    tree: TreeId,
    clock: Clock,
    outside: Outside<'_>,
) -> Result<()> {
    if alter.rows.is_none() && alter.not_null.is_empty() && alter.checks.is_empty() {
        return Ok(());
    }
    let context = EvalContext {
        parameters: &[],
        outer_rows: &[],
        subqueries: None,
        clock,
        outside: Some(outside),
    };
    // Rows that are stored as they were have the columns that the table now has.
    let (before, after) = (&alter.table, &alter.altered);
    let read: &Table = match alter.rows {
        Some(_) => before,
        None => after,
    };
    let types: Vec<SqlType> = read.columns.iter().map(|c| c.sql_type).collect();
    let all: Vec<usize> = (0..types.len()).collect();
    let mut range = KeyRange::ALL;
    let mut entries = EntryBatch::default();
    loop {
        // The scan is taken up again after each step, because a cursor would keep the transaction from writing.
        let more = txn
            .scan(before.tree, range.clone(), ScanDirection::Forward)?
            .next_batch(&mut entries, STEP)?;
        if !more {
            return Ok(());
        }
        let decoded = entries
            .iter()
            .map(|(key, stored)| decode_row(key, stored, &types, &all, read.row_id_column));
        let old: Vec<Vec<Value>> = decoded.collect::<Result<_>>()?;
        let batch = Batch::from_rows(&types, old.iter().map(Vec::as_slice))?;
        let new = match &alter.rows {
            Some(values) => Some(computed(values, &batch, &context)?),
            None => None,
        };
        check(alter, new.as_ref().unwrap_or(&batch), &context)?;
        if let Some(new) = new {
            store(txn, after, tree, &entries, &new)?;
        }
        range.low = Bound::Excluded(entries.key(entries.len() - 1).to_vec());
    }
}

fn computed(values: &[Expr], batch: &Batch, context: &EvalContext<'_>) -> Result<Batch> {
    let columns = values.iter();
    let columns = columns.map(|e| evaluate(e, &batch.columns, batch.rows, context));
    Ok(Batch::new(columns.collect::<Result<_>>()?, batch.rows))
}

fn check(alter: &AlterTable, rows: &Batch, context: &EvalContext<'_>) -> Result<()> {
    let table = &alter.altered;
    for column in &alter.not_null {
        if rows.columns[*column].null_count() > 0 {
            let message = format!(
                "column \"{}\" of relation \"{}\" contains null values",
                table.columns[*column].name, table.name
            );
            return Err(Error::new(ErrorKind::Constraint, "23502", message));
        }
    }
    for (name, condition) in &alter.checks {
        let holds = evaluate(condition, &rows.columns, rows.rows, context)?;
        let broken = |row| value_at(&holds, row, SqlType::Bool) == Value::Bool(false);
        if (0..rows.rows).any(broken) {
            let message = format!(
                "check constraint \"{name}\" of relation \"{}\" is violated by some row",
                table.name
            );
            return Err(Error::new(ErrorKind::Constraint, "23514", message));
        }
    }
    Ok(())
}

fn store(
    txn: &mut dyn StorageTxn,
    table: &Table,
    tree: TreeId,
    entries: &EntryBatch,
    rows: &Batch,
) -> Result<()> {
    let mut stored = Vec::new();
    for row in 0..rows.rows {
        let columns = rows.columns.iter().zip(&table.columns);
        let values: Vec<Value> = columns
            .map(|(array, column)| value_at(array, row, column.sql_type))
            .collect();
        stored.clear();
        encode_row(&values, table.row_id_column, &mut stored);
        let new = match table.row_id_column.and_then(|c| row_id(&values[c])) {
            Some(id) => txn.insert(tree, &encode_row_id(id), &stored)?,
            None => txn.insert(tree, entries.key(row), &stored)?,
        };
        if !new {
            let key = table.primary_key_name.as_deref().unwrap_or_default();
            return Err(not_unique(key));
        }
    }
    Ok(())
}

/// The row id that an integer primary key is.
fn row_id(value: &Value) -> Option<i64> {
    match value {
        Value::Int2(v) => Some(i64::from(*v)),
        Value::Int4(v) => Some(i64::from(*v)),
        Value::Int8(v) => Some(*v),
        _ => None,
    }
}

/// Fills the tree of an index of `table`. Errors: `23505` when it is unique and two rows have the same key.
pub(crate) fn build_index(
    txn: &mut dyn StorageTxn,
    table: &Arc<Table>,
    index: usize,
) -> Result<()> {
    let definition = &table.indexes[index];
    fill_index(txn, table, index)?;
    for unique in UniqueKey::of(table).filter(|key| key.index().name == definition.name) {
        if unique.duplicates(txn)? > 0 {
            return Err(not_unique(&definition.name));
        }
    }
    Ok(())
}
