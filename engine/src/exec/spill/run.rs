//! A run: batches one after the other, written once and read as often as need be.
//!
//! ```text
//!   stream   length u32 LE │ batch │ length │ batch │ …        cut into the payloads of blocks
//! ```

use super::codec;
use super::temp::{BLOCK_BYTES, PAYLOAD_BYTES, Place, Temp};
use crate::error::{Error, ErrorKind, Result};
use crate::exec::batch::Batch;
use crate::types::SqlType;
use crate::vfs::File;
use std::rc::Rc;
use std::sync::Arc;

/// Bytes of the batches that a run is written in, about; a longer row is a batch by itself.
pub(super) const PIECE_BYTES: usize = 16 << 10;

/// Bytes of the batches that a reader puts together from small ones.
const READ_BYTES: usize = 32 << 10;

/// Batches on disk, all of the same types; its blocks are given back when it is dropped.
pub(crate) struct Run<'a> {
    temp: &'a Temp<'a>,
    number: u64,
    types: Arc<[SqlType]>,
    file: Option<Arc<dyn File>>,
    blocks: Vec<u32>,
    bytes: u64,
    rows: u64,
}

/// Writes a run.
pub(crate) struct RunWriter<'a> {
    run: Run<'a>,
    /// What is not written yet of the stream: less than a block's payload.
    pending: Vec<u8>,
}

/// Reads a run from its start.
pub(crate) struct RunReader<'a, R = Run<'a>> {
    run: R,
    block: Vec<u8>,
    /// The block that `block` holds.
    loaded: Option<u32>,
    position: u64,
    rows: u64,
    /// A batch that was read and did not fit into the last.
    ahead: Option<Batch>,
    _life: std::marker::PhantomData<&'a ()>,
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        self.temp.release(&self.blocks);
    }
}

impl<'a> Run<'a> {
    /// How many rows it holds.
    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// Reads it, and drops it with the reader.
    pub(crate) fn read(self) -> RunReader<'a> {
        RunReader::new(self)
    }

    /// Reads it; it stays.
    pub(crate) fn reread(&self) -> RunReader<'a, &Self> {
        RunReader::new(self)
    }
}

impl<'a> RunWriter<'a> {
    /// A new run of batches of `types`.
    pub(crate) fn new(temp: &'a Temp<'a>, types: Arc<[SqlType]>) -> Self {
        Self {
            run: Run {
                temp,
                number: temp.begin_run(),
                types,
                file: None,
                blocks: Vec::new(),
                bytes: 0,
                rows: 0,
            },
            pending: Vec::new(),
        }
    }

    /// Adds rows. Errors: those of [`Temp`].
    pub(crate) fn push(&mut self, batch: &Batch) -> Result<()> {
        let rows_max = piece_rows(batch).min(self.run.temp.batch_rows());
        let mut from = 0;
        let mut scratch = Vec::new();
        while from < batch.rows {
            let length = rows_max.min(batch.rows - from);
            self.push_piece(&batch.slice(from, length), &mut scratch)?;
            from += length;
        }
        Ok(())
    }

    fn push_piece(&mut self, piece: &Batch, scratch: &mut Vec<u8>) -> Result<()> {
        scratch.clear();
        scratch.extend_from_slice(&[0; 4]);
        codec::encode(piece, &self.run.types, scratch)?;
        let length = u32::try_from(scratch.len() - 4).map_err(|_| {
            let message = "a row of an intermediate result passes 4 GiB";
            Error::new(ErrorKind::Limit, "54000", message)
        })?;
        scratch[..4].copy_from_slice(&length.to_le_bytes());
        let mut rest = scratch.as_slice();
        while !rest.is_empty() {
            let room = PAYLOAD_BYTES - self.pending.len();
            let (now, later) = rest.split_at(room.min(rest.len()));
            self.pending.extend_from_slice(now);
            rest = later;
            if self.pending.len() == PAYLOAD_BYTES {
                self.write_block()?;
            }
        }
        self.run.rows += piece.rows as u64;
        Ok(())
    }

    fn write_block(&mut self) -> Result<()> {
        let run = &mut self.run;
        let place: Place = run.temp.allocate()?;
        let index = run.blocks.len() as u32; // fewer than the file's
        // First its own, so that it is given back whatever happens.
        run.blocks.push(place.0);
        run.temp.write(&place, run.number, index, &self.pending)?;
        run.bytes += self.pending.len() as u64;
        run.file = Some(place.1);
        self.pending.clear();
        Ok(())
    }

    /// The run, all of it written.
    pub(crate) fn finish(mut self) -> Result<Run<'a>> {
        if !self.pending.is_empty() {
            self.write_block()?;
        }
        Ok(self.run)
    }
}

/// How many rows of `batch` make a piece.
fn piece_rows(batch: &Batch) -> usize {
    let pieces = batch.size_bytes().div_ceil(PIECE_BYTES).max(1);
    (batch.rows / pieces).max(1)
}

impl<'a> RunReader<'a, Rc<Run<'a>>> {
    /// Reads a run that others read too.
    pub(crate) fn shared(run: Rc<Run<'a>>) -> Self {
        Self::new(run)
    }
}

impl<'a, R: std::borrow::Borrow<Run<'a>>> RunReader<'a, R> {
    fn new(run: R) -> Self {
        Self {
            run,
            block: Vec::new(),
            loaded: None,
            position: 0,
            rows: 0,
            ahead: None,
            _life: std::marker::PhantomData,
        }
    }

    /// Whether all was given.
    pub(crate) fn is_at_end(&self) -> bool {
        self.ahead.is_none() && self.position == self.run.borrow().bytes
    }

    /// The next batch, never of zero rows; small ones are put together. Errors: those of [`Temp`].
    pub(crate) fn next(&mut self) -> Result<Option<Batch>> {
        let (mut batches, mut rows, mut bytes) = (Vec::new(), 0, 0);
        let rows_max = self.run.borrow().temp.batch_rows();
        while let Some(batch) = match self.ahead.take() {
            Some(batch) => Some(batch),
            None => self.next_piece()?,
        } {
            let size = batch.size_bytes();
            if rows > 0 && (rows + batch.rows > rows_max || bytes + size > READ_BYTES) {
                self.ahead = Some(batch);
                break;
            }
            rows += batch.rows;
            bytes += size;
            batches.push(batch);
        }
        if batches.is_empty() {
            return Ok(None);
        }
        Batch::concat(&batches, &self.run.borrow().types).map(Some)
    }

    /// The next batch as it was written.
    fn next_piece(&mut self) -> Result<Option<Batch>> {
        let run = self.run.borrow();
        if self.position == run.bytes {
            let is_whole = self.rows == run.rows;
            assert!(is_whole, "EXEC-13: a run gives all of its rows");
            return Ok(None);
        }
        let types = run.types.clone();
        let mut length = [0; 4];
        self.read_exact(&mut length)?;
        let length = u64::from(u32::from_le_bytes(length));
        if length > self.run.borrow().bytes - self.position {
            return Err(Error::corrupt("EXEC-11: a batch passes the end of its run"));
        }
        let mut bytes = vec![0; length as usize];
        self.read_exact(&mut bytes)?;
        let batch = codec::decode(&bytes, &types)?;
        self.rows += batch.rows as u64;
        Ok(Some(batch))
    }

    fn read_exact(&mut self, mut out: &mut [u8]) -> Result<()> {
        let run = self.run.borrow();
        while !out.is_empty() {
            let index = (self.position / PAYLOAD_BYTES as u64) as u32;
            let within = (self.position % PAYLOAD_BYTES as u64) as usize;
            if self.loaded != Some(index) {
                self.loaded = None;
                let block = run.blocks.get(index as usize);
                let (Some(block), Some(file)) = (block, &run.file) else {
                    return Err(Error::corrupt("EXEC-11: a run ends within a batch"));
                };
                let at = (*block, &**file);
                run.temp.read(at, run.number, index, &mut self.block)?;
                self.loaded = Some(index);
            }
            let payload = &self.block[BLOCK_BYTES - PAYLOAD_BYTES..];
            let count = out.len().min(PAYLOAD_BYTES - within);
            let (now, later) = out.split_at_mut(count);
            now.copy_from_slice(&payload[within..within + count]);
            out = later;
            self.position += count as u64;
        }
        Ok(())
    }
}
