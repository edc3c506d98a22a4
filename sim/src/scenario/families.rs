//! Parents and children: what a foreign key asks of row locks, at every level of isolation.
//!
//! ```text
//!   add a child        lock the parent (KeyShare) ▶ is it there? ▶ put the child
//!   remove a parent    delete it ▶ a new snapshot, or a promise (depend_on) ▶ are there children? ▶ commit or not
//! ```
//!
//! Neither reads what the other changes in a way that a snapshot would show: only the lock and the promise keep a child
//! from losing its parent.

use quantadb::Error;
use quantadb::storage::{
    EntryBatch, IsolationLevel, KeyRange, LockMode, ScanDirection, StorageTxn, TreeId,
};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeSet;

/// Families.
const FAMILIES: u64 = 3;
/// Tries to lock at READ COMMITTED before somebody else's changes are too many.
const LOCK_TRIES: u32 = 10;

fn parent(family: u64) -> Vec<u8> {
    format!("parent-{family}").into_bytes()
}

fn children(family: u64) -> KeyRange {
    KeyRange::prefix(format!("child-{family}-").as_bytes())
}

/// Locks `key`; at READ COMMITTED with a new snapshot each time that somebody was faster.
fn lock(txn: &mut dyn StorageTxn, tree: TreeId, key: &[u8], mode: LockMode) -> Result<(), Error> {
    for _ in 0..LOCK_TRIES {
        txn.refresh_snapshot();
        match txn.lock(tree, key, mode, true) {
            Err(error) if error.sqlstate() == "40001" => {}
            locked => return locked.map(drop),
        }
    }
    txn.lock(tree, key, mode, true).map(drop)
}

fn keys(txn: &dyn StorageTxn, tree: TreeId, range: KeyRange) -> Result<Vec<Vec<u8>>, Error> {
    let mut found = Vec::new();
    let mut batch = EntryBatch::default();
    let mut cursor = txn.scan(tree, range, ScanDirection::Forward)?;
    while cursor.next_batch(&mut batch, 3)? {
        found.extend(batch.iter().map(|(key, _)| key.to_vec()));
    }
    Ok(found)
}

/// One change of one family; false when there is nothing to commit.
pub(super) fn change(
    txn: &mut dyn StorageTxn,
    tree: TreeId,
    isolation: IsolationLevel,
    rng: &mut ChaCha8Rng,
) -> Result<bool, Error> {
    let family = rng.random_range(0..FAMILIES);
    let key = parent(family);
    match rng.random_range(0..8) {
        0 => txn.insert(tree, &key, b""),
        // Not a change of the key: children may be added meanwhile.
        1 => {
            lock(txn, tree, &key, LockMode::NoKeyUpdate)?;
            let is_there = txn.get(tree, &key)?.is_some();
            if is_there {
                txn.put(tree, &key, &rng.random::<u64>().to_be_bytes())?;
            }
            Ok(is_there)
        }
        2 => match keys(txn, tree, children(family))?.first() {
            Some(child) => txn.delete(tree, child),
            None => Ok(false),
        },
        3..=5 => {
            lock(txn, tree, &key, LockMode::KeyShare)?;
            let is_there = txn.get(tree, &key)?.is_some();
            if is_there {
                let child = format!("child-{family}-{}", rng.random_range(0..1000));
                txn.put(tree, child.as_bytes(), b"")?;
            }
            Ok(is_there)
        }
        _ => {
            if !txn.delete(tree, &key)? {
                return Ok(false);
            }
            if isolation == IsolationLevel::ReadCommitted {
                txn.refresh_snapshot();
            }
            txn.depend_on(tree, &children(family));
            Ok(keys(txn, tree, children(family))?.is_empty())
        }
    }
}

/// The families of one snapshot.
#[derive(Default)]
pub(super) struct Families {
    parents: BTreeSet<String>,
    /// The families of the children.
    of_children: BTreeSet<String>,
}

impl Families {
    /// Counts an entry, if it is of a family: its key before and after the first hyphen.
    pub(super) fn note(&mut self, kind: &str, rest: &str) -> bool {
        match kind {
            "parent" => self.parents.insert(rest.to_owned()),
            "child" => {
                let family = rest.split_once('-').map_or(rest, |(family, _)| family);
                self.of_children.insert(family.to_owned())
            }
            _ => return false,
        };
        true
    }

    /// Families with children and no parent.
    pub(super) fn orphaned(&self) -> Vec<&String> {
        self.of_children.difference(&self.parents).collect()
    }
}
