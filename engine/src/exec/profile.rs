//! What the operators of a statement were seen to do, for `EXPLAIN ANALYZE`.
//!
//! ```text
//!   build ──opens──▶ operator        watched ──next──▶ operator ──next──▶ watched ──▶ …
//!     └────── clock and counters before and after, the difference is the operator's, its inputs included ──────┘
//! ```
//!
//! Nothing of it is there unless somebody asks: [`Profile::watch`] wraps an operator only in a statement that is watched.

use crate::error::Result;
use crate::exec::batch::Batch;
use crate::exec::operator::{BoxOperator, Context, Frame, Operator};
use crate::exec::spill::Temp;
use crate::interrupt::Interrupt;
use crate::plan::{Actual, Spent};
use crate::storage::StorageTxn;
use std::any::TypeId;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Counts, by the places of the nodes in memory, which stay while a plan runs.
#[derive(Debug, Default)]
pub(crate) struct Profile {
    seen: RefCell<BTreeMap<Place, Actual>>,
    /// Whether the clock is looked at.
    times: bool,
}

/// The clock and the counters at one moment.
#[derive(Clone, Copy)]
pub(crate) struct Moment(Spent);

/// Where a part of a plan is in memory, and what it is: its own first part may be at the same place.
type Place = (usize, TypeId);

fn place<T: 'static>(part: &T) -> Place {
    (std::ptr::from_ref(part).addr(), TypeId::of::<T>())
}

impl Profile {
    /// Nothing seen yet; `times`: whether the clock is to be looked at.
    pub(crate) fn new(times: bool) -> Self {
        Self {
            times,
            ..Self::default()
        }
    }

    /// What was counted for a part of the plan.
    pub(crate) fn of<T: 'static>(&self, part: &T) -> Actual {
        let seen = self.seen.borrow().get(&place(part)).copied();
        seen.unwrap_or_default()
    }

    fn count(&self, place: Place, count: impl FnOnce(&mut Actual)) {
        count(self.seen.borrow_mut().entry(place).or_default());
    }

    /// Adds to what was counted for a part of the plan that no operator of its own runs: it was begun `loops` times, gave
    /// `rows` rows, and took `spent`.
    pub(crate) fn add<T: 'static>(&self, part: &T, loops: u64, rows: u64, spent: Spent) {
        self.count(place(part), |actual| {
            actual.loops += loops;
            actual.rows += rows;
            // Its first row is not told from the others.
            actual.startup_micros += spent.micros;
            actual.spent = actual.spent.and(spent);
        });
    }

    fn now(&self, txn: &dyn StorageTxn, temp: &Temp<'_>, interrupt: &Interrupt) -> Moment {
        let (temp_read, temp_written) = temp.transfers();
        Moment(Spent {
            micros: match self.times {
                true => interrupt.env().monotonic_micros(),
                false => 0,
            },
            usage: txn.usage(),
            temp_read,
            temp_written,
        })
    }

    /// Now, for what `context` runs in.
    pub(crate) fn moment(&self, context: &Context<'_>) -> Moment {
        self.now(context.txn, context.temp, context.interrupt)
    }

    /// The operator of `part` as `open` opens it, watched.
    pub(crate) fn watch<'a, T: 'static>(
        &'a self,
        context: Context<'a>,
        part: &T,
        open: impl FnOnce() -> Result<BoxOperator<'a>>,
    ) -> Result<BoxOperator<'a>> {
        let before = self.moment(&context);
        let operator = open()?;
        let spent = self.moment(&context).since(before);
        let place = place(part);
        self.count(place, |actual| {
            actual.loops += 1;
            actual.spent = actual.spent.and(spent);
        });
        Ok(Box::new(Watched {
            operator,
            place,
            profile: self,
            context,
            until_first: Some(spent.micros),
        }))
    }
}

impl Frame<'_> {
    /// Now, between reads, if somebody watches.
    pub(crate) fn moment(&self, txn: &dyn StorageTxn) -> Option<Moment> {
        let profile = self.memo.profile.as_ref()?;
        Some(profile.now(txn, self.temp, self.interrupt))
    }

    /// Notes what was done for a part of the plan since `before`, when it was begun `loops` times and gave `rows` rows.
    pub(crate) fn note<T: 'static>(
        &self,
        txn: &dyn StorageTxn,
        before: Option<Moment>,
        part: &T,
        (loops, rows): (u64, u64),
    ) {
        if let (Some(profile), Some(before)) = (&self.memo.profile, before) {
            let spent = profile.now(txn, self.temp, self.interrupt).since(before);
            profile.add(part, loops, rows, spent);
        }
    }
}

impl Moment {
    /// What was spent since `before`.
    pub(crate) fn since(self, before: Self) -> Spent {
        self.0.since(before.0)
    }
}

struct Watched<'a> {
    operator: BoxOperator<'a>,
    place: Place,
    profile: &'a Profile,
    context: Context<'a>,
    /// What it has taken while it gave nothing yet.
    until_first: Option<u64>,
}

impl Operator for Watched<'_> {
    fn next(&mut self) -> Result<Option<Batch>> {
        let before = self.profile.moment(&self.context);
        let batch = self.operator.next()?;
        let spent = self.profile.moment(&self.context).since(before);
        let startup = self.until_first.take().map(|micros| micros + spent.micros);
        self.profile.count(self.place, |actual| {
            actual.rows += batch.as_ref().map_or(0, |batch| batch.rows as u64);
            actual.startup_micros += startup.unwrap_or(0);
            actual.spent = actual.spent.and(spent);
        });
        Ok(batch)
    }
}
