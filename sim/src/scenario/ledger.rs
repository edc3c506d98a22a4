//! What sessions know of their commits: which were acknowledged, and which of those nothing may take back.
//!
//! ```text
//!   slot 0   ── off ── off ── normal ──────────┐ acknowledged: 3
//!   slot 1   ──────────────────────── full     │ whoever was acknowledged before this one began is durable
//! ```
//!
//! A commit that does not wait for the disk may be lost, but only with all that came after it.

use quantadb::storage::Synchronous;
use quantadb::sync::Mutex;

/// The commits of each session, counted.
pub(super) struct Ledger {
    /// What counts as lost when only the process dies: a commit at `Normal` does not.
    process_only: bool,
    slots: Mutex<Slots>,
}

#[derive(Clone)]
struct Slots {
    acknowledged: Vec<u64>,
    durable: Vec<u64>,
}

impl Ledger {
    /// No commits of so many sessions; `process_only`: the machine never stops.
    pub(super) fn new(sessions: usize, process_only: bool) -> Self {
        let none = vec![0; sessions];
        Self {
            process_only,
            slots: Mutex::new(Slots {
                acknowledged: none.clone(),
                durable: none,
            }),
        }
    }

    /// The same, with commits of its own from now on.
    pub(super) fn copy(&self) -> Self {
        Self {
            process_only: self.process_only,
            slots: Mutex::new(self.slots.lock().clone()),
        }
    }

    /// How many sessions.
    pub(super) fn sessions(&self) -> usize {
        self.slots.lock().acknowledged.len()
    }

    /// Commits of a session that were acknowledged and are not known to be lost.
    pub(super) fn acknowledged(&self, slot: usize) -> u64 {
        self.slots.lock().acknowledged[slot]
    }

    /// Commits of a session that nothing may take back.
    pub(super) fn durable(&self, slot: usize) -> u64 {
        self.slots.lock().durable[slot]
    }

    /// All that is acknowledged now: what a commit that begins now comes after.
    pub(super) fn now(&self) -> Vec<u64> {
        self.slots.lock().acknowledged.clone()
    }

    /// A commit of `slot` was acknowledged, which began when `before` was acknowledged.
    pub(super) fn committed(&self, slot: usize, synchronous: Synchronous, before: Vec<u64>) {
        let mut slots = self.slots.lock();
        slots.acknowledged[slot] += 1;
        let durable = match synchronous {
            Synchronous::Full => true,
            Synchronous::Normal => self.process_only,
            Synchronous::Off => false,
        };
        if durable {
            slots.reach(&before);
            slots.durable[slot] = slots.acknowledged[slot];
        }
    }

    /// Everything was made durable that was acknowledged before.
    pub(super) fn all_durable(&self) {
        let mut slots = self.slots.lock();
        let acknowledged = slots.acknowledged.clone();
        slots.reach(&acknowledged);
    }

    /// A recovery found so many commits of `slot`, which now stay.
    pub(super) fn found(&self, slot: usize, commits: u64) {
        let mut slots = self.slots.lock();
        slots.acknowledged[slot] = commits;
        slots.durable[slot] = commits;
    }
}

impl Slots {
    fn reach(&mut self, counts: &[u64]) {
        for (durable, count) in self.durable.iter_mut().zip(counts) {
            *durable = (*durable).max(*count);
        }
    }
}
