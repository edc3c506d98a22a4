//! `quanta-slt`: runs sqllogictest scripts over QuantaDB, or over a PostgreSQL server.

mod allocator;

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use quantadb_sqllogictest::{
    Differences, Options, PostgresAddress, Progress, Target, find_files, run_files,
};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};

/// Run sqllogictest scripts over QuantaDB, each over a fresh database. Its labels are `quantadb` and `postgresql`.
///
/// Exit status: 0 all records passed, 1 a record failed, 2 wrong usage.
#[derive(Parser)]
#[command(name = "quanta-slt", version)]
struct Arguments {
    /// Scripts, and directories whose .test and .slt files are run
    #[arg(required = true, value_name = "FILE|DIR")]
    paths: Vec<PathBuf>,
    /// Files to run at the same time
    #[arg(long, value_name = "N", default_value_t = 1)]
    jobs: usize,
    /// Give each script a database in a file of a temporary directory, not in memory
    #[arg(long, conflicts_with = "postgres")]
    file_database: bool,
    /// Run the scripts over this PostgreSQL server, each in a database that is dropped at the end: "host=/run/postgresql
    /// user=me dbname=test", or postgresql://me@localhost/test; its label is `postgresql`
    #[arg(long, value_name = "URL")]
    postgres: Option<PostgresAddress>,
    /// Go on after a record that failed
    #[arg(long)]
    keep_going: bool,
    /// Rules of the records that may fail, as in sqllogictest/sqlite.differences
    #[arg(long, value_name = "FILE")]
    differences: Option<PathBuf>,
}

/// Errors: those of the file, and of what it says.
fn read_differences(path: &Path) -> Result<Differences, String> {
    let text = std::fs::read_to_string(path).map_err(|e| e.to_string());
    text.and_then(|text| Differences::parse(&text))
        .map_err(|error| format!("{}: {error}", path.display()))
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let files = match find_files(&arguments.paths) {
        Ok(files) if files.is_empty() => {
            eprintln!("quanta-slt: there are no .test or .slt files");
            return ExitCode::from(2);
        }
        Ok(files) => files,
        Err(error) => {
            eprintln!("quanta-slt: {error}");
            return ExitCode::from(2);
        }
    };
    let differences = match arguments.differences.as_deref().map(read_differences) {
        None => Differences::default(),
        Some(Ok(differences)) => differences,
        Some(Err(error)) => {
            eprintln!("quanta-slt: {error}");
            return ExitCode::from(2);
        }
    };
    let options = Options {
        jobs: arguments.jobs,
        target: match arguments.postgres {
            Some(address) => Target::Postgres(address),
            None if arguments.file_database => Target::File,
            None => Target::Memory,
        },
        keep_going: arguments.keep_going,
        differences,
        ..Options::default()
    };
    // A panic of the engine is reported as a failure of its record.
    std::panic::set_hook(Box::new(|_| {}));
    let bar = ProgressBar::new(files.len() as u64);
    let style = "{bar:30} {pos}/{len} files, {msg} records, {elapsed}";
    if let Ok(style) = ProgressStyle::with_template(style) {
        bar.set_style(style);
    }
    let records = AtomicU64::new(0);
    let summary = run_files(&files, &options, &|progress| match progress {
        Progress::Record => {
            let count = records.fetch_add(1, Ordering::Relaxed) + 1;
            if count.is_multiple_of(256) {
                bar.set_message(count.to_string());
                bar.tick();
            }
        }
        Progress::File(_, report) => {
            bar.suspend(|| report.failures.iter().for_each(|f| println!("{f}")));
            bar.inc(1);
        }
    });
    bar.finish_and_clear();
    println!("{summary}");
    match summary.failures.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}
