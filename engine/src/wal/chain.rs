//! The chain of a transaction's records, from the newest back to the first.

use crate::page::{Lsn, TxnId};
use std::sync::atomic::{AtomicU64, Ordering};

/// Where a transaction's records begin and end in the log. Changed only under the log's latch.
#[derive(Debug)]
pub struct LogChain {
    txn: TxnId,
    first: AtomicU64,
    last: AtomicU64,
}

impl LogChain {
    /// The empty chain of a new transaction.
    pub fn new(txn: TxnId) -> Self {
        Self::resumed(txn, Lsn(0), Lsn(0))
    }

    /// The chain that recovery found.
    pub fn resumed(txn: TxnId, first: Lsn, last: Lsn) -> Self {
        Self {
            txn,
            first: AtomicU64::new(first.0),
            last: AtomicU64::new(last.0),
        }
    }

    /// The transaction.
    pub fn txn(&self) -> TxnId {
        self.txn
    }

    /// Start of its oldest record; 0 when there is none.
    pub fn first(&self) -> Lsn {
        Lsn(self.first.load(Ordering::Acquire))
    }

    /// Start of its newest record; 0 when there is none.
    pub fn last(&self) -> Lsn {
        Lsn(self.last.load(Ordering::Acquire))
    }

    /// Adds a record that starts at `start`; gives the one before it.
    pub(crate) fn push(&self, start: Lsn) -> Lsn {
        let _ = self
            .first
            .compare_exchange(0, start.0, Ordering::AcqRel, Ordering::Acquire);
        Lsn(self.last.swap(start.0, Ordering::AcqRel))
    }
}
