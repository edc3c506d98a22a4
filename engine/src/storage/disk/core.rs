//! What all parts of an open database share.

use super::super::TreeId;
use super::super::columns::ColumnCache;
use super::control::Control;
use super::options::DiskOptions;
use crate::btree::Tree;
use crate::buffer::Pool;
use crate::error::{Error, Result};
use crate::interrupt::WaitLimits;
use crate::page::{Lsn, PageId, PageKind};
use crate::planted::{Mistake, makes};
use crate::sync::{Mutex, MutexGuard, RwLock};
use crate::txn::{LockTable, TxnManager, VersionStore};
use crate::vfs::File;
use crate::wal::Log;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Root of the catalog's tree.
pub(super) const CATALOG_ROOT: PageId = PageId(2);
/// Root of the directory.
pub(super) const DIRECTORY_ROOT: PageId = PageId(3);
/// Pages of a new database: the control blocks, the allocation page, and these two roots.
pub(super) const PAGES_AT_FIRST: u32 = 4;

/// Value of a tree's directory entry while it is there.
pub(super) const TREE_LIVE: u8 = 1;
/// Value of a tree's directory entry when it was dropped.
pub(super) const TREE_DROPPED: u8 = 2;

/// A commit vacuums a piece when this many tombstones wait.
const TOMBSTONES_DUE: usize = 1024;

/// The directory's key of a tree.
pub(super) fn tree_key(root: PageId) -> [u8; 5] {
    directory_key(b'T', root)
}

/// The directory's key of a chain that was replaced.
pub(super) fn garbage_key(head: PageId) -> [u8; 5] {
    directory_key(b'G', head)
}

fn directory_key(tag: u8, page: PageId) -> [u8; 5] {
    let [a, b, c, d] = page.0.to_be_bytes();
    [tag, a, b, c, d]
}

/// The page that a directory key names.
pub(super) fn page_of_key(key: &[u8]) -> Option<PageId> {
    let (_, page) = key.split_first()?;
    Some(PageId(u32::from_be_bytes(page.try_into().ok()?)))
}

/// A tree with what its users share.
pub(super) struct OpenTree {
    pub(super) tree: Tree,
    /// The next row id; `None` before the first was asked for.
    pub(super) next_row_id: Mutex<Option<i64>>,
    /// How often commits have changed a key of it.
    changes: AtomicU64,
}

impl OpenTree {
    fn new(root: PageId, pool: Arc<Pool>) -> Arc<Self> {
        Arc::new(Self {
            tree: Tree::new(root, pool),
            next_row_id: Mutex::new(None),
            changes: AtomicU64::new(0),
        })
    }
}

/// What vacuum has to do.
#[derive(Default)]
pub(super) struct Garbage {
    /// Tombstones without versions.
    pub(super) tombstones: VecDeque<(PageId, Arc<[u8]>)>,
    /// Tombstones were left that are not in the queue.
    pub(super) needs_scan: bool,
}

/// The shared state of an open database.
pub(super) struct Core {
    pub(super) file: Arc<dyn File>,
    pub(super) options: DiskOptions,
    pub(super) pool: Arc<Pool>,
    pub(super) columns: Arc<ColumnCache>,
    pub(super) txns: TxnManager,
    pub(super) versions: VersionStore,
    pub(super) locks: LockTable,
    pub(super) directory: Arc<OpenTree>,
    trees: RwLock<BTreeMap<PageId, Arc<OpenTree>>>,
    /// Held shared by everything that changes pages, exclusively by the check, which must see no half-done change.
    pub(super) changing: RwLock<()>,
    pub(super) garbage: Mutex<Garbage>,
    /// The directory may hold something to free.
    directory_garbage: AtomicBool,
    /// Held by a checkpoint or vacuum ([`Core::in_turn`]); the newest control block.
    pub(super) maintenance: Mutex<Control>,
    pub(super) checkpoints: AtomicU64,
    pub(super) commits: AtomicU64,
}

impl Core {
    pub(super) fn new(
        file: Arc<dyn File>,
        options: DiskOptions,
        pool: Arc<Pool>,
        txns: TxnManager,
        control: Control,
    ) -> Self {
        let open = |root| OpenTree::new(root, pool.clone());
        let (directory, catalog) = (open(DIRECTORY_ROOT), open(CATALOG_ROOT));
        let trees = BTreeMap::from([(DIRECTORY_ROOT, directory.clone()), (CATALOG_ROOT, catalog)]);
        Self {
            file,
            columns: Arc::new(ColumnCache::new(options.column_cache_bytes)),
            options,
            pool,
            txns,
            versions: VersionStore::default(),
            locks: LockTable::default(),
            directory,
            trees: RwLock::new(trees),
            changing: RwLock::new(()),
            garbage: Mutex::new(Garbage::default()),
            directory_garbage: AtomicBool::new(true),
            maintenance: Mutex::new(control),
            checkpoints: AtomicU64::new(0),
            commits: AtomicU64::new(0),
        }
    }

    pub(super) fn log(&self) -> &Arc<Log> {
        self.pool.log()
    }

    /// The handle of a tree.
    ///
    /// # Errors
    /// `55000` when there is no such tree; `58030` and `XX001` when its root cannot be read.
    pub(super) fn tree(&self, root: PageId) -> Result<Arc<OpenTree>> {
        if let Some(open) = self.trees.read().get(&root) {
            return Ok(open.clone());
        }
        let frame = self.pool.read(root)?;
        if frame.page.kind() != Some(PageKind::Node) || frame.page.tree() != root.0 {
            return Err(Error::misuse(format!("there is no tree {}", root.0)));
        }
        drop(frame);
        let mut trees = self.trees.write();
        let open = trees.entry(root);
        let open = open.or_insert_with(|| OpenTree::new(root, self.pool.clone()));
        Ok(open.clone())
    }

    /// A commit has changed so many keys of these trees.
    pub(super) fn count_changes(&self, changes: &[(PageId, u64)]) {
        let trees = self.trees.read();
        for (tree, count) in changes {
            if let Some(open) = trees.get(tree) {
                open.changes.fetch_add(*count, Ordering::Relaxed);
            }
        }
    }

    /// How often commits have changed a key of a tree since it was opened.
    pub(super) fn changes(&self, tree: PageId) -> u64 {
        let trees = self.trees.read();
        let open = trees.get(&tree);
        open.map_or(0, |open| open.changes.load(Ordering::Relaxed))
    }

    /// Forgets a tree that is no more.
    pub(super) fn forget_tree(&self, root: PageId) {
        self.trees.write().remove(&root);
        self.garbage.lock().tombstones.retain(|(t, _)| *t != root);
    }

    /// Something in the directory wants to be freed.
    pub(super) fn note_garbage(&self) {
        self.directory_garbage.store(true, Ordering::Release);
    }

    /// Whether something in the directory may want to be freed; forgets it.
    pub(super) fn take_garbage_note(&self) -> bool {
        self.directory_garbage.swap(false, Ordering::AcqRel)
    }

    /// Writes all dirty pages and moves the start of the log.
    ///
    /// # Errors
    /// `58030`, `53100`; which checkpoint then holds, the old one or the new, the next open finds out.
    pub(super) fn checkpoint(&self) -> Result<()> {
        let turn = self.maintenance.lock();
        self.in_turn(turn, |control| self.checkpoint_locked(control))
    }

    /// The last checkpoint, behind which nothing can be logged any more.
    ///
    /// # Errors
    /// `58030`, `53100`.
    pub(super) fn close(&self) -> Result<()> {
        let turn = self.maintenance.lock();
        let nothing_since = |redo| {
            self.log().stop();
            self.log().end() == redo
        };
        let closing = |control: &mut Control| self.checkpoint_as(control, nothing_since);
        self.in_turn(turn, closing)
    }

    /// Does maintenance, and tells those who wait for their turn at it.
    pub(super) fn in_turn<T>(
        &self,
        mut turn: MutexGuard<'_, Control>,
        maintain: impl FnOnce(&mut Control) -> T,
    ) -> T {
        let done = maintain(&mut turn);
        drop(turn);
        self.txns.wake();
        done
    }

    fn checkpoint_due(&self) -> bool {
        self.log().bytes_since_checkpoint() >= self.options.checkpoint_bytes
    }

    /// Makes a checkpoint if enough was logged for one (DISK-5); gives whether.
    pub(super) fn checkpoint_if_due(&self, control: &mut Control) -> Result<bool> {
        let due = self.checkpoint_due();
        if due {
            self.checkpoint_locked(control)?;
        }
        Ok(due)
    }

    pub(super) fn checkpoint_locked(&self, control: &mut Control) -> Result<()> {
        self.checkpoint_as(control, |_| false)
    }

    /// A checkpoint; `closes` tells, when all pages are durable, whether nothing comes behind the new redo LSN.
    fn checkpoint_as(&self, control: &mut Control, closes: impl FnOnce(Lsn) -> bool) -> Result<()> {
        self.log().refuse_if_stopped()?;
        let needed = self.log().begin_checkpoint(|| self.txns.oldest_record());
        let mut next = Control {
            sequence: control.sequence + 1,
            needed,
            next_txn: self.txns.next_txn(),
            ..control.clone()
        };
        if makes(Mistake::LogRecycledEarly) {
            next.write(&*self.file)?;
            self.sync_file()?;
            self.log().recycle(needed.start)?;
            self.pool.write_dirty()?;
        } else {
            self.pool.write_dirty()?;
            // REC-1 also for records that no page has waited for.
            self.log().flush(needed.redo)?;
            self.sync_file()?;
            next.closed = closes(needed.redo);
            next.write(&*self.file)?;
            self.sync_file()?;
        }
        *control = next;
        self.checkpoints.fetch_add(1, Ordering::Relaxed);
        self.log().recycle(needed.start)
    }

    fn sync_file(&self) -> Result<()> {
        if makes(Mistake::FailedSyncIgnored) {
            let _ = self.file.sync();
            return Ok(());
        }
        self.pool.sync()
    }

    /// Does what the transactions so far have made due, unless somebody is at it: a piece of vacuum when enough tombstones
    /// wait, and a checkpoint when enough was logged (DISK-5).
    pub(super) fn maintain_if_due(&self) -> Result<()> {
        if self.versions.wants_thinning(self.options.versions_slack) {
            self.thin_versions();
        }
        let vacuum_due = self.garbage.lock().tombstones.len() >= TOMBSTONES_DUE;
        if (self.checkpoint_due() || vacuum_due)
            && let Some(turn) = self.maintenance.try_lock()
        {
            return self.in_turn(turn, |control| {
                if vacuum_due {
                    // What the transaction may be stopped by, this may not.
                    self.vacuum(Some(TOMBSTONES_DUE as u64 / 2), &WaitLimits::default())?;
                }
                self.checkpoint_if_due(control).map(drop)
            });
        }
        Ok(())
    }
}

/// The tree that the door calls `tree`.
pub(super) fn root_of(tree: TreeId) -> PageId {
    PageId(tree.0)
}
