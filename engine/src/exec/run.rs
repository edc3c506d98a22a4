//! Running a planned query or change in a transaction.

use crate::error::Result;
use crate::exec::batch::Batch;
use crate::exec::build::build;
use crate::exec::change;
use crate::exec::integrity::{Deferral, Events, Recorder, enforce};
use crate::exec::memory::Memory;
use crate::exec::operator::{Context, Frame, collect};
use crate::exec::short;
use crate::exec::subquery::Memo;
use crate::interrupt::Interrupt;
use crate::plan::{Body, Plan, PlanNode};
use crate::storage::StorageTxn;
use crate::types::Value;

/// Result rows in the form in which they came about.
#[derive(Debug)]
pub(crate) enum ResultRows {
    /// A few rows of values.
    Values(Vec<Vec<Value>>),
    /// Batches.
    Batches(Vec<Batch>),
}

impl ResultRows {
    /// How many rows.
    pub(crate) fn count(&self) -> u64 {
        match self {
            Self::Values(rows) => rows.len() as u64,
            Self::Batches(batches) => batches.iter().map(|b| b.rows as u64).sum(),
        }
    }
}

/// What a statement gave.
#[derive(Debug)]
pub(crate) struct Executed {
    /// Its rows; `None` for a statement that gives none.
    pub(crate) rows: Option<ResultRows>,
    /// Rows given, added, changed or removed.
    pub(crate) count: u64,
}

/// Limits and the clock of a statement.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings<'a> {
    /// Bytes that sorting, hashing and collecting may hold.
    pub(crate) work_mem_bytes: usize,
    /// `CURRENT_TIMESTAMP`: the start of the transaction.
    pub(crate) now_micros: i64,
    /// Says when the statement is to stop.
    pub(crate) interrupt: &'a Interrupt,
}

/// Runs `plan`, a query or a change, with `parameters`; checks that may wait go to `deferral`. A failed change may leave
/// some of its rows written: the caller rolls back to a savepoint.
pub(crate) fn execute(
    txn: &mut dyn StorageTxn,
    plan: &Plan,
    parameters: &[Value],
    settings: Settings<'_>,
    deferral: &mut Deferral,
) -> Result<Executed> {
    let memory = Memory::new(settings.work_mem_bytes);
    let memo = Memo::new(plan.subplans.len());
    let padded;
    let slots = if plan.slots == parameters.len() {
        parameters
    } else {
        let mut all = parameters.to_vec();
        all.resize(plan.slots, Value::Null);
        padded = all;
        &padded
    };
    let frame = Frame {
        slots,
        subplans: &plan.subplans,
        memo: &memo,
        memory: &memory,
        now_micros: settings.now_micros,
        interrupt: settings.interrupt,
    };
    match &plan.body {
        Body::Query(root) => {
            let rows = query(frame.over(&*txn), root)?;
            Ok(Executed {
                count: rows.count(),
                rows: Some(rows),
            })
        }
        Body::Change(change) => {
            let prepared = change::prepare(frame.over(&*txn), change)?;
            match &change.integrity {
                None => prepared.write(txn, &change.table, None)?,
                Some(integrity) => {
                    let mut events = Events::new(memory.reservation("foreign keys"));
                    let recorder = Recorder {
                        integrity,
                        position: 0,
                        events: &mut events,
                    };
                    prepared.write(txn, &change.table, Some(recorder))?;
                    enforce(txn, &frame, integrity, events, deferral)?;
                }
            }
            let count = prepared.count();
            let rows = change.returning.is_some();
            Ok(Executed {
                rows: rows.then_some(ResultRows::Values(prepared.returning)),
                count,
            })
        }
        Body::Explain(lines) => {
            let rows = lines.iter().map(|l| vec![Value::Text(l.clone())]).collect();
            Ok(Executed {
                rows: Some(ResultRows::Values(rows)),
                count: lines.len() as u64,
            })
        }
        Body::Utility(_) => Err(crate::error::Error::misuse(
            "EXEC-5: a utility statement has no plan to run",
        )),
    }
}

fn query(context: Context<'_>, root: &PlanNode) -> Result<ResultRows> {
    if let Some(rows) = short::rows(&context, root)? {
        return Ok(ResultRows::Values(rows));
    }
    let mut reservation = context.memory.reservation("the result");
    let mut operator = build(context, root)?;
    collect(&mut *operator, &mut reservation).map(ResultRows::Batches)
}
