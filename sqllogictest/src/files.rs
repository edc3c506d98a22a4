//! Many scripts, each over a database of its own, several at once.

use crate::database::QuantaDatabase;
use crate::engine::{EngineError, ScriptDatabase};
use crate::postgres::PostgresDatabase;
use crate::report::{Failure, Options, Progress, ScriptReport, Summary, Target};
use crate::run::run_script;
use quantadb::env::{Env, OsEnv};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// The scripts that `paths` name: files as they are, and of directories all `.test` and `.slt` files below, by name.
/// Errors: those of reading a directory, and of a path that does not exist.
pub fn find_files(paths: &[PathBuf]) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for path in paths {
        let of_path = |e: io::Error| io::Error::new(e.kind(), format!("{}: {e}", path.display()));
        if std::fs::metadata(path).map_err(of_path)?.is_dir() {
            find_below(path, &mut found).map_err(of_path)?;
        } else {
            found.push(path.clone());
        }
    }
    Ok(found)
}

fn find_below(directory: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    let mut entries = std::fs::read_dir(directory)?
        .map(|entry| entry.and_then(|e| Ok((e.path(), e.file_type()?))))
        .collect::<io::Result<Vec<_>>>()?;
    entries.sort_by(|a, b| a.0.cmp(&b.0));
    for (path, file_type) in entries {
        let is_script = path.extension().is_some_and(|e| e == "test" || e == "slt");
        if file_type.is_dir() {
            find_below(&path, found)?;
        } else if is_script {
            found.push(path);
        }
    }
    Ok(())
}

/// Runs one script over a fresh database. What keeps it from being run at all is a failure at line 0.
pub fn run_file(path: &Path, options: &Options, after_record: &dyn Fn()) -> ScriptReport {
    let name = path.display().to_string();
    match std::fs::read_to_string(path) {
        Ok(text) => run_text(&name, &text, options, after_record),
        Err(error) => unable(&name, error.to_string()),
    }
}

/// Runs the script `text`, called `name` in what is reported, as [`run_file`] does a file.
pub fn run_text(
    name: &str,
    text: &str,
    options: &Options,
    after_record: &dyn Fn(),
) -> ScriptReport {
    match open(options) {
        Ok(database) => run_script(&*database, name, text, options, after_record),
        Err(error) => unable(name, error.to_string()),
    }
}

/// The report of a script that was not run.
fn unable(name: &str, got: String) -> ScriptReport {
    ScriptReport {
        failures: vec![Failure {
            file: name.to_owned(),
            line: 0,
            sql: String::new(),
            expected: "a script and a database for it".to_owned(),
            got,
        }],
        ..ScriptReport::default()
    }
}

/// A fresh database for a script.
fn open(options: &Options) -> Result<Box<dyn ScriptDatabase>, EngineError> {
    let session = options.session.clone();
    Ok(match &options.target {
        Target::Memory => Box::new(QuantaDatabase::in_memory(session)?),
        Target::File => Box::new(QuantaDatabase::in_file(session)?),
        Target::Postgres(address) => Box::new(PostgresDatabase::create(address)?),
    })
}

/// Runs scripts, `options.jobs` at once, each over a fresh database. Without `options.keep_going` no new file is begun
/// after a failure.
pub fn run_files(
    files: &[PathBuf],
    options: &Options,
    progress: &(dyn Fn(Progress<'_>) + Sync),
) -> Summary {
    let start = OsEnv.monotonic_micros();
    let next = AtomicUsize::new(0);
    let stop = AtomicBool::new(false);
    let work = || {
        let mut reports = Vec::new();
        while !stop.load(Ordering::Relaxed) {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(path) = files.get(at) else { break };
            let report = run_file(path, options, &|| progress(Progress::Record));
            progress(Progress::File(path, &report));
            if !report.failures.is_empty() && !options.keep_going {
                stop.store(true, Ordering::Relaxed);
            }
            reports.push((at, report));
        }
        reports
    };
    let mut reports: Vec<(usize, ScriptReport)> = std::thread::scope(|scope| {
        let jobs = options.jobs.clamp(1, files.len().max(1));
        let threads: Vec<_> = (0..jobs).map(|_| scope.spawn(work)).collect();
        let joined = threads.into_iter().map(|thread| match thread.join() {
            Ok(reports) => reports,
            Err(payload) => std::panic::resume_unwind(payload),
        });
        joined.flatten().collect()
    });
    reports.sort_by_key(|(at, _)| *at);
    let mut summary = Summary::default();
    reports
        .into_iter()
        .for_each(|(_, report)| summary.add(report));
    summary.elapsed_micros = OsEnv.monotonic_micros().saturating_sub(start);
    summary
}
