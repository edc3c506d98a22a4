//! What can still be read of a damaged database, whose files stay as they are.
//!
//! ```text
//!   file ──▶ pages with a right checksum ──┐
//!                                          ├─▶ pages ──▶ leaves, each in the tree that its header names ──┐
//!   log  ──▶ records up to the first damage┘                                                             ├─▶ entries
//!        └─▶ undo notes of transactions that had not ended: what was there before them ──────────────────┘
//! ```
//!
//! No inner page is needed: a leaf says which tree it belongs to, and its cells hold whole keys.
//!
//! - SALV-1: nothing is written, neither to the database nor to its log.
//! - SALV-2: an entry is one that the database held, though perhaps not at the same time as another: what the log has
//!   lost, a page may still hold. Where the disk has lost a write, an older page that is whole cannot be told from a newer.
//! - SALV-3: of what the storage engine itself would still give, every entry is there.

mod leaves;
mod pages;
mod replay;
mod source;

pub use source::{Salvage, Salvaged};
