//! The pages of a damaged file, as the log leaves them.

use super::super::options::page_bytes_valid;
use crate::buffer::Allocation;
use crate::error::{Error, Result};
use crate::page::{Lsn, Page, PageId, PageKind, PageOp};
use crate::vfs::File;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The pages of a file that nobody writes to.
pub(super) struct Pages {
    file: Arc<dyn File>,
    page_bytes: usize,
    /// Pages of the file, be they in use or not.
    in_file: u32,
    /// What the log makes of pages; `None` where it does not fit them.
    newer: BTreeMap<PageId, Option<Page>>,
}

impl Pages {
    /// The pages of `file`, of `page_bytes` bytes, or of as many as they seem to have.
    ///
    /// # Errors
    /// `XX001` when they have no size, `58030` when the file cannot be read.
    pub(super) fn open(file: Arc<dyn File>, page_bytes: Option<usize>) -> Result<Self> {
        let len = file
            .len()
            .map_err(|e| Error::io("cannot read the length of the database file", e))?;
        let of = |page_bytes: usize| Self {
            in_file: u32::try_from(len / page_bytes as u64).unwrap_or(u32::MAX),
            file: file.clone(),
            page_bytes,
            newer: BTreeMap::new(),
        };
        let sizes = (0..usize::BITS)
            .map(|bit| 1 << bit)
            .filter(|&bytes| page_bytes_valid(bytes));
        let fits = |pages: &Self| (1..4).any(|id| pages.page(PageId(id)).is_ok());
        match page_bytes {
            Some(page_bytes) => Ok(of(page_bytes)),
            None => sizes.map(of).find(fits).ok_or_else(|| {
                Error::corrupt("neither a control block nor one of its first pages can be read")
            }),
        }
    }

    pub(super) fn page_bytes(&self) -> usize {
        self.page_bytes
    }

    /// Where the pages end that may be in use.
    pub(super) fn end(&self) -> u32 {
        let allocation = self.page(Allocation::PAGE).ok();
        let allocation = allocation.filter(|page| page.kind() == Some(PageKind::Allocation));
        // What the log has changed may lie behind the end of a file that a crash left short.
        let changed = self.newer.last_key_value().map_or(0, |(id, _)| id.0 + 1);
        let in_file = self.in_file.max(changed);
        allocation.map_or(in_file, |page| Allocation::of(&page).pages.min(in_file))
    }

    /// A page.
    ///
    /// # Errors
    /// `XX001` when it is damaged, `58030` when it cannot be read.
    pub(super) fn page(&self, id: PageId) -> Result<Cow<'_, Page>> {
        match self.newer.get(&id) {
            Some(Some(page)) => Ok(Cow::Borrowed(page)),
            Some(None) => Err(Error::corrupt(format!(
                "the log does not fit page {}",
                id.0
            ))),
            None => self.stored(id).map(Cow::Owned),
        }
    }

    fn stored(&self, id: PageId) -> Result<Page> {
        let mut page = Page::zeroed(self.page_bytes);
        page.read(&*self.file, id)?;
        Ok(page)
    }

    /// Repeats what a record that ends at `end` has done to a page, if that is older.
    pub(super) fn repeat(&mut self, id: PageId, ops: &[(PageId, PageOp)], txn: u64, end: Lsn) {
        let is_image = matches!(ops.first(), Some((_, PageOp::Image { .. })));
        let page = match self.newer.remove(&id) {
            _ if is_image => Some(Page::zeroed(self.page_bytes)),
            None => self.stored(id).ok(),
            Some(page) => page,
        };
        // What is not there without the log is not there with it.
        let Some(mut page) = page else { return };
        let is_newer = !is_image && page.lsn() >= end;
        let sound =
            is_newer || (page.repeat(ops, txn, end).is_ok() && page.verify_content(id).is_ok());
        self.newer.insert(id, sound.then_some(page));
    }
}
