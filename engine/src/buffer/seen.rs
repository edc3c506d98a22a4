//! How new pages were when they left the pool.

use crate::page::{Lsn, PageId};

/// Pages that are remembered for each that the pool holds.
const PAGES_PER_FRAME: usize = 8;

/// The LSN of each page when it was last evicted, as far as there is room: a page that comes back older than that was
/// taken back by the disk, whatever syncs it has acknowledged since (BUF-5). A page's number says where it is noted; one
/// that shares the place is forgotten.
pub(super) struct Seen {
    places: Box<[(PageId, Lsn)]>,
}

impl Seen {
    /// Room for eight times as many pages as a pool of `capacity` frames holds.
    pub(super) fn new(capacity: usize) -> Self {
        let places = capacity.saturating_mul(PAGES_PER_FRAME).max(1);
        Self {
            places: vec![(PageId(0), Lsn(0)); places].into_boxed_slice(),
        }
    }

    fn place(&self, id: PageId) -> usize {
        id.0 as usize % self.places.len()
    }

    /// The page left the pool with that LSN, and so it is in the file.
    pub(super) fn note(&mut self, id: PageId, lsn: Lsn) {
        let place = self.place(id);
        self.places[place] = (id, lsn);
    }

    /// The LSN that the file holds of the page; 0 when that is not remembered.
    pub(super) fn lsn_of(&self, id: PageId) -> Lsn {
        match self.places[self.place(id)] {
            (noted, lsn) if noted == id => lsn,
            _ => Lsn(0),
        }
    }
}
