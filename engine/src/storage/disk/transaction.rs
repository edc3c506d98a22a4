//! A transaction on disk: its life from snapshot to commit or rollback.

use super::super::{
    IsolationLevel, KeyRange, LockMode, ScanDirection, StorageCursor, StorageTxn, Synchronous,
    TreeId, TxnOptions,
};
use super::core::{Core, TREE_DROPPED, TREE_LIVE, root_of, tree_key};
use super::cursor::DiskCursor;
use super::lock::HeldLock;
use super::open::END_BYTES;
use super::reading::Reading;
use super::undo::{UndoAction, changes_by_tree};
use super::write::ChangeKind;
use crate::btree::{Entry, OVERFLOW, StoredEntry, TOMBSTONE};
use crate::buffer::{Usage, usage};
use crate::error::{Error, ErrorKind, Result};
use crate::interrupt::WaitLimits;
use crate::page::{Lsn, PageId};
use crate::planted::{Mistake, makes};
use crate::txn::{Purpose, Seen, Snapshot, TxnState, Written};
use crate::wal::RecordKind;
use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// One change, to be undone in memory.
pub(super) struct UndoItem {
    pub(super) action: UndoAction,
    /// The transaction's record before the one that this undoes.
    pub(super) undo_next: Lsn,
    /// The change hung a before-image on its key.
    pub(super) pushed_version: bool,
    /// The change left a tombstone.
    pub(super) tombstone: bool,
    /// The key was read before, which is not noted elsewhere.
    pub(super) covers_read: bool,
}

impl UndoItem {
    /// Of a change that no key shows: pages were taken or given.
    pub(super) fn of_pages(action: UndoAction, undo_next: Lsn) -> Self {
        Self {
            action,
            undo_next,
            pushed_version: false,
            tombstone: false,
            covers_read: false,
        }
    }

    /// Whether it is the first change of its key, or leaves a tombstone.
    fn is_written(&self) -> bool {
        self.pushed_version || self.tombstone
    }
}

/// What a transaction holds beside its changes.
#[derive(Default)]
pub(super) struct Held {
    pub(super) locks: RefCell<Vec<HeldLock>>,
    /// What must stay as it was read, at a level that does not ask that of all that was read.
    promises: Option<Reading>,
    /// Log space kept for rolling back: all of it, and what the changes so far may need.
    pub(super) kept_bytes: u64,
    pub(super) needed_bytes: u64,
}

/// A transaction of a [`DiskStorageBackend`](super::DiskStorageBackend).
pub(super) struct DiskTxn {
    pub(super) core: Arc<Core>,
    pub(super) options: TxnOptions,
    /// When waiting for others is given up.
    pub(super) limits: WaitLimits,
    pub(super) snapshot: Snapshot,
    /// Set with the first change.
    pub(super) state: RefCell<Option<Arc<TxnState>>>,
    pub(super) undo: Vec<UndoItem>,
    pub(super) held: Held,
    /// What was read, where that is asked at commit.
    pub(super) reading: Option<Reading>,
    /// Something was read or written with the snapshot.
    used: AtomicBool,
    schema_changed: bool,
    /// Something was changed, even if it was rolled back to a savepoint since.
    pub(super) changed: bool,
    ended: bool,
}

impl DiskTxn {
    pub(super) fn begin(core: Arc<Core>, options: TxnOptions) -> Self {
        Self {
            snapshot: core.txns.snapshot(options.session),
            reading: Reading::of(&options),
            core,
            limits: WaitLimits {
                lock_timeout_micros: options.lock_timeout_micros,
                interrupt: None,
            },
            options,
            held: Held::default(),
            state: RefCell::default(),
            undo: Vec::new(),
            used: AtomicBool::new(false),
            schema_changed: false,
            changed: false,
            ended: false,
        }
    }

    /// The transaction has learned something by its snapshot, which then stays.
    pub(super) fn note_use(&self) {
        if !self.used.load(Ordering::Relaxed) {
            self.used.store(true, Ordering::Relaxed);
        }
    }

    /// The transaction's number, taken with its first change.
    pub(super) fn writer(&self) -> Result<Arc<TxnState>> {
        self.writer_for(match self.options.beside_schema_changes {
            true => Purpose::Beside,
            false => Purpose::Rows,
        })
    }

    fn writer_for(&self, purpose: Purpose) -> Result<Arc<TxnState>> {
        if let Some(state) = &*self.state.borrow() {
            return Ok(state.clone());
        }
        if self.options.read_only {
            return Err(Error::new(
                ErrorKind::Misuse,
                "25006",
                "cannot change anything in a read-only transaction",
            ));
        }
        self.core.log().refuse_if_stopped()?;
        let state = self
            .core
            .txns
            .start_writing(&self.snapshot, purpose, &self.limits)?;
        self.state.replace(Some(state.clone()));
        Ok(state)
    }

    /// A first change that came to nothing leaves the transaction as if it had not been tried, so that nobody waits
    /// for it.
    pub(super) fn forget_idle_writer(&self) {
        if !self.changed
            && !self.schema_changed
            && self.undo.is_empty()
            && self.held.locks.borrow().is_empty()
            && let Some(state) = self.state.take()
        {
            self.end_undone(&state);
        }
    }

    /// Ends a transaction all of whose changes are undone.
    fn end_undone(&self, state: &Arc<TxnState>) {
        if state.chain().last() != Lsn(0) {
            // Without the record recovery finds nothing left to undo, and writes it.
            let _ = self.core.log_end_of(state.chain(), RecordKind::End);
        }
        self.core.txns.abort(state);
    }

    /// Whether the transaction sees a value under `key`, of which the page holds `entry`. The caller holds the leaf's
    /// latch.
    pub(super) fn sees(&self, tree: PageId, key: &[u8], entry: Option<Entry<'_>>) -> bool {
        let is_live = |entry: Entry<'_>| entry.flags & TOMBSTONE == 0;
        match self
            .core
            .versions
            .seen(tree, key, &self.snapshot, self.state.borrow().as_ref())
        {
            Seen::Page => entry.is_some_and(is_live),
            Seen::Before(before) => before.is_some_and(|b| is_live(b.as_entry())),
        }
    }

    /// Undoes all changes after the first `keep`.
    pub(super) fn undo_to(&mut self, keep: usize) -> Result<()> {
        let Some(state) = self.state.borrow().clone() else {
            return Ok(());
        };
        if self.undo.len() > keep {
            // Undoing takes the space that was kept for it.
            self.held.needed_bytes = 0;
            self.core
                .log()
                .release(std::mem::take(&mut self.held.kept_bytes));
        }
        while self.undo.len() > keep {
            let Some(item) = self.undo.last() else { break };
            let _changing = self.core.changing.read();
            let misses = self.undo.len() % 4 == 3 && makes(Mistake::UndoMissesEntry);
            if !misses {
                self.core
                    .undo(state.chain(), &item.action, item.undo_next)
                    .map_err(|e| self.cannot_undo(&e))?;
            }
            if let UndoAction::Restore { tree, key, .. } = &item.action {
                if item.pushed_version {
                    self.core.versions.pop(*tree, key);
                }
                let covers_read = item.covers_read && !makes(Mistake::CoveredReadDropped);
                if let Some(reading) = self.reading.as_ref().filter(|_| covers_read) {
                    reading.key(*tree, key);
                }
            }
            self.undo.pop();
        }
        Ok(())
    }

    /// A change that can be neither kept nor undone: only recovery can go on from here.
    fn cannot_undo(&self, cause: &Error) -> Error {
        self.core.log().stop();
        self.core.txns.halt();
        Error::new(
            ErrorKind::Stopped,
            "58030",
            format!(
                "cannot roll back ({cause}); the database takes no more writes, open it again to recover"
            ),
        )
    }

    /// Gives back what the transaction holds beside its changes.
    fn release(&mut self) {
        self.ended = true;
        self.release_locks(0);
        self.core
            .log()
            .release(std::mem::take(&mut self.held.kept_bytes));
        if self.core.txns.forget(self.snapshot) {
            self.core.drop_settled_versions();
        }
    }

    fn commit_now(&mut self) -> Result<()> {
        let Some(state) = self.state.borrow().clone() else {
            self.release();
            return Ok(());
        };
        if state.chain().last() == Lsn(0) && !self.schema_changed {
            self.core.txns.abort(&state);
            self.release();
            return Ok(());
        }
        let changes = changes_by_tree(&self.undo);
        let end = match self.order_commit(&state) {
            Ok(end) => end,
            Err(e) => {
                self.roll_back_now()?;
                return Err(match e.kind() {
                    ErrorKind::Conflict | ErrorKind::Canceled => e,
                    _ => e.context("the transaction was rolled back"),
                });
            }
        };
        if makes(Mistake::LockGivenBackEarly) {
            self.release_locks(0);
        }
        let synchronous = match makes(Mistake::CommitWithoutSync) {
            true => Synchronous::Off,
            false => self.options.synchronous,
        };
        if makes(Mistake::VisibleBeforeDurable) {
            self.core.txns.publish(end);
        }
        let kept = match synchronous {
            Synchronous::Full => self.core.log().flush(end),
            Synchronous::Normal => self.core.log().write(end),
            Synchronous::Off => Ok(()),
        };
        if let Err(e) = kept {
            // Whether it is committed is decided by recovery; until then nobody sees it.
            self.core.txns.halt();
            self.release();
            return Err(e);
        }
        self.core.txns.publish(end);
        self.core.commits.fetch_add(1, Ordering::Relaxed);
        self.core.count_changes(&changes);
        self.release();
        if makes(Mistake::InterruptedTooLate) {
            self.limits.check()?;
        }
        self.maintain_if_due();
        Ok(())
    }

    /// Takes the transaction into the order of commits, its commit record into the log.
    fn order_commit(&mut self, state: &Arc<TxnState>) -> Result<Lsn> {
        // From here on nothing asks: a commit is interrupted before its record is there, or not at all.
        self.limits.check()?;
        let core = self.core.clone();
        let _reservation = core.log().reserve(END_BYTES)?;
        let undo = &mut self.undo;
        let skips = makes(Mistake::ValidationSkipped);
        let asks = !skips && undo.iter().any(UndoItem::is_written);
        let reading = self.reading.as_ref().or(self.held.promises.as_ref());
        let reads = reading.filter(|_| asks).map(Reading::all);
        let reads = reads.as_deref().map(|reads| (reads, self.snapshot.time));
        core.txns.order(
            state,
            reads,
            self.schema_changed,
            || core.append_end_of(state.chain(), RecordKind::Commit),
            || {
                std::mem::take(undo)
                    .into_iter()
                    .filter_map(written)
                    .collect()
            },
        )
    }

    fn roll_back_now(&mut self) -> Result<()> {
        let Some(state) = self.state.borrow().clone() else {
            self.release();
            return Ok(());
        };
        if makes(Mistake::EndedBeforeUndone) {
            self.core.txns.abort(&state);
        }
        if let Err(e) = self.undo_to(0) {
            self.release();
            return Err(e);
        }
        if !makes(Mistake::VictimStays) {
            self.end_undone(&state);
        }
        self.release();
        // What was undone is in the log twice.
        self.maintain_if_due();
        Ok(())
    }

    /// The transaction has ended: that maintenance fails is the next one's affair.
    fn maintain_if_due(&self) {
        let _ = self.core.maintain_if_due();
    }
}

fn written(item: UndoItem) -> Option<Written> {
    let is_written = item.is_written();
    match item.action {
        UndoAction::Restore { tree, key, .. } if is_written => Some(Written {
            tree,
            key,
            tombstone: item.tombstone,
        }),
        _ => None,
    }
}

fn snapshot_too_old() -> Error {
    Error::new(
        ErrorKind::Conflict,
        "40001",
        "could not serialize access: another transaction committed since the snapshot of this change of schema",
    )
}

impl StorageTxn for DiskTxn {
    fn get(&self, tree: TreeId, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.note_use();
        if let Some(reading) = &self.reading {
            reading.next_key(root_of(tree), key);
        }
        let open = self.core.tree(root_of(tree))?;
        let leaf = open.tree.leaf(key)?;
        let entry = leaf.entry(key);
        let seen = if leaf.page().max_txn() < self.snapshot.settled_below {
            Seen::Page
        } else {
            self.core.versions.seen(
                root_of(tree),
                key,
                &self.snapshot,
                self.state.borrow().as_ref(),
            )
        };
        let before;
        let entry = match seen {
            Seen::Page => entry,
            Seen::Before(stored) => {
                before = stored;
                before.as_ref().map(StoredEntry::as_entry)
            }
        };
        let Some(entry) = entry.filter(|e| e.flags & TOMBSTONE == 0) else {
            return Ok(None);
        };
        if entry.flags & OVERFLOW == 0 {
            return Ok(Some(entry.value.to_vec()));
        }
        self.core.read_overflow(entry.value).map(Some)
    }

    fn insert(&mut self, tree: TreeId, key: &[u8], value: &[u8]) -> Result<bool> {
        self.change(root_of(tree), key, ChangeKind::Insert, value)
    }

    fn put(&mut self, tree: TreeId, key: &[u8], value: &[u8]) -> Result<()> {
        self.change(root_of(tree), key, ChangeKind::Put, value)
            .map(drop)
    }

    fn delete(&mut self, tree: TreeId, key: &[u8]) -> Result<bool> {
        self.change(root_of(tree), key, ChangeKind::Delete, &[])
    }

    fn scan(
        &self,
        tree: TreeId,
        range: KeyRange,
        direction: ScanDirection,
    ) -> Result<Box<dyn StorageCursor + '_>> {
        self.note_use();
        let open = self.core.tree(root_of(tree))?;
        Ok(Box::new(DiskCursor::new(self, open, range, direction)))
    }

    fn create_tree(&mut self) -> Result<TreeId> {
        let mark = self.undo.len();
        let created = self.create_root().and_then(|root| {
            let directory = self.core.directory.tree.root();
            self.change(directory, &tree_key(root), ChangeKind::Put, &[TREE_LIVE])?;
            Ok(TreeId(root.0))
        });
        if created.is_err() {
            self.undo_to(mark)?;
            self.forget_idle_writer();
        }
        created
    }

    fn drop_tree(&mut self, tree: TreeId) -> Result<()> {
        let root = root_of(tree);
        let directory = self.core.directory.tree.root();
        let listed = self.get(TreeId(directory.0), &tree_key(root))?;
        if listed.as_deref() != Some(&[TREE_LIVE]) {
            return Err(Error::misuse(format!("there is no tree {}", tree.0)));
        }
        self.core.note_garbage();
        self.change(directory, &tree_key(root), ChangeKind::Put, &[TREE_DROPPED])
            .map(drop)
    }

    fn allocate_row_ids(&mut self, tree: TreeId, count: u64) -> Result<i64> {
        self.core.tree(root_of(tree))?.allocate_row_ids(count)
    }

    fn lock(&self, tree: TreeId, key: &[u8], mode: LockMode, waits: bool) -> Result<bool> {
        self.lock_key(root_of(tree), key, mode, waits)
    }

    fn depend_on(&mut self, tree: TreeId, range: &KeyRange) {
        match (self.options.isolation, &self.reading) {
            (IsolationLevel::ReadCommitted, _) => {}
            _ if makes(Mistake::PromisesForgotten) => {}
            (_, Some(reading)) => {
                reading.range(root_of(tree), range, ScanDirection::Forward, None);
            }
            (_, None) => {
                let reading = self.held.promises.get_or_insert_default();
                reading.range(root_of(tree), range, ScanDirection::Forward, None);
            }
        }
    }

    fn set_synchronous(&mut self, synchronous: Synchronous) {
        self.options.synchronous = synchronous;
    }

    fn limit_waits(&mut self, limits: WaitLimits) {
        self.limits = limits;
    }

    fn savepoint(&mut self) -> usize {
        self.position()
    }

    fn rollback_to(&mut self, savepoint: usize) -> Result<()> {
        let locks = self.held.locks.borrow();
        let kept = locks.partition_point(|lock| lock.position < savepoint);
        drop(locks);
        let left = makes(Mistake::SavepointLeavesEntry);
        self.undo_to(savepoint - kept + usize::from(left))?;
        if !makes(Mistake::LockSurvivesSavepoint) {
            self.release_locks(kept);
        }
        Ok(())
    }

    fn mark_schema_changed(&mut self) -> Result<()> {
        if self.schema_changed {
            return Ok(());
        }
        let fresh = self.state.borrow().is_none();
        let was_used = self.used.load(Ordering::Relaxed) || !fresh;
        let state = self.writer_for(Purpose::Schema)?;
        let owned = self
            .core
            .txns
            .own_schema(&state, &self.snapshot, &self.limits)
            .and_then(|nothing_since| {
                if was_used && !nothing_since {
                    self.core.txns.disown_schema(&state);
                    return Err(snapshot_too_old());
                }
                Ok(nothing_since)
            });
        match owned {
            // What it knows by its snapshot is as it was.
            Ok(_) if was_used => {}
            Ok(_) => self.take_snapshot(),
            Err(e) => {
                if fresh {
                    self.core.txns.abort(&state);
                    self.state.take();
                }
                return Err(e);
            }
        }
        self.schema_changed = true;
        Ok(())
    }

    fn schema_version(&self) -> u64 {
        self.note_use();
        self.snapshot.schema_version
    }

    fn changes(&self, tree: TreeId) -> u64 {
        self.core.changes(root_of(tree))
    }

    fn usage(&self) -> Usage {
        usage()
    }

    fn refresh_snapshot(&mut self) {
        let keeps = makes(Mistake::SnapshotNotRefreshed);
        if self.options.isolation == IsolationLevel::ReadCommitted && !keeps {
            self.take_snapshot();
        }
    }

    fn commit(mut self: Box<Self>) -> Result<()> {
        self.commit_now()
    }

    fn rollback(mut self: Box<Self>) -> Result<()> {
        self.roll_back_now()
    }
}

impl DiskTxn {
    fn take_snapshot(&mut self) {
        let (new, old_was_oldest) = self.core.txns.renew(self.snapshot);
        self.snapshot = new;
        if old_was_oldest {
            self.core.drop_settled_versions();
        }
    }

    /// A new tree's root, which rolling back turns into a dropped tree.
    fn create_root(&mut self) -> Result<PageId> {
        let state = self.writer()?;
        self.keep_log_for_undo(64)?;
        let undo_next = state.chain().last();
        let _changing = self.core.changing.read();
        let mut change =
            crate::buffer::Change::new(&self.core.pool, crate::buffer::Author::txn(state.chain()));
        let root = change.allocate()?;
        change.replace(&crate::btree::Tree::empty_root(
            self.core.pool.page_bytes(),
            root,
        ));
        let action = UndoAction::DropTree(root);
        change.commit(&action.encode())?;
        self.undo.push(UndoItem::of_pages(action, undo_next));
        Ok(root)
    }
}

impl Drop for DiskTxn {
    fn drop(&mut self) {
        if !self.ended {
            // A rollback that fails stops the database; recovery then finishes it.
            let _ = self.roll_back_now();
        }
    }
}
