//! The log against a list of records, on a disk that loses what was not synced.

use super::input::Rest;
use crate::disk::{CrashKind, DiskFaults, Fault, PowerLoss, SimDisk, SyncFailure};
use crate::phase::PhaseCell;
use crate::streams::Streams;
use arbitrary::Arbitrary;
use quantadb::Error;
use quantadb::page::{Lsn, TxnId};
use quantadb::vfs::{OpenMode, Vfs};
use quantadb::wal::{Log, LogGaps, LogGeometry, LogReader, RecordHead, RecordKind};
use std::path::Path;

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

struct Life {
    disk: SimDisk,
    geometry: LogGeometry,
    /// In order; those from `durable` on may be lost.
    records: Vec<Written>,
    durable: usize,
    /// What a control block would say: start of the needed log, redo LSN, epoch.
    control: (Lsn, Lsn, u32),
    /// The epoch of the open log, which the next control block will say.
    epoch: u32,
    next_txn: u64,
}

/// Every record that was flushed comes back in order, of the others a prefix does, and nothing else: over power losses,
/// kills, failing calls, failed syncs that drop what the cache still shows, reopening and recycling (WAL-1 to WAL-6).
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
            LogStep::Reopen | LogStep::PowerLoss(_) | LogStep::Kill(_) | LogStep::DieInRecovery(..)
        );
        if failed || dies {
            drop(log);
            let kind = match step {
                LogStep::PowerLoss(_) => CrashKind::PowerLoss,
                _ => CrashKind::Process,
            };
            life.disk.disarm();
            life.disk.restart(kind);
            if let LogStep::DieInRecovery(calls, loses_power) = step {
                life.die_in_recovery(calls, loses_power);
            }
            log = life.open();
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
            control: (first, first, 1),
            epoch: 1,
            next_txn: 1,
        }
    }

    /// Opens the log as recovery does, after comparing what it holds; what a crash left is decided from then on.
    fn open(&mut self) -> Log {
        let (log, count) = self.recover().unwrap();
        self.records.truncate(count);
        self.durable = count;
        log
    }

    /// Dies at the `calls`-th call of a recovery, if it has so many: then nothing is decided yet.
    fn die_in_recovery(&mut self, calls: u8, loses_power: bool) {
        self.disk.arm_crash(u64::from(calls % CALLS_MAX) + 1);
        let recovered = self.recover();
        assert!(
            recovered.is_ok() || self.disk.is_off(),
            "recovery failed on a disk that fails nothing"
        );
        if let Ok((_, count)) = recovered {
            self.records.truncate(count);
            self.durable = count;
        }
        self.disk.disarm();
        self.disk.restart(match loses_power {
            true => CrashKind::PowerLoss,
            false => CrashKind::Process,
        });
    }

    /// Opens the log as recovery does, after comparing what it holds; gives the number of records that came back.
    fn recover(&mut self) -> Result<(Log, usize), Error> {
        let opened = self.disk.open(Path::new(PATH), OpenMode::Existing);
        let file = opened.map_err(|e| Error::io("cannot open the log", e))?;
        let mut reader = LogReader::open(file, self.geometry)?;
        let (start, redo, epoch) = self.control;
        assert!(reader.contains(start), "the log begins after {start:?}");
        let mut found = Vec::new();
        let extent = reader.scan(start, redo, |start, record, end| {
            found.push(Written {
                start,
                end,
                txn: record.txn.0,
                note: record.undo,
            });
            Ok(())
        })?;
        let end = extent.end;
        assert!(end >= redo, "the log ends at {end:?}, before {redo:?}");
        self.compare(&found);
        for written in &self.records[..found.len()] {
            let (record, end) = reader.record_at(written.start)?.expect("it was scanned");
            assert_eq!((record.txn.0, end), (written.txn, written.end));
        }
        let epoch = reader.epoch_max().max(epoch) + 1;
        let gaps = LogGaps::default();
        let log = Log::continue_after(reader, epoch, (start, redo), &extent, gaps)?;
        self.epoch = epoch;
        Ok((log, found.len()))
    }

    /// What was durable is there, of the others a prefix, and nothing else.
    fn compare(&self, found: &[Written]) {
        let count = found.len();
        assert!(
            count >= self.durable,
            "{count} records came back, but {} were durable",
            self.durable
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

    fn step(&mut self, log: &Log, step: LogStep) -> Result<(), Error> {
        match step {
            LogStep::Append(bytes) => self.append(log, bytes % NOTE_BYTES_MAX),
            LogStep::AppendSmall(bytes) => self.append(log, bytes.into()),
            LogStep::Flush => self.flush(log),
            LogStep::Write => log.write(log.end()),
            LogStep::Checkpoint(kept) => self.checkpoint(log, kept),
            LogStep::Reopen | LogStep::DieInRecovery(..) => Ok(()),
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
        let (redo, start) = log.begin_checkpoint(|| oldest);
        // A start never moves back: what is given up is gone.
        let start = start.max(self.control.0);
        self.flush(log)?;
        self.control = (start, redo, self.epoch);
        let needed = self.records.partition_point(|r| r.start < start);
        self.records.drain(..needed);
        self.durable = self.records.len();
        log.recycle(start)
    }
}
