//! Runs sqllogictest scripts over QuantaDB.
//!
//! ```text
//!   run_files ──▶ run_file ──▶ run_script ──▶ sqllogictest::Runner ──▶ database ──▶ quantadb::api
//!   (files, jobs) (a fresh     (records one     (conditions, sorting,    (values as the record
//!                 database)     by one)          hashing, comparing)      wants to see them)
//! ```
//!
//! The parser and the comparing are the `sqllogictest` crate's. What is added here is what the corpus of SQLite means by
//! its scripts and the crate does not know: a value is formatted by the type that the *record* asks for, results may be
//! written a value a line or a row a line, `halt` obeys `onlyif`, and conditions may carry a comment.

mod column;
mod database;
mod files;
mod report;
mod run;
mod script;

pub use files::{find_files, run_file, run_files};
pub use report::{Failure, Options, Progress, ScriptReport, Summary};
pub use run::run_script;

/// The name by which scripts know the engine in `onlyif` and `skipif`: its SQL is PostgreSQL's.
pub const ENGINE_LABEL: &str = "postgresql";
