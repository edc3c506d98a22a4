//! `quanta-sim shrink`: the least part of a failing run that fails for the same reason.

use super::request::{RequestArguments, usage, write};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use quantadb_sim::course::Kind;
use quantadb_sim::scenario::scenario_of_seed;
use quantadb_sim::shrink::{Limits, NotShrunk, Shrunk, shrink as search};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// What `shrink` can be told.
#[derive(Args)]
pub(crate) struct ShrinkArguments {
    /// The seed that fails
    #[arg(long, value_name = "N")]
    seed: u64,
    #[command(flatten)]
    asked: RequestArguments,
    /// Where the case is written; without it, on standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Runs at most
    #[arg(long, value_name = "N", default_value_t = 5_000)]
    attempts: u64,
    /// Seconds at most
    #[arg(long, value_name = "N", default_value_t = 120)]
    seconds: u64,
}

/// Runs the command: success when there is a case.
// The clock bounds the search; within the bound nothing depends on it.
#[allow(clippy::disallowed_methods)]
pub(crate) fn shrink(arguments: &ShrinkArguments) -> ExitCode {
    let request = match arguments.asked.request() {
        Ok(request) => request,
        Err(message) => return usage(&message),
    };
    let chosen = || scenario_of_seed(arguments.seed);
    let scenario = arguments.asked.scenario().unwrap_or_else(chosen);
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {pos} runs, {elapsed}") {
        bar.set_style(style);
    }
    let begun = Instant::now();
    let is_enough = || {
        bar.inc(1);
        begun.elapsed() > Duration::from_secs(arguments.seconds)
    };
    let limits = Limits {
        attempts_max: arguments.attempts,
        is_enough: &is_enough,
    };
    let found = search(scenario, arguments.seed, &request, &limits);
    bar.finish_and_clear();
    match found {
        Ok(shrunk) => tell(&shrunk, arguments.out.as_ref()),
        Err(why @ NotShrunk::Clean) => usage(&why.to_string()),
        Err(why) => {
            eprintln!("quanta-sim: {why}");
            ExitCode::FAILURE
        }
    }
}

fn tell(shrunk: &Shrunk, out: Option<&PathBuf>) -> ExitCode {
    let Some(path) = out else {
        print!("{}", shrunk.case);
        return ExitCode::SUCCESS;
    };
    if let Err(message) = write(path, &shrunk.case.to_string()) {
        return usage(&message);
    }
    let steps = |course: &quantadb_sim::course::Course| course.count(Kind::Steps);
    println!(
        "{} of {} steps are left after {} runs{}",
        steps(&shrunk.case.course),
        steps(&shrunk.before),
        shrunk.attempts,
        match shrunk.is_minimal {
            true => ", and none can be left out",
            false => "; the search was cut short",
        }
    );
    println!("{}", shrunk.violation.mismatch);
    println!("replay with: quanta-sim replay {}", path.display());
    ExitCode::SUCCESS
}
