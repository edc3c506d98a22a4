//! Options of a database and of its connections.

use crate::env::{Env, OsEnv};
use crate::storage::{DiskOptions, IsolationLevel, Synchronous};
use crate::types::Zone;
use crate::vfs::{OsVfs, Vfs};
use std::sync::Arc;
use std::time::Duration;

/// How a database is opened.
#[derive(Clone)]
pub struct DatabaseOptions {
    /// Where its files are; the operating system's file system by default.
    pub vfs: Arc<dyn Vfs>,
    /// Clock and entropy; the operating system's by default.
    pub env: Arc<dyn Env>,
    /// Of the storage engine: sizes, and whether a missing database is created.
    pub disk: DiskOptions,
    /// Of its connections.
    pub session: SessionOptions,
}

impl Default for DatabaseOptions {
    fn default() -> Self {
        Self {
            vfs: Arc::new(OsVfs),
            env: Arc::new(OsEnv),
            disk: DiskOptions::default(),
            session: SessionOptions::default(),
        }
    }
}

impl std::fmt::Debug for DatabaseOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DatabaseOptions")
            .field("disk", &self.disk)
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

/// How connections of a database behave at first; `SET` and `ALTER DATABASE … SET` change the most of it.
#[derive(Clone, Debug)]
pub struct SessionOptions {
    /// Bytes that the sorts, hash tables and collected rows of one statement may hold before they spill to disk. What
    /// cannot spill, and a small part of what can, is held beyond that; the rows of the result do not count.
    pub work_mem_bytes: usize,
    /// Rows that the operators of a statement hand on at once, about: more of them take fewer calls and more memory.
    pub batch_rows: u32,
    /// Bytes that the statements of all connections may hold together, results included until they are given; over it,
    /// what can spills, and what cannot fails with `53200`. It is the database's: no `SET` changes it. The pages that the
    /// storage engine caches (`DiskOptions::cache_bytes`) come on top.
    pub memory_limit_bytes: usize,
    /// Bytes that one statement may have on disk at a time for want of memory before it fails with `53400`; `None`: as
    /// many as the disk has.
    pub temp_file_limit_bytes: Option<u64>,
    /// How long a change waits for another transaction before `55P03`; `None`: until that one ends.
    pub lock_timeout: Option<Duration>,
    /// How long a statement may take before `57014`; `None`: as long as it likes.
    pub statement_timeout: Option<Duration>,
    /// The isolation level of transactions that do not name one.
    pub isolation: IsolationLevel,
    /// The time zone in which timestamps with one are read and written; UTC by default, wherever the process runs.
    pub time_zone: Zone,
    /// What a commit waits for.
    pub synchronous: Synchronous,
    /// [`Database::maintain`](crate::api::Database::maintain) analyses a table when more rows than this, and the part of
    /// its rows that `analyze_scale_factor` says, were added, changed or removed since it was analysed. It is the
    /// database's: no `SET` changes it. `None`: never.
    pub analyze_threshold: Option<u64>,
    /// See `analyze_threshold`.
    pub analyze_scale_factor: f64,
    /// How often a single statement, or the closure of [`crate::api::Connection::transaction`], is tried again after a
    /// conflict with another transaction.
    pub retries_max: u32,
}

impl Default for SessionOptions {
    fn default() -> Self {
        Self {
            work_mem_bytes: 256 << 20,
            batch_rows: 2048,
            memory_limit_bytes: 1 << 30,
            temp_file_limit_bytes: None,
            lock_timeout: None,
            statement_timeout: None,
            isolation: IsolationLevel::default(),
            time_zone: Zone::UTC,
            synchronous: Synchronous::default(),
            analyze_threshold: Some(50),
            analyze_scale_factor: 0.1,
            retries_max: 100,
        }
    }
}
