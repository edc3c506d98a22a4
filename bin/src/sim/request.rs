//! What is asked of runs: the arguments that running, sweeping and shrinking share.

use clap::Args;
use quantadb::planted::AVAILABLE;
use quantadb_sim::disk::FaultSet;
use quantadb_sim::scenario::{Request, SCENARIOS, Scenario, mistake_by_name, scenario_by_name};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What can be asked of a run.
#[derive(Args)]
pub(crate) struct RequestArguments {
    /// Steps of each run, if not the scenario's own number
    #[arg(long, value_name = "N")]
    steps: Option<u64>,
    /// The scenario; without it each seed of a sweep chooses
    #[arg(long, value_name = "NAME", value_parser = parse_scenario)]
    scenario: Option<&'static str>,
    /// An sqllogictest script for the scenario "slt"; may be given several times
    #[arg(long, value_name = "FILE")]
    script: Vec<PathBuf>,
    /// Plant a mistake in the engine, to see it caught
    #[arg(long, value_name = "NAME")]
    mistake: Option<String>,
    /// Let these faults of the disk strike and no others: torn, lost, reordered, garbage, eio, enospc, short, interrupted,
    /// failed-sync, slow, and in the scenario "damage" rot, misdirected, lost-writes, stale; or all, or none
    #[arg(long, value_name = "NAMES", value_parser = FaultSet::parse)]
    faults: Option<FaultSet>,
}

/// The scenario that runs scripts.
const SCRIPTS: &str = "slt";

pub(super) fn parse_scenario(name: &str) -> Result<&'static str, String> {
    let names: Vec<&str> = SCENARIOS.iter().map(|s| s.name).collect();
    scenario_by_name(name)
        .map(|s| s.name)
        .ok_or_else(|| format!("there are: {}", names.join(", ")))
}

/// Tells of wrong usage.
pub(crate) fn usage(message: &str) -> ExitCode {
    eprintln!("quanta-sim: {message}");
    ExitCode::from(2)
}

/// The text of a file that somebody named.
// The program's own files, not the engine's.
#[allow(clippy::disallowed_methods)]
pub(crate) fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path)
        .map_err(|error| format!("cannot read {}: {error}", path.display()))
}

/// Writes a file that somebody named.
// The program's own files, not the engine's.
#[allow(clippy::disallowed_methods)]
pub(crate) fn write(path: &Path, text: &str) -> Result<(), String> {
    std::fs::write(path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))
}

impl RequestArguments {
    /// The scenario, if one is named or follows from the rest.
    pub(crate) fn scenario(&self) -> Option<&'static Scenario> {
        let of_scripts = (!self.script.is_empty()).then_some(SCRIPTS);
        self.scenario.or(of_scripts).and_then(scenario_by_name)
    }

    /// What is asked; or why that cannot be.
    pub(crate) fn request(&self) -> Result<Request, String> {
        let mistake = match &self.mistake {
            None => None,
            Some(_) if !AVAILABLE => {
                return Err(
                    "this build has no planted mistakes; build it with --features planted-bugs"
                        .to_owned(),
                );
            }
            Some(name) => Some(mistake_by_name(name).ok_or_else(|| {
                format!("no mistake is called {name:?}; --list-scenarios lists them")
            })?),
        };
        if let Some(other) = self.scenario.filter(|&name| name != SCRIPTS)
            && !self.script.is_empty()
        {
            return Err(format!("--script is for scenario {SCRIPTS}, not {other}"));
        }
        if let Some(scenario) = self.scenario.and_then(scenario_by_name)
            && let Some(faults) = self.faults
            && faults != FaultSet::all()
            && !faults.without(scenario.faults).is_empty()
        {
            let (name, these) = (scenario.name, faults.without(scenario.faults));
            return Err(format!("scenario {name} has no judgement for {these}"));
        }
        let script = |path: &PathBuf| Ok((path.display().to_string(), read(path)?));
        Ok(Request {
            steps: self.steps,
            mistake,
            faults: self.faults,
            switches: Vec::new(),
            scripts: self
                .script
                .iter()
                .map(script)
                .collect::<Result<_, String>>()?,
            watch: None,
        })
    }
}
