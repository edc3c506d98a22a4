//! The damaged database as its reader has it.

use super::super::super::TreeId;
use super::super::control::Control;
use super::super::open::{lock, with_suffix};
use super::leaves::Leaves;
use super::pages::Pages;
use super::replay::replay;
use crate::btree::{ChainReader, ChainRef, Entry, OVERFLOW, StoredEntry, TOMBSTONE, add_problem};
use crate::error::{Error, ErrorKind, Result};
use crate::page::{Lsn, PageId};
use crate::vfs::{OpenMode, Vfs};
use crate::wal::{LogGap, LogGaps};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// What was there before transactions that had not ended, by tree and key; `None`: nothing.
pub(super) type Undone = BTreeMap<(PageId, Arc<[u8]>), Option<StoredEntry>>;

/// What stands under a key.
#[derive(Debug)]
pub enum Salvaged<'a> {
    /// This value.
    Value(&'a [u8]),
    /// Nothing, if a value that was told before was that of an older page.
    Removed,
    /// A value that cannot be read, and why.
    Lost(Error),
}

/// A damaged database, opened for reading what is left.
pub struct Salvage {
    pages: Pages,
    leaves: Leaves,
    undone: Undone,
    /// What the log has lost, also behind the last of its records.
    gaps: LogGaps,
    problems: Vec<String>,
}

impl Salvage {
    /// Opens the database at `path`, to which nothing is written (SALV-1), and reads all of its pages, and its log. Memory holds the pages that the log has
    /// changed since the last checkpoint, and the bounds of each leaf.
    ///
    /// # Errors
    /// `58P01` when there is no such file, `55006` when it is open elsewhere, `XX001` when no page of it can be made out,
    /// `58030` when the disk fails.
    pub fn open(vfs: &dyn Vfs, path: &Path) -> Result<Self> {
        let opening = |e| Error::io(format!("cannot open {}", path.display()), e);
        if !vfs.exists(path).map_err(opening)? {
            let message = format!("{} does not exist", path.display());
            return Err(Error::new(ErrorKind::Misuse, "58P01", message));
        }
        let file = vfs.open(path, OpenMode::Existing).map_err(opening)?;
        lock(&*file, path)?;
        let mut problems = Vec::new();
        let control = Control::read(&*file);
        let page_bytes = control.as_ref().ok().map(|control| control.page_bytes);
        let mut pages = Pages::open(file, page_bytes.map(|bytes| bytes as usize))
            .map_err(|e| e.context(path.display()))?;
        let log = with_suffix(path, "-wal");
        let (mut undone, mut gaps) = (Undone::new(), LogGaps::default());
        let replayed = control.and_then(|control| {
            let replayed = replay(vfs, &log, &control, &mut pages, &mut problems);
            if replayed.is_err() {
                // All behind the checkpoint is lost.
                gaps = control
                    .gaps
                    .followed_by(&[LogGap::behind(control.needed.redo)])?;
            }
            (undone, gaps) = replayed?;
            Ok(())
        });
        if let Err(error) = replayed {
            add_problem(&mut problems, format!("the log was not read: {error}"));
        }
        let leaves = Leaves::find(&pages, &mut problems);
        Ok(Self {
            pages,
            leaves,
            undone,
            gaps,
            problems,
        })
    }

    /// Bytes of a page.
    pub fn page_bytes(&self) -> usize {
        self.pages.page_bytes()
    }

    /// What is damaged, as far as it was met when all was read.
    pub fn problems(&self) -> &[String] {
        &self.problems
    }

    /// The entries of a tree that are left, by their keys. What is there and cannot be read goes to `lost`.
    ///
    /// # Errors
    /// `XX001` when what says where the values are is damaged itself.
    pub fn entries(
        &self,
        tree: TreeId,
        mut lost: impl FnMut(&[u8], &Error),
    ) -> Result<BTreeMap<Vec<u8>, Vec<u8>>> {
        let mut entries = BTreeMap::new();
        self.for_each_entry(tree, |key, found| {
            match found {
                Salvaged::Value(value) => drop(entries.insert(key.to_vec(), value.to_vec())),
                Salvaged::Removed => drop(entries.remove(key)),
                Salvaged::Lost(error) => lost(key, &error),
            }
            Ok(())
        })?;
        Ok(entries)
    }

    /// Calls `each` with every key of a tree of which something is left, and what stands under it. A key may come twice:
    /// then the later counts.
    ///
    /// # Errors
    /// What `each` returns.
    pub fn for_each_entry(
        &self,
        tree: TreeId,
        mut each: impl FnMut(&[u8], Salvaged<'_>) -> Result<()>,
    ) -> Result<()> {
        let tree = PageId(tree.0);
        self.leaves
            .for_each_cell(&self.pages, tree, |key, entry, lsn| {
                match self.undone.contains_key(&(tree, key.into())) {
                    true => Ok(()),
                    false => self.tell(key, (entry, Some(lsn)), &mut each),
                }
            })?;
        let undone = self.undone.range((tree, Arc::default())..);
        for ((_, key), before) in undone.take_while(|((of, _), _)| *of == tree) {
            if let Some(before) = before {
                self.tell(key, (before.as_entry(), None), &mut each)?;
            }
        }
        Ok(())
    }

    fn tell(
        &self,
        key: &[u8],
        (entry, lsn): (Entry<'_>, Option<Lsn>),
        each: &mut impl FnMut(&[u8], Salvaged<'_>) -> Result<()>,
    ) -> Result<()> {
        if entry.flags & TOMBSTONE != 0 {
            return each(key, Salvaged::Removed);
        }
        if entry.flags & OVERFLOW == 0 {
            return each(key, Salvaged::Value(entry.value));
        }
        match ChainRef::decode(entry.value).and_then(|chain| self.chain(chain, lsn)) {
            Ok(value) => each(key, Salvaged::Value(&value)),
            Err(error) => each(key, Salvaged::Lost(error)),
        }
    }

    /// The value of a chain that a page refers to, if one does, which was changed last at `lsn`.
    fn chain(&self, chain: ChainRef, lsn: Option<Lsn>) -> Result<Vec<u8>> {
        // A chain is written before anything refers to it. What a page refers to that the log has lost may not have been
        // written at all, unless its pages were lost there too.
        let written = lsn.map(|lsn| (self.gaps.around(lsn).map_or(Lsn(0), |gap| gap.after), lsn));
        let mut reader = ChainReader::new(chain)?;
        while let Some(id) = reader.next_page() {
            let page = self.pages.page(id)?;
            if written.is_some_and(|(after, upto)| page.lsn() < after || page.lsn() > upto) {
                let message = format!("page {} may hold a part of another value", id.0);
                return Err(Error::corrupt(message));
            }
            reader.take(&page, id)?;
        }
        Ok(reader.into_value())
    }
}
