//! Generated SQL on the simulated disk, against the same SQL over the model.

use super::run::{Knows, Workload};
use super::world::{PATH, World};
use crate::lockstep::{Event, Mismatch, is_fault};
use crate::phase::{Phase, PhaseCell};
use crate::report::WorkCounts;
use crate::sql::{Generator, PairCounts, PairKnown, Ran, SqlPair, session_options};
use crate::streams::Streams;
use quantadb::Error;
use quantadb::api::{Database, DatabaseOptions, SessionOptions};
use quantadb::storage::DiskOptions;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;

/// Opens a database on the simulated disk. Where the seed says so, its statements have no memory and must spill.
pub(super) fn open_database(world: &World, disk: DiskOptions) -> Result<Database, Error> {
    open_with(world, disk, session_options())
}

fn open_with(world: &World, disk: DiskOptions, session: SessionOptions) -> Result<Database, Error> {
    let options = DatabaseOptions {
        vfs: Arc::new(world.disk.clone()),
        env: world.env.clone(),
        disk,
        session: SessionOptions {
            work_mem_bytes: match world.options.spills {
                true => 0,
                false => SessionOptions::default().work_mem_bytes,
            },
            batch_rows: world.options.batch_rows,
            ..session
        },
    };
    Database::open_with(PATH, options)
}

/// Adds what a pair has done.
pub(super) fn count_pair(counts: PairCounts, work: &mut WorkCounts) {
    work.statements = counts.statements;
    work.transactions = counts.committed;
    work.refused = counts.refused;
    work.commits_unknown = counts.unknown;
    work.commits_unknown_found = counts.unknown_found;
    work.pages_checked = counts.pages_checked;
    work.entries_compared = counts.rows_compared;
    work.spilled_bytes = counts.spilled_bytes;
}

/// What a statement came to, as the run sees it.
pub(super) fn event_of(ran: Ran) -> Event {
    match ran {
        Ran::Same(_) => Event::Fine,
        Ran::Fault { error, must_reopen } => Event::Fault {
            error,
            commit_unknown: must_reopen,
        },
    }
}

/// The workload: statements from a generator.
pub(super) struct Statements {
    pair: SqlPair,
    generator: Generator,
    sessions: usize,
    maintenance: bool,
    phase: PhaseCell,
    rng: ChaCha8Rng,
    begun: bool,
}

impl Statements {
    /// Maintenance, on both sides; `None` when this step is not for it.
    fn maintain(&mut self) -> Option<Result<Event, Mismatch>> {
        if !self.maintenance || !self.rng.random_bool(0.05) {
            return None;
        }
        let database = self.pair.subject().clone();
        let budget = self.rng.random_range(0..50);
        let done = match self.rng.random_range(0..3) {
            0 => self
                .phase
                .during(Phase::Vacuum, || database.maintain(budget).map(drop)),
            1 => self
                .phase
                .during(Phase::Vacuum, || database.vacuum().map(drop)),
            _ => self
                .phase
                .during(Phase::Checkpoint, || database.checkpoint()),
        };
        self.pair.vacuum_model();
        self.phase.course().note(|| "maintenance".to_owned());
        Some(match done {
            Ok(()) => Ok(Event::Fine),
            Err(error) if is_fault(&error) => Ok(Event::Fault {
                error,
                commit_unknown: false,
            }),
            Err(error) => Err(Mismatch {
                doing: "maintenance".to_owned(),
                expected: "done, or a failure of the disk".to_owned(),
                found: format!("{error:?}"),
            }),
        })
    }
}

impl Knows for Statements {
    type Known = PairKnown;

    fn known(&self) -> Self::Known {
        self.pair.known()
    }

    fn know(&mut self, known: Self::Known) {
        self.pair.know(known);
    }
}

impl Workload for Statements {
    type Engine = Database;

    fn open(world: &World, options: DiskOptions) -> Result<Database, Error> {
        // Another plan may meet another error first: the subject has no statistics that the model does not have.
        let session = SessionOptions {
            analyze_threshold: None,
            ..session_options()
        };
        open_with(world, options, session)
    }

    fn begin(seed: u64, world: &World, engine: Database) -> Result<Self, Mismatch> {
        let (shape, phase) = (&world.options.shape, world.progress.phase.clone());
        let generator = world.options.generator.clone();
        let (env, limits) = (world.env.clone(), world.limits());
        let mut pair = SqlPair::new(phase.clone(), env, engine, limits, shape.sessions)?;
        generator.relations().iter().for_each(|r| pair.watch(r));
        Ok(Self {
            pair,
            generator,
            sessions: shape.sessions,
            maintenance: shape.maintenance,
            phase,
            rng: Streams::new(seed).workload(),
            begun: false,
        })
    }

    fn streams(&mut self) -> Vec<&mut ChaCha8Rng> {
        vec![&mut self.rng]
    }

    fn step(&mut self) -> Result<Event, Mismatch> {
        if let Some(event) = self.maintain() {
            return event;
        }
        let slot = self.rng.random_range(0..self.sessions);
        let sql = match std::mem::replace(&mut self.begun, true) {
            false => self.generator.first(&mut self.rng),
            true => {
                let in_transaction = self.pair.is_in_transaction(slot);
                self.generator.next(in_transaction, &mut self.rng)
            }
        };
        self.pair.run(slot, &sql).map(event_of)
    }

    fn let_go(&mut self) {
        self.pair.let_go();
    }

    fn close(&mut self) -> Result<(), Error> {
        self.pair.close()
    }

    fn reopened(&mut self, engine: Database) -> Result<Result<(), Error>, Mismatch> {
        self.pair.reopened(engine).map(|r| r.map(drop))
    }

    fn count(&self, work: &mut WorkCounts) {
        count_pair(self.pair.counts(), work);
    }
}
