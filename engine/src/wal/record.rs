//! Log records and their encoding.

use crate::error::{Error, Result};
use crate::page::{Lsn, PageId, PageOp, TxnId, u32_at, u64_at};
use crate::planted::{Mistake, makes};

/// Bytes before a record's body: length and CRC.
pub(super) const FRAME_BYTES: usize = 8;
/// The last byte of every body (WAL-7).
pub(super) const END_MARK: u8 = 0xE5;
/// In the length: a flush began with this record.
const FIRST_OF_FLUSH: u32 = 1 << 31;
/// Bytes of a body before its undo note.
const HEAD_BYTES: usize = 29;
/// No body is longer; a longer length is damage.
pub(super) const BODY_BYTES_MAX: usize = 16 << 20;

/// What a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum RecordKind {
    /// Changes of pages.
    Change = 1,
    /// The transaction is committed.
    Commit = 2,
    /// The transaction is rolled back, and all of it is undone.
    End = 3,
}

/// What stands before the page operations of a record.
#[derive(Clone, Copy, Debug)]
pub struct RecordHead<'a> {
    /// What it is.
    pub kind: RecordKind,
    /// The transaction; 0 for a change that belongs to none and is never undone (a split, vacuum).
    pub txn: TxnId,
    /// Where the transaction's record before this one starts; 0 for the first.
    pub prev: Lsn,
    /// In a compensation: the next record to undo; 0 when all is undone. `None` in other records.
    pub undo_next: Option<Lsn>,
    /// How to undo the change, in the vocabulary of the floor that wrote it; empty when there is nothing to undo.
    pub undo: &'a [u8],
}

impl RecordHead<'_> {
    /// Appends the encoding to `out`; the operations follow, each by [`encode_op`].
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.push(self.kind as u8);
        out.extend_from_slice(&self.txn.0.to_le_bytes());
        out.extend_from_slice(&self.prev.0.to_le_bytes());
        let undo_next = self.undo_next.map_or(u64::MAX, |lsn| lsn.0);
        out.extend_from_slice(&undo_next.to_le_bytes());
        out.extend_from_slice(&(self.undo.len() as u32).to_le_bytes());
        out.extend_from_slice(self.undo);
    }
}

/// Appends one page operation to a record's body.
pub fn encode_op(page: PageId, op: &PageOp, out: &mut Vec<u8>) {
    out.extend_from_slice(&page.0.to_le_bytes());
    op.encode(out);
}

/// A log record as recovery reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// As in [`RecordHead`].
    pub kind: RecordKind,
    /// As in [`RecordHead`].
    pub txn: TxnId,
    /// As in [`RecordHead`].
    pub prev: Lsn,
    /// As in [`RecordHead`].
    pub undo_next: Option<Lsn>,
    /// As in [`RecordHead`].
    pub undo: Vec<u8>,
    /// What redo repeats, in order.
    pub ops: Vec<(PageId, PageOp)>,
}

impl Record {
    /// Reads a body.
    ///
    /// # Errors
    /// `XX001` when the bytes are no record.
    pub fn decode(mut input: &[u8]) -> Result<Self> {
        let damaged = || Error::corrupt("a log record is damaged although its checksum is right");
        let (head, rest) = input
            .split_first_chunk::<HEAD_BYTES>()
            .ok_or_else(damaged)?;
        let kind = match head[0] {
            1 => RecordKind::Change,
            2 => RecordKind::Commit,
            3 => RecordKind::End,
            _ => return Err(damaged()),
        };
        let undo_len = u32_at(head, 25) as usize;
        let (undo, rest) = rest.split_at_checked(undo_len).ok_or_else(damaged)?;
        input = rest;
        let mut ops = Vec::new();
        while !input.is_empty() {
            let (page, rest) = input.split_first_chunk::<4>().ok_or_else(damaged)?;
            input = rest;
            ops.push((
                PageId(u32::from_le_bytes(*page)),
                PageOp::decode(&mut input)?,
            ));
        }
        Ok(Self {
            kind,
            txn: TxnId(u64_at(head, 1)),
            prev: Lsn(u64_at(head, 9)),
            undo_next: Some(u64_at(head, 17))
                .filter(|&lsn| lsn != u64::MAX)
                .map(Lsn),
            undo: undo.to_vec(),
            ops,
        })
    }
}

/// What stands before a record's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) body_bytes: usize,
    /// A flush began with this record: all before it are durable (WAL-6).
    pub(super) first_of_flush: bool,
    crc: u32,
}

impl Frame {
    /// The frame of a body at its place.
    pub(super) fn of(body: &[u8], first_of_flush: bool, lsn: u64, epoch: u32) -> Self {
        let mut frame = Self {
            body_bytes: body.len(),
            first_of_flush,
            crc: 0,
        };
        frame.crc = frame.checksum(body, lsn, epoch);
        frame
    }

    fn length_word(self) -> u32 {
        self.body_bytes as u32
            | if self.first_of_flush {
                FIRST_OF_FLUSH
            } else {
                0
            }
    }

    /// The checksum of the length, and of a body at its place (WAL-2).
    fn checksum(self, body: &[u8], lsn: u64, epoch: u32) -> u32 {
        let mut hasher = crc32fast::Hasher::new();
        let mut place = [0; 16];
        place[..8].copy_from_slice(&lsn.to_le_bytes());
        place[8..12].copy_from_slice(&epoch.to_le_bytes());
        place[12..].copy_from_slice(&self.length_word().to_le_bytes());
        if makes(Mistake::StaleRecordsAccepted) {
            hasher.update(&place[12..]);
        } else {
            hasher.update(&place);
        }
        hasher.update(body);
        hasher.finalize()
    }

    /// Whether this is the frame of that body at that place.
    pub(super) fn fits(self, body: &[u8], lsn: u64, epoch: u32) -> bool {
        self.checksum(body, lsn, epoch) == self.crc
    }

    pub(super) fn encode(self) -> [u8; FRAME_BYTES] {
        let mut out = [0; FRAME_BYTES];
        out[..4].copy_from_slice(&self.length_word().to_le_bytes());
        out[4..].copy_from_slice(&self.crc.to_le_bytes());
        out
    }

    /// The frame in `bytes`; `None` when its length is impossible.
    pub(super) fn decode(bytes: [u8; FRAME_BYTES]) -> Option<Self> {
        let [a, b, c, d, crc @ ..] = bytes;
        let length = u32::from_le_bytes([a, b, c, d]);
        let body_bytes = (length & !FIRST_OF_FLUSH) as usize;
        (1..=BODY_BYTES_MAX).contains(&body_bytes).then(|| Self {
            body_bytes,
            first_of_flush: length & FIRST_OF_FLUSH != 0,
            crc: u32::from_le_bytes(crc),
        })
    }
}
