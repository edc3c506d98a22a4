//! What one statement has on disk: its limit, and the blocks.
//!
//! ```text
//!   block   0  checksum   u32 LE   CRC-32 of the run's number (u64 LE), the block's place in it (u32 LE), the payload
//!           4  payload    8,188 bytes; zeros behind the end of the run
//! ```

use super::space::TempSpace;
use crate::error::{Error, ErrorKind, Result};
use crate::interrupt::Interrupt;
use crate::vfs::{File, read_exact_at, write_all_at};
use std::cell::Cell;
use std::sync::Arc;

/// Bytes of a block.
pub(super) const BLOCK_BYTES: usize = 8192;
const CHECKSUM_BYTES: usize = 4;
/// Bytes of the stream that a block holds.
pub(super) const PAYLOAD_BYTES: usize = BLOCK_BYTES - CHECKSUM_BYTES;

/// The temporary blocks of one statement.
pub(crate) struct Temp<'a> {
    space: &'a TempSpace,
    limit_kb: Option<u64>,
    /// Rows of the batches that are written and read, at most.
    batch_rows: usize,
    held_bytes: Cell<u64>,
    /// Blocks read and written so far.
    transfers: Cell<(u64, u64)>,
    interrupt: &'a Interrupt,
}

/// A block, and the file that it is in.
pub(super) type Place = (u32, Arc<dyn File>);

impl<'a> Temp<'a> {
    /// Nothing written yet; `limit_kb` is `temp_file_limit`.
    pub(crate) fn new(
        space: &'a TempSpace,
        limit_kb: Option<u64>,
        batch_rows: usize,
        interrupt: &'a Interrupt,
    ) -> Self {
        Self {
            space,
            limit_kb,
            batch_rows,
            held_bytes: Cell::new(0),
            transfers: Cell::new((0, 0)),
            interrupt,
        }
    }

    /// Blocks read and written so far.
    pub(crate) fn transfers(&self) -> (u64, u64) {
        self.transfers.get()
    }

    pub(super) fn batch_rows(&self) -> usize {
        self.batch_rows
    }

    pub(super) fn begin_run(&self) -> u64 {
        self.space.begin_run()
    }

    /// Room for a block. Errors: `53400` over the limit, `57014`, and those of the file.
    pub(super) fn allocate(&self) -> Result<Place> {
        self.interrupt.check()?;
        let held = self.held_bytes.get() + BLOCK_BYTES as u64;
        if let Some(limit_kb) = self.limit_kb
            && held > limit_kb.saturating_mul(1024)
        {
            let message = format!("temporary file size exceeds temp_file_limit ({limit_kb}kB)");
            return Err(Error::new(ErrorKind::Limit, "53400", message));
        }
        let place = self.space.allocate()?;
        self.held_bytes.set(held);
        Ok(place)
    }

    pub(super) fn release(&self, blocks: &[u32]) {
        let bytes = blocks.len() as u64 * BLOCK_BYTES as u64;
        self.held_bytes.set(self.held_bytes.get() - bytes);
        self.space.release(blocks);
    }

    /// Writes `payload`, of at most [`PAYLOAD_BYTES`], as block number `index` of a run. Errors: `53100`, `58030`.
    pub(super) fn write(&self, at: &Place, run: u64, index: u32, payload: &[u8]) -> Result<()> {
        let mut block = vec![0; BLOCK_BYTES];
        block[CHECKSUM_BYTES..][..payload.len()].copy_from_slice(payload);
        let checksum = checksum(run, index, &block[CHECKSUM_BYTES..]);
        block[..CHECKSUM_BYTES].copy_from_slice(&checksum.to_le_bytes());
        let written = write_all_at(&*at.1, &block, offset(at.0));
        written.map_err(|e| self.space.failed("writing", e))?;
        self.space.count_block();
        let (read, written) = self.transfers.get();
        self.transfers.set((read, written + 1));
        Ok(())
    }

    /// Reads block number `index` of a run, into a buffer of [`BLOCK_BYTES`]; the payload is behind the checksum.
    /// Errors: `XX001` for a block that is not what was written, `58030`, `57014`.
    pub(super) fn read<'b>(
        &self,
        at: (u32, &dyn File),
        run: u64,
        index: u32,
        block: &'b mut Vec<u8>,
    ) -> Result<&'b [u8]> {
        self.interrupt.check()?;
        let (read, written) = self.transfers.get();
        self.transfers.set((read + 1, written));
        block.resize(BLOCK_BYTES, 0);
        match read_exact_at(at.1, block, offset(at.0)) {
            Ok(()) => {}
            Err(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => {
                return Err(Error::corrupt("the temporary file is too short"));
            }
            Err(e) => return Err(self.space.failed("reading", e)),
        }
        let (stored, payload) = block.split_at(CHECKSUM_BYTES);
        if stored != checksum(run, index, payload).to_le_bytes() {
            return Err(Error::corrupt(format!(
                "block {} of the temporary file is damaged: wrong checksum",
                at.0
            )));
        }
        Ok(payload)
    }
}

fn offset(block: u32) -> u64 {
    u64::from(block) * BLOCK_BYTES as u64
}

/// EXEC-11: a block that was written for another run, or another place in it, has another checksum.
fn checksum(run: u64, index: u32, payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&run.to_le_bytes());
    hasher.update(&index.to_le_bytes());
    hasher.update(payload);
    hasher.finalize()
}
