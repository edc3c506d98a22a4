//! Scans: some leaves at a time, nothing held between two steps.

use super::super::{EntryBatch, KeyRange, RowShape, Run, ScanDirection, StorageCursor};
use super::core::OpenTree;
use super::runs::Course;
use super::transaction::DiskTxn;
use crate::btree::{Entry, EntryPlace, Leaf, OVERFLOW, Seek, StoredEntry, TOMBSTONE, out_of_order};
use crate::error::Result;
use crate::planted::{Mistake, makes};
use crate::txn::Seen;
use std::ops::{Bound, Range};
use std::sync::Arc;

/// A page is copied as a whole when at least one in so many of its entries is asked for.
const COPY_PART: usize = 4;

/// The structure of a tree is kept for so many leaves at a time: long enough that going down costs little, and short enough
/// that a split need not wait.
pub(super) const LEAVES_MAX: usize = 16;

/// A scan of a [`DiskTxn`].
pub(super) struct DiskCursor<'t> {
    pub(super) txn: &'t DiskTxn,
    pub(super) open: Arc<OpenTree>,
    /// What is scanned, where reads are noted.
    pub(super) range: Option<KeyRange>,
    /// What is left to scan.
    pub(super) rest: KeyRange,
    pub(super) direction: ScanDirection,
    pub(super) done: bool,
    /// Once runs were asked for.
    pub(super) course: Option<Course>,
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
            course: None,
        }
    }

    /// Appends what is visible of the leaves that come next, and moves on.
    fn step(&mut self, batch: &mut EntryBatch, entries_max: usize) -> Result<()> {
        let seek = match (self.direction, &self.rest.low, &self.rest.high) {
            (ScanDirection::Forward, Bound::Unbounded, _) => Seek::First,
            (ScanDirection::Forward, Bound::Included(k) | Bound::Excluded(k), _) => Seek::Key(k),
            (ScanDirection::Backward, _, Bound::Unbounded) => Seek::Last,
            (ScanDirection::Backward, _, Bound::Included(k)) => Seek::Key(k),
            (ScanDirection::Backward, _, Bound::Excluded(k)) => Seek::Before(k),
        };
        let open = self.open.clone();
        let forward = self.direction == ScanDirection::Forward;
        let mut leaf = open.tree.leaf_at(seek)?;
        let (mut leaves, mut moved) = (0, false);
        loop {
            // Only the first leaf can begin before the range.
            let first = match leaves {
                1.. if forward && makes(Mistake::ScanSkipsFence) => 1.min(leaf.page().slot_count()),
                1.. if forward => 0,
                _ => lower_slot(&leaf, &self.rest.low),
            };
            let end = upper_slot(&leaf, &self.rest.high).max(first);
            let last = self.push_leaf(&leaf, first..end, batch, entries_max)?;
            if let Some(slot) = last {
                moved = true;
                self.pass(&leaf, slot)?;
            }
            leaves += 1;
            let is_whole = match forward {
                true => end == last.map_or(first, |slot| slot + 1),
                false => first == last.unwrap_or(end),
            };
            let enough = leaves >= LEAVES_MAX || batch.size_bytes() >= BATCH_BYTES_MAX;
            if !is_whole || (moved && enough) {
                return Ok(());
            }
            let goes_on = match forward {
                true => end == leaf.page().slot_count(),
                false => first == 0,
            };
            let next = match goes_on {
                true => open.tree.sibling(leaf, forward)?,
                false => None,
            };
            match next {
                Some(next) => leaf = next,
                None => {
                    self.done = true;
                    return Ok(());
                }
            }
        }
    }

    /// Leaves behind what is in `slot` of `leaf` and all that comes before it. A scan never goes back, so it has an end also
    /// in a damaged file.
    pub(super) fn pass(&mut self, leaf: &Leaf<'_>, slot: usize) -> Result<()> {
        let key = leaf.slot(slot).0;
        if !self.rest.contains(key) {
            return Err(out_of_order(leaf.page().id()));
        }
        let bound = match self.direction {
            ScanDirection::Forward => &mut self.rest.low,
            ScanDirection::Backward => &mut self.rest.high,
        };
        exclude(bound, key);
        Ok(())
    }

    /// Whether the snapshot sees the newest version of each entry of `leaf`.
    pub(super) fn is_settled(&self, leaf: &Leaf<'_>) -> bool {
        leaf.page().max_txn() < self.txn.snapshot.settled_below
    }

    /// Appends what is visible of `slots` of `leaf` until there are enough entries; gives the last slot that was looked at.
    pub(super) fn push_leaf(
        &self,
        leaf: &Leaf<'_>,
        slots: Range<usize>,
        batch: &mut EntryBatch,
        entries_max: usize,
    ) -> Result<Option<usize>> {
        let settled = self.is_settled(leaf);
        let wanted = slots.len().min(entries_max - batch.len());
        let visit = Visit {
            leaf,
            settled,
            copies: settled && wanted * COPY_PART >= leaf.page().slot_count(),
        };
        let places = slots.clone().zip(leaf.places(slots));
        match self.direction {
            ScanDirection::Forward => self.push_all(&visit, places, batch, entries_max),
            ScanDirection::Backward => self.push_all(&visit, places.rev(), batch, entries_max),
        }
    }

    /// Appends what is visible of `slots` until there are enough entries; gives the last slot that was looked at.
    fn push_all(
        &self,
        visit: &Visit<'_>,
        slots: impl Iterator<Item = (usize, EntryPlace)>,
        batch: &mut EntryBatch,
        entries_max: usize,
    ) -> Result<Option<usize>> {
        let page = visit.leaf.page().bytes();
        let (mut last, mut copied) = (None, None);
        for (slot, place) in slots {
            if batch.len() >= entries_max {
                break;
            }
            last = Some(slot);
            match place.flags {
                0 if visit.copies => {
                    let copied = *copied.get_or_insert_with(|| batch.push_bytes(page));
                    batch.push_place(copied, place.key, place.value, place.end);
                }
                _ => {
                    let entry = Entry {
                        flags: place.flags,
                        value: &page[place.value..place.end],
                    };
                    let key = &page[place.key..place.value];
                    match visit.settled {
                        true => self.push_entry(key, entry, batch)?,
                        false => self.push_version(key, entry, batch)?,
                    }
                }
            }
        }
        Ok(last)
    }

    /// Appends the version of an entry that this transaction sees.
    fn push_version(&self, key: &[u8], entry: Entry<'_>, batch: &mut EntryBatch) -> Result<()> {
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

/// A leaf that is read.
struct Visit<'a> {
    leaf: &'a Leaf<'a>,
    /// Whether everybody sees the newest versions of all of its entries.
    settled: bool,
    /// Whether its page is copied at once, since most of its entries are wanted.
    copies: bool,
}

/// Makes `bound` exclude `key`.
fn exclude(bound: &mut Bound<Vec<u8>>, key: &[u8]) {
    let mut bytes = match std::mem::replace(bound, Bound::Unbounded) {
        Bound::Included(bytes) | Bound::Excluded(bytes) => bytes,
        Bound::Unbounded => Vec::new(),
    };
    bytes.clear();
    bytes.extend_from_slice(key);
    *bound = Bound::Excluded(bytes);
}

/// The first slot within a lower bound.
pub(super) fn lower_slot(leaf: &Leaf<'_>, low: &Bound<Vec<u8>>) -> usize {
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
pub(super) const BATCH_BYTES_MAX: usize = 4 << 20;

impl StorageCursor for DiskCursor<'_> {
    fn next_batch(&mut self, batch: &mut EntryBatch, entries_max: usize) -> Result<bool> {
        batch.clear();
        while !self.done
            && batch.len() < entries_max
            && (batch.is_empty() || batch.size_bytes() < BATCH_BYTES_MAX)
        {
            self.txn.limits.check()?;
            self.step(batch, entries_max)?;
            if batch.is_empty() && makes(Mistake::ScanEndsOverRemoved) {
                break;
            }
        }
        if let (Some(reading), Some(range)) = (&self.txn.reading, &self.range) {
            let last = batch.len().checked_sub(1).map(|last| batch.key(last));
            reading.range(self.open.tree.root(), range, self.direction, last);
        }
        Ok(!batch.is_empty())
    }

    fn next_run(
        &mut self,
        shape: &Arc<RowShape>,
        columns: &[usize],
        batch: &mut EntryBatch,
    ) -> Result<Option<Run>> {
        self.kept_or_copied_run(shape, columns, batch)
    }
}
