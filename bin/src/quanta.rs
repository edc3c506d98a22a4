//! `quanta`: the interactive shell, psql's little sister.

mod allocator;
mod salvage;
mod shell;

use clap::Parser;
use quantadb::api::Database;
use shell::Shell;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

/// The interactive shell of QuantaDB. SQL is PostgreSQL's; \? lists the commands.
///
/// `quanta --salvage DAMAGED NEW` makes a new database of what can still be read of one that is damaged, whose files stay as
/// they are; exit status 1 says that something is missing.
///
/// Without a terminal on standard input it runs what it reads there, and goes on after an error, as psql does. Exit
/// status: 0 success, 1 a command of -c failed or standard input could not be read, 2 wrong usage or the database could
/// not be opened.
#[derive(Parser)]
#[command(name = "quanta", version)]
struct Arguments {
    /// The database, created if missing; without it a database in memory
    file: Option<PathBuf>,
    /// Run SQL, as one transaction unless it has transaction control of its own, or one \command; then exit
    #[arg(short, value_name = "SQL")]
    command: Vec<String>,
    /// Make the database NEW of what can still be read of the database DAMAGED
    #[arg(
        long,
        num_args = 2,
        value_names = ["DAMAGED", "NEW"],
        conflicts_with_all = ["file", "command"]
    )]
    salvage: Option<Vec<PathBuf>>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some([damaged, new]) = arguments.salvage.as_deref() {
        return salvage::run(damaged, new);
    }
    let opened = match &arguments.file {
        Some(path) => Database::open(path),
        None => Database::open_in_memory(),
    };
    let shell = opened.and_then(|database| Ok((Shell::new(database.clone())?, database)));
    let (mut shell, database) = match shell {
        Ok(shell) => shell,
        Err(error) => {
            eprintln!("quanta: error: {}: {error}", error.sqlstate());
            return ExitCode::from(2);
        }
    };
    let succeeded = if !arguments.command.is_empty() {
        arguments.command.iter().all(|sql| shell.run_command(sql))
    } else if std::io::stdin().is_terminal() {
        shell.interact()
    } else {
        shell.run_standard_input()
    };
    drop(shell);
    if let Err(error) = database.close() {
        eprintln!("quanta: error: {}: {error}", error.sqlstate());
        return ExitCode::FAILURE;
    }
    match succeeded {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}
