//! Items, an index of them that comes and goes, and a ring: what only waiting keeps right.
//!
//! ```text
//!   item-…   index ─▶ the tree that holds the keys of the items too, if there is one
//!
//!   change an item    which index? ▶ put or delete the item ▶ the same in the index
//!   change the index  mark the schema changed ▶ copy the keys into a new tree, or drop the one there is ▶ tell others
//!   go round          add to ring-0 ▶ to ring-1      or 1, 2      or 2, 0     three who have begun wait in a circle
//! ```
//!
//! No reader's check keeps the index whole: whoever changes an item has read, and not written, which index there is. The
//! gate before changes of the schema does. And whoever goes round waits for ever: that a circle is noticed ends it.

use crate::baton::pause;
use quantadb::Error;
use quantadb::storage::{EntryBatch, KeyRange, ScanDirection, StorageTxn, TreeId};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeSet;

/// Where the tree of the index is told.
const INDEX: &[u8] = b"index";
/// What the keys of items begin with.
const ITEM: &str = "item-";
/// Places of the ring.
const PLACES: u64 = 3;

/// The tree that `index` names.
fn tree_of(value: &[u8]) -> Option<TreeId> {
    value.try_into().ok().map(u32::from_be_bytes).map(TreeId)
}

fn index_of(txn: &dyn StorageTxn, tree: TreeId) -> Result<Option<TreeId>, Error> {
    let value = txn.get(tree, INDEX)?;
    Ok(value.and_then(|value| tree_of(&value)))
}

fn keys(txn: &dyn StorageTxn, tree: TreeId, range: KeyRange) -> Result<Vec<Vec<u8>>, Error> {
    let mut found = Vec::new();
    let mut batch = EntryBatch::default();
    let mut cursor = txn.scan(tree, range, ScanDirection::Forward)?;
    while cursor.next_batch(&mut batch, 4)? {
        found.extend(batch.iter().map(|(key, _)| key.to_vec()));
    }
    Ok(found)
}

/// Changes an item or the index.
pub(super) fn change(
    txn: &mut dyn StorageTxn,
    tree: TreeId,
    rng: &mut ChaCha8Rng,
) -> Result<(), Error> {
    if rng.random_bool(0.3) {
        return change_index(txn, tree);
    }
    let index = index_of(txn, tree)?;
    pause();
    let item = format!("{ITEM}{}", rng.random_range(0..30)).into_bytes();
    let comes = txn.get(tree, &item)?.is_none();
    for tree in [Some(tree), index].into_iter().flatten() {
        match comes {
            true => txn.put(tree, &item, b"")?,
            false => drop(txn.delete(tree, &item)?),
        }
    }
    Ok(())
}

fn change_index(txn: &mut dyn StorageTxn, tree: TreeId) -> Result<(), Error> {
    txn.mark_schema_changed()?;
    if let Some(index) = index_of(txn, tree)? {
        txn.delete(tree, INDEX)?;
        return txn.drop_tree(index);
    }
    let index = txn.create_tree()?;
    for key in keys(txn, tree, KeyRange::prefix(ITEM.as_bytes()))? {
        txn.put(index, &key, b"")?;
    }
    pause();
    txn.put(tree, INDEX, &index.0.to_be_bytes())
}

/// Two neighbours of the ring, in the order in which they are to be added to.
pub(super) fn neighbours(rng: &mut ChaCha8Rng) -> [String; 2] {
    let first = rng.random_range(0..PLACES);
    [first, (first + 1) % PLACES].map(|place| format!("ring-{place}"))
}

/// The items, the index and the ring of one snapshot.
#[derive(Default)]
pub(super) struct Shelf {
    items: BTreeSet<Vec<u8>>,
    index: Option<TreeId>,
    indexed: BTreeSet<Vec<u8>>,
    ring: u64,
}

impl Shelf {
    /// Notes an entry, if it is of these.
    pub(super) fn note(&mut self, key: &[u8], value: &[u8]) -> bool {
        if key == INDEX {
            self.index = tree_of(value);
        } else if key.starts_with(ITEM.as_bytes()) {
            self.items.insert(key.to_vec());
        } else if key.starts_with(b"ring-") {
            let value = value.try_into().map_or(0, u64::from_be_bytes);
            self.ring = self.ring.wrapping_add(value);
        } else {
            return false;
        }
        true
    }

    /// Reads the index, if there is one. Errors: those of the scan.
    pub(super) fn read_index(&mut self, txn: &dyn StorageTxn) -> Result<(), Error> {
        if let Some(index) = self.index {
            self.indexed.extend(keys(txn, index, KeyRange::ALL)?);
        }
        Ok(())
    }

    /// What is wrong: items that are not in the index or the other way round, and a ring that somebody has gone half.
    pub(super) fn broken(&self) -> Vec<String> {
        let differ = self.items.symmetric_difference(&self.indexed);
        let differ = differ.filter(|_| self.index.is_some());
        let mut broken: Vec<String> = differ
            .map(|key| String::from_utf8_lossy(key).into_owned())
            .collect();
        if !self.ring.is_multiple_of(2) {
            broken.push(format!("ring {}", self.ring));
        }
        broken
    }
}
