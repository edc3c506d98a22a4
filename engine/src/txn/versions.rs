//! Before-images in memory.

use super::manager::Snapshot;
use super::state::TxnState;
use crate::btree::StoredEntry;
use crate::page::PageId;
use crate::sync::Mutex;
use foldhash::fast::FixedState;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const SHARDS: usize = 16;

#[derive(Debug, PartialEq, Eq)]
struct Place {
    tree: PageId,
    key: Arc<[u8]>,
}

/// A [`Place`] to look for.
struct Lookup<'a>(PageId, &'a [u8]);

impl Hash for Place {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Lookup(self.tree, &self.key).hash(state);
    }
}

impl Hash for Lookup<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u32(self.0.0);
        state.write(self.1);
    }
}

impl hashbrown::Equivalent<Place> for Lookup<'_> {
    fn equivalent(&self, place: &Place) -> bool {
        self.0 == place.tree && self.1 == &*place.key
    }
}

#[derive(Debug)]
struct Version {
    writer: Arc<TxnState>,
    /// What `writer` replaced; `None`: there was no entry.
    before: Option<StoredEntry>,
}

#[derive(Debug)]
struct Versions {
    newest: Version,
    /// From old to new.
    older: Vec<Version>,
}

type Shard = hashbrown::HashMap<Place, Versions, FixedState>;

/// What a snapshot sees of an entry.
#[derive(Debug, PartialEq, Eq)]
pub enum Seen {
    /// What is on the page.
    Page,
    /// This instead; `None`: no entry.
    Before(Option<StoredEntry>),
}

/// The before-images of all trees.
#[derive(Debug)]
pub struct VersionStore {
    shards: [Mutex<Shard>; SHARDS],
    count: AtomicU64,
}

impl Default for VersionStore {
    fn default() -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::new(Shard::default())),
            count: AtomicU64::new(0),
        }
    }
}

impl VersionStore {
    fn shard(&self, tree: PageId, key: &[u8]) -> &Mutex<Shard> {
        let last = key.last_chunk::<2>().map_or(0, |b| u16::from_le_bytes(*b));
        let mixed = (u32::from(last) ^ tree.0).wrapping_mul(0x9E37_79B1) >> 28;
        &self.shards[mixed as usize % SHARDS]
    }

    /// Before-images held.
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Acquire)
    }

    /// Who wrote the entry that is on the page, if its before-image is still held.
    pub fn newest_writer(&self, tree: PageId, key: &[u8]) -> Option<Arc<TxnState>> {
        if self.count() == 0 {
            return None;
        }
        let shard = self.shard(tree, key).lock();
        shard
            .get(&Lookup(tree, key))
            .map(|v| v.newest.writer.clone())
    }

    /// `writer` is about to replace `before`. The caller holds the leaf's latch exclusively.
    pub fn push(
        &self,
        tree: PageId,
        key: &Arc<[u8]>,
        writer: &Arc<TxnState>,
        before: Option<StoredEntry>,
    ) {
        let version = Version {
            writer: writer.clone(),
            before,
        };
        self.count.fetch_add(1, Ordering::AcqRel);
        let mut shard = self.shard(tree, key).lock();
        if let Some(versions) = shard.get_mut(&Lookup(tree, key)) {
            let old = std::mem::replace(&mut versions.newest, version);
            versions.older.push(old);
            return;
        }
        let place = Place {
            tree,
            key: key.clone(),
        };
        let versions = Versions {
            newest: version,
            older: Vec::new(),
        };
        shard.insert(place, versions);
    }

    /// Takes back the newest version of a key: its writer has put the before-image back on the page.
    pub fn pop(&self, tree: PageId, key: &[u8]) {
        let mut shard = self.shard(tree, key).lock();
        if let Some(versions) = shard.get_mut(&Lookup(tree, key)) {
            self.count.fetch_sub(1, Ordering::AcqRel);
            match versions.older.pop() {
                Some(older) => versions.newest = older,
                None => drop(shard.remove(&Lookup(tree, key))),
            }
        }
    }

    /// What `snapshot` of transaction `own` sees of a key. The caller holds the leaf's latch.
    pub fn seen(
        &self,
        tree: PageId,
        key: &[u8],
        snapshot: &Snapshot,
        own: Option<&Arc<TxnState>>,
    ) -> Seen {
        if self.count() == 0 {
            return Seen::Page;
        }
        let visible = |version: &Version| {
            own.is_some_and(|own| Arc::ptr_eq(own, &version.writer))
                || version
                    .writer
                    .committed_at()
                    .is_some_and(|time| time <= snapshot.time)
        };
        let shard = self.shard(tree, key).lock();
        let Some(versions) = shard.get(&Lookup(tree, key)) else {
            return Seen::Page;
        };
        if visible(&versions.newest) {
            return Seen::Page;
        }
        let hidden = versions.older.iter().rev().take_while(|v| !visible(v));
        let oldest_hidden = hidden.last().unwrap_or(&versions.newest);
        Seen::Before(oldest_hidden.before.clone())
    }

    /// Drops the versions of a key that no snapshot at or after `oldest` needs (TXN-2). Gives whether none is left.
    pub fn prune(&self, tree: PageId, key: &[u8], oldest: u64) -> bool {
        let settled =
            |version: &Version| version.writer.committed_at().is_some_and(|t| t <= oldest);
        let mut shard = self.shard(tree, key).lock();
        let Some(versions) = shard.get_mut(&Lookup(tree, key)) else {
            return true;
        };
        if settled(&versions.newest) {
            let dropped = 1 + versions.older.len() as u64;
            self.count.fetch_sub(dropped, Ordering::AcqRel);
            shard.remove(&Lookup(tree, key));
            return true;
        }
        let unneeded = versions
            .older
            .iter()
            .rposition(settled)
            .map_or(0, |i| i + 1);
        versions.older.drain(..unneeded);
        self.count.fetch_sub(unneeded as u64, Ordering::AcqRel);
        false
    }
}
