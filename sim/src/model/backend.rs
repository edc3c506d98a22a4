//! The model as a `StorageBackend`.

use super::store::Store;
use super::txn::ModelTxn;
use quantadb::Result;
use quantadb::env::{Env, OsEnv};
use quantadb::storage::{
    CheckReport, MaintenanceReport, SnapshotHolder, StorageBackend, StorageStats, StorageTxn,
    TreeId, TxnOptions, WaitLimits,
};
use quantadb::sync::{Condvar, Mutex};
use std::sync::Arc;

/// What the model refuses with `54000`, so that it agrees with the backend it is compared to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelLimits {
    /// Longest key, in bytes.
    pub key_bytes_max: usize,
    /// Longest value, in bytes.
    pub value_bytes_max: usize,
}

impl ModelLimits {
    /// Those of a database on disk with pages of so many bytes.
    pub fn of_pages(page_bytes: usize) -> Self {
        Self {
            key_bytes_max: quantadb::btree::key_bytes_max(page_bytes),
            ..Self::default()
        }
    }
}

impl Default for ModelLimits {
    fn default() -> Self {
        Self {
            key_bytes_max: 64 << 10,
            value_bytes_max: 1 << 30,
        }
    }
}

/// A storage backend of ordered maps. What it holds is gone when the last reference is; clones share it.
#[derive(Clone)]
pub struct ModelBackend {
    pub(super) shared: Arc<Shared>,
}

/// What the transactions share.
pub(super) struct Shared {
    pub(super) store: Mutex<Store>,
    /// Told whenever a transaction ends.
    pub(super) ended: Condvar,
    /// The clock of lock time-outs.
    pub(super) env: Arc<dyn Env>,
    pub(super) limits: ModelLimits,
}

impl ModelBackend {
    /// An empty database that measures lock time-outs by the operating system's clock.
    pub fn new() -> Self {
        Self::with(Arc::new(OsEnv), ModelLimits::default())
    }

    /// An empty database with a clock and limits of the caller's choice.
    pub fn with(env: Arc<dyn Env>, limits: ModelLimits) -> Self {
        Self {
            shared: Arc::new(Shared {
                store: Mutex::new(Store::new()),
                ended: Condvar::new(),
                env,
                limits,
            }),
        }
    }

    /// An independent copy of what is committed.
    pub fn fork(&self) -> Self {
        let copy = Self::with(self.shared.env.clone(), self.shared.limits);
        *copy.shared.store.lock() = self.shared.store.lock().committed();
        copy
    }

    /// [`StorageBackend::begin`], which cannot fail here.
    pub(crate) fn begin_model(&self, options: TxnOptions) -> Box<ModelTxn> {
        Box::new(ModelTxn::begin(self.shared.clone(), options))
    }
}

impl Default for ModelBackend {
    fn default() -> Self {
        Self::new()
    }
}

impl StorageBackend for ModelBackend {
    fn begin(&self, options: TxnOptions) -> Result<Box<dyn StorageTxn>> {
        Ok(self.begin_model(options))
    }

    fn root_tree(&self) -> TreeId {
        Store::ROOT
    }

    fn schema_version(&self) -> u64 {
        self.shared.store.lock().schema_version
    }

    fn wake(&self) {
        let _store = self.shared.store.lock(); // so that nobody is between looking and waiting
        self.shared.ended.notify_all();
    }

    fn maintain(&self, _budget_pages: u64) -> Result<MaintenanceReport> {
        self.vacuum(&WaitLimits::default())
    }

    fn vacuum(&self, limits: &WaitLimits) -> Result<MaintenanceReport> {
        limits.check()?;
        Ok(self.shared.store.lock().vacuum())
    }

    fn checkpoint(&self) -> Result<()> {
        Ok(())
    }

    fn check(&self) -> Result<CheckReport> {
        Ok(self.shared.store.lock().check())
    }

    fn stats(&self) -> StorageStats {
        let store = self.shared.store.lock();
        StorageStats {
            commits: store.commits,
            versions: store.old_versions(),
            ..StorageStats::default()
        }
    }

    /// What it keeps, it keeps for nobody in particular.
    fn holders(&self) -> Vec<SnapshotHolder> {
        Vec::new()
    }
}
