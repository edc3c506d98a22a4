//! The oracle: a `StorageBackend` of ordered maps, with neither pages nor log nor disk.
//!
//! It is meant to be obviously right rather than fast. Everything lives behind one latch. A tree is a `BTreeMap`
//! from key to the versions of that key, oldest first:
//!
//! ```text
//!   tree 7:  "ann" ─▶ [3: "blue"] [9: "green"]            two committed versions
//!            "bob" ─▶ [4: "red"]  [transaction 12: gone]  a deletion that is not committed
//! ```
//!
//! A transaction sees the newest version that it wrote itself or that was committed no later than its snapshot.
//! Where the door leaves room, the model decides:
//!
//! - `insert` of a key whose newest committed version is a value gives `false`, whether or not the snapshot sees it;
//!   when the newest is a deletion after the snapshot, it is `40001`.
//! - `delete` of a key that the transaction does not see gives `false` and meets no conflict.
//! - With a lock time-out of 0, `55P03` comes before a deadlock is looked for.

mod backend;
mod cursor;
mod store;
mod txn;

pub use backend::{ModelBackend, ModelLimits};
pub(crate) use txn::ModelTxn;
