//! Floor 3: transactions: snapshots, versions, write conflicts, commit.
//!
//! The entry on a page is always the newest; what it replaced hangs in memory (after Freitag, Kemper and Neumann,
//! "Memory-optimized multi-version concurrency control for disk-based database systems", VLDB 2022):
//!
//! ```text
//!   page    k ▸ "c"                         ┌ writer T9, running ┐   ┌ writer T7, committed at 41 ┐
//!   versions (tree, k) ────────────────────▶│ before: "b"        │──▶│ before: "a"                │
//!                                           └────────────────────┘   └────────────────────────────┘
//!   a snapshot of time 40 reads "a", one of 41 or later "b", T9 itself "c"
//! ```
//!
//! A writer hangs its before-image while it holds the leaf's latch, and readers look while they hold it shared, so both
//! see page and versions of one moment. The versions refer to the writer's shared [`TxnState`], so a commit is one store
//! and makes all of a transaction visible at once.
//!
//! A page whose *max txn* is below every transaction that ran when the snapshot was taken needs no look at the
//! versions at all.
//!
//! Invariants:
//! - TXN-1: of two transactions that change the same key, the second waits for the first to end; if that one committed
//!   after the second's snapshot, the second fails with `40001` (first updater wins).
//! - TXN-2: a version is dropped only when no snapshot needs it: none is older than its writer's commit and at least as
//!   new as the commit before that on the same key.
//! - TXN-3: a transaction's number enters the set of running transactions before it changes its first page, and
//!   leaves it after its last change is as durable as its commit asks for, or undone.
//! - TXN-4: a serializable transaction that has changed something commits only if no commit between its snapshot and its
//!   own has changed what it read (backward validation after Kung and Robinson, "On optimistic methods for concurrency
//!   control", TODS 6(2), 1981). Commits become visible in the order of their records in the log, in which they were
//!   validated: so the order of commits is a serial order, and every snapshot is a prefix of it.
//! - TXN-5: while a transaction holds a row lock, no other changes the key in a way that conflicts, nor takes a lock that
//!   does; locks are given back when it ends or rolls back to a savepoint before them, and live in memory only.

mod history;
mod locks;
mod manager;
mod reads;
mod state;
mod versions;

pub use history::Written;
pub use locks::{Attempt, LockMode, LockTable};
pub use manager::{Held, Holder, Purpose, Snapshot, TxnManager};
pub use reads::ReadSet;
pub use state::TxnState;
pub use versions::{Seen, Snapshots, VersionStore};
