//! `DiskStorageBackend`: the storage door over pages, log and versions.
//!
//! ```text
//!   name.qdb      │ page 0 control blocks │ 1 allocation │ 2 root of the catalog │ 3 root of the directory │ 4 … │
//!   name.qdb-wal  │ segments of the log │
//!
//!   directory     "T" root    ▸ 1 live, 2 dropped          a tree
//!                 "G" page    ▸ reference to a chain       an overflow chain that was replaced
//! ```
//!
//! A change of a row takes this way:
//!
//! ```text
//!   put(tree, key, value)
//!     ├ value too long for a leaf? ──▶ overflow chain, each piece with an undo note that frees it
//!     ├ leaf latched; its newest writer runs? wait and begin again; committed after the snapshot? 40001
//!     ├ no room? let go, split, begin again
//!     ├ before-image ──▶ versions
//!     └ one record: page operation + undo note ──▶ log;  the same note ──▶ the transaction's undo list
//!   commit: reads still valid? ▶ commit record ▶ flush ▶ visible, in the order of the records ▶ versions that nobody
//!           needs are dropped, tombstones queued for vacuum
//! ```
//!
//! The directory is a tree like any other, its entries are transactional, and vacuum works off what they say is garbage
//! step by step; so neither a crash nor a rollback loses a page.
//!
//! Invariants:
//! - DISK-1: each page has exactly one owner: the file's head, a tree, a chain that one entry refers to, or the free
//!   list.
//! - DISK-2: a tombstone or a garbage entry is acted on only when it has no versions, so no snapshot sees what was
//!   before it.
//! - DISK-3: when there is no transaction, memory holds nothing for one: no row lock, no promise of log space, no version
//!   that is not counted, no frame that cannot be evicted.
//! - DISK-4: when there is no version either, a vacuum of everything leaves no tombstone, no dropped tree and no replaced
//!   chain.
//! - DISK-5: when a transaction that changed something has ended, well or not, or a vacuum, less was logged since the newest
//!   checkpoint than makes one due; but for one under way, and a disk that fails it.

mod backend;
mod check;
mod control;
mod core;
mod cursor;
mod lock;
mod lost;
mod open;
mod options;
mod reading;
mod reclaim;
mod row_ids;
mod runs;
mod salvage;
mod shrink;
mod transaction;
mod undo;
mod vacuum;
mod write;

pub use backend::DiskStorageBackend;
pub use options::DiskOptions;
pub use salvage::{Salvage, Salvaged};
