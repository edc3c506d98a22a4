//! Unique keys that are deferrable: two rows may have the same one until a statement, or the transaction, ends.
//!
//! All entries of such an index have the row id at the end of the key, so that the tree holds both. A check of a key locks
//! the key's columns alone, under which no entry is: whoever gives a row the same key has to come by there before its
//! commit. So it sees the other's row, in a new snapshot at READ COMMITTED; at the other levels it depends on the range of
//! the key's entries, and its commit fails with `40001`.

use crate::catalog::{Index, Table};
use crate::error::Result;
use crate::exec::entry::{entry_row_id, key_columns, unique_violation};
use crate::storage::key::encode_row_id;
use crate::storage::row::decode_row;
use crate::storage::{EntryBatch, KeyRange, LockMode, ScanDirection, StorageTxn};
use crate::types::SqlType;
use std::ops::Bound;
use std::sync::Arc;

/// Entries read in one step.
const STEP: usize = 1024;

/// How often the rows of a key are looked at again because one was changed by a transaction that has ended since.
const TRIES_MAX: usize = 8;

/// An index that is unique at the end, with its table.
#[derive(Clone, Debug)]
pub(crate) struct UniqueKey {
    pub(super) table: Arc<Table>,
    /// Position among the table's indexes.
    pub(super) index: usize,
}

impl UniqueKey {
    pub(crate) fn index(&self) -> &Index {
        &self.table.indexes[self.index]
    }

    /// All deferrable unique keys of `table`.
    pub(crate) fn of(table: &Arc<Table>) -> impl Iterator<Item = Self> + '_ {
        let deferrable = |index: &usize| table.indexes[*index].is_deferrable();
        let indexes = (0..table.indexes.len()).filter(deferrable);
        indexes.map(|index| Self {
            table: table.clone(),
            index,
        })
    }

    /// Makes all others wait who check the same key, until this transaction ends.
    pub(super) fn lock(&self, txn: &dyn StorageTxn, key: &[u8]) -> Result<()> {
        let locked = txn.lock(self.index().tree, key, LockMode::Update, true);
        locked.map(drop)
    }

    /// At most one row has this key. Errors: `23505`, and those of locks.
    pub(super) fn check(&self, txn: &mut dyn StorageTxn, key: &[u8]) -> Result<()> {
        let (tree, range) = (self.index().tree, KeyRange::prefix(key));
        self.lock(txn, key)?;
        txn.refresh_snapshot();
        txn.depend_on(tree, &range);
        let mut tries = 0;
        let mut batch = EntryBatch::default();
        loop {
            txn.scan(tree, range.clone(), ScanDirection::Forward)?
                .next_batch(&mut batch, 2)?;
            let entries: Vec<Vec<u8>> = batch.iter().map(|(key, _)| key.to_vec()).collect();
            if entries.len() < 2 {
                return Ok(());
            }
            // Either may be on its way out, in a transaction that has not ended: then that is waited for.
            let locked = entries.iter().try_for_each(|entry| {
                let locked = txn.lock(tree, entry, LockMode::KeyShare, true);
                locked.map(drop)
            });
            let locked = match locked {
                Ok(()) => true,
                Err(error) if error.sqlstate() == "40001" && tries < TRIES_MAX => false,
                Err(error) => return Err(error),
            };
            tries += 1;
            txn.refresh_snapshot();
            // What is locked stays as it is.
            let mut stays = locked;
            for entry in &entries {
                stays &= txn.get(tree, entry)?.is_some();
            }
            if stays {
                return Err(unique_violation(&self.index().name));
            }
        }
    }

    /// Checks all keys. Errors: those of [`Self::check`].
    pub(super) fn check_whole(&self, txn: &mut dyn StorageTxn) -> Result<()> {
        txn.depend_on(self.index().tree, &KeyRange::ALL);
        let mut scan = DuplicateScan::default();
        while let Some(keys) = scan.step(self, txn)? {
            keys.iter().try_for_each(|key| self.check(txn, key))?;
        }
        Ok(())
    }

    /// How many rows have a key that a row before them has. Errors: those of reading.
    pub(crate) fn duplicates(&self, txn: &dyn StorageTxn) -> Result<usize> {
        let (mut scan, mut count) = (DuplicateScan::default(), 0);
        while let Some(keys) = scan.step(self, txn)? {
            count += keys.len();
        }
        Ok(count)
    }

    /// Whether the key of that row has a NULL, which is equal to nothing.
    fn has_null(&self, txn: &dyn StorageTxn, id: i64) -> Result<bool> {
        let key = encode_row_id(id);
        let Some(stored) = txn.get(self.table.tree, &key)? else {
            return Ok(true); // it is gone
        };
        let types: Vec<SqlType> = self.table.columns.iter().map(|c| c.sql_type).collect();
        let all: Vec<usize> = (0..types.len()).collect();
        let row = decode_row(&key, &stored, &types, &all, self.table.row_id_column)?;
        Ok(key_columns(self.index(), &row).1)
    }
}

/// Goes through the entries of an index for keys that stand several times. A cursor is taken for each step anew, because
/// one that is held would keep the transaction from a new snapshot.
#[derive(Default)]
struct DuplicateScan {
    last: Option<Vec<u8>>,
}

impl DuplicateScan {
    /// The keys among the next entries that the entry before has too; `None` at the end.
    fn step(&mut self, unique: &UniqueKey, txn: &dyn StorageTxn) -> Result<Option<Vec<Vec<u8>>>> {
        let mut range = KeyRange::ALL;
        if let Some(last) = &self.last {
            range.low = Bound::Excluded(last.clone());
        }
        let mut batch = EntryBatch::default();
        let more = txn
            .scan(unique.index().tree, range, ScanDirection::Forward)?
            .next_batch(&mut batch, STEP)?;
        if !more {
            return Ok(None);
        }
        let mut found = Vec::new();
        for (entry, stored) in batch.iter() {
            let key = columns_of(entry);
            if self
                .last
                .as_deref()
                .is_some_and(|last| columns_of(last) == key)
                && !unique.has_null(txn, entry_row_id(entry, stored)?)?
            {
                found.push(key.to_vec());
            }
            self.last = Some(entry.to_vec());
        }
        Ok(Some(found))
    }
}

/// An entry's key without the row id.
fn columns_of(entry: &[u8]) -> &[u8] {
    &entry[..entry.len().saturating_sub(size_of::<i64>())]
}
