//! Segments: where in the file a piece of the stream lies, and the header that says so.

use crate::error::{Error, Result};
use crate::page::{Lsn, u32_at, u64_at};
use crate::vfs::{File, SECTOR_BYTES, read_exact_at};

const MAGIC: &[u8; 8] = b"QuantaWL";
const CRC_AT: usize = 44;
/// What all positions of a log stay below, so that none is too large to be counted.
pub const LSN_END: Lsn = Lsn(1 << 62);
/// The smallest segment, in bytes.
pub const SEGMENT_BYTES_MIN: u32 = 4096;

/// What all segments of a log share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogGeometry {
    /// Bytes of a segment with its header; a multiple of the sector.
    pub segment_bytes: u32,
    /// The database it belongs to.
    pub database: u64,
}

impl LogGeometry {
    /// Bytes of the stream in one segment.
    pub(super) fn payload(&self) -> u64 {
        u64::from(self.segment_bytes) - SECTOR_BYTES as u64
    }

    /// The first LSN of a segment.
    pub fn first_lsn(&self, seq: u64) -> u64 {
        seq * self.payload()
    }

    /// The segment that holds an LSN.
    pub(super) fn seq_of(&self, lsn: u64) -> u64 {
        lsn / self.payload()
    }

    /// The first segment that a log is kept from when `start` is needed: at the beginning of a segment that may not
    /// exist yet, the one before.
    pub(super) fn first_kept(&self, start: u64) -> u64 {
        self.seq_of(start.saturating_sub(1))
    }

    /// What the numbers of segments stay below.
    fn seq_end(&self) -> u64 {
        self.seq_of(LSN_END.0)
    }

    /// Offset in the file of slot `slot`.
    pub(super) fn slot_offset(&self, slot: u32) -> u64 {
        u64::from(slot) * u64::from(self.segment_bytes)
    }
}

/// A segment's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SegmentHeader {
    pub(super) seq: u64,
    pub(super) epoch: u32,
    /// Where the log ended before this epoch; `None` for the natural successor of the segment before.
    pub(super) prev_end: Option<u64>,
    /// In a copy, the epoch whose recovery made it; else 0. Of two segments with the same number the one that was
    /// copied last counts.
    pub(super) copied_in: u32,
}

impl SegmentHeader {
    pub(super) fn encode(&self, geometry: &LogGeometry) -> [u8; SECTOR_BYTES] {
        let mut sector = [0u8; SECTOR_BYTES];
        sector[..8].copy_from_slice(MAGIC);
        sector[8..16].copy_from_slice(&self.seq.to_le_bytes());
        sector[16..24].copy_from_slice(&self.prev_end.unwrap_or(u64::MAX).to_le_bytes());
        sector[24..32].copy_from_slice(&geometry.database.to_le_bytes());
        sector[32..36].copy_from_slice(&self.epoch.to_le_bytes());
        sector[36..40].copy_from_slice(&geometry.segment_bytes.to_le_bytes());
        sector[40..44].copy_from_slice(&self.copied_in.to_le_bytes());
        let crc = crc32fast::hash(&sector[..CRC_AT]);
        sector[CRC_AT..CRC_AT + 4].copy_from_slice(&crc.to_le_bytes());
        sector
    }

    /// The header in `sector`, with the database it names; `None` when there is none.
    fn decode(sector: &[u8; SECTOR_BYTES], segment_bytes: u32) -> Option<(Self, u64)> {
        let valid = &sector[..8] == MAGIC
            && crc32fast::hash(&sector[..CRC_AT]) == u32_at(sector, CRC_AT)
            && u32_at(sector, 36) == segment_bytes;
        valid.then(|| {
            let header = Self {
                seq: u64_at(sector, 8),
                epoch: u32_at(sector, 32),
                prev_end: Some(u64_at(sector, 16)).filter(|&end| end != u64::MAX),
                copied_in: u32_at(sector, 40),
            };
            (header, u64_at(sector, 24))
        })
    }
}

/// What a slot of a log's file begins with.
pub(super) enum SlotHeader {
    /// Zeros: nothing was written there.
    Empty,
    /// Neither that nor a header.
    Damaged,
    /// A segment's header.
    Of(SegmentHeader),
}

impl SlotHeader {
    /// The header of the segment that is there.
    pub(super) fn segment(&self) -> Option<SegmentHeader> {
        match *self {
            Self::Of(header) => Some(header),
            Self::Empty | Self::Damaged => None,
        }
    }

    /// Whether nothing was written there.
    pub(super) fn is_empty(&self) -> bool {
        matches!(self, Self::Empty)
    }

    /// Whether what was written there cannot be made out.
    pub(super) fn is_damaged(&self) -> bool {
        matches!(self, Self::Damaged)
    }
}

/// What all slots of a log's file begin with.
///
/// # Errors
/// `XX001` when a segment belongs to another database, `58030` when a read fails.
pub(super) fn read_headers(file: &dyn File, geometry: &LogGeometry) -> Result<Vec<SlotHeader>> {
    let reading = |e| Error::io("cannot read the log", e);
    let slots = file.len().map_err(reading)? / u64::from(geometry.segment_bytes);
    let mut headers = Vec::new();
    for slot in 0..u32::try_from(slots).unwrap_or(u32::MAX) {
        let mut sector = [0u8; SECTOR_BYTES];
        read_exact_at(file, &mut sector, geometry.slot_offset(slot)).map_err(reading)?;
        headers.push(match SegmentHeader::decode(&sector, geometry.segment_bytes) {
            Some((_, database)) if database != geometry.database => {
                return Err(Error::corrupt(
                    "the log belongs to another database: its number is not the one in the database file",
                ));
            }
            Some((header, _)) if (1..geometry.seq_end()).contains(&header.seq) => SlotHeader::Of(header),
            None if sector.iter().all(|&byte| byte == 0) => SlotHeader::Empty,
            _ => SlotHeader::Damaged,
        });
    }
    Ok(headers)
}
