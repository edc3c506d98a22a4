//! Giving the free pages at the end of the file back to the file system.
//!
//! ```text
//!   1  the last page is free? ▶ off the free list, one page less   one record each, until the last page is in use
//!   2  checkpoint                                                  now the disk's allocation page knows no more of them
//!   3  the file is cut
//! ```
//!
//! A crash between two steps leaves a file that is longer than it says, which the next vacuum cuts. As in PostgreSQL,
//! free pages in the middle stay, for pages to come.

use super::super::MaintenanceReport;
use super::control::Control;
use super::core::{Core, PAGES_AT_FIRST};
use crate::buffer::{Allocation, Author, Change};
use crate::error::Result;
use crate::interrupt::WaitLimits;
use crate::page::{PageId, PageKind};
use std::collections::BTreeMap;

impl Core {
    /// Cuts the file, and tells `report` by how many pages and whether that took a checkpoint.
    ///
    /// # Errors
    /// `57014` between two steps, when `limits` say so; `58030`, `53100`, `XX001`; what was done until then is done.
    pub(super) fn shrink(
        &self,
        control: &mut Control,
        limits: &WaitLimits,
        report: &mut MaintenanceReport,
    ) -> Result<()> {
        let mut before = self.free_list()?;
        loop {
            limits.check()?;
            let pages = Allocation::of(&self.pool.read(Allocation::PAGE)?.page).pages;
            let last = PageId(pages - 1);
            let Some(&link) = before.get(&last).filter(|_| pages > PAGES_AT_FIRST) else {
                break;
            };
            let next = self.pool.read(last)?.page.next();
            let _changing = self.changing.read();
            let mut change = Change::new(&self.pool, Author::SYSTEM);
            if !change.cut_last(last, link)? {
                break; // Somebody has taken or given pages; the next vacuum goes on.
            }
            change.commit(&[])?;
            before.remove(&last);
            before.insert(next, link);
            report.pages_cut += 1;
        }
        let pages = Allocation::of(&self.pool.read(Allocation::PAGE)?.page).pages;
        // An earlier vacuum may have taken pages off and then failed: also of those the disk must know before they go.
        if self.pool.is_longer_than(pages) {
            self.checkpoint_locked(control)?;
            report.checkpointed = true;
            self.pool.shrink_to(pages)?;
        }
        Ok(())
    }

    /// For each free page the one before it on the free list, [`PageId::NONE`] for the first. Others may change the list
    /// meanwhile.
    fn free_list(&self) -> Result<BTreeMap<PageId, PageId>> {
        let state = Allocation::of(&self.pool.read(Allocation::PAGE)?.page);
        let mut before = BTreeMap::new();
        let (mut link, mut at) = (PageId::NONE, state.first_free);
        while at != PageId::NONE && at.0 < state.pages && !before.contains_key(&at) {
            let frame = self.pool.read(at)?;
            if frame.page.kind() != Some(PageKind::Free) {
                break;
            }
            before.insert(at, link);
            (link, at) = (at, frame.page.next());
        }
        Ok(before)
    }
}
