//! Checks of a foreign key: for one key, or for all rows.

use super::keys::{Children, referenced_entry};
use crate::error::{Error, ErrorKind, Result};
use crate::sql::Reference;
use crate::storage::key::decode_row_id;
use crate::storage::row::decode_row;
use crate::storage::{EntryBatch, KeyRange, LockMode, ScanDirection, StorageTxn, for_each_entry};
use crate::types::{SqlType, Value};
use std::ops::Bound;

/// Rows read in one step.
const STEP: usize = 1024;

/// How often a lock is tried with a new snapshot, when others are faster. At levels that have one snapshot the same
/// error comes each time.
const TRIES_MAX: usize = 8;

fn violation(message: String) -> Error {
    Error::new(ErrorKind::Constraint, "23503", message)
}

/// `23503` for a row that references a key that is not there.
fn missing(reference: &Reference) -> Error {
    violation(format!(
        "insert or update on table \"{}\" violates foreign key constraint \"{}\"",
        reference.child.name, reference.key.name
    ))
}

/// `23503` for a key that is gone and referenced.
fn still_referenced(reference: &Reference) -> Error {
    let (parent, child) = (&reference.parent.name, &reference.child.name);
    violation(format!(
        "update or delete on table \"{parent}\" violates foreign key constraint \"{}\" on table \"{child}\"",
        reference.key.name
    ))
}

/// Whether a row has these referencing values.
fn has_children(txn: &dyn StorageTxn, reference: &Reference, values: &[Value]) -> Result<bool> {
    let mut found = false;
    if let Some(children) = Children::of(reference, values) {
        children.each(txn, |_, _| {
            found = true;
            Ok(false)
        })?;
    }
    Ok(found)
}

/// Locks the referenced key of these values and says whether it is there.
fn lock_referenced(
    txn: &mut dyn StorageTxn,
    reference: &Reference,
    values: &[Value],
) -> Result<bool> {
    let Some((tree, key)) = referenced_entry(reference, values) else {
        return Ok(false);
    };
    let mut tries = 1;
    loop {
        match txn.lock(tree, &key, LockMode::KeyShare, true) {
            Ok(_) => return Ok(txn.get(tree, &key)?.is_some()),
            Err(error) if tries < TRIES_MAX && error.sqlstate() == "40001" => {
                tries += 1;
                txn.refresh_snapshot();
            }
            Err(error) => return Err(error),
        }
    }
}

/// A row has got these referencing values, and perhaps others since, unless it `has` them still. Errors: `23503`.
pub(super) fn check_child(
    txn: &mut dyn StorageTxn,
    reference: &Reference,
    values: &[Value],
    has: bool,
) -> Result<()> {
    // What comes here with a NULL is what MATCH FULL refuses: some are and some are not.
    let mixed = values.iter().any(Value::is_null);
    if !mixed && lock_referenced(txn, reference, values)? {
        return Ok(());
    }
    if has || has_children(txn, reference, values)? {
        return Err(missing(reference));
    }
    Ok(())
}

/// A row with these referenced values is gone. Whether others may have them now, is up to `may_be_back`. Errors: `23503`.
pub(super) fn check_parent(
    txn: &mut dyn StorageTxn,
    reference: &Reference,
    values: &[Value],
    may_be_back: bool,
) -> Result<()> {
    if may_be_back
        && let Some((tree, key)) = referenced_entry(reference, values)
        && txn.get(tree, &key)?.is_some()
    {
        return Ok(());
    }
    if let Some(children) = Children::of(reference, values) {
        let (tree, range) = children.range();
        txn.depend_on(tree, &range);
    }
    match has_children(txn, reference, values)? {
        true => Err(still_referenced(reference)),
        false => Ok(()),
    }
}

/// The check of a referencing row with these values, by itself; `None` when it depends on what is there.
fn is_fine_alone(reference: &Reference, values: &[Value]) -> Option<bool> {
    match values.iter().filter(|v| v.is_null()).count() {
        0 => None,
        nulls => Some(!reference.key.full_match || nulls == values.len()),
    }
}

/// Checks the foreign key for all rows of its table. Errors: `23503`.
pub(crate) fn check_whole(txn: &mut dyn StorageTxn, reference: &Reference) -> Result<()> {
    let child = &reference.child;
    let types: Vec<SqlType> = child.columns.iter().map(|c| c.sql_type).collect();
    txn.depend_on(child.tree, &KeyRange::ALL);
    let mut range = KeyRange::ALL;
    let mut batch = EntryBatch::default();
    loop {
        // The scan is taken up again after each step, because a cursor would keep the transaction from a new snapshot.
        let more = txn
            .scan(child.tree, range.clone(), ScanDirection::Forward)?
            .next_batch(&mut batch, STEP)?;
        if !more {
            return Ok(());
        }
        for (key, stored) in batch.iter() {
            let columns = &reference.key.columns;
            let values = decode_row(key, stored, &types, columns, child.row_id_column)?;
            match is_fine_alone(reference, &values) {
                Some(true) => {}
                Some(false) | None => check_child(txn, reference, &values, true)?,
            }
        }
        range.low = Bound::Excluded(batch.key(batch.len() - 1).to_vec());
    }
}

/// Calls `broken` with the row id of each row that breaks the foreign key. Errors: those of reading, and of `broken`.
pub(crate) fn check_references(
    txn: &dyn StorageTxn,
    reference: &Reference,
    mut broken: impl FnMut(i64) -> Result<()>,
) -> Result<()> {
    let child = &reference.child;
    let types: Vec<SqlType> = child.columns.iter().map(|c| c.sql_type).collect();
    let columns = &reference.key.columns;
    for_each_entry(txn, child.tree, |key, stored| {
        let values = decode_row(key, stored, &types, columns, child.row_id_column)?;
        let fine = match is_fine_alone(reference, &values) {
            Some(fine) => fine,
            None => match referenced_entry(reference, &values) {
                Some((tree, key)) => txn.get(tree, &key)?.is_some(),
                None => false,
            },
        };
        match fine {
            true => Ok(()),
            false => broken(decode_row_id(key)?),
        }
    })
}
