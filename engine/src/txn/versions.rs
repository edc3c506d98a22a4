//! Before-images in memory.

use super::manager::Snapshot;
use super::state::TxnState;
use crate::btree::StoredEntry;
use crate::page::PageId;
use crate::planted::{Mistake, makes};
use crate::sync::Mutex;
use foldhash::fast::FixedState;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const SHARDS: usize = 16;

/// One replaced entry.
#[derive(Debug)]
struct Version {
    writer: Arc<TxnState>,
    /// What `writer` replaced; `None`: there was no entry.
    before: Option<StoredEntry>,
    older: Option<Box<Version>>,
}

impl Version {
    fn is_settled(&self, oldest: u64) -> bool {
        self.writer.committed_at().is_some_and(|t| t <= oldest)
    }

    /// Drops the versions that no snapshot at or after `oldest` needs. Gives their number, and whether this one is among
    /// them: then it is the caller's to drop.
    fn prune(&mut self, oldest: u64) -> (u64, bool) {
        if self.is_settled(oldest) {
            return (count_of(Some(self)), true);
        }
        let mut at = &mut self.older;
        while at.as_ref().is_some_and(|v| !v.is_settled(oldest)) {
            at = &mut at.as_mut().expect("looked at").older;
        }
        (count_of(at.take().as_deref()), false)
    }
}

/// The snapshots that there are, ascending, and the time when that was asked: later ones see what was committed then.
#[derive(Debug)]
pub struct Snapshots {
    /// Times of the snapshots.
    pub times: Vec<u64>,
    /// Time of the newest commit.
    pub now: u64,
}

impl Snapshots {
    /// Whether one of them is at or after `from` and before `to`.
    fn has_between(&self, from: u64, to: u64) -> bool {
        let first = self
            .times
            .partition_point(|time| match makes(Mistake::ThinnedTooMuch) {
                true => *time <= from,
                false => *time < from,
            });
        self.times.get(first).is_some_and(|time| *time < to)
    }

    /// How many of them are before `time`.
    fn before(&self, time: u64) -> usize {
        self.times.partition_point(|snapshot| *snapshot < time)
    }
}

/// What is left of a chain, newest first, when those versions are dropped that lie between two snapshots: a version is
/// needed by the snapshots from the commit before its writer's on, and before its writer's. Gives also how many are gone.
fn thinned(newest: Version, snapshots: &Snapshots) -> (Option<Version>, u64) {
    let mut chain = vec![newest];
    while let Some(older) = chain.last_mut().and_then(|v| v.older.take()) {
        chain.push(*older);
    }
    let times: Vec<Option<u64>> = chain.iter().map(|v| v.writer.committed_at()).collect();
    let mut rest: Option<Version> = None;
    let mut dropped = 0;
    for (at, mut version) in chain.into_iter().enumerate().rev() {
        let before = times.get(at + 1).copied().unwrap_or(Some(0));
        let is_needed = match (times[at], before) {
            (Some(time), Some(before)) => {
                time > snapshots.now || snapshots.has_between(before, time)
            }
            _ => true,
        };
        if is_needed {
            version.older = rest.take().map(Box::new);
            rest = Some(version);
        } else {
            dropped += 1;
        }
    }
    (rest, dropped)
}

impl Drop for Version {
    /// One after the other: a chain can be longer than the stack is deep.
    fn drop(&mut self) {
        let mut older = self.older.take();
        while let Some(mut version) = older {
            older = version.older.take();
        }
    }
}

fn count_of(newest: Option<&Version>) -> u64 {
    std::iter::successors(newest, |v| v.older.as_deref())
        .map(|_| 1)
        .sum()
}

/// The versions of one key: a cache line, as long as there is one of them.
#[derive(Debug)]
struct Versions {
    key: Arc<[u8]>,
    newest: Version,
    tree: PageId,
}

impl Versions {
    fn are_of(&self, tree: PageId, key: &[u8]) -> bool {
        self.tree == tree && *self.key == *key
    }
}

/// Keys that differ in these bits of their last byte only are neighbours in the table.
const NEIGHBOURS: u8 = 63;

/// A hash that keeps neighbours together, because rows are mostly added one after the other: the table's low bits, which
/// say where to look, go up by one from key to key; its high bits, which tell entries apart there, differ.
fn hash_of(tree: PageId, key: &[u8]) -> u64 {
    let (last, front) = key.split_last().unwrap_or((&0, &[]));
    let mut state = FixedState::default().build_hasher();
    state.write_u32(tree.0);
    state.write(front);
    state.write_u8(last & !NEIGHBOURS);
    let near = u64::from(last & NEIGHBOURS);
    state.finish().wrapping_add(near) ^ near << 57
}

fn rehash(versions: &Versions) -> u64 {
    hash_of(versions.tree, &versions.key)
}

type Shard = HashTable<Versions>;

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
    /// How many there were after those between snapshots were last dropped.
    thinned_count: AtomicU64,
}

impl Default for VersionStore {
    fn default() -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::new(Shard::default())),
            count: AtomicU64::new(0),
            thinned_count: AtomicU64::new(0),
        }
    }
}

impl VersionStore {
    /// The table takes low and high bits of the hash; a shard goes by others.
    fn shard(&self, hash: u64) -> &Mutex<Shard> {
        &self.shards[(hash >> 32) as usize % SHARDS]
    }

    /// Before-images held.
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Acquire)
    }

    /// What is wrong with their number, while nobody adds or drops any.
    pub fn problems(&self) -> Vec<String> {
        let mut held = 0;
        for shard in &self.shards {
            let shard = shard.lock();
            let counts = shard
                .iter()
                .map(|versions| count_of(Some(&versions.newest)));
            held += counts.sum::<u64>();
        }
        let count = self.count();
        let problem = || format!("{held} versions are held, and {count} were counted (DISK-3)");
        (held != count).then(problem).into_iter().collect()
    }

    /// Whether there are twice as many as after the last [`VersionStore::thin`], and `more`.
    pub fn wants_thinning(&self, more: u64) -> bool {
        self.count() >= 2 * self.thinned_count.load(Ordering::Relaxed) + more
    }

    /// Drops the versions that lie between two snapshots (TXN-2): so an old snapshot holds one version of a key, however
    /// often the key is changed. Gives their number.
    pub fn thin(&self, snapshots: &Snapshots) -> u64 {
        let mut all = 0;
        for shard in &self.shards {
            let mut shard = shard.lock();
            let mut gone = 0;
            let kept = std::mem::take(&mut *shard);
            for mut versions in kept {
                let (newest, dropped) = thinned(versions.newest, snapshots);
                gone += dropped;
                if let Some(newest) = newest {
                    versions.newest = newest;
                    shard.insert_unique(rehash(&versions), versions, rehash);
                }
            }
            self.count.fetch_sub(gone, Ordering::AcqRel);
            all += gone;
        }
        self.thinned_count.store(self.count(), Ordering::Relaxed);
        all
    }

    /// For each snapshot the keys that it sees as they were before a commit since: as many before-images are held for it.
    pub fn held_for(&self, snapshots: &Snapshots) -> Vec<u64> {
        // By how much each has more than the one before it.
        let mut steps = vec![0i64; snapshots.times.len() + 1];
        for shard in &self.shards {
            for versions in &*shard.lock() {
                let chain = std::iter::successors(Some(&versions.newest), |v| v.older.as_deref());
                let commits = chain.filter_map(|v| v.writer.committed_at());
                let mut ends = commits.map(|time| snapshots.before(time)).peekable();
                while let Some(end) = ends.next() {
                    steps[ends.peek().copied().unwrap_or(0)] += 1;
                    steps[end] -= 1;
                }
            }
        }
        let counts = steps.iter().scan(0, |count, step| {
            *count += step;
            Some(*count as u64)
        });
        counts.take(snapshots.times.len()).collect()
    }

    /// Who wrote the entry that is on the page, if its before-image is still held.
    pub fn newest_writer(&self, tree: PageId, key: &[u8]) -> Option<Arc<TxnState>> {
        if self.count() == 0 {
            return None;
        }
        let hash = hash_of(tree, key);
        let shard = self.shard(hash).lock();
        let versions = shard.find(hash, |v| v.are_of(tree, key))?;
        Some(versions.newest.writer.clone())
    }

    /// `writer` is about to replace `before`. The caller holds the leaf's latch exclusively.
    pub fn push(
        &self,
        tree: PageId,
        key: &Arc<[u8]>,
        writer: &Arc<TxnState>,
        before: Option<StoredEntry>,
    ) {
        let mut version = Version {
            writer: writer.clone(),
            before,
            older: None,
        };
        self.count.fetch_add(1, Ordering::AcqRel);
        let hash = hash_of(tree, key);
        let mut shard = self.shard(hash).lock();
        match shard.entry(hash, |v| v.are_of(tree, key), rehash) {
            Entry::Occupied(mut entry) => {
                let newest = &mut entry.get_mut().newest;
                std::mem::swap(newest, &mut version);
                newest.older = Some(Box::new(version));
            }
            Entry::Vacant(entry) => {
                entry.insert(Versions {
                    key: key.clone(),
                    newest: version,
                    tree,
                });
            }
        }
    }

    /// Takes back the newest version of a key: its writer has put the before-image back on the page.
    pub fn pop(&self, tree: PageId, key: &[u8]) {
        let hash = hash_of(tree, key);
        let mut shard = self.shard(hash).lock();
        if let Ok(mut entry) = shard.find_entry(hash, |v| v.are_of(tree, key)) {
            self.count.fetch_sub(1, Ordering::AcqRel);
            match entry.get_mut().newest.older.take() {
                Some(older) => entry.get_mut().newest = *older,
                None => drop(entry.remove()),
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
        let visible = |version: &&Version| {
            own.is_some_and(|own| Arc::ptr_eq(own, &version.writer))
                || version.is_settled(snapshot.time)
        };
        let hash = hash_of(tree, key);
        let shard = self.shard(hash).lock();
        let newest = shard.find(hash, |v| v.are_of(tree, key)).map(|v| &v.newest);
        let hidden = std::iter::successors(newest, |v| v.older.as_deref());
        match hidden.take_while(|v| !visible(v)).last() {
            Some(oldest_hidden) => Seen::Before(oldest_hidden.before.clone()),
            None => Seen::Page,
        }
    }

    /// Drops the versions of a key that no snapshot at or after `oldest` needs (TXN-2).
    pub fn prune(&self, tree: PageId, key: &[u8], oldest: u64) {
        let hash = hash_of(tree, key);
        let mut shard = self.shard(hash).lock();
        let Ok(mut entry) = shard.find_entry(hash, |v| v.are_of(tree, key)) else {
            return;
        };
        let (dropped, is_gone) = entry.get_mut().newest.prune(oldest);
        if is_gone {
            entry.remove();
        }
        self.count.fetch_sub(dropped, Ordering::AcqRel);
    }

    /// The same for all keys, in one walk through memory: for when they are most of what there is.
    pub fn prune_all(&self, oldest: u64) {
        for shard in &self.shards {
            let mut shard = shard.lock();
            let mut dropped = 0;
            shard.retain(|versions| {
                let (count, is_gone) = versions.newest.prune(oldest);
                dropped += count;
                !is_gone
            });
            let kept = shard.len();
            shard.shrink_to(2 * kept, rehash);
            self.count.fetch_sub(dropped, Ordering::AcqRel);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::TxnId;
    use crate::txn::Holder;

    #[test]
    fn an_old_snapshot_holds_one_version_of_a_key() {
        let (store, tree) = (VersionStore::default(), PageId(7));
        let key: Arc<[u8]> = b"k".as_slice().into();
        let value = |time: u64| StoredEntry {
            flags: 0,
            value: time.to_le_bytes().as_slice().into(),
        };
        for time in 1..=100u64 {
            let writer = Arc::new(TxnState::new(TxnId(time)));
            store.push(tree, &key, &writer, Some(value(time - 1)));
            writer.commit(time);
        }
        let snapshots = Snapshots {
            times: vec![10, 40, 41, 98],
            now: 99,
        };
        let seen = |time| {
            let snapshot = Snapshot {
                holder: Holder::default(),
                time,
                settled_below: 0,
                schema_version: 0,
            };
            store.seen(tree, &key, &snapshot, None)
        };
        let before: Vec<Seen> = [10, 40, 41, 98, 99, 100].map(seen).into();
        assert_eq!(before[1], Seen::Before(Some(value(40))));
        assert_eq!(store.held_for(&snapshots), [1, 1, 1, 1]);
        // One for each snapshot, and that of the commit after `now`, which a new snapshot may still be before.
        assert_eq!(store.thin(&snapshots), 95);
        assert_eq!(store.count(), 5);
        assert_eq!(store.held_for(&snapshots), [1, 1, 1, 1]);
        let newest = Snapshots {
            times: vec![99, 100, 100],
            now: 100,
        };
        assert_eq!(store.held_for(&newest), [1, 0, 0]);
        assert_eq!(before, [10, 40, 41, 98, 99, 100].map(seen));
        let newest = store.newest_writer(tree, b"k").unwrap();
        assert_eq!(newest.committed_at(), Some(100));
        assert!(!store.wants_thinning(6) && store.wants_thinning(0) == (5 >= 10));
    }

    #[test]
    fn a_million_versions_of_a_key_are_dropped_at_once() {
        let (store, tree) = (VersionStore::default(), PageId(7));
        let key: Arc<[u8]> = b"k".as_slice().into();
        let version = |time: u64| {
            let writer = Arc::new(TxnState::new(TxnId(time)));
            store.push(tree, &key, &writer, None);
            writer.commit(time);
        };
        (1..=1_000_000).for_each(version);
        store.prune(tree, &key, 400_000);
        assert_eq!(store.count(), 600_000);
        store.prune_all(1_000_000);
        assert_eq!(store.count(), 0);
        (1..=1_000_000).for_each(version);
        drop(store);
    }
}
