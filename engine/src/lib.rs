//! QuantaDB: an embedded SQL database engine that nobody has to take on trust.
//!
//! A floor imports only from floors below it. What stands today, from the ground up:
//!
//! | floor | module | promise |
//! |---|---|---|
//! | 6 | [`sql`] | the bound tree: what a binder hands to a planner |
//! | 5 | [`catalog`] | what the database knows of its tables |
//! | 4 | [`storage`] | the one door between SQL and disk |
//! | 1 | [`page`] | slotted pages with checksums, and the operations that redo repeats |
//! | 0 | [`vfs`], [`env`](mod@env), [`sync`], [`error`], [`types`] | everything the outside world gives the engine |
//!
//! Floors 4 to 6 are interfaces so far: nothing implements them yet. `ARCHITECTURE.md` has the whole plan.

pub mod catalog;
pub mod env;
pub mod error;
pub mod page;
pub mod sql;
pub mod storage;
pub mod sync;
pub mod types;
pub mod vfs;

pub use error::{Error, ErrorKind, Result};
