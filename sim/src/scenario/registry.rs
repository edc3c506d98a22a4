//! The list of scenarios, and how one seed is run.

use super::every_call::EveryCall;
use super::script::Scripts;
use super::sessions::Sessions;
use super::sql::{Sql, SqlErrors};
use super::storage::{IoErrors, Storage};
use super::swarm::SwarmOptions;
use crate::lockstep::Mismatch;
use crate::phase::{Phase, PhaseCell};
use crate::report::{Report, SeedReport, Violation};
use crate::streams::Streams;
use quantadb::storage::Mistake;
use rand::Rng;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What a caller asks of a run.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// How many steps, if the scenario's own number does not suit.
    pub steps: Option<u64>,
    /// A mistake to plant in the engine.
    pub mistake: Option<Mistake>,
    /// Scripts to run, by name and text, for scenarios that run scripts.
    pub scripts: Vec<(String, String)>,
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
pub trait Scenario: Sync {
    /// What it is called.
    fn name(&self) -> &'static str;
    /// What it does, in one line.
    fn about(&self) -> &'static str;
    /// Which options a seed decides.
    fn options(&self, seed: u64) -> SwarmOptions;
    /// Runs one seed.
    ///
    /// # Errors
    /// What is wrong with the engine.
    fn run(
        &self,
        seed: u64,
        options: SwarmOptions,
        request: &Request,
        progress: Progress,
    ) -> Result<Report, Mismatch>;
}

/// All scenarios.
pub const SCENARIOS: &[&dyn Scenario] = &[
    &Storage, &IoErrors, &Sql, &SqlErrors, &Scripts, &Sessions, &EveryCall,
];

/// All mistakes that can be planted.
pub const MISTAKES: [Mistake; Mistake::ALL.len()] = Mistake::ALL;

/// The scenario called `name`.
pub fn scenario_by_name(name: &str) -> Option<&'static dyn Scenario> {
    SCENARIOS.iter().copied().find(|s| s.name() == name)
}

/// The scenario that a seed chooses.
pub fn scenario_of_seed(seed: u64) -> &'static dyn Scenario {
    let mut rng = Streams::new(seed).options();
    SCENARIOS[rng.random_range(0..SCENARIOS.len())]
}

/// The mistake called `name`, as [`Mistake`]'s variants are called.
pub fn mistake_by_name(name: &str) -> Option<Mistake> {
    Mistake::ALL
        .into_iter()
        .find(|m| format!("{m:?}").eq_ignore_ascii_case(name))
}

/// Runs one seed of one scenario. A panic of the engine is a violation like any other.
///
/// # Errors
/// The violation, with everything needed to see it again.
pub fn run_seed(
    scenario: &dyn Scenario,
    seed: u64,
    request: &Request,
) -> Result<Report, Box<Violation>> {
    let progress = Progress::default();
    progress.phase.set(Phase::Creation);
    let own_seed = own_seed(scenario, seed);
    let mut options = scenario.options(own_seed);
    options.engine.mistake = request.mistake;
    let described = options.describe();
    let run = AssertUnwindSafe(|| scenario.run(own_seed, options, request, progress.clone()));
    let mismatch = match catch_unwind(run) {
        Ok(Ok(report)) => return Ok(Report { seed, ..report }),
        Ok(Err(mismatch)) => mismatch,
        Err(payload) => Mismatch {
            doing: "a call of the engine".to_owned(),
            expected: "an answer or an error".to_owned(),
            found: format!("a panic: {}", panic_text(&*payload)),
        },
    };
    Err(Box::new(Violation {
        scenario: scenario.name(),
        seed,
        options: described,
        step: progress.step.load(std::sync::atomic::Ordering::Relaxed),
        phase: progress.phase.get(),
        mismatch,
        replay: replay(scenario, seed, request),
    }))
}

/// Runs one seed of every scenario.
///
/// # Errors
/// The first violation.
pub fn run_seed_everywhere(seed: u64, request: &Request) -> Result<SeedReport, Box<Violation>> {
    let runs = SCENARIOS.iter().map(|s| run_seed(*s, seed, request));
    Ok(SeedReport {
        seed,
        runs: runs.collect::<Result<_, _>>()?,
    })
}

/// What a scenario draws from, so that the runs of one seed have nothing in common.
fn own_seed(scenario: &dyn Scenario, seed: u64) -> u64 {
    let name = crc32fast::hash(scenario.name().as_bytes());
    seed ^ u64::from(name) << 32
}

fn panic_text(payload: &(dyn std::any::Any + Send)) -> String {
    match payload.downcast_ref::<String>() {
        Some(text) => text.clone(),
        None => payload
            .downcast_ref::<&str>()
            .unwrap_or(&"without a message")
            .to_string(),
    }
}

fn replay(scenario: &dyn Scenario, seed: u64, request: &Request) -> String {
    let mut command = format!("quanta-sim --scenario {} --seed {seed}", scenario.name());
    if let Some(steps) = request.steps {
        command += &format!(" --steps {steps}");
    }
    if let Some(mistake) = request.mistake {
        command += &format!(" --mistake {mistake:?}");
    }
    for (name, _) in &request.scripts {
        command += &format!(" --script {name}");
    }
    command
}
