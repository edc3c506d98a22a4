//! Vacuum: versions that nobody needs, tombstones, and what the directory calls garbage.

use super::super::MaintenanceReport;
use super::core::{Core, OpenTree};
use crate::btree::TOMBSTONE;
use crate::buffer::Author;
use crate::error::{ErrorKind, Result};
use crate::interrupt::WaitLimits;
use crate::page::PageId;
use crate::planted::{Mistake, makes};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Tombstones are queued up to this many; beyond, vacuum finds them by scanning.
const TOMBSTONES_MAX: usize = 1 << 20;

impl Core {
    /// Drops the versions that no snapshot needs; gives their number.
    pub(super) fn drop_settled_versions(&self) -> u64 {
        let before = self.versions.count();
        let mut pruned = BTreeSet::new();
        let oldest = match makes(Mistake::VersionDroppedEarly) {
            true => self.txns.newest_time(),
            false => self.txns.oldest_time(),
        };
        while let Some(left) = self.txns.pop_settled(oldest) {
            let most = left.len() as u64 > self.versions.count() / 2;
            if most {
                self.versions.prune_all(oldest);
            }
            for written in left {
                // Many commits may have changed the same key; one look at its versions is enough.
                if !most && pruned.insert((written.tree, written.key.clone())) {
                    self.versions.prune(written.tree, &written.key, oldest);
                }
                if written.tombstone {
                    self.queue_tombstone(written.tree, written.key);
                }
            }
        }
        before.saturating_sub(self.versions.count())
    }

    /// Keeps what an old snapshot holds in bounds while others go on: one version of a key for each snapshot, and a
    /// history of limited length.
    pub(super) fn thin_versions(&self) {
        self.versions.thin(&self.txns.snapshots());
        if self.txns.forget_history(self.options.history_commits_max) {
            // What was forgotten may have left tombstones.
            self.garbage.lock().needs_scan = true;
        }
    }

    fn queue_tombstone(&self, tree: PageId, key: Arc<[u8]>) {
        let mut garbage = self.garbage.lock();
        if garbage.tombstones.len() < TOMBSTONES_MAX {
            garbage.tombstones.push_back((tree, key));
        } else {
            garbage.needs_scan = true;
        }
    }

    /// Vacuums for about `budget_pages` pages; `None`: until nothing is left.
    ///
    /// # Errors
    /// `57014` between two steps, when `limits` say so; `58030`, `53100`, `XX001`. What was done until then is done, and
    /// what was not is left to the next.
    pub(super) fn vacuum(
        &self,
        budget_pages: Option<u64>,
        limits: &WaitLimits,
    ) -> Result<MaintenanceReport> {
        let mut report = MaintenanceReport {
            versions_dropped: self.drop_settled_versions(),
            ..MaintenanceReport::default()
        };
        let mut budget = budget_pages.unwrap_or(u64::MAX);
        let scan = budget_pages.is_none() || {
            let garbage = self.garbage.lock();
            garbage.needs_scan && garbage.tombstones.is_empty()
        };
        if scan {
            self.garbage.lock().needs_scan = false;
            let scanned = self.scan_for_tombstones(limits);
            scanned.inspect_err(|_| self.garbage.lock().needs_scan = true)?;
        }
        while budget > 0 {
            limits.check()?;
            let next = self.garbage.lock().tombstones.pop_front();
            let Some((tree, key)) = next else { break };
            let removed = self.remove_tombstone(tree, &key, &mut report);
            removed.inspect_err(|_| self.garbage.lock().needs_scan = true)?;
            budget -= 1;
        }
        if budget > 0 && (self.take_garbage_note() || budget_pages.is_none()) {
            let reclaimed = self.reclaim(budget, limits);
            report.pages_freed += reclaimed.inspect_err(|_| self.note_garbage())?;
        }
        Ok(report)
    }

    /// Removes the entry of a key if it is a tombstone that no snapshot needs (DISK-2).
    fn remove_tombstone(
        &self,
        tree: PageId,
        key: &[u8],
        report: &mut MaintenanceReport,
    ) -> Result<()> {
        let open = match self.tree(tree) {
            // The tree was freed in the meantime.
            Err(error) if error.kind() == ErrorKind::Misuse => return Ok(()),
            open => open?,
        };
        let _changing = self.changing.read();
        let leaf = open.tree.leaf_mut(key)?;
        let dead = leaf.entry().is_some_and(|e| e.flags & TOMBSTONE != 0)
            && (self.versions.newest_writer(tree, key).is_none()
                || makes(Mistake::TombstoneRemovedEarly));
        if !dead {
            return Ok(());
        }
        let merges = leaf.wants_merge();
        leaf.remove(Author::SYSTEM, &[])?;
        report.tombstones_removed += 1;
        if merges {
            report.pages_freed += open.tree.merge_at(key)?;
        }
        Ok(())
    }

    /// Queues the tombstones of all live trees.
    fn scan_for_tombstones(&self, limits: &WaitLimits) -> Result<()> {
        self.queue_tombstones_of(&self.directory, limits)?;
        self.queue_tombstones_of(&*self.tree(super::core::CATALOG_ROOT)?, limits)?;
        for tree in self.live_trees()? {
            self.queue_tombstones_of(&*self.tree(tree)?, limits)?;
        }
        Ok(())
    }

    fn queue_tombstones_of(&self, open: &OpenTree, limits: &WaitLimits) -> Result<()> {
        let root = open.tree.root();
        open.tree.for_each_leaf(|leaf| {
            limits.check()?;
            for slot in 0..leaf.page().slot_count() {
                let (key, entry) = leaf.slot(slot);
                let settled = self.versions.newest_writer(root, key).is_none()
                    || makes(Mistake::TombstoneRemovedEarly);
                if entry.flags & TOMBSTONE != 0 && settled {
                    self.queue_tombstone(root, key.into());
                }
            }
            Ok(())
        })
    }
}
