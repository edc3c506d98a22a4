//! The list of scenarios, and how one seed is run.

use super::histories::{Histories, READ_COMMITTED, REPEATABLE_READ, SERIALIZABLE};
use super::logic::Logic;
use super::queries::{ALONE, Queries, TOGETHER};
use super::run::{CrashRun, Workload};
use super::sequences::Values;
use super::sessions::Threads;
use super::sql::Statements;
use super::storage::Trees;
use super::swarm::SwarmOptions;
use super::{damage, every_call, script};
use crate::course::CourseCell;
use crate::disk::{FaultKind, FaultSet};
use crate::lockstep::Mismatch;
use crate::phase::{Phase, PhaseCell, PhaseWatch};
use crate::report::{Report, SeedReport, Violation};
use crate::streams::Streams;
use quantadb::planted::{Mistake, plant};
use rand::Rng;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What a caller asks of a run.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// How many steps, if the scenario's own number does not suit.
    pub steps: Option<u64>,
    /// A mistake to plant in the engine.
    pub mistake: Option<Mistake>,
    /// What may go wrong with the disk, if not what the seed says.
    pub faults: Option<FaultSet>,
    /// Options by name, where they are not to be what the seed says; see [`SwarmOptions::set`].
    pub switches: Vec<(String, String)>,
    /// Scripts to run, by name and text, for scenarios that run scripts.
    pub scripts: Vec<(String, String)>,
    /// Who is told of each phase that ends.
    pub watch: Option<PhaseWatch>,
}

/// Where a run stands: shared with the caller, who asks when the run has panicked.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    /// What is being called.
    pub phase: PhaseCell,
    /// The step.
    pub step: std::sync::Arc<std::sync::atomic::AtomicU64>,
}

impl Progress {
    pub(super) fn at(&self, step: u64) {
        self.step.store(step, std::sync::atomic::Ordering::Relaxed);
    }
}

/// One scenario.
#[derive(Debug)]
pub struct Scenario {
    /// What it is called.
    pub name: &'static str,
    /// What it does, in one line.
    pub about: &'static str,
    /// The faults that it has a judgement for.
    pub faults: FaultSet,
    /// Which options a seed decides.
    options: fn(u64) -> SwarmOptions,
    run: fn(&Task<'_>) -> Result<Report, Mismatch>,
}

impl Scenario {
    /// Whether it runs SQL, and not transactions on trees.
    pub fn runs_sql(&self) -> bool {
        matches!(
            self.name,
            "sql" | "sql-errors" | "queries" | "spills" | "logic" | "sequences" | "slt"
        )
    }
}

/// One run of a scenario.
pub(super) struct Task<'a> {
    pub(super) scenario: &'static str,
    pub(super) seed: u64,
    pub(super) options: SwarmOptions,
    pub(super) request: &'a Request,
    pub(super) progress: Progress,
}

/// What a crash may do, and what a transfer may.
const CRASHES: FaultSet = FaultSet::of(&[
    FaultKind::Torn,
    FaultKind::Lost,
    FaultKind::Reordered,
    FaultKind::Garbage,
    FaultKind::Short,
    FaultKind::Interrupted,
    FaultKind::Slow,
]);
/// Calls that fail too.
const FAILURES: FaultSet = CRASHES.and(FaultSet::of(&[
    FaultKind::Eio,
    FaultKind::Enospc,
    FaultKind::FailedSync,
]));
/// What no disk may do, and what a crash may.
const BETRAYALS: FaultSet = CRASHES.and(FaultSet::of(&[
    FaultKind::Rot,
    FaultKind::Misdirected,
    FaultKind::LostWrites,
    FaultKind::Stale,
]));

/// All scenarios.
pub const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "storage",
        about: "interleaved transactions on trees against the model; crashes at any disk call, in recovery too",
        faults: FAILURES,
        options: SwarmOptions::crashes,
        run: run::<Trees>,
    },
    Scenario {
        name: "io-errors",
        about: "the same workload on a disk whose calls fail: errors with names, nothing committed is lost",
        faults: FAILURES,
        options: SwarmOptions::io_errors,
        run: run::<Trees>,
    },
    Scenario {
        name: "removals",
        about: "thousands of entries come and go, among scans, vacuum and crashes: leaves in a row hold removed ones only",
        faults: FAILURES,
        options: SwarmOptions::removals,
        run: run::<Trees>,
    },
    Scenario {
        name: "sql",
        about: "generated definitions, changes and queries in several sessions against the model; crashes at any disk call",
        faults: FAILURES,
        options: |seed| SwarmOptions::crashes(seed).sql(),
        run: run::<Statements>,
    },
    Scenario {
        name: "sql-errors",
        about: "generated SQL on a disk whose calls fail: a statement fails with a named error or has happened whole",
        faults: FAILURES,
        options: |seed| SwarmOptions::io_errors(seed).sql(),
        run: run::<Statements>,
    },
    Scenario {
        name: "queries",
        about: "generated statements and queries against answers that loops over rows give; crashes at any disk call",
        faults: FAILURES,
        options: |seed| SwarmOptions::crashes(seed).sql(),
        run: run::<Queries<ALONE>>,
    },
    Scenario {
        name: "spills",
        about: "the same, and several sessions at once whose queries spill: they share the temporary file; failing calls",
        faults: FAILURES,
        options: |seed| SwarmOptions::io_errors(seed).sql().spilling(),
        run: run::<Queries<TOGETHER>>,
    },
    Scenario {
        name: "logic",
        about: "queries that must agree: their parts by a condition (TLP), no optimizer (NoREC), no index; crashes at any disk call",
        faults: FAILURES,
        options: |seed| SwarmOptions::crashes(seed).sql(),
        run: run::<Logic>,
    },
    Scenario {
        name: "slt",
        about: "sqllogictest scripts with crashes between and inside statements; ours, or those of one session that --script names",
        faults: CRASHES,
        options: SwarmOptions::scripts,
        run: script::run,
    },
    Scenario {
        name: "sessions",
        about: "sessions in threads whose turns the seed decides: waits, deadlocks, failing calls; no interleaving may break a sum",
        faults: FAILURES,
        options: SwarmOptions::failing_sessions,
        run: run::<Threads>,
    },
    Scenario {
        name: "sequences",
        about: "sessions in threads that take values of sequences, beside changes of the schema; no value comes twice",
        faults: CRASHES,
        options: SwarmOptions::sessions,
        run: run::<Values>,
    },
    Scenario {
        name: "serializable",
        about: "sessions in threads that append to lists and read them: what they saw is as in some order of transactions",
        faults: CRASHES,
        options: SwarmOptions::forgetful_sessions,
        run: run::<Histories<SERIALIZABLE>>,
    },
    Scenario {
        name: "repeatable-read",
        about: "the same at REPEATABLE READ: no circle of dependencies without two anti-dependencies in a row",
        faults: CRASHES,
        options: SwarmOptions::sessions,
        run: run::<Histories<REPEATABLE_READ>>,
    },
    Scenario {
        name: "read-committed",
        about: "the same at READ COMMITTED: nothing dirty is read or written over, nothing is lost",
        faults: CRASHES,
        options: SwarmOptions::sessions,
        run: run::<Histories<READ_COMMITTED>>,
    },
    Scenario {
        name: "every-call",
        about: "a short workload on trees, once for each of its disk calls, with a crash at that call",
        faults: CRASHES,
        options: SwarmOptions::every_call,
        run: every_call::run,
    },
    Scenario {
        name: "damage",
        about: "rot, misdirected and lost writes, stale reads: an answer is right, or an error names the damage",
        faults: BETRAYALS,
        options: SwarmOptions::damage,
        run: damage::run,
    },
];

/// Runs a workload to its end.
pub(super) fn run<W: Workload>(task: &Task<'_>) -> Result<Report, Mismatch> {
    CrashRun::<W>::new(task, None)?.run(task)
}

/// The scenario called `name`.
pub fn scenario_by_name(name: &str) -> Option<&'static Scenario> {
    SCENARIOS.iter().find(|s| s.name == name)
}

/// The scenario that a seed chooses.
pub fn scenario_of_seed(seed: u64) -> &'static Scenario {
    let mut rng = Streams::new(seed).options();
    &SCENARIOS[rng.random_range(0..SCENARIOS.len())]
}

/// The mistake called `name`, as [`Mistake`]'s variants are called.
pub fn mistake_by_name(name: &str) -> Option<Mistake> {
    let mut all = Mistake::ALL.iter().copied();
    all.find(|m| format!("{m:?}").eq_ignore_ascii_case(name))
}

/// Runs one seed of one scenario. A panic of the engine is a violation like any other.
///
/// # Errors
/// The violation, with everything needed to see it again.
pub fn run_seed(
    scenario: &Scenario,
    seed: u64,
    request: &Request,
) -> Result<Report, Box<Violation>> {
    run_course(scenario, seed, request, &CourseCell::default())
}

/// Runs one seed of one scenario, taking its course down or following one.
///
/// # Errors
/// The violation, with everything needed to see it again.
pub fn run_course(
    scenario: &Scenario,
    seed: u64,
    request: &Request,
    course: &CourseCell,
) -> Result<Report, Box<Violation>> {
    let progress = Progress {
        phase: PhaseCell::of_run(course.clone(), request.watch.clone()),
        ..Progress::default()
    };
    let own_seed = own_seed(scenario, seed);
    let options = options_of(scenario, own_seed, request);
    let task = Task {
        scenario: scenario.name,
        seed: own_seed,
        options,
        request,
        progress,
    };
    judged(&task, replay(scenario, seed, request), seed, scenario.run)
}

/// Runs a task, of a seed that reports name so, and takes a panic for a violation like any other.
pub(super) fn judged(
    task: &Task<'_>,
    replay: String,
    seed: u64,
    run: impl FnOnce(&Task<'_>) -> Result<Report, Mismatch>,
) -> Result<Report, Box<Violation>> {
    let Task {
        request, progress, ..
    } = task;
    progress.phase.set(Phase::Creation);
    let mut options = task.options.describe();
    if let Some(mistake) = request.mistake {
        options.push(("planted mistake", format!("{mistake:?}")));
    }
    let _planted = plant(request.mistake);
    let mismatch = match catch_unwind(AssertUnwindSafe(|| run(task))) {
        Ok(Ok(report)) => return Ok(Report { seed, ..report }),
        Ok(Err(mismatch)) => mismatch,
        Err(payload) => Mismatch {
            doing: "a call of the engine".to_owned(),
            expected: "an answer or an error".to_owned(),
            found: format!("a panic: {}", panic_text(&*payload)),
        },
    };
    Err(Box::new(Violation {
        scenario: task.scenario,
        seed,
        options,
        step: progress.step.load(std::sync::atomic::Ordering::Relaxed),
        phase: progress.phase.get(),
        mismatch,
        replay,
    }))
}

/// What a seed decides before the run, but for what the caller decides.
fn options_of(scenario: &Scenario, own_seed: u64, request: &Request) -> SwarmOptions {
    let mut options = (scenario.options)(own_seed);
    if let Some(faults) = request.faults {
        options = options.only(faults.within(scenario.faults));
    }
    for (name, value) in &request.switches {
        // Whoever takes switches from outside has asked `set` whether they fit.
        let _ = options.set(name, value);
    }
    options
}

/// The options of one seed of a scenario, as `request` leaves them.
pub fn options_of_seed(scenario: &Scenario, seed: u64, request: &Request) -> SwarmOptions {
    options_of(scenario, own_seed(scenario, seed), request)
}

/// Runs one seed of every scenario.
///
/// # Errors
/// The first violation.
pub fn run_seed_everywhere(seed: u64, request: &Request) -> Result<SeedReport, Box<Violation>> {
    let runs = SCENARIOS.iter().map(|s| run_seed(s, seed, request));
    Ok(SeedReport {
        seed,
        runs: runs.collect::<Result<_, _>>()?,
    })
}

/// What a scenario draws from, so that the runs of one seed have nothing in common.
fn own_seed(scenario: &Scenario, seed: u64) -> u64 {
    let name = crc32fast::hash(scenario.name.as_bytes());
    seed ^ u64::from(name) << 32
}

/// What a panic said.
pub(crate) fn panic_text(payload: &(dyn std::any::Any + Send)) -> String {
    match payload.downcast_ref::<String>() {
        Some(text) => text.clone(),
        None => payload
            .downcast_ref::<&str>()
            .unwrap_or(&"without a message")
            .to_string(),
    }
}

fn replay(scenario: &Scenario, seed: u64, request: &Request) -> String {
    let named = command(Some(scenario), &Request::default());
    let asked = command(None, request);
    let asked = asked.strip_prefix(PROGRAM).unwrap_or_default();
    format!("{named} --seed {seed}{asked}")
}

/// What the program is called.
const PROGRAM: &str = "quanta-sim";

/// What is asked of runs, as a command without their seeds.
pub fn command(scenario: Option<&Scenario>, request: &Request) -> String {
    let mut command = PROGRAM.to_owned();
    if let Some(scenario) = scenario {
        command += &format!(" --scenario {}", scenario.name);
    }
    if let Some(steps) = request.steps {
        command += &format!(" --steps {steps}");
    }
    if let Some(mistake) = request.mistake {
        command += &format!(" --mistake {mistake:?}");
    }
    if let Some(faults) = request.faults {
        command += &format!(" --faults {faults}");
    }
    for (name, _) in &request.scripts {
        command += &format!(" --script {name}");
    }
    command
}
