//! The backend itself: what the door calls.

use super::super::{
    CheckReport, MaintenanceReport, SnapshotHolder, StorageBackend, StorageStats, StorageTxn,
    TreeId, TxnOptions,
};
use super::core::{CATALOG_ROOT, Core};
use super::options::DiskOptions;
use super::transaction::DiskTxn;
use crate::buffer::Allocation;
use crate::env::Env;
use crate::error::Result;
use crate::interrupt::WaitLimits;
use crate::txn::Held;
use crate::vfs::Vfs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// A database in a file and its log.
pub struct DiskStorageBackend {
    core: Arc<Core>,
}

impl DiskStorageBackend {
    /// Opens the database at `path`, whose log is at `path` with `-wal` appended; recovers it if it was not closed;
    /// creates it if it is missing and `options.create` says so.
    ///
    /// # Errors
    /// - `22023`: an option is out of its range;
    /// - `58P01`: it is missing and may not be created;
    /// - `55006`: it is open elsewhere;
    /// - `XX001`: it is no database, is damaged, is of a format that this build does not know, or its log is missing,
    ///   damaged or another database's;
    /// - `53100`: the disk is full; `58030`: the disk fails. Nothing is lost; opening can be tried again.
    pub fn open(
        vfs: Arc<dyn Vfs>,
        env: Arc<dyn Env>,
        path: &Path,
        options: DiskOptions,
    ) -> Result<Self> {
        let core = super::open::open(&*vfs, env, path, options)?;
        Ok(Self {
            core: Arc::new(core),
        })
    }
}

impl StorageBackend for DiskStorageBackend {
    fn begin(&self, options: TxnOptions) -> Result<Box<dyn StorageTxn>> {
        Ok(Box::new(DiskTxn::begin(self.core.clone(), options)))
    }

    fn root_tree(&self) -> TreeId {
        TreeId(CATALOG_ROOT.0)
    }

    fn schema_version(&self) -> u64 {
        self.core.txns.schema_version()
    }

    fn wake(&self) {
        self.core.txns.wake();
    }

    fn maintain(&self, budget_pages: u64) -> Result<MaintenanceReport> {
        let core = &self.core;
        core.in_turn(core.maintenance.lock(), |control| {
            let mut report = core.vacuum(Some(budget_pages), &WaitLimits::default())?;
            report.checkpointed = core.checkpoint_if_due(control)?;
            Ok(report)
        })
    }

    fn vacuum(&self, limits: &WaitLimits) -> Result<MaintenanceReport> {
        let core = &self.core;
        let try_turn = || core.maintenance.try_lock();
        let turn = core.txns.wait_until(limits, "maintenance", try_turn)?;
        core.in_turn(turn, |control| {
            let mut report = core.vacuum(None, limits)?;
            core.shrink(control, limits, &mut report)?;
            report.checkpointed |= core.checkpoint_if_due(control)?;
            Ok(report)
        })
    }

    fn checkpoint(&self) -> Result<()> {
        self.core.checkpoint()
    }

    fn close(&self) -> Result<()> {
        self.core.close()
    }

    fn check(&self) -> Result<CheckReport> {
        self.core.check()
    }

    fn stats(&self) -> StorageStats {
        let core = &self.core;
        let (pages_read, pages_written) = core.pool.transfers();
        let log = core.log();
        let (snapshots, oldest_snapshot_commits) = core.txns.held_back();
        StorageStats {
            page_bytes: core.pool.page_bytes() as u64,
            pages: core
                .pool
                .read(Allocation::PAGE)
                .map_or(0, |frame| u64::from(Allocation::of(&frame.page).pages)),
            pages_read,
            pages_written,
            log_bytes_written: log.bytes_written.load(Ordering::Relaxed),
            log_file_bytes: log.file_bytes(),
            log_syncs: log.syncs.load(Ordering::Relaxed),
            checkpoints: core.checkpoints.load(Ordering::Relaxed),
            commits: core.commits.load(Ordering::Relaxed),
            versions: core.versions.count(),
            snapshots,
            oldest_snapshot_commits,
        }
    }

    fn holders(&self) -> Vec<SnapshotHolder> {
        let (held, snapshots) = self.core.txns.held();
        let versions = self.core.versions.held_for(&snapshots);
        let end = self.core.log().end();
        let holders = held.iter().zip(versions);
        let holder = |(held, versions): (&Held, u64)| SnapshotHolder {
            session: held.session,
            commits: snapshots.now - held.time,
            versions,
            log_bytes: held.first_record.map_or(0, |first| end.0 - first.0),
        };
        holders.map(holder).collect()
    }
}
