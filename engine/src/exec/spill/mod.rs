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
//! - EXEC-11: a block of a run is of that run, and whole; what reads otherwise is damage (`XX001`), not rows.
//! - EXEC-12: a block belongs to one run, and is free again when that run is dropped.
//! - EXEC-13: a run holds no more rows than were pushed, and gives all of them.
//!
//! Needs from below: a file system, and an interrupt to ask.

mod codec;
mod merge;
mod order;
mod run;
mod space;
mod temp;

pub(crate) use merge::{Merge, merge_runs};
pub(crate) use order::{InOrder, KeyOrder};
pub(crate) use run::{Run, RunWriter};
pub(crate) use space::TempSpace;
pub use space::TempStats;
pub(crate) use temp::Temp;
