//! Floor 1: the buffer pool, and the one way to change pages.
//!
//! ```text
//!   read(id) ──▶ shard of the page table ──hit──▶ frame, latched shared      (a guard is a pin)
//!                        │ miss
//!                        ▼
//!                evict: S3-FIFO over small, main, ghost ── dirty? ──▶ log.flush(page LSN) ▶ seal ▶ write
//!                        ▼
//!                read and verify
//!
//!   Change: page(id)… apply(op)… ──commit──▶ reserve log ▶ mark dirty ▶ apply ▶ append one record ▶ stamp LSN
//! ```
//!
//! A [`Change`] latches all pages that it touches before it alters any, and works on copies; only when nothing can fail
//! any more do the copies become the pages. So an error half-way leaves nothing behind.
//!
//! Invariants:
//! - BUF-1: a page is written only when the log is durable up to its LSN, and never after the log has stopped.
//! - BUF-2: a page is marked dirty before its record is appended, so that a checkpoint, which takes its redo LSN under
//!   the log's latch, writes every page whose record lies before that.
//! - BUF-3: the first change of a page after the redo LSN is logged as an image of the page, so that redo never reads
//!   what a torn write left.
//! - BUF-4: a frame that somebody holds is never evicted. The pool holds at most its capacity, and one frame more for
//!   each page that is held when all are.
//! - BUF-5: a page that was written and is read again is as it was written, or the read fails: after a failed sync the
//!   file may hold an older state of it. So far as the pool remembers (eight times the pages that it holds), that is so of
//!   every page that was in memory, whatever the disk has acknowledged.
//!
//! The eviction policy is S3-FIFO (Yang et al., "FIFO queues are all you need for cache eviction", SOSP 2023): a scan
//! passes through the small queue and leaves the main one alone.

mod allocation;
mod change;
mod policy;
mod pool;
mod seen;
mod unsynced;
mod usage;

pub use allocation::Allocation;
pub use change::{Author, Change};
pub use pool::{Frame, Pool, PoolOptions};
pub use usage::{Usage, usage};
