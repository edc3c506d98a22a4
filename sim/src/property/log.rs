//! The log against a list of records, on a disk that loses what was not synced.

use super::input::Rest;
use crate::disk::{CrashKind, DiskFaults, Fault, PowerLoss, SimDisk, SyncFailure};
use crate::phase::PhaseCell;
use crate::streams::Streams;
use arbitrary::Arbitrary;
use quantadb::page::{Lsn, TxnId};
use quantadb::vfs::{File, OpenMode, SECTOR_BYTES, Vfs};
use quantadb::wal::{
    Log, LogExtent, LogGaps, LogGeometry, LogReader, NeededLog, RecordHead, RecordKind,
};
use quantadb::{Error, ErrorKind};
use std::path::Path;
use std::sync::Arc;

const PATH: &str = "/log";
/// Undo notes are at most this long: some fill several segments.
const NOTE_BYTES_MAX: u16 = 12_000;
/// Calls of the disk that one step can reach.
const CALLS_MAX: u8 = 24;

/// What is done to the log.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum LogStep {
    /// A record with a note of that length is appended.
    Append(u16),
    /// A record of a few bytes is appended.
    AppendSmall(u8),
    /// Some records of one length are appended, each flushed by itself.
    Commit(u8, u8),
    /// All is made durable.
    Flush,
    /// All is given to the operating system.
    Write,
    /// The redo LSN moves to the end; the records of the last few appends stay needed.
    Checkpoint(u8),
    /// The process ends, and another opens the log.
    Reopen,
    /// The machine loses its power at the n-th call from now, or after the step at the latest.
    PowerLoss(u8),
    /// The process is killed at the n-th call from now, or after the step at the latest.
    Kill(u8),
    /// The n-th call from now fails.
    Fail(u8),
    /// The process ends, and the next dies at the n-th call of its recovery, with its machine or without; another goes on.
    DieInRecovery(u8, bool),
    /// The process ends, and the header of the n-th segment of the file rots.
    RotHeader(u8),
}

/// A life of a log.
#[derive(Arbitrary, Clone, Debug)]
pub struct LogInput {
    seed: u64,
    segment_sectors: u8,
    garbage: bool,
    failed_sync_drops: bool,
    steps: Rest<LogStep>,
}

/// What must come back.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Written {
    start: Lsn,
    end: Lsn,
    txn: u64,
    note: Vec<u8>,
}

/// What a control block would say.
struct Control {
    needed: NeededLog,
    /// The gaps before the start of what is needed.
    gaps: LogGaps,
}

struct Life {
    disk: SimDisk,
    geometry: LogGeometry,
    /// In order; those from `durable` on may be lost.
    records: Vec<Written>,
    durable: usize,
    control: Control,
    /// Where epochs began that may be in the log, in order.
    began: Vec<(u32, Lsn)>,
    /// The ends of records that were durable and that rot took.
    lost: Vec<Lsn>,
    next_txn: u64,
}

/// Every record that was flushed comes back in order, of the others a prefix does, and nothing else: over power losses,
/// kills, failing calls, failed syncs that drop what the cache still shows, reopening and recycling (WAL-1 to WAL-6). Where
/// the header of a segment rots, that is named, or only the last flush is lost or what no checkpoint knows of (WAL-8). The
/// gaps of the log are where no record is, and all that was lost lies in one (WAL-10).
///
/// # Panics
/// When not.
pub fn check_log(input: LogInput) {
    let segment_bytes = 4096 + 512 * u32::from(input.segment_sectors % 16);
    let faults = DiskFaults {
        power: PowerLoss {
            garbage: input.garbage,
            ..DiskFaults::NONE.power
        },
        sync_failure: match input.failed_sync_drops {
            true => SyncFailure::Dropped,
            false => SyncFailure::Kept,
        },
        ..DiskFaults::NONE
    };
    let mut life = Life::new(input.seed, segment_bytes, faults);
    let mut log = life.open();
    for step in input.steps.0.into_iter().take(400) {
        let done = life.step(&log, step);
        let failed = done.is_err() || log.is_stopped();
        if let Err(error) = done {
            let excused = life.disk.is_off() || life.disk.counters().faults.total() > 0;
            assert!(
                excused,
                "{step:?} failed on a disk that fails nothing: {error:?}"
            );
        }
        let dies = matches!(
            step,
            LogStep::Reopen
                | LogStep::PowerLoss(_)
                | LogStep::Kill(_)
                | LogStep::DieInRecovery(..)
                | LogStep::RotHeader(_)
        );
        if failed || dies {
            drop(log);
            let kind = match step {
                LogStep::PowerLoss(_) => CrashKind::PowerLoss,
                _ => CrashKind::Process,
            };
            life.disk.disarm();
            life.disk.restart(kind);
            log = match step {
                LogStep::DieInRecovery(calls, loses_power) => {
                    life.die_in_recovery(calls, loses_power);
                    life.open()
                }
                // Where a sync has dropped what it should keep, rot may take the only copy of it.
                LogStep::RotHeader(slot) if !input.failed_sync_drops => life.open_rotten(slot),
                _ => life.open(),
            };
        }
    }
    drop(log);
    life.disk.disarm();
    life.disk.restart(CrashKind::PowerLoss);
    life.open();
}

impl Life {
    fn new(seed: u64, segment_bytes: u32, faults: DiskFaults) -> Self {
        let disk = SimDisk::new(Streams::new(seed).faults(), faults, PhaseCell::default());
        let geometry = LogGeometry {
            segment_bytes,
            database: seed,
        };
        let file = disk.open(Path::new(PATH), OpenMode::CreateNew).unwrap();
        Log::create(&*file, geometry).unwrap();
        disk.sync_dir(Path::new(PATH)).unwrap();
        let first = Lsn(geometry.first_lsn(1));
        Self {
            disk,
            geometry,
            records: Vec::new(),
            durable: 0,
            control: Control {
                needed: NeededLog {
                    start: first,
                    redo: first,
                    epoch: 1,
                },
                gaps: LogGaps::default(),
            },
            began: vec![(1, first)],
            lost: Vec::new(),
            next_txn: 1,
        }
    }

    fn file(&self) -> Result<Arc<dyn File>, Error> {
        let opened = self.disk.open(Path::new(PATH), OpenMode::Existing);
        opened.map_err(|e| Error::io("cannot open the log", e))
    }

    /// Opens the log as recovery does, after comparing what it holds; what a crash left is decided from then on.
    fn open(&mut self) -> Log {
        self.recover(self.durable).unwrap()
    }

    /// Dies at the `calls`-th call of a recovery, if it has so many: then nothing is decided yet.
    fn die_in_recovery(&mut self, calls: u8, loses_power: bool) {
        self.disk.arm_crash(u64::from(calls % CALLS_MAX) + 1);
        let recovered = self.recover(self.durable);
        assert!(
            recovered.is_ok() || self.disk.is_off(),
            "recovery failed on a disk that fails nothing"
        );
        self.disk.disarm();
        self.disk.restart(match loses_power {
            true => CrashKind::PowerLoss,
            false => CrashKind::Process,
        });
    }

    /// Opens the log when the header of a segment is rotten. If that is named, the header comes back for another attempt.
    fn open_rotten(&mut self, slot: u8) -> Log {
        let segment_bytes = u64::from(self.geometry.segment_bytes);
        let slots = self.file().unwrap().len().unwrap() / segment_bytes;
        let header = u64::from(slot) % slots * segment_bytes;
        let at = header + u64::from(slot) % SECTOR_BYTES as u64;
        let bit = 1 << (slot % 8);
        let known = self.known_when_rotten();
        self.disk.rot(Path::new(PATH), at, bit);
        self.recover(known).unwrap_or_else(|error| {
            assert_eq!(error.kind(), ErrorKind::Corrupt, "{error:?}");
            self.disk.rot(Path::new(PATH), at, bit);
            self.open()
        })
    }

    /// How many records come back, or it is named that they do not, whichever header rots: those before the last flush, as
    /// far as the last checkpoint knows of their epoch.
    fn known_when_rotten(&self) -> usize {
        let mut reader = LogReader::open(self.file().unwrap(), self.geometry).unwrap();
        let extent = self.scan(&mut reader, |_| ()).unwrap();
        let later = self
            .began
            .iter()
            .find(|(epoch, _)| *epoch > self.control.needed.epoch);
        let upto = later.map_or(extent.last_flush, |&(_, first)| {
            first.min(extent.last_flush)
        });
        let known = self.records.partition_point(|r| r.start < upto);
        known.min(self.durable)
    }

    /// Reads the log from where it is needed.
    fn scan(
        &self,
        reader: &mut LogReader,
        mut each: impl FnMut(Written),
    ) -> Result<LogExtent, Error> {
        let NeededLog { start, redo, .. } = self.control.needed;
        if !reader.begins(&self.control.needed) {
            return Err(Error::corrupt(format!("the log begins after {start:?}")));
        }
        let extent = reader.scan(start, redo, |start, record, end| {
            each(Written {
                start,
                end,
                txn: record.txn.0,
                note: record.undo,
            });
            Ok(())
        })?;
        match extent.end >= redo {
            true => Ok(extent),
            false => {
                let end = extent.end;
                Err(Error::corrupt(format!(
                    "the log ends at {end:?}, before {redo:?}"
                )))
            }
        }
    }

    /// Opens the log as recovery does, after comparing what it holds: the first `known` records must be there.
    fn recover(&mut self, known: usize) -> Result<Log, Error> {
        let mut reader = LogReader::open(self.file()?, self.geometry)?;
        let mut found = Vec::new();
        let extent = self.scan(&mut reader, |written| found.push(written))?;
        self.compare(&found, known);
        for written in &found {
            let (record, end) = reader.record_at(written.start)?.expect("it was scanned");
            assert_eq!((record.txn.0, end), (written.txn, written.end));
        }
        let epoch = reader.next_epoch(&self.control.needed)?;
        let gaps = self.control.gaps.followed_by(extent.gaps.as_slice())?;
        let log = Log::continue_after(reader, &self.control.needed, &extent, gaps)?;
        let gone = self.records.drain(found.len()..).map(|r| r.end);
        self.lost
            .extend(gone.take(self.durable.saturating_sub(found.len())));
        self.durable = found.len();
        self.began.retain(|&(_, first)| first < log.end());
        self.began.push((epoch, log.end()));
        self.compare_gaps(log.gaps());
        Ok(log)
    }

    /// The first `known` records are there, of the others a prefix, and nothing else.
    fn compare(&self, found: &[Written], known: usize) {
        let count = found.len();
        assert!(
            count >= known,
            "{count} records came back, but {known} must be there"
        );
        assert!(
            count <= self.records.len(),
            "{} records came back that nobody wrote",
            count - self.records.len()
        );
        for (found, written) in found.iter().zip(&self.records) {
            assert_eq!(found, written, "a record came back altered");
        }
    }

    /// No record ends in a gap; from the end of a record to where another epoch goes on there is one; what was lost lies in
    /// one.
    fn compare_gaps(&self, gaps: &LogGaps) {
        for record in &self.records {
            assert_eq!(gaps.around(record.end), None, "a gap around {record:?}");
        }
        let (_, goes_on) = self.began[self.began.len() - 1];
        let places = self.records.iter().map(|r| (r.start, r.end));
        let mut after = self.control.needed.start;
        let mut epochs_end = 0;
        for (upto, next) in places.chain([(goes_on, goes_on)]) {
            let epoch_begins = |&(_, first): &(u32, Lsn)| after < first && first <= upto;
            if self.began.iter().any(epoch_begins) {
                epochs_end += 1;
                for lsn in [after.0 + 1, after.0.midpoint(upto.0 + 1), upto.0] {
                    let around = gaps.around(Lsn(lsn));
                    assert!(
                        around.is_some(),
                        "{lsn} is between {after:?} and {upto:?}, but in no gap"
                    );
                }
            }
            after = next;
        }
        let count = gaps.as_slice().len();
        let most = self.control.gaps.as_slice().len() + epochs_end;
        assert!(count <= most, "{count} gaps, but epochs ended {most} times");
        for &lsn in &self.lost {
            assert!(
                gaps.around(lsn).is_some(),
                "{lsn:?} was lost and is in no gap"
            );
        }
    }

    fn step(&mut self, log: &Log, step: LogStep) -> Result<(), Error> {
        match step {
            LogStep::Append(bytes) => self.append(log, bytes % NOTE_BYTES_MAX),
            LogStep::AppendSmall(bytes) => self.append(log, bytes.into()),
            LogStep::Commit(count, bytes) => (0..count % 8).try_for_each(|_| {
                self.append(log, u16::from(bytes) * 16)?;
                self.flush(log)
            }),
            LogStep::Flush => self.flush(log),
            LogStep::Write => log.write(log.end()),
            LogStep::Checkpoint(kept) => self.checkpoint(log, kept),
            LogStep::Reopen | LogStep::DieInRecovery(..) | LogStep::RotHeader(_) => Ok(()),
            LogStep::PowerLoss(calls) | LogStep::Kill(calls) => {
                self.disk.arm_crash(u64::from(calls % CALLS_MAX) + 1);
                self.checkpoint(log, calls)
            }
            LogStep::Fail(calls) => {
                self.disk
                    .arm_fault(u64::from(calls % CALLS_MAX) + 1, Fault::Io);
                Ok(())
            }
        }
    }

    fn append(&mut self, log: &Log, bytes: u16) -> Result<(), Error> {
        let txn = self.next_txn;
        // Zeros are what a reader may take for the end, and what is found where nothing was written.
        let factor = u64::from(!txn.is_multiple_of(3));
        let note: Vec<u8> = (0..bytes)
            .map(|i| ((u64::from(i) * 31 + txn) * factor) as u8)
            .collect();
        let head = RecordHead {
            kind: RecordKind::Change,
            txn: TxnId(txn),
            prev: Lsn(0),
            undo_next: None,
            undo: &note,
        };
        let mut body = Vec::new();
        head.encode(&mut body);
        let _reservation = log.reserve(body.len() as u64 + 9)?;
        let (start, end) = log.append(|_, _, out| out.append(&mut body))?;
        self.next_txn += 1;
        self.records.push(Written {
            start,
            end,
            txn,
            note,
        });
        Ok(())
    }

    fn flush(&mut self, log: &Log) -> Result<(), Error> {
        log.flush(log.end())?;
        self.durable = self.records.len();
        Ok(())
    }

    fn checkpoint(&mut self, log: &Log, kept: u8) -> Result<(), Error> {
        let at = self.records.len().checked_sub(usize::from(kept % 8));
        let oldest = at.and_then(|at| self.records.get(at)).map(|r| r.start);
        let mut needed = log.begin_checkpoint(|| oldest);
        // A start never moves back: what is given up is gone.
        needed.start = needed.start.max(self.control.needed.start);
        let start = needed.start;
        self.flush(log)?;
        let mut gaps = log.gaps().clone();
        gaps.retain(|gap| gap.upto <= start);
        self.control = Control { needed, gaps };
        let done = self.records.partition_point(|r| r.start < start);
        self.records.drain(..done);
        self.durable = self.records.len();
        log.recycle(start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a recovery has lost when it dies stays in the file, be it a slot without a header.
    #[test]
    fn no_number_comes_again_after_recoveries_that_die_and_headers_that_rot() {
        let commit = LogStep::Commit(1, 1);
        for calls in 0..CALLS_MAX {
            for (slot, loses_power) in (0..8).flat_map(|slot| [(slot, false), (slot, true)]) {
                let dies = LogStep::DieInRecovery(calls, loses_power);
                let rots = LogStep::RotHeader(slot);
                check_log(LogInput {
                    seed: 1,
                    segment_sectors: 0,
                    garbage: false,
                    failed_sync_drops: false,
                    steps: Rest(vec![commit, dies, commit, rots, commit, rots, commit]),
                });
            }
        }
    }
}
