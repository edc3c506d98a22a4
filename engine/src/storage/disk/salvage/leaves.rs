//! The leaves of a damaged file, by the trees that they say they belong to.

use super::pages::Pages;
use crate::btree::{Entry, add_problem, leaf_entry, leaf_key};
use crate::error::Result;
use crate::page::{Lsn, Page, PageId, PageKind};
use std::collections::BTreeMap;

struct Leaf {
    page: PageId,
    lsn: Lsn,
    first: Box<[u8]>,
    last: Box<[u8]>,
}

/// The leaves of each tree that are not empty, in the order in which to read them.
pub(super) struct Leaves(BTreeMap<PageId, Vec<Leaf>>);

fn key_at(page: &Page, slot: usize) -> Box<[u8]> {
    leaf_key(page.cell(slot)).into()
}

impl Leaves {
    /// Looks at all pages; those that cannot be read go to `problems`.
    pub(super) fn find(pages: &Pages, problems: &mut Vec<String>) -> Self {
        let mut trees: BTreeMap<PageId, Vec<Leaf>> = BTreeMap::new();
        for id in (1..pages.end()).map(PageId) {
            let page = match pages.page(id) {
                Ok(page) => page,
                Err(error) => {
                    add_problem(problems, error.to_string());
                    continue;
                }
            };
            let cells = page.slot_count();
            if page.kind() == Some(PageKind::Node) && page.level() == 0 && cells > 0 {
                trees.entry(PageId(page.tree())).or_default().push(Leaf {
                    page: id,
                    lsn: page.lsn(),
                    first: key_at(&page, 0),
                    last: key_at(&page, cells - 1),
                });
            }
        }
        for leaves in trees.values_mut() {
            leaves.sort_by(|a, b| a.first.cmp(&b.first));
            // Two leaves of a sound tree share no key: of these, one page is older than the other knows.
            if leaves.windows(2).any(|two| two[0].last >= two[1].first) {
                leaves.sort_by_key(|leaf| leaf.lsn);
            }
        }
        Self(trees)
    }

    /// Calls `each` with all entries of a tree, and the LSN of their page: in the order of the keys, or, where leaves contradict each other, those of
    /// the older page first.
    ///
    /// # Errors
    /// What `each` returns, and `58030` or `XX001` when a page that could be read cannot any more.
    pub(super) fn for_each_cell(
        &self,
        pages: &Pages,
        tree: PageId,
        mut each: impl FnMut(&[u8], Entry<'_>, Lsn) -> Result<()>,
    ) -> Result<()> {
        for leaf in self.0.get(&tree).into_iter().flatten() {
            let page = pages.page(leaf.page)?;
            for cell in (0..page.slot_count()).map(|slot| page.cell(slot)) {
                each(leaf_key(cell), leaf_entry(cell), page.lsn())?;
            }
        }
        Ok(())
    }
}
