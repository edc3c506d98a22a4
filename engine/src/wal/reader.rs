//! Reading the log: forward from a place for analysis and redo, and single records for undo.

use super::gaps::{LogGap, LogGaps};
use super::record::{END_MARK, FRAME_BYTES, Frame, Record};
use super::segment::{LogGeometry, SegmentHeader, SlotHeader, read_headers};
use crate::error::{Error, Result};
use crate::page::Lsn;
use crate::planted::{Mistake, makes};
use crate::vfs::{File, SECTOR_BYTES, read_exact_at};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

const SECTOR: u64 = SECTOR_BYTES as u64;
/// Bytes of a segment's payload that are read at once, at most.
const BLOCK_BYTES_MAX: usize = 64 << 10;

/// A record's start, its frame, itself, and its end.
type FoundRecord = (Lsn, Frame, Record, Lsn);

/// How far a log goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogExtent {
    /// Where the last flush began. What is before it is durable; the rest can be read, but may be lost (WAL-6).
    pub last_flush: Lsn,
    /// The end of the last record.
    pub records_end: Lsn,
    /// The same, up to the next sector: where the next epoch joins.
    pub end: Lsn,
    /// The gaps on the way there.
    pub gaps: LogGaps,
}

/// What a checkpoint says of the log: which part of it is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NeededLog {
    /// Its oldest position: the redo LSN, or the start of an older record that an undo may need.
    pub start: Lsn,
    /// The redo LSN: all before it was durable at the checkpoint, in the pages too.
    pub redo: Lsn,
    /// The epoch of the log at the checkpoint.
    pub epoch: u32,
}

/// Reads records of a log that nobody writes to.
pub struct LogReader {
    pub(super) file: Arc<dyn File>,
    pub(super) geometry: LogGeometry,
    pub(super) segments: BTreeMap<u64, (u32, SegmentHeader)>,
    /// What each slot of the file begins with.
    pub(super) slots: Vec<SlotHeader>,
    /// The block read last: the slot, which block of its payload, and its bytes.
    cached: Option<(u32, usize, Vec<u8>)>,
}

impl LogReader {
    /// Reads the headers of all segments.
    ///
    /// # Errors
    /// `XX001` when the log belongs to another database; `58030` when a read fails.
    pub fn open(file: Arc<dyn File>, geometry: LogGeometry) -> Result<Self> {
        let slots = read_headers(&*file, &geometry)?;
        let mut segments: BTreeMap<u64, (u32, SegmentHeader)> = BTreeMap::new();
        for (slot, header) in (0..).zip(&slots) {
            let Some(header) = header.segment() else {
                continue;
            };
            let place = segments.entry(header.seq).or_insert((slot, header));
            if (place.1.epoch, place.1.copied_in) < (header.epoch, header.copied_in) {
                *place = (slot, header);
            }
        }
        Ok(Self {
            file,
            geometry,
            segments,
            slots,
            cached: None,
        })
    }

    /// Whether the log is there from where it is needed: the segment that holds the start, or the one of that epoch that ends
    /// there, where the log may have ended too. Behind one of another epoch it cannot: what the epoch began with is gone.
    pub fn begins(&self, needed: &NeededLog) -> bool {
        let segment_of = |at| self.segments.get(&self.geometry.seq_of(at));
        let before = needed.start.0.saturating_sub(1);
        segment_of(needed.start.0).is_some()
            || segment_of(before).is_some_and(|(_, h)| h.epoch == needed.epoch)
    }

    /// An epoch later than all that the log has seen.
    ///
    /// # Errors
    /// `XX001` when there is none: no log has seen as many.
    pub fn next_epoch(&self, needed: &NeededLog) -> Result<u32> {
        let segments = self.segments.values();
        let seen = segments.map(|(_, h)| h.epoch.max(h.copied_in));
        let last = seen.fold(needed.epoch, u32::max);
        last.checked_add(1)
            .ok_or_else(|| Error::corrupt(format!("the log cannot have an epoch after {last}")))
    }

    /// The number of a segment behind all that the log, which ends at `end`, may ever have had (WAL-10): each that followed
    /// the end took one of the file's slots, and the last of them may be those whose headers are damaged.
    pub(super) fn seq_behind_all(&self, end: Lsn) -> u64 {
        let last = self.segments.keys().next_back().copied().unwrap_or(0);
        let lost = self.geometry.seq_of(end.0) + self.slots.len() as u64;
        let damaged = self.slots.iter().filter(|header| header.is_damaged());
        last.max(lost) + damaged.count() as u64 + 1
    }

    /// Fills `bytes` with what is at `at` of the payload in `slot`.
    pub(super) fn read(&self, slot: u32, bytes: &mut [u8], at: usize) -> Result<()> {
        let offset = self.geometry.slot_offset(slot) + SECTOR + at as u64;
        read_exact_at(&*self.file, bytes, offset).map_err(|e| Error::io("cannot read the log", e))
    }

    /// Bytes of a segment's payload that are read at once: never all of it, so that the small logs of tests too have records
    /// that go on from one block to the next.
    fn block_bytes(&self) -> usize {
        let half = (self.geometry.payload() / 2).next_multiple_of(SECTOR);
        BLOCK_BYTES_MAX.min(half as usize)
    }

    /// From byte `at` of a segment's payload to the end of the block that holds it, which is never empty; `None` when the
    /// segment is not there.
    fn block(&mut self, seq: u64, at: usize) -> Result<Option<&[u8]>> {
        let Some(&(slot, _)) = self.segments.get(&seq) else {
            return Ok(None);
        };
        let block_bytes = self.block_bytes();
        let (number, within) = (at / block_bytes, at % block_bytes);
        let is_cached = |(s, n, _): &(u32, usize, _)| (*s, *n) == (slot, number);
        if !self.cached.as_ref().is_some_and(is_cached) {
            let old = self.cached.take();
            let mut bytes = old.map_or_else(Vec::new, |(_, _, bytes)| bytes);
            let start = number * block_bytes;
            let len = (self.geometry.payload() as usize - start).min(block_bytes);
            bytes.resize(len, 0);
            self.read(slot, &mut bytes, start)?;
            self.cached = Some((slot, number, bytes));
        }
        Ok(self.cached.as_ref().map(|(_, _, bytes)| &bytes[within..]))
    }

    /// `len` bytes of the stream from `lsn`, all of one epoch; `None` when the stream is not there.
    fn bytes(&mut self, mut lsn: u64, len: usize) -> Result<Option<Cow<'_, [u8]>>> {
        let seq = self.geometry.seq_of(lsn);
        let Some(&(_, first)) = self.segments.get(&seq) else {
            return Ok(None);
        };
        let at = (lsn - self.geometry.first_lsn(seq)) as usize;
        let block_bytes = self.block_bytes();
        if at % block_bytes + len <= block_bytes && at + len <= self.geometry.payload() as usize {
            let block = self.block(seq, at)?;
            return Ok(block.map(|block| Cow::Borrowed(&block[..len])));
        }
        let mut out = Vec::with_capacity(len);
        while out.len() < len {
            let seq = self.geometry.seq_of(lsn);
            let natural = self.segments.get(&seq).is_some_and(|(_, h)| {
                seq == first.seq || (h.epoch == first.epoch && h.prev_end.is_none())
            });
            if !natural {
                return Ok(None);
            }
            let at = (lsn - self.geometry.first_lsn(seq)) as usize;
            let Some(block) = self.block(seq, at)? else {
                return Ok(None);
            };
            let take = block.len().min(len - out.len());
            out.extend_from_slice(&block[..take]);
            lsn += take as u64;
        }
        Ok(Some(Cow::Owned(out)))
    }

    /// The record that starts at `lsn`, and where it ends; `None` when there is none.
    ///
    /// # Errors
    /// `58030` when a read fails; `XX001` when a record with a right checksum makes no sense.
    pub fn record_at(&mut self, lsn: Lsn) -> Result<Option<(Record, Lsn)>> {
        let found = self.framed_record_at(lsn)?;
        Ok(found.map(|(_, record, end)| (record, end)))
    }

    fn framed_record_at(&mut self, lsn: Lsn) -> Result<Option<(Frame, Record, Lsn)>> {
        let Some(frame) = self.bytes(lsn.0, FRAME_BYTES)? else {
            return Ok(None);
        };
        let frame = frame.first_chunk().and_then(|&bytes| Frame::decode(bytes));
        let Some(frame) = frame else {
            return Ok(None);
        };
        let epoch = self
            .segments
            .get(&self.geometry.seq_of(lsn.0))
            .map_or(0, |(_, h)| h.epoch);
        let Some(body) = self.bytes(lsn.0, FRAME_BYTES + frame.body_bytes)? else {
            return Ok(None);
        };
        let body = &body[FRAME_BYTES..];
        if !frame.fits(body, lsn.0, epoch) {
            return Ok(None);
        }
        // WAL-7
        let Some((&END_MARK, body)) = body.split_last() else {
            return Ok(None);
        };
        let end = lsn.0 + (FRAME_BYTES + frame.body_bytes) as u64;
        Ok(Some((frame, Record::decode(body)?, Lsn(end))))
    }

    /// The first record at or after `lsn`, where a record or a segment of the log ends: its start, frame, itself, and
    /// its end. `Err(end)` inside when the log ends there.
    fn next_record(&mut self, lsn: u64) -> Result<std::result::Result<FoundRecord, u64>> {
        let mut at = lsn;
        loop {
            let rest = SECTOR - at % SECTOR;
            if rest >= FRAME_BYTES as u64 {
                if let Some((frame, record, end)) = self.framed_record_at(Lsn(at))? {
                    return Ok(Ok((Lsn(at), frame, record, end)));
                }
                let zero = self
                    .bytes(at, 4)?
                    .is_some_and(|b| b.iter().all(|&b| b == 0));
                if at.is_multiple_of(SECTOR) || !zero {
                    break;
                }
            }
            at += rest;
        }
        // The flush that wrote the last record ended at the next sector: that is where a later epoch joins.
        let end = lsn.next_multiple_of(SECTOR);
        if let Some(first) = self.joined_at(end, u64::MAX)
            && let Ok(found) = self.next_record(first)?
        {
            return Ok(Ok(found));
        }
        Ok(Err(end))
    }

    /// The first LSN of the epoch that goes on where the log ended at `end`. Of several that do, the last: the others
    /// came to nothing.
    fn joined_at(&self, end: u64, seq_max: u64) -> Option<u64> {
        let after = self.geometry.seq_of(end.saturating_sub(1)) + 1;
        if seq_max < after {
            return None;
        }
        let mut later = self.segments.range(after..=seq_max);
        let (seq, _) = later.rfind(|(_, (_, h))| h.prev_end == Some(end))?;
        Some(self.geometry.first_lsn(*seq))
    }

    /// WAL-8: the log ends at `end` because a crash tore it there, not because something has damaged it since.
    fn expect_nothing_after(&mut self, end: u64) -> Result<()> {
        if makes(Mistake::DamageTakenForEnd) {
            return Ok(());
        }
        let last = self.geometry.seq_of(end.saturating_sub(1));
        let later: Vec<u64> = self.segments.range(last..).map(|(&seq, _)| seq).collect();
        for seq in later {
            let first = self.geometry.first_lsn(seq);
            self.expect_no_flush_in(seq, end.max(first), end)?;
        }
        self.expect_no_header_damaged(last, end)
    }

    /// The same for the first segment after `last` that is not there: its header may be what was damaged, and the record that
    /// cannot be read may go on over those before it. A crash can leave it without one while its first flush is under way.
    fn expect_no_header_damaged(&mut self, last: u64, end: u64) -> Result<()> {
        let mut seq = last;
        let mut before = None;
        while let Some(&(_, header)) = self.segments.get(&seq) {
            (seq, before) = (seq + 1, Some(header));
        }
        let Some(before) = before else {
            return Ok(());
        };
        let first = self.geometry.first_lsn(seq);
        let slots = (0..).zip(&self.slots);
        let nameless = slots.filter(|(_, header)| header.segment().is_none());
        let nameless: Vec<u32> = nameless.map(|(slot, _)| slot).collect();
        let header = SegmentHeader {
            seq,
            prev_end: None,
            ..before
        };
        for slot in nameless {
            self.segments.insert(seq, (slot, header));
            let sound = self.expect_no_flush_in(seq, first + SECTOR, end);
            self.segments.remove(&seq);
            sound?;
        }
        Ok(())
    }

    /// No flush begins in the segment from `from` on.
    fn expect_no_flush_in(&mut self, seq: u64, from: u64, end: u64) -> Result<()> {
        let first = self.geometry.first_lsn(seq);
        let (mut at, payload) = ((from - first) as usize, self.geometry.payload() as usize);
        while at < payload {
            let Some(block) = self.block(seq, at)? else {
                return Ok(());
            };
            let places = (0..block.len()).step_by(SECTOR_BYTES);
            let begin_flush = places.filter(|&place| begins_flush(&block[place..]));
            let (begin_flush, len) = (begin_flush.collect::<Vec<_>>(), block.len());
            for place in begin_flush {
                let lsn = Lsn(first + (at + place) as u64);
                if self.framed_record_at(lsn)?.is_some() {
                    return Err(Error::corrupt(format!(
                        "the log is damaged at {end}: what follows it was written when it was durable (WAL-8)"
                    )));
                }
            }
            at += len;
        }
        Ok(())
    }

    /// Calls `each` with all records from `start` on (its start, itself, its end); gives how far the log goes. It is
    /// known to have reached `known`, be it with an epoch of no records; epochs of none after that are passed over.
    ///
    /// # Errors
    /// `58030` when a read fails, `XX001` for a damaged record or when the log does not end where the records do (WAL-8),
    /// and what `each` returns.
    pub fn scan(
        &mut self,
        start: Lsn,
        known: Lsn,
        each: impl FnMut(Lsn, Record, Lsn) -> Result<()>,
    ) -> Result<LogExtent> {
        let extent = self.scan_again(start, known, each)?;
        self.expect_nothing_after(extent.end.0)?;
        Ok(extent)
    }

    /// The same of a log of which somebody knows where it ends, which is not asked again.
    ///
    /// # Errors
    /// As [`LogReader::scan`], without WAL-8.
    pub fn scan_again(
        &mut self,
        start: Lsn,
        known: Lsn,
        mut each: impl FnMut(Lsn, Record, Lsn) -> Result<()>,
    ) -> Result<LogExtent> {
        let mut at = start.0;
        let mut last_flush = start;
        let mut gaps = LogGaps::default();
        let mut pass = |after: u64, upto: u64| {
            gaps.push(LogGap {
                after: Lsn(after),
                upto: Lsn(upto),
            })
        };
        let (records_end, end) = loop {
            match self.next_record(at)? {
                Ok((lsn, frame, record, end)) => {
                    if frame.first_of_flush {
                        last_flush = lsn;
                    }
                    if lsn.0 > at.next_multiple_of(SECTOR) {
                        pass(at, lsn.0)?;
                    }
                    each(lsn, record, end)?;
                    at = end.0;
                }
                Err(end) => match self.joined_at(end, self.geometry.seq_of(known.0)) {
                    Some(first) => {
                        pass(at, first)?;
                        at = first;
                    }
                    None => break (Lsn(at), Lsn(end)),
                },
            }
        };
        Ok(LogExtent {
            last_flush,
            records_end,
            end,
            gaps,
        })
    }
}

/// Whether the frame of a record lies there with which a flush began.
fn begins_flush(bytes: &[u8]) -> bool {
    let frame = bytes.first_chunk().and_then(|&bytes| Frame::decode(bytes));
    frame.is_some_and(|frame| frame.first_of_flush)
}
