//! The traits of the door, and the plain data that passes through it.

use super::columns::{RowShape, Run};
use crate::buffer::Usage;
use crate::error::Result;
use crate::interrupt::WaitLimits;
use crate::txn::LockMode;
use std::ops::Bound;
use std::sync::Arc;

/// Names a tree for as long as it exists. A tree is created and dropped inside transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TreeId(pub u32);

/// How a transaction sees the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum IsolationLevel {
    /// A new snapshot for each statement ([`StorageTxn::refresh_snapshot`]).
    ReadCommitted,
    /// One snapshot, taken at the start.
    RepeatableRead,
    /// One snapshot, and a commit that changes something fails with `40001` when another commit since has changed what
    /// this transaction read: all transactions at this level are as if they had run one after the other. One that changes
    /// nothing never fails.
    #[default]
    Serializable,
}

/// What a commit waits for, and so what may take it back. Whatever is lost, the database stays whole: it is as it was
/// after some commit, and every commit before that one is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Synchronous {
    /// Until the disk says that the commit is on it. Nothing takes it back.
    #[default]
    Full,
    /// Until the operating system has it. It survives the end of the process, by whatever cause; when the machine stops
    /// or loses power, the commits since the last sync may be lost. Syncs are made by checkpoints (at the latest when
    /// `checkpoint_bytes` of log were written) and by every commit at `Full`.
    Normal,
    /// For nothing: it is in the memory of the process. The end of the process too may lose the commits since the last
    /// write of the log: made by checkpoints, by other commits, when a buffer is full, and by closing the database.
    Off,
}

/// How to begin a transaction.
#[derive(Clone, Copy, Debug, Default)]
pub struct TxnOptions {
    /// What the transaction sees of others.
    pub isolation: IsolationLevel,
    /// Every change is refused with `25006`.
    pub read_only: bool,
    /// How long a write waits for another transaction's uncommitted version before `55P03`, in microseconds;
    /// `None` waits until the other ends (a deadlock gives `40P01` at once), `Some(0)` does not wait.
    pub lock_timeout_micros: Option<u64>,
    /// What its commit waits for.
    pub synchronous: Synchronous,
    /// It changes nothing that depends on the schema: its first change does not wait for a transaction that changes the
    /// schema, or is about to, and is not refused because of one.
    pub beside_schema_changes: bool,
    /// Who begins it, for [`StorageBackend::holders`]; 0: nobody in particular.
    pub session: u64,
}

/// A range of keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRange {
    /// Where it starts.
    pub low: Bound<Vec<u8>>,
    /// Where it ends.
    pub high: Bound<Vec<u8>>,
}

impl KeyRange {
    /// All keys.
    pub const ALL: KeyRange = KeyRange {
        low: Bound::Unbounded,
        high: Bound::Unbounded,
    };

    /// All keys that start with `prefix`.
    pub fn prefix(prefix: &[u8]) -> Self {
        let mut end = prefix.to_vec();
        while let Some(last) = end.pop() {
            if last < 0xff {
                end.push(last + 1);
                return Self {
                    low: Bound::Included(prefix.to_vec()),
                    high: Bound::Excluded(end),
                };
            }
        }
        Self {
            low: Bound::Included(prefix.to_vec()),
            high: Bound::Unbounded,
        }
    }

    /// Whether `key` lies in the range.
    pub fn contains(&self, key: &[u8]) -> bool {
        let after_low = match &self.low {
            Bound::Included(low) => key >= low.as_slice(),
            Bound::Excluded(low) => key > low.as_slice(),
            Bound::Unbounded => true,
        };
        after_low
            && match &self.high {
                Bound::Included(high) => key <= high.as_slice(),
                Bound::Excluded(high) => key < high.as_slice(),
                Bound::Unbounded => true,
            }
    }
}

/// The order in which a scan gives its entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum ScanDirection {
    /// Ascending keys.
    #[default]
    Forward,
    /// Descending keys.
    Backward,
}

/// Keys and values of one step of a scan, in one buffer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EntryBatch {
    bytes: Vec<u8>,
    /// For each entry where its key starts, where its value starts, and where that ends.
    entries: Vec<(usize, usize, usize)>,
}

impl EntryBatch {
    /// Forgets all entries, keeping the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.entries.clear();
    }

    /// Adds an entry at the end.
    pub fn push(&mut self, key: &[u8], value: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(key);
        let middle = self.bytes.len();
        self.bytes.extend_from_slice(value);
        self.entries.push((start, middle, self.bytes.len()));
    }

    /// Adds bytes in which entries lie; gives where they start. No entry is added.
    pub(crate) fn push_bytes(&mut self, bytes: &[u8]) -> usize {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        start
    }

    /// Adds the entry that lies at `key..value..end` in the bytes that start at `bytes`, see [`Self::push_bytes`].
    pub(crate) fn push_place(&mut self, bytes: usize, key: usize, value: usize, end: usize) {
        debug_assert!(key <= value && value <= end && bytes + end <= self.bytes.len());
        self.entries.push((bytes + key, bytes + value, bytes + end));
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Bytes of all keys and values, and of what lies between them.
    pub fn size_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The key of entry `i` (panics when `i >= len`, like a slice).
    pub fn key(&self, i: usize) -> &[u8] {
        let (start, middle, _) = self.entries[i];
        &self.bytes[start..middle]
    }

    /// The value of entry `i` (panics when `i >= len`, like a slice).
    pub fn value(&self, i: usize) -> &[u8] {
        let (_, middle, end) = self.entries[i];
        &self.bytes[middle..end]
    }

    /// Forgets all entries but those at `positions`, which ascend (panics for positions that are none).
    pub fn keep(&mut self, positions: &[u32]) {
        for (to, from) in positions.iter().enumerate() {
            self.entries[to] = self.entries[*from as usize];
        }
        self.entries.truncate(positions.len());
    }

    /// All entries, in the order of the scan.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.entries
            .iter()
            .map(|&(s, m, e)| (&self.bytes[s..m], &self.bytes[m..e]))
    }
}

/// A storage engine: where SQL keeps its rows.
pub trait StorageBackend: Send + Sync + 'static {
    /// Begins a transaction; its snapshot is what was committed until now.
    fn begin(&self, options: TxnOptions) -> Result<Box<dyn StorageTxn>>;
    /// The tree that exists from the start, never dropped: the catalog's root.
    fn root_tree(&self) -> TreeId;
    /// A number that grows with each commit that called [`StorageTxn::mark_schema_changed`]; 0 at open.
    fn schema_version(&self) -> u64;
    /// Everybody who waits looks whether the wait was interrupted.
    fn wake(&self);
    /// Some background work: vacuum, a checkpoint when one is due. Bounded by about `budget_pages` pages touched.
    fn maintain(&self, budget_pages: u64) -> Result<MaintenanceReport>;
    /// Removes all that no snapshot needs, and gives the free pages at the end of the file back to the file system. Waits
    /// while others do maintenance, as `limits` say (`55P03`), and stops between two of its steps, each of which is one
    /// record of the log, with `57014` when [`WaitLimits::interrupt`] says so: what was done is done, and the next goes on.
    fn vacuum(&self, limits: &WaitLimits) -> Result<MaintenanceReport>;
    /// Writes all dirty pages and lets the log be recycled.
    fn checkpoint(&self) -> Result<()>;
    /// The last checkpoint: the next open has nothing to recover, and who changes anything before that fails with `58030`.
    /// Dropping the backend without it loses nothing either.
    fn close(&self) -> Result<()> {
        self.checkpoint()
    }
    /// Verifies every page, tree and owner in the file. Damage is reported, not returned as an error.
    fn check(&self) -> Result<CheckReport>;
    /// Counters and sizes.
    fn stats(&self) -> StorageStats;
    /// The transactions that are not ended, that with the oldest snapshot first, and what is kept for each. Takes time in
    /// proportion to [`StorageStats::versions`].
    fn holders(&self) -> Vec<SnapshotHolder>;
}

/// A transaction. Dropping it without [`commit`](StorageTxn::commit) rolls it back.
///
/// Every change is atomic by itself; a statement of several changes brackets them with
/// [`savepoint`](StorageTxn::savepoint) and, on failure, [`rollback_to`](StorageTxn::rollback_to).
///
/// Errors of changes: `40001` a version committed after the snapshot is in the way; `40P01` deadlock; `55P03` lock
/// time-out; `57014` interrupted; `25006` read-only; `54000` key or value too long; `53100` disk full; `58030` I/O.
pub trait StorageTxn: Send {
    /// The value of `key` as the snapshot and this transaction's own changes see it.
    fn get(&self, tree: TreeId, key: &[u8]) -> Result<Option<Vec<u8>>>;
    /// Puts `value` under `key` if the key is free (as the newest committed state and this transaction see it; a
    /// transaction in doubt is waited for). Returns false, and changes nothing, when the key is taken.
    fn insert(&mut self, tree: TreeId, key: &[u8], value: &[u8]) -> Result<bool>;
    /// Puts `value` under `key`, whether or not there is one.
    fn put(&mut self, tree: TreeId, key: &[u8], value: &[u8]) -> Result<()>;
    /// Removes `key`; false when there is none to see.
    fn delete(&mut self, tree: TreeId, key: &[u8]) -> Result<bool>;
    /// Scans `range`. At [`IsolationLevel::Serializable`] the transaction has then read the range up to the last entry
    /// that the cursor gave, or all of it once the cursor has said that there are no more.
    ///
    /// The cursor sees this transaction's changes made until [`StorageCursor::next_batch`] reaches
    /// them; callers that change what they scan collect keys first.
    fn scan(
        &self,
        tree: TreeId,
        range: KeyRange,
        direction: ScanDirection,
    ) -> Result<Box<dyn StorageCursor + '_>>;
    /// Locks `key`, under which there need not be anything, until this transaction ends or rolls back to a savepoint
    /// before it. What others do with the key conflicts as if they locked it: a put over a value at
    /// [`LockMode::NoKeyUpdate`], any other change at [`LockMode::Update`]. Waits for the others if `waits`; else gives
    /// false, with nothing locked, when there are any. Errors: those of changes.
    fn lock(&self, tree: TreeId, key: &[u8], mode: LockMode, waits: bool) -> Result<bool>;
    /// This transaction commits a change only if no other has committed one within `range` since its snapshot. So it is
    /// for all that is read at [`IsolationLevel::Serializable`]; this asks for it at `RepeatableRead` too. At
    /// `ReadCommitted` it does nothing: what takes a lock and then a new snapshot needs no promise.
    fn depend_on(&mut self, tree: TreeId, range: &KeyRange);
    /// Sets when waiting for others is given up; scans too stop with `57014` when [`WaitLimits::interrupt`] says so.
    fn limit_waits(&mut self, limits: WaitLimits);
    /// Changes [`TxnOptions::synchronous`].
    fn set_synchronous(&mut self, synchronous: Synchronous);
    /// Creates an empty tree.
    fn create_tree(&mut self) -> Result<TreeId>;
    /// Drops a tree; its pages are given back once no snapshot can see it.
    fn drop_tree(&mut self, tree: TreeId) -> Result<()>;
    /// Reserves `count` consecutive numbers for keys of `tree` (hidden row ids) and returns the first. Numbers are
    /// greater than every 8-byte big-endian sign-flipped key in the tree, never given twice while the database is
    /// open, and not given back by a rollback.
    fn allocate_row_ids(&mut self, tree: TreeId, count: u64) -> Result<i64>;
    /// Marks a point to roll back to; savepoints nest.
    fn savepoint(&mut self) -> usize;
    /// Undoes all changes since `savepoint`, which stays valid.
    fn rollback_to(&mut self, savepoint: usize) -> Result<()>;
    /// Announces a change of schema: waits until no other transaction that has changed something is running, keeps
    /// others from their first change until this one ends, and makes this commit raise
    /// [`StorageBackend::schema_version`]. A transaction that has neither read nor written takes a new snapshot after
    /// the wait; another fails with `40001` when something was committed since its snapshot. Likewise a first change
    /// fails with `40001` when the schema was changed since the snapshot.
    fn mark_schema_changed(&mut self) -> Result<()>;
    /// The schema version that the snapshot sees.
    fn schema_version(&self) -> u64;
    /// How often commits have changed a key of `tree` since the database was opened, until now: not what the snapshot
    /// sees, but for those who decide by it whether to look at the tree again.
    fn changes(&self, tree: TreeId) -> u64;
    /// What the calling thread has asked of pages and log until now, by whatever calls: what was counted between two of
    /// these is what the calls between them took. Nothing where there are neither pages nor log.
    fn usage(&self) -> Usage;
    /// In `READ COMMITTED`, takes a new snapshot; else does nothing.
    fn refresh_snapshot(&mut self);
    /// Commits; when this returns `Ok` the transaction survives what [`Synchronous`] says: by default every crash. Errors: `40001` when it is not serializable; it
    /// is then rolled back. `57014`, and rolled back too, when [`WaitLimits::interrupt`] says so by the time at which the
    /// commit record would be appended; from then on it is not interrupted, for it may be there already. On an error of kind [`crate::ErrorKind::Stopped`] or [`crate::ErrorKind::Io`] the outcome is
    /// unknown until the next open.
    fn commit(self: Box<Self>) -> Result<()>;
    /// Rolls back.
    fn rollback(self: Box<Self>) -> Result<()>;
}

/// Entries that [`for_each_entry`] reads in one step.
const ENTRIES_STEP: usize = 1024;

/// Calls `each` with all keys and values of `tree` that `txn` sees, in order. Errors: those of the scan and of `each`.
pub(crate) fn for_each_entry(
    txn: &dyn StorageTxn,
    tree: TreeId,
    mut each: impl FnMut(&[u8], &[u8]) -> Result<()>,
) -> Result<()> {
    let mut cursor = txn.scan(tree, KeyRange::ALL, ScanDirection::Forward)?;
    let mut batch = EntryBatch::default();
    while cursor.next_batch(&mut batch, ENTRIES_STEP)? {
        batch.iter().try_for_each(|(key, value)| each(key, value))?;
    }
    Ok(())
}

/// A position in a scan.
pub trait StorageCursor {
    /// Replaces `batch` by the next entries, at most `entries_max` (at least 1). False, with an empty batch, at the
    /// end.
    fn next_batch(&mut self, batch: &mut EntryBatch, entries_max: usize) -> Result<bool>;
    /// For scans of all rows of a table, forward: the next rows, some thousands, as far as they lie together; `None` at the
    /// end, and whenever it is asked again there. `batch` becomes their entries, unless all of `columns` are kept: then it
    /// is left empty. A cursor is asked for runs only, or for batches only. At [`IsolationLevel::Serializable`] the
    /// transaction has read all of the table with the first run.
    fn next_run(
        &mut self,
        shape: &Arc<RowShape>,
        columns: &[usize],
        batch: &mut EntryBatch,
    ) -> Result<Option<Run>>;
}

/// What a maintenance call did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MaintenanceReport {
    /// Tombstones removed.
    pub tombstones_removed: u64,
    /// Pages given back to the free list.
    pub pages_freed: u64,
    /// Pages by which the file became shorter.
    pub pages_cut: u64,
    /// Versions dropped from memory.
    pub versions_dropped: u64,
    /// Whether a checkpoint was made.
    pub checkpointed: bool,
    /// Tables whose statistics were gathered anew, by [`Database::maintain`](crate::api::Database::maintain).
    pub tables_analyzed: u64,
}

/// What [`StorageBackend::check`] found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckReport {
    /// Pages looked at.
    pub pages_checked: u64,
    /// Trees walked.
    pub trees_checked: u64,
    /// Entries seen, tombstones included.
    pub entries_checked: u64,
    /// Tombstones among them.
    pub tombstones: u64,
    /// Dropped trees and replaced values whose pages are not free yet.
    pub garbage: u64,
    /// Pages on the free list.
    pub pages_free: u64,
    /// One line for each thing that is wrong, with its page; empty when the database is sound. At most 1,000.
    pub problems: Vec<String>,
    /// What memory and log keep for nobody, as far as there was no transaction to keep it for: of interest to tests that know
    /// that nobody is at work, since what ends meanwhile may not have given all of it back yet.
    pub left: Vec<String>,
}

impl CheckReport {
    /// Adds a problem, unless there are enough.
    pub(crate) fn note(&mut self, problem: String) {
        crate::btree::add_problem(&mut self.problems, problem);
    }
}

/// A transaction that has not ended, and what the database keeps as long as it does not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SnapshotHolder {
    /// [`TxnOptions::session`].
    pub session: u64,
    /// Commits of changes since its snapshot was taken.
    pub commits: u64,
    /// Keys that a commit has changed since, for each of which a before-image is kept in memory. Snapshots of about the
    /// same age share them.
    pub versions: u64,
    /// Bytes of the log from its first record on, which rolling it back may need, and so no checkpoint frees; 0 when it has
    /// changed nothing.
    pub log_bytes: u64,
}

/// Counters since the database was opened, and sizes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StorageStats {
    /// Bytes of a page.
    pub page_bytes: u64,
    /// Pages of the file, free ones included.
    pub pages: u64,
    /// Pages read from the file.
    pub pages_read: u64,
    /// Pages written to the file.
    pub pages_written: u64,
    /// Bytes appended to the log.
    pub log_bytes_written: u64,
    /// Bytes of the log's file.
    pub log_file_bytes: u64,
    /// Syncs of the log.
    pub log_syncs: u64,
    /// Checkpoints made.
    pub checkpoints: u64,
    /// Transactions committed that changed something.
    pub commits: u64,
    /// Before-images held in memory.
    pub versions: u64,
    /// Snapshots that transactions hold.
    pub snapshots: u64,
    /// Commits since the oldest of them was taken: what it keeps from being forgotten.
    pub oldest_snapshot_commits: u64,
}
