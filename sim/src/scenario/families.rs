//! Parents and children, guests and seats: what a foreign key and a deferrable unique key ask of row locks, at every level
//! of isolation.
//!
//! ```text
//!   add a child        lock the parent (KeyShare) ▶ is it there? ▶ put the child
//!   remove a parent    delete it ▶ a new snapshot, or a promise (depend_on) ▶ are there children? ▶ commit or not
//!   take a seat        put the guest ▶ lock the seat (Update) ▶ a new snapshot, or a promise ▶ alone there? ▶ commit or not
//! ```
//!
//! Neither reads what the other changes in a way that a snapshot would show: only the lock and the promise keep a child
//! from losing its parent, and a guest from sitting on another's lap.

use quantadb::Error;
use quantadb::storage::{
    EntryBatch, IsolationLevel, KeyRange, LockMode, ScanDirection, StorageTxn, TreeId,
};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeSet;

/// Families.
const FAMILIES: u64 = 3;
/// Seats.
const SEATS: u64 = 2;
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
    match rng.random_range(0..11) {
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
        6 | 7 => {
            if !txn.delete(tree, &key)? {
                return Ok(false);
            }
            if isolation == IsolationLevel::ReadCommitted {
                txn.refresh_snapshot();
            }
            txn.depend_on(tree, &children(family));
            Ok(keys(txn, tree, children(family))?.is_empty())
        }
        _ => seat(txn, tree, rng),
    }
}

/// A guest comes or goes.
fn seat(txn: &mut dyn StorageTxn, tree: TreeId, rng: &mut ChaCha8Rng) -> Result<bool, Error> {
    let seat = format!("seat-{}", rng.random_range(0..SEATS));
    let guests = KeyRange::prefix(format!("{seat}-").as_bytes());
    if let Some(guest) = keys(txn, tree, guests.clone())?.first()
        && rng.random_bool(0.5)
    {
        return txn.delete(tree, guest);
    }
    let guest = format!("{seat}-{}", rng.random_range(0..1000));
    txn.put(tree, guest.as_bytes(), b"")?;
    lock(txn, tree, seat.as_bytes(), LockMode::Update)?;
    txn.refresh_snapshot();
    txn.depend_on(tree, &guests);
    Ok(keys(txn, tree, guests)?.len() == 1)
}

/// The families and the seats of one snapshot.
#[derive(Default)]
pub(super) struct Families {
    parents: BTreeSet<String>,
    /// The families of the children.
    of_children: BTreeSet<String>,
    seats: BTreeSet<String>,
    /// Seats with more than one guest.
    shared: BTreeSet<String>,
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
            "seat" => {
                let seat = rest.split_once('-').map_or(rest, |(seat, _)| seat);
                let is_first = self.seats.insert(seat.to_owned());
                is_first || self.shared.insert(seat.to_owned())
            }
            _ => return false,
        };
        true
    }

    /// Families with children and no parent, and seats with several guests.
    pub(super) fn broken(&self) -> Vec<&String> {
        let orphaned = self.of_children.difference(&self.parents);
        orphaned.chain(&self.shared).collect()
    }
}
