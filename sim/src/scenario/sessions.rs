//! Sessions in threads that take turns as the seed says, and invariants that no interleaving may break.
//!
//! ```text
//!   account-0 … account-n   money moves between them: their sum never changes
//!   counter-0 … counter-3   each moving transaction adds 1 to one of them
//!   slot-0 … slot-k         and 1 to the slot of its session: the sums are equal
//!   guard-p-0, guard-p-1    who leaves looks first whether the other one stays: of each pair one is on duty
//!   member-…                who joins counts the others first: there are never more than the limit
//!   parent-…, child-…       no child without a parent, at any level: row locks
//!   item-…, index, ring-…   an index of all items, whoever makes it meanwhile; circles of three who wait ([`shelf`])
//! ```
//!
//! In every other run a reader stays from step to step ([`Observers`]): it must see what it saw, and be named as who keeps the
//! old versions.
//!
//! Whether guards and members hold, only serializable transactions can promise: they read what they do not change (write skew),
//! and count what is not there yet (phantoms). A lost update, a transaction that is half there, a snapshot that sees a part of another: each breaks a sum. A slot
//! that is behind what its session was told is a commit that was lost, which may happen to those that waited for less than the disk. Interrupted commits may be there or not, and once
//! recovery has decided it, it stays.

use super::families;
use super::ledger::Ledger;
use super::observer::Observers;
use super::run::{Knows, Workload};
use super::shelf;
use super::stop::{Stop, stop_text};
use super::storage::open_backend;
use super::sums::{ACCOUNTS, BALANCE, MEMBERS_MAX, Sums, number, wrong};
use super::world::World;
use crate::baton::{pause, take_turns};
use crate::env::SimEnv;
use crate::lockstep::{Event, Mismatch};
use crate::phase::{Phase, PhaseCell};
use crate::report::WorkCounts;
use crate::streams::Streams;
use quantadb::interrupt::Interrupt;
use quantadb::storage::{
    DiskOptions, DiskStorageBackend, EntryBatch, IsolationLevel, KeyRange, ScanDirection,
    StorageBackend, StorageTxn, Synchronous, TreeId, TxnOptions, WaitLimits,
};
use quantadb::{Error, ErrorKind};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::ops::Bound;
use std::sync::Arc;

/// Counters among which transactions choose.
const COUNTERS: u64 = 4;
/// Pairs of guards.
const GUARD_PAIRS: u64 = 2;
/// Transactions of a session in one step.
const TRANSACTIONS_MAX: u32 = 12;

/// What a session did in one step.
#[derive(Default)]
struct Turn {
    /// Commits of changes that were acknowledged.
    acknowledged: u64,
    /// Whether the last commit's fate is open.
    unknown: bool,
    transactions: u64,
    refused: u64,
    fault: Option<Error>,
}

/// The workload: sessions that know what they have committed.
pub(super) struct Threads {
    engine: Option<Arc<DiskStorageBackend>>,
    tree: TreeId,
    ledger: Arc<Ledger>,
    unknown: Vec<bool>,
    /// Whether commits may wait for less than the disk.
    lazy: bool,
    phase: PhaseCell,
    env: Arc<SimEnv>,
    rng: ChaCha8Rng,
    schedule: ChaCha8Rng,
    observers: Observers,
    work: WorkCounts,
}

/// One session while it has a thread.
struct Session<'a> {
    engine: &'a DiskStorageBackend,
    phase: &'a PhaseCell,
    env: &'a Arc<SimEnv>,
    tree: TreeId,
    slot: usize,
    ledger: &'a Ledger,
    lazy: bool,
    rng: ChaCha8Rng,
    turn: Turn,
}

impl Session<'_> {
    fn run(mut self) -> Result<Turn, Mismatch> {
        let course = self.phase.course();
        for number in 0..self.rng.random_range(1..=TRANSACTIONS_MAX) {
            if !course.turn(self.slot, number, &mut self.rng) {
                continue;
            }
            let (name, stop) = match self.rng.random_range(0..25) {
                0 => ("maintenance", self.maintain()),
                1..=4 => ("read all sums", self.look()),
                5..=7 => ("change a guard", self.change_guard()),
                8..=10 => ("join or leave", self.join_or_leave()),
                11 => ("add or remove a fact", self.add_if_absent()),
                12..=14 => ("change a family", self.change_family()),
                15..=17 => ("change an item or the index", self.change_shelf()),
                18..=19 => ("go round", self.go_round()),
                _ => ("transfer", self.transfer()),
            };
            course.speaks(self.slot);
            course.note(|| format!("{name}: {}", stop_text(&stop)));
            match stop {
                Ok(()) => self.turn.transactions += 1,
                Err(Stop::Refused) => self.turn.refused += 1,
                Err(Stop::Wrong(mismatch)) => return Err(mismatch),
                Err(Stop::Fault(error)) => {
                    let ends = self.turn.unknown || error.kind() == ErrorKind::Stopped;
                    self.turn.fault = Some(error);
                    if ends {
                        break;
                    }
                }
            }
        }
        Ok(self.turn)
    }

    fn options(&mut self, read_only: bool) -> TxnOptions {
        TxnOptions {
            isolation: match self.rng.random_bool(0.2) {
                true => IsolationLevel::ReadCommitted,
                false => IsolationLevel::RepeatableRead,
            },
            read_only,
            beside_schema_changes: false,
            lock_timeout_micros: match self.rng.random_range(0..4) {
                0 => Some(0),
                1 => Some(2_000),
                _ => None,
            },
            synchronous: match self.rng.random_range(0..3) {
                0 if self.lazy => Synchronous::Off,
                1 if self.lazy => Synchronous::Normal,
                _ => Synchronous::Full,
            },
            session: self.slot as u64 + 1,
        }
    }

    /// Limits that mostly are none: with this chance what they are for stops within so many microseconds.
    fn limits(&mut self, chance: f64, micros_max: u64) -> WaitLimits {
        let stops = self.rng.random_bool(chance);
        WaitLimits {
            lock_timeout_micros: None,
            interrupt: stops.then(|| {
                let interrupt = Interrupt::new(self.env.clone());
                interrupt.begin(Some(self.rng.random_range(0..micros_max)));
                Arc::new(interrupt)
            }),
        }
    }

    fn maintain(&mut self) -> Result<(), Stop> {
        let engine = self.engine;
        match self.rng.random_range(0..3) {
            0 => drop(self.phase.during(Phase::Vacuum, || engine.maintain(10))?),
            1 => {
                let limits = self.limits(0.3, 20_000);
                self.phase
                    .during(Phase::Vacuum, || engine.vacuum(&limits))?;
            }
            _ => self
                .phase
                .during(Phase::Checkpoint, || engine.checkpoint())?,
        }
        Ok(())
    }

    /// Reads everything in one snapshot: all sums must be right.
    fn look(&mut self) -> Result<(), Stop> {
        let options = self.options(true);
        let txn = self.engine.begin(TxnOptions {
            isolation: IsolationLevel::RepeatableRead,
            ..options
        })?;
        let sums = Sums::read(&*txn, self.tree)?;
        sums.check().map_err(Stop::Wrong)?;
        let own = sums.slots.get(&self.slot).copied().unwrap_or(0);
        let acknowledged = self.ledger.acknowledged(self.slot);
        if own != acknowledged {
            let expected = acknowledged.to_string();
            let doing = format!("session {} reads its own slot", self.slot);
            return Err(Stop::Wrong(wrong(&doing, expected, own.to_string())));
        }
        txn.commit()?;
        Ok(())
    }

    fn serializable(&mut self) -> TxnOptions {
        TxnOptions {
            isolation: IsolationLevel::Serializable,
            ..self.options(false)
        }
    }

    /// Leaves duty if the other one is on it, else goes on duty.
    fn change_guard(&mut self) -> Result<(), Stop> {
        let options = self.serializable();
        let mut txn = self.engine.begin(options)?;
        let (pair, me) = (
            self.rng.random_range(0..GUARD_PAIRS),
            self.rng.random_range(0..2),
        );
        let [mine, other] = [me, 1 - me].map(|i| guard(pair, i));
        let is_on = |key: &str| Ok::<_, Error>(number(txn.get(self.tree, key.as_bytes())?) == 1);
        let leaves = is_on(&mine)? && is_on(&other)?;
        let value = u64::from(!leaves).to_be_bytes();
        txn.put(self.tree, mine.as_bytes(), &value)?;
        self.commit(txn)
    }

    /// Joins if there is room, else takes somebody out.
    fn join_or_leave(&mut self) -> Result<(), Stop> {
        let options = self.serializable();
        let mut txn = self.engine.begin(options)?;
        let members = KeyRange {
            low: Bound::Included(MEMBER.as_bytes().to_vec()),
            high: Bound::Excluded(AFTER_MEMBERS.as_bytes().to_vec()),
        };
        let direction = match self.rng.random_bool(0.5) {
            true => ScanDirection::Forward,
            false => ScanDirection::Backward,
        };
        let mut found: Vec<Vec<u8>> = Vec::new();
        let mut batch = EntryBatch::default();
        let mut cursor = txn.scan(self.tree, members, direction)?;
        while cursor.next_batch(&mut batch, 2)? {
            found.extend(batch.iter().map(|(key, _)| key.to_vec()));
        }
        drop(cursor);
        match found.first() {
            Some(first) if found.len() >= MEMBERS_MAX => drop(txn.delete(self.tree, first)?),
            _ => {
                let key = format!("{MEMBER}{}", self.rng.random_range(0..1000));
                txn.put(self.tree, key.as_bytes(), b"")?;
            }
        }
        self.commit(txn)
    }

    /// What a transaction has found to be absent stays so for it, until it adds it.
    fn add_if_absent(&mut self) -> Result<(), Stop> {
        let options = self.serializable();
        let mut txn = self.engine.begin(options)?;
        let key = format!("fact-{}", self.rng.random_range(0..4));
        let key = key.as_bytes();
        if txn.get(self.tree, key)?.is_some() {
            txn.delete(self.tree, key)?;
        } else if !txn.insert(self.tree, key, &0u64.to_be_bytes())? {
            let found = "there is one".to_owned();
            let expected = "a key that was absent is added, or a conflict".to_owned();
            return Err(Stop::Wrong(wrong("insert", expected, found)));
        }
        self.commit(txn)
    }

    fn change_family(&mut self) -> Result<(), Stop> {
        let mut options = self.options(false);
        if self.rng.random_bool(0.3) {
            options.isolation = IsolationLevel::Serializable;
        }
        let mut txn = self.engine.begin(options)?;
        let isolation = options.isolation;
        match families::change(&mut *txn, self.tree, isolation, &mut self.rng)? {
            true => self.commit(txn),
            false => Ok(txn.rollback()?),
        }
    }

    fn change_shelf(&mut self) -> Result<(), Stop> {
        let options = self.options(false);
        let mut txn = self.engine.begin(options)?;
        shelf::change(&mut *txn, self.tree, &mut self.rng)?;
        self.commit(txn)
    }

    /// Waits for ever, if need be.
    fn go_round(&mut self) -> Result<(), Stop> {
        let mut txn = self.engine.begin(TxnOptions {
            lock_timeout_micros: None,
            ..self.options(false)
        })?;
        for place in shelf::neighbours(&mut self.rng) {
            self.add(&mut *txn, &place, 1)?;
            pause();
        }
        self.commit(txn)
    }

    /// Commits what is counted in no slot, so that it need not be known whether it is there.
    fn commit(&mut self, txn: Box<dyn StorageTxn>) -> Result<(), Stop> {
        Ok(self.phase.during(Phase::Commit, || txn.commit())?)
    }

    /// Moves money, counts it twice, commits or not.
    fn transfer(&mut self) -> Result<(), Stop> {
        let options = self.options(false);
        let mut txn = self.engine.begin(options)?;
        let (from, to) = (
            self.rng.random_range(0..ACCOUNTS),
            self.rng.random_range(0..ACCOUNTS),
        );
        let amount: u64 = self.rng.random_range(0..20);
        self.add(&mut *txn, &account(from), amount.wrapping_neg())?;
        let savepoint = txn.savepoint();
        if self.rng.random_bool(0.2) {
            self.add(&mut *txn, &account(to), 7)?;
            txn.rollback_to(savepoint)?;
        }
        self.add(&mut *txn, &account(to), amount)?;
        let counter = self.rng.random_range(0..COUNTERS);
        self.add(&mut *txn, &format!("counter-{counter}"), 1)?;
        self.add(&mut *txn, &format!("slot-{}", self.slot), 1)?;
        if self.rng.random_bool(0.1) {
            return Ok(txn.rollback()?);
        }
        // What is stopped before its record is there has not happened, or else its slot would show it.
        let lock_timeout_micros = options.lock_timeout_micros;
        txn.limit_waits(WaitLimits {
            lock_timeout_micros,
            ..self.limits(0.15, 60)
        });
        let before = self.ledger.now();
        match self.phase.during(Phase::Commit, || txn.commit()) {
            Ok(()) => {
                self.turn.acknowledged += 1;
                self.ledger
                    .committed(self.slot, options.synchronous, before);
            }
            Err(error) => {
                self.turn.unknown = matches!(error.kind(), ErrorKind::Io | ErrorKind::Stopped);
                return Err(error.into());
            }
        }
        Ok(())
    }

    /// Adds to a number. First updater wins, so what was read is what is replaced.
    fn add(&mut self, txn: &mut dyn StorageTxn, key: &str, amount: u64) -> Result<(), Stop> {
        let before = number(txn.get(self.tree, key.as_bytes())?);
        let after = before.wrapping_add(amount).to_be_bytes();
        txn.put(self.tree, key.as_bytes(), &after)?;
        Ok(())
    }
}

/// What the keys of members begin with, and what comes after them.
const MEMBER: &str = "member-";
const AFTER_MEMBERS: &str = "member.";

fn guard(pair: u64, number: u64) -> String {
    format!("guard-{pair}-{number}")
}

fn account(number: u64) -> String {
    format!("account-{number}")
}

/// What a step came to that the disk made fail where nothing was committed.
fn failed(error: Error) -> Event {
    Event::Fault {
        commit_unknown: error.kind() == ErrorKind::Stopped,
        error,
    }
}

impl Threads {
    fn engine(&self) -> &Arc<DiskStorageBackend> {
        let open = self.engine.as_ref();
        open.expect("steps are made only while the engine is open")
    }

    /// Compares what recovery left with what the sessions know.
    fn compare(&mut self) -> Result<Result<(), Error>, Mismatch> {
        let read = || {
            let txn = self.engine().begin(TxnOptions::default())?;
            Ok((Sums::read(&*txn, self.tree)?, self.engine().check()?))
        };
        let (sums, report): (Sums, _) = match read() {
            Ok(read) => read,
            Err(error) => return Ok(Err(error)),
        };
        sums.check()?;
        for slot in 0..self.ledger.sessions() {
            let found = sums.slots.get(&slot).copied().unwrap_or(0);
            let (durable, acknowledged) =
                (self.ledger.durable(slot), self.ledger.acknowledged(slot));
            let extra = u64::from(std::mem::take(&mut self.unknown[slot]));
            if !(durable..=acknowledged + extra).contains(&found) {
                let doing = format!("the commits of session {slot} after a recovery");
                let expected =
                    format!("from {durable} to {acknowledged}, and perhaps {extra} more");
                return Err(wrong(&doing, expected, found.to_string()));
            }
            self.work.commits_unknown += extra;
            self.work.commits_unknown_found += found.saturating_sub(acknowledged);
            self.ledger.found(slot, found);
        }
        self.work.pages_checked += report.pages_checked;
        self.work.entries_compared += ACCOUNTS + COUNTERS + self.ledger.sessions() as u64;
        match report.problems.is_empty() {
            true => Ok(Ok(())),
            false => Err(wrong(
                "check()",
                "no problem".to_owned(),
                report.problems.join("; "),
            )),
        }
    }
}

impl Knows for Threads {
    type Known = (Arc<Ledger>, Vec<bool>, WorkCounts);

    fn known(&self) -> Self::Known {
        let ledger = Arc::new(self.ledger.copy());
        (ledger, self.unknown.clone(), self.work)
    }

    fn know(&mut self, known: Self::Known) {
        (self.ledger, self.unknown, self.work) = known;
    }
}

impl Workload for Threads {
    type Engine = Arc<DiskStorageBackend>;

    fn open(world: &World, options: DiskOptions) -> Result<Self::Engine, Error> {
        open_backend(world, options)
    }

    fn begin(seed: u64, world: &World, engine: Self::Engine) -> Result<Self, Mismatch> {
        let tree = engine.root_tree();
        let fill = || {
            let mut txn = engine.begin(TxnOptions::default())?;
            for i in 0..ACCOUNTS {
                txn.put(tree, account(i).as_bytes(), &BALANCE.to_be_bytes())?;
            }
            for i in 0..2 * GUARD_PAIRS {
                txn.put(tree, guard(i / 2, i % 2).as_bytes(), &1u64.to_be_bytes())?;
            }
            txn.commit()
        };
        fill().map_err(|e: Error| {
            let doing = "filling the accounts on a disk that fails nothing";
            wrong(doing, "done".to_owned(), format!("{e:?}"))
        })?;
        let sessions = world.options.shape.sessions.max(2);
        let streams = Streams::new(seed);
        let mut schedule = streams.schedule();
        // The world draws its crashes from the start of this stream.
        schedule.set_word_pos(1 << 40);
        let mut observing = streams.schedule();
        observing.set_word_pos(1 << 41);
        Ok(Self {
            observers: Observers::new(observing),
            engine: Some(engine),
            tree,
            ledger: Arc::new(Ledger::new(sessions, world.keeps_power())),
            unknown: vec![false; sessions],
            lazy: schedule.random_bool(0.4),
            phase: world.progress.phase.clone(),
            env: world.env.clone(),
            rng: streams.workload(),
            schedule,
            work: WorkCounts::default(),
        })
    }

    fn streams(&mut self) -> Vec<&mut ChaCha8Rng> {
        vec![&mut self.rng, &mut self.schedule]
    }

    fn step(&mut self) -> Result<Event, Mismatch> {
        let engine = self.engine().clone();
        if let Err(error) = self.observers.begin(&*engine, self.tree) {
            return Ok(failed(error));
        }
        let chance = [0.02, 0.2, 0.6][self.schedule.random_range(0..3)];
        let schedule = ChaCha8Rng::seed_from_u64(self.schedule.random());
        let sessions = (0..self.ledger.sessions()).map(|slot| Session {
            engine: &engine,
            phase: &self.phase,
            env: &self.env,
            tree: self.tree,
            slot,
            ledger: &self.ledger,
            lazy: self.lazy,
            rng: ChaCha8Rng::seed_from_u64(self.rng.random()),
            turn: Turn::default(),
        });
        let runs = sessions.map(|session| || session.run()).collect();
        let turns = take_turns(runs, chance, schedule);
        let mut event = Event::Fine;
        for (slot, turn) in turns.into_iter().enumerate() {
            let turn = turn?;
            self.unknown[slot] = turn.unknown;
            self.work.statements += turn.transactions + turn.refused;
            self.work.transactions += turn.acknowledged;
            self.work.refused += turn.refused;
            if let Some(error) = turn.fault
                && !matches!(
                    &event,
                    Event::Fault {
                        commit_unknown: true,
                        ..
                    }
                )
            {
                let commit_unknown = turn.unknown || error.kind() == ErrorKind::Stopped;
                event = Event::Fault {
                    error,
                    commit_unknown,
                };
            }
        }
        match event {
            Event::Fine => Ok(self
                .observers
                .look(&*engine)?
                .map_or_else(failed, |()| event)),
            // What the engine has counted of it, is open.
            fault => {
                self.observers.end();
                Ok(fault)
            }
        }
    }

    fn let_go(&mut self) {
        self.observers.end();
        self.engine = None;
    }

    fn rest(&mut self) -> Option<Arc<dyn StorageBackend>> {
        self.observers.end();
        let engine = self.engine.clone()?;
        Some(engine)
    }

    fn close(&mut self) -> Result<(), Error> {
        self.observers.end();
        match self.engine.take() {
            Some(engine) => {
                engine.checkpoint()?;
                self.ledger.all_durable();
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn reopened(&mut self, engine: Self::Engine) -> Result<Result<(), Error>, Mismatch> {
        self.engine = Some(engine);
        self.compare()
    }

    fn count(&self, work: &mut WorkCounts) {
        work.add(&self.work);
    }
}
