//! Rows that do not fit in memory, on disk for the time of a statement.
//!
//! ```text
//!   batches ──RunWriter──▶ run: a stream of batches          Run ──RunReader──▶ batches
//!                           │ cut into blocks of 8 KiB
//!                           ▼
//!     name.qdb-tmp   ┌────┬────┬────┬────┬────┬────┐
//!                    │ A0 │ B0 │ A1 │free│ B1 │ C0 │   runs of all sessions, block by block
//!                    └────┴────┴────┴────┴────┴────┘
//! ```
//!
//! One file beside the database serves all its sessions. It comes with the first block that somebody needs, goes with the
//! last, is never synced, and opening the database removes what a crash left of it. In memory are the list of free blocks
//! and, with each run, the list of its blocks.
//!
//! Two ways lead to a spilled result, and both give the rows in the order in which they would have come from memory:
//!
//! ```text
//!   sort   rows ─▶ sorted run, sorted run, … ─▶ merge ─▶ rows in order
//!
//!   hash   rows, numbered ─▶ by the hash of the key ─▶ partition 0 ─▶ its result, still by number ─┐
//!                                                      partition 1 ─▶ its result, still by number ─┼▶ merge by number
//!                                                      …                                           ┘
//! ```
//!
//! A partition that does not fit either is partitioned again, with another seed.
//!
//! - EXEC-11: a block of a run is of that run, and whole; what reads otherwise is damage (`XX001`), not rows.
//! - EXEC-12: a block belongs to one run, and is free again when that run is dropped.
//! - EXEC-13: a run holds no more rows than were pushed, and gives all of them.
//!
//! Needs from below: a file system, and an interrupt to ask.

mod codec;
mod hashed;
mod merge;
mod near;
mod order;
mod partition;
mod run;
mod space;
mod table;
mod temp;

pub(crate) use hashed::{Hashed, Hashing, Pass};
pub(crate) use merge::{Merge, merge_by_number, merge_runs};
pub(crate) use order::{Cutoff, InOrder, KeyOrder};
pub(crate) use partition::{DEPTH_MAX, Partitions, with_number, without_number};
pub(crate) use run::{Run, RunReader, RunWriter};
pub(crate) use space::TempSpace;
pub use space::TempStats;
pub(crate) use table::KeyTable;
pub(crate) use temp::Temp;
