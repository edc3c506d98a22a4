//! Changing the entry of one key.

use super::core::garbage_key;
use super::transaction::{DiskTxn, UndoItem};
use super::undo::{UndoAction, encode_free_pages, encode_restore};
use crate::btree::{
    ChainRef, Entry, LeafMut, OVERFLOW, TOMBSTONE, cell_bytes_max, key_bytes_max, write_chain,
};
use crate::buffer::Author;
use crate::error::{Error, ErrorKind, Result};
use crate::page::PageId;
use crate::planted::{Mistake, makes};
use crate::txn::{LockMode, TxnState};
use std::sync::Arc;

/// What to do with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ChangeKind {
    /// Put a value if there is none.
    Insert,
    /// Put a value.
    Put,
    /// Remove the value.
    Delete,
}

/// Bytes that undoing a change takes in the log, beside its note.
const UNDO_BYTES: u64 = 192;
/// Log space for undo is kept in steps of at least this.
const UNDO_STEP_BYTES: u64 = 4096;

impl DiskTxn {
    /// Makes sure that the log can hold the undoing of a change of `bytes` bytes.
    pub(super) fn keep_log_for_undo(&mut self, bytes: u64) -> Result<()> {
        self.held.needed_bytes += bytes + UNDO_BYTES;
        if self.held.needed_bytes > self.held.kept_bytes {
            let more = (self.held.needed_bytes - self.held.kept_bytes).max(UNDO_STEP_BYTES);
            self.held.kept_bytes += self.core.log().reserve(more)?.keep();
        }
        Ok(())
    }

    /// Changes a key; false, and nothing is changed, when there is (for an insert) or is not (for a delete) a value.
    pub(super) fn change(
        &mut self,
        tree: PageId,
        key: &[u8],
        kind: ChangeKind,
        value: &[u8],
    ) -> Result<bool> {
        self.note_use();
        let mark = self.undo.len();
        let changed = self.change_or_not(tree, key, kind, value);
        if matches!(changed, Ok(true)) {
            self.changed = true;
        } else {
            self.undo_to(mark)?;
            self.forget_idle_writer();
        }
        changed
    }

    fn change_or_not(
        &mut self,
        tree: PageId,
        key: &[u8],
        kind: ChangeKind,
        value: &[u8],
    ) -> Result<bool> {
        let page_bytes = self.core.pool.page_bytes();
        if key.len() > key_bytes_max(page_bytes) {
            return Err(Error::new(
                ErrorKind::Limit,
                "54000",
                format!(
                    "a key of {} bytes is longer than the limit of {} bytes",
                    key.len(),
                    key_bytes_max(page_bytes)
                ),
            ));
        }
        let state = self.writer()?;
        if kind != ChangeKind::Delete && 3 + key.len() + value.len() > cell_bytes_max(page_bytes) {
            return self.change_with_overflow(&state, tree, key, kind, value);
        }
        let entry = match kind {
            ChangeKind::Delete => Entry {
                flags: TOMBSTONE,
                value: &[],
            },
            _ => Entry { flags: 0, value },
        };
        loop {
            match self.try_change(&state, tree, key, kind, entry)? {
                Ok(changed) => return Ok(changed),
                Err(others) => {
                    self.core.txns.wait_for(&state, &others, &self.limits)?;
                }
            }
        }
    }

    /// The same for a value that outgrows a leaf. Its chain is given back before a wait, so that nobody ever sees a
    /// chain that nothing refers to.
    fn change_with_overflow(
        &mut self,
        state: &Arc<TxnState>,
        tree: PageId,
        key: &[u8],
        kind: ChangeKind,
        value: &[u8],
    ) -> Result<bool> {
        loop {
            let mark = self.undo.len();
            let chain = self.write_overflow(state, value)?;
            let entry = Entry {
                flags: OVERFLOW,
                value: &chain.encode(),
            };
            match self.try_change(state, tree, key, kind, entry)? {
                Ok(changed) => return Ok(changed),
                Err(others) => {
                    self.undo_to(mark)?;
                    self.core.txns.wait_for(state, &others, &self.limits)?;
                }
            }
        }
    }

    fn write_overflow(&mut self, state: &Arc<TxnState>, value: &[u8]) -> Result<ChainRef> {
        let pages = value.len() / self.core.pool.page_bytes() + 1;
        self.keep_log_for_undo(pages as u64 * 512)?;
        let core = self.core.clone();
        let undo = &mut self.undo;
        let mut undo_next = state.chain().last();
        write_chain(
            &core.pool,
            Author::txn(state.chain()),
            value,
            encode_free_pages,
            |pages, start| {
                undo.push(UndoItem::of_pages(UndoAction::FreePages(pages), undo_next));
                undo_next = start;
            },
        )
    }

    fn note_read(&self, tree: PageId, key: &[u8]) {
        let notes = !makes(Mistake::FailedChangeNotNoted);
        if let Some(reading) = self.reading.as_ref().filter(|_| notes) {
            reading.key(tree, key);
        }
    }

    /// Looks for what forbids the change (TXN-1), and gives the transaction that has changed the key and is still running.
    /// A key that is taken needs no time to say so.
    pub(super) fn other_writer(
        &self,
        state: &Arc<TxnState>,
        newest: Option<&Arc<TxnState>>,
        is_taken: bool,
    ) -> Result<Option<Arc<TxnState>>> {
        let Some(other) = newest.filter(|other| !Arc::ptr_eq(other, state)) else {
            return Ok(None);
        };
        let Some(time) = other.committed_at() else {
            return Ok(Some(other.clone()));
        };
        let ignored = makes(Mistake::FirstUpdaterIgnored);
        if time > self.snapshot.time && !is_taken && !ignored {
            return Err(Error::new(
                ErrorKind::Conflict,
                "40001",
                "could not serialize access due to concurrent update",
            ));
        }
        Ok(None)
    }

    /// Makes the change, unless other transactions must end first: then gives those.
    fn try_change(
        &mut self,
        state: &Arc<TxnState>,
        tree: PageId,
        key: &[u8],
        kind: ChangeKind,
        entry: Entry<'_>,
    ) -> Result<Result<bool, Vec<Arc<TxnState>>>> {
        let open = self.core.tree(tree)?;
        self.keep_log_for_undo(2 * key.len() as u64)?;
        let core = self.core.clone();
        let _changing = core.changing.read();
        loop {
            let leaf = open.tree.leaf_mut(key)?;
            let newest = core.versions.newest_writer(tree, key);
            if kind == ChangeKind::Delete && !self.sees(tree, key, leaf.entry()) {
                self.note_read(tree, key);
                return Ok(Ok(false));
            }
            let live = leaf.entry().is_some_and(|e| e.flags & TOMBSTONE == 0);
            // A serializable transaction is told of nothing newer than its snapshot: it conflicts with it.
            let is_taken = kind == ChangeKind::Insert
                && live
                && (self.reading.is_none() || self.sees(tree, key, leaf.entry()));
            if let Some(other) = self.other_writer(state, newest.as_ref(), is_taken)? {
                return Ok(Err(vec![other]));
            }
            if is_taken {
                self.note_read(tree, key);
                return Ok(Ok(false));
            }
            let mode = match kind {
                ChangeKind::Put if live => LockMode::NoKeyUpdate,
                _ => LockMode::Update,
            };
            let blockers = core.locks.blockers(tree, key, mode, state); // TXN-5
            if !blockers.is_empty() && !makes(Mistake::RowLocksIgnored) {
                return Ok(Err(blockers));
            }
            if let Some(need) = leaf.lacks(key, entry) {
                drop(leaf);
                open.tree.make_room(key, need)?;
                continue;
            }
            let pushes = newest.is_none_or(|newest| !Arc::ptr_eq(&newest, state));
            let replaced = self.apply(state, (tree, key), leaf, entry, pushes)?;
            if kind != ChangeKind::Delete {
                open.note_key(key);
            }
            if let Some(chain) = replaced {
                self.discard_chain(state, chain)?;
            }
            return Ok(Ok(true));
        }
    }

    /// Puts the entry, with its version, undo note and undo item; gives the overflow chain that it replaced.
    fn apply(
        &mut self,
        state: &Arc<TxnState>,
        (tree, key): (PageId, &[u8]),
        leaf: LeafMut<'_>,
        entry: Entry<'_>,
        pushes: bool,
    ) -> Result<Option<ChainRef>> {
        let note = encode_restore(tree, key, leaf.entry());
        let before = leaf.entry().map(Entry::to_stored);
        let replaced = match &before {
            Some(old) if old.flags & OVERFLOW != 0 => Some(ChainRef::decode(&old.value)?),
            _ => None,
        };
        self.held.needed_bytes += note.len() as u64;
        let key: Arc<[u8]> = key.into();
        let undo_next = state.chain().last();
        let reading = self.reading.as_ref();
        let covers_read = reading.is_some_and(|reading| reading.covered(tree, &key));
        if pushes {
            self.core.versions.push(tree, &key, state, before.clone());
        }
        if let Err(e) = leaf.put(&key, entry, Author::txn(state.chain()), &note) {
            if pushes && !self.core.log().is_stopped() {
                self.core.versions.pop(tree, &key);
            }
            if covers_read {
                self.note_read(tree, &key);
            }
            return Err(e);
        }
        self.undo.push(UndoItem {
            action: UndoAction::Restore { tree, key, before },
            undo_next,
            pushed_version: pushes,
            tombstone: entry.flags & TOMBSTONE != 0,
            covers_read,
        });
        Ok(replaced)
    }

    /// Notes in the directory that a chain is garbage once this transaction's commit is what everybody sees.
    fn discard_chain(&mut self, state: &Arc<TxnState>, chain: ChainRef) -> Result<()> {
        let directory = self.core.directory.clone();
        let key = garbage_key(chain.head);
        let value = chain.encode();
        let entry = Entry {
            flags: 0,
            value: &value,
        };
        self.core.note_garbage();
        self.keep_log_for_undo(64)?;
        loop {
            let leaf = directory.tree.leaf_mut(&key)?;
            match leaf.lacks(&key, entry) {
                Some(need) => {
                    drop(leaf);
                    directory.tree.make_room(&key, need)?;
                }
                None => {
                    let root = directory.tree.root();
                    self.apply(state, (root, &key), leaf, entry, true)?;
                    return Ok(());
                }
            }
        }
    }
}
