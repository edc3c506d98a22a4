//! Frames, the page table, reading and writing pages.

use super::allocation::Allocation;
use super::policy::Policy;
use super::seen::Seen;
use super::unsynced::Unsynced;
use super::usage::{count_dirtied, count_hit, count_read, count_written};
use crate::error::{Error, ErrorKind, Result};
use crate::page::{Lsn, Page, PageId, PageOp};
use crate::planted::{Mistake, makes};
use crate::sync::{Latch, LatchRead, LatchWrite, Mutex, RwLock};
use crate::vfs::{File, write_all_at};
use crate::wal::{Log, Record};
use foldhash::fast::FixedState;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};

const SHARDS: usize = 16;
/// Counters of changes; trees share them.
const CHANGE_COUNTERS: usize = 64;
/// The fewest frames of a pool; a change of the tree's structure holds about a dozen.
const FRAMES_MIN: usize = 32;
const HITS_MAX: u8 = 3;

/// A page in memory.
#[derive(Debug)]
pub struct Frame {
    /// The page.
    pub page: Page,
    dirty: AtomicBool,
    /// Reading it failed; who waited for it must try again.
    failed: bool,
}

impl Frame {
    /// Notes that the page differs from the file (BUF-2).
    pub(super) fn mark_dirty(&self) {
        // Who calls has the page latched exclusively, and only others that have it latched shared make it clean.
        if !self.dirty.load(Ordering::Acquire) {
            self.dirty.store(true, Ordering::Release);
            count_dirtied();
        }
    }
}

struct Slot {
    frame: Latch<Frame>,
    hits: AtomicU8,
}

type Shard = hashbrown::HashMap<PageId, Slot, FixedState>;

/// How a pool behaves.
#[derive(Clone, Copy, Debug)]
pub struct PoolOptions {
    /// Bytes of a page.
    pub page_bytes: usize,
    /// Bytes of all frames; at least 32 pages are held.
    pub cache_bytes: usize,
}

/// The pages of the database's file that are in memory.
pub struct Pool {
    file: Arc<dyn File>,
    log: Arc<Log>,
    options: PoolOptions,
    capacity: usize,
    shards: [RwLock<Shard>; SHARDS],
    policy: Mutex<Policy>,
    /// Pages that the file has room for.
    file_pages: Mutex<u64>,
    unsynced: Mutex<Unsynced>,
    seen: Mutex<Seen>,
    changes: [AtomicU64; CHANGE_COUNTERS],
    pages_read: AtomicU64,
    pages_written: AtomicU64,
}

impl Pool {
    /// An empty pool over `file`, with `log` to be forced before pages are written.
    ///
    /// # Errors
    /// `58030` when the length of the file cannot be read.
    pub fn new(file: Arc<dyn File>, log: Arc<Log>, options: PoolOptions) -> Result<Self> {
        let len = file
            .len()
            .map_err(|e| Error::io("cannot read the length of the database file", e))?;
        let capacity = (options.cache_bytes / options.page_bytes).max(FRAMES_MIN);
        Ok(Self {
            file_pages: Mutex::new(len / options.page_bytes as u64),
            unsynced: Mutex::default(),
            seen: Mutex::new(Seen::new(capacity)),
            changes: std::array::from_fn(|_| AtomicU64::new(0)),
            file,
            log,
            options,
            capacity,
            shards: std::array::from_fn(|_| RwLock::new(Shard::default())),
            policy: Mutex::new(Policy::default()),
            pages_read: AtomicU64::new(0),
            pages_written: AtomicU64::new(0),
        })
    }

    /// The log.
    pub fn log(&self) -> &Arc<Log> {
        &self.log
    }

    /// Bytes of a page.
    pub fn page_bytes(&self) -> usize {
        self.options.page_bytes
    }

    /// Pages read from and written to the file so far.
    pub fn transfers(&self) -> (u64, u64) {
        (
            self.pages_read.load(Ordering::Relaxed),
            self.pages_written.load(Ordering::Relaxed),
        )
    }

    /// A number that grows with each change of a page of `tree`, and sometimes without one. Whoever changes a page has it
    /// latched exclusively when the number grows: who reads the number and then a page that is as it was knows that the page
    /// stays so as long as the number does.
    pub fn changes(&self, tree: u32) -> u64 {
        self.changes[tree as usize % CHANGE_COUNTERS].load(Ordering::SeqCst)
    }

    pub(super) fn count_change(&self, tree: u32) {
        self.changes[tree as usize % CHANGE_COUNTERS].fetch_add(1, Ordering::SeqCst);
    }

    fn shard(&self, id: PageId) -> &RwLock<Shard> {
        &self.shards[id.0 as usize % SHARDS]
    }

    /// The page, latched shared.
    ///
    /// # Errors
    /// `58030` when it cannot be read (or, to make room, another cannot be written); `XX001` when it is damaged.
    pub fn read(&self, id: PageId) -> Result<LatchRead<Frame>> {
        loop {
            let guard = self.frame(id, true)?.read();
            if !guard.failed {
                return Ok(guard);
            }
        }
    }

    /// The page, latched exclusively. Only a [`Change`](super::Change) alters it.
    ///
    /// # Errors
    /// As [`Pool::read`].
    pub fn write(&self, id: PageId) -> Result<LatchWrite<Frame>> {
        loop {
            let guard = self.frame(id, true)?.write();
            if !guard.failed {
                return Ok(guard);
            }
        }
    }

    /// A page whose old content does not matter, latched exclusively: it is not read from the file.
    ///
    /// # Errors
    /// `58030` when, to make room, another page cannot be written.
    pub fn create(&self, id: PageId) -> Result<LatchWrite<Frame>> {
        loop {
            let guard = self.frame(id, false)?.write();
            if !guard.failed {
                return Ok(guard);
            }
        }
    }

    fn frame(&self, id: PageId, load: bool) -> Result<Latch<Frame>> {
        if let Some(slot) = self.shard(id).read().get(&id) {
            let hits = slot.hits.load(Ordering::Relaxed);
            if hits < HITS_MAX {
                slot.hits.store(hits + 1, Ordering::Relaxed);
            }
            count_hit();
            return Ok(slot.frame.clone());
        }
        let frame = Latch::new(Frame {
            page: Page::zeroed(self.options.page_bytes),
            dirty: AtomicBool::new(false),
            failed: false,
        });
        let mut guard = frame.write();
        {
            let mut shard = self.shard(id).write();
            if let Some(slot) = shard.get(&id) {
                return Ok(slot.frame.clone());
            }
            let slot = Slot {
                frame: frame.clone(),
                hits: AtomicU8::new(0),
            };
            shard.insert(id, slot);
        }
        let mut loaded = self.make_room();
        if loaded.is_ok() && load {
            loaded = self.load(id, &mut guard.page);
        }
        if let Err(e) = loaded {
            guard.failed = true;
            self.shard(id).write().remove(&id);
            return Err(e);
        }
        self.policy.lock().admit(id);
        drop(guard);
        Ok(frame)
    }

    fn load(&self, id: PageId, page: &mut Page) -> Result<()> {
        self.pages_read.fetch_add(1, Ordering::Relaxed);
        count_read();
        let read = page.read(&*self.file, id);
        let failed = matches!(&read, Err(e) if e.kind() != ErrorKind::Corrupt);
        if failed || makes(Mistake::OlderPageAccepted) {
            return read;
        }
        // BUF-5
        match self.unsynced.lock().lsn_of(id) {
            Some(lsn) if read.is_err() || page.lsn() < lsn => {
                self.log.stop();
                Err(Error::new(
                    ErrorKind::Stopped,
                    "58030",
                    format!(
                        "the disk has lost what was written to page {}; open the database again to recover",
                        id.0
                    ),
                ))
            }
            _ => read,
        }?;
        self.refuse_lost(id, page)?;
        if page.lsn() < self.seen.lock().lsn_of(id) {
            return Err(Error::corrupt(format!(
                "page {} is older than it was when it was last in memory: the disk has lost a write, or gives what was \
                 there before it (BUF-5)",
                id.0
            )));
        }
        Ok(())
    }

    /// WAL-10
    fn refuse_lost(&self, id: PageId, page: &Page) -> Result<()> {
        match self.log.gaps().around(page.lsn()) {
            Some(gap) if !makes(Mistake::LostPagesAccepted) => Err(Error::corrupt(format!(
                "page {} holds what the log has lost: it was written at position {}, and the log ends at {} (WAL-10)",
                id.0,
                page.lsn().0,
                gap.after.0
            ))),
            _ => Ok(()),
        }
    }

    /// The same for a page in the file that is about to be replaced: if it can be read, it may prove that the log ends too
    /// early.
    fn refuse_replaced(&self, id: PageId) -> Result<()> {
        let mut page = Page::zeroed(self.options.page_bytes);
        match page.read(&*self.file, id) {
            Ok(()) => self.refuse_lost(id, &page),
            Err(_) => Ok(()),
        }
    }

    /// Evicts pages until one more fits. When every frame is held by somebody the pool grows instead (BUF-4).
    fn make_room(&self) -> Result<()> {
        let mut tries = 0;
        let mut failure = None;
        loop {
            let victim = {
                let mut policy = self.policy.lock();
                if policy.len() < self.capacity {
                    return Ok(());
                }
                tries += 1;
                if tries > policy.len() {
                    None
                } else {
                    policy.victim(self.capacity, |id| {
                        let shard = self.shard(id).read();
                        Some(shard.get(&id)?.hits.swap(0, Ordering::Relaxed))
                    })
                }
            };
            let Some(victim) = victim else {
                return failure.map_or(Ok(()), Err);
            };
            let gone = self.evict(victim.page).unwrap_or_else(|e| {
                failure = Some(e);
                false
            });
            let mut policy = self.policy.lock();
            if gone {
                policy.evicted(victim, self.capacity);
            } else {
                policy.kept(victim);
            }
        }
    }

    /// Writes the page if it is dirty, and takes it out of the table; false when somebody holds it.
    fn evict(&self, id: PageId) -> Result<bool> {
        let frame = {
            let shard = self.shard(id).read();
            match shard.get(&id) {
                None => return Ok(true),
                Some(slot) if slot.frame.owners() > 1 => return Ok(false),
                Some(slot) => slot.frame.clone(),
            }
        };
        if let Some(guard) = frame.try_read() {
            if makes(Mistake::EvictedUnwritten) {
                guard.dirty.store(false, Ordering::Release);
            }
            self.write_if_dirty(&guard)?;
        }
        let mut shard = self.shard(id).write();
        // Ours and the table's: nobody else holds it, and nobody can get it while the shard is latched.
        let guard = match frame.owners() {
            2 => frame.try_read(),
            _ => None,
        };
        let clean = guard.filter(|guard| !guard.dirty.load(Ordering::Acquire));
        if let Some(guard) = &clean {
            self.seen.lock().note(id, guard.page.lsn());
            shard.remove(&id);
        }
        Ok(clean.is_some())
    }

    fn write_if_dirty(&self, frame: &Frame) -> Result<bool> {
        if !frame.dirty.load(Ordering::Acquire) {
            return Ok(false);
        }
        let id = frame.page.id();
        // BUF-1: what the page says must be in the log first.
        if !makes(Mistake::PageBeforeLog) {
            self.log.flush(frame.page.lsn())?;
        }
        if self.log.is_stopped() {
            return Err(Error::new(
                ErrorKind::Stopped,
                "58030",
                format!(
                    "page {} cannot be written: the database has stopped after a disk failure",
                    id.0
                ),
            ));
        }
        let mut copy = frame.page.clone();
        copy.seal();
        let offset = u64::from(id.0) * self.options.page_bytes as u64;
        self.pages_written.fetch_add(1, Ordering::Relaxed);
        count_written();
        if makes(Mistake::DirtyForgottenOnError) {
            frame.dirty.store(false, Ordering::Release);
        }
        write_all_at(&*self.file, copy.bytes(), offset)
            .map_err(|e| Error::io(format!("cannot write page {}", id.0), e))?;
        self.unsynced.lock().note(id, copy.lsn());
        frame.dirty.store(false, Ordering::Release);
        Ok(true)
    }

    /// Writes all pages that are dirty now, in the order of the file; gives their number. Nothing is synced.
    ///
    /// # Errors
    /// `58030` and `53100` when a write fails; the page stays dirty.
    pub fn write_dirty(&self) -> Result<u64> {
        let mut ids: Vec<PageId> = Vec::new();
        for shard in &self.shards {
            ids.extend(shard.read().keys());
        }
        ids.sort_unstable();
        if makes(Mistake::CheckpointMissesPage) {
            ids.pop();
        }
        let mut written = 0;
        for id in ids {
            let frame = self.shard(id).read().get(&id).map(|s| s.frame.clone());
            if let Some(frame) = frame {
                written += u64::from(self.write_if_dirty(&frame.read())?);
            }
        }
        Ok(written)
    }

    /// What is wrong with the table of frames, while nobody uses the pool: each frame must be one that can be evicted, and
    /// those that came while others were held must be gone, but for some of the last (BUF-4).
    pub fn problems(&self) -> Vec<String> {
        let frames: usize = self.shards.iter().map(|shard| shard.read().len()).sum();
        let known = self.policy.lock().len();
        let capacity = self.capacity;
        let problem = || {
            format!(
                "the pool for {capacity} pages holds {frames}, and knows {known} of them (BUF-4)"
            )
        };
        (frames != known || frames > capacity + FRAMES_MIN)
            .then(problem)
            .into_iter()
            .collect()
    }

    /// Makes what was written to the file durable.
    ///
    /// # Errors
    /// `58030`; the log has then stopped, for what the file holds is unknown.
    pub fn sync(&self) -> Result<()> {
        self.unsynced.lock().begin_sync();
        let synced = self.file.sync();
        self.unsynced.lock().end_sync(synced.is_ok());
        synced.map_err(|e| {
            self.log.stop();
            Error::io("cannot sync the database file", e)
        })
    }

    /// Makes room in the file for page `id`.
    ///
    /// # Errors
    /// `53100` when the disk is full, `58030` when it fails.
    pub(super) fn grow_to_hold(&self, id: PageId) -> Result<()> {
        let mut pages = self.file_pages.lock();
        let need = u64::from(id.0) + 1;
        if need > *pages {
            let target = need + (*pages / 8).clamp(8, 4096);
            self.file
                .set_len(target * self.options.page_bytes as u64)
                .map_err(|e| Error::io("cannot extend the database file", e))?;
            *pages = target;
        }
        Ok(())
    }

    /// How many pages the file has room for.
    pub fn file_pages(&self) -> u64 {
        *self.file_pages.lock()
    }

    /// Whether the file has more than `pages` pages.
    pub fn is_longer_than(&self, pages: u32) -> bool {
        self.file_pages() > u64::from(pages)
    }

    /// Gives what the file has beyond `pages` pages back to the file system, or beyond those that there are by now. What
    /// the pages beyond held must be needed by nobody, also after a crash: the allocation page says so on the disk.
    ///
    /// # Errors
    /// `58030` when the allocation page cannot be read or the file cannot be shortened.
    pub fn shrink_to(&self, pages: u32) -> Result<()> {
        // Nobody allocates while this page is latched.
        let frame = self.read(Allocation::PAGE)?;
        let target = u64::from(Allocation::of(&frame.page).pages.max(pages));
        let mut have = self.file_pages.lock();
        if target < *have {
            self.file
                .set_len(target * self.options.page_bytes as u64)
                .map_err(|e| Error::io("cannot shorten the database file", e))?;
            *have = target;
        }
        Ok(())
    }

    /// Repeats a record that ends at `end` on those of its pages that are older.
    ///
    /// # Errors
    /// `58030` when a page cannot be read, `XX001` when it is damaged or the record does not fit it, or when what it is to
    /// be made of proves that the log is damaged.
    pub fn redo(&self, record: &Record, end: Lsn) -> Result<()> {
        if record.txn.0 == 0 && makes(Mistake::RedoSkipsSystem) {
            return Ok(());
        }
        for ops in record.ops.chunk_by(|a, b| a.0 == b.0) {
            let id = ops[0].0;
            let from_image = matches!(ops[0].1, PageOp::Image { .. });
            let mut frame = if from_image && !makes(Mistake::RedoReadsTornPages) {
                self.create(id)?
            } else {
                self.write(id)?
            };
            if !from_image && frame.page.lsn() >= end {
                continue;
            }
            if from_image && frame.page.lsn() == Lsn(0) {
                self.refuse_replaced(id)?;
            }
            frame.mark_dirty();
            frame.page.repeat(ops, record.txn.0, end)?;
        }
        Ok(())
    }
}
