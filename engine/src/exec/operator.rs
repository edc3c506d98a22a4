//! The pull interface of operators, and what they share while a statement runs.

use crate::error::Result;
use crate::exec::batch::Batch;
use crate::exec::eval::{Clock, Outside};
use crate::exec::memory::Memory;
use crate::exec::spill::Temp;
use crate::exec::subquery::Memo;
use crate::interrupt::Interrupt;
use crate::plan::SubPlan;
use crate::storage::StorageTxn;
use crate::types::Value;

/// A running operator.
pub(crate) trait Operator {
    /// The next rows, never zero of them; `None` at the end.
    fn next(&mut self) -> Result<Option<Batch>>;
}

/// An operator of a plan that runs in `'a`.
pub(crate) type BoxOperator<'a> = Box<dyn Operator + 'a>;

/// What the operators of a running statement share.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    /// Where rows come from.
    pub(crate) txn: &'a dyn StorageTxn,
    /// Parameters, then what the subqueries around this one were given.
    pub(crate) slots: &'a [Value],
    /// Subqueries by their number.
    pub(crate) subplans: &'a [SubPlan],
    /// Results of subqueries that may be used again.
    pub(crate) memo: &'a Memo,
    /// What may be held in memory.
    pub(crate) memory: &'a Memory,
    /// Where what does not fit goes.
    pub(crate) temp: &'a Temp<'a>,
    /// Rows that an operator hands on at once, about; not none.
    pub(crate) batch_rows: usize,
    /// How many rows are asked for, as far as it is known: scans begin with small steps when it is few.
    pub(crate) rows_wanted: usize,
    /// What time it is.
    pub(crate) clock: Clock,
    /// Says when the statement is to stop.
    pub(crate) interrupt: &'a Interrupt,
    /// What functions ask of the world around.
    pub(crate) outside: Outside<'a>,
}

/// What the statement brings along, without a transaction to read from: between reads it writes.
pub(crate) struct Frame<'a> {
    pub(crate) slots: &'a [Value],
    pub(crate) subplans: &'a [SubPlan],
    pub(crate) memo: &'a Memo,
    pub(crate) memory: &'a Memory,
    pub(crate) temp: &'a Temp<'a>,
    pub(crate) batch_rows: usize,
    pub(crate) clock: Clock,
    pub(crate) interrupt: &'a Interrupt,
    pub(crate) outside: Outside<'a>,
}

impl Frame<'_> {
    /// The context of reading from `txn`.
    pub(crate) fn over<'t>(&'t self, txn: &'t dyn StorageTxn) -> Context<'t> {
        Context {
            txn,
            slots: self.slots,
            subplans: self.subplans,
            memo: self.memo,
            memory: self.memory,
            temp: self.temp,
            batch_rows: self.batch_rows,
            rows_wanted: usize::MAX,
            clock: self.clock,
            interrupt: self.interrupt,
            outside: self.outside,
        }
    }
}

/// All batches of `operator`, counted in `reservation`.
pub(crate) fn collect(
    operator: &mut dyn Operator,
    reservation: &mut crate::exec::memory::Reservation<'_>,
) -> Result<Vec<Batch>> {
    let mut batches = Vec::new();
    while let Some(batch) = operator.next()? {
        reservation.grow(batch.size_bytes() + 64)?;
        batches.push(batch);
    }
    Ok(batches)
}

/// Hands a large batch on in pieces.
#[derive(Debug, Default)]
pub(crate) struct Pieces {
    batch: Batch,
    next: usize,
}

impl Pieces {
    /// Of this batch.
    pub(crate) fn new(batch: Batch) -> Self {
        Self { batch, next: 0 }
    }

    /// The next piece, of at most `rows_max` rows.
    pub(crate) fn next(&mut self, rows_max: usize) -> Option<Batch> {
        if self.next >= self.batch.rows {
            return None;
        }
        let length = rows_max.min(self.batch.rows - self.next);
        let piece = self.batch.slice(self.next, length);
        self.next += length;
        Some(piece)
    }
}
