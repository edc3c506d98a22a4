//! A disk that breaks its contract: bits rot, writes go astray or are lost, reads give what was there before.
//!
//! ```text
//!   transactions ─▶ engine ─▶ disk that betrays ─▶ an answer: right ─┐
//!        │                                  │                        ├─▶ anything else is a violation
//!        ▼                                  └─▶ an error with a name ─┘
//!   the states that may be: one, and one more for each commit whose fate is open
//! ```
//!
//! Every entry that comes without an error must be right: as in one of the states that may be. What no engine of this
//! kind can notice is counted apart, as *unnoticed*, and only where that is so:
//!
//! - rot at one place in the last flush of the log looks like the end of the log: the last commit may be gone, not another;
//! - a write that was lost or went astray, or an older page that is read, of which an earlier process wrote the newer
//!   one: the older state is whole, and nobody remembers the newer.
//!
//! At the end what is left is salvaged (`salvage`).

use super::registry::Task;
use super::storage::open_backend;
use super::world::World;
use crate::course::Moment;
use crate::disk::{Betrayal, CrashKind, DiskCounters, DiskFaults, FaultKind};
use crate::lockstep::{Mismatch, is_fault};
use crate::phase::Phase;
use crate::report::Report;
use crate::streams::Streams;
use quantadb::storage::{
    DiskOptions, DiskStorageBackend, EntryBatch, KeyRange, ScanDirection, StorageBackend, TreeId,
    TxnOptions, WaitLimits,
};
use quantadb::{Error, ErrorKind};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;

/// Different keys; their values fill a few times as many pages as the cache holds.
pub(super) const KEYS: u16 = 400;
/// Commits of unknown fate, each doubling the states that may be, until the run ends.
const STATES_MAX: usize = 64;
/// Entries before the disk turns.
const ENTRIES_FIRST: u16 = 300;

/// What the header of a segment of the log takes of its sector.
const HEADER_BYTES: usize = 48;

/// The number of each key's value.
type State = BTreeMap<u16, u32>;

/// Keys and values, in the order of a scan.
type Entries = Vec<(Vec<u8>, Vec<u8>)>;

/// How a step went.
enum Went {
    /// An answer, and a right one.
    Right,
    /// An error.
    Named(Error),
    /// A wrong answer, with what was asked, expected and found.
    Wrong(Mismatch),
}

pub(super) struct Life {
    pub(super) world: World,
    pub(super) engine: Option<Arc<DiskStorageBackend>>,
    pub(super) tree: TreeId,
    /// What may be there.
    states: Vec<State>,
    /// What might be there but for the last commit.
    before_last: Vec<State>,
    values: u32,
    /// For each key the numbers that its value ever had.
    pub(super) put: BTreeMap<u16, BTreeSet<u32>>,
    /// Whether the process has changed since the disk first betrayed.
    restarted: bool,
    /// Whether bits of the log rotted.
    log_rotted: bool,
    /// Whether reads may give what an earlier process has replaced.
    remembers: bool,
    rng: ChaCha8Rng,
}

pub(super) fn key(number: u16) -> Vec<u8> {
    format!("key{number:05}").into_bytes()
}

/// A value that no other number has: short, or of up to some thousand bytes.
pub(super) fn value(number: u32) -> Vec<u8> {
    let len = match number % 7 {
        0 => 3_000,
        1 => 20,
        _ => 700,
    };
    let pattern = number.wrapping_mul(2_654_435_761).to_le_bytes();
    let mut bytes = number.to_be_bytes().to_vec();
    bytes.extend(pattern.iter().cycle().take(len));
    bytes
}

pub(super) fn wrong(doing: String, expected: impl ToString, found: impl ToString) -> Mismatch {
    Mismatch {
        doing,
        expected: expected.to_string(),
        found: found.to_string(),
    }
}

/// Runs until the steps are done, or until nobody knows any more what must be there.
pub(super) fn run(task: &Task<'_>) -> Result<Report, Mismatch> {
    let mut life = Life::begin(task)?;
    let steps = task.request.steps.unwrap_or(life.world.options.steps);
    let mut next = 0;
    while let Some(step) = life.world.course().next_step(next, steps) {
        next = step + 1;
        life.world
            .begin_step(Moment::Step(step), vec![&mut life.rng]);
        life.world.progress.phase.set(Phase::Running);
        if !life.step()? {
            break;
        }
    }
    life.salvage()?;
    life.engine = None;
    life.world.work.damage.unharmed += u64::from(life.world.work.damage.is_none());
    let World {
        options,
        disk,
        work,
        ..
    } = &life.world;
    Ok(Report {
        scenario: task.scenario,
        seed: task.seed,
        options: options.describe(),
        work: *work,
        disk: disk.counters(),
        trace_hash: disk.trace_hash(),
    })
}

fn engine_failed(error: Error) -> Mismatch {
    wrong("setting out".to_owned(), "done", format!("{error:?}"))
}

/// The entries of a range, and whether an error ended them.
fn entries_of(
    engine: &dyn StorageBackend,
    tree: TreeId,
    range: KeyRange,
) -> (Entries, Result<(), Error>) {
    let mut entries = Entries::new();
    let scanned = engine.begin(TxnOptions::default()).and_then(|txn| {
        let mut cursor = txn.scan(tree, range, ScanDirection::Forward)?;
        let mut batch = EntryBatch::default();
        while cursor.next_batch(&mut batch, 20)? {
            entries.extend(batch.iter().map(|(k, v)| (k.to_vec(), v.to_vec())));
        }
        Ok(())
    });
    (entries, scanned)
}

fn is_log(path: &Path) -> bool {
    path.to_string_lossy().ends_with("-wal")
}

/// Whether an error names what the disk has done.
fn names_damage(error: &Error) -> bool {
    is_fault(error) || error.kind() == ErrorKind::Corrupt
}

impl Life {
    fn begin(task: &Task<'_>) -> Result<Self, Mismatch> {
        let mut world = World::new(task, None);
        // The disk keeps its contract until there is something to lose.
        let kept = DiskFaults {
            betrayal: Betrayal::default(),
            ..world.options.faults.clone()
        };
        let faults = std::mem::replace(&mut world.options.faults, kept);
        let engine = world.open_with(open_backend)?;
        let mut rng = Streams::new(task.seed).workload();
        let mut txn = engine.begin(TxnOptions::default()).map_err(engine_failed)?;
        txn.mark_schema_changed().map_err(engine_failed)?;
        let tree = txn.create_tree().map_err(engine_failed)?;
        let mut state = State::new();
        let mut put: BTreeMap<u16, BTreeSet<u32>> = BTreeMap::new();
        for number in 0..ENTRIES_FIRST {
            let at = rng.random_range(0..KEYS);
            let value = value(u32::from(number));
            txn.put(tree, &key(at), &value).map_err(engine_failed)?;
            state.insert(at, number.into());
            put.entry(at).or_default().insert(number.into());
        }
        txn.commit().map_err(engine_failed)?;
        engine.checkpoint().map_err(engine_failed)?;
        world.options.faults = faults;
        world.turn_hostile();
        Ok(Self {
            world,
            engine: Some(engine),
            tree,
            before_last: vec![state.clone()],
            states: vec![state],
            values: ENTRIES_FIRST.into(),
            put,
            restarted: false,
            log_rotted: false,
            remembers: rng.random_bool(0.25),
            rng,
        })
    }

    /// One step; false when the run has come to its end.
    fn step(&mut self) -> Result<bool, Mismatch> {
        let Some(engine) = self.engine.clone() else {
            return Ok(false);
        };
        self.world.work.statements += 1;
        let went = match self.rng.random_range(0..100) {
            0..40 => self.change(&*engine),
            40..60 => self.look_up(&*engine),
            60..82 => self.scan(&*engine),
            82..88 => self.tend(&*engine)?,
            88..94 if self.world.options.rots => self.rot(&*engine),
            88..94 => Went::Right,
            _ => {
                drop(engine);
                return self.restart();
            }
        };
        drop(engine);
        match went {
            // Before a later flush tells.
            Went::Right if self.log_rotted && self.rng.random_bool(0.5) => self.restart(),
            Went::Right => Ok(self.states.len() <= STATES_MAX),
            Went::Wrong(mismatch) => self.is_excused(mismatch),
            Went::Named(error) => {
                self.excuse(&error)?;
                match error.kind() {
                    ErrorKind::Stopped => self.restart(),
                    _ => Ok(true),
                }
            }
        }
    }

    pub(super) fn betrayals(&self) -> u64 {
        let counters: DiskCounters = self.world.disk.counters();
        let kinds = FaultKind::ALL.into_iter();
        let beyond = kinds.filter(|kind| !kind.is_within_contract());
        beyond.map(|kind| counters.of_kind(kind)).sum()
    }

    /// An error must name damage, and there must be some.
    fn excuse(&mut self, error: &Error) -> Result<(), Mismatch> {
        if names_damage(error) && self.betrayals() > 0 {
            self.world.work.damage.named += 1;
            return Ok(());
        }
        let doing = format!("after {} betrayals of the disk", self.betrayals());
        Err(wrong(
            doing,
            "an answer, or damage that is named",
            format!("{error:?}"),
        ))
    }

    /// A wrong answer is excused where nobody could have noticed; then the run ends.
    fn is_excused(&mut self, mismatch: Mismatch) -> Result<bool, Mismatch> {
        let counters = self.world.disk.counters();
        let lost =
            counters.of_kind(FaultKind::LostWrites) + counters.of_kind(FaultKind::Misdirected);
        let stale = counters.of_kind(FaultKind::Stale) > 0;
        let restarts = self.world.work.recoveries.done;
        if (self.restarted && lost > 0) || (self.remembers && restarts > 0 && stale) {
            self.world.work.damage.unnoticed += 1;
            return Ok(false);
        }
        Err(mismatch)
    }

    fn draw_key(&mut self) -> u16 {
        self.rng.random_range(0..KEYS)
    }

    /// Keeps the states in which `holds` is so; wrong when there is none.
    fn learn(&mut self, doing: String, found: String, holds: impl Fn(&State) -> bool) -> Went {
        if !self.states.iter().any(&holds) {
            let expected = format!("as in one of {} states", self.states.len());
            return Went::Wrong(wrong(doing, expected, found));
        }
        self.states.retain(holds);
        Went::Right
    }

    /// A transaction of a few changes.
    fn change(&mut self, engine: &dyn StorageBackend) -> Went {
        let mut txn = match engine.begin(TxnOptions::default()) {
            Ok(txn) => txn,
            Err(error) => return Went::Named(error),
        };
        let mut after = self.states.clone();
        for _ in 0..self.rng.random_range(1..=6) {
            let at = self.draw_key();
            if self.rng.random_bool(0.3) {
                let removed = match txn.delete(self.tree, &key(at)) {
                    Ok(removed) => removed,
                    Err(error) => return Went::Named(error),
                };
                let held = |state: &State| state.contains_key(&at) == removed;
                let knows = self.states.iter().zip(&after);
                let (states, kept): (Vec<State>, Vec<State>) = knows
                    .filter(|(_, after)| held(after))
                    .map(|(before, after)| (before.clone(), after.clone()))
                    .unzip();
                if kept.is_empty() {
                    let doing = format!("deleting key {at}");
                    return Went::Wrong(wrong(doing, "as in a state that may be", removed));
                }
                (self.states, after) = (states, kept);
                for state in &mut after {
                    state.remove(&at);
                }
            } else {
                self.values += 1;
                if let Err(error) = txn.put(self.tree, &key(at), &value(self.values)) {
                    return Went::Named(error);
                }
                let number = self.values;
                self.put.entry(at).or_default().insert(number);
                for state in &mut after {
                    state.insert(at, number);
                }
            }
        }
        if self.rng.random_bool(0.1) {
            return match txn.rollback() {
                Ok(()) => Went::Right,
                Err(error) => Went::Named(error),
            };
        }
        let phase = self.world.progress.phase.clone();
        match phase.during(Phase::Commit, || txn.commit()) {
            Ok(()) => {
                self.world.work.transactions += 1;
                // One that changed nothing has no record that could be lost.
                if after != self.states {
                    self.before_last = std::mem::replace(&mut self.states, after);
                }
                Went::Right
            }
            Err(error) => {
                self.world.work.commits_unknown += 1;
                self.states.extend(after);
                Went::Named(error)
            }
        }
    }

    fn look_up(&mut self, engine: &dyn StorageBackend) -> Went {
        let at = self.draw_key();
        let found = engine
            .begin(TxnOptions::default())
            .and_then(|txn| txn.get(self.tree, &key(at)));
        match found {
            Err(error) => Went::Named(error),
            Ok(found) => self.learn(
                format!("looking key {at} up"),
                found
                    .as_ref()
                    .map_or("nothing".to_owned(), |v| format!("{} bytes", v.len())),
                |state| state.get(&at).map(|&number| value(number)) == found,
            ),
        }
    }

    /// After rot in the log: whether the last commit is still there.
    fn learn_end_of_log(&mut self, engine: &dyn StorageBackend) {
        let before = std::mem::take(&mut self.before_last);
        let (entries, scanned) = entries_of(engine, self.tree, KeyRange::ALL);
        let holds = |state: &State| {
            let all = state.iter().map(|(&k, &v)| (key(k), value(v)));
            all.eq(entries.iter().cloned())
        };
        if scanned.is_err() {
            self.states.extend(before);
        } else if !self.states.iter().any(holds) && before.iter().any(holds) {
            self.world.work.damage.unnoticed += 1;
            self.states = before;
        }
    }

    /// Scans a range; what came before an error must be right too.
    fn scan(&mut self, engine: &dyn StorageBackend) -> Went {
        let low = self.draw_key();
        let high = match self.rng.random_bool(0.2) {
            true => KEYS,
            false => low + self.rng.random_range(1..60),
        };
        let range = KeyRange {
            low: Bound::Included(key(low)),
            high: Bound::Excluded(key(high)),
        };
        let (entries, scanned) = entries_of(engine, self.tree, range);
        self.world.work.entries_compared += entries.len() as u64;
        let whole = scanned.is_ok();
        let found = format!(
            "{} entries, {}; {}",
            entries.len(),
            if whole { "all" } else { "then an error" },
            self.first_differences(&entries, low)
        );
        let went = self.learn(format!("scanning keys {low} to {high}"), found, |state| {
            let mut expected = state.range(low..high).map(|(&k, &v)| (key(k), value(v)));
            entries
                .iter()
                .all(|entry| expected.next().as_ref() == Some(entry))
                && (!whole || expected.next().is_none())
        });
        match (went, scanned) {
            (Went::Right, Err(error)) => Went::Named(error),
            (went, _) => went,
        }
    }

    /// Where what was scanned from `low` on first differs from each of the states that may be.
    fn first_differences(&self, entries: &Entries, low: u16) -> String {
        let differs = |state: &State| {
            let mut expected = state.range(low..).map(|(&k, &v)| (key(k), value(v)));
            let found = entries
                .iter()
                .find(|entry| expected.next().as_ref() != Some(entry));
            found.map_or("nowhere".to_owned(), |(key, value)| {
                let number = value.first_chunk().map(|bytes| u32::from_be_bytes(*bytes));
                format!("{} (value {number:?})", String::from_utf8_lossy(key))
            })
        };
        let places: Vec<String> = self.states.iter().map(differs).collect();
        format!("first different at {}", places.join(", "))
    }

    /// Checkpoint, vacuum, or a check of everything.
    fn tend(&mut self, engine: &dyn StorageBackend) -> Result<Went, Mismatch> {
        let done = match self.rng.random_range(0..3) {
            0 => engine.checkpoint(),
            1 => engine.vacuum(&WaitLimits::default()).map(drop),
            _ => match engine.check() {
                Ok(report) if report.problems.is_empty() => {
                    self.world.work.pages_checked += report.pages_checked;
                    Ok(())
                }
                Ok(report) => Err(Error::corrupt(report.problems.join("; "))),
                Err(error) => Err(error),
            },
        };
        Ok(done.map_or_else(Went::Named, |()| Went::Right))
    }

    /// Lets rot strike somewhere, or where it makes the log end: there, or at the header of a segment. Pages of the last commit
    /// are evicted then.
    fn rot(&mut self, engine: &dyn StorageBackend) -> Went {
        if !self.log_rotted && self.rng.random_bool(0.4) {
            self.log_rotted = match self.rng.random_bool(0.3) {
                true => self.rot_header(),
                false => self.world.disk.rot_new(is_log).is_some(),
            };
            return self.scan(engine);
        }
        for _ in 0..self.rng.random_range(1..4) {
            // Two places of the log could take the end of the last flush but one and the begin of the last, and then nothing
            // tells that there were two commits.
            let may_rot = |path: &Path| !(self.log_rotted && is_log(path));
            let rotted = self.world.disk.rot_somewhere(may_rot, |len| 0..len);
            self.log_rotted |= rotted.is_some_and(|(path, _)| is_log(&path));
        }
        Went::Right
    }

    /// Whether there was one.
    fn rot_header(&mut self) -> bool {
        let segment_bytes = self.world.options.engine.log_segment_bytes as usize;
        let nth: usize = self.rng.random_range(0..1 << 16);
        let header = |len: usize| {
            let start = nth % (len / segment_bytes).max(1) * segment_bytes;
            start..start + HEADER_BYTES
        };
        self.world.disk.rot_somewhere(is_log, header).is_some()
    }

    /// The process ends, cleanly or not, and another opens the database; false when it is refused.
    fn restart(&mut self) -> Result<bool, Mismatch> {
        let engine = self.engine.take();
        if let Some(engine) = engine.filter(|_| self.rng.random_bool(0.3))
            && let Err(error) = engine.checkpoint()
        {
            self.excuse(&error)?;
        }
        self.restarted |= self.betrayals() > 0;
        let kind = match self.rng.random_bool(0.5) {
            true => CrashKind::PowerLoss,
            false => CrashKind::Process,
        };
        self.world.disk.restart(kind);
        if !self.remembers {
            self.world.disk.forget_older();
        }
        let options = DiskOptions {
            create: false,
            ..self.world.options.engine.clone()
        };
        let phase = self.world.progress.phase.clone();
        match phase.during(Phase::Recovery, || open_backend(&self.world, options)) {
            Ok(engine) => {
                self.world.work.recoveries.done += 1;
                if std::mem::take(&mut self.log_rotted) {
                    self.learn_end_of_log(&*engine);
                }
                self.engine = Some(engine);
                self.before_last = self.states.clone();
                Ok(true)
            }
            Err(error) => {
                self.excuse(&error)?;
                self.world.work.damage.refused += 1;
                Ok(false)
            }
        }
    }
}
