//! Floor 1: the write-ahead log.
//!
//! The log is a stream of bytes; an [`Lsn`](crate::page::Lsn) is an offset in it. The file cuts the stream into
//! *segments* of equal size, each in a *slot* of the file, in any order:
//!
//! ```text
//!  file    │ slot 0: segment 7 │ slot 1: segment 9 │ slot 2: segment 8 │ …
//!  segment │ header, one sector │ payload: stream bytes seq × P … (seq + 1) × P │        P = segment bytes − 512
//!  header  │ magic 8 │ seq 8 │ prev end 8 │ database 8 │ epoch 4 │ segment bytes 4 │ copied in 4 │ CRC32 4 │
//!  record  │ length 4 │ CRC32 4 │ kind 1 │ txn 8 │ prev 8 │ undo next 8 │ undo length 4 │ undo … │ page 4, op … │ … │ E5 │
//! ```
//!
//! A record starts where the one before it ended, or, after a flush, at the next sector. A zero length in the middle
//! of a sector means "go on at the next sector", at its start "here the log ends". The highest bit of a length marks the
//! first record of a flush.
//!
//! Invariants:
//! - WAL-1: a synced sector is never written again while its segment is needed; so no later write can damage it.
//! - WAL-2: a record's CRC covers its LSN and its epoch; so what an older life of a slot left is not taken for a record.
//! - WAL-3: the tail that a crash left is never continued: each open begins a new epoch in a new segment, whose header
//!   says where the log before it ended.
//! - WAL-4: space for a record is reserved before a change begins; so a full disk is met when nothing has happened.
//! - WAL-5: after a failed write or sync nothing is appended any more ([`ErrorKind::Stopped`](crate::ErrorKind)).
//! - WAL-6: what recovery reads it believes only once it is durable. Each flush began when the one before it was, so
//!   only the last flush is in doubt: its process may have died before the sync, or the sync failed and dropped what the
//!   operating system's cache still shows. Recovery copies the segments of that flush to slots that held nothing, syncs
//!   them, and then writes their headers.
//! - WAL-7: a record ends with a byte that is not zero; so one that reads whole proves that its last sector was written,
//!   in which the next record begins. Else a record that ends in zeros would seem whole without that sector, and the zeros
//!   after it a sign to go on at the next.
//! - WAL-8: a flush begins only when the one before it is durable. So where records end and the first record of a flush
//!   lies behind, nothing was torn: the log has been damaged, and the database is refused.
//! - WAL-9: each slot of the file is a segment's that is needed, or free, or held until a checkpoint is durable: so none is
//!   lost, and the file grows only when all are needed. Of free slots at the end of the file only a few stay.
//! - WAL-10: an epoch begins behind all that the log may have held before, and the [gaps](LogGaps) between are written down;
//!   so a page whose LSN lies in one is known to hold what the log has lost, and is refused. How much that may be is told by
//!   the slots of the file and by how many of their headers are damaged: these too are held until a checkpoint.

mod chain;
mod gaps;
mod log;
mod reader;
mod record;
mod segment;

pub use chain::LogChain;
pub use gaps::{LogGap, LogGaps};
pub use log::{Log, Reservation};
pub use reader::{LogExtent, LogReader, NeededLog};
pub use record::{Record, RecordHead, RecordKind, encode_op};
pub use segment::{LSN_END, LogGeometry, SEGMENT_BYTES_MIN};
