//! Where a key that is referenced stands, and where the rows that reference it do.

use super::compared::Compared;
use crate::error::Result;
use crate::exec::entry::entry_row_id;
use crate::exec::lookup::row_id;
use crate::sql::Reference;
use crate::storage::key::{append_key, decode_row_id, encode_row_id};
use crate::storage::row::decode_row;
use crate::storage::{EntryBatch, KeyRange, ScanDirection, StorageTxn, TreeId};
use crate::types::{SqlType, Value};

/// Entries read in one step.
const STEP: usize = 256;

/// Tree and key of the entry that is there when the referenced key is: one value for each column of the foreign key, of
/// the types of either side. `None` when no row can have that key.
pub(super) fn referenced_entry(
    reference: &Reference,
    values: &[Value],
) -> Option<(TreeId, Vec<u8>)> {
    let parent = &reference.parent;
    let value_of = |column: usize| {
        let at = reference.parent_columns.iter().position(|c| *c == column)?;
        Compared::of(reference, at).of_parent(&values[at])
    };
    match reference.parent_key {
        crate::catalog::ReferencedKey::RowId => {
            let id = row_id(&value_of(parent.row_id_column?)?)?;
            Some((parent.tree, encode_row_id(id).to_vec()))
        }
        crate::catalog::ReferencedKey::Index(index) => {
            let index = &parent.indexes[index];
            let mut key = Vec::new();
            for (column, descending) in &index.columns {
                append_key(&mut key, &value_of(*column)?, *descending);
            }
            Some((index.tree, key))
        }
    }
}

/// The rows that reference a key.
pub(super) struct Children<'r> {
    reference: &'r Reference,
    /// The key as it is compared.
    values: Vec<Value>,
    types: Vec<SqlType>,
    place: Place,
}

/// Where they can be.
enum Place {
    RowId(i64),
    Index(TreeId, KeyRange),
    Anywhere,
}

impl<'r> Children<'r> {
    /// Of the key of these values, one for each column of the foreign key, of the types of either side. `None` when no
    /// row can have them.
    pub(super) fn of(reference: &'r Reference, values: &[Value]) -> Option<Self> {
        let compared = values.iter().enumerate().map(|(position, value)| {
            let types = Compared::of(reference, position);
            // NULL stays, as a row may have it that MATCH FULL refuses.
            let value = types.widened(value);
            let own = match types.is_exact() {
                true => Some(types.of_child(&value)?),
                false => None,
            };
            Some((value, own))
        });
        let (values, own): (_, Vec<_>) = compared.collect::<Option<_>>()?;
        Some(Self {
            place: place(reference, &own),
            types: reference.child.columns.iter().map(|c| c.sql_type).collect(),
            reference,
            values,
        })
    }

    /// Tree and range in which there is a change whenever such a row comes or goes.
    pub(super) fn range(&self) -> (TreeId, KeyRange) {
        let table = self.reference.child.tree;
        match &self.place {
            Place::RowId(id) => (table, KeyRange::prefix(&encode_row_id(*id))),
            Place::Index(tree, range) => (*tree, range.clone()),
            Place::Anywhere => (table, KeyRange::ALL),
        }
    }

    /// Calls `found` with row id and row of each, until it says false. Errors: those of reading, and of `found`.
    pub(super) fn each(
        &self,
        txn: &dyn StorageTxn,
        mut found: impl FnMut(i64, Vec<Value>) -> Result<bool>,
    ) -> Result<()> {
        let table = self.reference.child.tree;
        if let Place::RowId(id) = self.place {
            return self.visit(txn, id, &mut found).map(drop);
        }
        let (tree, range) = self.range();
        let mut cursor = txn.scan(tree, range, ScanDirection::Forward)?;
        let mut batch = EntryBatch::default();
        while cursor.next_batch(&mut batch, STEP)? {
            for (key, stored) in batch.iter() {
                let more = match tree == table {
                    true => self.look(key, stored, &mut found)?,
                    false => self.visit(txn, entry_row_id(key, stored)?, &mut found)?,
                };
                if !more {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn visit(
        &self,
        txn: &dyn StorageTxn,
        id: i64,
        found: &mut impl FnMut(i64, Vec<Value>) -> Result<bool>,
    ) -> Result<bool> {
        let key = encode_row_id(id);
        match txn.get(self.reference.child.tree, &key)? {
            Some(stored) => self.look(&key, &stored, found),
            None => Ok(true),
        }
    }

    fn look(
        &self,
        key: &[u8],
        stored: &[u8],
        found: &mut impl FnMut(i64, Vec<Value>) -> Result<bool>,
    ) -> Result<bool> {
        let child = &self.reference.child;
        let columns = &self.reference.key.columns;
        let row_id_column = child.row_id_column;
        let mut own = decode_row(key, stored, &self.types, columns, row_id_column)?;
        for (position, value) in own.iter_mut().enumerate() {
            *value = Compared::of(self.reference, position).widened(value);
        }
        if comparable(&own) != comparable(&self.values) {
            return Ok(true);
        }
        let all: Vec<usize> = (0..self.types.len()).collect();
        let row = decode_row(key, stored, &self.types, &all, row_id_column)?;
        found(decode_row_id(key)?, row)
    }
}

/// Bytes that are equal when the values are.
fn comparable(values: &[Value]) -> Vec<u8> {
    let mut bytes = Vec::new();
    values.iter().for_each(|v| append_key(&mut bytes, v, false));
    bytes
}

/// Where rows with these referencing values, as far as they are known, can be: by the row id, or by the index of which
/// they fix the most columns.
fn place(reference: &Reference, values: &[Option<Value>]) -> Place {
    let (child, columns) = (&reference.child, &reference.key.columns);
    let value_of = |column: usize| {
        let at = columns.iter().position(|c| *c == column)?;
        values.get(at)?.as_ref()
    };
    if let Some(id) = child.row_id_column.and_then(value_of).and_then(row_id) {
        return Place::RowId(id);
    }
    let mut best = (0, Place::Anywhere);
    for index in child.indexes.iter().filter(|i| i.predicate.is_none()) {
        let mut key = Vec::new();
        let mut fixed = 0;
        for (column, descending) in &index.columns {
            let Some(value) = value_of(*column) else {
                break;
            };
            append_key(&mut key, value, *descending);
            fixed += 1;
        }
        if fixed > best.0 {
            best = (fixed, Place::Index(index.tree, KeyRange::prefix(&key)));
        }
    }
    best.1
}
