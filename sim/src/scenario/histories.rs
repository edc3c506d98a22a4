//! Sessions in threads that append to lists and read them, look at registers and write them; what they saw is judged by
//! their isolation level.
//!
//! One level for all transactions of a scenario. After each step and each recovery a last transaction reads everything, and
//! [`history::check`] looks for what the level forbids; what it allows is counted, so that it is known that the workload
//! shows it where it is allowed.

use super::run::{Knows, Workload};
use super::storage::open_backend;
use super::world::World;
use crate::baton::take_turns;
use crate::history::{self, Anomaly, History, Operation, Outcome, Transaction};
use crate::lockstep::{Event, Mismatch, is_fault};
use crate::phase::{Phase, PhaseCell};
use crate::report::WorkCounts;
use crate::streams::Streams;
use quantadb::storage::{
    DiskOptions, DiskStorageBackend, EntryBatch, IsolationLevel, KeyRange, ScanDirection,
    StorageBackend, StorageTxn, TreeId, TxnOptions,
};
use quantadb::{Error, ErrorKind};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Lists that there can be: some of them are absent for long, so that ranges find phantoms.
const LISTS: u32 = 14;
/// Registers, few enough that sessions meet there.
const REGISTERS: u32 = 3;
/// Transactions of a session in one step.
const TRANSACTIONS_MAX: u32 = 5;
/// Operations of a transaction.
const OPERATIONS_MAX: u32 = 5;
/// Transactions of one history; beyond, a new one begins with what is there.
const HISTORY_MAX: usize = 80;
/// Tries of a change at READ COMMITTED, which begins anew when another was faster.
const TRIES_MAX: u32 = 20;

/// The levels that there is a scenario for.
pub(super) const SERIALIZABLE: u8 = 0;
pub(super) const REPEATABLE_READ: u8 = 1;
pub(super) const READ_COMMITTED: u8 = 2;

/// The workload, at one level.
pub(super) struct Histories<const LEVEL: u8> {
    engine: Option<Arc<DiskStorageBackend>>,
    tree: TreeId,
    sessions: usize,
    level: IsolationLevel,
    history: History,
    /// So many of the history's transactions were there when it was last judged.
    judged: usize,
    clock: Arc<Clock>,
    phase: PhaseCell,
    rng: ChaCha8Rng,
    schedule: ChaCha8Rng,
    work: WorkCounts,
}

/// The order of events, and numbers to append.
#[derive(Default)]
struct Clock(AtomicU64);

impl Clock {
    fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}

/// What a session did in one step.
#[derive(Default)]
struct Turn {
    transactions: Vec<Transaction>,
    refused: u64,
    fault: Option<Error>,
    unknown: bool,
}

fn wrong(doing: &str, expected: &str, found: String) -> Mismatch {
    Mismatch {
        doing: doing.to_owned(),
        expected: expected.to_owned(),
        found,
    }
}

fn numbers(value: &[u8]) -> Vec<u64> {
    let (whole, _) = value.as_chunks::<8>();
    whole
        .iter()
        .map(|bytes| u64::from_be_bytes(*bytes))
        .collect()
}

/// One session while it has a thread.
struct Session<'a> {
    engine: &'a DiskStorageBackend,
    phase: &'a PhaseCell,
    clock: &'a Clock,
    tree: TreeId,
    slot: usize,
    level: IsolationLevel,
    rng: ChaCha8Rng,
}

impl Session<'_> {
    fn run(mut self) -> Result<Turn, Mismatch> {
        let mut turn = Turn::default();
        let course = self.phase.course();
        for number in 0..self.rng.random_range(1..=TRANSACTIONS_MAX) {
            if !course.turn(self.slot, number, &mut self.rng) {
                continue;
            }
            let began = self.clock.next();
            let mut operations = Vec::new();
            let ended = self.transaction(&mut operations);
            let outcome = match ended {
                Ok(true) => Outcome::Committed,
                Ok(false) => Outcome::Aborted,
                Err((error, committing)) => {
                    let interrupted =
                        committing && matches!(error.kind(), ErrorKind::Io | ErrorKind::Stopped);
                    match error.kind() {
                        ErrorKind::Conflict => turn.refused += 1,
                        _ if is_fault(&error) => turn.fault = Some(error),
                        _ => {
                            let expected = "done, or a conflict, or a failure of the disk";
                            let found = format!("{error:?}");
                            return Err(wrong("an operation of a session", expected, found));
                        }
                    }
                    turn.unknown |= interrupted;
                    match interrupted {
                        true => Outcome::Unknown,
                        false => Outcome::Aborted,
                    }
                }
            };
            course.speaks(self.slot);
            course.note(|| format!("{operations:?}: {outcome:?}"));
            turn.transactions.push(Transaction {
                session: self.slot,
                operations,
                outcome,
                began,
                ended: self.clock.next(),
            });
            let stopped = |error: &Error| error.kind() == ErrorKind::Stopped;
            if turn.unknown || turn.fault.as_ref().is_some_and(stopped) {
                break;
            }
        }
        Ok(turn)
    }

    /// One transaction; true when it committed. An error comes with whether the commit gave it.
    fn transaction(&mut self, operations: &mut Vec<Operation>) -> Result<bool, (Error, bool)> {
        let options = TxnOptions {
            isolation: self.level,
            read_only: false,
            lock_timeout_micros: match self.rng.random_range(0..4) {
                0 => Some(0),
                1 => Some(2_000),
                _ => None,
            },
            ..TxnOptions::default()
        };
        let begun = self.engine.begin(options);
        let mut txn = begun.map_err(|e| (e, false))?;
        for _ in 0..self.rng.random_range(1..=OPERATIONS_MAX) {
            let done = self.operate(&mut *txn, operations);
            done.map_err(|e| (e, false))?;
        }
        if self.rng.random_bool(0.1) {
            txn.rollback().map_err(|e| (e, false))?;
            return Ok(false);
        }
        let committed = self.phase.during(Phase::Commit, || txn.commit());
        committed.map_err(|e| (e, true))?;
        Ok(true)
    }

    fn operate(
        &mut self,
        txn: &mut dyn StorageTxn,
        operations: &mut Vec<Operation>,
    ) -> Result<(), Error> {
        txn.refresh_snapshot();
        let list = self.rng.random_range(0..LISTS);
        match self.rng.random_range(0..12) {
            10..=11 => self.use_register(txn, operations)?,
            0..=4 => {
                let number = self.clock.next();
                operations.push(Operation::Append { list, number });
                let appended = self.append(txn, list, number);
                if appended.is_err() {
                    operations.pop();
                }
                appended?;
            }
            // To a savepoint and back: as if it had not been.
            5 => {
                let savepoint = txn.savepoint();
                self.append(txn, list, self.clock.next())?;
                txn.rollback_to(savepoint)?;
            }
            6..=7 => {
                let value = txn.get(self.tree, &list.to_be_bytes())?;
                operations.push(Operation::Read {
                    list,
                    numbers: numbers(&value.unwrap_or_default()),
                });
            }
            _ => {
                let to = self.rng.random_range(list..LISTS);
                operations.push(scan(txn, self.tree, list, to)?);
            }
        }
        Ok(())
    }

    /// Looks at a register, and mostly writes it in a statement of its own, whatever it may hold by then.
    fn use_register(
        &mut self,
        txn: &mut dyn StorageTxn,
        operations: &mut Vec<Operation>,
    ) -> Result<(), Error> {
        let register = self.rng.random_range(0..REGISTERS);
        operations.push(look(txn, self.tree, register)?);
        if self.rng.random_bool(0.3) {
            return Ok(());
        }
        txn.refresh_snapshot();
        let number = self.clock.next();
        let value = number.to_be_bytes();
        self.change(txn, &register_key(register), |_| value.to_vec())?;
        operations.push(Operation::Write { register, number });
        Ok(())
    }

    fn append(&self, txn: &mut dyn StorageTxn, list: u32, number: u64) -> Result<(), Error> {
        self.change(txn, &list.to_be_bytes(), |mut value| {
            value.extend_from_slice(&number.to_be_bytes());
            value
        })
    }

    /// Changes a value as one statement: at READ COMMITTED all of it again, as of now, when another was faster.
    fn change(
        &self,
        txn: &mut dyn StorageTxn,
        key: &[u8],
        changed: impl Fn(Vec<u8>) -> Vec<u8>,
    ) -> Result<(), Error> {
        let mut tries = 0;
        loop {
            let value = changed(txn.get(self.tree, key)?.unwrap_or_default());
            match txn.put(self.tree, key, &value) {
                Err(error)
                    if error.sqlstate() == "40001"
                        && self.level == IsolationLevel::ReadCommitted
                        && tries < TRIES_MAX =>
                {
                    tries += 1;
                    txn.refresh_snapshot();
                }
                put => return put,
            }
        }
    }
}

/// After the keys of all lists.
fn register_key(register: u32) -> Vec<u8> {
    [&[0xff], register.to_be_bytes().as_slice()].concat()
}

fn look(txn: &dyn StorageTxn, tree: TreeId, register: u32) -> Result<Operation, Error> {
    let value = txn.get(tree, &register_key(register))?;
    let number = value.and_then(|value| numbers(&value).first().copied());
    Ok(Operation::Look { register, number })
}

fn scan(txn: &dyn StorageTxn, tree: TreeId, from: u32, to: u32) -> Result<Operation, Error> {
    let range = KeyRange {
        low: Bound::Included(from.to_be_bytes().to_vec()),
        high: Bound::Included(to.to_be_bytes().to_vec()),
    };
    let mut lists = Vec::new();
    let mut batch = EntryBatch::default();
    let mut cursor = txn.scan(tree, range, ScanDirection::Forward)?;
    while cursor.next_batch(&mut batch, 3)? {
        lists.extend(batch.iter().filter_map(|(key, value)| {
            let list = u32::from_be_bytes(key.try_into().ok()?);
            Some((list, numbers(value)))
        }));
    }
    Ok(Operation::Scan { from, to, lists })
}

impl<const LEVEL: u8> Histories<LEVEL> {
    fn engine(&self) -> &Arc<DiskStorageBackend> {
        let open = self.engine.as_ref();
        open.expect("steps are made only while the engine is open")
    }

    /// Reads everything, and judges what was seen until now.
    fn judge(&mut self) -> Result<Result<(), Error>, Mismatch> {
        let began = self.clock.next();
        let read = || {
            let txn = self.engine().begin(TxnOptions {
                read_only: true,
                ..TxnOptions::default()
            })?;
            let looks = (0..REGISTERS).map(|register| look(&*txn, self.tree, register));
            let mut operations = looks.collect::<Result<Vec<_>, Error>>()?;
            operations.push(scan(&*txn, self.tree, 0, LISTS - 1)?);
            Ok(operations)
        };
        let operations = match read() {
            Ok(operations) => operations,
            Err(error) => return Ok(Err(error)),
        };
        let last = Transaction {
            session: usize::MAX,
            operations,
            outcome: Outcome::Committed,
            began,
            ended: self.clock.next(),
        };
        let since = &self.history.transactions[self.judged..];
        let found = since.iter().filter(|t| was_kept(t, &last)).count();
        self.work.commits_unknown_found += found as u64;
        self.history.transactions.push(last.clone());
        for finding in history::check(&self.history) {
            if finding.anomaly.is_forbidden(self.level) {
                let doing = format!("a history at {:?}", self.level);
                let expected = "nothing that the level forbids";
                return Err(wrong(&doing, expected, finding.to_string()));
            }
            let seen = &mut self.work.anomalies;
            match finding.anomaly {
                _ if finding.against_time => {} // allowed, and not what the level is known for
                Anomaly::LostUpdate => seen.lost_updates += 1,
                Anomaly::G2Item => seen.skews += 1,
                Anomaly::G2 => seen.phantoms += 1,
                _ => seen.one_read_write += 1,
            }
        }
        self.work.entries_compared += self.history.transactions.len() as u64;
        // Whatever is unknown was decided by recovery: nobody who is not seen by now ever will be.
        if self.history.transactions.len() > HISTORY_MAX {
            self.history.transactions = vec![as_written(&last)];
        }
        self.judged = self.history.transactions.len();
        Ok(Ok(()))
    }
}

/// Whether it is one whose commit was interrupted, and `reader` has seen a number of it.
fn was_kept(transaction: &Transaction, reader: &Transaction) -> bool {
    let seen = |operation: &Operation| match operation {
        Operation::Append { list, number } => reader.operations.iter().any(|o| match o {
            Operation::Scan { lists, .. } => {
                let mut same = lists.iter().filter(|(other, _)| other == list);
                same.any(|(_, numbers)| numbers.contains(number))
            }
            _ => false,
        }),
        Operation::Write { register, number } => reader.operations.contains(&Operation::Look {
            register: *register,
            number: Some(*number),
        }),
        _ => false,
    };
    transaction.outcome == Outcome::Unknown && transaction.operations.iter().any(seen)
}

/// A transaction that has written what `reader` read: what a new history begins with.
fn as_written(reader: &Transaction) -> Transaction {
    let mut operations = Vec::new();
    for operation in &reader.operations {
        match operation {
            Operation::Scan { lists, .. } => {
                for (list, numbers) in lists {
                    let append = |number: &u64| Operation::Append {
                        list: *list,
                        number: *number,
                    };
                    operations.extend(numbers.iter().map(append));
                }
            }
            Operation::Look { register, number } => {
                operations.extend(number.map(|number| Operation::Write {
                    register: *register,
                    number,
                }));
            }
            _ => {}
        }
    }
    Transaction {
        operations,
        ..reader.clone()
    }
}

impl<const LEVEL: u8> Knows for Histories<LEVEL> {
    type Known = (History, usize, u64, WorkCounts);

    fn known(&self) -> Self::Known {
        let now = self.clock.0.load(Ordering::Relaxed);
        (self.history.clone(), self.judged, now, self.work)
    }

    fn know(&mut self, known: Self::Known) {
        let now;
        (self.history, self.judged, now, self.work) = known;
        self.clock.0.store(now, Ordering::Relaxed);
    }
}

impl<const LEVEL: u8> Workload for Histories<LEVEL> {
    type Engine = Arc<DiskStorageBackend>;

    fn open(world: &World, options: DiskOptions) -> Result<Self::Engine, Error> {
        open_backend(world, options)
    }

    fn begin(seed: u64, world: &World, engine: Self::Engine) -> Result<Self, Mismatch> {
        let streams = Streams::new(seed);
        let mut schedule = streams.schedule();
        // The world draws its crashes from the start of this stream.
        schedule.set_word_pos(1 << 40);
        Ok(Self {
            tree: engine.root_tree(),
            engine: Some(engine),
            sessions: world.options.shape.sessions.clamp(2, 5),
            level: match LEVEL {
                SERIALIZABLE => IsolationLevel::Serializable,
                REPEATABLE_READ => IsolationLevel::RepeatableRead,
                _ => IsolationLevel::ReadCommitted,
            },
            history: History::default(),
            judged: 0,
            clock: Arc::new(Clock::default()),
            phase: world.progress.phase.clone(),
            rng: streams.workload(),
            schedule,
            work: WorkCounts::default(),
        })
    }

    fn streams(&mut self) -> Vec<&mut ChaCha8Rng> {
        vec![&mut self.rng, &mut self.schedule]
    }

    fn step(&mut self) -> Result<Event, Mismatch> {
        let (engine, clock) = (self.engine().clone(), self.clock.clone());
        let chance = [0.05, 0.3, 0.7][self.schedule.random_range(0..3)];
        let schedule = ChaCha8Rng::seed_from_u64(self.schedule.random());
        let sessions = (0..self.sessions).map(|slot| Session {
            engine: &engine,
            phase: &self.phase,
            clock: &clock,
            tree: self.tree,
            slot,
            level: self.level,
            rng: ChaCha8Rng::seed_from_u64(self.rng.random()),
        });
        let runs = sessions.map(|session| || session.run()).collect();
        let turns = take_turns(runs, chance, schedule);
        let (mut fault, mut unknown) = (None, false);
        for turn in turns {
            let turn = turn?;
            let committed = |t: &&Transaction| t.outcome == Outcome::Committed;
            self.work.transactions += turn.transactions.iter().filter(committed).count() as u64;
            self.work.statements += turn.transactions.len() as u64;
            self.work.refused += turn.refused;
            self.work.commits_unknown += u64::from(turn.unknown);
            self.history.transactions.extend(turn.transactions);
            unknown |= turn.unknown;
            fault = fault.or(turn.fault);
        }
        match fault {
            Some(error) => Ok(Event::Fault {
                commit_unknown: unknown || error.kind() == ErrorKind::Stopped,
                error,
            }),
            None => match self.judge()? {
                Ok(()) => Ok(Event::Fine),
                Err(error) => Ok(Event::Fault {
                    commit_unknown: error.kind() == ErrorKind::Stopped,
                    error,
                }),
            },
        }
    }

    fn let_go(&mut self) {
        self.engine = None;
    }

    fn rest(&mut self) -> Option<Arc<dyn StorageBackend>> {
        let engine = self.engine.clone()?;
        Some(engine)
    }

    fn close(&mut self) -> Result<(), Error> {
        match self.engine.take() {
            Some(engine) => engine.checkpoint(),
            None => Ok(()),
        }
    }

    fn reopened(&mut self, engine: Self::Engine) -> Result<Result<(), Error>, Mismatch> {
        self.engine = Some(engine);
        match self.engine().check() {
            Ok(report) if report.problems.is_empty() => {
                self.work.pages_checked += report.pages_checked;
                self.judge()
            }
            Ok(report) => Err(wrong("check()", "no problem", report.problems.join("; "))),
            Err(error) => Ok(Err(error)),
        }
    }

    fn count(&self, work: &mut WorkCounts) {
        work.add(&self.work);
    }
}
