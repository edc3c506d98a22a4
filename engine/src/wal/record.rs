//! Log records and their encoding.

use crate::error::{Error, Result};
use crate::page::{Lsn, PageId, PageOp, TxnId};

/// Bytes before a record's body: length and CRC.
pub(super) const FRAME_BYTES: usize = 8;
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
    /// Bytes of the encoding.
    pub fn encoded_bytes(&self) -> usize {
        HEAD_BYTES + self.undo.len()
    }

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
        let u64_at = |at: usize| {
            let mut bytes = [0u8; 8];
            bytes.copy_from_slice(&head[at..at + 8]);
            u64::from_le_bytes(bytes)
        };
        let kind = match head[0] {
            1 => RecordKind::Change,
            2 => RecordKind::Commit,
            3 => RecordKind::End,
            _ => return Err(damaged()),
        };
        let undo_len = u32::from_le_bytes([head[25], head[26], head[27], head[28]]) as usize;
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
            txn: TxnId(u64_at(1)),
            prev: Lsn(u64_at(9)),
            undo_next: Some(u64_at(17)).filter(|&lsn| lsn != u64::MAX).map(Lsn),
            undo: undo.to_vec(),
            ops,
        })
    }
}

/// The checksum of a body at its place (WAL-2).
pub(super) fn checksum(body: &[u8], lsn: u64, epoch: u32) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&lsn.to_le_bytes());
    hasher.update(&epoch.to_le_bytes());
    hasher.update(body);
    hasher.finalize()
}
