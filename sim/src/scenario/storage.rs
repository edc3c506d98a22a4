//! Random transactions on trees, directly over the storage door, in lockstep with the model.

use super::registry::{Progress, Request, Scenario};
use super::swarm::SwarmOptions;
use super::world::World;
use crate::lockstep::{Event, Lockstep, Mismatch};
use crate::model::{ModelBackend, ModelLimits};
use crate::phase::Phase;
use crate::report::Report;
use crate::streams::Streams;
use quantadb::storage::DiskStorageBackend;
use quantadb::{Error, ErrorKind};
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;

/// Crashes at any call.
pub(super) struct Storage;

/// Failing calls.
pub(super) struct IoErrors;

impl Scenario for Storage {
    fn name(&self) -> &'static str {
        "storage"
    }

    fn about(&self) -> &'static str {
        "interleaved transactions on trees against the model; crashes at any disk call, in recovery too"
    }

    fn options(&self, seed: u64) -> SwarmOptions {
        SwarmOptions::crashes(seed)
    }

    fn run(
        &self,
        seed: u64,
        options: SwarmOptions,
        request: &Request,
        progress: Progress,
    ) -> Result<Report, Mismatch> {
        StorageRun::new(seed, options, progress)?.run(self.name(), seed, request)
    }
}

impl Scenario for IoErrors {
    fn name(&self) -> &'static str {
        "io-errors"
    }

    fn about(&self) -> &'static str {
        "the same workload on a disk whose calls fail: errors with names, nothing committed is lost"
    }

    fn options(&self, seed: u64) -> SwarmOptions {
        SwarmOptions::io_errors(seed)
    }

    fn run(
        &self,
        seed: u64,
        options: SwarmOptions,
        request: &Request,
        progress: Progress,
    ) -> Result<Report, Mismatch> {
        StorageRun::new(seed, options, progress)?.run(self.name(), seed, request)
    }
}

struct StorageRun {
    world: World,
    lockstep: Lockstep,
    workload: ChaCha8Rng,
}

impl StorageRun {
    fn new(seed: u64, options: SwarmOptions, progress: Progress) -> Result<Self, Mismatch> {
        let shape = options.shape.clone();
        let phase = progress.phase.clone();
        let mut world = World::new(seed, options, progress);
        let backend = world.open()?;
        let model = ModelBackend::with(world.env.clone(), ModelLimits::default());
        Ok(Self {
            lockstep: Lockstep::new(shape, phase, backend, model),
            world,
            workload: Streams::new(seed).workload(),
        })
    }

    fn run(
        mut self,
        scenario: &'static str,
        seed: u64,
        request: &Request,
    ) -> Result<Report, Mismatch> {
        let described = self.world.options.describe();
        let steps = request.steps.unwrap_or(self.world.options.steps);
        self.world.turn_hostile();
        for step in 0..steps {
            self.world.progress.at(step);
            self.world.progress.phase.set(Phase::Running);
            let event = self.lockstep.step(&mut self.workload)?;
            let must_reopen = match event {
                Event::Fine => false,
                Event::Fault {
                    error,
                    commit_unknown,
                } => {
                    self.world.excuse(&error)?;
                    commit_unknown || error.kind() == ErrorKind::Stopped
                }
            };
            if self.world.disk.is_off() {
                self.recover(true)?;
            } else if must_reopen {
                let crash = self.world.percent(50);
                self.recover(crash)?;
            } else if step % 97 == 96 && self.world.percent(50) {
                self.close()?;
            }
        }
        self.world.progress.at(steps);
        self.close()?;
        self.lockstep.let_go();
        let counts = self.lockstep.counts();
        let work = &mut self.world.work;
        work.statements = counts.operations;
        work.transactions = counts.committed;
        work.refused = counts.refused;
        work.commits_unknown = counts.commits_unknown;
        work.commits_unknown_found = counts.commits_unknown_found;
        work.pages_checked = counts.pages_checked;
        work.entries_compared = counts.entries_compared;
        Ok(Report {
            scenario,
            seed,
            options: described,
            work: *work,
            disk: self.world.disk.counters(),
            trace_hash: self.world.disk.trace_hash(),
        })
    }

    /// Opens again after a crash (or without one), and asks all questions.
    fn recover(&mut self, crash: bool) -> Result<(), Mismatch> {
        self.lockstep.let_go();
        if crash {
            self.world.restart();
        }
        self.reopen()?;
        let percent = self.world.options.recover_again_percent;
        if self.world.percent(percent) {
            // Nothing was changed since: a recovery of what a recovery left must leave the same.
            self.lockstep.let_go();
            self.world.restart();
            self.reopen()?;
            self.world.work.recoveries_repeated += 1;
        }
        self.world.turn_hostile();
        Ok(())
    }

    fn reopen(&mut self) -> Result<(), Mismatch> {
        let backend = self.world.open()?;
        self.check(backend)
    }

    /// Compares everything, on a disk that fails nothing.
    fn check(&mut self, backend: Arc<DiskStorageBackend>) -> Result<(), Mismatch> {
        let phase = self.world.progress.phase.clone();
        let checked = phase.during(Phase::Check, || self.lockstep.reopened(backend))?;
        checked.map_err(|error| failed("the checks after a recovery", &error))
    }

    /// Closes cleanly, if nothing goes wrong meanwhile, opens again and compares.
    fn close(&mut self) -> Result<(), Mismatch> {
        let phase = self.world.progress.phase.clone();
        let closed = phase.during(Phase::Close, || self.lockstep.close());
        match closed {
            Ok(()) => self.world.work.closes += 1,
            Err(error) if super::world::is_fault(&error) => self.world.excuse(&error)?,
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
