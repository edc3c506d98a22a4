//! Giving pages back: replaced overflow chains and dropped trees, a few pages a record.

use super::core::{
    Core, PAGES_AT_FIRST, TREE_DROPPED, TREE_LIVE, garbage_key, page_of_key, tree_key,
};
use crate::btree::{
    ChainRef, Entry, OVERFLOW, Tree, expect_node, free_chain_step, inner_child, leaf_cell,
    leaf_entry, leaf_key, read_chain,
};
use crate::buffer::{Author, Change};
use crate::error::{Error, Result};
use crate::interrupt::WaitLimits;
use crate::page::{HEADER_BYTES, Page, PageId, PageKind, PageOp};
use crate::planted::{Mistake, makes};

/// Pages freed by one record.
const PAGES_PER_RECORD: u64 = 16;

/// An entry of the directory.
pub(super) enum DirectoryEntry {
    /// A tree that is there.
    Tree(PageId),
    /// A tree that was dropped.
    Dropped(PageId),
    /// A chain that was replaced; the key names its first page at the time, the value what is left of it.
    Chain { key_page: PageId, chain: ChainRef },
}

impl DirectoryEntry {
    fn parse(key: &[u8], entry: Entry<'_>) -> Result<Option<Self>> {
        if entry.flags != 0 {
            return Ok(None);
        }
        // What every database has is neither made nor dropped.
        let page = page_of_key(key).filter(|page| page.0 >= PAGES_AT_FIRST);
        match (key.first(), page, entry.value) {
            (Some(b'T'), Some(root), [TREE_LIVE]) => Ok(Some(Self::Tree(root))),
            (Some(b'T'), Some(root), [TREE_DROPPED]) => Ok(Some(Self::Dropped(root))),
            (Some(b'G'), Some(key_page), value) => Ok(Some(Self::Chain {
                key_page,
                chain: ChainRef::decode(value)?,
            })),
            _ => Err(Error::corrupt(
                "the directory holds an entry that it cannot have",
            )),
        }
    }
}

impl Core {
    /// The value of an overflow entry.
    pub(super) fn read_overflow(&self, reference: &[u8]) -> Result<Vec<u8>> {
        read_chain(&self.pool, ChainRef::decode(reference)?)
    }

    /// The directory as it is on its pages; with `settled` only entries without versions.
    pub(super) fn directory_entries(&self, settled: bool) -> Result<Vec<DirectoryEntry>> {
        let root = self.directory.tree.root();
        let mut found = Vec::new();
        self.directory.tree.for_each_leaf(|leaf| {
            for slot in 0..leaf.page().slot_count() {
                let (key, entry) = leaf.slot(slot);
                if !settled || self.versions.newest_writer(root, key).is_none() {
                    found.extend(DirectoryEntry::parse(key, entry)?);
                }
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// The trees that everybody sees.
    pub(super) fn live_trees(&self) -> Result<Vec<PageId>> {
        Ok(self
            .directory_entries(true)?
            .into_iter()
            .filter_map(|e| match e {
                DirectoryEntry::Tree(root) => Some(root),
                _ => None,
            })
            .collect())
    }

    /// Frees up to about `budget_pages` pages of what the directory says is garbage; gives their number. Stops between two
    /// records with `57014` when `limits` say so.
    pub(super) fn reclaim(&self, budget_pages: u64, limits: &WaitLimits) -> Result<u64> {
        let mut freed = 0;
        let settled = !makes(Mistake::DroppedTreeFreedEarly);
        for entry in self.directory_entries(settled)? {
            loop {
                if freed >= budget_pages {
                    self.note_garbage();
                    return Ok(freed);
                }
                limits.check()?;
                let _changing = self.changing.read();
                let step = match entry {
                    DirectoryEntry::Tree(_) => None,
                    DirectoryEntry::Chain { key_page, .. } => self.reclaim_chain(key_page)?,
                    DirectoryEntry::Dropped(root) => self.reclaim_tree(root)?,
                };
                match step {
                    Some(pages) => freed += pages,
                    None => break,
                }
            }
        }
        if self.versions.count() > 0 {
            // What still has versions is looked at again.
            self.note_garbage();
        }
        Ok(freed)
    }

    fn shortened(&self, chain: ChainRef, head: PageId, freed: u64) -> ChainRef {
        let piece_bytes = (self.pool.page_bytes() - HEADER_BYTES) as u64;
        ChainRef {
            len: chain.len.saturating_sub(freed * piece_bytes),
            head,
        }
    }

    /// Frees a piece of a garbage chain; `None` when it is all gone.
    fn reclaim_chain(&self, key_page: PageId) -> Result<Option<u64>> {
        let key = garbage_key(key_page);
        let leaf = self.directory.tree.leaf_mut(&key)?;
        let Some(entry) = leaf.entry() else {
            return Ok(None);
        };
        let chain = ChainRef::decode(entry.value)?;
        let mut pages = 0;
        leaf.change_with(Author::SYSTEM, |change| {
            let (head, freed) = free_chain_step(change, chain.head, PAGES_PER_RECORD)?;
            pages = freed;
            let rest = self.shortened(chain, head, freed).encode();
            let entry = Entry {
                flags: 0,
                value: &rest,
            };
            let cell = (head != PageId::NONE).then(|| leaf_cell(&key, entry));
            Ok((cell, Vec::new()))
        })?;
        Ok(Some(pages))
    }

    /// Frees a piece of a dropped tree, from its right edge; `None` when it is all gone.
    fn reclaim_tree(&self, root: PageId) -> Result<Option<u64>> {
        let key = tree_key(root);
        let leaf = self.directory.tree.leaf_mut(&key)?;
        if leaf.entry().is_none_or(|e| e.value != [TREE_DROPPED]) {
            return Ok(None);
        }
        let open = self.tree(root)?;
        let _structure = open.tree.lock();
        let (last, parent) = open.tree.last_leaf()?;
        if let Some(freed) = self.reclaim_overflow_of(last)? {
            return Ok(Some(freed));
        }
        let Some(parent) = parent else {
            leaf.change_with(Author::SYSTEM, |change| {
                change.free(root)?;
                Ok((None, Vec::new()))
            })?;
            drop(_structure);
            self.forget_tree(root);
            return Ok(Some(1));
        };
        drop(leaf);
        let mut change = Change::new(&self.pool, Author::SYSTEM);
        match change.page(parent)?.slot_count().checked_sub(1) {
            Some(slot) => change.apply(parent, PageOp::Remove(slot as u16)),
            None => {
                let empty = Page::new(self.pool.page_bytes(), parent, PageKind::Node, 0, root.0);
                change.replace(&empty);
            }
        }
        change.free(last)?;
        change.commit(&[])?;
        Ok(Some(1))
    }

    /// Frees a piece of an overflow chain of a leaf that is being given up; `None` when it has none.
    fn reclaim_overflow_of(&self, leaf: PageId) -> Result<Option<u64>> {
        let mut change = Change::new(&self.pool, Author::SYSTEM);
        let page = change.page(leaf)?;
        let found = (0..page.slot_count()).find_map(|slot| {
            let cell = page.cell(slot);
            let entry = leaf_entry(cell);
            (entry.flags & OVERFLOW != 0)
                .then(|| (slot, leaf_key(cell).to_vec(), entry.to_stored()))
        });
        let Some((slot, key, entry)) = found else {
            return Ok(None);
        };
        let chain = ChainRef::decode(&entry.value)?;
        let (head, freed) = free_chain_step(&mut change, chain.head, PAGES_PER_RECORD)?;
        if head == PageId::NONE {
            change.apply(leaf, PageOp::Remove(slot as u16));
        } else {
            let rest = self.shortened(chain, head, freed).encode();
            let entry = Entry {
                flags: OVERFLOW,
                value: &rest,
            };
            change.apply(leaf, PageOp::Replace(slot as u16, leaf_cell(&key, entry)));
        }
        change.commit(&[])?;
        Ok(Some(freed))
    }

    /// Claims the pages of a dropped tree, part of which may be gone.
    pub(super) fn claim_dropped(
        &self,
        id: PageId,
        level: Option<u8>,
        owner: &str,
        owners: &mut crate::btree::PageOwners,
    ) {
        if !owners.claim(id, owner) {
            return;
        }
        let page = match self.pool.read(id) {
            Ok(frame) => frame.page.clone(),
            Err(e) => return owners.problem(format!("{owner}: {e}")),
        };
        if let Err(e) = expect_node(&page, id, level) {
            return owners.problem(format!("{owner}: {e}"));
        }
        if let Some(below) = page.level().checked_sub(1) {
            for index in 0..=page.slot_count() {
                self.claim_dropped(inner_child(&page, index), Some(below), owner, owners);
            }
            return;
        }
        for slot in 0..page.slot_count() {
            let entry = leaf_entry(page.cell(slot));
            if entry.flags & OVERFLOW != 0 {
                match ChainRef::decode(entry.value) {
                    Ok(chain) => {
                        let pages = chain.pages(self.pool.page_bytes());
                        owners.claim_chain(&self.pool, chain.head, pages, owner);
                    }
                    Err(e) => owners.problem(format!("page {} of {owner}: {e}", id.0)),
                }
            }
        }
    }
}

/// Trees are named by their root.
pub(super) fn tree_name(tree: &Tree) -> String {
    format!("tree {}", tree.root().0)
}
