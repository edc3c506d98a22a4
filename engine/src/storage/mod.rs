//! Floor 4: the one door between SQL and disk.
//!
//! [`StorageBackend`] speaks of *trees* (ordered maps from byte keys to byte values), *transactions* with snapshots,
//! and nothing of SQL. It has two implementors by design: `DiskStorageBackend` on this floor, and in the simulator a naive
//! model of ordered maps without pages or log. The same SQL runs over both; where they differ, one of them is wrong.
//!
//! ```text
//!   exec, catalog ──▶ dyn StorageBackend ──▶ DiskStorageBackend ──▶ txn ▶ btree ▶ buffer ▶ wal ▶ page ▶ vfs
//!                                        └─▶ ModelBackend (sim)  ──▶ BTreeMap
//! ```
//!
//! Beside the door: the codecs that turn rows and keys into bytes (`row`, `key`), and the columns that are kept of rows
//! (`columns`).

mod backend;
mod columns;
mod disk;
pub mod key;
pub mod row;

pub use crate::buffer::Usage;
pub use crate::interrupt::WaitLimits;
pub use crate::txn::LockMode;
pub(crate) use backend::for_each_entry;
pub use backend::{
    CheckReport, EntryBatch, IsolationLevel, KeyRange, MaintenanceReport, ScanDirection,
    SnapshotHolder, StorageBackend, StorageCursor, StorageStats, StorageTxn, Synchronous, TreeId,
    TxnOptions,
};
pub use columns::{ROW_IDS, RowShape, Run};
pub use disk::{DiskOptions, DiskStorageBackend, Salvage, Salvaged};
