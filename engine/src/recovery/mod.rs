//! Floor 1: recovery in three phases (after Mohan et al., "ARIES", TODS 17(1), 1992, with logical undo).
//!
//! ```text
//!   log   ──┬────────────────┬──────────────────────────────┬─ end │ new epoch …
//!         start            redo LSN                                 │
//!           └── analysis: who began, who ended ──────────▶          │
//!                            └── redo: repeat all on older pages ▶  │
//!                              ◀── undo: losers, newest record first ──▶ compensations
//! ```
//!
//! - *Analysis* reads from the oldest record that an undo may need, and finds the end of the log and the losers:
//!   transactions with records but neither commit nor end.
//! - *Redo* repeats history from the redo LSN. The first record of each page since then holds its image (BUF-3), so a
//!   torn page is never read.
//! - *Undo* is logical: what a record says is undone where its key is now, and logged as a compensation that names the
//!   next record to undo. So a crash during recovery is just another crash.
//!
//! Invariants:
//! - REC-1: the log reaches at least to the redo LSN of the control block, else the file is refused.
//! - REC-2: what is undone once is never undone again.

use crate::error::{Error, Result};
use crate::page::{Lsn, TxnId};
use crate::planted::{Mistake, makes};
use crate::wal::{LogChain, LogExtent, LogReader, NeededLog, Record, RecordKind};
use std::collections::BTreeMap;

/// What analysis found.
#[derive(Debug)]
pub struct Analysis {
    /// How far the log goes.
    pub extent: LogExtent,
    /// Transactions to undo.
    pub losers: Vec<LogChain>,
    /// The highest transaction number in the log; 0 when there is none.
    pub txn_max: TxnId,
    /// Records from the redo LSN on.
    pub records_to_redo: u64,
}

/// The transactions that have records and have not ended, as far as the log was read.
#[derive(Debug, Default)]
pub struct Running(BTreeMap<TxnId, (Lsn, Lsn)>);

impl Running {
    /// Takes note of the next record, which starts at `lsn`.
    pub fn note(&mut self, lsn: Lsn, record: &Record) {
        match record.kind {
            RecordKind::Change if record.txn.0 > 0 => {
                let (_, last) = self.0.entry(record.txn).or_insert((lsn, lsn));
                if !makes(Mistake::LoserUndoneInPart) {
                    *last = lsn;
                }
            }
            RecordKind::Change => {}
            RecordKind::Commit | RecordKind::End => {
                self.0.remove(&record.txn);
            }
        }
    }

    /// Those that have not ended at the end of the log.
    pub fn into_losers(self) -> Vec<LogChain> {
        let chain = |(txn, (first, last))| LogChain::resumed(txn, first, last);
        self.0.into_iter().map(chain).collect()
    }
}

/// Reads all of the log that a control block says is needed.
///
/// # Errors
/// `XX001` when the log is incomplete (REC-1) or damaged, `58030` when it cannot be read.
pub fn analyse(reader: &mut LogReader, needed: &NeededLog) -> Result<Analysis> {
    let NeededLog { start, redo, .. } = *needed;
    if !reader.begins(needed) {
        return Err(Error::corrupt(format!(
            "the log does not hold position {}, where the database file says that it begins: the log file was \
             replaced, truncated or damaged",
            start.0
        )));
    }
    let mut running = Running::default();
    let mut txn_max = TxnId(0);
    let mut records_to_redo = 0;
    let extent = reader.scan(start, redo, |lsn, record, _| {
        txn_max = txn_max.max(record.txn);
        records_to_redo += u64::from(lsn >= redo);
        running.note(lsn, &record);
        Ok(())
    })?;
    if extent.end < redo {
        return Err(Error::corrupt(format!(
            "the log ends at {}, before position {} up to which the database file says that it was written (REC-1)",
            extent.end.0, redo.0
        )));
    }
    Ok(Analysis {
        extent,
        losers: running.into_losers(),
        txn_max,
        records_to_redo,
    })
}

/// Undoes the losers, the newest record of all first. The log is needed from `start`; what a loser did before that is
/// undone already, for else it would have held the start back. `undo` undoes what a note says, on behalf of a transaction,
/// and logs a compensation that names the next record; `finished` logs that a transaction is undone.
///
/// # Errors
/// What `undo` and `finished` return; `XX001` when a record that must be there is not.
pub fn undo_losers(
    reader: &mut LogReader,
    losers: &[LogChain],
    start: Lsn,
    mut undo: impl FnMut(&LogChain, &[u8], Lsn) -> Result<()>,
    mut finished: impl FnMut(&LogChain) -> Result<()>,
) -> Result<()> {
    let mut todo: BTreeMap<Lsn, &LogChain> = losers.iter().map(|c| (c.last(), c)).collect();
    while let Some((lsn, chain)) = todo.pop_last() {
        let Some((record, _)) = reader.record_at(lsn)? else {
            return Err(Error::corrupt(format!(
                "the log holds no record at {}, which transaction {} needs to be undone",
                lsn.0,
                chain.txn().0
            )));
        };
        if record.txn != chain.txn() {
            return Err(Error::corrupt(format!(
                "the record at {} belongs to transaction {}, not {} (REC-2)",
                lsn.0,
                record.txn.0,
                chain.txn().0
            )));
        }
        let undo_next = record.undo_next;
        let next = match undo_next.filter(|_| !makes(Mistake::CompensationsRepeated)) {
            Some(next) => next,
            None => {
                if !record.undo.is_empty() {
                    undo(chain, &record.undo, record.prev)?;
                }
                record.prev
            }
        };
        if next >= lsn {
            return Err(Error::corrupt(format!(
                "the record at {} is to be undone before the one at {}, which is not older (REC-2)",
                lsn.0, next.0
            )));
        }
        if next < start.max(Lsn(1)) {
            finished(chain)?;
        } else {
            todo.insert(next, chain);
        }
    }
    Ok(())
}
