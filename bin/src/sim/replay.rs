//! `quanta-sim replay`: a case, run again.

use super::request::{read, usage, write};
use clap::Args;
use quantadb::planted::AVAILABLE;
use quantadb_sim::shrink::Case;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What `replay` can be told.
#[derive(Args)]
pub(crate) struct ReplayArguments {
    /// What `shrink` has written
    file: PathBuf,
    /// Show all that happens: statements, calls of the disk, what crashes take, and the write that lost what is missing
    #[arg(long)]
    trace: bool,
    /// Write all that happens as a page for a browser
    #[arg(long, value_name = "FILE")]
    timeline: Option<PathBuf>,
    /// Report as JSON; with --trace, a line for each thing that happens
    #[arg(long)]
    json: bool,
}

/// Runs the command: failure when the case finds something, as when it was made.
pub(crate) fn replay(arguments: &ReplayArguments) -> ExitCode {
    let text = match read(&arguments.file) {
        Ok(text) => text,
        Err(message) => return usage(&message),
    };
    let case = match Case::parse(&text, &|path| read(Path::new(path))) {
        Ok(case) => case,
        Err(what) => return usage(&format!("{}: {what}", arguments.file.display())),
    };
    if let Some(mistake) = case.request.mistake.filter(|_| !AVAILABLE) {
        return usage(&format!(
            "the case plants {mistake:?}; build with --features planted-bugs to plant mistakes"
        ));
    }
    let (replayed, trace) = case.watch();
    if let Some(path) = &arguments.timeline
        && let Err(message) = write(path, &trace.to_html())
    {
        return usage(&message);
    }
    if let Some(drifted) = &replayed.drifted {
        eprintln!("quanta-sim: the workload has changed: {drifted}");
    }
    let (value, text) = match &replayed.outcome {
        Ok(report) => (report.to_json(), report.to_string()),
        Err(violation) => (violation.to_json(), violation.to_string()),
    };
    match (arguments.trace, arguments.json) {
        (true, true) => print!("{}", trace.to_json_lines()),
        (true, false) => println!("{trace}"),
        (false, true) => println!("{value:#}"),
        (false, false) => println!("{text}"),
    }
    match (&replayed.outcome, replayed.is_same_reason) {
        (Ok(_), _) => return ExitCode::SUCCESS,
        (Err(_), true) => {}
        (Err(_), false) => eprintln!(
            "quanta-sim: the case was made for another reason: {}",
            case.reason
        ),
    }
    ExitCode::FAILURE
}
