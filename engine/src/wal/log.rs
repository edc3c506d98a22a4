//! The log's writing end: append, group flush, reservation and recycling of segments.

use super::gaps::{LogGap, LogGaps};
use super::reader::{LogExtent, LogReader, NeededLog};
use super::record::{END_MARK, FRAME_BYTES, Frame};
use super::segment::{LSN_END, LogGeometry, SegmentHeader};
use crate::error::{Error, ErrorKind, Result};
use crate::page::Lsn;
use crate::planted::{Mistake, makes};
use crate::sync::{Condvar, Mutex};
use crate::vfs::{File, SECTOR_BYTES, write_all_at};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

const SECTOR: u64 = SECTOR_BYTES as u64;
/// Bytes that a flush may add to what a reservation asked for.
const PADDING_BYTES: u64 = 2 * SECTOR;
/// A reservation flushes when more than this is waiting in memory.
const BUFFER_BYTES_MAX: usize = 1 << 20;
/// Free segments that stay in the file.
const SPARE_SEGMENTS: usize = 2;

struct State {
    /// Where the next record goes.
    end: u64,
    /// Stream bytes from `buffered_from` to `end`.
    buffer: Vec<u8>,
    buffered_from: u64,
    /// Slots of all segments that are needed or reserved.
    slots: BTreeMap<u64, u32>,
    /// Slots for new segments.
    free: Vec<u32>,
    /// Slots that are free once a checkpoint is durable.
    held: Vec<u32>,
    slot_count: u32,
    /// Bytes promised to reservations.
    promised: u64,
    /// Where the log starts that a redo would read.
    redo: u64,
    /// Something is written, or about to be, that the next sync is to make durable: what is buffered belongs to the same
    /// flush.
    flush_open: bool,
}

impl State {
    /// At the beginning of an epoch, whose first position is `first`, behind the log in which `reader` read.
    fn at(first: u64, reader: &LogReader, needed: &NeededLog) -> Self {
        let kept = reader.geometry.first_kept(needed.start.0)..;
        let kept = reader.segments.range(kept);
        let slots: BTreeMap<u64, u32> = kept.map(|(seq, (slot, _))| (*seq, *slot)).collect();
        let taken: BTreeSet<u32> = slots.values().copied().collect();
        let slot_count = reader.slots.len() as u32;
        let others = (0..slot_count).rev().filter(|slot| !taken.contains(slot));
        // A damaged header too tells something: how many there are (WAL-10).
        let (free, held) = others.partition(|&slot| reader.slots[slot as usize].is_empty());
        Self {
            end: first,
            buffer: Vec::new(),
            buffered_from: first,
            slots,
            free,
            held,
            slot_count,
            promised: 0,
            redo: needed.redo.0,
            flush_open: false,
        }
    }
}

struct Flushing {
    durable: u64,
    /// Up to here the operating system has it.
    written: u64,
    leader: bool,
}

/// The write-ahead log of an open database.
pub struct Log {
    file: Arc<dyn File>,
    geometry: LogGeometry,
    epoch: u32,
    /// The first LSN of the epoch, whose segment has its header.
    first: u64,
    gaps: LogGaps,
    state: Mutex<State>,
    flushing: Mutex<Flushing>,
    flushed: Condvar,
    stopped: AtomicBool,
    /// Counters for statistics.
    pub(crate) syncs: AtomicU64,
    pub(crate) bytes_written: AtomicU64,
}

/// Space in the log that its owner may still use. Dropping it gives it back.
pub struct Reservation<'a> {
    log: &'a Log,
    bytes: u64,
}

impl Reservation<'_> {
    /// Keeps the space beyond the reservation's life and gives its size in bytes; [`Log::release`] gives it back. A
    /// transaction keeps what rolling it back will take, so that a full disk cannot stop a rollback.
    pub fn keep(mut self) -> u64 {
        std::mem::take(&mut self.bytes)
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        self.log.release(self.bytes);
    }
}

fn writing(e: std::io::Error) -> Error {
    Error::io("cannot write the log", e)
}

impl Log {
    /// Writes the first segment of a new log, and syncs it. Its first LSN is `geometry.first_lsn(1)`.
    ///
    /// # Errors
    /// `53100` and `58030` when the disk fails.
    pub fn create(file: &dyn File, geometry: LogGeometry) -> Result<()> {
        file.set_len(u64::from(geometry.segment_bytes))
            .map_err(writing)?;
        let header = SegmentHeader {
            seq: 1,
            epoch: 1,
            prev_end: None,
            copied_in: 0,
        };
        write_all_at(file, &header.encode(&geometry), 0).map_err(writing)?;
        file.sync().map_err(writing)
    }

    /// Continues a log of which `reader` could read `extent`, with a new epoch in a new segment (WAL-3). When this
    /// returns, that segment is durable, and all of the log that is `needed` (WAL-6). As the control block that says so may
    /// itself be lost yet, no slot that holds anything is used again before the first [`Log::recycle`]. `gaps` are those of
    /// the log up to its end, to which comes the one between that end and the new epoch.
    ///
    /// # Errors
    /// `53100` and `58030` when the disk fails; `XX001` when the gaps cannot be before that end, or the log claims to be longer
    /// or to have been opened more often than any can.
    pub fn continue_after(
        reader: LogReader,
        needed: &NeededLog,
        extent: &LogExtent,
        mut gaps: LogGaps,
    ) -> Result<Self> {
        let (file, geometry) = (reader.file.clone(), reader.geometry);
        let seq = reader.seq_behind_all(extent.end);
        let first = geometry.first_lsn(seq);
        if first > LSN_END.0 / 2 {
            return Err(Error::corrupt(format!("the log cannot go on at {first}")));
        }
        let epoch = reader.next_epoch(needed)?;
        gaps.push(LogGap {
            after: extent.records_end,
            upto: Lsn(first),
        })?;
        let log = Self {
            file,
            geometry,
            epoch,
            first,
            gaps,
            state: Mutex::new(State::at(first, &reader, needed)),
            flushing: Mutex::new(Flushing {
                durable: first,
                written: first,
                leader: false,
            }),
            flushed: Condvar::new(),
            stopped: AtomicBool::new(false),
            syncs: AtomicU64::new(0),
            bytes_written: AtomicU64::new(0),
        };
        // All room first: what fails for lack of it leaves no header behind, and so takes none from the next attempt.
        let slot = {
            let mut state = log.state.lock();
            log.map_segment(&mut state, seq)?
        };
        // The control block was written when all before its redo LSN was durable.
        let in_doubt = extent.last_flush >= needed.redo && extent.last_flush < extent.end;
        if in_doubt && !makes(Mistake::TailBelieved) {
            log.copy_segments(&reader, extent)?;
        }
        log.write_header(
            slot,
            SegmentHeader {
                seq,
                epoch,
                prev_end: Some(extent.end.0),
                copied_in: 0,
            },
        )?;
        log.sync_file()?;
        Ok(log)
    }

    /// Copies the segments of the last flush so that they are durable (WAL-6), as far as records go and not a byte
    /// further: what a torn record left must not become one. Their headers are written and not yet synced.
    fn copy_segments(&self, reader: &LogReader, extent: &LogExtent) -> Result<()> {
        let mut state = self.state.lock();
        let first = self.geometry.seq_of(extent.last_flush.0);
        let last = self.geometry.seq_of(extent.end.0 - 1);
        let mut headers = Vec::new();
        for (&seq, &(original, header)) in reader.segments.range(first..=last) {
            let payload = self.geometry.payload();
            let upto = extent
                .records_end
                .0
                .saturating_sub(self.geometry.first_lsn(seq));
            let used = upto.min(payload);
            let (slot, is_new) = self.take_slot(&mut state)?;
            // Of what the file has just grown by, the rest is zeros.
            let len = match is_new {
                true => used.next_multiple_of(SECTOR) as usize,
                false => payload as usize,
            };
            let mut copy = vec![0; len];
            reader.read(original, &mut copy[..used as usize], 0)?;
            let offset = self.geometry.slot_offset(slot) + SECTOR;
            write_all_at(&*self.file, &copy, offset).map_err(writing)?;
            let replaced = state.slots.insert(seq, slot);
            state.held.extend(replaced);
            headers.push((slot, header));
        }
        self.sync_file()?;
        for (slot, header) in headers {
            self.write_header(
                slot,
                SegmentHeader {
                    copied_in: self.epoch,
                    ..header
                },
            )?;
        }
        Ok(())
    }

    fn map_segment(&self, state: &mut State, seq: u64) -> Result<u32> {
        if let Some(&slot) = state.slots.get(&seq) {
            return Ok(slot);
        }
        let (slot, _) = self.take_slot(state)?;
        state.slots.insert(seq, slot);
        Ok(slot)
    }

    /// A slot that nothing needs, and whether the file has just grown by it.
    fn take_slot(&self, state: &mut State) -> Result<(u32, bool)> {
        if let Some(slot) = state.free.pop() {
            return Ok((slot, false));
        }
        let slot = state.slot_count;
        self.file
            .set_len(self.geometry.slot_offset(slot + 1))
            .map_err(|e| Error::io("cannot extend the log", e))?;
        state.slot_count += 1;
        Ok((slot, true))
    }

    fn write_header(&self, slot: u32, header: SegmentHeader) -> Result<()> {
        let offset = self.geometry.slot_offset(slot);
        write_all_at(&*self.file, &header.encode(&self.geometry), offset).map_err(writing)
    }

    fn sync_file(&self) -> Result<()> {
        self.syncs.fetch_add(1, Ordering::Relaxed);
        match self.file.sync() {
            Err(e) if !makes(Mistake::FailedSyncIgnored) => {
                Err(Error::io("cannot sync the log", e))
            }
            _ => Ok(()),
        }
    }

    /// Whether a failure has stopped the log (WAL-5).
    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }

    /// Stops the log for good: the disk did something whose effect is unknown.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
    }

    /// Fails when the log has stopped.
    ///
    /// # Errors
    /// `58030`.
    pub fn refuse_if_stopped(&self) -> Result<()> {
        if self.is_stopped() {
            return Err(Error::new(
                ErrorKind::Stopped,
                "58030",
                "the database takes no more writes after a disk failure; open it again to recover",
            ));
        }
        Ok(())
    }

    /// The positions that no record has, up to the first of this epoch.
    pub fn gaps(&self) -> &LogGaps {
        &self.gaps
    }

    /// Gives back what was [kept](Reservation::keep).
    pub fn release(&self, bytes: u64) {
        self.state.lock().promised -= bytes;
    }

    /// Makes sure that records of `bytes` bytes can be appended (WAL-4).
    ///
    /// # Errors
    /// `53100` when the disk is full, `58030` when it fails or the log has stopped.
    pub fn reserve(&self, bytes: u64) -> Result<Reservation<'_>> {
        self.refuse_if_stopped()?;
        let bytes = bytes + PADDING_BYTES;
        let mut state = self.state.lock();
        let upto = state.end + state.promised + bytes;
        let end = self.geometry.seq_of(state.end);
        // From the end on, segments are mapped in their order: those before the last one are.
        let first = state
            .slots
            .last_key_value()
            .map_or(end, |(&s, _)| s.max(end));
        for seq in first..=self.geometry.seq_of(upto) {
            self.map_segment(&mut state, seq)?;
        }
        state.promised += bytes;
        let reservation = Reservation { log: self, bytes };
        let waiting = state.buffer.len();
        let end = state.end;
        drop(state);
        if waiting > BUFFER_BYTES_MAX {
            self.flush(Lsn(end))?;
        }
        Ok(reservation)
    }

    /// Appends the record whose body `encode` makes from the current redo LSN and the record's own start, for which
    /// space was reserved; gives its start and its end. `encode` runs under the log's latch, so a checkpoint sees either
    /// none or all of what it does.
    ///
    /// # Errors
    /// `58030` when the log has stopped; `encode` has then not run.
    pub fn append(&self, encode: impl FnOnce(Lsn, Lsn, &mut Vec<u8>)) -> Result<(Lsn, Lsn)> {
        let mut state = self.state.lock();
        self.refuse_if_stopped()?;
        let rest = SECTOR - state.end % SECTOR;
        if rest < FRAME_BYTES as u64 {
            pad(&mut state, rest);
        }
        let start = state.end;
        let at = state.buffer.len();
        let first_of_flush = at == 0 && !state.flush_open;
        state.buffer.extend_from_slice(&[0; FRAME_BYTES]);
        let redo = Lsn(state.redo);
        encode(redo, Lsn(start), &mut state.buffer);
        state.buffer.push(END_MARK);
        let body = &state.buffer[at + FRAME_BYTES..];
        let frame = Frame::of(body, first_of_flush, start, self.epoch);
        state.buffer[at..at + FRAME_BYTES].copy_from_slice(&frame.encode());
        state.end = start + (FRAME_BYTES + frame.body_bytes) as u64;
        Ok((Lsn(start), Lsn(state.end)))
    }

    /// Where the log ends now.
    pub fn end(&self) -> Lsn {
        Lsn(self.state.lock().end)
    }

    /// Bytes appended since the redo LSN of the newest checkpoint.
    pub fn bytes_since_checkpoint(&self) -> u64 {
        let state = self.state.lock();
        state.end - state.redo
    }

    /// Bytes of the file.
    pub fn file_bytes(&self) -> u64 {
        self.geometry.slot_offset(self.state.lock().slot_count)
    }

    /// What is wrong with the slots (WAL-9), when a checkpoint that needs the log from `start` has been the last.
    pub fn problems(&self, start: Lsn) -> Vec<String> {
        let state = self.state.lock();
        let slots = state.slots.values().chain(&state.free).chain(&state.held);
        let slots: BTreeSet<u32> = slots.copied().collect();
        let times = state.slots.len() + state.free.len() + state.held.len();
        let mut problems = Vec::new();
        if times != slots.len() || !slots.iter().copied().eq(0..state.slot_count) {
            problems.push(format!(
                "the log's {} slots are not each there once: {slots:?} (WAL-9)",
                state.slot_count
            ));
        }
        let first_kept = self.geometry.first_kept(start.0);
        if let Some((seq, _)) = state.slots.range(..first_kept).next() {
            problems.push(format!(
                "the log is kept from segment {seq} on, and needed from {first_kept} (WAL-9)"
            ));
        }
        let last = state.slot_count.saturating_sub(1);
        if state.free.len() > SPARE_SEGMENTS && state.free.contains(&last) {
            problems.push(format!(
                "the log's slots {:?} are free at its end (WAL-9)",
                state.free
            ));
        }
        problems
    }

    /// Bytes that reservations hold, and that were kept of them.
    pub fn promised(&self) -> u64 {
        self.state.lock().promised
    }

    /// Makes all records that end at or before `upto` durable. Threads that come while one is syncing wait, and the
    /// next of them syncs for all.
    ///
    /// # Errors
    /// `58030` when a write or sync fails, now or earlier: the log has then stopped.
    pub fn flush(&self, upto: Lsn) -> Result<()> {
        self.write_out(upto, true)
    }

    /// Gives all records that end at or before `upto` to the operating system, which keeps them when the process ends,
    /// and not when the machine does. The next [`Log::flush`] makes them durable.
    ///
    /// # Errors
    /// `58030` when a write fails, now or earlier: the log has then stopped.
    pub fn write(&self, upto: Lsn) -> Result<()> {
        self.write_out(upto, false)
    }

    fn write_out(&self, upto: Lsn, sync: bool) -> Result<()> {
        let mut flushing = self.flushing.lock();
        loop {
            let reached = match sync {
                true => flushing.durable,
                false => flushing.written,
            };
            if reached >= upto.0 {
                return Ok(());
            }
            self.refuse_if_stopped()?;
            if !flushing.leader {
                break;
            }
            if makes(Mistake::FollowerNotSynced) {
                return Ok(());
            }
            self.flushed.wait(&mut flushing, "log flush");
        }
        flushing.leader = true;
        drop(flushing);
        let written = self.write_buffer(sync);
        let mut flushing = self.flushing.lock();
        flushing.leader = false;
        match &written {
            Ok(end) => {
                flushing.written = *end;
                if sync {
                    flushing.durable = *end;
                }
            }
            Err(_) => self.stop(),
        }
        drop(flushing);
        self.flushed.notify_all();
        written.map(drop).map_err(|e| {
            Error::new(
                ErrorKind::Stopped,
                "58030",
                format!(
                    "{}; the database takes no more writes until it is opened again",
                    e.message()
                ),
            )
        })
    }

    /// Writes out all that is buffered, and syncs all that was written if `sync` is set; gives its end.
    fn write_buffer(&self, sync: bool) -> Result<u64> {
        let (bytes, from, slots) = {
            let mut state = self.state.lock();
            // WAL-1: the next flush starts at a sector of its own.
            let rest = match makes(Mistake::FlushSharesSector) {
                true => 0,
                false => (SECTOR - state.end % SECTOR) % SECTOR,
            };
            pad(&mut state, rest);
            let from = state.buffered_from;
            let end = state.end;
            state.buffered_from = end;
            state.flush_open = !sync;
            let bytes = std::mem::take(&mut state.buffer);
            let mut slots = Vec::new();
            if end > from {
                for seq in self.geometry.seq_of(from)..=self.geometry.seq_of(end - 1) {
                    slots.push((seq, self.map_segment(&mut state, seq)?));
                }
            }
            (bytes, from, slots)
        };
        let mut at = from;
        for (seq, slot) in slots {
            let first = self.geometry.first_lsn(seq);
            let offset = self.geometry.slot_offset(slot);
            if at == first && at > self.first {
                self.write_header(
                    slot,
                    SegmentHeader {
                        seq,
                        epoch: self.epoch,
                        prev_end: None,
                        copied_in: 0,
                    },
                )?;
            }
            let stop = (first + self.geometry.payload()).min(from + bytes.len() as u64);
            let piece = &bytes[(at - from) as usize..(stop - from) as usize];
            write_all_at(&*self.file, piece, offset + SECTOR + (at - first)).map_err(writing)?;
            at = stop;
        }
        self.bytes_written
            .fetch_add(bytes.len() as u64, Ordering::Relaxed);
        if sync {
            self.sync_file()?;
        }
        Ok(at)
    }

    /// Begins a checkpoint: the redo LSN moves to the end of the log. `oldest` tells the start of the oldest record
    /// that an undo may need. Gives what of the log is needed from now on.
    pub fn begin_checkpoint(&self, oldest: impl FnOnce() -> Option<Lsn>) -> NeededLog {
        let mut state = self.state.lock();
        state.redo = state.end;
        let oldest = oldest().filter(|_| !makes(Mistake::RunningForgotten));
        let start = oldest.map_or(state.end, |lsn| lsn.0.min(state.end));
        NeededLog {
            start: Lsn(start),
            redo: Lsn(state.redo),
            epoch: self.epoch,
        }
    }

    /// Gives up all segments before `start`, which a synced control block names.
    ///
    /// # Errors
    /// `58030` when the file cannot be shortened.
    pub fn recycle(&self, start: Lsn) -> Result<()> {
        let mut state = self.state.lock();
        let kept = state.slots.split_off(&self.geometry.first_kept(start.0));
        let given_up = std::mem::replace(&mut state.slots, kept);
        let held = std::mem::take(&mut state.held);
        state.free.extend(given_up.into_values().chain(held));
        state.free.sort_unstable_by(|a, b| b.cmp(a));
        let before = state.slot_count;
        while state.free.len() > SPARE_SEGMENTS
            && state.free.first() == Some(&(state.slot_count - 1))
        {
            state.free.remove(0);
            state.slot_count -= 1;
        }
        if state.slot_count < before {
            self.file
                .set_len(self.geometry.slot_offset(state.slot_count))
                .map_err(|e| Error::io("cannot shorten the log", e))?;
        }
        Ok(())
    }
}

fn pad(state: &mut State, bytes: u64) {
    let len = state.buffer.len() + bytes as usize;
    state.buffer.resize(len, 0);
    state.end += bytes;
}
