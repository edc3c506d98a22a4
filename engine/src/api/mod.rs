//! Floor 9: what users call.
//!
//! ```text
//!   Database ──connect──▶ Connection ──prepare──▶ Statement
//!                              │  └────begin────▶ Transaction
//!                              └── execute, query, run ──▶ Rows ──▶ Row ──get──▶ FromSql
//! ```
//!
//! ```
//! use quantadb::api::Database;
//! use quantadb::params;
//!
//! let database = Database::open_in_memory()?;
//! let connection = database.connect()?;
//! connection.run("CREATE TABLE city (id INTEGER PRIMARY KEY, name TEXT NOT NULL, people BIGINT)")?;
//! let insert = connection.prepare("INSERT INTO city VALUES ($1, $2, $3)")?;
//! insert.execute(params![1, "Oslo", 717_710i64])?;
//! insert.execute(params![2, "Bergen", None::<i64>])?;
//!
//! for row in connection.query("SELECT name, people FROM city ORDER BY id", [])? {
//!     let name: String = row.get("name")?;
//!     let people: Option<i64> = row.get(1)?;
//!     println!("{name}: {people:?}");
//! }
//!
//! // All or nothing, and again from the start when another transaction was in the way.
//! connection.transaction(|tx| {
//!     tx.execute("UPDATE city SET people = people + 1 WHERE id = $1", params![1])?;
//!     tx.execute("DELETE FROM city WHERE people IS NULL", [])
//! })?;
//! # assert_eq!(connection.query("SELECT name FROM city", [])?.count(), 1);
//! # Ok::<(), quantadb::Error>(())
//! ```
//!
//! A [`Connection`] is a session: its state machine, plan cache and the retrying of single statements live in `session`.
//!
//! - API-1: a shape, a statement without its literals, runs only on the version of the schema that it was planned for and
//!   with literals that are values of its parameters; else the statement is taken as it was written, so that its errors
//!   are those of the text.
//! - API-2: a statement runs in a transaction only while one is open.
//! - API-3: what is transaction control by its syntax is bound as such.
//! - API-4: queries, changes, transaction control and maintenance are not run as utility statements.
//! - API-5: an index to drop is one of its table's.
//! - API-6: a table that is altered is there afterwards.

mod alter;
mod around;
mod connection;
mod constraints;
mod control;
mod convert;
mod copy;
mod database;
mod define_sequences;
mod interrupt;
mod kind;
mod maintenance;
mod options;
mod plans;
mod rows;
mod salvage;
mod sequences;
mod session;
mod settings;
mod statement;
mod time_zone;
mod transaction;
mod utility;
mod value;

pub use crate::exec::TempStats;
pub use crate::storage::SnapshotHolder;
pub use connection::{Connection, StatementResult};
pub use copy::CopyData;
pub use database::Database;
pub use interrupt::InterruptHandle;
pub use options::{DatabaseOptions, SessionOptions};
pub use rows::{Column, ColumnIndex, Row, Rows};
pub use salvage::{SalvageReport, SalvagedTable, salvage};
pub use statement::Statement;
pub use transaction::Transaction;
pub use value::{FromSql, ToSql};
