//! Row locks: what a transaction keeps others from changing without changing it.

use super::state::TxnState;
use crate::error::{Error, ErrorKind, Result};
use crate::page::PageId;
use crate::planted::{Mistake, makes};
use crate::sync::Mutex;
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Strength of a row lock, weakest first, as in PostgreSQL: each conflicts with all that the weaker ones conflict with.
///
/// ```text
///   held ╲ wanted   KeyShare  Share  NoKeyUpdate  Update
///   KeyShare                                        ✗
///   Share                               ✗           ✗
///   NoKeyUpdate                  ✗      ✗           ✗
///   Update             ✗         ✗      ✗           ✗
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LockMode {
    /// The key stays: what a foreign key asks for.
    KeyShare,
    /// The entry stays as it is.
    Share,
    /// The entry may be changed by the holder, but keeps its key.
    NoKeyUpdate,
    /// The entry may be changed or removed by the holder.
    Update,
}

impl LockMode {
    /// Whether two transactions cannot hold these at the same time.
    pub fn conflicts(self, other: Self) -> bool {
        let (weaker, stronger) = (self.min(other), self.max(other));
        match stronger {
            Self::Update => true,
            Self::NoKeyUpdate => weaker != Self::KeyShare,
            Self::Share | Self::KeyShare => false,
        }
    }
}

/// Locks of all transactions together at most.
const LOCKS_MAX: usize = 4_000_000;

type Key = (PageId, Arc<[u8]>);
type Holders = Vec<(Arc<TxnState>, LockMode)>;

/// Who has locked what. A holder that has ended counts no more, whether or not its entry is gone.
///
/// Who looks here holds the key's leaf latched, shared or exclusively: so of a writer, who looks before it hangs its
/// version, and a locker, who looks at the versions before it comes here, one sees the other.
#[derive(Debug, Default)]
pub struct LockTable {
    keys: Mutex<HashMap<Key, Holders, FixedState>>,
    count: AtomicUsize,
}

/// What became of an attempt to lock.
#[derive(Debug)]
pub enum Attempt {
    /// The lock is held; before, the transaction held that one.
    Held(Option<LockMode>),
    /// These hold locks that conflict.
    Blocked(Vec<Arc<TxnState>>),
}

fn conflicting(holders: &Holders, mode: LockMode, me: &Arc<TxnState>) -> Vec<Arc<TxnState>> {
    let others = holders.iter().filter(|(other, held)| {
        let minds = *held != LockMode::KeyShare || !makes(Mistake::KeyShareIgnored);
        !Arc::ptr_eq(other, me) && held.conflicts(mode) && other.is_running() && minds
    });
    others.map(|(other, _)| other.clone()).collect()
}

impl LockTable {
    /// Locks held.
    pub fn count(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    /// What is left, while nobody can hold a lock.
    pub fn problems(&self) -> Vec<String> {
        let (keys, count) = (self.keys.lock().len(), self.count());
        let problem = || format!("{keys} keys are locked by nobody, {count} times (DISK-3)");
        ((keys, count) != (0, 0))
            .then(problem)
            .into_iter()
            .collect()
    }

    /// The others whose lock of `key` conflicts with `mode`.
    pub fn blockers(
        &self,
        tree: PageId,
        key: &[u8],
        mode: LockMode,
        me: &Arc<TxnState>,
    ) -> Vec<Arc<TxnState>> {
        if self.count() == 0 {
            return Vec::new();
        }
        let keys = self.keys.lock();
        let holders = keys.get(&(tree, key.into()));
        holders.map_or_else(Vec::new, |holders| conflicting(holders, mode, me))
    }

    /// `me` locks `key` at least as strongly as `mode`, unless that conflicts with others.
    ///
    /// # Errors
    /// `53200` when there are 4,000,000 locks.
    pub fn take(
        &self,
        tree: PageId,
        key: &Arc<[u8]>,
        mode: LockMode,
        me: &Arc<TxnState>,
    ) -> Result<Attempt> {
        let mut keys = self.keys.lock();
        if self.count() >= LOCKS_MAX {
            return Err(Error::new(
                ErrorKind::Limit,
                "53200",
                format!("out of shared memory: there are {LOCKS_MAX} row locks"),
            ));
        }
        let holders = keys.entry((tree, key.clone())).or_default();
        let blockers = conflicting(holders, mode, me);
        if !blockers.is_empty() {
            return Ok(Attempt::Blocked(blockers));
        }
        if let Some((_, held)) = holders.iter_mut().find(|(other, _)| Arc::ptr_eq(other, me)) {
            let before = *held;
            if !makes(Mistake::LockUpgradeLost) {
                *held = before.max(mode);
            }
            return Ok(Attempt::Held(Some(before)));
        }
        holders.push((me.clone(), mode));
        self.count.fetch_add(1, Ordering::AcqRel);
        Ok(Attempt::Held(None))
    }

    /// Takes back what [`LockTable::take`] did: `me` holds `before` again, or nothing.
    pub fn restore(
        &self,
        tree: PageId,
        key: &Arc<[u8]>,
        before: Option<LockMode>,
        me: &Arc<TxnState>,
    ) {
        let mut keys = self.keys.lock();
        let key = (tree, key.clone());
        let Some(holders) = keys.get_mut(&key) else {
            return;
        };
        let Some(at) = holders.iter().position(|(other, _)| Arc::ptr_eq(other, me)) else {
            return;
        };
        if let Some(before) = before {
            holders[at].1 = before;
            return;
        }
        holders.swap_remove(at);
        if holders.is_empty() {
            keys.remove(&key);
        }
        self.count.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::LockMode::{KeyShare, NoKeyUpdate, Share, Update};
    use super::*;
    use crate::page::TxnId;

    #[test]
    fn modes_conflict_as_in_the_table() {
        let modes = [KeyShare, Share, NoKeyUpdate, Update];
        let table = modes.map(|held| modes.map(|wanted| held.conflicts(wanted)));
        assert_eq!(
            table,
            [
                [false, false, false, true],
                [false, false, true, true],
                [false, true, true, true],
                [true, true, true, true],
            ]
        );
    }

    #[test]
    fn a_lock_is_upgraded_and_given_back_step_by_step() {
        let table = LockTable::default();
        let key: Arc<[u8]> = b"k".as_slice().into();
        let [a, b] = [1, 2].map(|id| Arc::new(TxnState::new(TxnId(id))));
        let take = |mode, txn| table.take(PageId(7), &key, mode, txn).unwrap();
        assert!(matches!(take(Share, &a), Attempt::Held(None)));
        assert!(matches!(take(KeyShare, &b), Attempt::Held(None)));
        assert!(matches!(take(Update, &a), Attempt::Blocked(by) if Arc::ptr_eq(&by[0], &b)));
        assert!(matches!(take(NoKeyUpdate, &a), Attempt::Held(Some(Share))));
        assert!(matches!(take(Share, &b), Attempt::Blocked(_)));
        table.restore(PageId(7), &key, Some(Share), &a);
        assert!(matches!(take(Share, &b), Attempt::Held(Some(KeyShare))));
        b.abort();
        assert_eq!(table.blockers(PageId(7), b"k", Update, &a).len(), 0);
        table.restore(PageId(7), &key, None, &a);
        table.restore(PageId(7), &key, None, &b);
        assert_eq!((table.count(), table.keys.lock().len()), (0, 0));
    }
}
