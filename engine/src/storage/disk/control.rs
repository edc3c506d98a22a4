//! The control blocks of page 0: what the file is, and where its log begins.
//!
//! ```text
//!   offset 0, 1024, 2048 and 3072, one sector each, written in turn:
//!   │ magic 8 │ format 4 │ page bytes 4 │ features 8 │ database 8 │ sequence 8 │ redo LSN 8 │ log start 8 │
//!   │ next transaction 8 │ epoch 4 │ segment bytes 4 │ closed 4 │ gaps 4 │ gap: after 8, up to 8 │ … │ 508: CRC32 4 │
//! ```
//!
//! The valid block with the highest sequence counts. A torn write damages only the block that was being replaced, the
//! oldest. There are four, because a block whose sync failed may be readable and yet not on the disk: whoever opens the
//! file then must not begin by replacing the one that is. That may happen twice in a row.

use super::options::{page_bytes_valid, segment_bytes_valid};
use crate::error::{Error, Result};
use crate::page::{Lsn, u32_at, u64_at};
use crate::planted::{Mistake, makes};
use crate::vfs::{File, SECTOR_BYTES, read_exact_at, write_all_at};
use crate::wal::{LSN_END, LogGap, LogGaps, NeededLog};

const MAGIC: &[u8; 8] = b"QuantaDB";
const FORMAT: u32 = 2;
const OFFSETS: [u64; 4] = [0, 1024, 2048, 3072];
const GAPS_AT: usize = 80;
const GAP_BYTES: usize = 16;
const CRC_AT: usize = SECTOR_BYTES - 4;
/// As many gaps of the log as a control block has room for.
pub(super) const GAPS_MAX: usize = (CRC_AT - GAPS_AT) / GAP_BYTES;

/// A control block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Control {
    pub(super) page_bytes: u32,
    pub(super) segment_bytes: u32,
    /// Names the database, in its log too.
    pub(super) database: u64,
    /// Grows with each block written.
    pub(super) sequence: u64,
    pub(super) needed: NeededLog,
    pub(super) next_txn: u64,
    /// Nothing was logged after the redo LSN, and nothing will be in this epoch.
    pub(super) closed: bool,
    /// The gaps of the log that a page may lie in; at most [`GAPS_MAX`].
    pub(super) gaps: LogGaps,
}

impl Control {
    fn encode(&self) -> [u8; SECTOR_BYTES] {
        let mut out = [0u8; SECTOR_BYTES];
        out[..8].copy_from_slice(MAGIC);
        out[8..12].copy_from_slice(&FORMAT.to_le_bytes());
        out[12..16].copy_from_slice(&self.page_bytes.to_le_bytes());
        // 16..24: feature flags, none so far
        out[24..32].copy_from_slice(&self.database.to_le_bytes());
        out[32..40].copy_from_slice(&self.sequence.to_le_bytes());
        out[40..48].copy_from_slice(&self.needed.redo.0.to_le_bytes());
        out[48..56].copy_from_slice(&self.needed.start.0.to_le_bytes());
        out[56..64].copy_from_slice(&self.next_txn.to_le_bytes());
        out[64..68].copy_from_slice(&self.needed.epoch.to_le_bytes());
        out[68..72].copy_from_slice(&self.segment_bytes.to_le_bytes());
        out[72..76].copy_from_slice(&u32::from(self.closed).to_le_bytes());
        let gaps = self.gaps.as_slice();
        assert!(
            gaps.len() <= GAPS_MAX,
            "WAL-10: {} gaps of the log find no room in a control block",
            gaps.len()
        );
        out[76..80].copy_from_slice(&(gaps.len() as u32).to_le_bytes());
        for (place, gap) in out[GAPS_AT..CRC_AT].chunks_exact_mut(GAP_BYTES).zip(gaps) {
            place[..8].copy_from_slice(&gap.after.0.to_le_bytes());
            place[8..].copy_from_slice(&gap.upto.0.to_le_bytes());
        }
        let crc = crc32fast::hash(&out[..CRC_AT]);
        out[CRC_AT..CRC_AT + 4].copy_from_slice(&crc.to_le_bytes());
        out
    }

    /// Reads a block; `Ok(None)` for one that is damaged.
    fn decode(sector: &[u8; SECTOR_BYTES]) -> Result<Option<Self>> {
        if &sector[..8] != MAGIC || crc32fast::hash(&sector[..CRC_AT]) != u32_at(sector, CRC_AT) {
            return Ok(None);
        }
        if u32_at(sector, 8) != FORMAT {
            return Err(Error::corrupt(format!(
                "its format has version {}, and this build knows only version {FORMAT}",
                u32_at(sector, 8)
            )));
        }
        if u64_at(sector, 16) != 0 {
            return Err(Error::corrupt(format!(
                "it uses features that this build does not know ({:#x})",
                u64_at(sector, 16)
            )));
        }
        let places = sector[GAPS_AT..CRC_AT].chunks_exact(GAP_BYTES);
        let mut gaps = LogGaps::default();
        for place in places.take(u32_at(sector, 76) as usize) {
            gaps.push(LogGap {
                after: Lsn(u64_at(place, 0)),
                upto: Lsn(u64_at(place, 8)),
            })?;
        }
        let control = Self {
            page_bytes: u32_at(sector, 12),
            database: u64_at(sector, 24),
            sequence: u64_at(sector, 32),
            needed: NeededLog {
                start: Lsn(u64_at(sector, 48)),
                redo: Lsn(u64_at(sector, 40)),
                epoch: u32_at(sector, 64),
            },
            next_txn: u64_at(sector, 56),
            segment_bytes: u32_at(sector, 68),
            closed: u32_at(sector, 72) != 0,
            gaps,
        };
        if !page_bytes_valid(control.page_bytes as usize)
            || !segment_bytes_valid(control.segment_bytes)
        {
            return Err(Error::corrupt(
                "its page size or log segment size is impossible",
            ));
        }
        let gaps = control.gaps.as_slice().iter().map(|gap| gap.upto);
        if gaps
            .chain([control.needed.redo, control.needed.start])
            .any(|lsn| lsn >= LSN_END)
        {
            return Err(Error::corrupt("its positions in the log are impossible"));
        }
        Ok(Some(control))
    }

    /// The newest valid block of `file`.
    ///
    /// # Errors
    /// `XX001` when there is none, or the format is unknown; `58030` when the file cannot be read.
    pub(super) fn read(file: &dyn File) -> Result<Self> {
        let mut newest: Option<Self> = None;
        let mut seen_magic = false;
        for offset in OFFSETS {
            let mut sector = [0u8; SECTOR_BYTES];
            match read_exact_at(file, &mut sector, offset) {
                Ok(()) => {}
                Err(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => continue,
                Err(e) => return Err(Error::io("cannot read the control block", e)),
            }
            seen_magic |= &sector[..8] == MAGIC;
            if let Some(control) = Self::decode(&sector)?
                && newest
                    .as_ref()
                    .is_none_or(|n| n.sequence < control.sequence)
            {
                newest = Some(control);
            }
        }
        newest.ok_or_else(|| {
            Error::corrupt(if seen_magic {
                "all of its control blocks are damaged"
            } else {
                "it is not a QuantaDB database"
            })
        })
    }

    /// Writes the block over the oldest. The caller syncs.
    ///
    /// # Errors
    /// `58030` when the write fails.
    pub(super) fn write(&self, file: &dyn File) -> Result<()> {
        let place = match makes(Mistake::OneControlBlock) {
            true => 0,
            false => self.sequence % OFFSETS.len() as u64,
        };
        let offset = OFFSETS[place as usize];
        write_all_at(file, &self.encode(), offset)
            .map_err(|e| Error::io("cannot write the control block", e))
    }
}
