//! Pages that were written and are not known to be durable.

use crate::page::{Lsn, PageId};
use std::collections::BTreeMap;

/// For each page that was written since the last sync, its LSN then. A disk that fails a sync, or is about to, may give
/// an older state of such a page when it is read again.
#[derive(Default)]
pub(super) struct Unsynced {
    written: BTreeMap<PageId, Lsn>,
    /// Those that a sync under way will make durable.
    syncing: BTreeMap<PageId, Lsn>,
}

impl Unsynced {
    /// The page was written with that LSN.
    pub(super) fn note(&mut self, id: PageId, lsn: Lsn) {
        self.written.insert(id, lsn);
    }

    /// The LSN that the page was last written with; `None` when that is durable.
    pub(super) fn lsn_of(&self, id: PageId) -> Option<Lsn> {
        let syncing = || self.syncing.get(&id);
        self.written.get(&id).or_else(syncing).copied()
    }

    /// A sync begins.
    pub(super) fn begin_sync(&mut self) {
        self.syncing.append(&mut self.written);
    }

    /// The sync has ended.
    pub(super) fn end_sync(&mut self, is_durable: bool) {
        let synced = std::mem::take(&mut self.syncing);
        if !is_durable {
            for (id, lsn) in synced {
                self.written.entry(id).or_insert(lsn);
            }
        }
    }
}
