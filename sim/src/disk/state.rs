//! The whole disk behind one latch: files, names, what is armed, what was counted.

use super::counters::{Call, DiskCounters};
use super::directory::{Directory, InodeId};
use super::faults::{CrashKind, DiskFaults, Fault, dead, io_error};
use super::inode::{Inode, LossMood, Losses};
use super::kind::FaultKind;
use super::survivors::Survivors;
use crate::course::{CourseCell, What};
use crate::phase::Phase;
use crate::trace::{DiskCall, Outcome, SectorFate};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::ops::Range;

/// Offset and prime of the FNV-1a hash.
const TRACE_START: u64 = 0xcbf2_9ce4_8422_2325;
const TRACE_FACTOR: u64 = 0x0000_0100_0000_01b3;

/// So many writes' places are remembered.
const NEWEST: usize = 32;

/// What the disk decided about a call before doing it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Go,
    Fail(Fault),
    /// Do a part of it by chance; then the machine is off.
    Crash,
}

/// What will happen, in so many calls.
#[derive(Clone, Debug, Default)]
pub(super) struct Armed {
    /// A crash, in the middle of the call.
    pub(super) crash_in: Option<u64>,
    /// The machine is turned off before the call.
    pub(super) stop_in: Option<u64>,
    /// The call fails.
    pub(super) fault_in: Option<(u64, Fault)>,
}

/// What was written.
#[derive(Clone, Debug, Default)]
pub(super) struct Writes {
    /// How often, so that a power loss knows the order.
    pub(super) count: u64,
    /// Where the last [`NEWEST`] times, the last first.
    pub(super) newest: VecDeque<(InodeId, Range<usize>)>,
}

/// The disk.
#[derive(Clone, Debug)]
pub(super) struct State {
    pub(super) inodes: BTreeMap<InodeId, Inode>,
    pub(super) directory: Directory,
    pub(super) faults: DiskFaults,
    pub(super) rng: ChaCha8Rng,
    pub(super) counters: DiskCounters,
    pub(super) trace: u64,
    /// Counts restarts: files opened in an earlier life are dead.
    pub(super) life: u64,
    /// Counts inodes and handles ever made.
    pub(super) numbers_given: u64,
    pub(super) writes: Writes,
    pub(super) armed: Armed,
    /// Whether the machine is off.
    pub(super) off: bool,
    /// Where it is taken down, or told, what goes wrong.
    pub(super) course: CourseCell,
}

impl State {
    pub(super) fn new(rng: ChaCha8Rng, faults: DiskFaults, course: CourseCell) -> Self {
        Self {
            inodes: BTreeMap::new(),
            directory: Directory::default(),
            faults,
            rng,
            counters: DiskCounters::default(),
            trace: TRACE_START,
            life: 0,
            numbers_given: 0,
            writes: Writes::default(),
            armed: Armed::default(),
            off: false,
            course,
        }
    }

    /// Remembers that a write went there.
    pub(super) fn remember(&mut self, id: InodeId, place: Range<usize>) {
        self.writes.newest.truncate(NEWEST - 1);
        self.writes.newest.push_front((id, place));
    }

    /// Flips a bit of something that rests there; where: `None` when it does not rest, or is gone.
    pub(super) fn rot_within(&mut self, id: InodeId, place: Range<usize>) -> Option<usize> {
        let offset = self
            .rng
            .random_range(place.start..place.end.max(place.start + 1));
        let mask = 1 << self.rng.random_range(0..8);
        let inode = self.inodes.get_mut(&id);
        inode.filter(|inode| inode.rests(offset))?.rot(offset, mask);
        self.counters.kinds.add_one(FaultKind::Rot);
        Some(offset)
    }

    /// What a hash begins with.
    pub(super) const HASH_START: u64 = TRACE_START;

    /// Folds a number into a hash.
    pub(super) fn mix(hash: u64, number: u64) -> u64 {
        // FNV's multiplication with a rotation, so that high bits reach low ones.
        (hash ^ number).wrapping_mul(TRACE_FACTOR).rotate_left(29)
    }

    /// Folds bytes and their number into a hash.
    pub(super) fn mix_bytes(hash: u64, bytes: &[u8]) -> u64 {
        let (words, rest) = bytes.as_chunks::<8>();
        let numbers = words.iter().map(|&word| u64::from_le_bytes(word));
        let hash = numbers.fold(Self::mix(hash, bytes.len() as u64), Self::mix);
        rest.iter().map(|&byte| byte.into()).fold(hash, Self::mix)
    }

    /// Folds a number into the trace.
    pub(super) fn note(&mut self, number: u64) {
        self.trace = Self::mix(self.trace, number);
    }

    /// Admits a call: counts and traces it, and decides its fate.
    pub(super) fn enter(
        &mut self,
        call: Call,
        phase: Phase,
        subject: u64,
        place: (u64, u64),
        grows: bool,
    ) -> io::Result<Verdict> {
        if self.off {
            return Err(dead());
        }
        if let Some(calls) = &mut self.armed.stop_in {
            *calls -= 1;
            if *calls == 0 {
                self.off = true;
                self.counters.crashes.count(call, phase);
                return Err(dead());
            }
        }
        let verdict = self.decide(call, phase, grows);
        for number in [call as u64, subject, place.0, place.1] {
            self.note(number);
        }
        self.note(match verdict {
            Verdict::Go => 0,
            Verdict::Crash => 1,
            Verdict::Fail(fault) => 2 + fault as u64,
        });
        Ok(verdict)
    }

    /// Tells whoever watches of a call.
    pub(super) fn tell(
        &self,
        call: Call,
        phase: Phase,
        place: (u64, u64),
        verdict: Verdict,
        file: impl FnOnce() -> String,
    ) {
        self.course.called(|lane| DiskCall {
            lane,
            phase,
            call,
            file: file(),
            place,
            outcome: match verdict {
                Verdict::Go => Outcome::Done,
                Verdict::Fail(fault) => Outcome::Failed(fault),
                Verdict::Crash => Outcome::Crashed,
            },
            written: None,
        });
    }

    fn decide(&mut self, call: Call, phase: Phase, grows: bool) -> Verdict {
        self.counters.calls.count(call, phase);
        if self.crashes() {
            self.off = true;
            self.counters.crashes.count(call, phase);
            return Verdict::Crash;
        }
        let fault = match self.course.is_followed() {
            true => self.course.fault(&mut self.rng),
            false => self.armed_fault().or_else(|| self.chance(call, grows)),
        };
        let verdict = match fault {
            None => return Verdict::Go,
            Some(Fault::Full) if !grows => Verdict::Fail(Fault::Io),
            Some(Fault::Short | Fault::Interrupted)
                if !matches!(call, Call::Read | Call::Write) =>
            {
                return Verdict::Go;
            }
            Some(fault) => Verdict::Fail(fault),
        };
        self.counters.faults.count(call, phase);
        if let Verdict::Fail(fault) = verdict {
            self.counters.kinds.add_one(kind_of(fault, call));
            self.take_down(What::Fault(fault));
        }
        verdict
    }

    /// Whether the machine goes off in this call.
    fn crashes(&mut self) -> bool {
        if self.course.is_followed() {
            return self.course.crashes(&mut self.rng);
        }
        let Some(calls) = &mut self.armed.crash_in else {
            return false;
        };
        *calls = calls.saturating_sub(1);
        let crashes = *calls == 0;
        if crashes {
            self.armed.crash_in = None;
            self.take_down(What::Crash);
        }
        crashes
    }

    /// Takes down what has come by chance; what was told is taken down already.
    fn take_down(&self, what: What) {
        if !self.course.is_followed() {
            self.course.struck(what, &self.rng);
        }
    }

    /// Draws whether a fault of `ppm` out of a million strikes, and counts it.
    pub(super) fn strikes(&mut self, kind: FaultKind, ppm: u32) -> bool {
        let strikes = self.draws(kind, ppm);
        if strikes {
            self.struck(kind);
        }
        strikes
    }

    /// Draws whether a fault strikes, which comes to something or not.
    pub(super) fn draws(&mut self, kind: FaultKind, ppm: u32) -> bool {
        match self.course.is_followed() {
            true => self.course.strikes(kind, &mut self.rng),
            false => ppm > 0 && self.rng.random_range(0..1_000_000) < ppm,
        }
    }

    /// Counts a fault that has struck.
    pub(super) fn struck(&mut self, kind: FaultKind) {
        self.counters.kinds.add_one(kind);
        self.take_down(What::Strike(kind));
    }

    fn armed_fault(&mut self) -> Option<Fault> {
        let (calls, fault) = self.armed.fault_in.as_mut()?;
        *calls = calls.saturating_sub(1);
        let fault = (*calls == 0).then_some(*fault)?;
        self.armed.fault_in = None;
        Some(fault)
    }

    fn chance(&mut self, call: Call, grows: bool) -> Option<Fault> {
        let f = &self.faults;
        let error_ppm = match call {
            Call::Read => f.read_error_ppm,
            Call::Write => f.write_error_ppm,
            Call::Sync | Call::SyncDir => f.sync_error_ppm,
            _ => f.metadata_error_ppm,
        };
        let transfer = matches!(call, Call::Read | Call::Write);
        let chances = [
            (Fault::Io, error_ppm),
            (Fault::Full, if grows { f.full_ppm } else { 0 }),
            (
                Fault::Interrupted,
                if transfer { f.interrupted_ppm } else { 0 },
            ),
            (Fault::Short, if transfer { f.short_ppm } else { 0 }),
        ];
        if chances.iter().all(|&(_, ppm)| ppm == 0) {
            return None;
        }
        let mut roll = self.rng.random_range(0..1_000_000u32);
        for (fault, ppm) in chances {
            if roll < ppm {
                return Some(fault);
            }
            roll -= ppm;
        }
        None
    }

    /// The error of a fault that fails a call.
    pub(super) fn error(fault: Fault) -> io::Error {
        match fault {
            Fault::Io | Fault::Short => io_error(),
            Fault::Full => io::ErrorKind::StorageFull.into(),
            Fault::Interrupted => io::ErrorKind::Interrupted.into(),
        }
    }

    /// A call that is done whole or fails; at a crash a coin decides.
    pub(super) fn whole(verdict: Verdict, rng: &mut ChaCha8Rng) -> io::Result<bool> {
        match verdict {
            Verdict::Go => Ok(true),
            Verdict::Fail(fault) => Err(Self::error(fault)),
            Verdict::Crash => Ok(rng.random_bool(0.5)),
        }
    }

    pub(super) fn next_number(&mut self) -> u64 {
        self.numbers_given += 1;
        self.numbers_given
    }

    /// Whether the files may together grow by `bytes`.
    pub(super) fn has_room(&self, bytes: usize) -> bool {
        let used: usize = self.inodes.values().map(Inode::len).sum();
        self.faults.capacity_bytes == u64::MAX
            || (used + bytes) as u64 <= self.faults.capacity_bytes
    }

    /// Forgets files that have no name and no open handle of this life could matter for.
    pub(super) fn forget_nameless(&mut self) {
        let directory = &self.directory;
        self.inodes.retain(|&id, _| directory.names_inode(id));
    }

    /// Gives a hash of what was decided, and what became of each sector, if somebody watches.
    fn lose_power(&mut self) -> (u64, Vec<SectorFate>) {
        let (faults, rng) = (&self.faults, &mut self.rng);
        let mood = LossMood::draw(faults, rng);
        let unsynced = self.inodes.values().filter_map(Inode::unsynced);
        let unsynced = unsynced.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
        let mut survivors = Survivors::draw(faults, mood, unsynced.unwrap_or((0, 0)), rng);
        let disordered = faults.power.names_disordered;
        let mut losses = Losses {
            counters: &mut self.counters,
            oldest_gone: u64::MAX,
            newest_kept: 0,
            fates: self.course.is_watched().then(Vec::new),
            outcome: Self::HASH_START,
        };
        self.directory
            .lose_power(mood, disordered, rng, &mut losses);
        let mut sectors = Vec::new();
        for (&id, inode) in &mut self.inodes {
            inode.lose_power(mood, &mut survivors, rng, &mut losses);
            for (sector, write, fate) in losses.fates.iter_mut().flat_map(|f| f.drain(..)) {
                sectors.push(SectorFate {
                    file: self.directory.name_of(id),
                    sector,
                    write,
                    fate,
                });
            }
        }
        let outcome = losses.outcome;
        let reordered = losses.newest_kept > losses.oldest_gone;
        let count = u64::from(reordered);
        self.counters.kinds.add_many(FaultKind::Reordered, count);
        (outcome, sectors)
    }

    /// The number of the next write, and whether every version of a sector is to be remembered.
    pub(super) fn next_write(&mut self) -> (u64, bool) {
        self.writes.count += 1;
        let power = self.faults.power;
        (self.writes.count, !(power.tears && power.reorders))
    }

    /// Comes back after a crash. Of a power loss it gives up to `others` other outcomes, no two of them the same, which
    /// are drawn from streams of their own.
    pub(super) fn restart(
        &mut self,
        kind: CrashKind,
        others: u32,
    ) -> Vec<(State, Vec<SectorFate>)> {
        let kind = self.course.restarts(kind, &mut self.rng);
        let mut sectors = Vec::new();
        let mut aside = Vec::new();
        if kind == CrashKind::PowerLoss {
            self.counters.power_losses += 1;
            if self.faults.power.loses {
                let before = (others > 0 && !self.is_durable()).then(|| self.clone());
                let outcome;
                (outcome, sectors) = self.lose_power();
                aside = before.map_or_else(Vec::new, |state| state.outcomes(others, outcome));
            }
        }
        self.course.restarted(kind, || sectors);
        self.start_again();
        aside
    }

    /// Whether a power loss would decide nothing.
    fn is_durable(&self) -> bool {
        self.directory.undecided() == 0 && self.inodes.values().all(Inode::is_durable)
    }

    /// Outcomes of a power loss now, other than the one that has this hash. Nothing fails on their disks.
    fn outcomes(&self, count: u32, known: u64) -> Vec<(State, Vec<SectorFate>)> {
        let mut seen = BTreeSet::from([known]);
        let outcomes = (1..=u64::from(count)).filter_map(|number| {
            let mut state = self.clone();
            state.rng.set_stream(u64::MAX - number);
            let (outcome, sectors) = state.lose_power();
            state.faults = DiskFaults::NONE;
            state.course = CourseCell::default();
            state.start_again();
            seen.insert(outcome).then_some((state, sectors))
        });
        outcomes.collect()
    }

    /// The machine is on again: nothing is armed, and nobody holds a file.
    pub(super) fn start_again(&mut self) {
        for inode in self.inodes.values_mut() {
            inode.locked_by = None;
        }
        self.forget_nameless();
        self.life += 1;
        self.off = false;
        self.armed = Armed::default();
    }
}

/// What a fault of a call is called.
fn kind_of(fault: Fault, call: Call) -> FaultKind {
    match fault {
        Fault::Io if matches!(call, Call::Sync | Call::SyncDir) => FaultKind::FailedSync,
        Fault::Io => FaultKind::Eio,
        Fault::Full => FaultKind::Enospc,
        Fault::Interrupted => FaultKind::Interrupted,
        Fault::Short => FaultKind::Short,
    }
}
