//! Reading the log: forward from a place for analysis and redo, and single records for undo.

use super::record::{BODY_BYTES_MAX, FRAME_BYTES, Record, checksum};
use super::segment::{LogGeometry, SegmentHeader, read_headers};
use crate::error::{Error, Result};
use crate::page::Lsn;
use crate::vfs::{File, SECTOR_BYTES, read_exact_at};
use std::collections::BTreeMap;
use std::sync::Arc;

const SECTOR: u64 = SECTOR_BYTES as u64;

/// Reads records of a log that nobody writes to.
pub struct LogReader {
    file: Arc<dyn File>,
    geometry: LogGeometry,
    pub(super) segments: BTreeMap<u64, (u32, SegmentHeader)>,
    pub(super) slots: u32,
    /// The payload read last.
    cached: Option<(u64, Vec<u8>)>,
}

impl LogReader {
    /// Reads the headers of all segments.
    ///
    /// # Errors
    /// `XX001` when the log belongs to another database; `58030` when a read fails.
    pub fn open(file: Arc<dyn File>, geometry: LogGeometry) -> Result<Self> {
        let headers = read_headers(&*file, &geometry)?;
        let slots = headers.len() as u32;
        let segments = headers
            .into_iter()
            .enumerate()
            .filter_map(|(slot, header)| header.map(|h| (h.seq, (slot as u32, h))))
            .collect();
        Ok(Self {
            file,
            geometry,
            segments,
            slots,
            cached: None,
        })
    }

    /// Whether the segment that holds `lsn` is there, or `lsn` is where the one before it ends and the log may end.
    pub fn contains(&self, lsn: Lsn) -> bool {
        [lsn.0, lsn.0.saturating_sub(1)]
            .iter()
            .any(|&at| self.segments.contains_key(&self.geometry.seq_of(at)))
    }

    /// The newest epoch of any segment; 0 when there is none.
    pub fn epoch_max(&self) -> u32 {
        self.segments
            .values()
            .map(|(_, h)| h.epoch)
            .max()
            .unwrap_or(0)
    }

    fn payload(&mut self, seq: u64) -> Result<Option<&[u8]>> {
        let Some(&(slot, _)) = self.segments.get(&seq) else {
            return Ok(None);
        };
        if self
            .cached
            .as_ref()
            .is_none_or(|(cached, _)| *cached != seq)
        {
            let mut bytes = vec![0u8; self.geometry.payload() as usize];
            read_exact_at(
                &*self.file,
                &mut bytes,
                self.geometry.slot_offset(slot) + SECTOR,
            )
            .map_err(|e| Error::io("cannot read the log", e))?;
            self.cached = Some((seq, bytes));
        }
        Ok(self.cached.as_ref().map(|(_, bytes)| bytes.as_slice()))
    }

    /// `len` bytes of the stream from `lsn`, all of one epoch; `None` when the stream is not there.
    fn bytes(&mut self, mut lsn: u64, len: usize) -> Result<Option<Vec<u8>>> {
        let mut out = Vec::with_capacity(len);
        let Some(&(_, first)) = self.segments.get(&self.geometry.seq_of(lsn)) else {
            return Ok(None);
        };
        while out.len() < len {
            let seq = self.geometry.seq_of(lsn);
            let natural = self.segments.get(&seq).is_some_and(|(_, h)| {
                seq == first.seq || (h.epoch == first.epoch && h.prev_end.is_none())
            });
            if !natural {
                return Ok(None);
            }
            let at = (lsn - self.geometry.first_lsn(seq)) as usize;
            let Some(payload) = self.payload(seq)? else {
                return Ok(None);
            };
            let take = (payload.len() - at).min(len - out.len());
            out.extend_from_slice(&payload[at..at + take]);
            lsn += take as u64;
        }
        Ok(Some(out))
    }

    /// The record that starts at `lsn`, and where it ends; `None` when there is none.
    ///
    /// # Errors
    /// `58030` when a read fails; `XX001` when a record with a right checksum makes no sense.
    pub fn record_at(&mut self, lsn: Lsn) -> Result<Option<(Record, Lsn)>> {
        let Some(frame) = self.bytes(lsn.0, FRAME_BYTES)? else {
            return Ok(None);
        };
        let len = u32::from_le_bytes([frame[0], frame[1], frame[2], frame[3]]) as usize;
        let crc = u32::from_le_bytes([frame[4], frame[5], frame[6], frame[7]]);
        if len == 0 || len > BODY_BYTES_MAX {
            return Ok(None);
        }
        let Some(body) = self.bytes(lsn.0, FRAME_BYTES + len)? else {
            return Ok(None);
        };
        let epoch = self
            .segments
            .get(&self.geometry.seq_of(lsn.0))
            .map_or(0, |(_, h)| h.epoch);
        let body = &body[FRAME_BYTES..];
        if checksum(body, lsn.0, epoch) != crc {
            return Ok(None);
        }
        let end = lsn.0 + (FRAME_BYTES + len) as u64;
        Ok(Some((Record::decode(body)?, Lsn(end))))
    }

    /// The first record at or after `lsn`: its start, itself, and its end. `Err(end)` inside when the log ends there.
    fn next_record(&mut self, lsn: u64) -> Result<std::result::Result<(Lsn, Record, Lsn), u64>> {
        let mut at = lsn;
        loop {
            let rest = SECTOR - at % SECTOR;
            if rest >= FRAME_BYTES as u64 {
                if let Some((record, end)) = self.record_at(Lsn(at))? {
                    return Ok(Ok((Lsn(at), record, end)));
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
        let current = self.geometry.seq_of(lsn.saturating_sub(1));
        let joined = self
            .segments
            .values()
            .find(|(_, h)| h.prev_end == Some(end) && h.seq > current)
            .map(|(_, h)| h.seq);
        match joined {
            Some(seq) => self.next_record(self.geometry.first_lsn(seq)),
            None => Ok(Err(end)),
        }
    }

    /// Calls `each` with all records from `start` on (its start, itself, its end); gives the end of the log.
    ///
    /// # Errors
    /// `58030` when a read fails, `XX001` for a damaged record, and what `each` returns.
    pub fn scan(
        &mut self,
        start: Lsn,
        mut each: impl FnMut(Lsn, Record, Lsn) -> Result<()>,
    ) -> Result<Lsn> {
        let mut at = start.0;
        loop {
            match self.next_record(at)? {
                Ok((lsn, record, end)) => {
                    each(lsn, record, end)?;
                    at = end.0;
                }
                Err(end) => return Ok(Lsn(end)),
            }
        }
    }
}
