//! `CHECK DATABASE`: every page, tree and owner, and what is left in memory when nobody is at work.

use super::super::CheckReport;
use super::core::{CATALOG_ROOT, Core};
use super::reclaim::{DirectoryEntry, tree_name};
use crate::btree::{PageOwners, TreeReport, check_tree};
use crate::buffer::Allocation;
use crate::error::Result;
use crate::page::{PageId, PageKind};

fn add_tree(report: &mut CheckReport, tree: TreeReport) {
    report.trees_checked += 1;
    report.entries_checked += tree.entries;
    report.tombstones += tree.tombstones;
}

impl Core {
    /// Verifies DISK-1, DISK-3 and all invariants of the trees, while nothing changes.
    ///
    /// # Errors
    /// `58030` and `XX001` when the allocation page or the directory cannot be read at all.
    pub(super) fn check(&self) -> Result<CheckReport> {
        let _still = self.changing.write();
        let mut owners = PageOwners::default();
        let mut report = CheckReport::default();
        owners.claim(PageId(0), "the control blocks");
        owners.claim(Allocation::PAGE, "the allocation page");
        let catalog = self.tree(CATALOG_ROOT)?;
        for (open, name) in [
            (&self.directory, "the directory"),
            (&catalog, "the catalog"),
        ] {
            add_tree(&mut report, check_tree(&open.tree, name, &mut owners));
        }
        for entry in self.directory_entries(false)? {
            match entry {
                DirectoryEntry::Tree(root) => match self.tree(root) {
                    Ok(open) => {
                        let name = tree_name(&open.tree);
                        add_tree(&mut report, check_tree(&open.tree, &name, &mut owners));
                    }
                    Err(e) => owners.problem(format!("tree {}: {e}", root.0)),
                },
                DirectoryEntry::Dropped(root) => {
                    report.garbage += 1;
                    let owner = format!("the dropped tree {}", root.0);
                    self.claim_dropped(root, None, &owner, &mut owners);
                }
                DirectoryEntry::Chain { chain, .. } => {
                    report.garbage += 1;
                    let owner = format!("the replaced chain at page {}", chain.head.0);
                    let pages = chain.pages(self.pool.page_bytes());
                    owners.claim_chain(&self.pool, chain.head, pages, &owner);
                }
            }
        }
        let allocation = Allocation::of(&self.pool.read(Allocation::PAGE)?.page);
        report.pages_free = self.check_free_list(allocation, &mut owners);
        for page in 0..allocation.pages {
            if !owners.is_owned(PageId(page)) {
                owners.problem(format!("page {page} belongs to nobody"));
            }
        }
        if owners.len() as u64 > u64::from(allocation.pages) {
            owners.problem(format!(
                "{} pages are in use, but the file says that it has {}",
                owners.len(),
                allocation.pages
            ));
        }
        report.left = self.left_in_memory();
        report.pages_checked = owners.len() as u64;
        report.problems = owners.problems;
        Ok(report)
    }

    /// What is left of transactions that have ended (DISK-3), and slots of the log that should not be as they are (WAL-9);
    /// nothing while maintenance is at work, or after the log has stopped.
    fn left_in_memory(&self) -> Vec<String> {
        let Some(control) = self.maintenance.try_lock() else {
            return Vec::new();
        };
        if self.log().is_stopped() {
            return Vec::new();
        }
        let mut left = Vec::new();
        if self.txns.at_rest() {
            left.extend(self.versions.problems());
            left.extend(self.locks.problems());
            left.extend(self.pool.problems());
            let promised = self.log().promised();
            if promised > 0 {
                left.push(format!(
                    "the log keeps {promised} bytes for nobody (DISK-3)"
                ));
            }
        }
        left.extend(self.log().problems(control.needed.start));
        left
    }

    fn check_free_list(&self, allocation: Allocation, owners: &mut PageOwners) -> u64 {
        let mut id = allocation.first_free;
        let mut count = 0;
        while id != PageId::NONE {
            if !owners.claim(id, "the free list") {
                return count;
            }
            count += 1;
            id = match self.pool.read(id) {
                Ok(frame) if frame.page.kind() == Some(PageKind::Free) => frame.page.next(),
                Ok(_) => {
                    owners.problem(format!("page {} is on the free list but in use", id.0));
                    return count;
                }
                Err(e) => {
                    owners.problem(format!("the free list: {e}"));
                    return count;
                }
            };
        }
        if count != u64::from(allocation.free) {
            owners.problem(format!(
                "the free list holds {count} pages, but the file says {}",
                allocation.free
            ));
        }
        count
    }
}
