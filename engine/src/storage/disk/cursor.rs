//! Scans: one leaf at a time, nothing held between two steps.

use super::super::{EntryBatch, KeyRange, ScanDirection, StorageCursor};
use super::core::OpenTree;
use super::transaction::DiskTxn;
use crate::btree::{Entry, Leaf, OVERFLOW, Seek, StoredEntry, TOMBSTONE};
use crate::error::Result;
use crate::planted::{Mistake, makes};
use crate::txn::Seen;
use std::ops::Bound;
use std::sync::Arc;

/// A scan of a [`DiskTxn`].
pub(super) struct DiskCursor<'t> {
    txn: &'t DiskTxn,
    open: Arc<OpenTree>,
    /// What is scanned, where reads are noted.
    range: Option<KeyRange>,
    /// What is left to scan.
    rest: KeyRange,
    direction: ScanDirection,
    done: bool,
}

impl<'t> DiskCursor<'t> {
    pub(super) fn new(
        txn: &'t DiskTxn,
        open: Arc<OpenTree>,
        range: KeyRange,
        direction: ScanDirection,
    ) -> Self {
        let notes = txn.reading.is_some() && !makes(Mistake::RangesNotNoted);
        Self {
            txn,
            open,
            range: notes.then(|| range.clone()),
            rest: range,
            direction,
            done: false,
        }
    }

    /// Appends what is visible of the leaf that comes next, and moves on.
    fn step(&mut self, batch: &mut EntryBatch, entries_max: usize) -> Result<()> {
        let (mut lower, mut upper) = (None, None);
        let seek = match (self.direction, &self.rest.low, &self.rest.high) {
            (ScanDirection::Forward, Bound::Unbounded, _) => Seek::First,
            (ScanDirection::Forward, Bound::Included(k) | Bound::Excluded(k), _) => Seek::Key(k),
            (ScanDirection::Backward, _, Bound::Unbounded) => Seek::Last,
            (ScanDirection::Backward, _, Bound::Included(k)) => Seek::Key(k),
            (ScanDirection::Backward, _, Bound::Excluded(k)) => Seek::Before(k),
        };
        let leaf = self
            .open
            .tree
            .leaf_with_fences(seek, &mut lower, &mut upper)?;
        let first = lower_slot(&leaf, &self.rest.low);
        let end = upper_slot(&leaf, &self.rest.high).max(first);
        let settled = leaf.page().max_txn() < self.txn.snapshot.settled_below;
        let mut reached = None;
        match self.direction {
            ScanDirection::Forward => {
                for slot in first..end {
                    if batch.len() >= entries_max {
                        reached = Some(slot - 1);
                        break;
                    }
                    self.push(&leaf, slot, settled, batch)?;
                }
            }
            ScanDirection::Backward => {
                for slot in (first..end).rev() {
                    if batch.len() >= entries_max {
                        reached = Some(slot + 1);
                        break;
                    }
                    self.push(&leaf, slot, settled, batch)?;
                }
            }
        }
        match (reached, self.direction) {
            (Some(slot), ScanDirection::Forward) => {
                self.rest.low = Bound::Excluded(leaf.slot(slot).0.to_vec());
            }
            (Some(slot), ScanDirection::Backward) => {
                self.rest.high = Bound::Excluded(leaf.slot(slot).0.to_vec());
            }
            (None, ScanDirection::Forward) => match upper {
                Some(fence) if end == leaf.page().slot_count() => {
                    self.rest.low = match makes(Mistake::ScanSkipsFence) {
                        true => Bound::Excluded(fence),
                        false => Bound::Included(fence),
                    };
                }
                _ => self.done = true,
            },
            (None, ScanDirection::Backward) => match lower {
                Some(fence) if first == 0 => self.rest.high = Bound::Excluded(fence),
                _ => self.done = true,
            },
        }
        Ok(())
    }

    fn push(
        &self,
        leaf: &Leaf<'_>,
        slot: usize,
        settled: bool,
        batch: &mut EntryBatch,
    ) -> Result<()> {
        let (key, entry) = leaf.slot(slot);
        if settled {
            return self.push_entry(key, entry, batch);
        }
        let txn = self.txn;
        let tree = self.open.tree.root();
        match txn
            .core
            .versions
            .seen(tree, key, &txn.snapshot, txn.state.borrow().as_ref())
        {
            Seen::Page => self.push_entry(key, entry, batch),
            Seen::Before(before) => match before.as_ref().map(StoredEntry::as_entry) {
                Some(entry) => self.push_entry(key, entry, batch),
                None => Ok(()),
            },
        }
    }

    fn push_entry(&self, key: &[u8], entry: Entry<'_>, batch: &mut EntryBatch) -> Result<()> {
        if entry.flags == 0 {
            batch.push(key, entry.value);
        } else if entry.flags & TOMBSTONE == 0 && entry.flags & OVERFLOW != 0 {
            batch.push(key, &self.txn.core.read_overflow(entry.value)?);
        }
        Ok(())
    }
}

/// The first slot within a lower bound.
fn lower_slot(leaf: &Leaf<'_>, low: &Bound<Vec<u8>>) -> usize {
    match low {
        Bound::Unbounded => 0,
        Bound::Included(key) => leaf.position(key).unwrap_or_else(|at| at),
        Bound::Excluded(key) => leaf.position(key).map_or_else(|at| at, |at| at + 1),
    }
}

/// The slot after the last within an upper bound.
fn upper_slot(leaf: &Leaf<'_>, high: &Bound<Vec<u8>>) -> usize {
    match high {
        Bound::Unbounded => leaf.page().slot_count(),
        Bound::Included(key) => leaf.position(key).map_or_else(|at| at, |at| at + 1),
        Bound::Excluded(key) => leaf.position(key).unwrap_or_else(|at| at),
    }
}

/// A batch ends early when it holds this many bytes.
const BATCH_BYTES_MAX: usize = 4 << 20;

impl StorageCursor for DiskCursor<'_> {
    fn next_batch(&mut self, batch: &mut EntryBatch, entries_max: usize) -> Result<bool> {
        batch.clear();
        self.txn.limits.check()?;
        while !self.done && batch.len() < entries_max && batch.size_bytes() < BATCH_BYTES_MAX {
            self.step(batch, entries_max)?;
        }
        if let (Some(reading), Some(range)) = (&self.txn.reading, &self.range) {
            let last = batch.len().checked_sub(1).map(|last| batch.key(last));
            reading.range(self.open.tree.root(), range, self.direction, last);
        }
        Ok(!batch.is_empty())
    }
}
