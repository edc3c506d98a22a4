//! `quanta-mutants`: is there a character of the storage core that could be another, and the simulator would not notice?
//!
//! Mutation testing asks a test suite what it is worth: change the program in a small way, and see whether a test fails.
//! To build the engine once for each change would take days. So all changes are built into one program, and each mutated
//! place asks at run time whether it is the chosen one ("mutant schemata": Untch, Offutt and Harrold, "Mutation analysis
//! using mutant schemata", ISSTA 1993). The kinds of changes are those of `cargo-mutants`, and calls left out.
//!
//! ```text
//!   engine/src/wal/log.rs        if a < b { self.flush(end)?; }
//!                    │ find      places, and what could stand there
//!                    ▼ weave     if (match (&(a), &(b)) { (l, r) => one_of(*l < *r, &[(17, *l <= *r), …]) })
//!   target/mutants/workspace                                       { if !on(20) { self.flush(end)?; } }
//!                    │ build     again and again, without what the compiler complains about
//!                    ▼
//!   target/mutants/quanta-sim    QUANTA_MUTANT_REACHED=FILE: which mutants a seed reaches;  QUANTA_MUTANT=17: be that one
//!                    │ judge     each mutant with the seeds that reach it, until one notices it
//!                    ▼
//!   results.jsonl  ▸ report, but for what survivors.txt explains
//! ```
//!
//! Promise: a mutant counts as caught only if the simulator ended otherwise than it does without a mutant, with the same
//! seed. What survives is listed until somebody explains it. A comparison whose outcome is the same counts as not reached.
//! Results are kept in `target/mutants`; whoever removes that folder begins anew.
// A developer's tool, which nothing simulates.
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

mod catalog;
mod find;
mod judge;
mod place;
mod report;
mod run;
mod survivors;
mod values;
mod weave;
mod workshop;

use clap::{Args, Parser, Subcommand};
use judge::{Judge, build_of};
use report::Report;
use run::Stage;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use survivors::Survivors;
use workshop::{Failure, Workshop};

/// Mutation testing of the storage core, with the simulator as the judge.
///
/// Exit status: 0 nothing unexplained survived, 1 something did, 2 it could not be done.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build one simulator with all mutants
    Make {
        /// Folders of engine/src
        #[arg(default_values = ["wal", "buffer", "btree", "txn", "recovery", "page"])]
        folders: Vec<String>,
    },
    /// Try each mutant that was not caught yet, then report
    Judge(JudgeArguments),
    /// Tell what is known
    Report {
        /// List also what no run has reached
        #[arg(long)]
        unreached: bool,
    },
}

#[derive(Args)]
struct JudgeArguments {
    /// Seeds 0 to N may be tried
    #[arg(long, value_name = "N", default_value_t = 400)]
    seeds: u64,
    /// In this scenario, instead of the one that each seed chooses
    #[arg(long, value_name = "NAME")]
    scenario: Option<String>,
    /// In this property of `quanta-sim property`, instead of a scenario
    #[arg(long, value_name = "NAME", conflicts_with = "scenario")]
    property: Option<String>,
    /// How many of them one process runs
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    at_once: u64,
    /// How many of the processes that reach a mutant are tried
    #[arg(long, value_name = "N", default_value_t = 20)]
    tries: usize,
    /// Let survivors also meet all crashes of the short workloads
    #[arg(long)]
    exhaustive: bool,
    /// Try also what survivors.txt explains
    #[arg(long)]
    explained: bool,
    /// Seconds of a core that a process may take, and a tenth of what all crashes of the workloads may
    #[arg(long, value_name = "N", default_value_t = 10)]
    seconds: u64,
    /// Runs at a time
    #[arg(long, value_name = "N", default_value_t = 2)]
    jobs: usize,
    /// Only mutants of which this is a part of file, function and change
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
}

impl JudgeArguments {
    fn stage(&self) -> Stage {
        match (self.scenario.clone(), self.property.clone()) {
            (_, Some(name)) => Stage::Property(name),
            (Some(name), None) => Stage::Scenario(name),
            (None, None) => Stage::Any,
        }
    }
}

fn main() -> ExitCode {
    match command(Arguments::parse().command) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(e) => {
            eprintln!("quanta-mutants: {e}");
            ExitCode::from(2)
        }
    }
}

fn command(command: Command) -> Result<bool, Failure> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()?;
    let folder = root.join("target/mutants");
    fs::create_dir_all(&folder)?;
    match command {
        Command::Make { folders } => make(&root, &folder, &folders).map(|()| true),
        Command::Judge(arguments) => judge(&root, &folder, &arguments),
        Command::Report { unreached } => report(&root, &folder, unreached),
    }
}

fn program(folder: &Path) -> PathBuf {
    folder.join("quanta-sim")
}

fn make(root: &Path, folder: &Path, folders: &[String]) -> Result<(), Failure> {
    let list = folder.join("mutants.jsonl");
    // What did not compile before need not be tried again.
    let before = catalog::read(&list).unwrap_or_default().into_iter();
    let before: BTreeSet<String> = before.filter(|e| !e.compiles).map(|e| e.key()).collect();
    let sources = workshop::sources(root, folders)?;
    let all = catalog::entries(&sources, &BTreeSet::new());
    let left_out = all.iter().filter(|entry| before.contains(&entry.key()));
    let left_out = left_out.map(|entry| entry.number).collect();
    let workshop = Workshop::new(root, folder.join("workspace"), sources, left_out);
    let (sources, left_out) = workshop.build(&program(folder))?;
    let entries = catalog::entries(&sources, &left_out);
    catalog::write(&list, &entries)?;
    let count = entries.len();
    println!("{count} mutants, {} of them do not compile", left_out.len());
    Ok(())
}

fn judge(root: &Path, folder: &Path, arguments: &JudgeArguments) -> Result<bool, Failure> {
    let entries = catalog::read(&folder.join("mutants.jsonl"))?;
    let judge = Judge {
        program: program(folder),
        folder: folder.to_owned(),
        seeds: arguments.seeds,
        stage: arguments.stage(),
        at_once: arguments.at_once,
        tries: arguments.tries,
        exhaustive: arguments.exhaustive,
        seconds: arguments.seconds,
        jobs: arguments.jobs.max(1),
    };
    judge.record()?;
    let survivors = survivors(root)?;
    let asked = |entry: &&catalog::Entry| {
        let named = arguments
            .only
            .as_ref()
            .is_none_or(|text| entry.key().contains(text));
        named && (arguments.explained || survivors.sort_of(entry).is_none())
    };
    let mutants: Vec<_> = entries
        .iter()
        .filter(|e| e.compiles)
        .filter(asked)
        .collect();
    judge.judge(&mutants)?;
    report(root, folder, false)
}

fn survivors(root: &Path) -> Result<Survivors, Failure> {
    let text = fs::read_to_string(root.join("sim/mutants/survivors.txt"))?;
    Ok(Survivors::parse(&text)?)
}

fn report(root: &Path, folder: &Path, unreached: bool) -> Result<bool, Failure> {
    let mutants = catalog::read(&folder.join("mutants.jsonl"))?;
    let build = build_of(&program(folder))?;
    let reached = judge::reached(folder, &build)?.into_iter();
    let report = Report {
        mutants: &mutants,
        reached: &reached.flat_map(|(_, numbers)| numbers).collect(),
        results: &judge::results(folder)?,
        survivors: &survivors(root)?,
    };
    Ok(report.print(unreached))
}
