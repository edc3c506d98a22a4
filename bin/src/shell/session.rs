//! One session of the shell: a connection and its settings.

use super::print;
use quantadb::Error;
use quantadb::api::{Connection, Database, SnapshotHolder};
use quantadb::env::{Env, OsEnv};
use std::io::Write;

/// The shell over one connection.
pub(crate) struct Shell {
    database: Database,
    pub(crate) connection: Connection,
    /// Whether to say how long each statement took.
    pub(crate) timing: bool,
    /// How many scripts include each other at the moment.
    pub(crate) depth: usize,
}

impl Shell {
    /// A shell over a new connection to `database`. Errors: those of connecting.
    pub(crate) fn new(database: Database) -> Result<Self, Error> {
        Ok(Self {
            connection: database.connect()?,
            database,
            timing: false,
            depth: 0,
        })
    }

    /// The table of `\snapshots`.
    pub(crate) fn snapshots(&self) -> String {
        let names = [
            "Session",
            "Commits since",
            "Versions kept",
            "Log bytes kept",
        ];
        let row = |holder: SnapshotHolder| {
            let numbers = [
                holder.session,
                holder.commits,
                holder.versions,
                holder.log_bytes,
            ];
            numbers.map(|number| number.to_string()).to_vec()
        };
        let rows = self.database.snapshot_holders().into_iter().map(row);
        let names = names.map(str::to_owned);
        print::table(&names, &[true; 4], rows.collect()) + "\n"
    }

    /// Runs SQL and prints its results, or its error, after `place`. Returns whether it succeeded.
    pub(crate) fn run_sql(&mut self, sql: &str, place: &str) -> bool {
        let start = OsEnv.monotonic_micros();
        let result = self.connection.run(sql);
        let micros = OsEnv.monotonic_micros().saturating_sub(start);
        let succeeded = result.is_ok();
        match result {
            Ok(results) => results.into_iter().for_each(|result| {
                out(&print::result(result));
            }),
            Err(error) => complain(&print::error(&error, sql, place)),
        }
        if self.timing {
            out(&print::timing(micros));
        }
        succeeded
    }

    /// Runs the text of `-c`: a backslash command, or SQL. Returns whether it succeeded.
    pub(crate) fn run_command(&mut self, text: &str) -> bool {
        match text.trim_start().strip_prefix('\\') {
            Some(command) => self.backslash(command, "").is_ok(),
            None => self.run_statement(text, "", &mut || std::io::stdin().lines().next()),
        }
    }
}

/// Prints to standard output. When nobody reads it any more the program ends, quietly as programs do.
pub(crate) fn out(text: &str) {
    let mut stdout = std::io::stdout().lock();
    if stdout.write_all(text.as_bytes()).is_err() || stdout.flush().is_err() {
        std::process::exit(1);
    }
}

/// Prints to standard error.
pub(crate) fn complain(text: &str) {
    // There is nobody to tell that standard error is closed.
    let _ = std::io::stderr().write_all(text.as_bytes());
}
