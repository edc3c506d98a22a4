//! Columns that are kept: what scans made of rows that lie together, so that the next scan need not make it again.
//!
//! ```text
//!   leaves of a tree   │ 7 │ 9 │ 12 │ 13 │ 40 │ …             read by each scan, as ever
//!                      └──── run ────┘└── run ───
//!   kept of the run    pages 7, 9, 12, each with the LSN that it had ▸ column 2, column 5, … as Arrow arrays
//! ```
//!
//! Promise: an array that is kept is what the rows of its run would give now. A scan goes over the leaves, and takes what is
//! kept when it meets the same pages with the same LSNs, and sees the newest version of each of their entries (COLUMNS-1);
//! what it saves is to copy and decode the rows. So nothing has to be thrown away when a page changes.
//!
//! As long as nothing of the tree has changed since a scan went over all of its leaves, the next need not even do that: it
//! goes along the list of the runs that the last one met (COLUMNS-2, [`Pool::changes`](crate::buffer::Pool::changes)). Like a
//! page in the pool, what is kept answers for what is on the disk until it is gone from memory.
//!
//! Runs belong to a tree and are named by their first page. A run ends where another begins that is kept, so a change
//! touches one run and not all behind it. When there is no room, a hand goes round as in a clock: runs that were used since
//! it came by stay, and one step is made for each array that finds no room, so a scan of more than there is room for does
//! not drive out all that others use.

use super::TreeId;
use crate::page::{Lsn, PageId};
use crate::sync::Mutex;
use crate::types::SqlType;
use arrow_array::{Array, ArrayRef};
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Bytes that a run takes beside its arrays and the list of its pages.
const RUN_BYTES: usize = 256;

/// How the rows of a tree are read: what is kept for one shape says nothing about another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowShape {
    /// Of all columns of the table.
    pub types: Vec<SqlType>,
    /// The column that is the key.
    pub row_id_column: Option<usize>,
}

/// A page as it was read.
pub(super) type Stamp = (PageId, Lsn);

/// The first page of a run, and its tree.
type RunName = (TreeId, PageId);

/// What is kept of all trees.
#[derive(Debug)]
pub(super) struct ColumnCache {
    bytes_max: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    runs: BTreeMap<RunName, Arc<KeptRun>>,
    /// Of trees all of whose rows are in runs that are kept.
    lists: BTreeMap<TreeId, Arc<RunList>>,
    bytes: usize,
    /// The run that the hand came by last.
    hand: Option<RunName>,
}

/// All rows of a tree.
#[derive(Debug)]
pub(super) struct RunList {
    /// What counted the tree's changes before they were read.
    pub(super) changes: u64,
    /// The newest transaction that changed one of the tree's leaves, those included that have no row and are in no run.
    pub(super) max_txn: u64,
    /// In order.
    pub(super) runs: Vec<Arc<KeptRun>>,
}

/// What a run is made of, beside its rows.
#[derive(Debug)]
pub(super) struct RunPages {
    pub(super) stamps: Vec<Stamp>,
    /// The newest transaction that changed one of them.
    pub(super) max_txn: u64,
    pub(super) last_key: Box<[u8]>,
}

/// Rows that lie together, and what is kept of them.
#[derive(Debug)]
pub(super) struct KeptRun {
    name: RunName,
    shape: Arc<RowShape>,
    pages: RunPages,
    rows: usize,
    columns: Mutex<BTreeMap<usize, ArrayRef>>,
    /// Since the hand came by.
    is_used: AtomicBool,
    /// There was no room for the column that was made last.
    is_refused: AtomicBool,
}

impl KeptRun {
    /// The pages that it was made of.
    pub(super) fn pages(&self) -> &RunPages {
        &self.pages
    }

    /// Whether all of `columns` are kept.
    pub(super) fn has(&self, columns: &[usize]) -> bool {
        self.is_used.store(true, Ordering::Relaxed);
        let kept = self.columns.lock();
        columns.iter().all(|column| kept.contains_key(column))
    }

    fn column(&self, column: usize) -> Option<ArrayRef> {
        self.columns.lock().get(&column).cloned()
    }

    fn bytes(&self) -> usize {
        let columns = self.columns.lock();
        let arrays: usize = columns.values().map(|a| a.get_array_memory_size()).sum();
        arrays + self.pages.stamps.len() * size_of::<Stamp>() + RUN_BYTES
    }
}

impl ColumnCache {
    /// Of at most `bytes_max` bytes; 0 keeps nothing.
    pub(super) fn new(bytes_max: usize) -> Self {
        Self {
            bytes_max,
            state: Mutex::default(),
        }
    }

    /// Whether anything may be kept.
    pub(super) fn is_on(&self) -> bool {
        self.bytes_max > 0
    }

    /// The run of `tree` that begins with page `first` and was made of rows of `shape`.
    pub(super) fn find(
        &self,
        tree: TreeId,
        first: PageId,
        shape: &RowShape,
    ) -> Option<Arc<KeptRun>> {
        let run = self.state.lock().runs.get(&(tree, first)).cloned()?;
        (*run.shape == *shape).then_some(run)
    }

    /// Whether a run of `tree` begins with page `first`.
    pub(super) fn begins(&self, tree: TreeId, first: PageId) -> bool {
        self.state.lock().runs.contains_key(&(tree, first))
    }

    /// Enters the run of `tree` made of these pages (at least one), which takes the place of one of other pages; and whether it
    /// was there. `None` without room.
    pub(super) fn enter(
        &self,
        tree: TreeId,
        shape: &Arc<RowShape>,
        pages: RunPages,
        rows: usize,
    ) -> Option<(Arc<KeptRun>, bool)> {
        let name = (tree, pages.stamps[0].0);
        let mut state = self.state.lock();
        if let Some(run) = state.runs.get(&name)
            && run.shape == *shape
            && run.pages.stamps == pages.stamps
        {
            return Some((run.clone(), true));
        }
        let run = Arc::new(KeptRun {
            name,
            shape: shape.clone(),
            pages,
            rows,
            columns: Mutex::default(),
            is_used: AtomicBool::new(true),
            is_refused: AtomicBool::new(false),
        });
        state.remove(name);
        let bytes = run.bytes();
        if !state.make_room(bytes, self.bytes_max) {
            return None;
        }
        state.bytes += bytes;
        state.runs.insert(name, run.clone());
        Some((run, false))
    }

    /// The runs of all rows of `tree`, if those are kept for rows of `shape`.
    pub(super) fn list(&self, tree: TreeId, shape: &RowShape) -> Option<Arc<RunList>> {
        let list = self.state.lock().lists.get(&tree).cloned()?;
        let first = list.runs.first()?;
        (*first.shape == *shape).then_some(list)
    }

    /// Notes the runs of all rows of `tree` (at least one), as long as they are kept.
    pub(super) fn note(&self, tree: TreeId, list: RunList) {
        let mut state = self.state.lock();
        if !list.runs.is_empty() && list.runs.iter().all(|run| state.is_kept(run)) {
            state.lists.insert(tree, Arc::new(list));
        }
    }

    /// Keeps the array of a column of `run`, if the run is still kept and there is room.
    fn keep(&self, run: &Arc<KeptRun>, column: usize, array: &ArrayRef) {
        let mut state = self.state.lock();
        if !state.is_kept(run) || run.has(&[column]) {
            return;
        }
        let bytes = array.get_array_memory_size();
        // Making room may have cost the run itself.
        let has_room = state.make_room(bytes, self.bytes_max) && state.is_kept(run);
        run.is_refused.store(!has_room, Ordering::Relaxed);
        if has_room {
            run.columns.lock().insert(column, array.clone());
            state.bytes += bytes;
        }
    }
}

impl State {
    fn is_kept(&self, run: &Arc<KeptRun>) -> bool {
        let kept = self.runs.get(&run.name);
        kept.is_some_and(|kept| Arc::ptr_eq(kept, run))
    }

    /// Whether there is room for `bytes`. If not, the hand makes one step.
    fn make_room(&mut self, bytes: usize, bytes_max: usize) -> bool {
        if self.bytes + bytes > bytes_max {
            let after = self.hand.map_or(Bound::Unbounded, Bound::Excluded);
            let behind = self.runs.range((after, Bound::Unbounded)).next();
            let next = behind.or_else(|| self.runs.first_key_value());
            let Some((name, run)) = next.map(|(name, run)| (*name, run.clone())) else {
                return false;
            };
            self.hand = Some(name);
            if !run.is_used.swap(false, Ordering::Relaxed) {
                self.remove(name);
            }
        }
        self.bytes + bytes <= bytes_max
    }

    fn remove(&mut self, name: RunName) {
        if let Some(run) = self.runs.remove(&name) {
            self.bytes -= run.bytes();
            self.lists.remove(&name.0);
        }
    }
}

/// Rows that lie together, as a cursor gave them, and what is kept of them.
///
/// Columns are named by their position in the table, or [`ROW_IDS`].
#[derive(Debug)]
pub struct Run {
    rows: usize,
    kept: Option<Kept>,
}

/// The name of the column that row ids make beside those of the table.
pub const ROW_IDS: usize = usize::MAX;

#[derive(Debug)]
struct Kept {
    run: Arc<KeptRun>,
    cache: Arc<ColumnCache>,
    /// Before this scan came by.
    was_there: bool,
}

impl Run {
    /// Of `rows` rows, of which nothing is kept.
    pub fn new(rows: usize) -> Self {
        Self { rows, kept: None }
    }

    pub(super) fn kept(run: Arc<KeptRun>, cache: Arc<ColumnCache>, was_there: bool) -> Self {
        Self {
            rows: run.rows,
            kept: Some(Kept {
                run,
                cache,
                was_there,
            }),
        }
    }

    /// How many rows it has.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Whether the run was there before, and there was room for its columns: then it is worth to keep more of them.
    pub fn is_known(&self) -> bool {
        let has_room = |kept: &Kept| !kept.run.is_refused.load(Ordering::Relaxed);
        self.kept
            .as_ref()
            .is_some_and(|kept| kept.was_there && has_room(kept))
    }

    /// The array of a column, if it is kept.
    pub fn column(&self, column: usize) -> Option<ArrayRef> {
        self.kept.as_ref()?.run.column(column)
    }

    /// Keeps the array of a column of all rows, if there is room.
    pub fn keep(&self, column: usize, array: &ArrayRef) {
        debug_assert_eq!(array.len(), self.rows);
        if let Some(kept) = &self.kept {
            kept.cache.keep(&kept.run, column, array);
        }
    }
}
