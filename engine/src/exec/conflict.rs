//! ON CONFLICT: whether a new row finds a key taken, and what becomes of the row that has it.
//!
//! Keys are looked up in the statement's snapshot, and among what it is going to write itself. That another transaction
//! takes a key meanwhile shows when the row is written: with `40001`, on which READ COMMITTED runs the statement again,
//! and the other levels fail, as PostgreSQL's do.

use crate::catalog::ReferencedKey;
use crate::error::{Error, ErrorKind, Result};
use crate::exec::change::Work;
use crate::exec::entry::Indexes;
use crate::exec::lookup::row_id;
use crate::exec::pending::Fate;
use crate::sql::bound::{ConflictUpdate, OnConflict};
use crate::storage::TreeId;
use crate::storage::key::{decode_row_id, encode_row_id};
use crate::storage::row::decode_row;
use crate::types::Value;

/// Who has the key that a new row wants.
enum Holder {
    /// A row that this statement writes.
    Own,
    /// The row of that id.
    Row(i64),
}

impl<'a> Work<'a, '_, '_> {
    /// Adds a row that was checked, or does what is to be done when a key is taken.
    pub(super) fn propose(&mut self, row: Vec<Value>, conflict: &'a OnConflict) -> Result<()> {
        let Some(holder) = self.holder(&row, conflict)? else {
            return self.push_insert(row);
        };
        let Some(ConflictUpdate {
            assignments,
            filter,
            visible,
        }) = &conflict.update
        else {
            return Ok(());
        };
        let Holder::Row(id) = holder else {
            return Err(Error::new(
                ErrorKind::Sql,
                "21000",
                "ON CONFLICT DO UPDATE command cannot affect row a second time",
            ));
        };
        let old = self.stored(id)?;
        if let Some(name) = self.first_broken(visible, &old)? {
            let message = format!("conflicting row is not visible through view \"{name}\"");
            return Err(Error::new(ErrorKind::Sql, "55000", message));
        }
        let mut both = old.clone();
        both.extend(row);
        let view = self.view(&both);
        if let Some(filter) = filter
            && self.context.scalar(filter, view)? != Value::Bool(true)
        {
            return self.push_lock(id);
        }
        let mut new = old.clone();
        self.assign(assignments, view, &mut new)?;
        self.push_update(id, old, new)
    }

    /// Who has one of the keys that decide.
    fn holder(&self, row: &[Value], conflict: &OnConflict) -> Result<Option<Holder>> {
        let table = &*self.change.table;
        for arbiter in &conflict.arbiters {
            let Some((tree, key)) = wanted_key(self.indexes(), *arbiter, row)? else {
                continue;
            };
            match self.pending.fate(tree, key.clone()) {
                Some(Fate::Taken) => return Ok(Some(Holder::Own)),
                Some(Fate::Gone) => continue,
                None => {}
            }
            let Some(stored) = self.context.txn.get(tree, &key)? else {
                continue;
            };
            let id = match arbiter {
                ReferencedKey::RowId => decode_row_id(&key)?,
                ReferencedKey::Index(_) => decode_row_id(&stored)?,
            };
            return Ok(Some(match self.pending.is_written(table, id) {
                true => Holder::Own,
                false => Holder::Row(id),
            }));
        }
        Ok(None)
    }

    /// The row `id`, which an entry of an index, or its own, has named.
    fn stored(&self, id: i64) -> Result<Vec<Value>> {
        let table = &*self.change.table;
        let key = encode_row_id(id);
        let Some(stored) = self.context.txn.get(table.tree, &key)? else {
            let name = &table.name;
            return Err(Error::corrupt(format!(
                "an index of table \"{name}\" has an entry for a row that is not there"
            )));
        };
        let types = &self.types[..self.width()];
        let all: Vec<usize> = (0..types.len()).collect();
        decode_row(&key, &stored, types, &all, table.row_id_column)
    }
}

/// Where the entry of `row` for this unique key stands; `None` when there is none, or it
/// has a NULL in it, which is equal to nothing.
fn wanted_key(
    indexes: Indexes<'_>,
    key: ReferencedKey,
    row: &[Value],
) -> Result<Option<(TreeId, Vec<u8>)>> {
    let table = indexes.table();
    Ok(match key {
        ReferencedKey::RowId => {
            let id = table.row_id_column.and_then(|column| row_id(&row[column]));
            id.map(|id| (table.tree, encode_row_id(id).to_vec()))
        }
        ReferencedKey::Index(index) => match indexes.entry_key(index, row, 0)? {
            Some((key, true)) => Some((table.indexes[index].tree, key)),
            _ => None,
        },
    })
}
