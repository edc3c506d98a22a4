//! Floor 1: pages, the unit of buffering, checksums and redo.
//!
//! ```text
//!  0        4        8                16   17    18     20         24        28    32    36    40       48      52   64
//!  ┌────────┬────────┬────────────────┬────┬─────┬──────┬──────────┬─────────┬─────┬─────┬─────┬────────┬───────┬────┐
//!  │ CRC32  │ page   │ LSN            │kind│level│slots │cell start│ garbage │next │prev │tree │max txn │ left  │ 0  │
//!  └────────┴────────┴────────────────┴────┴─────┴──────┴──────────┴─────────┴─────┴─────┴─────┴────────┴───────┴────┘
//!  64: slot array (u16 offsets, growing up) … hole … cells (growing down, each with a u16 length before it)
//! ```
//!
//! All integers are little-endian. *garbage* counts bytes of removed cells that compaction would give back; *max txn*
//! is the newest transaction that changed the page, so that a reader whose snapshot is younger than all of those needs
//! no visibility test; *left* is the leftmost child of an inner node.
//!
//! Invariants:
//! - PAGE-1: a page read from disk carries its own number and a right checksum, else it is refused by name.
//! - PAGE-2: every slot points at a cell that lies between *cell start* and the end of the page.

mod bytes;
mod op;
mod slotted;

pub(crate) use bytes::{u16_at, u32_at, u64_at};
pub use op::PageOp;
pub use slotted::{HEADER_BYTES, Page, PageKind};

/// The number of a page: its offset in the file divided by the page size. Page 0 holds the control blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PageId(pub u32);

/// A position in the log's byte stream. 0 is before every record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Lsn(pub u64);

/// The number of a transaction that writes; 0 stands for none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct TxnId(pub u64);

impl PageId {
    /// No page (page 0 is never linked to).
    pub const NONE: PageId = PageId(0);
}
