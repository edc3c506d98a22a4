//! Making room: splits and root growth, each one log record.

use super::node::{child_at, inner_cell, separator, shortest_separator, slot_key};
use super::tree::Tree;
use crate::buffer::{Author, Change};
use crate::error::{Error, Result};
use crate::page::{Page, PageId, PageKind, PageOp};
use crate::planted::{Mistake, makes};

/// How a node will be divided.
struct SplitPlan {
    /// The first slot that goes to the right; in an inner node that slot's key goes up instead.
    at: usize,
    separator: Vec<u8>,
}

impl Tree {
    /// Splits until the leaf of `key` has `need` free bytes.
    ///
    /// # Errors
    /// `53100` when database file or log cannot grow; `58030` and `XX001` when pages cannot be read. The tree is sound
    /// whenever it returns.
    pub fn make_room(&self, key: &[u8], need: usize) -> Result<()> {
        let _structure = self.structure.write();
        loop {
            let path = self.path(key)?;
            let leaf = path[path.len() - 1].0;
            if self.pool.read(leaf)?.page.free_bytes() >= need {
                return Ok(());
            }
            self.split_towards(&path, key)?;
        }
    }

    /// Splits the lowest node of the path whose parent has room for one more child.
    fn split_towards(&self, path: &[(PageId, usize)], key: &[u8]) -> Result<()> {
        for depth in (1..path.len()).rev() {
            let node = path[depth].0;
            let plan = plan(&self.pool.read(node)?.page, key)?;
            let (parent, index) = path[depth - 1];
            let room = self.pool.read(parent)?.page.free_bytes();
            if Page::footprint(4 + plan.separator.len()) <= room {
                return self.split_node(parent, index, node, &plan);
            }
        }
        self.grow_root()
    }

    /// The root's content moves to a new page, whose parent the root becomes.
    fn grow_root(&self) -> Result<()> {
        let mut change = Change::new(&self.pool, Author::SYSTEM);
        let old = change.page(self.root())?.clone();
        let below = change.allocate()?;
        let level = old.level().checked_add(1).ok_or_else(|| {
            Error::corrupt(format!("the tree of page {} is too high", self.root().0))
        })?;
        let mut root = Page::new(
            self.pool.page_bytes(),
            self.root(),
            PageKind::Node,
            level,
            self.root().0,
        );
        root.set_leftmost(below);
        change.replace(&old.moved_to(below));
        change.replace(&root);
        change.commit(&[]).map(drop)
    }

    fn split_node(
        &self,
        parent: PageId,
        index: usize,
        node: PageId,
        plan: &SplitPlan,
    ) -> Result<()> {
        let mut change = Change::new(&self.pool, Author::SYSTEM);
        let old = change.page(node)?.clone();
        let next = old.next();
        if next != PageId::NONE {
            change.page(next)?;
        }
        change.page(parent)?;
        let right_id = change.allocate()?;

        let mut right = Page::new(
            self.pool.page_bytes(),
            right_id,
            PageKind::Node,
            old.level(),
            self.root().0,
        );
        if !makes(Mistake::SplitForgetsMaxTxn) {
            right.raise_max_txn(old.max_txn());
        }
        right.set_next(next);
        right.set_prev(node);
        let mut from = plan.at;
        if old.level() > 0 {
            right.set_leftmost(child_at(&old, from + 1));
            from += 1;
        }
        from += usize::from(makes(Mistake::SplitLosesEntry));
        for (slot, moved) in (from..old.slot_count()).enumerate() {
            right.insert_cell(slot, old.cell(moved));
        }
        change.replace(&right);
        if plan.at < old.slot_count() {
            change.replace(&with_cells(&old, 0..plan.at));
        }
        change.set_next(node, right_id);
        if next != PageId::NONE && !makes(Mistake::SplitForgetsPrev) {
            change.set_prev(next, right_id);
        }
        let cell = inner_cell(right_id, &plan.separator);
        change.apply(parent, PageOp::Insert(index as u16, cell));
        change.commit(&[]).map(drop)
    }
}

/// The page with only these of its cells. Who calls links it to the page that has the others.
fn with_cells(page: &Page, slots: std::ops::Range<usize>) -> Page {
    let mut kept = Page::new(
        page.bytes().len(),
        page.id(),
        PageKind::Node,
        page.level(),
        page.tree(),
    );
    kept.raise_max_txn(page.max_txn());
    kept.set_prev(page.prev());
    kept.set_leftmost(page.leftmost());
    for (slot, old) in slots.enumerate() {
        kept.insert_cell(slot, page.cell(old));
    }
    kept
}

/// Where to divide `page` so that `key` finds room: in the middle of its bytes, or at its end when `key` would be
/// appended to the last node of its level.
fn plan(page: &Page, key: &[u8]) -> Result<SplitPlan> {
    let count = page.slot_count();
    if count < 2 {
        return Err(Error::corrupt(format!(
            "page {} is full with {count} cells (TREE-3)",
            page.id().0
        )));
    }
    let last = slot_key(page, count - 1);
    let appends = page.next() == PageId::NONE && last < key;
    if page.level() > 0 {
        let at = if appends {
            count - 2
        } else {
            middle(page).clamp(1, count - 2 + usize::from(count == 2))
        };
        return Ok(SplitPlan {
            at,
            separator: separator(page.cell(at)).to_vec(),
        });
    }
    if appends {
        return Ok(SplitPlan {
            at: count,
            separator: shortest_separator(last, key),
        });
    }
    let at = middle(page).clamp(1, count - 1);
    Ok(SplitPlan {
        at,
        separator: shortest_separator(slot_key(page, at - 1), slot_key(page, at)),
    })
}

/// The slot before which half of the bytes lie.
fn middle(page: &Page) -> usize {
    let half = page.used_bytes() / 2;
    let mut sum = 0;
    (0..page.slot_count())
        .find(|&slot| {
            sum += Page::footprint(page.cell(slot).len());
            sum > half
        })
        .unwrap_or_default()
}
