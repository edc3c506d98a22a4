//! The run of any workload: steps, crashes, recoveries, and after each the same questions.

use super::registry::Task;
use super::world::World;
use crate::course::Moment;
use crate::disk::{CrashKind, OtherOutcome, SimDisk};
use crate::lockstep::{Event, Mismatch, is_fault};
use crate::phase::Phase;
use crate::report::{Report, WorkCounts};
use quantadb::storage::{DiskOptions, StorageBackend, WaitLimits};
use quantadb::{Error, ErrorKind};
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;

/// Somebody who can forget what a recovery has shown.
pub(super) trait Knows {
    /// What a recovery changes of what is known: expectations, and counts.
    type Known;
    /// A copy of it, while there is no engine.
    fn known(&self) -> Self::Known;
    /// Knows that and no more.
    fn know(&mut self, known: Self::Known);
}

/// What is run on the engine.
pub(super) trait Workload: Knows + Sized {
    /// The open engine.
    type Engine;
    /// Opens the engine.
    fn open(world: &World, options: DiskOptions) -> Result<Self::Engine, Error>;
    /// Begins, on an engine that has just been created.
    fn begin(seed: u64, world: &World, engine: Self::Engine) -> Result<Self, Mismatch>;
    /// What its steps draw from.
    fn streams(&mut self) -> Vec<&mut ChaCha8Rng>;
    /// One step.
    fn step(&mut self) -> Result<Event, Mismatch>;
    /// Whether there is nothing left to do; most go on as long as they are asked.
    fn is_done(&self) -> bool {
        false
    }
    /// Lets go of the engine, which has crashed or is to be opened again.
    fn let_go(&mut self);
    /// Ends all that uses the engine; gives the engine, if its door is that of the storage.
    fn rest(&mut self) -> Option<Arc<dyn StorageBackend>> {
        None
    }
    /// Closes the engine; it is let go of all the same.
    fn close(&mut self) -> Result<(), Error>;
    /// Takes the engine as recovery left it and compares everything. `Err` within `Ok`: the disk failed.
    fn reopened(&mut self, engine: Self::Engine) -> Result<Result<(), Error>, Mismatch>;
    /// Adds what was done.
    fn count(&self, work: &mut WorkCounts);
}

/// A workload in its world.
pub(super) struct CrashRun<W: Workload> {
    pub(super) world: World,
    pub(super) workload: W,
}

impl<W: Workload> CrashRun<W> {
    /// An engine that has just been created, and what is to be run on it; with `crash_at`, one crash at that call of the
    /// disk, counted from 1, beside those that the options allow.
    pub(super) fn new(task: &Task<'_>, crash_at: Option<u64>) -> Result<Self, Mismatch> {
        let mut world = World::new(task, crash_at);
        let engine = world.open_with(W::open)?;
        let workload = W::begin(task.seed, &world, engine)?;
        Ok(Self { world, workload })
    }

    /// Runs all steps and reports.
    pub(super) fn run(mut self, task: &Task<'_>) -> Result<Report, Mismatch> {
        let steps = task.request.steps.unwrap_or(self.world.options.steps);
        self.world.turn_hostile();
        let mut next = 0;
        while let Some(step) = self.world.course().next_step(next, steps) {
            if self.workload.is_done() {
                break;
            }
            next = step + 1;
            let moment = Moment::Step(step);
            self.world.begin_step(moment, self.workload.streams());
            self.world.progress.phase.set(Phase::Running);
            let event = self.workload.step()?;
            if !self.survive(event)? && step % 97 == 96 && self.world.percent(50) {
                self.close()?;
            }
        }
        self.world.begin_step(Moment::End, self.workload.streams());
        // The others end what is under way on a disk that may fail.
        if task.seed.is_multiple_of(2) {
            self.rest()?;
        }
        self.close()?;
        self.workload.let_go();
        Ok(self.report(task.scenario, task.seed))
    }

    /// Deals with what a step came to; true when the engine was opened again.
    pub(super) fn survive(&mut self, event: Event) -> Result<bool, Mismatch> {
        let must_reopen = match event {
            Event::Fine => false,
            Event::Fault {
                error,
                commit_unknown,
            } => {
                self.world.excuse(&error)?;
                // Who has stopped still reads: what the file lost since must be noticed.
                let stopped = error.kind() == ErrorKind::Stopped;
                commit_unknown || (stopped && self.world.percent(60))
            }
        };
        if self.world.disk.is_off() {
            self.recover(true)?;
        } else if must_reopen {
            let crash = self.world.percent(50);
            self.recover(crash)?;
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    pub(super) fn report(&mut self, scenario: &'static str, seed: u64) -> Report {
        self.workload.count(&mut self.world.work);
        Report {
            scenario,
            seed,
            options: self.world.options.describe(),
            work: self.world.work,
            disk: self.world.disk.counters(),
            trace_hash: self.world.disk.trace_hash(),
        }
    }

    /// Opens again after a crash (or without one), and asks all questions.
    fn recover(&mut self, crash: bool) -> Result<(), Mismatch> {
        self.workload.let_go();
        // What a recovery believes of a cache that is ahead of its disk, the next power loss takes.
        let percent = match self.world.cache_is_ahead() {
            true => 60,
            false => self.world.options.crashes.recover_again_percent,
        };
        if crash {
            self.world.restart();
        }
        self.reopen()?;
        if self.world.percent(percent) {
            // Nothing was changed since: a recovery of what a recovery left must leave the same.
            self.workload.let_go();
            self.world.restart();
            self.reopen()?;
            self.world.work.recoveries.repeated += 1;
        }
        self.world.turn_hostile();
        Ok(())
    }

    /// Opens and compares everything, the latter on a disk that fails nothing.
    fn reopen(&mut self) -> Result<(), Mismatch> {
        let engine = self.world.open_with(W::open)?;
        for OtherOutcome { disk, sectors } in self.world.take_others() {
            self.look_aside(disk).map_err(|mismatch| {
                let course = self.world.course();
                course.restarted(CrashKind::PowerLoss, || sectors);
                Mismatch {
                    doing: format!(
                        "{} (after another outcome of the power loss)",
                        mismatch.doing
                    ),
                    ..mismatch
                }
            })?;
            self.world.work.recoveries.aside += 1;
        }
        self.check(engine)
    }

    fn check(&mut self, engine: W::Engine) -> Result<(), Mismatch> {
        let phase = self.world.progress.phase.clone();
        let checked = phase.during(Phase::Check, || self.workload.reopened(engine))?;
        checked.map_err(|error| failed("the checks after a recovery", &error))
    }

    /// Asks the same questions of what the power loss could have left as well. The run goes on as if it had not.
    fn look_aside(&mut self, disk: SimDisk) -> Result<(), Mismatch> {
        let engine = self.world.open_aside(disk, W::open)?;
        let known = self.workload.known();
        self.check(engine)?;
        self.workload.let_go();
        self.workload.know(known);
        Ok(())
    }

    /// Nobody uses the engine any more: it must be sound, and keep nothing for anybody.
    fn rest(&mut self) -> Result<(), Mismatch> {
        self.world.turn_peaceful();
        let engine = self.workload.rest();
        // Who has stopped makes no checkpoint; what the disk has lost since may then be missing.
        if let Some(engine) = engine.filter(|engine| engine.checkpoint().is_ok()) {
            self.keeps_nothing(&*engine)?;
        }
        self.world.turn_hostile();
        Ok(())
    }

    fn keeps_nothing(&self, engine: &dyn StorageBackend) -> Result<(), Mismatch> {
        let doing = "looking at a database at rest";
        let wrong = |expected: &str, found: String| Mismatch {
            doing: doing.to_owned(),
            expected: expected.to_owned(),
            found,
        };
        let vacuumed = engine.vacuum(&WaitLimits::default());
        vacuumed.map_err(|error| failed(doing, &error))?;
        let report = engine.check().map_err(|error| failed(doing, &error))?;
        let problems = [report.problems, report.left].concat();
        if !problems.is_empty() {
            return Err(wrong("no problem", problems.join("; ")));
        }
        let stats = engine.stats();
        if stats.snapshots > 0 {
            return Err(wrong("no snapshot", format!("{}", stats.snapshots)));
        }
        let left = (report.tombstones, report.garbage);
        if stats.versions == 0 && left != (0, 0) {
            return Err(wrong(
                "no tombstone and no garbage (DISK-4)",
                format!("{left:?}"),
            ));
        }
        // Where the history was cut, versions go when there are many.
        let has_all = stats.commits <= self.world.options.engine.history_commits_max as u64;
        if stats.versions > 0 && has_all {
            return Err(wrong("no version", format!("{}", stats.versions)));
        }
        Ok(())
    }

    /// Closes cleanly, if nothing goes wrong meanwhile, opens again and compares.
    pub(super) fn close(&mut self) -> Result<(), Mismatch> {
        let phase = self.world.progress.phase.clone();
        let closed = phase.during(Phase::Close, || self.workload.close());
        match closed {
            Ok(()) => self.world.work.closes += 1,
            Err(error) if is_fault(&error) => self.world.excuse(&error)?,
            Err(error) => return Err(failed("a clean close", &error)),
        }
        let crashed = self.world.disk.is_off();
        self.world.turn_peaceful();
        self.recover(crashed)
    }
}

fn failed(doing: &str, error: &Error) -> Mismatch {
    Mismatch {
        doing: doing.to_owned(),
        expected: "done".to_owned(),
        found: format!("{error:?}"),
    }
}
