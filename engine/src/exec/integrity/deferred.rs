//! Checks that wait for the end of the transaction.

use super::check::{check_child, check_parent, check_whole};
use super::unique::UniqueKey;
use crate::catalog::{ConstraintTiming, RelationName};
use crate::error::Result;
use crate::exec::change::size_bytes;
use crate::planted::{Mistake, makes};
use crate::sql::Reference;
use crate::storage::StorageTxn;
use crate::types::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Bytes of keys that a transaction remembers; once there are more, constraints are checked as a whole.
const WAITING_BYTES_MAX: usize = 8 << 20;

/// From which side a foreign key may have been broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Child,
    Parent,
}

/// What tells constraints that can be deferred apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ConstraintId {
    /// A foreign key, by its number.
    ForeignKey(u64),
    /// A unique key, by the name of its index.
    Unique(RelationName),
}

/// A check: of some values or a key, else of all rows.
#[derive(Clone, Debug)]
pub(super) enum Check {
    Reference(Arc<Reference>, Option<(Side, Vec<Value>)>),
    Unique(UniqueKey, Option<Vec<u8>>),
}

impl Check {
    fn id(&self) -> ConstraintId {
        match self {
            Self::Reference(reference, _) => ConstraintId::ForeignKey(reference.key.number),
            Self::Unique(unique, _) => {
                ConstraintId::Unique(unique.table.index_name(unique.index()))
            }
        }
    }

    fn timing(&self) -> ConstraintTiming {
        match self {
            Self::Reference(reference, _) => reference.key.timing,
            Self::Unique(unique, _) => unique.index().timing,
        }
    }

    fn is_whole(&self) -> bool {
        matches!(self, Self::Reference(_, None) | Self::Unique(_, None))
    }

    /// The same of all rows.
    fn whole(self) -> Self {
        match self {
            Self::Reference(reference, _) => Self::Reference(reference, None),
            Self::Unique(unique, _) => Self::Unique(unique, None),
        }
    }

    fn size_bytes(&self) -> usize {
        let values = match self {
            Self::Reference(_, Some((_, values))) => size_bytes(values),
            Self::Unique(_, Some(key)) => key.len(),
            Self::Reference(_, None) | Self::Unique(_, None) => 0,
        };
        values + size_of::<Waiting>()
    }

    fn concerns(&self, table: &RelationName) -> bool {
        match self {
            Self::Reference(reference, _) => {
                reference.child.name == *table || reference.parent.name == *table
            }
            Self::Unique(unique, _) => unique.table.name == *table,
        }
    }

    fn make(&self, txn: &mut dyn StorageTxn) -> Result<()> {
        match self {
            Self::Reference(reference, Some((Side::Child, values))) => {
                check_child(txn, reference, values, false)
            }
            Self::Reference(reference, Some((Side::Parent, values))) => {
                check_parent(txn, reference, values, true)
            }
            Self::Reference(reference, None) => check_whole(txn, reference),
            Self::Unique(unique, Some(key)) => unique.check(txn, key),
            Self::Unique(unique, None) => unique.check_whole(txn),
        }
    }
}

/// A check that waits.
#[derive(Clone, Debug)]
struct Waiting {
    check: Check,
    /// What all until this one take.
    bytes: usize,
}

/// What a transaction has deferred, and which constraints it defers: all that savepoints give back. A copy is cheap.
#[derive(Clone, Debug, Default)]
pub(crate) struct Deferral {
    waiting: Arc<Vec<Waiting>>,
    /// `SET CONSTRAINTS ALL`
    all: Option<bool>,
    /// `SET CONSTRAINTS name`, since `ALL`.
    some: BTreeMap<ConstraintId, bool>,
}

impl Deferral {
    /// Whether the checks of this constraint wait.
    pub(super) fn defers(
        &self,
        timing: ConstraintTiming,
        id: impl FnOnce() -> ConstraintId,
    ) -> bool {
        let set = || self.some.get(&id()).copied().or(self.all);
        match timing {
            ConstraintTiming::NotDeferrable => false,
            ConstraintTiming::InitiallyImmediate => set().unwrap_or(false),
            ConstraintTiming::InitiallyDeferred => set().unwrap_or(true),
        }
    }

    /// Lets a check wait. Errors: those of locks.
    pub(super) fn push(&mut self, txn: &dyn StorageTxn, check: Check) -> Result<()> {
        let held = self.waiting.last().map_or(0, |last| last.bytes);
        let check = if held > WAITING_BYTES_MAX {
            if let Check::Unique(unique, Some(key)) = &check {
                unique.lock(txn, key)?; // now, for the key will be forgotten
            }
            let is_same = |one: &Waiting| one.check.id() == check.id();
            // Behind the limit there is at most one for each constraint.
            let behind = self.waiting.iter().rev();
            if behind.take_while(|one| one.check.is_whole()).any(is_same) {
                return Ok(());
            }
            check.whole()
        } else {
            check
        };
        let bytes = held + check.size_bytes();
        Arc::make_mut(&mut self.waiting).push(Waiting { check, bytes });
        Ok(())
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
    pub(crate) fn waits_for(&self, table: &RelationName) -> bool {
        self.waiting.iter().any(|one| one.check.concerns(table))
    }

    /// `SET CONSTRAINTS`: of these, or of all.
    pub(crate) fn set(&mut self, constraints: Option<&[ConstraintId]>, deferred: bool) {
        match constraints {
            None => {
                self.all = Some(deferred);
                self.some.clear();
            }
            Some(some) => self
                .some
                .extend(some.iter().map(|id| (id.clone(), deferred))),
        }
    }

    /// The checks that wait and no longer need to, taken out.
    fn take(&mut self, at_end: bool) -> Vec<Waiting> {
        let all = std::mem::take(&mut self.waiting);
        let all = Arc::try_unwrap(all).unwrap_or_else(|shared| Vec::clone(&shared));
        let stays = |one: &Waiting| !at_end && self.defers(one.check.timing(), || one.check.id());
        let (left, due): (Vec<Waiting>, Vec<Waiting>) = all.into_iter().partition(stays);
        self.waiting = Arc::new(left);
        due
    }
}

/// Makes the checks that wait: `at_end` all, else those of constraints that are deferred no more. Errors: `23503`,
/// `23505`.
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
    let due = deferral.take(at_end);
    if at_end && makes(Mistake::DeferredForgotten) {
        return Ok(());
    }
    due.iter().try_for_each(|waiting| waiting.check.make(txn))
}
