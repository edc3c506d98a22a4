//! A transaction of the model: first updater wins, others wait or lose.

use super::backend::Shared;
use super::cursor::ModelCursor;
use super::store::{Author, Step, Store, TxnNumber, Value, conflict, visible};
use quantadb::error::{Error, ErrorKind, Result};
use quantadb::storage::{
    IsolationLevel, KeyRange, LockMode, ScanDirection, StorageCursor, StorageTxn, Synchronous,
    TreeId, TxnOptions, Usage, WaitLimits,
};
use quantadb::sync::MutexGuard;
use std::cell::Cell;
use std::ops::Bound;
use std::sync::Arc;

/// A running transaction.
pub(crate) struct ModelTxn {
    shared: Arc<Shared>,
    me: TxnNumber,
    options: TxnOptions,
    pub(super) limits: WaitLimits,
    /// Whether anything was read: then the snapshot cannot be exchanged.
    has_read: Cell<bool>,
    schema_changed: bool,
}

/// The three ways to change a key.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Change {
    Insert,
    Put,
    Delete,
}

impl ModelTxn {
    pub(super) fn begin(shared: Arc<Shared>, options: TxnOptions) -> Self {
        let is_validated = options.isolation == IsolationLevel::Serializable && !options.read_only;
        let me = shared
            .store
            .lock()
            .begin(is_validated, options.beside_schema_changes);
        Self {
            shared,
            me,
            options,
            limits: WaitLimits {
                lock_timeout_micros: options.lock_timeout_micros,
                interrupt: None,
            },
            has_read: Cell::new(false),
            schema_changed: false,
        }
    }

    /// Whether the snapshot sees `tree`; does not count as having read.
    pub(crate) fn sees(&self, tree: TreeId) -> bool {
        let mut store = self.shared.store.lock();
        let snapshot = store.me(self.me).snapshot;
        store.tree(tree, self.me, snapshot).is_ok()
    }

    /// Looks at the store as of this transaction's snapshot.
    pub(super) fn read<T>(
        &self,
        look: impl FnOnce(&Store, TxnNumber, u64) -> Result<T>,
    ) -> Result<T> {
        self.has_read.set(true);
        let mut store = self.shared.store.lock();
        let snapshot = store.me(self.me).snapshot;
        look(&store, self.me, snapshot)
    }

    /// Whether it may commit.
    pub(crate) fn is_serializable(&self) -> bool {
        self.shared.store.lock().is_serializable(self.me)
    }

    /// Notes that `range` was read.
    pub(super) fn note_read(&self, tree: TreeId, range: KeyRange) {
        let mut store = self.shared.store.lock();
        if let Some(reads) = &mut store.me(self.me).reads {
            reads.push((tree, range));
        }
    }

    fn note_key(&self, tree: TreeId, key: &[u8]) {
        let key = Bound::Included(key.to_vec());
        self.note_read(
            tree,
            KeyRange {
                low: key.clone(),
                high: key,
            },
        );
    }

    /// Repeats `step` until nobody is in its way.
    fn attempt<T>(&self, mut step: impl FnMut(&mut Store) -> Result<Step<T>>) -> Result<T> {
        let mut store = self.shared.store.lock();
        let mut deadline_micros = None;
        loop {
            match step(&mut store)? {
                Step::Done(value) => return Ok(value),
                Step::Blocked(by) => self.wait(&mut store, by, &mut deadline_micros)?,
            }
        }
    }

    fn wait(
        &self,
        store: &mut MutexGuard<'_, Store>,
        blockers: Vec<TxnNumber>,
        deadline_micros: &mut Option<u64>,
    ) -> Result<()> {
        let timed_out = || {
            let message = "canceling statement due to lock timeout";
            Error::new(ErrorKind::Conflict, "55P03", message)
        };
        self.limits.check()?;
        let now = self.shared.env.monotonic_micros();
        if let Some(timeout) = self.limits.lock_timeout_micros {
            let deadline = *deadline_micros.get_or_insert(now.saturating_add(timeout));
            if now >= deadline {
                return Err(timed_out());
            }
        }
        if store.would_deadlock(self.me, &blockers) {
            return Err(Error::new(
                ErrorKind::Conflict,
                "40P01",
                "deadlock detected",
            ));
        }
        store.me(self.me).waits_for = blockers;
        let interrupt = self.limits.interrupt.as_ref();
        let interrupted = interrupt.and_then(|i| i.remaining_micros());
        let timed_out = deadline_micros.map(|deadline| deadline - now);
        match timed_out.into_iter().chain(interrupted).min() {
            Some(rest) => {
                let ended = &self.shared.ended;
                ended.wait_for(store, rest, "transaction of the model");
            }
            None => self.shared.ended.wait(store, "transaction of the model"),
        }
        store.me(self.me).waits_for.clear();
        Ok(())
    }

    /// Locks a key; `None` when others are in the way and `waits` is not set.
    fn lock_or_not(
        &self,
        tree: TreeId,
        key: &[u8],
        mode: LockMode,
        waits: bool,
    ) -> Result<Option<()>> {
        let me = self.me;
        self.attempt(|store| {
            if let Step::Blocked(by) = store.enter_tree(tree, me)? {
                return Ok(Step::Blocked(by));
            }
            let snapshot = store.me(me).snapshot;
            let chain = store.tree(tree, me, snapshot)?.entries.get(key);
            let mut blockers = match chain.and_then(|chain| chain.last()).map(|v| v.author) {
                Some(Author::Running(other)) if other != me => vec![other],
                Some(Author::Committed(at)) if at > snapshot => return Err(conflict()),
                _ => Vec::new(),
            };
            if blockers.is_empty() {
                blockers = store.lockers(me, tree, key, mode);
            }
            match (blockers.is_empty(), waits) {
                (true, _) => store.lock(me, tree, key, mode),
                (false, true) => return Ok(Step::Blocked(blockers)),
                (false, false) => return Ok(Step::Done(None)),
            }
            Ok(Step::Done(Some(())))
        })
    }

    fn refuse_if_read_only(&self) -> Result<()> {
        if self.options.read_only {
            let message = "cannot change data in a read-only transaction";
            return Err(Error::new(ErrorKind::Sql, "25006", message));
        }
        Ok(())
    }

    fn refuse_if_long(&self, key: &[u8], value: &[u8]) -> Result<()> {
        let limits = &self.shared.limits;
        for (what, len, len_max) in [
            ("key", key.len(), limits.key_bytes_max),
            ("value", value.len(), limits.value_bytes_max),
        ] {
            if len > len_max {
                let message = format!("{what} of {len} bytes exceeds the maximum of {len_max}");
                return Err(Error::new(ErrorKind::Limit, "54000", message));
            }
        }
        Ok(())
    }

    /// One change of one key; false when `change` found the key taken, or nothing to delete.
    fn change(&self, tree: TreeId, key: &[u8], change: Change, value: Value) -> Result<bool> {
        self.has_read.set(true);
        self.refuse_if_read_only()?;
        self.refuse_if_long(key, value.as_deref().unwrap_or_default())?;
        let me = self.me;
        let changed = self.attempt(|store| {
            if let Step::Blocked(by) = store.enter_tree(tree, me)? {
                return Ok(Step::Blocked(by));
            }
            let snapshot = store.me(me).snapshot;
            let entries = &store.tree(tree, me, snapshot)?.entries;
            let chain = entries.get(key).map_or(&[][..], Vec::as_slice);
            if change == Change::Delete && visible(chain, me, snapshot).is_none() {
                return Ok(Step::Done(false));
            }
            if let Some(newest) = chain.last() {
                match newest.author {
                    Author::Running(other) if other != me => {
                        return Ok(Step::Blocked(vec![other]));
                    }
                    _ if change == Change::Insert && newest.value.is_some() => {
                        let is_hidden = visible(chain, me, snapshot).is_none();
                        return match is_hidden && store.running[&me].reads.is_some() {
                            true => Err(conflict()),
                            false => Ok(Step::Done(false)),
                        };
                    }
                    Author::Committed(at) if at > snapshot => return Err(conflict()),
                    _ => {}
                }
            }
            let is_put_over =
                change == Change::Put && chain.last().is_some_and(|v| v.value.is_some());
            let mode = match is_put_over {
                true => LockMode::NoKeyUpdate,
                false => LockMode::Update,
            };
            let lockers = store.lockers(me, tree, key, mode);
            if !lockers.is_empty() {
                return Ok(Step::Blocked(lockers));
            }
            store.write(me, tree, key, value.clone());
            Ok(Step::Done(true))
        })?;
        if !changed {
            self.note_key(tree, key);
        }
        Ok(changed)
    }

    fn announce_schema_change(&self) -> Result<()> {
        let me = self.me;
        self.attempt(|store| {
            if let Some(owner) = store.schema_owner.filter(|&o| o != me) {
                return Ok(Step::Blocked(vec![owner]));
            }
            store.schema_owner = Some(me);
            let changing = |(&txn, running): (&TxnNumber, &super::store::Running)| {
                (txn != me && running.changed).then_some(txn)
            };
            let others: Vec<TxnNumber> = store.running.iter().filter_map(changing).collect();
            if !others.is_empty() {
                return Ok(Step::Blocked(others));
            }
            let commits_of_rows = store.commits_of_rows;
            let running = store.me(me);
            if self.has_read.get() || running.changed {
                if commits_of_rows > running.snapshot {
                    return Err(conflict());
                }
            } else {
                store.new_snapshot(me);
            }
            store.me(me).changed = true;
            Ok(Step::Done(()))
        })
    }

    /// Ends the transaction, if it has not ended yet; false when it was to commit and is not serializable.
    fn end(&self, commit: bool) -> bool {
        let mut store = self.shared.store.lock();
        if !store.running.contains_key(&self.me) {
            return true;
        }
        let commits = commit && store.is_serializable(self.me);
        if !commits {
            store.undo(self.me, 0);
        }
        store.end(self.me, commits && self.schema_changed);
        self.shared.ended.notify_all();
        commits == commit
    }
}

impl StorageTxn for ModelTxn {
    fn get(&self, tree: TreeId, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.note_key(tree, key);
        self.read(|store, me, snapshot| {
            let chain = store.tree(tree, me, snapshot)?.entries.get(key);
            Ok(chain
                .and_then(|c| visible(c, me, snapshot))
                .map(<[u8]>::to_vec))
        })
    }

    fn insert(&mut self, tree: TreeId, key: &[u8], value: &[u8]) -> Result<bool> {
        self.change(tree, key, Change::Insert, Some(value.into()))
    }

    fn put(&mut self, tree: TreeId, key: &[u8], value: &[u8]) -> Result<()> {
        self.change(tree, key, Change::Put, Some(value.into()))
            .map(drop)
    }

    fn delete(&mut self, tree: TreeId, key: &[u8]) -> Result<bool> {
        self.change(tree, key, Change::Delete, None)
    }

    fn scan(
        &self,
        tree: TreeId,
        range: KeyRange,
        direction: ScanDirection,
    ) -> Result<Box<dyn StorageCursor + '_>> {
        self.read(|store, me, snapshot| store.tree(tree, me, snapshot).map(drop))?;
        Ok(Box::new(ModelCursor::new(self, tree, range, direction)))
    }

    fn lock(&self, tree: TreeId, key: &[u8], mode: LockMode, waits: bool) -> Result<bool> {
        self.has_read.set(true);
        self.refuse_if_read_only()?;
        let locked = self.lock_or_not(tree, key, mode, waits)?;
        Ok(locked.is_some())
    }

    fn depend_on(&mut self, tree: TreeId, range: &KeyRange) {
        if self.options.isolation != IsolationLevel::ReadCommitted {
            let mut store = self.shared.store.lock();
            let depends_on = &mut store.me(self.me).depends_on;
            depends_on.push((tree, range.clone()));
        }
    }

    /// The model forgets nothing, whatever a commit waits for.
    fn set_synchronous(&mut self, _synchronous: Synchronous) {}

    fn limit_waits(&mut self, limits: WaitLimits) {
        self.limits = limits;
    }

    fn create_tree(&mut self) -> Result<TreeId> {
        self.refuse_if_read_only()?;
        let me = self.me;
        self.attempt(|store| {
            Ok(match store.enter(me)? {
                Step::Done(()) => Step::Done(store.create_tree(me)),
                Step::Blocked(by) => Step::Blocked(by),
            })
        })
    }

    fn drop_tree(&mut self, tree: TreeId) -> Result<()> {
        self.refuse_if_read_only()?;
        let me = self.me;
        self.attempt(|store| store.drop_tree(tree, me))
    }

    fn allocate_row_ids(&mut self, tree: TreeId, count: u64) -> Result<i64> {
        self.refuse_if_read_only()?;
        let mut store = self.shared.store.lock();
        store.allocate_row_ids(tree, self.me, count)
    }

    fn savepoint(&mut self) -> usize {
        self.shared.store.lock().me(self.me).undo.len()
    }

    fn rollback_to(&mut self, savepoint: usize) -> Result<()> {
        self.shared.store.lock().undo(self.me, savepoint);
        Ok(())
    }

    fn mark_schema_changed(&mut self) -> Result<()> {
        self.refuse_if_read_only()?;
        if self.schema_changed {
            return Ok(());
        }
        let announced = self.announce_schema_change();
        if announced.is_err() {
            let mut store = self.shared.store.lock();
            if store.schema_owner == Some(self.me) {
                store.schema_owner = None;
                self.shared.ended.notify_all();
            }
        }
        self.schema_changed = announced.is_ok();
        announced
    }

    fn schema_version(&self) -> u64 {
        self.has_read.set(true);
        self.shared.store.lock().me(self.me).schema_version
    }

    fn changes(&self, tree: TreeId) -> u64 {
        let store = self.shared.store.lock();
        store.trees.get(&tree).map_or(0, |tree| tree.changes)
    }

    fn usage(&self) -> Usage {
        Usage::default()
    }

    fn refresh_snapshot(&mut self) {
        if self.options.isolation == IsolationLevel::ReadCommitted {
            self.shared.store.lock().new_snapshot(self.me);
        }
    }

    fn commit(self: Box<Self>) -> Result<()> {
        let changes = !self.shared.store.lock().me(self.me).undo.is_empty();
        if let Err(interrupted) = self.limits.check()
            && changes
        {
            self.end(false);
            return Err(interrupted);
        }
        if !self.end(true) {
            let message =
                "could not serialize access due to read/write dependencies among transactions";
            return Err(Error::new(ErrorKind::Conflict, "40001", message));
        }
        Ok(())
    }

    fn rollback(self: Box<Self>) -> Result<()> {
        self.end(false);
        Ok(())
    }
}

impl Drop for ModelTxn {
    fn drop(&mut self) {
        self.end(false);
    }
}
