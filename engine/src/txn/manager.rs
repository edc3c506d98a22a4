//! Who runs, what each sees, who waits for whom.

use super::history::{History, Written};
use super::reads::ReadSet;
use super::state::TxnState;
use super::versions::Snapshots;
use crate::env::Env;
use crate::error::{Error, ErrorKind, Result};
use crate::interrupt::WaitLimits;
use crate::page::{Lsn, TxnId};
use crate::planted::{Mistake, makes};
use crate::sync::{Condvar, Mutex, MutexGuard};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A transaction, with changes or without, that holds a snapshot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Holder {
    /// Tells it from all others.
    number: u64,
    /// Who began it.
    session: u64,
}

/// What a transaction keeps others from forgetting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// Who began it.
    pub session: u64,
    /// The time of its snapshot.
    pub time: u64,
    /// Start of its first record in the log.
    pub first_record: Option<Lsn>,
}

/// A moment that a transaction sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Who holds it.
    pub holder: Holder,
    /// Everything committed at or before this time.
    pub time: u64,
    /// Every transaction below this number had ended.
    pub settled_below: u64,
    /// The schema's version at that time.
    pub schema_version: u64,
}

/// A transaction that writes, and the number of its holder.
struct Running {
    txn: Arc<TxnState>,
    holder: u64,
    purpose: Purpose,
}

#[derive(Default)]
struct State {
    /// Time of the newest commit.
    time: u64,
    /// Time of the newest commit of a transaction that was not beside changes of the schema.
    time_of_rows: u64,
    next_txn: u64,
    running: BTreeMap<u64, Running>,
    /// The snapshots, oldest first.
    snapshots: BTreeSet<(u64, Holder)>,
    next_holder: u64,
    schema_version: u64,
    /// Who changes the schema, or is about to.
    schema_owner: Option<Arc<TxnState>>,
    /// Who waits for whom.
    waits: BTreeMap<u64, Vec<u64>>,
    /// The disk failed, and some transactions will never end.
    halted: bool,
}

impl State {
    fn snapshot(&mut self, holder: Holder) -> Snapshot {
        let time = self.time - u64::from(self.time > 0 && makes(Mistake::StaleSnapshot));
        self.snapshots.insert((time, holder));
        let first = self.running.first_key_value();
        let settled_below = first.map_or(self.next_txn, |(id, _)| *id);
        Snapshot {
            holder,
            time,
            settled_below: settled_below + u64::from(makes(Mistake::FastPathTooEager)),
            schema_version: self.schema_version,
        }
    }

    /// The time of the oldest snapshot, or of the newest commit when there is none.
    fn oldest_time(&self) -> u64 {
        self.snapshots.first().map_or(self.time, |(time, _)| *time)
    }

    /// Whether one of `waits_for` waits, directly or not, for `me`.
    fn closes_circle(&self, me: u64, waits_for: &[u64]) -> bool {
        let mut seen = BTreeSet::new();
        let mut open = waits_for.to_vec();
        while let Some(txn) = open.pop() {
            if txn == me {
                return true;
            }
            let is_far = makes(Mistake::LongCircleOverlooked) && !waits_for.contains(&txn);
            if seen.insert(txn) && !is_far {
                open.extend(self.waits.get(&txn).into_iter().flatten());
            }
        }
        false
    }
}

/// When a wait ends without what it waits for.
struct Deadline<'a> {
    /// By [`Env::monotonic_micros`]; `None`: never.
    at_micros: Option<u64>,
    limits: &'a WaitLimits,
}

/// What a transaction's first change is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Rows, of tables as the snapshot shows them.
    Rows,
    /// The schema; the snapshot is asked for again.
    Schema,
    /// What no change of the schema has to do with.
    Beside,
}

/// The transactions of a database.
pub struct TxnManager {
    env: Arc<dyn Env>,
    /// Taken before `state`.
    history: Mutex<History>,
    state: Mutex<State>,
    ended: Condvar,
}

fn schema_changed() -> Error {
    Error::new(
        ErrorKind::Conflict,
        "40001",
        "could not serialize access: the schema was changed since the transaction's snapshot",
    )
}

impl TxnManager {
    /// Nobody runs; the next transaction that writes gets the number `next_txn`.
    pub fn new(env: Arc<dyn Env>, next_txn: u64) -> Self {
        Self {
            env,
            history: Mutex::new(History::default()),
            state: Mutex::new(State {
                next_txn: next_txn.max(1),
                ..State::default()
            }),
            ended: Condvar::new(),
        }
    }

    /// Takes a snapshot of what is committed now, for a transaction that `session` begins; [`TxnManager::forget`] ends it.
    pub fn snapshot(&self, session: u64) -> Snapshot {
        let mut state = self.state.lock();
        state.next_holder += 1;
        let number = state.next_holder;
        state.snapshot(Holder { number, session })
    }

    /// Takes a new snapshot in the place of `old`. Gives also what [`TxnManager::forget`] does.
    pub fn renew(&self, old: Snapshot) -> (Snapshot, bool) {
        let mut state = self.state.lock();
        state.snapshots.remove(&(old.time, old.holder));
        let new = state.snapshot(old.holder);
        (new, old.time < state.oldest_time())
    }

    /// Ends a snapshot. Gives whether it alone was the oldest, so that versions may have become unneeded.
    pub fn forget(&self, snapshot: Snapshot) -> bool {
        let mut state = self.state.lock();
        state.snapshots.remove(&(snapshot.time, snapshot.holder));
        let next = state.snapshots.first();
        next.is_none_or(|(time, _)| snapshot.time < *time)
    }

    /// Whether there is no transaction.
    pub fn at_rest(&self) -> bool {
        self.state.lock().snapshots.is_empty()
    }

    /// The time of the oldest snapshot, or of the newest commit when there is none.
    pub fn oldest_time(&self) -> u64 {
        self.state.lock().oldest_time()
    }

    /// The time of the newest commit.
    pub fn newest_time(&self) -> u64 {
        self.state.lock().time
    }

    /// The number that the next transaction gets.
    pub fn next_txn(&self) -> u64 {
        self.state.lock().next_txn
    }

    /// The schema's version now.
    pub fn schema_version(&self) -> u64 {
        self.state.lock().schema_version
    }

    /// Start of the oldest log record that undoing a running transaction would need.
    pub fn oldest_record(&self) -> Option<Lsn> {
        let state = self.state.lock();
        state
            .running
            .values()
            .filter_map(|running| running.txn.first_record())
            .min()
    }

    /// A transaction with this snapshot is about to make its first change. Waits while another changes the schema, unless
    /// it goes beside that.
    ///
    /// # Errors
    /// `40001` when the schema was changed since the snapshot, `55P03` when the wait takes too long.
    pub fn start_writing(
        &self,
        snapshot: &Snapshot,
        purpose: Purpose,
        limits: &WaitLimits,
    ) -> Result<Arc<TxnState>> {
        let mut state = self.state.lock();
        let deadline = self.deadline(limits);
        let waits = purpose != Purpose::Beside && !makes(Mistake::WriterPassesSchemaChange);
        while state.schema_owner.is_some() && waits {
            self.wait(&mut state, &deadline, "schema change")?;
        }
        if purpose == Purpose::Rows && snapshot.schema_version != state.schema_version {
            return Err(schema_changed());
        }
        let id = state.next_txn;
        state.next_txn += 1;
        let txn = Arc::new(TxnState::new(TxnId(id)));
        let running = Running {
            txn: txn.clone(),
            holder: snapshot.holder.number,
            purpose,
        };
        state.running.insert(id, running); // TXN-3: before its first change
        Ok(txn)
    }

    /// `me` becomes the only transaction that writes, but for those beside it, and may change the schema. Gives whether
    /// nothing was committed since `snapshot`, but by those.
    ///
    /// # Errors
    /// `40P01` for a deadlock, `55P03` when the wait takes too long.
    pub fn own_schema(
        &self,
        me: &Arc<TxnState>,
        snapshot: &Snapshot,
        limits: &WaitLimits,
    ) -> Result<bool> {
        let deadline = self.deadline(limits);
        let mut state = self.state.lock();
        while let Some(owner) = state.schema_owner.clone() {
            if Arc::ptr_eq(&owner, me) {
                break;
            }
            self.wait_locked(&mut state, me, &[owner], &deadline)?;
        }
        state.schema_owner = Some(me.clone());
        loop {
            let others: Vec<_> = state
                .running
                .values()
                .filter(|running| !Arc::ptr_eq(&running.txn, me))
                .map(|running| running.txn.clone())
                .collect();
            if others.is_empty() {
                return Ok(state.time_of_rows <= snapshot.time);
            }
            if let Err(e) = self.wait_locked(&mut state, me, &others, &deadline) {
                state.schema_owner = None;
                self.ended.notify_all();
                return Err(e);
            }
        }
    }

    /// Gives up the right to change the schema.
    pub fn disown_schema(&self, me: &Arc<TxnState>) {
        let mut state = self.state.lock();
        if state
            .schema_owner
            .as_ref()
            .is_some_and(|o| Arc::ptr_eq(o, me))
        {
            state.schema_owner = None;
            self.ended.notify_all();
        }
    }

    /// Waits until one of `others` has ended.
    ///
    /// # Errors
    /// `40P01` when one of them waits, directly or not, for `me`; `55P03` when it takes longer than the limit, `57014`.
    pub fn wait_for(
        &self,
        me: &Arc<TxnState>,
        others: &[Arc<TxnState>],
        limits: &WaitLimits,
    ) -> Result<()> {
        let deadline = self.deadline(limits);
        self.wait_locked(&mut self.state.lock(), me, others, &deadline)
    }

    fn deadline<'a>(&self, limits: &'a WaitLimits) -> Deadline<'a> {
        let now = || self.env.monotonic_micros();
        let at_micros = limits.lock_timeout_micros.map(|t| now().saturating_add(t));
        Deadline { at_micros, limits }
    }

    fn wait_locked(
        &self,
        state: &mut MutexGuard<'_, State>,
        me: &Arc<TxnState>,
        others: &[Arc<TxnState>],
        deadline: &Deadline<'_>,
    ) -> Result<()> {
        while others.iter().all(|other| other.is_running()) {
            let waits_for: Vec<u64> = others.iter().map(|other| other.id().0).collect();
            if state.closes_circle(me.id().0, &waits_for) {
                return Err(Error::new(
                    ErrorKind::Conflict,
                    "40P01",
                    "deadlock detected",
                ));
            }
            state.waits.insert(me.id().0, waits_for);
            let waited = self.wait(state, deadline, "another transaction");
            state.waits.remove(&me.id().0);
            waited?;
        }
        Ok(())
    }

    /// Waits until `ready` gives something; it is asked at first, whenever a transaction ends, and at [`TxnManager::wake`].
    ///
    /// # Errors
    /// `55P03` when it takes longer than the limit, `57014`.
    pub fn wait_until<T>(
        &self,
        limits: &WaitLimits,
        what: &'static str,
        ready: impl Fn() -> Option<T>,
    ) -> Result<T> {
        let deadline = self.deadline(limits);
        let mut state = self.state.lock();
        loop {
            if let Some(found) = ready() {
                return Ok(found);
            }
            self.wait(&mut state, &deadline, what)?;
        }
    }

    /// Everybody who waits looks whether to go on with it.
    pub fn wake(&self) {
        let _state = self.state.lock(); // so that nobody is between looking and waiting
        self.ended.notify_all();
    }

    /// Nobody waits any more: the disk failed in a way that leaves transactions undecided until the next open.
    pub fn halt(&self) {
        self.state.lock().halted = true;
        self.ended.notify_all();
    }

    fn wait(
        &self,
        state: &mut MutexGuard<'_, State>,
        deadline: &Deadline<'_>,
        what: &'static str,
    ) -> Result<()> {
        if state.halted {
            return Err(Error::new(
                ErrorKind::Stopped,
                "58030",
                "the transaction waited for will not end after a disk failure; open the database again to recover",
            ));
        }
        deadline.limits.check()?;
        let now = self.env.monotonic_micros();
        let until_deadline = deadline.at_micros.map(|at| at.saturating_sub(now));
        if until_deadline == Some(0) {
            return Err(Error::new(
                ErrorKind::Conflict,
                "55P03",
                "canceling statement due to lock timeout",
            ));
        }
        let interrupt = deadline.limits.interrupt.as_ref();
        let until_interrupt = interrupt.and_then(|i| i.remaining_micros());
        match until_deadline.into_iter().chain(until_interrupt).min() {
            Some(rest) => self.ended.wait_for(state, rest, what),
            None => self.ended.wait(state, what),
        }
        Ok(())
    }

    /// Takes `txn` into the order of commits: `log_commit` appends its commit record and gives where that ends, then
    /// `written` gives what it wrote. With the reads of a serializable transaction that wrote something, and the time of
    /// its snapshot, only if it may commit next (TXN-4).
    ///
    /// # Errors
    /// `40001` when it is not serializable, and what `log_commit` returns; the transaction is then running as before.
    pub fn order(
        &self,
        txn: &Arc<TxnState>,
        reads: Option<(&ReadSet, u64)>,
        schema_changed: bool,
        log_commit: impl FnOnce() -> Result<Lsn>,
        written: impl FnOnce() -> Vec<Written>,
    ) -> Result<Lsn> {
        let mut history = self.history.lock();
        if let Some((reads, time)) = reads
            && !history.allows(reads, time)
        {
            return Err(Error::new(
                ErrorKind::Conflict,
                "40001",
                "could not serialize access due to read/write dependencies among transactions",
            ));
        }
        let end = log_commit()?;
        history.append(txn.clone(), end, schema_changed, written());
        Ok(end)
    }

    /// The log is durable up to `durable`: makes all transactions visible whose commit records that includes.
    pub fn publish(&self, durable: Lsn) {
        let mut history = self.history.lock();
        history.publish(durable, |txn, schema_changed| {
            self.commit(txn, schema_changed)
        });
    }

    /// How many snapshots there are, and how many commits there were since the oldest was taken.
    pub fn held_back(&self) -> (u64, u64) {
        let state = self.state.lock();
        let count = state.snapshots.len() as u64;
        (count, state.time - state.oldest_time())
    }

    /// What each transaction holds, and the time of the newest commit. They are in the order of their snapshots, oldest
    /// first, as those of the [`Snapshots`] that come with them.
    pub fn held(&self) -> (Vec<Held>, Snapshots) {
        let state = self.state.lock();
        let running = state.running.values();
        let records = running.filter_map(|r| Some((r.holder, r.txn.first_record()?)));
        let records: BTreeMap<u64, Lsn> = records.collect();
        let held = |(time, holder): &(u64, Holder)| Held {
            session: holder.session,
            time: *time,
            first_record: records.get(&holder.number).copied(),
        };
        let held: Vec<Held> = state.snapshots.iter().map(held).collect();
        let snapshots = Snapshots {
            times: held.iter().map(|held| held.time).collect(),
            now: state.time,
        };
        (held, snapshots)
    }

    /// See [`VersionStore::thin`](super::VersionStore::thin).
    pub fn snapshots(&self) -> Snapshots {
        let state = self.state.lock();
        Snapshots {
            times: state.snapshots.iter().map(|(time, _)| *time).collect(),
            now: state.time,
        }
    }

    /// Forgets what the oldest commits have written beyond `commits_max` commits, even if a serializable transaction may
    /// ask: it is then refused. Gives whether there were any.
    pub fn forget_history(&self, commits_max: usize) -> bool {
        self.history.lock().forget_beyond(commits_max)
    }

    /// What the oldest commit wrote that every snapshot sees; `None` when there is none that was not asked for yet.
    pub fn pop_settled(&self, oldest: u64) -> Option<Vec<Written>> {
        self.history.lock().pop_settled(oldest)
    }

    fn commit(&self, txn: &Arc<TxnState>, schema_changed: bool) -> u64 {
        let mut state = self.state.lock();
        state.time += 1;
        let time = state.time;
        let running = state.running.get(&txn.id().0);
        if running.is_none_or(|running| running.purpose != Purpose::Beside) {
            state.time_of_rows = time;
        }
        txn.commit(time);
        let raises = schema_changed && !makes(Mistake::SchemaVersionKept);
        state.schema_version += u64::from(raises);
        self.end(&mut state, txn);
        time
    }

    /// Ends a transaction all of whose changes are undone.
    pub fn abort(&self, txn: &Arc<TxnState>) {
        let mut state = self.state.lock();
        txn.abort();
        self.end(&mut state, txn);
    }

    fn end(&self, state: &mut State, txn: &Arc<TxnState>) {
        state.running.remove(&txn.id().0);
        if state
            .schema_owner
            .as_ref()
            .is_some_and(|o| Arc::ptr_eq(o, txn))
        {
            state.schema_owner = None;
        }
        self.ended.notify_all();
    }
}
