//! Commits in their order, and what they wrote.

use super::reads::ReadSet;
use super::state::TxnState;
use crate::page::{Lsn, PageId};
use crate::planted::{Mistake, makes};
use std::collections::VecDeque;
use std::sync::Arc;

/// A key that a transaction has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The tree.
    pub tree: PageId,
    /// The key.
    pub key: Arc<[u8]>,
    /// The change left a tombstone.
    pub tombstone: bool,
}

/// A transaction whose commit record is in the log, durable or not.
struct Pending {
    txn: Arc<TxnState>,
    /// Where its commit record ends.
    end: Lsn,
    schema_changed: bool,
    written: Vec<Written>,
}

/// What was committed, and is about to be, in the order of the commit records in the log.
///
/// ```text
///   log      … commit T7 │ commit T9 │ commit T8 │
///   History  committed: T7 at 41     │ pending: T9, T8        durable up to here ▸ both get their time, T9 first
/// ```
#[derive(Default)]
pub(super) struct History {
    pending: VecDeque<Pending>,
    committed: VecDeque<(u64, Vec<Written>)>,
    /// What was committed up to this time may be forgotten although a snapshot is older.
    forgotten: u64,
}

impl History {
    /// Whether a transaction with a snapshot of `time` that has read `reads` may commit next: nothing that it read was
    /// changed since by a commit before its own (TXN-4).
    pub(super) fn allows(&self, reads: &ReadSet, time: u64) -> bool {
        if time < self.forgotten && !makes(Mistake::ForgottenHistoryTrusted) {
            return false;
        }
        let since = self.committed.partition_point(|(t, _)| *t <= time);
        let committed = self.committed.range(since..).flat_map(|(_, w)| w);
        let pending = self.pending.iter().flat_map(|p| &p.written);
        let pending = pending.filter(|_| !makes(Mistake::PendingNotValidated));
        committed
            .chain(pending)
            .all(|w| !reads.contains(w.tree, &w.key))
    }

    /// The commit record of `txn` has been appended to the log, and ends at `end`.
    pub(super) fn append(
        &mut self,
        txn: Arc<TxnState>,
        end: Lsn,
        schema_changed: bool,
        written: Vec<Written>,
    ) {
        self.pending.push_back(Pending {
            txn,
            end,
            schema_changed,
            written,
        });
    }

    /// The log is durable up to `durable`: lets `commit` make all transactions visible whose commit record ends there or
    /// before, in their order, and give them a time.
    pub(super) fn publish(
        &mut self,
        durable: Lsn,
        mut commit: impl FnMut(&Arc<TxnState>, bool) -> u64,
    ) {
        while let Some(pending) = self.pending.pop_front_if(|p| p.end <= durable) {
            let time = commit(&pending.txn, pending.schema_changed);
            if !pending.written.is_empty() {
                self.committed.push_back((time, pending.written));
            }
        }
    }

    /// Forgets the oldest commits beyond `commits_max`: transactions with a snapshot before them may not commit a change
    /// any more. Gives whether there were any.
    pub(super) fn forget_beyond(&mut self, commits_max: usize) -> bool {
        let beyond = self.committed.len().saturating_sub(commits_max);
        if let Some((time, _)) = self.committed.drain(..beyond).next_back() {
            self.forgotten = time;
        }
        beyond > 0
    }

    /// Forgets the oldest commit at or before `oldest`, the time of the oldest snapshot, and gives what it wrote.
    pub(super) fn pop_settled(&mut self, oldest: u64) -> Option<Vec<Written>> {
        let oldest = oldest + u64::from(makes(Mistake::HistorySettledEarly));
        let settled = self.committed.pop_front_if(|(time, _)| *time <= oldest)?;
        Some(settled.1)
    }
}
