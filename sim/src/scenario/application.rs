//! Anybody's code on the simulated disk.
//!
//! ```text
//!   seed ─▶ open ─▶ step ─▶ step ─▶ step ✕ power loss ─▶ recovery ─▶ open, check ─▶ step ─▶ …
//! ```
//!
//! The machine goes off in the middle of any call of the disk, in recoveries too; sectors, lengths and names that were not
//! synced may be gone. [`Simulation::run`] runs one seed after the other and panics with the first that fails;
//! `QUANTA_SIM_SEED=17 cargo test NAME` runs that one again.

use super::registry::{Progress, Request, Task, judged, run};
use super::run::{Knows, Workload};
use super::swarm::SwarmOptions;
use super::world::{PATH, World};
use crate::disk::FaultSet;
use crate::lockstep::{Event, Mismatch, is_fault};
use crate::report::{Report, Violation, WorkCounts};
use crate::streams::Streams;
use quantadb::Error;
use quantadb::api::{Database, DatabaseOptions};
use quantadb::storage::DiskOptions;
use rand_chacha::ChaCha8Rng;
use std::ops::Range;
use std::sync::Arc;

/// What stands in reports instead of a scenario's name.
const NAME: &str = "application";
/// The variable of the environment that names the one seed to run.
pub const SEED_VARIABLE: &str = "QUANTA_SIM_SEED";

/// What an application draws from: the same seed gives the same draws.
pub type Draws = ChaCha8Rng;

/// Code that is run over a database which is crashed again and again.
///
/// The value lives through all crashes: it is the observer who remembers what was acknowledged, and not a part of the machine.
/// Given the same database and the same draws it must do the same, without threads, clocks or random numbers of its own.
pub trait Application: Default {
    /// Makes whatever it needs in the database, which is empty at first. Called after each opening, before
    /// [`check`](Self::check); nothing fails meanwhile.
    ///
    /// # Errors
    /// The database's.
    fn open(&mut self, database: &Database) -> Result<(), Error>;

    /// A piece of work. Whatever is to be chosen is drawn from `draws`.
    ///
    /// # Errors
    /// Those of the disk, as they come ([`quantadb::ErrorKind::Io`] and the like): then the machine went off, and whether a
    /// statement that could commit has done so is not known. Any other error is reported as a violation: what the
    /// application expects it must handle itself.
    fn step(&mut self, database: &Database, draws: &mut Draws) -> Result<(), Error>;

    /// Whether the database is as it must be. Called after each recovery; nothing fails meanwhile.
    ///
    /// # Errors
    /// What is wrong.
    fn check(&mut self, database: &Database) -> Result<(), Complaint>;
}

/// What an application finds wrong with its database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint(Mismatch);

impl Complaint {
    /// Something other than expected.
    pub fn new(what: impl ToString, expected: impl ToString, found: impl ToString) -> Self {
        Self(Mismatch {
            doing: what.to_string(),
            expected: expected.to_string(),
            found: found.to_string(),
        })
    }
}

impl From<Error> for Complaint {
    fn from(error: Error) -> Self {
        Self::new("asking the database", "an answer", format!("{error:?}"))
    }
}

/// An application and its database.
struct Hosted<A> {
    application: A,
    database: Option<Database>,
    rng: ChaCha8Rng,
    work: WorkCounts,
}

impl<A: Application> Hosted<A> {
    fn unexpected(doing: &str, error: &Error) -> Mismatch {
        Mismatch {
            doing: doing.to_owned(),
            expected: "done, or a failure of the disk".to_owned(),
            found: format!("{error:?}"),
        }
    }

    /// `Err` within `Ok`: the disk failed.
    fn ask(&mut self) -> Result<Result<(), Error>, Mismatch> {
        let Some(database) = self.database.clone() else {
            return Ok(Ok(()));
        };
        match self.application.open(&database) {
            Err(error) if is_fault(&error) => return Ok(Err(error)),
            Err(error) => return Err(Self::unexpected("opening the application", &error)),
            Ok(()) => {}
        }
        self.application.check(&database).map_err(|c| c.0)?;
        match database.check() {
            Ok(report) if report.problems.is_empty() => {
                self.work.pages_checked += report.pages_checked;
                Ok(Ok(()))
            }
            Ok(report) => Err(Mismatch {
                doing: "the database checks itself".to_owned(),
                expected: "no problem".to_owned(),
                found: report.problems.join("; "),
            }),
            Err(error) if is_fault(&error) => Ok(Err(error)),
            Err(error) => Err(Self::unexpected("the database checks itself", &error)),
        }
    }
}

impl<A: Application> Knows for Hosted<A> {
    /// What the application knows cannot be copied.
    type Known = ();

    fn known(&self) -> Self::Known {}

    fn know(&mut self, (): Self::Known) {}
}

impl<A: Application> Workload for Hosted<A> {
    type Engine = Database;

    fn open(world: &World, disk: DiskOptions) -> Result<Database, Error> {
        let options = DatabaseOptions {
            vfs: Arc::new(world.disk.clone()),
            env: world.env.clone(),
            disk,
            ..DatabaseOptions::default()
        };
        Database::open_with(PATH, options)
    }

    fn begin(seed: u64, _world: &World, engine: Database) -> Result<Self, Mismatch> {
        let mut hosted = Self {
            application: A::default(),
            database: Some(engine),
            rng: Streams::new(seed).workload(),
            work: WorkCounts::default(),
        };
        let asked = hosted.ask()?;
        asked.map_err(|error| Self::unexpected("the beginning", &error))?;
        Ok(hosted)
    }

    fn streams(&mut self) -> Vec<&mut ChaCha8Rng> {
        vec![&mut self.rng]
    }

    fn step(&mut self) -> Result<Event, Mismatch> {
        let Some(database) = self.database.clone() else {
            return Ok(Event::Fine);
        };
        self.work.statements += 1;
        match self.application.step(&database, &mut self.rng) {
            Ok(()) => {
                self.work.transactions += 1;
                Ok(Event::Fine)
            }
            Err(error) if is_fault(&error) => Ok(Event::Fault {
                error,
                // What a failed call left, the next opening decides.
                commit_unknown: true,
            }),
            Err(error) => Err(Self::unexpected("a step of the application", &error)),
        }
    }

    fn let_go(&mut self) {
        self.database = None;
    }

    fn close(&mut self) -> Result<(), Error> {
        self.database.take().map_or(Ok(()), Database::close)
    }

    fn reopened(&mut self, engine: Database) -> Result<Result<(), Error>, Mismatch> {
        self.database = Some(engine);
        self.ask()
    }

    fn count(&self, work: &mut WorkCounts) {
        work.add(&self.work);
    }
}

/// Runs of an application, one for each seed.
#[derive(Clone, Debug)]
pub struct Simulation {
    seeds: Range<u64>,
    steps: u64,
    faults: Option<FaultSet>,
}

impl Default for Simulation {
    /// Seeds 0 to 49, 200 steps each, with crashes as the seeds say.
    fn default() -> Self {
        Self {
            seeds: 0..50,
            steps: 200,
            faults: None,
        }
    }
}

impl Simulation {
    /// These seeds, unless the environment names one.
    #[must_use]
    pub fn seeds(self, seeds: Range<u64>) -> Self {
        Self { seeds, ..self }
    }

    /// So many steps of each run.
    #[must_use]
    pub fn steps(self, steps: u64) -> Self {
        Self { steps, ..self }
    }

    /// These faults of the disk, and no others, instead of what the seeds say. Only those within the disk contract: nothing
    /// excuses an application for what a disk does that breaks it.
    #[must_use]
    pub fn faults(self, faults: FaultSet) -> Self {
        let within = crate::disk::FaultKind::ALL
            .into_iter()
            .filter(|k| k.is_within_contract());
        let within = FaultSet::of(&within.collect::<Vec<_>>());
        Self {
            faults: Some(faults.within(within)),
            ..self
        }
    }

    /// Runs one seed.
    ///
    /// # Errors
    /// What was found, with the line that shows it again.
    pub fn run_seed<A: Application>(&self, seed: u64) -> Result<Report, Box<Violation>> {
        let request = Request {
            steps: Some(self.steps),
            ..Request::default()
        };
        let mut options = SwarmOptions::crashes(seed);
        options.crashes.other_outcomes = 0;
        let task = Task {
            scenario: NAME,
            seed,
            options: match self.faults {
                Some(faults) => options.only(faults),
                None => options,
            },
            request: &request,
            progress: Progress::default(),
        };
        let test = std::thread::current();
        let test = test
            .name()
            .filter(|name| *name != "main")
            .unwrap_or_default();
        let replay = format!("{SEED_VARIABLE}={seed} cargo test {test}");
        judged(&task, replay.trim_end().to_owned(), seed, run::<Hosted<A>>)
    }

    /// Runs all seeds, or the one that the environment names, and gives what they did.
    ///
    /// # Panics
    /// With the first violation, and the line that shows it again: it is meant for tests.
    pub fn run<A: Application>(&self) -> Vec<Report> {
        let seeds = match named_seed() {
            Some(seed) => seed..seed.saturating_add(1),
            None => self.seeds.clone(),
        };
        let run = |seed| match self.run_seed::<A>(seed) {
            Ok(report) => report,
            Err(violation) => panic!("{violation}"),
        };
        seeds.map(run).collect()
    }
}

// Of the test, not of the engine.
#[allow(clippy::disallowed_methods)]
fn named_seed() -> Option<u64> {
    let text = std::env::var(SEED_VARIABLE).ok()?;
    match text.parse() {
        Ok(seed) => Some(seed),
        Err(error) => panic!("{SEED_VARIABLE}={text}: {error}"),
    }
}
