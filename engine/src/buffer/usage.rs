//! What the calls of one thread have asked of the pool and the log, for those who want to know what a statement took.
//!
//! A statement runs in one thread from its start to its end, and so does everything that is done for it: what a thread
//! has counted before and after is what happened in between, without a counter being handed down every call.

use std::cell::Cell;

/// Counts of pages, and of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Pages that were found in memory, once for each time they were asked for.
    pub pages_hit: u64,
    /// Pages that were read from the file.
    pub pages_read: u64,
    /// Pages that differ from the file since.
    pub pages_dirtied: u64,
    /// Pages that were written to the file, to make room or by a checkpoint.
    pub pages_written: u64,
    /// Records of changes that were appended to the log.
    pub log_records: u64,
    /// Images of whole pages among them.
    pub log_images: u64,
    /// Bytes of these records.
    pub log_bytes: u64,
}

impl Usage {
    /// What has come since `earlier`, counted by the same thread.
    #[must_use]
    pub fn since(self, earlier: Self) -> Self {
        self.each(earlier, u64::wrapping_sub)
    }

    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        self.each(other, u64::wrapping_add)
    }

    fn each(self, other: Self, of: fn(u64, u64) -> u64) -> Self {
        Self {
            pages_hit: of(self.pages_hit, other.pages_hit),
            pages_read: of(self.pages_read, other.pages_read),
            pages_dirtied: of(self.pages_dirtied, other.pages_dirtied),
            pages_written: of(self.pages_written, other.pages_written),
            log_records: of(self.log_records, other.log_records),
            log_images: of(self.log_images, other.log_images),
            log_bytes: of(self.log_bytes, other.log_bytes),
        }
    }
}

/// The counters of a thread, each of its own so that counting is one addition.
struct Counters {
    pages_hit: Cell<u64>,
    pages_read: Cell<u64>,
    pages_dirtied: Cell<u64>,
    pages_written: Cell<u64>,
    log_records: Cell<u64>,
    log_images: Cell<u64>,
    log_bytes: Cell<u64>,
}

thread_local! {
    static COUNTERS: Counters = const {
        Counters {
            pages_hit: Cell::new(0),
            pages_read: Cell::new(0),
            pages_dirtied: Cell::new(0),
            pages_written: Cell::new(0),
            log_records: Cell::new(0),
            log_images: Cell::new(0),
            log_bytes: Cell::new(0),
        }
    };
}

fn add(cell: &Cell<u64>, more: u64) {
    cell.set(cell.get().wrapping_add(more));
}

/// What the calling thread has counted so far.
pub fn usage() -> Usage {
    COUNTERS.with(|c| Usage {
        pages_hit: c.pages_hit.get(),
        pages_read: c.pages_read.get(),
        pages_dirtied: c.pages_dirtied.get(),
        pages_written: c.pages_written.get(),
        log_records: c.log_records.get(),
        log_images: c.log_images.get(),
        log_bytes: c.log_bytes.get(),
    })
}

pub(super) fn count_hit() {
    COUNTERS.with(|c| add(&c.pages_hit, 1));
}

pub(super) fn count_read() {
    COUNTERS.with(|c| add(&c.pages_read, 1));
}

pub(super) fn count_dirtied() {
    COUNTERS.with(|c| add(&c.pages_dirtied, 1));
}

pub(super) fn count_written() {
    COUNTERS.with(|c| add(&c.pages_written, 1));
}

pub(super) fn count_record(images: u64, bytes: u64) {
    COUNTERS.with(|c| {
        add(&c.log_records, 1);
        add(&c.log_images, images);
        add(&c.log_bytes, bytes);
    });
}
