//! What is to be run how, and what came of it.

use crate::differences::Differences;
use crate::postgres::PostgresAddress;
use quantadb::api::SessionOptions;
use std::fmt;
use std::path::PathBuf;

/// What scripts are run over; each has a database of its own.
#[derive(Clone, Debug, Default)]
pub enum Target {
    /// QuantaDB, in memory.
    #[default]
    Memory,
    /// QuantaDB, in a file of a temporary directory.
    File,
    /// A PostgreSQL server, in a database that is dropped at the end.
    Postgres(PostgresAddress),
}

/// How scripts are run.
#[derive(Clone, Debug)]
pub struct Options {
    /// Files that run at the same time, each over a database of its own; at least one.
    pub jobs: usize,
    /// What they are run over.
    pub target: Target,
    /// Whether to go on after a record that failed: with the rest of its script, and with the other files.
    pub keep_going: bool,
    /// Records that may fail.
    pub differences: Differences,
    /// Of QuantaDB's sessions; a server has its own.
    pub session: SessionOptions,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            jobs: 1,
            target: Target::Memory,
            keep_going: true,
            differences: Differences::default(),
            session: SessionOptions::default(),
        }
    }
}

/// What [`run_files`](crate::run_files) tells while it works, from any of its threads.
#[derive(Debug)]
pub enum Progress<'a> {
    /// One more record was run or skipped.
    Record,
    /// A file is done.
    File(&'a PathBuf, &'a ScriptReport),
}

/// A record that did not do what its script says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The script.
    pub file: String,
    /// The line where the record begins, counted from 1; 0 when the file could not be read.
    pub line: u32,
    /// The statement; empty when the script could not be read or parsed.
    pub sql: String,
    /// What the script expects.
    pub expected: String,
    /// What came instead.
    pub got: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}:{}", self.file, self.line)?;
        for (name, text) in [
            ("sql", &self.sql),
            ("expected", &self.expected),
            ("got", &self.got),
        ] {
            if text.contains('\n') {
                writeln!(f, "  {name}:")?;
                text.lines()
                    .try_for_each(|line| writeln!(f, "    {line}"))?;
            } else {
                writeln!(f, "  {name}: {text}")?;
            }
        }
        Ok(())
    }
}

/// What came of one script.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScriptReport {
    /// Records that did what the script says.
    pub passed: u64,
    /// Records that are for other engines.
    pub skipped: u64,
    /// Records that failed as [`Options::differences`] says.
    pub differing: u64,
    /// Other records that failed.
    pub failures: Vec<Failure>,
}

/// What came of all files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Files that were run.
    pub files: u64,
    /// Files with a record that failed.
    pub files_failed: u64,
    /// Records that did what their script says.
    pub passed: u64,
    /// Records that are for other engines.
    pub skipped: u64,
    /// Records that failed as [`Options::differences`] says.
    pub differing: u64,
    /// The other records that failed, in the order of the files.
    pub failures: Vec<Failure>,
    /// How long it took.
    pub elapsed_micros: u64,
}

impl Summary {
    pub(crate) fn add(&mut self, report: ScriptReport) {
        self.files += 1;
        self.files_failed += u64::from(!report.failures.is_empty());
        self.passed += report.passed;
        self.skipped += report.skipped;
        self.differing += report.differing;
        self.failures.extend(report.failures);
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.elapsed_micros as f64 / 1e6;
        let run = self.passed + self.differing + self.failures.len() as u64;
        write!(
            f,
            "{} files ({} failed), {} records passed, {} failed, {} differ by rule, {} skipped, {seconds:.1} s, {:.0} records/s",
            self.files,
            self.files_failed,
            self.passed,
            self.failures.len(),
            self.differing,
            self.skipped,
            run as f64 / seconds.max(1e-6),
        )
    }
}
