//! Scans of whole tables, whose columns may be kept: from leaf to leaf, a run at a time.
//!
//! ```text
//!   has nothing of the tree changed since all of its rows were found kept?   yes ▸ run after run, no page is read
//!   is a run kept that begins with this leaf, with all columns that are asked for?
//!     yes ▸ the next leaves are its pages with its LSNs, and settled?   yes ▸ nothing is copied
//!                                                                       no  ▸ back to where it began, as below
//!     no  ▸ copy the entries of leaf after leaf; keep them if all are settled
//! ```

use super::super::columns::{KeptRun, RowShape, Run, RunList, RunPages, Stamp};
use super::super::{EntryBatch, TreeId};
use super::core::OpenTree;
use super::cursor::{BATCH_BYTES_MAX, DiskCursor, LEAVES_MAX, lower_slot};
use crate::btree::{Leaf, Seek};
use crate::error::Result;
use crate::planted::{Mistake, makes};
use std::ops::Bound;
use std::sync::Arc;

/// The way of a scan over runs.
pub(super) struct Course {
    /// What counted the tree's changes when it began.
    changes: u64,
    /// All runs, as long as the scan follows them.
    list: Option<Arc<RunList>>,
    /// The newest transaction that changed a page so far; while the scan follows the list, that counts instead.
    max_txn: u64,
    /// The runs so far; none once there was a page that is not settled, or rows that are not kept.
    runs: Option<Vec<Arc<KeptRun>>>,
}

/// Rows of a run, or a few more.
const RUN_ROWS: usize = 8192;

/// A leaf as a scan meets it.
fn stamp(leaf: &Leaf<'_>) -> Stamp {
    (leaf.page().id(), leaf.page().lsn())
}

impl DiskCursor<'_> {
    fn tree_id(&self) -> TreeId {
        TreeId(self.open.tree.root().0)
    }

    /// As [`next_run`](super::super::StorageCursor::next_run).
    pub(super) fn kept_or_copied_run(
        &mut self,
        shape: &Arc<RowShape>,
        columns: &[usize],
        batch: &mut EntryBatch,
    ) -> Result<Option<Run>> {
        debug_assert!(self.rest.high == Bound::Unbounded);
        batch.clear();
        // Where a run ends depends on pages, and what was read must not.
        if let (Some(reading), Some(range)) = (&self.txn.reading, self.range.take()) {
            reading.range(self.open.tree.root(), &range, self.direction, None);
        }
        if self.course.is_none() {
            if self.done {
                return Ok(None);
            }
            self.course = Some(self.course(shape));
        }
        while !self.done {
            if let Some(kept) = self.listed(columns) {
                self.txn.limits.check()?;
                return Ok(Some(self.kept_run(kept, true)));
            }
            if self.done {
                break;
            }
            let start = self.rest.low.clone();
            if let Some(kept) = self.kept_here(shape, columns)? {
                return Ok(Some(self.kept_run(kept, true)));
            }
            self.rest.low = start;
            self.done = false;
            let run = self.copied(shape, batch)?;
            if run.rows() > 0 {
                return Ok(Some(run));
            }
        }
        self.note_course();
        Ok(None)
    }

    fn course(&self, shape: &RowShape) -> Course {
        let cache = &self.txn.core.columns;
        let changes = self.open.tree.pool().changes(self.open.tree.root().0);
        let list = cache.list(self.tree_id(), shape).filter(|list| {
            let settled_below = self.txn.snapshot.settled_below;
            (list.changes == changes || makes(Mistake::KeptColumnsOutlive))
                && (list.max_txn < settled_below || makes(Mistake::KeptColumnsForAll))
        });
        Course {
            changes,
            list,
            max_txn: 0,
            runs: Some(Vec::new()),
        }
    }

    /// The next run of the list, if there is one and it has all of `columns`; at its end the scan is done.
    fn listed(&mut self, columns: &[usize]) -> Option<Arc<KeptRun>> {
        let course = self.course.as_mut()?;
        let next = course.runs.as_ref().map_or(0, Vec::len);
        let Some(kept) = course.list.as_ref()?.runs.get(next).cloned() else {
            self.done = true;
            return None;
        };
        if !kept.has(columns) {
            // Among the pages so far there may have been some without rows, which are in no run.
            let list = course.list.take();
            course.max_txn = list.map_or(0, |list| list.max_txn).max(course.max_txn);
            return None;
        }
        self.rest.low = Bound::Excluded(kept.pages().last_key.to_vec());
        Some(kept)
    }

    fn kept_run(&mut self, kept: Arc<KeptRun>, was_there: bool) -> Run {
        if let Some(course) = &mut self.course {
            course.max_txn = course.max_txn.max(kept.pages().max_txn);
            if let Some(runs) = &mut course.runs {
                runs.push(kept.clone());
            }
        }
        Run::kept(kept, self.txn.core.columns.clone(), was_there)
    }

    /// At the end: if all rows were in runs that are kept, the next scan may go along them.
    fn note_course(&mut self) {
        let Some(course) = self.course.take() else {
            return;
        };
        if let (Some(runs), None) = (course.runs, course.list) {
            let list = RunList {
                changes: course.changes,
                max_txn: course.max_txn,
                runs,
            };
            self.txn.core.columns.note(self.tree_id(), list);
        }
    }

    /// Moves on over the pages of the run that begins with the leaf that comes next, if one with all of `columns` is kept and
    /// they are what they were; else the scan is somewhere among them.
    fn kept_here(&mut self, shape: &RowShape, columns: &[usize]) -> Result<Option<Arc<KeptRun>>> {
        let cache = self.txn.core.columns.clone();
        if !cache.is_on() {
            return Ok(None);
        }
        let tree = self.tree_id();
        let (mut kept, mut passed) = (None::<Arc<KeptRun>>, 0);
        self.leaves(|cursor, leaf, first| {
            let now = stamp(leaf);
            if passed == 0 && first == 0 {
                let found = cache.find(tree, now.0, shape);
                kept = found.filter(|kept| kept.has(columns));
            }
            let expected = kept
                .as_ref()
                .and_then(|kept| kept.pages().stamps.get(passed));
            let is_same = expected.is_some_and(|(page, lsn)| {
                now.0 == *page
                    && (now.1 == *lsn || makes(Mistake::KeptColumnsOutlive))
                    && (cursor.is_settled(leaf) || makes(Mistake::KeptColumnsForAll))
            });
            passed += usize::from(is_same);
            Ok(is_same)
        })?;
        let kept = kept.filter(|kept| passed == kept.pages().stamps.len());
        if let Some(kept) = &kept {
            self.rest.low = Bound::Excluded(kept.pages().last_key.to_vec());
        }
        Ok(kept)
    }

    /// Copies the entries that come next.
    fn copied(&mut self, shape: &Arc<RowShape>, batch: &mut EntryBatch) -> Result<Run> {
        let cache = self.txn.core.columns.clone();
        let tree = self.tree_id();
        let (mut stamps, mut max_txn) = (Vec::new(), 0);
        let mut may_be_kept = cache.is_on();
        self.leaves(|cursor, leaf, first| {
            let stamp = stamp(leaf);
            let is_full = batch.len() >= RUN_ROWS || batch.size_bytes() >= BATCH_BYTES_MAX;
            if !stamps.is_empty() && (is_full || may_be_kept && cache.begins(tree, stamp.0)) {
                return Ok(false);
            }
            may_be_kept &= first == 0 && cursor.is_settled(leaf);
            stamps.push(stamp);
            max_txn = leaf.page().max_txn().max(max_txn);
            let slots = first..leaf.page().slot_count();
            cursor.push_leaf(leaf, slots, batch, usize::MAX)?;
            Ok(true)
        })?;
        let mut kept = None;
        if let (true, Bound::Excluded(last)) = (may_be_kept && !batch.is_empty(), &self.rest.low) {
            let pages = RunPages {
                stamps,
                max_txn,
                last_key: last.as_slice().into(),
            };
            kept = cache.enter(tree, shape, pages, batch.len());
        }
        if let Some((run, was_there)) = kept {
            return Ok(self.kept_run(run, was_there));
        }
        if let Some(course) = &mut self.course {
            // Pages without rows are in no run, and yet somebody may see others in them.
            course.max_txn = course.max_txn.max(max_txn);
            if !may_be_kept || !batch.is_empty() {
                course.runs = None;
            }
        }
        Ok(Run::new(batch.len()))
    }

    /// Calls `each` with the leaves that come next, and the first slot that the scan has not seen, as long as it says to go
    /// on; moves on behind those. At the end of the tree the scan is done.
    fn leaves(
        &mut self,
        mut each: impl FnMut(&Self, &Leaf<'_>, usize) -> Result<bool>,
    ) -> Result<()> {
        let open = self.open.clone();
        loop {
            self.txn.limits.check()?;
            let Some((mut leaf, mut first)) = self.leaf_here(&open)? else {
                self.done = true;
                return Ok(());
            };
            for _ in 0..LEAVES_MAX {
                if !each(self, &leaf, first)? {
                    return Ok(());
                }
                if let Some(last) = leaf.page().slot_count().checked_sub(1) {
                    self.pass(&leaf, last)?;
                }
                first = 0;
                match open.tree.sibling(leaf, true)? {
                    Some(next) => leaf = next,
                    None => {
                        self.done = true;
                        return Ok(());
                    }
                }
            }
        }
    }

    /// The leaf that comes next, and the first of its slots that the scan has not seen; `None` at the end of the tree.
    fn leaf_here<'o>(&self, open: &'o Arc<OpenTree>) -> Result<Option<(Leaf<'o>, usize)>> {
        let seek = match &self.rest.low {
            Bound::Unbounded => Seek::First,
            Bound::Included(key) | Bound::Excluded(key) => Seek::Key(key),
        };
        let mut leaf = open.tree.leaf_at(seek)?;
        let mut first = lower_slot(&leaf, &self.rest.low);
        while first >= leaf.page().slot_count() {
            let Some(next) = open.tree.sibling(leaf, true)? else {
                return Ok(None);
            };
            (leaf, first) = (next, 0);
        }
        Ok(Some((leaf, first)))
    }
}
