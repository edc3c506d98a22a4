//! The same SQL over two databases: one on the simulated disk (the *subject*), one over the model.
//!
//! ```text
//!                 ┌─▶ Database ─▶ DiskStorageBackend ─▶ SimDisk      crashes, fails
//!   a statement ──┤
//!                 └─▶ Database ─▶ ModelBackend                       does not
//! ```
//!
//! After each statement both must have given the same: rows (in any order, unless the statement orders them), command
//! tag, or SQLSTATE. Sessions are interleaved by one thread and never wait.
//!
//! A statement that a crash interrupted while it could commit has an unknown fate. After recovery the model is copied,
//! the statement is run on the model, and the subject must equal the model with it or the copy without it; which of
//! them it is stays decided.

mod answer;
mod arrays;
mod changes;
mod copies;
mod definitions;
mod generator;
mod pair;
mod predicates;
mod queries;
mod typed;
mod zones;

pub use answer::Answer;
pub use generator::Generator;
pub use pair::{Fate, Known as PairKnown, PairCounts, Ran, SqlPair, session_options};
pub use predicates::{predicate, rows_of};
