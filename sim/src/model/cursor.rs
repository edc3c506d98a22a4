//! A scan of the model: a range query for each batch.

use super::store::{Version, visible};
use super::txn::ModelTxn;
use quantadb::Result;
use quantadb::storage::{
    EntryBatch, KeyRange, RowShape, Run, ScanDirection, StorageCursor, TreeId,
};
use std::ops::Bound;
use std::sync::Arc;

/// A position in a scan: what is left of its range.
pub(super) struct ModelCursor<'a> {
    txn: &'a ModelTxn,
    tree: TreeId,
    range: KeyRange,
    rest: KeyRange,
    direction: ScanDirection,
}

impl<'a> ModelCursor<'a> {
    pub(super) fn new(
        txn: &'a ModelTxn,
        tree: TreeId,
        range: KeyRange,
        direction: ScanDirection,
    ) -> Self {
        Self {
            txn,
            tree,
            rest: range.clone(),
            range,
            direction,
        }
    }
}

/// Whether no key can lie in the range (such a range a `BTreeMap` refuses with a panic).
fn is_empty(range: &KeyRange) -> bool {
    match (&range.low, &range.high) {
        (Bound::Included(low), Bound::Included(high)) => low > high,
        (
            Bound::Included(low) | Bound::Excluded(low),
            Bound::Included(high) | Bound::Excluded(high),
        ) => low >= high,
        _ => false,
    }
}

impl StorageCursor for ModelCursor<'_> {
    fn next_batch(&mut self, batch: &mut EntryBatch, entries_max: usize) -> Result<bool> {
        batch.clear();
        self.txn.limits.check()?;
        if is_empty(&self.rest) {
            self.txn.note_read(self.tree, self.range.clone());
            return Ok(false);
        }
        let (tree, rest, direction) = (self.tree, &self.rest, self.direction);
        let last = self.txn.read(|store, me, snapshot| {
            let entries = &store.tree(tree, me, snapshot)?.entries;
            let mut range = entries.range((rest.low.clone(), rest.high.clone()));
            let mut next = || -> Option<(&Vec<u8>, &Vec<Version>)> {
                match direction {
                    ScanDirection::Forward => range.next(),
                    ScanDirection::Backward => range.next_back(),
                }
            };
            let mut last = None;
            while batch.len() < entries_max.max(1)
                && let Some((key, chain)) = next()
            {
                if let Some(value) = visible(chain, me, snapshot) {
                    batch.push(key, value);
                    last = Some(key.clone());
                }
            }
            Ok(last)
        })?;
        let mut read = self.range.clone();
        let Some(last) = last else {
            self.txn.note_read(tree, read);
            return Ok(false);
        };
        match direction {
            ScanDirection::Forward => {
                read.high = Bound::Included(last.clone());
                self.rest.low = Bound::Excluded(last);
            }
            ScanDirection::Backward => {
                read.low = Bound::Included(last.clone());
                self.rest.high = Bound::Excluded(last);
            }
        }
        self.txn.note_read(tree, read);
        Ok(true)
    }

    fn next_run(
        &mut self,
        _: &Arc<RowShape>,
        _: &[usize],
        batch: &mut EntryBatch,
    ) -> Result<Option<Run>> {
        self.txn.note_read(self.tree, self.range.clone());
        Ok(self.next_batch(batch, 1024)?.then(|| Run::new(batch.len())))
    }
}
