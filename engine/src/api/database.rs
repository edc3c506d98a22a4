//! A database, shared by all of its connections.

use crate::api::connection::Connection;
use crate::api::maintenance::{Freshness, SchemaVersion, maintain};
use crate::api::options::{DatabaseOptions, SessionOptions};
use crate::api::sequences::Counters;
use crate::catalog::{Decoded, Schema, load_knowing};
use crate::env::Env;
use crate::error::Result;
use crate::exec::{MemoryPool, TempSpace, TempStats, check_references, check_table};
use crate::sql::reference;
use crate::storage::{
    CheckReport, DiskStorageBackend, IsolationLevel, MaintenanceReport, SnapshotHolder,
    StorageBackend, StorageStats, StorageTxn, TxnOptions, WaitLimits,
};
use crate::sync::Mutex;
use crate::vfs::{MemoryVfs, Vfs};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// A database. Clones are cheap and share it; it is closed when the last clone and the last connection are gone.
#[derive(Clone)]
pub struct Database {
    shared: Arc<Shared>,
}

/// What all connections share.
pub(crate) struct Shared {
    pub(crate) backend: Arc<dyn StorageBackend>,
    pub(crate) env: Arc<dyn Env>,
    pub(crate) options: SessionOptions,
    /// What the statements of all connections hold.
    pub(crate) pool: Arc<MemoryPool>,
    /// How far the values of sequences have been counted out.
    pub(crate) sequences: Counters,
    /// Where they put what does not fit.
    pub(crate) space: TempSpace,
    /// What `ALTER DATABASE` calls it: its file's name without extension.
    pub(crate) name: String,
    /// The newest schema that some transaction has seen, by its version.
    schema: Mutex<Option<(SchemaVersion, Arc<Schema>)>>,
    /// What that was read from.
    decoded: Mutex<Decoded>,
    /// What keeps statistics fresh.
    pub(crate) freshness: Freshness,
    /// Connections made so far.
    pub(crate) connections: AtomicU64,
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database")
            .field("stats", &self.shared.backend.stats())
            .finish_non_exhaustive()
    }
}

impl Shared {
    /// The version of the schema that `txn` sees, with the statistics of now.
    pub(crate) fn schema_version(&self, txn: &dyn StorageTxn) -> SchemaVersion {
        SchemaVersion {
            definitions: txn.schema_version(),
            statistics: self.freshness.version(),
        }
    }

    /// The schema as `txn`, which has not changed it, sees it.
    pub(crate) fn schema(&self, txn: &dyn StorageTxn) -> Result<Arc<Schema>> {
        let version = self.schema_version(txn);
        if let Some((known, schema)) = &*self.schema.lock()
            && *known == version
        {
            return Ok(schema.clone());
        }
        // Read by a transaction of its own, the catalog is nothing that the caller's has read and depends on; and the
        // statistics are those of now.
        let own = self.backend.begin(TxnOptions {
            isolation: IsolationLevel::RepeatableRead,
            read_only: true,
            ..TxnOptions::default()
        })?;
        let root = self.backend.root_tree();
        let source = match own.schema_version() == version.definitions {
            true => &*own,
            false => txn,
        };
        // Not locked while it is read, which may wait.
        let mut decoded = std::mem::take(&mut *self.decoded.lock());
        let schema = Arc::new(load_knowing(source, root, &mut decoded)?);
        *self.decoded.lock() = decoded;
        let mut newest = self.schema.lock();
        if newest.as_ref().is_none_or(|(known, _)| *known < version) {
            *newest = Some((version, schema.clone()));
        }
        Ok(schema)
    }

    /// Verifies the pages, and, when they are sound, the tables on them.
    pub(crate) fn check(&self) -> Result<CheckReport> {
        let mut report = self.backend.check()?;
        if report.problems.is_empty() {
            let txn = self.backend.begin(TxnOptions::default())?;
            let schema = self.schema(&*txn)?;
            for table in schema.tables() {
                check_table(&*txn, table, &mut |problem| report.note(problem))?;
            }
            for (table, key) in schema.foreign_keys() {
                let reference = match reference(&schema, table, key) {
                    Ok(reference) => reference,
                    Err(error) => {
                        report.note(error.to_string());
                        continue;
                    }
                };
                check_references(&*txn, &reference, |row| {
                    report.note(format!(
                        "table \"{}\", row {row}: what foreign key \"{}\" refers to is missing",
                        table.name, key.name
                    ));
                    Ok(())
                })?;
            }
        }
        Ok(report)
    }
}

impl Database {
    /// Opens the database at `path`, whose log is beside it with `-wal` appended, as are, with `-tmp`, rows
    /// that do not fit in memory; creates it if it is missing. Recovers
    /// it first if it was not closed. Errors: see [`Self::open_with`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::open_with(path, DatabaseOptions::default())
    }

    /// A new database in memory, gone with the last of its handles.
    pub fn open_in_memory() -> Result<Self> {
        let options = DatabaseOptions {
            vfs: Arc::new(MemoryVfs::new()),
            ..DatabaseOptions::default()
        };
        Self::open_with("memory.qdb", options)
    }

    /// [`Self::open`] with options. Errors: `22023` for an option out of its range, `58P01` when the database is missing
    /// and must not be created, `55006` when it is open elsewhere, `XX001` when it is damaged or no database, `53100` and
    /// `58030` when the disk is full or fails.
    pub fn open_with(path: impl AsRef<Path>, options: DatabaseOptions) -> Result<Self> {
        let DatabaseOptions {
            vfs,
            env,
            disk,
            session,
        } = options;
        let path = path.as_ref();
        let backend = DiskStorageBackend::open(vfs.clone(), env.clone(), path, disk)?;
        // The database is locked now: what is there is nobody's.
        let space = TempSpace::open(vfs, path)?;
        let name = path.file_stem().unwrap_or_default();
        Self::of(
            (Arc::new(backend), space),
            env,
            session,
            name.to_string_lossy().into_owned(),
        )
    }

    /// A database over a storage engine that is open already, with default options.
    pub fn from_backend(backend: Arc<dyn StorageBackend>, env: Arc<dyn Env>) -> Result<Self> {
        Self::from_backend_with(backend, env, SessionOptions::default())
    }

    /// [`Self::from_backend`] with options for its connections. What spills goes to a file in memory. Errors: those of reading the catalog.
    pub fn from_backend_with(
        backend: Arc<dyn StorageBackend>,
        env: Arc<dyn Env>,
        options: SessionOptions,
    ) -> Result<Self> {
        let vfs: Arc<dyn Vfs> = Arc::new(MemoryVfs::new());
        let space = TempSpace::open(vfs, Path::new("memory.qdb"))?;
        Self::of((backend, space), env, options, "quantadb".to_owned())
    }

    fn of(
        (backend, space): (Arc<dyn StorageBackend>, TempSpace),
        env: Arc<dyn Env>,
        options: SessionOptions,
        name: String,
    ) -> Result<Self> {
        let shared = Shared {
            backend,
            env,
            pool: Arc::new(MemoryPool::new(options.memory_limit_bytes)),
            space,
            options,
            name,
            sequences: Counters::default(),
            schema: Mutex::new(None),
            decoded: Mutex::default(),
            freshness: Freshness::default(),
            connections: AtomicU64::new(0),
        };
        let txn = shared.backend.begin(TxnOptions::default())?;
        shared.schema(&*txn)?;
        drop(txn);
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// A new connection: a session with its own transaction, settings and plan cache. Errors: those of reading the
    /// settings that the database keeps.
    pub fn connect(&self) -> Result<Connection> {
        Connection::new(self.shared.clone())
    }

    /// Does some background work, bounded by about `budget_pages` pages: vacuum, a checkpoint when one is due, and what
    /// `ANALYZE` does for tables of which enough has changed ([`SessionOptions::analyze_threshold`]). A table that has more
    /// pages waits until so many calls have allowed for as many together, and is then analysed in one. That is a
    /// transaction that waits for nobody: a table that cannot be had is left to the next call. Errors: those of reading
    /// and writing. [`Connection::maintain`] does the same and can be interrupted.
    pub fn maintain(&self, budget_pages: u64) -> Result<MaintenanceReport> {
        maintain(&self.shared, budget_pages, &WaitLimits::default())
    }

    /// Removes what no transaction can see any more. Nothing stops it; the statement `VACUUM` of a connection can be
    /// interrupted.
    pub fn vacuum(&self) -> Result<MaintenanceReport> {
        self.shared.backend.vacuum(&WaitLimits::default())
    }

    /// Writes all changed pages, so that the log can be recycled.
    pub fn checkpoint(&self) -> Result<()> {
        self.shared.backend.checkpoint()
    }

    /// Verifies every page, tree and owner in the file, every row, and that the indexes say what the rows do. Damage is
    /// reported, not returned as an error. Errors: those of reading.
    pub fn check(&self) -> Result<CheckReport> {
        self.shared.check()
    }

    /// Counters and sizes.
    pub fn stats(&self) -> StorageStats {
        self.shared.backend.stats()
    }

    /// The transactions that have not ended, that with the oldest snapshot first, and what is kept for each: old versions in
    /// memory, and log. When [`StorageStats::versions`] or [`StorageStats::log_file_bytes`] grow and grow, the first with a
    /// number there belongs to the connection to look at: [`Connection::id`] is [`SnapshotHolder::session`]. A statement
    /// outside of a transaction block is a transaction too, as long as it runs.
    pub fn snapshot_holders(&self) -> Vec<SnapshotHolder> {
        self.shared.backend.holders()
    }

    /// What spilled to disk for want of memory.
    pub fn temp_stats(&self) -> TempStats {
        self.shared.space.stats()
    }

    /// Makes a checkpoint, so that the next open has nothing to recover, and gives this handle up. The files are closed
    /// when the last clone and the last connection are gone.
    pub fn close(self) -> Result<()> {
        let backend = &self.shared.backend;
        match Arc::strong_count(&self.shared) {
            1 => backend.close(),
            _ => backend.checkpoint(),
        }
    }
}
