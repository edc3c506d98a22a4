//! Which gaps of the log still matter: those that a page of the file lies in.
//!
//! Each crash leaves a gap, and a control block has room for a few. When they are too many, all pages are read once, and the
//! gaps that none lies in are forgotten: no page can come to lie in one any more. A database that is
//! [closed](crate::storage::StorageBackend::close) leaves none.

use super::control::GAPS_MAX;
use super::core::Core;
use crate::error::{Error, ErrorKind, Result};
use crate::page::{Page, PageId};
use crate::wal::LogGaps;
use std::collections::BTreeSet;

impl Core {
    /// Those of `gaps` that a control block has to name.
    ///
    /// # Errors
    /// `58030` when a page cannot be read or written; `XX001` when pages lie in more gaps than there is room for.
    pub(super) fn gaps_to_keep(&self, mut gaps: LogGaps) -> Result<LogGaps> {
        if gaps.as_slice().len() <= GAPS_MAX {
            return Ok(gaps);
        }
        self.pool.write_dirty()?;
        let mut lived_in = BTreeSet::new();
        let mut page = Page::zeroed(self.pool.page_bytes());
        let len = self.file.len();
        let len = len.map_err(|e| Error::io("cannot read the length of the database file", e))?;
        let pages = len / self.pool.page_bytes() as u64;
        for id in (1..u32::try_from(pages).unwrap_or(u32::MAX)).map(PageId) {
            match page.read(&*self.file, id) {
                Ok(()) => lived_in.extend(gaps.around(page.lsn())),
                // What is damaged is refused wherever it lies.
                Err(error) if error.kind() == ErrorKind::Corrupt => {}
                Err(error) => return Err(error),
            }
        }
        gaps.retain(|gap| lived_in.contains(gap));
        match lived_in.len() > GAPS_MAX {
            false => Ok(gaps),
            true => Err(Error::corrupt(format!(
                "pages hold what the log has lost at {} places, more than can be kept in mind (WAL-10)",
                lived_in.len()
            ))),
        }
    }
}
