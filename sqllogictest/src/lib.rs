//! Runs sqllogictest scripts over QuantaDB, and over PostgreSQL to see that they are right.
//!
//! ```text
//!   run_files ──▶ run_file ──▶ run_script ──▶ sessions ──▶ engine: QuantaDB (database), a server (postgres)
//!   (files, jobs) (a fresh     (steps of        │ answers
//!                 database)     `script`)       ▼
//!                                             judge (sqllogictest::Runner: sorting, hashing, comparing)
//! ```
//!
//! The parser and the comparing are the `sqllogictest` crate's. What is added here is what the corpus of SQLite means by
//! its scripts and the crate does not know: a value is formatted by the type that the *record* asks for, results may be
//! written a value a line or a row a line, `halt` obeys `onlyif`, and conditions may carry a comment.
//!
//! # Several sessions
//! `connection NAME` in front of a record runs it in the session of that name, which is made at its first use; without
//! it, a record runs in the session `default`. A record that must wait for another session is marked `waits`, and says
//! what it gives when it has waited. Behind the record that lets it go stands `resumes NAME`:
//!
//! ```text
//!   connection two
//!   waits
//!   statement error (40001)
//!   UPDATE account SET sum = sum - 1 WHERE id = 1
//!
//!   statement ok
//!   COMMIT
//!
//!   resumes two
//! ```
//!
//! A record fails that waits without the mark, that does not wait with it, that goes on where the script does not say
//! so, or that does not go on where it does.
//!
//! # Differences
//! What an engine is known to answer otherwise than a script says is listed by rule, see [`Differences`]; for SQLite's corpus
//! `sqlite.differences` is the list.
//!
//! # Labels
//! `onlyif` and `skipif` know QuantaDB as `quantadb` and, since its SQL is the same, as `postgresql`; a server only as
//! `postgresql`. What is QuantaDB's alone is `onlyif quantadb`, what it must not do is `skipif quantadb`.

mod column;
mod database;
mod differences;
mod engine;
mod files;
mod judge;
mod postgres;
mod property;
mod report;
mod run;
mod script;
mod seat;
mod sessions;
mod table;

pub use differences::Differences;
pub use files::{find_files, run_file, run_files, run_text};
pub use postgres::PostgresAddress;
pub use property::check_script;
pub use report::{Failure, Options, Progress, ScriptReport, Summary, Target};
