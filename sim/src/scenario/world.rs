//! Disk, clock and crashes of one run: whatever is above it asks for the engine and gets it, sooner or later.

use super::registry::{Progress, Task};
use super::swarm::SwarmOptions;
use crate::course::{CourseCell, Moment};
use crate::disk::{CrashKind, DiskFaults, OtherOutcome, PowerLoss, SimDisk};
use crate::env::{Alone, SimEnv};
use crate::lockstep::{Mismatch, is_fault};
use crate::model::ModelLimits;
use crate::phase::Phase;
use crate::report::WorkCounts;
use crate::streams::Streams;
use quantadb::Error;
use quantadb::storage::DiskOptions;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;

/// Where the database lives.
pub(super) const PATH: &str = "/db/test.qdb";
/// Attempts to open that may crash or fail; the next is left alone.
const HOSTILE_OPENS_MAX: u32 = 6;

/// What there was when the engine was opened last.
#[derive(Default)]
struct LastOpen {
    /// Calls that it took.
    calls: u64,
    /// Failed calls until then.
    faults: u64,
    /// Sectors that failed syncs had dropped until then.
    forgotten: u64,
}

/// The world of one run.
pub(super) struct World {
    pub(super) options: SwarmOptions,
    pub(super) disk: SimDisk,
    pub(super) env: Arc<SimEnv>,
    pub(super) progress: Progress,
    pub(super) work: WorkCounts,
    /// The call at which to crash, if one was chosen.
    pub(super) crash_at: Option<u64>,
    /// Draws crashes.
    chance: ChaCha8Rng,
    /// Whether the database has been open once: from then on it must be there.
    created: bool,
    last_open: LastOpen,
    /// What else the power losses since the last open could have left.
    others: Vec<OtherOutcome>,
    _alone: Alone,
}

impl World {
    /// A world that crashes at call `crash_at`, counted from 1, beside what the options allow.
    pub(super) fn new(task: &Task<'_>, crash_at: Option<u64>) -> Self {
        let (seed, progress) = (task.seed, task.progress.clone());
        progress.phase.course().begin(crash_at);
        // Runs that differ in the crash alone are left different disks by it.
        let streams = Streams::new(seed.wrapping_add(crash_at.unwrap_or(0) << 40));
        let phase = progress.phase.clone();
        let env = Arc::new(SimEnv::new(Streams::new(seed).entropy()));
        Self {
            _alone: Alone::with(env.clone()),
            disk: SimDisk::new(streams.faults(), DiskFaults::NONE, phase).with_clock(env.clone()),
            env,
            options: task.options.clone(),
            progress,
            work: WorkCounts::default(),
            crash_at,
            chance: streams.schedule(),
            created: false,
            last_open: LastOpen {
                calls: 20,
                ..LastOpen::default()
            },
            others: Vec::new(),
        }
    }

    /// The course of the run.
    pub(super) fn course(&self) -> &CourseCell {
        self.progress.phase.course()
    }

    /// A step begins, of a workload that draws from these streams.
    pub(super) fn begin_step(&mut self, moment: Moment, streams: Vec<&mut ChaCha8Rng>) {
        if let Moment::Step(step) = moment {
            self.progress.at(step);
        }
        let course = self.progress.phase.course();
        let (chance, disk) = (&mut self.chance, &self.disk);
        disk.with_stream(|faults| {
            let mut all = vec![chance, faults];
            all.extend(streams);
            course.begin_step(moment, &mut all);
        });
    }

    /// Crashes at the `calls`-th call from now, unless the run follows a course, which knows of its crashes.
    fn arm_crash(&self, calls: u64) {
        if !self.course().is_followed() {
            self.disk.arm_crash(calls);
        }
    }

    /// What the engine refuses as too long.
    pub(super) fn limits(&self) -> ModelLimits {
        ModelLimits::of_pages(self.options.engine.page_bytes)
    }

    /// Opens the engine by `open`, crashing and failing on the way as the options allow, until it succeeds. No fault
    /// and no crash is armed afterwards.
    ///
    /// # Errors
    /// When an open fails and the disk does not excuse it.
    pub(super) fn open_with<T>(
        &mut self,
        open: impl Fn(&World, DiskOptions) -> Result<T, Error>,
    ) -> Result<T, Mismatch> {
        let phase = if self.created {
            Phase::Recovery
        } else {
            Phase::Creation
        };
        for attempt in 0.. {
            let hostile = attempt < HOSTILE_OPENS_MAX;
            self.arm_for_open(hostile);
            let (calls, faults) = (self.disk.calls(), self.faults());
            let options = DiskOptions {
                create: !self.created,
                ..self.options.engine.clone()
            };
            let opened = self
                .progress
                .phase
                .clone()
                .during(phase, || open(self, options));
            self.turn_peaceful();
            self.last_open.calls = (self.disk.calls() - calls).max(1);
            let excused = self.faults() > faults;
            match opened {
                _ if self.disk.is_off() => {
                    self.work.recoveries.crashed += 1;
                    drop(opened);
                    self.restart();
                }
                Ok(engine) => {
                    self.work.recoveries.done += u64::from(self.created);
                    self.created = true;
                    self.last_open.faults = self.faults();
                    self.last_open.forgotten = self.disk.counters().sectors_forgotten;
                    return Ok(engine);
                }
                Err(error) if excused && is_fault(&error) => self.work.recoveries.failed += 1,
                Err(error) => return Err(cannot_open(phase, &error)),
            }
        }
        unreachable!("the last attempts are left alone")
    }

    fn arm_for_open(&mut self, hostile: bool) {
        self.course().begin_leg(!hostile);
        if !hostile {
            return;
        }
        self.arm_chosen_crash();
        self.disk.set_faults(self.options.faults.clone());
        let crashes = self.options.crashes.calls_mean > 0 && self.options.crashes.in_recovery;
        let chance = match (self.cache_is_ahead(), crashes) {
            (true, _) => 0.8,
            (false, true) => 0.4,
            (false, false) => 0.0,
        };
        if self.chance.random_bool(chance) {
            let calls = self.last_open.calls + self.last_open.calls / 4 + 1;
            let calls = self.chance.random_range(1..=calls);
            self.arm_crash(calls);
        }
    }

    /// Lets things go wrong again, after the checks.
    pub(super) fn turn_hostile(&mut self) {
        self.course().begin_leg(false);
        self.disk.set_faults(self.options.faults.clone());
        self.arm_chosen_crash();
        let mean = self.options.crashes.calls_mean;
        if mean > 0 {
            let calls = self.chance.random_range(1..=2 * mean);
            self.arm_crash(calls);
        }
    }

    fn arm_chosen_crash(&mut self) {
        let calls = self.disk.calls();
        match self.crash_at {
            Some(at) if at > calls => self.arm_crash(at - calls),
            _ => self.crash_at = None,
        }
    }

    /// Lets nothing go wrong, for checks.
    pub(super) fn turn_peaceful(&mut self) {
        self.course().begin_leg(true);
        self.disk.disarm();
        self.disk.set_faults(DiskFaults {
            power: PowerLoss {
                garbage: false,
                names_disordered: false,
                ..self.options.faults.power
            },
            ..DiskFaults::NONE
        });
    }

    /// Whether a failed sync, since the last open, has dropped what the cache may still show. What a recovery believes
    /// then, a power loss takes: both are made likely.
    pub(super) fn cache_is_ahead(&self) -> bool {
        self.disk.counters().sectors_forgotten > self.last_open.forgotten
    }

    /// Whether only processes die: where a sync may fail, what a cache is ahead of its disk is taken from it, and a course
    /// that is followed may say something else than the seed.
    pub(super) fn keeps_power(&self) -> bool {
        self.options.crashes.process_percent == 100
            && self.options.faults.sync_error_ppm == 0
            && !self.course().loses_power()
    }

    /// What a crash, or the end of a process, leaves behind.
    pub(super) fn restart(&mut self) {
        let process = match self.cache_is_ahead() {
            true => 50,
            false => self.options.crashes.process_percent,
        };
        let kind = match self.chance.random_range(0..100) < process {
            true => CrashKind::Process,
            false => CrashKind::PowerLoss,
        };
        let others = match self.created {
            true => self.options.crashes.other_outcomes,
            false => 0,
        };
        self.others.extend(self.disk.restart_each(kind, others));
    }

    /// What else the power losses since the last call of this could have left; nobody goes on with any of it.
    pub(super) fn take_others(&mut self) -> Vec<OtherOutcome> {
        std::mem::take(&mut self.others)
    }

    /// Opens the engine by `open` on another disk, on which nothing goes wrong. What it does there changes nothing here.
    ///
    /// # Errors
    /// When the open fails.
    pub(super) fn open_aside<T>(
        &mut self,
        disk: SimDisk,
        open: impl Fn(&World, DiskOptions) -> Result<T, Error>,
    ) -> Result<T, Mismatch> {
        let options = DiskOptions {
            create: false,
            ..self.options.engine.clone()
        };
        let env = Arc::new(SimEnv::new(Streams::new(disk.trace_hash()).entropy()));
        let disk = std::mem::replace(&mut self.disk, disk);
        let env = std::mem::replace(&mut self.env, env);
        let phase = self.progress.phase.clone();
        let opened = phase.during(Phase::Recovery, || open(self, options));
        (self.disk, self.env) = (disk, env);
        opened.map_err(|error| cannot_open(Phase::Recovery, &error))
    }

    /// True in so many of a hundred cases.
    pub(super) fn percent(&mut self, percent: u32) -> bool {
        self.chance.random_range(0..100) < percent
    }

    fn faults(&self) -> u64 {
        self.disk.counters().faults.total()
    }

    /// Refuses an error of the engine for which the disk gave no cause since the engine was opened: calls that fail are no
    /// reason to name anything damaged.
    pub(super) fn excuse(&self, error: &Error) -> Result<(), Mismatch> {
        let has_failed = self.disk.is_off() || self.faults() > self.last_open.faults;
        if is_fault(error) && has_failed {
            return Ok(());
        }
        Err(Mismatch {
            doing: match has_failed {
                true => "an operation on a disk whose calls fail".to_owned(),
                false => "an operation on a disk that fails nothing".to_owned(),
            },
            expected: "no error but those of calls that failed".to_owned(),
            found: format!("{error:?}"),
        })
    }
}

fn cannot_open(phase: Phase, error: &Error) -> Mismatch {
    Mismatch {
        doing: format!("opening the database ({phase})"),
        expected: "the database opens, or its error is the disk's".to_owned(),
        found: format!("{error:?}"),
    }
}
