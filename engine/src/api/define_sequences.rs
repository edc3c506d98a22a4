//! `CREATE`, `ALTER` and `DROP SEQUENCE`, and what becomes of the sequences of a table: which column a sequence is dropped
//! with, and which columns take its values by default, is kept with the columns.

use crate::api::sequences::Sequences;
use crate::catalog::{self, Column, RelationName, Sequence, SequenceState, Table};
use crate::error::Result;
use crate::sql::bound::{AlterSequence, CreateSequence, SequenceOwner};
use crate::sql::{takes_values_of, with_sequences_renamed};
use crate::storage::{StorageTxn, TreeId};

/// Before the first value.
fn fresh(sequence: &Sequence) -> SequenceState {
    SequenceState {
        value: sequence.start,
        called: false,
    }
}

/// Makes sequences that have neither a number nor a tree yet. Errors: those of writing.
pub(super) fn make(
    txn: &mut dyn StorageTxn,
    made: &[Sequence],
    sequences: &Sequences<'_>,
) -> Result<()> {
    made.iter()
        .try_for_each(|s| sequences.begin(txn, s.clone(), fresh(s)))
}

/// `CREATE SEQUENCE`. Errors: those of writing.
pub(super) fn create(
    txn: &mut dyn StorageTxn,
    create: &CreateSequence,
    sequences: &Sequences<'_>,
) -> Result<()> {
    let sequence = &create.sequence;
    sequences.begin(txn, sequence.clone(), fresh(sequence))?;
    match &create.owner {
        Some(owner) => set_owner(txn, sequences.root(), &sequence.name, Some(owner)),
        None => Ok(()),
    }
}

/// `ALTER SEQUENCE`. Errors: `22023` when it stands where it cannot stand any more, and those of writing.
pub(super) fn alter(
    txn: &mut dyn StorageTxn,
    alter: &AlterSequence,
    sequences: &Sequences<'_>,
) -> Result<()> {
    let AlterSequence {
        before,
        after,
        restart,
        owner,
    } = alter;
    let root = sequences.root();
    if before.name != after.name {
        catalog::remove_sequence(txn, root, &before.name)?;
        rename(txn, root, &before.name, &after.name)?;
    }
    match restart {
        Some(value) => {
            let state = SequenceState {
                value: *value,
                called: false,
            };
            sequences.begin_anew(txn, after, state)?;
        }
        None => {
            if before.counting != after.counting {
                let value = sequences.state(before)?.value;
                after.counting.refuse_beyond("RESTART", value)?;
            }
            catalog::put_sequence(txn, root, after)?;
        }
    }
    match owner {
        Some(owner) => set_owner(txn, root, &after.name, owner.as_ref()),
        None => Ok(()),
    }
}

/// `TRUNCATE … RESTART IDENTITY`: begins the sequences of the table's columns anew. Errors: those of writing.
pub(super) fn restart(
    txn: &mut dyn StorageTxn,
    table: &Table,
    sequences: &Sequences<'_>,
) -> Result<()> {
    for name in table.columns.iter().flat_map(|column| &column.sequences) {
        if let Some(sequence) = sequences.schema.sequence(name) {
            sequences.begin_anew(txn, sequence, fresh(sequence))?;
        }
    }
    Ok(())
}

/// Drops sequences, and the defaults that take values of them: who dropped them said CASCADE, or there are none. Errors:
/// those of writing.
pub(super) fn drop_sequences(
    txn: &mut dyn StorageTxn,
    names: &[RelationName],
    sequences: &Sequences<'_>,
) -> Result<()> {
    let root = sequences.root();
    for name in names {
        if let Some(sequence) = sequences.schema.sequence(name) {
            txn.drop_tree(sequence.tree)?;
            catalog::remove_sequence(txn, root, name)?;
        }
    }
    if names.is_empty() {
        return Ok(());
    }
    change_columns(txn, root, |_, column| {
        column.sequences.retain(|name| !names.contains(name));
        if let Some(default) = &column.default
            && takes_values_of(default, names)?
        {
            column.default = None;
        }
        Ok(())
    })
}

/// The sequences that are dropped with these columns.
pub(super) fn owned<'c>(columns: impl IntoIterator<Item = &'c Column>) -> Vec<RelationName> {
    let columns = columns.into_iter();
    columns.flat_map(|c| c.sequences.iter().cloned()).collect()
}

fn rename(
    txn: &mut dyn StorageTxn,
    root: TreeId,
    old: &RelationName,
    new: &RelationName,
) -> Result<()> {
    change_columns(txn, root, |_, column| {
        let identity = column.identity.iter_mut().map(|i| &mut i.sequence);
        for name in identity
            .chain(&mut column.sequences)
            .filter(|n| **n == *old)
        {
            name.clone_from(new);
        }
        if let Some(default) = &mut column.default {
            *default = with_sequences_renamed(default, |name| (name == old).then(|| new.clone()))?;
        }
        Ok(())
    })
}

/// The sequence is dropped with that column, and with no other.
fn set_owner(
    txn: &mut dyn StorageTxn,
    root: TreeId,
    name: &RelationName,
    owner: Option<&SequenceOwner>,
) -> Result<()> {
    change_columns(txn, root, |table, column| {
        column.sequences.retain(|known| known != name);
        if owner.is_some_and(|o| o.table == *table && o.column == column.name) {
            column.sequences.push(name.clone());
        }
        Ok(())
    })
}

/// Changes the columns of all tables, given with the name of their table.
fn change_columns(
    txn: &mut dyn StorageTxn,
    root: TreeId,
    change: impl Fn(&RelationName, &mut Column) -> Result<()>,
) -> Result<()> {
    let schema = catalog::load(txn, root)?;
    for table in schema.tables() {
        let mut changed = Table::clone(table);
        for column in &mut changed.columns {
            change(&table.name, column)?;
        }
        if changed != **table {
            catalog::put_table(txn, root, &changed)?;
        }
    }
    Ok(())
}
