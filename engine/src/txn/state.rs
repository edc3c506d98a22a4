//! What all versions of a transaction share.

use crate::page::{Lsn, TxnId};
use crate::wal::LogChain;
use std::sync::atomic::{AtomicU64, Ordering};

/// A transaction that writes.
#[derive(Debug)]
pub struct TxnState {
    chain: LogChain,
    /// 0 while it runs, its commit time, or [`ABORTED`].
    outcome: AtomicU64,
}

const ABORTED: u64 = u64::MAX;

impl TxnState {
    /// A running transaction.
    pub fn new(id: TxnId) -> Self {
        Self {
            chain: LogChain::new(id),
            outcome: AtomicU64::new(0),
        }
    }

    /// Its number.
    pub fn id(&self) -> TxnId {
        self.chain.txn()
    }

    /// Its records in the log.
    pub fn chain(&self) -> &LogChain {
        &self.chain
    }

    /// Where its first record starts; `None` before there is one.
    pub fn first_record(&self) -> Option<Lsn> {
        Some(self.chain.first()).filter(|lsn| lsn.0 > 0)
    }

    /// When it committed; `None` while it runs and when it was rolled back.
    pub fn committed_at(&self) -> Option<u64> {
        match self.outcome.load(Ordering::Acquire) {
            0 | ABORTED => None,
            time => Some(time),
        }
    }

    /// Whether it neither committed nor rolled back.
    pub fn is_running(&self) -> bool {
        self.outcome.load(Ordering::Acquire) == 0
    }

    pub(super) fn commit(&self, time: u64) {
        self.outcome.store(time, Ordering::Release);
    }

    pub(super) fn abort(&self) {
        self.outcome.store(ABORTED, Ordering::Release);
    }
}
