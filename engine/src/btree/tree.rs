//! A tree's handle: descents, and leaves read or changed.

use super::node::{
    Entry, EntryPlace, cell_bytes_max, child_at, child_index, child_index_before, leaf_cell,
    leaf_entry, leaf_key, leaf_place, search_leaf, separator,
};
use crate::buffer::{Author, Change, Frame, Pool};
use crate::error::{Error, Result};
use crate::page::{Lsn, Page, PageId, PageKind, PageOp};
use crate::sync::{LatchRead, LatchWrite, ReadGuard, RwLock};
use std::ops::Range;
use std::sync::Arc;

/// An open tree. All users of a tree must share one handle, whose latch orders them.
pub struct Tree {
    root: PageId,
    pub(super) pool: Arc<Pool>,
    pub(super) structure: RwLock<()>,
}

/// Which leaf to go to.
#[derive(Clone, Copy, Debug)]
pub enum Seek<'a> {
    /// The first.
    First,
    /// The last.
    Last,
    /// The one that would hold this key.
    Key(&'a [u8]),
    /// The one that would hold the keys just before this one.
    Before(&'a [u8]),
}

/// A leaf, latched shared.
pub struct Leaf<'t> {
    _structure: ReadGuard<'t, ()>,
    frame: LatchRead<Frame>,
    /// The leaf that was sought, from which neighbours have led here.
    start: PageId,
}

/// A leaf, latched exclusively, and the place of a key in it.
pub struct LeafMut<'t> {
    tree: &'t Tree,
    _structure: ReadGuard<'t, ()>,
    frame: LatchWrite<Frame>,
    slot: Result<usize, usize>,
}

/// A page must be a node of this level (TREE-2), else the file is damaged.
pub(crate) fn expect_node(page: &Page, id: PageId, level: Option<u8>) -> Result<()> {
    if page.kind() == Some(PageKind::Node) && level.is_none_or(|l| l == page.level()) {
        return Ok(());
    }
    Err(Error::corrupt(format!(
        "page {} is damaged: a node{} was expected (TREE-2)",
        id.0,
        level.map(|l| format!(" of level {l}")).unwrap_or_default()
    )))
}

/// A page whose keys are not where they would be found, so that the file is damaged.
pub(crate) fn out_of_order(id: PageId) -> Error {
    Error::corrupt(format!(
        "page {} is damaged: its keys are out of order (TREE-1)",
        id.0
    ))
}

impl Tree {
    /// The tree whose root is `root`.
    pub fn new(root: PageId, pool: Arc<Pool>) -> Self {
        Self {
            root,
            pool,
            structure: RwLock::new(()),
        }
    }

    /// The empty root page of a new tree.
    pub fn empty_root(page_bytes: usize, root: PageId) -> Page {
        Page::new(page_bytes, root, PageKind::Node, 0, root.0)
    }

    /// Its root.
    pub fn root(&self) -> PageId {
        self.root
    }

    /// The pool its pages live in.
    pub fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }

    /// Keeps the whole tree from being touched by others.
    pub fn lock(&self) -> crate::sync::WriteGuard<'_, ()> {
        self.structure.write()
    }

    /// Goes down to the parent of the leaf that `pick` chooses at each inner node. Gives the leaf's number, or `None`
    /// when the root is the leaf.
    fn descend(&self, mut pick: impl FnMut(&Page) -> usize) -> Result<Option<PageId>> {
        let mut id = self.root;
        let mut level = None;
        loop {
            let frame = self.pool.read(id)?;
            expect_node(&frame.page, id, level)?;
            let Some(below) = frame.page.level().checked_sub(1) else {
                return Ok(None);
            };
            id = child_at(&frame.page, pick(&frame.page));
            if below == 0 {
                return Ok(Some(id));
            }
            level = Some(below);
        }
    }

    /// The leaf that a descent has found, as the first of those that neighbours may lead to.
    fn found_leaf<'t>(
        &self,
        structure: ReadGuard<'t, ()>,
        found: Option<PageId>,
    ) -> Result<Leaf<'t>> {
        let frame = self.latch_leaf(found)?;
        Ok(Leaf {
            start: frame.page.id(),
            frame,
            _structure: structure,
        })
    }

    fn latch_leaf(&self, found: Option<PageId>) -> Result<LatchRead<Frame>> {
        let id = found.unwrap_or(self.root);
        let frame = self.pool.read(id)?;
        expect_node(&frame.page, id, Some(0))?;
        Ok(frame)
    }

    /// The leaf that would hold `key`.
    ///
    /// # Errors
    /// `58030` when a page cannot be read, `XX001` when one is damaged.
    pub fn leaf(&self, key: &[u8]) -> Result<Leaf<'_>> {
        self.leaf_at(Seek::Key(key))
    }

    /// The leaf that `seek` names.
    ///
    /// # Errors
    /// As [`Tree::leaf`].
    pub fn leaf_at(&self, seek: Seek<'_>) -> Result<Leaf<'_>> {
        let structure = self.structure.read();
        let found = self.descend(|page| seek.child(page))?;
        self.found_leaf(structure, found)
    }

    /// The leaf that `seek` names. `lower` and `upper` become its fences: its keys are at or above `lower` and below
    /// `upper`; `None` at the edge of the tree. They lie around the key of `seek`, so that to go from fence to fence has
    /// an end.
    ///
    /// # Errors
    /// As [`Tree::leaf`].
    pub fn leaf_with_fences(
        &self,
        seek: Seek<'_>,
        lower: &mut Option<Vec<u8>>,
        upper: &mut Option<Vec<u8>>,
    ) -> Result<Leaf<'_>> {
        (*lower, *upper) = (None, None);
        let structure = self.structure.read();
        let found = self.descend(|page| {
            let index = seek.child(page);
            if index > 0 {
                *lower = Some(separator(page.cell(index - 1)).to_vec());
            }
            if index < page.slot_count() {
                *upper = Some(separator(page.cell(index)).to_vec());
            }
            index
        })?;
        let goes_on = match seek {
            Seek::First | Seek::Last => true,
            Seek::Key(key) => upper.as_deref().is_none_or(|upper| key < upper),
            Seek::Before(key) => lower.as_deref().is_none_or(|lower| lower < key),
        };
        if !goes_on {
            return Err(out_of_order(found.unwrap_or(self.root)));
        }
        self.found_leaf(structure, found)
    }

    /// The leaf after `leaf`, or before it; `None` at the edge of the tree. The tree has kept its structure since `leaf` was
    /// found. There is an end also in a damaged file: where each leaf names the one before it (TREE-4), none but the
    /// first can come again.
    ///
    /// # Errors
    /// As [`Tree::leaf`].
    pub fn sibling<'t>(&'t self, leaf: Leaf<'t>, after: bool) -> Result<Option<Leaf<'t>>> {
        let Leaf {
            _structure,
            frame,
            start,
        } = leaf;
        let neighbours = |page: &Page| match after {
            true => (page.prev(), page.next()),
            false => (page.next(), page.prev()),
        };
        let (from, (_, id)) = (frame.page.id(), neighbours(&frame.page));
        drop(frame);
        if id == PageId::NONE {
            return Ok(None);
        }
        let frame = self.latch_leaf(Some(id))?;
        if neighbours(&frame.page).0 != from || id == start {
            return Err(Error::corrupt(format!(
                "page {} is damaged: it is no neighbour of page {} (TREE-4)",
                id.0, from.0
            )));
        }
        Ok(Some(Leaf {
            _structure,
            frame,
            start,
        }))
    }

    /// Calls `each` with all leaves from left to right, each latched shared meanwhile. Between two of them the tree may
    /// change: a key that is there all the time is met once.
    ///
    /// # Errors
    /// As [`Tree::leaf`], and what `each` returns.
    pub fn for_each_leaf(&self, mut each: impl FnMut(&Leaf<'_>) -> Result<()>) -> Result<()> {
        let (mut lower, mut upper) = (None, None);
        let mut next: Option<Vec<u8>> = None;
        loop {
            let seek = next.as_deref().map_or(Seek::First, Seek::Key);
            each(&self.leaf_with_fences(seek, &mut lower, &mut upper)?)?;
            next = upper.take();
            if next.is_none() {
                return Ok(());
            }
        }
    }

    /// The leaf that holds or would hold `key`, to change it there.
    ///
    /// # Errors
    /// As [`Tree::leaf`].
    pub fn leaf_mut(&self, key: &[u8]) -> Result<LeafMut<'_>> {
        let structure = self.structure.read();
        let id = self
            .descend(|page| child_index(page, key))?
            .unwrap_or(self.root);
        let frame = self.pool.write(id)?;
        expect_node(&frame.page, id, Some(0))?;
        let slot = search_leaf(&frame.page, key);
        Ok(LeafMut {
            tree: self,
            _structure: structure,
            frame,
            slot,
        })
    }

    /// The leaf at the right edge, and its parent if it is not the root. For those who hold the structure latch exclusively.
    pub(crate) fn last_leaf(&self) -> Result<(PageId, Option<PageId>)> {
        let mut parent = None;
        let found = self.descend(|page| {
            parent = Some(page.id());
            page.slot_count()
        })?;
        Ok((self.latch_leaf(found)?.page.id(), parent))
    }

    /// Pages and child numbers from the root to the leaf of `key`; the leaf's own number is 0. For those who hold the
    /// structure latch exclusively.
    pub(super) fn path(&self, key: &[u8]) -> Result<Vec<(PageId, usize)>> {
        let mut path = Vec::new();
        let mut id = self.root;
        let mut level = None;
        loop {
            let frame = self.pool.read(id)?;
            expect_node(&frame.page, id, level)?;
            if frame.page.level() == 0 {
                path.push((id, 0));
                return Ok(path);
            }
            let index = child_index(&frame.page, key);
            path.push((id, index));
            id = child_at(&frame.page, index);
            level = Some(frame.page.level() - 1);
        }
    }
}

impl Seek<'_> {
    /// Which child of an inner node leads there.
    fn child(self, page: &Page) -> usize {
        match self {
            Self::First => 0,
            Self::Last => page.slot_count(),
            Self::Key(key) => child_index(page, key),
            Self::Before(key) => child_index_before(page, key),
        }
    }
}

impl Leaf<'_> {
    /// Its page.
    pub fn page(&self) -> &Page {
        &self.frame.page
    }

    /// The entry under `key`.
    pub fn entry(&self, key: &[u8]) -> Option<Entry<'_>> {
        let slot = search_leaf(&self.frame.page, key).ok()?;
        Some(leaf_entry(self.frame.page.cell(slot)))
    }

    /// The slot of `key`, or where it would be.
    ///
    /// # Errors
    /// Where it would be.
    pub fn position(&self, key: &[u8]) -> Result<usize, usize> {
        search_leaf(&self.frame.page, key)
    }

    /// Where the entries of `slots` lie in the page (an assertion of PAGE-2 when there are not so many).
    pub fn places(
        &self,
        slots: Range<usize>,
    ) -> impl DoubleEndedIterator<Item = EntryPlace> + ExactSizeIterator {
        let page = &self.frame.page;
        let cells = page.cell_ranges(slots);
        cells.map(|cell| leaf_place(page.bytes(), cell))
    }

    /// Key and entry of a slot (an assertion of PAGE-2 when there is none).
    pub fn slot(&self, slot: usize) -> (&[u8], Entry<'_>) {
        let cell = self.frame.page.cell(slot);
        (leaf_key(cell), leaf_entry(cell))
    }
}

impl<'t> LeafMut<'t> {
    /// The entry under the key.
    pub fn entry(&self) -> Option<Entry<'_>> {
        self.slot
            .ok()
            .map(|slot| leaf_entry(self.frame.page.cell(slot)))
    }

    /// Bytes that must become free before the key can hold `entry`; `None` when it fits as it is.
    pub fn lacks(&self, key: &[u8], entry: Entry<'_>) -> Option<usize> {
        let cell = 3 + key.len() + entry.value.len();
        assert!(
            cell <= cell_bytes_max(self.frame.page.bytes().len()),
            "TREE-3: a cell of {cell} bytes was not moved to overflow"
        );
        let need = match self.slot {
            Ok(slot) => cell.saturating_sub(self.frame.page.cell(slot).len()),
            Err(_) => Page::footprint(cell),
        };
        (need > self.frame.page.free_bytes()).then_some(need)
    }

    fn put_op(&self, key: &[u8], entry: Entry<'_>) -> PageOp {
        let cell = leaf_cell(key, entry);
        match self.slot {
            Ok(slot) => PageOp::Replace(slot as u16, cell),
            Err(slot) => PageOp::Insert(slot as u16, cell),
        }
    }

    /// Puts `entry` under the key; the caller has asked [`LeafMut::lacks`]. Gives the start of the record.
    ///
    /// # Errors
    /// `53100` when the log is full, `58030` when it has stopped.
    pub fn put(self, key: &[u8], entry: Entry<'_>, author: Author<'_>, undo: &[u8]) -> Result<Lsn> {
        let op = self.put_op(key, entry);
        Change::one(&self.tree.pool, author, self.frame, op, undo)
    }

    /// Removes the key from the page, if it is there.
    ///
    /// # Errors
    /// As [`LeafMut::put`].
    pub fn remove(self, author: Author<'_>, undo: &[u8]) -> Result<Option<Lsn>> {
        let Ok(slot) = self.slot else {
            return Ok(None);
        };
        let op = PageOp::Remove(slot as u16);
        Change::one(&self.tree.pool, author, self.frame, op, undo).map(Some)
    }

    /// Does what `also` does to other pages, and puts the cell that it gives under the key (`None`: removes the key), as
    /// one record with the undo note that it gives. The caller has asked [`LeafMut::lacks`].
    ///
    /// # Errors
    /// As [`LeafMut::put`], and what `also` returns.
    pub fn change_with(
        self,
        author: Author<'_>,
        also: impl FnOnce(&mut Change<'_>) -> Result<(Option<Vec<u8>>, Vec<u8>)>,
    ) -> Result<Lsn> {
        let id = self.frame.page.id();
        let mut change = Change::new(&self.tree.pool, author);
        change.adopt(id, self.frame);
        let (cell, undo) = also(&mut change)?;
        match (self.slot, cell) {
            (Ok(slot), Some(cell)) => change.apply(id, PageOp::Replace(slot as u16, cell)),
            (Err(slot), Some(cell)) => change.apply(id, PageOp::Insert(slot as u16, cell)),
            (Ok(slot), None) => change.apply(id, PageOp::Remove(slot as u16)),
            (Err(_), None) => {}
        }
        change.commit(&undo)
    }

    /// Whether the leaf is sparse enough that, once the key is removed, a merge should be tried. Not with every
    /// removal, for a sibling may be full.
    pub fn wants_merge(&self) -> bool {
        let page = &self.frame.page;
        page.used_bytes() * 3 < page.bytes().len() && page.slot_count() % 8 <= 1
    }
}
