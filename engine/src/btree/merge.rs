//! Giving room back: merges, each one log record.

use super::node::{child_at, inner_cell, separator};
use super::tree::{Tree, expect_node};
use crate::buffer::{Author, Change};
use crate::error::Result;
use crate::page::{HEADER_BYTES, Page, PageId, PageOp};
use crate::planted::{Mistake, makes};

impl Tree {
    /// Merges the leaf of `key`, and what lies above it, with a sibling where both together leave a fifth of a page
    /// free and one is less than a third full. Gives the number of pages freed.
    ///
    /// # Errors
    /// `53100` when the log cannot grow; `58030` and `XX001` when pages cannot be read. The tree is sound whenever it
    /// returns.
    pub fn merge_at(&self, key: &[u8]) -> Result<u64> {
        let _structure = self.structure.write();
        let path = self.path(key)?;
        let mut freed = 0;
        for depth in (1..path.len()).rev() {
            let (parent, index) = path[depth - 1];
            if !self.is_sparse(path[depth].0)? || !self.merge_child(parent, index)? {
                break;
            }
            freed += 1;
        }
        while self.lower_root()? {
            freed += 1;
        }
        Ok(freed)
    }

    fn capacity(&self) -> usize {
        self.pool.page_bytes() - HEADER_BYTES
    }

    fn is_sparse(&self, id: PageId) -> Result<bool> {
        Ok(self.pool.read(id)?.page.used_bytes() * 3 < self.capacity())
    }

    /// Merges child `index` of `parent` with its right or else its left sibling; false when that is not possible.
    fn merge_child(&self, parent: PageId, index: usize) -> Result<bool> {
        let mut change = Change::new(&self.pool, Author::SYSTEM);
        let above = change.page(parent)?.clone();
        if above.slot_count() == 0 {
            return Ok(false);
        }
        let left_index = index.min(above.slot_count() - 1);
        let (left_id, right_id) = (
            child_at(&above, left_index),
            child_at(&above, left_index + 1),
        );
        let mut left = change.page(left_id)?.clone();
        let right = change.page(right_id)?.clone();
        expect_node(&right, right_id, Some(left.level()))?;
        let between = (left.level() > 0)
            .then(|| inner_cell(right.leftmost(), separator(above.cell(left_index))));
        let together = left.used_bytes()
            + right.used_bytes()
            + between.as_ref().map_or(0, |c| Page::footprint(c.len()));
        if together > self.capacity() / 5 * 4 {
            return Ok(false);
        }
        let next = right.next();
        if next != PageId::NONE {
            change.page(next)?;
        }
        let cells = between
            .iter()
            .map(Vec::as_slice)
            .chain((0..right.slot_count()).map(|slot| right.cell(slot)));
        for cell in cells {
            left.insert_cell(left.slot_count(), cell);
        }
        if !makes(Mistake::MergeForgetsMaxTxn) {
            left.raise_max_txn(right.max_txn());
        }
        left.set_next(next);
        change.replace(&left);
        if next != PageId::NONE && !makes(Mistake::MergeForgetsPrev) {
            change.set_prev(next, left_id);
        }
        change.apply(parent, PageOp::Remove(left_index as u16));
        change.free(right_id)?;
        change.commit(&[])?;
        Ok(true)
    }

    /// A root with a single child takes over that child's content.
    fn lower_root(&self) -> Result<bool> {
        let mut change = Change::new(&self.pool, Author::SYSTEM);
        let root = change.page(self.root())?;
        if root.level() == 0 || root.slot_count() > 0 {
            return Ok(false);
        }
        let (child, level) = (root.leftmost(), root.level() - 1);
        let below = change.page(child)?.clone();
        expect_node(&below, child, Some(level))?;
        change.replace(&below.moved_to(self.root()));
        if !makes(Mistake::LowerRootLeaksChild) {
            change.free(child)?;
        }
        change.commit(&[])?;
        Ok(true)
    }
}
