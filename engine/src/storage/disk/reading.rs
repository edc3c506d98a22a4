//! What a transaction reads, noted for its commit.

use super::super::{IsolationLevel, KeyRange, ScanDirection, TxnOptions};
use super::core::DIRECTORY_ROOT;
use crate::page::PageId;
use crate::planted::{Mistake, makes};
use crate::txn::ReadSet;
use std::cell::{Ref, RefCell};
use std::ops::Bound;

/// The reads of a serializable transaction.
///
/// A key that is looked up and then changed needs no note, for whoever else changes it meets the change (TXN-1). So the
/// last key is held back until the next step shows whether that is so: a statement that changes rows by key notes none.
#[derive(Default)]
pub(super) struct Reading(RefCell<State>);

#[derive(Default)]
struct State {
    noted: ReadSet,
    /// The tree of the key that is held back, if one is.
    last_tree: Option<PageId>,
    last_key: Vec<u8>,
}

impl State {
    fn holds(&self, tree: PageId, key: &[u8]) -> bool {
        self.last_tree == Some(tree) && self.last_key == key
    }

    fn note_last(&mut self) {
        if let Some(tree) = self.last_tree.take() {
            self.noted.add_key(tree, &self.last_key);
        }
    }
}

impl Reading {
    /// For a transaction with such options; `None` when nobody will ask.
    pub(super) fn of(options: &TxnOptions) -> Option<Self> {
        let asked = options.isolation == IsolationLevel::Serializable && !options.read_only;
        asked.then(Self::default)
    }

    /// A key was looked up, and may be changed next.
    pub(super) fn next_key(&self, tree: PageId, key: &[u8]) {
        if tree == DIRECTORY_ROOT {
            return; // what concerns whole trees is guarded by the schema's version
        }
        let mut state = self.0.borrow_mut();
        if !state.holds(tree, key) {
            state.note_last();
            state.last_tree = Some(tree);
            state.last_key.clear();
            state.last_key.extend_from_slice(key);
        }
    }

    /// A key was looked up.
    pub(super) fn key(&self, tree: PageId, key: &[u8]) {
        self.0.borrow_mut().noted.add_key(tree, key);
    }

    /// A key is changed: whether the change stands for a note of having read it.
    pub(super) fn covered(&self, tree: PageId, key: &[u8]) -> bool {
        let mut state = self.0.borrow_mut();
        let covers = state.holds(tree, key);
        if covers {
            state.last_tree = None;
        }
        covers
    }

    /// `range` was scanned in `direction` up to `reached`, or to its end.
    pub(super) fn range(
        &self,
        tree: PageId,
        range: &KeyRange,
        direction: ScanDirection,
        reached: Option<&[u8]>,
    ) {
        let (mut low, mut high) = (
            range.low.as_ref().map(Vec::as_slice),
            range.high.as_ref().map(Vec::as_slice),
        );
        match (reached, direction) {
            (Some(key), ScanDirection::Forward) if makes(Mistake::ScanEndNotNoted) => {
                high = Bound::Excluded(key);
            }
            (Some(key), ScanDirection::Forward) => high = Bound::Included(key),
            (Some(key), ScanDirection::Backward) => low = Bound::Included(key),
            (None, _) => {}
        }
        self.0.borrow_mut().noted.add_range(tree, low, high);
    }

    /// All that was read; none is added while it is looked at.
    pub(super) fn all(&self) -> Ref<'_, ReadSet> {
        self.0.borrow_mut().note_last();
        Ref::map(self.0.borrow(), |state| &state.noted)
    }
}
