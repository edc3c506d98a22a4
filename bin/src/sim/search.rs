//! `quanta-sim search`: decisions that reach what no others have, and how many of them chance would find.

use super::bench::core_time;
use clap::{Args, ValueEnum};
use quantadb_sim::scenario::mistake_by_name;
use quantadb_sim::search::{Search, Way};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// How runs are chosen.
#[derive(Clone, Copy, ValueEnum)]
enum Choice {
    /// By what the runs before have reached
    Guided,
    /// Decisions drawn anew each time
    Decisions,
    /// Seeds drawn anew each time
    Seeds,
}

/// What `search` can be told.
#[derive(Args)]
pub(crate) struct SearchArguments {
    /// For how many seconds of a core
    #[arg(long, value_name = "N", default_value_t = 60)]
    seconds: u64,
    /// What the search draws from
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// How runs are chosen
    #[arg(long, value_enum, default_value = "guided")]
    way: Choice,
    /// Plant this mistake in the engine, and tell after how many runs it is noticed
    #[arg(long, value_name = "NAME")]
    mistake: Option<String>,
    /// Begin with the decisions in these files
    #[arg(value_name = "FILE")]
    known: Vec<PathBuf>,
    /// Write the decisions that together reach the most into this folder, a file each
    #[arg(long, value_name = "FOLDER")]
    keep: Option<PathBuf>,
    /// How many of them at most
    #[arg(long, value_name = "N", default_value_t = 40)]
    files: usize,
}

/// Runs the command: failure when a run finds a violation and no mistake was planted.
pub(crate) fn search(arguments: &SearchArguments) -> ExitCode {
    match run(arguments) {
        Ok(code) => code,
        Err(message) => {
            eprintln!("quanta-sim: {message}");
            ExitCode::from(2)
        }
    }
}

// The files are this machine's.
#[allow(clippy::disallowed_methods)]
fn run(arguments: &SearchArguments) -> Result<ExitCode, String> {
    let failed = |path: &PathBuf, error: std::io::Error| format!("{}: {error}", path.display());
    let mistake = match &arguments.mistake {
        Some(name) => {
            Some(mistake_by_name(name).ok_or_else(|| format!("no mistake is called {name:?}"))?)
        }
        None => None,
    };
    let known = arguments.known.iter();
    let known = known.map(|path| std::fs::read(path).map_err(|e| failed(path, e)));
    let way = match arguments.way {
        Choice::Guided => Way::Guided,
        Choice::Decisions => Way::Decisions,
        Choice::Seeds => Way::Seeds,
    };
    let mut search = Search::new(
        way,
        mistake,
        arguments.seed,
        known.collect::<Result<_, _>>()?,
    );
    let begun = core_time();
    let limit = Duration::from_secs(arguments.seconds);
    while core_time() - begun < limit {
        if let Err(violation) = search.step() {
            let took = (core_time() - begun).as_secs_f64();
            println!(
                "noticed at run {} after {took:.1} s of a core",
                search.runs()
            );
            println!("{violation}");
            return Ok(match mistake {
                Some(_) => ExitCode::SUCCESS,
                None => ExitCode::FAILURE,
            });
        }
    }
    let (runs, reached) = (search.runs(), search.reached());
    println!(
        "{runs} runs in {} s of a core; {reached} counters reached, by their orders of magnitude",
        arguments.seconds
    );
    if let Some(folder) = &arguments.keep {
        for (number, kept) in search.cover(arguments.files).into_iter().enumerate() {
            let path = folder.join(format!("kept-{number:02}"));
            std::fs::write(&path, &kept.bytes).map_err(|e| failed(&path, e))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
