//! Checks that wait for the end of the transaction.

use super::check::{check_child, check_parent, check_whole};
use crate::catalog::{ConstraintTiming, ForeignKey};
use crate::error::Result;
use crate::exec::change::size_bytes;
use crate::sql::Reference;
use crate::storage::StorageTxn;
use crate::types::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Bytes of keys that a transaction remembers; once there are more, foreign keys are checked as a whole.
const WAITING_BYTES_MAX: usize = 8 << 20;

/// From which side a foreign key may have been broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Child,
    Parent,
}

/// A check that waits.
#[derive(Clone, Debug)]
struct Waiting {
    reference: Arc<Reference>,
    /// Of these values; else of all rows.
    key: Option<(Side, Vec<Value>)>,
    /// What all until this one take.
    bytes: usize,
}

/// What a transaction has deferred, and which foreign keys it defers: all that savepoints give back. A copy is cheap.
#[derive(Clone, Debug, Default)]
pub(crate) struct Deferral {
    waiting: Arc<Vec<Waiting>>,
    /// `SET CONSTRAINTS ALL`
    all: Option<bool>,
    /// `SET CONSTRAINTS name`, by the number of the foreign key; since `ALL`.
    some: BTreeMap<u64, bool>,
}

impl Deferral {
    /// Whether the checks of this foreign key wait.
    pub(super) fn defers(&self, key: &ForeignKey) -> bool {
        let set = self.some.get(&key.number).copied().or(self.all);
        match key.timing {
            ConstraintTiming::NotDeferrable => false,
            ConstraintTiming::InitiallyImmediate => set.unwrap_or(false),
            ConstraintTiming::InitiallyDeferred => set.unwrap_or(true),
        }
    }

    pub(super) fn push(&mut self, reference: &Arc<Reference>, side: Side, values: Vec<Value>) {
        let number = reference.key.number;
        let held = self.waiting.last().map_or(0, |last| last.bytes);
        let is_full = held > WAITING_BYTES_MAX;
        if is_full {
            let is_whole = |one: &Waiting| one.key.is_none() && one.reference.key.number == number;
            // Behind the limit there is at most one for each foreign key.
            let behind = self.waiting.iter().rev();
            if behind.take_while(|one| one.key.is_none()).any(is_whole) {
                return;
            }
        }
        let bytes = held + size_bytes(&values) + size_of::<Waiting>();
        Arc::make_mut(&mut self.waiting).push(Waiting {
            reference: reference.clone(),
            key: Some((side, values)).filter(|_| !is_full),
            bytes,
        });
    }

    /// Where it stands: for [`Self::truncate`].
    pub(crate) fn position(&self) -> usize {
        self.waiting.len()
    }

    /// Forgets all checks that came after.
    pub(crate) fn truncate(&mut self, position: usize) {
        if position < self.waiting.len() {
            Arc::make_mut(&mut self.waiting).truncate(position);
        }
    }

    /// Whether a check waits that has to do with the table.
    pub(crate) fn waits_for(&self, table: &str) -> bool {
        let concerns = |one: &Waiting| {
            one.reference.child.name == *table || one.reference.parent.name == *table
        };
        self.waiting.iter().any(concerns)
    }

    /// `SET CONSTRAINTS`: of the foreign keys with these numbers, or of all.
    pub(crate) fn set(&mut self, numbers: Option<&[u64]>, deferred: bool) {
        match numbers {
            None => {
                self.all = Some(deferred);
                self.some.clear();
            }
            Some(numbers) => self.some.extend(numbers.iter().map(|n| (*n, deferred))),
        }
    }

    /// The checks that wait and no longer need to, taken out.
    fn take(&mut self, at_end: bool) -> Vec<Waiting> {
        let all = std::mem::take(&mut self.waiting);
        let all = Arc::try_unwrap(all).unwrap_or_else(|shared| Vec::clone(&shared));
        let stays = |one: &Waiting| !at_end && self.defers(&one.reference.key);
        let (left, due): (Vec<Waiting>, Vec<Waiting>) = all.into_iter().partition(stays);
        self.waiting = Arc::new(left);
        due
    }
}

/// Makes the checks that wait: `at_end` all, else those of foreign keys that are deferred no more. Errors: `23503`.
pub(crate) fn check_deferred(
    txn: &mut dyn StorageTxn,
    deferral: &mut Deferral,
    at_end: bool,
) -> Result<()> {
    if deferral.waiting.is_empty() {
        return Ok(());
    }
    // What others have committed since counts too.
    txn.refresh_snapshot();
    for Waiting { reference, key, .. } in deferral.take(at_end) {
        match key {
            Some((Side::Child, values)) => check_child(txn, &reference, &values, false)?,
            Some((Side::Parent, values)) => check_parent(txn, &reference, &values, true)?,
            None => check_whole(txn, &reference)?,
        }
    }
    Ok(())
}
