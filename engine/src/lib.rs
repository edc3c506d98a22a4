//! QuantaDB: an embedded SQL database engine that nobody has to take on trust.
//!
//! A floor imports only from floors below it. From the ground up:
//!
//! | floor | module | promise |
//! |---|---|---|
//! | 9 | [`api`] | `Database`, `Connection`, `Transaction`, `Statement`, `Rows`: what users call |
//! | 8 | [`exec`] | operators and expressions over Arrow batches |
//! | 7 | [`plan`] | from a bound tree to a physical plan, chosen by cost |
//! | 6 | [`sql`] | from SQL text to a bound tree: names resolved, types checked |
//! | 5 | [`catalog`] | what the database knows of its tables |
//! | 4 | [`storage`] | the one door between SQL and disk, and the engine behind it |
//! | 3 | [`txn`] | snapshots, versions, write conflicts, commit |
//! | 2 | [`btree`] | the one access method |
//! | 1 | [`page`] < [`wal`] < [`buffer`] < [`recovery`] | pages, log, buffer pool, redo and undo |
//! | 0 | [`vfs`], [`env`](mod@env), [`interrupt`], [`sync`], [`error`], [`types`], [`planted`] | everything the outside world gives the engine |

pub mod api;
pub mod btree;
pub mod buffer;
pub mod catalog;
pub mod env;
pub mod error;
pub mod exec;
pub mod interrupt;
pub mod page;
pub mod plan;
pub mod planted;
pub mod recovery;
pub mod sql;
pub mod storage;
pub mod sync;
pub mod txn;
pub mod types;
pub mod vfs;
pub mod wal;

pub use error::{Error, ErrorKind, Result};
