//! Verifying trees page by page.

use super::node::{OVERFLOW, child_at, leaf_entry, separator, slot_key};
use super::overflow::ChainRef;
use super::tree::{Tree, expect_node};
use crate::buffer::Pool;
use crate::page::{Page, PageId, PageKind};
use std::collections::BTreeMap;

/// Who owns which page, and what is wrong. A page that two own is a problem at once; one that nobody owns is found at
/// the end.
#[derive(Debug, Default)]
pub struct PageOwners {
    owners: BTreeMap<PageId, String>,
    /// One line for each problem; at most 1,000.
    pub problems: Vec<String>,
}

/// What a tree holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TreeReport {
    /// Entries, tombstones included.
    pub entries: u64,
    /// Tombstones.
    pub tombstones: u64,
}

/// Problems that are told; more are left out.
const PROBLEMS_MAX: usize = 1000;

/// Adds a problem, unless there are enough.
pub fn add_problem(problems: &mut Vec<String>, text: String) {
    if problems.len() < PROBLEMS_MAX {
        problems.push(text);
    }
}

impl PageOwners {
    /// Notes a problem.
    pub fn problem(&mut self, text: String) {
        add_problem(&mut self.problems, text);
    }

    /// `owner` claims `page`; false when it is taken already.
    pub fn claim(&mut self, page: PageId, owner: &str) -> bool {
        if let Some(other) = self.owners.get(&page) {
            let text = format!("page {} belongs both to {other} and to {owner}", page.0);
            self.problem(text);
            return false;
        }
        self.owners.insert(page, owner.to_owned());
        true
    }

    /// Whether somebody claimed `page`.
    pub fn is_owned(&self, page: PageId) -> bool {
        self.owners.contains_key(&page)
    }

    /// Pages claimed.
    pub fn len(&self) -> usize {
        self.owners.len()
    }

    /// Whether nothing is claimed.
    pub fn is_empty(&self) -> bool {
        self.owners.is_empty()
    }

    /// Claims the pages of a chain.
    pub fn claim_chain(&mut self, pool: &Pool, head: PageId, pages: u64, owner: &str) {
        let mut id = head;
        for _ in 0..pages {
            let next = match pool.read(id) {
                Ok(frame) if frame.page.kind() == Some(PageKind::Overflow) => frame.page.next(),
                Ok(_) => {
                    self.problem(format!("page {} of {owner} is no overflow page", id.0));
                    return;
                }
                Err(e) => {
                    self.problem(format!("{owner}: {e}"));
                    return;
                }
            };
            if !self.claim(id, owner) {
                return;
            }
            id = next;
        }
        if id != PageId::NONE {
            self.problem(format!("{owner} goes on after its end, at page {}", id.0));
        }
    }
}

struct Walk<'a> {
    pool: &'a Pool,
    tree: PageId,
    owner: String,
    owners: &'a mut PageOwners,
    report: TreeReport,
    /// The last page seen on each level, with the `next` that it names.
    last: BTreeMap<u8, (PageId, PageId)>,
}

/// Verifies order, fences, levels, sibling links, ownership and overflow chains of a tree (TREE-1 to TREE-4), whose
/// structure the caller has [locked](Tree::lock).
pub fn check_tree(tree: &Tree, name: &str, owners: &mut PageOwners) -> TreeReport {
    let mut walk = Walk {
        pool: &tree.pool,
        tree: tree.root(),
        owner: name.to_owned(),
        owners,
        report: TreeReport::default(),
        last: BTreeMap::new(),
    };
    walk.node(tree.root(), None, (None, None));
    let ends: Vec<_> = walk.last.values().copied().collect();
    for (page, next) in ends {
        if next != PageId::NONE {
            walk.problem(
                page,
                format!(
                    "the last of its level names a next page, {} (TREE-4)",
                    next.0
                ),
            );
        }
    }
    walk.report
}

impl Walk<'_> {
    fn problem(&mut self, page: PageId, what: impl std::fmt::Display) {
        let text = format!("page {} of {}: {what}", page.0, self.owner);
        self.owners.problem(text);
    }

    fn node(&mut self, id: PageId, level: Option<u8>, fences: (Option<&[u8]>, Option<&[u8]>)) {
        let owner = self.owner.clone();
        if !self.owners.claim(id, &owner) {
            return;
        }
        let page = match self.pool.read(id) {
            Ok(frame) => frame.page.clone(),
            Err(e) => return self.problem(id, e),
        };
        if let Err(e) = expect_node(&page, id, level) {
            return self.problem(id, e);
        }
        if page.tree() != self.tree.0 {
            self.problem(id, format!("claims to belong to tree {}", page.tree()));
        }
        self.links(&page);
        self.order(&page, fences);
        if page.level() == 0 {
            self.leaf(&page);
            return;
        }
        for index in 0..=page.slot_count() {
            let low = index.checked_sub(1).map(|i| separator(page.cell(i)));
            let high = (index < page.slot_count()).then(|| separator(page.cell(index)));
            self.node(
                child_at(&page, index),
                Some(page.level() - 1),
                (low.or(fences.0), high.or(fences.1)),
            );
        }
    }

    /// Nodes of a level are met from left to right.
    fn links(&mut self, page: &Page) {
        let before = self.last.insert(page.level(), (page.id(), page.next()));
        let (expected_prev, named) = before.unwrap_or((PageId::NONE, page.id()));
        if page.prev() != expected_prev {
            self.problem(
                page.id(),
                format!(
                    "prev is {}, not {} (TREE-4)",
                    page.prev().0,
                    expected_prev.0
                ),
            );
        }
        if named != page.id() {
            self.problem(
                expected_prev,
                format!("next is {}, not {} (TREE-4)", named.0, page.id().0),
            );
        }
    }

    fn order(&mut self, page: &Page, (low, high): (Option<&[u8]>, Option<&[u8]>)) {
        for slot in 0..page.slot_count() {
            let key = slot_key(page, slot);
            if slot > 0 && slot_key(page, slot - 1) >= key {
                self.problem(page.id(), format!("slot {slot} is out of order (TREE-1)"));
            }
            if low.is_some_and(|l| key < l) || high.is_some_and(|h| key >= h) {
                self.problem(
                    page.id(),
                    format!("slot {slot} is outside of its fences (TREE-1)"),
                );
            }
        }
    }

    fn leaf(&mut self, page: &Page) {
        for slot in 0..page.slot_count() {
            let entry = leaf_entry(page.cell(slot));
            self.report.entries += 1;
            self.report.tombstones += u64::from(entry.flags & super::TOMBSTONE != 0);
            if entry.flags & OVERFLOW != 0 {
                match ChainRef::decode(entry.value) {
                    Ok(chain) => {
                        let owner = format!("{}, slot {slot} of page {}", self.owner, page.id().0);
                        let pages = chain.pages(self.pool.page_bytes());
                        self.owners
                            .claim_chain(self.pool, chain.head, pages, &owner);
                    }
                    Err(e) => self.problem(page.id(), e),
                }
            }
        }
    }
}
