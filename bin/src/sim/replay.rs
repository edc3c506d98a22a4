//! `quanta-sim replay`: a case, run again.

use super::request::{read, usage};
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
    /// Report as JSON
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
    let replayed = case.replay();
    if let Some(drifted) = &replayed.drifted {
        eprintln!("quanta-sim: the workload has changed: {drifted}");
    }
    let (value, text) = match &replayed.outcome {
        Ok(report) => (report.to_json(), report.to_string()),
        Err(violation) => (violation.to_json(), violation.to_string()),
    };
    match arguments.json {
        true => println!("{value:#}"),
        false => println!("{text}"),
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
