//! `COPY`: rows from lines of text, and lines of text from rows.
//!
//! ```text
//!   COPY FROM   input ──lines──▶ a line without its end ──fields──▶ texts, NULLs ──from──▶ rows, a batch at a time
//!               a file, or what                                                              │ WHERE, defaults, and what
//!               the caller gives                                                             ▼ every INSERT goes through
//!   COPY TO     a query ──to──▶ batches ──write──▶ lines ──output──▶ a file, or the caller
//! ```
//!
//! Neither holds more than a batch of rows, or one line where that is longer. A file is one of the database's file system,
//! and is durable when `COPY TO` returns. Foreign keys are looked at when all rows are there. Whatever fails, the rows
//! that were added go with the statement; a file that was begun stays, as in PostgreSQL.

mod fields;
mod from;
mod input;
mod io;
mod lines;
mod output;
mod to;
mod write;

pub(crate) use from::copy_from;
pub(crate) use io::{CopyIo, Reading, Writing};
pub(crate) use to::copy_to;
