//! What a statement is going to write, as far as it must know before it writes.
//!
//! A change reads and computes everything before it writes anything. So when it can come to a row or to a key for the
//! second time (through a join, through `ON CONFLICT`, or because another change of the statement was there before),
//! what it finds in the database is not all that it must know. Here is the rest: of each row and each unique key that
//! will be written, whether it will be there.

use crate::catalog::Table;
use crate::error::Result;
use crate::exec::entry::Indexes;
use crate::exec::lookup::row_id;
use crate::exec::memory::Reservation;
use crate::storage::TreeId;
use crate::storage::key::encode_row_id;
use crate::types::Value;
use std::collections::BTreeMap;

/// What becomes of the entry of a row or of a unique key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// A row that the statement has written has it.
    Taken,
    /// The row that had it is removed, or has got another.
    Gone,
}

/// Fates, by tree and key.
pub(crate) struct Pending<'m> {
    fates: BTreeMap<(TreeId, Vec<u8>), Fate>,
    reservation: Reservation<'m>,
}

impl<'m> Pending<'m> {
    /// Nothing yet; what comes counts in `reservation`.
    pub(crate) fn new(reservation: Reservation<'m>) -> Self {
        Self {
            fates: BTreeMap::new(),
            reservation,
        }
    }

    /// What becomes of this entry, if the statement has to do with it.
    pub(crate) fn fate(&self, tree: TreeId, key: Vec<u8>) -> Option<Fate> {
        self.fates.get(&(tree, key)).copied()
    }

    /// Whether the statement has changed or removed the row `id`, or added it under a key of its own.
    pub(crate) fn is_written(&self, table: &Table, id: i64) -> bool {
        self.fate(table.tree, encode_row_id(id).to_vec()).is_some()
    }

    fn set(&mut self, tree: TreeId, key: Vec<u8>, fate: Fate) -> Result<()> {
        self.reservation.grow(key.len() + 64)?;
        self.fates.insert((tree, key), fate);
        Ok(())
    }

    fn set_keys(&mut self, indexes: Indexes<'_>, row: &[Value], fate: Fate) -> Result<()> {
        for (position, index) in indexes.iter().filter(|(_, index)| index.unique) {
            if let Some((key, true)) = indexes.entry_key(position, row, 0)? {
                self.set(index.tree, key, fate)?;
            }
        }
        Ok(())
    }

    /// A row is added.
    pub(crate) fn inserted(&mut self, indexes: Indexes<'_>, row: &[Value]) -> Result<()> {
        let table = indexes.table();
        if let Some(id) = table.row_id_column.and_then(|c| row_id(&row[c])) {
            self.set(table.tree, encode_row_id(id).to_vec(), Fate::Taken)?;
        }
        self.set_keys(indexes, row, Fate::Taken)
    }

    /// The row `id`, which is `old`, becomes `new`.
    pub(crate) fn updated(
        &mut self,
        indexes: Indexes<'_>,
        id: i64,
        old: &[Value],
        new: &[Value],
    ) -> Result<()> {
        let table = indexes.table();
        if !old.is_empty() {
            self.set_keys(indexes, old, Fate::Gone)?;
        }
        self.set(table.tree, encode_row_id(id).to_vec(), Fate::Gone)?;
        let new_id = match table.row_id_column {
            Some(column) => row_id(&new[column]).unwrap_or(id),
            None => id,
        };
        self.set(table.tree, encode_row_id(new_id).to_vec(), Fate::Taken)?;
        self.set_keys(indexes, new, Fate::Taken)
    }

    /// The row `id`, which has at least the columns of indexes in `old`, is removed.
    pub(crate) fn deleted(&mut self, indexes: Indexes<'_>, id: i64, old: &[Value]) -> Result<()> {
        self.set(indexes.table().tree, encode_row_id(id).to_vec(), Fate::Gone)?;
        self.set_keys(indexes, old, Fate::Gone)
    }
}
