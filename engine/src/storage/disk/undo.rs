//! What undoing means: the notes in log records and in a transaction's memory.
//!
//! ```text
//!   1 restore     │ tree 4 │ key length 4 │ key │ 0: no entry, 1: flags 1, value … │
//!   2 free pages  │ page 4 … │
//!   3 drop a tree │ root 4 │
//! ```

use super::core::{Core, TREE_DROPPED, tree_key};
use super::transaction::UndoItem;
use crate::btree::{Entry, StoredEntry};
use crate::buffer::{Author, Change};
use crate::error::{Error, Result};
use crate::page::{Lsn, PageId};
use crate::wal::LogChain;
use std::sync::Arc;

/// How to undo one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum UndoAction {
    /// Put the entry of a key back.
    Restore {
        tree: PageId,
        key: Arc<[u8]>,
        /// `None`: there was none.
        before: Option<StoredEntry>,
    },
    /// Pages of an overflow chain that nothing refers to.
    FreePages(Vec<PageId>),
    /// A tree that was created: vacuum frees it.
    DropTree(PageId),
}

/// How many changes of keys of which trees these undo.
pub(super) fn changes_by_tree(items: &[UndoItem]) -> Vec<(PageId, u64)> {
    let mut counts: Vec<(PageId, u64)> = Vec::new();
    for item in items {
        if let UndoAction::Restore { tree, .. } = &item.action {
            match counts.iter_mut().find(|(known, _)| known == tree) {
                Some((_, count)) => *count += 1,
                None => counts.push((*tree, 1)),
            }
        }
    }
    counts
}

/// The note of [`UndoAction::Restore`], without the action.
pub(super) fn encode_restore(tree: PageId, key: &[u8], before: Option<Entry<'_>>) -> Vec<u8> {
    let value_bytes = before.map_or(0, |e| e.value.len());
    let mut out = Vec::with_capacity(11 + key.len() + value_bytes);
    out.push(1);
    out.extend_from_slice(&tree.0.to_le_bytes());
    out.extend_from_slice(&(key.len() as u32).to_le_bytes());
    out.extend_from_slice(key);
    match before {
        None => out.push(0),
        Some(entry) => {
            out.push(1);
            out.push(entry.flags);
            out.extend_from_slice(entry.value);
        }
    }
    out
}

fn take_u32(input: &mut &[u8]) -> Option<u32> {
    let (head, rest) = input.split_first_chunk::<4>()?;
    *input = rest;
    Some(u32::from_le_bytes(*head))
}

impl UndoAction {
    pub(super) fn encode(&self) -> Vec<u8> {
        match self {
            Self::Restore { tree, key, before } => {
                encode_restore(*tree, key, before.as_ref().map(StoredEntry::as_entry))
            }
            Self::FreePages(pages) => encode_free_pages(pages),
            Self::DropTree(root) => {
                let mut out = vec![3];
                out.extend_from_slice(&root.0.to_le_bytes());
                out
            }
        }
    }

    /// # Errors
    /// `XX001` when the bytes are no note.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self> {
        Self::parse(bytes).ok_or_else(|| Error::corrupt("a log record holds a damaged undo note"))
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let (tag, mut rest) = bytes.split_first()?;
        Some(match tag {
            1 => {
                let tree = PageId(take_u32(&mut rest)?);
                let len = take_u32(&mut rest)? as usize;
                let (key, rest) = rest.split_at_checked(len)?;
                let before = match rest.split_first()? {
                    (0, []) => None,
                    (1, entry) => {
                        let (flags, value) = entry.split_first()?;
                        Some(StoredEntry {
                            flags: *flags,
                            value: value.into(),
                        })
                    }
                    _ => return None,
                };
                Self::Restore {
                    tree,
                    key: key.into(),
                    before,
                }
            }
            2 => {
                let mut pages = Vec::new();
                while !rest.is_empty() {
                    pages.push(PageId(take_u32(&mut rest)?));
                }
                Self::FreePages(pages)
            }
            3 => Self::DropTree(PageId(take_u32(&mut rest)?)),
            _ => return None,
        })
    }
}

pub(super) fn encode_free_pages(pages: &[PageId]) -> Vec<u8> {
    let mut out = vec![2];
    for page in pages {
        out.extend_from_slice(&page.0.to_le_bytes());
    }
    out
}

impl Core {
    /// Undoes `action` for a transaction and logs it as a compensation after which `undo_next` is to be undone.
    ///
    /// # Errors
    /// Those of reading and changing pages; nothing is then undone.
    pub(super) fn undo(&self, chain: &LogChain, action: &UndoAction, undo_next: Lsn) -> Result<()> {
        let author = Author {
            chain: Some(chain),
            undo_next: Some(undo_next),
        };
        match action {
            UndoAction::Restore { tree, key, before } => {
                let before = before.as_ref().map(StoredEntry::as_entry);
                self.force_entry(*tree, key, before, author)
            }
            UndoAction::FreePages(pages) => {
                let mut change = Change::new(&self.pool, author);
                for &page in pages {
                    change.free(page)?;
                }
                change.commit(&[]).map(drop)
            }
            UndoAction::DropTree(root) => {
                let dropped = Entry {
                    flags: 0,
                    value: &[TREE_DROPPED],
                };
                self.note_garbage();
                self.force_entry(
                    self.directory.tree.root(),
                    &tree_key(*root),
                    Some(dropped),
                    author,
                )
            }
        }
    }

    /// Makes `entry` (`None`: nothing) what the page holds under `key`.
    fn force_entry(
        &self,
        tree: PageId,
        key: &[u8],
        entry: Option<Entry<'_>>,
        author: Author<'_>,
    ) -> Result<()> {
        let open = self.tree(tree)?;
        loop {
            let leaf = open.tree.leaf_mut(key)?;
            let Some(entry) = entry else {
                if leaf.remove(author, &[])?.is_none() {
                    Change::new(&self.pool, author).commit(&[])?;
                }
                return Ok(());
            };
            match leaf.lacks(key, entry) {
                Some(need) => {
                    drop(leaf);
                    open.tree.make_room(key, need)?;
                }
                None => return leaf.put(key, entry, author, &[]).map(drop),
            }
        }
    }
}
