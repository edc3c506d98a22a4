//! Locking the entry of one key without changing it.

use super::transaction::DiskTxn;
use crate::error::Result;
use crate::page::PageId;
use crate::planted::{Mistake, makes};
use crate::txn::{Attempt, LockMode, TxnState};
use std::sync::Arc;

/// A row lock that a transaction holds.
pub(super) struct HeldLock {
    tree: PageId,
    key: Arc<[u8]>,
    /// What it held of the key before.
    before: Option<LockMode>,
    /// Changes and locks of the transaction before this one: what a savepoint counts.
    pub(super) position: usize,
}

impl DiskTxn {
    /// Locks a key; false, and nothing is locked, when others are in the way and `waits` is not set.
    pub(super) fn lock_key(
        &self,
        tree: PageId,
        key: &[u8],
        mode: LockMode,
        waits: bool,
    ) -> Result<bool> {
        self.note_use();
        let state = self.writer()?;
        let locked = self.lock_or_not(&state, tree, &key.into(), mode, waits);
        if !matches!(locked, Ok(true)) {
            self.forget_idle_writer();
        }
        locked
    }

    fn lock_or_not(
        &self,
        state: &Arc<TxnState>,
        tree: PageId,
        key: &Arc<[u8]>,
        mode: LockMode,
        waits: bool,
    ) -> Result<bool> {
        let core = self.core.clone();
        loop {
            // A transaction that failed with the engine has left its versions, and nobody will take them away.
            core.log().refuse_if_stopped()?;
            let others = match self.try_lock(state, tree, key, mode)? {
                Attempt::Held(before) if before.is_some_and(|before| before >= mode) => {
                    return Ok(true);
                }
                Attempt::Held(before) => {
                    let position = self.position();
                    self.held.locks.borrow_mut().push(HeldLock {
                        tree,
                        key: key.clone(),
                        before,
                        position,
                    });
                    return Ok(true);
                }
                Attempt::Blocked(others) => others,
            };
            if !waits {
                return Ok(false);
            }
            core.txns.wait_for(state, &others, &self.limits)?;
        }
    }

    /// Under the leaf's latch, so that nobody can change the key between the look at its versions and the lock (TXN-5).
    fn try_lock(
        &self,
        state: &Arc<TxnState>,
        tree: PageId,
        key: &Arc<[u8]>,
        mode: LockMode,
    ) -> Result<Attempt> {
        let open = self.core.tree(tree)?;
        let _leaf = open.tree.leaf(key)?;
        let newest = self.core.versions.newest_writer(tree, key);
        let newest = newest.filter(|_| !makes(Mistake::LockIgnoresWriters));
        if let Some(other) = self.other_writer(state, newest.as_ref(), false)? {
            return Ok(Attempt::Blocked(vec![other]));
        }
        self.core.locks.take(tree, key, mode, state)
    }

    /// Changes and locks so far.
    pub(super) fn position(&self) -> usize {
        self.undo.len() + self.held.locks.borrow().len()
    }

    /// Gives back all locks after the first `keep`.
    pub(super) fn release_locks(&self, keep: usize) {
        let state = self.state.borrow();
        let Some(state) = &*state else { return };
        for lock in self.held.locks.borrow_mut().drain(keep..).rev() {
            self.core
                .locks
                .restore(lock.tree, &lock.key, lock.before, state);
        }
    }
}
