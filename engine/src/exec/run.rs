//! Running a planned query or change in a transaction.

use crate::error::{Error, Result};
use crate::exec::batch::Batch;
use crate::exec::build::build;
use crate::exec::change::{self, Prepared};
use crate::exec::copy::{CopyIo, copy_from, copy_to};
use crate::exec::eval::{Clock, Outside};
use crate::exec::integrity::{Deferral, Events, Recorder, enforce};
use crate::exec::memory::{Memory, MemoryPool};
use crate::exec::operator::{Context, Frame, collect};
use crate::exec::pending::Pending;
use crate::exec::short;
use crate::exec::spill::{Temp, TempSpace};
use crate::exec::subquery::Memo;
use crate::interrupt::Interrupt;
use crate::plan::{Body, Change, Explain, NodeKind, Part, Plan, PlanNode, Ran, SubPlan, show};
use crate::sql::bound::ExplainFormat;
use crate::storage::StorageTxn;
use crate::types::Value;
use std::borrow::Cow;
use std::sync::Arc;

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
#[derive(Clone, Copy)]
pub(crate) struct Settings<'a> {
    /// Bytes that sorting, hashing and collecting hold before they spill.
    pub(crate) work_mem_bytes: usize,
    /// Rows that an operator hands on at once, about; not none.
    pub(crate) batch_rows: usize,
    /// What all statements of the database may hold.
    pub(crate) pool: &'a Arc<MemoryPool>,
    /// Where spilled rows go.
    pub(crate) space: &'a TempSpace,
    /// Kilobytes of them that the statement may have at a time; `None`: as many as the disk has.
    pub(crate) temp_limit_kb: Option<u64>,
    /// What time it is.
    pub(crate) clock: Clock,
    /// Says when the statement is to stop.
    pub(crate) interrupt: &'a Interrupt,
    /// What functions ask of the world around.
    pub(crate) outside: Outside<'a>,
    /// What `COPY` reads and writes.
    pub(crate) io: CopyIo<'a>,
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
    if let Body::Explain(explain) = &plan.body {
        return self::explain(txn, explain, parameters, settings, deferral);
    }
    let memo = Memo::new(plan.subplans.len());
    execute_with(txn, plan, parameters, settings, deferral, &memo)
}

/// Shows a plan, after it was run if that is asked for.
fn explain(
    txn: &mut dyn StorageTxn,
    explain: &Explain,
    parameters: &[Value],
    settings: Settings<'_>,
    deferral: &mut Deferral,
) -> Result<Executed> {
    let (plan, options) = (&explain.plan, explain.options);
    let value = |text: String| match options.format {
        ExplainFormat::Json => Value::Json(text),
        ExplainFormat::Text | ExplainFormat::Yaml => Value::Text(text),
    };
    let rows = |shown: Vec<String>| Executed {
        count: shown.len() as u64,
        rows: Some(ResultRows::Values(
            shown.into_iter().map(|text| vec![value(text)]).collect(),
        )),
    };
    if !options.analyze {
        return Ok(rows(show(explain, None)));
    }
    let memo = Memo::watched(plan.subplans.len(), options.timing);
    let env = settings.interrupt.env();
    let started = env.monotonic_micros();
    execute_with(txn, plan, parameters, settings, deferral, &memo)?;
    let micros = env.monotonic_micros().saturating_sub(started);
    let profile = memo.profile.unwrap_or_default();
    let seen = |part: Part<'_>| match part {
        Part::Node(node) => profile.of(node),
        Part::Scan(scan) => profile.of(scan),
        Part::Change(change) => profile.of(change),
    };
    Ok(rows(show(
        explain,
        Some(Ran {
            seen: &seen,
            micros,
        }),
    )))
}

fn execute_with(
    txn: &mut dyn StorageTxn,
    plan: &Plan,
    parameters: &[Value],
    settings: Settings<'_>,
    deferral: &mut Deferral,
    memo: &Memo,
) -> Result<Executed> {
    let memory = Memory::new(settings.work_mem_bytes, settings.pool.clone());
    let temp = Temp::new(
        settings.space,
        settings.temp_limit_kb,
        settings.batch_rows,
        settings.interrupt,
    );
    let slots = slots(plan, parameters);
    let frame = Frame {
        slots: &slots,
        subplans: &plan.subplans,
        memo,
        memory: &memory,
        temp: &temp,
        batch_rows: settings.batch_rows,
        clock: settings.clock,
        interrupt: settings.interrupt,
        outside: settings.outside,
    };
    if plan.subplans.iter().any(SubPlan::is_change) {
        return with_changes(txn, plan, &frame, deferral);
    }
    match &plan.body {
        Body::Query(root) => {
            let rows = query(frame.over(&*txn), root)?;
            Ok(Executed {
                count: rows.count(),
                rows: Some(rows),
            })
        }
        Body::Change(change) => {
            let mut pending = Pending::new(memory.reservation("ModifyTable"));
            let before = frame.moment(txn);
            let prepared = change::prepare(frame.over(&*txn), change, &mut pending)?;
            let events = write(txn, change, &prepared, &memory)?;
            let given = prepared.returning.len() as u64;
            frame.note(txn, before, &**change, (1, given));
            if let Some(events) = events {
                enforce_all(txn, &frame, [(&**change, events)], deferral)?;
            }
            Ok(executed(change, prepared))
        }
        Body::CopyTo(copy) => {
            let (root, form) = &**copy;
            let count = copy_to(frame.over(&*txn), root, form, settings.io)?;
            Ok(Executed { rows: None, count })
        }
        Body::CopyFrom(copy) => {
            let (count, events) = copy_from(txn, copy, &frame, settings.io)?;
            if let Some(events) = events {
                enforce_all(txn, &frame, [(&copy.change, events)], deferral)?;
            }
            Ok(Executed { rows: None, count })
        }
        Body::Fill(..) | Body::Explain(_) | Body::Utility(_) => Err(Error::misuse(
            "EXEC-5: a utility statement has no plan to run",
        )),
    }
}

/// The parameters, and room for what subqueries are given.
fn slots<'p>(plan: &Plan, parameters: &'p [Value]) -> Cow<'p, [Value]> {
    if plan.slots == parameters.len() {
        return Cow::Borrowed(parameters);
    }
    let mut all = parameters.to_vec();
    all.resize(plan.slots, Value::Null);
    Cow::Owned(all)
}

/// What a change gives that was made.
fn executed(change: &Change, prepared: Prepared) -> Executed {
    let count = prepared.count();
    let rows = change.returning.is_some();
    Executed {
        rows: rows.then_some(ResultRows::Values(prepared.returning)),
        count,
    }
}

/// An error that needs not say which row failed.
fn as_it_is(_: usize, error: Error) -> Error {
    error
}

/// Writes the rows of a change; gives what foreign keys have to look at then.
fn write<'m>(
    txn: &mut dyn StorageTxn,
    change: &Change,
    prepared: &Prepared,
    memory: &'m Memory,
) -> Result<Option<Events<'m>>> {
    let Some(integrity) = &change.integrity else {
        prepared.write(txn, change, None, &as_it_is)?;
        return Ok(None);
    };
    let mut events = Events::new(memory.reservation("foreign keys"));
    let recorder = Recorder {
        integrity,
        position: 0,
        events: &mut events,
    };
    prepared.write(txn, change, Some(recorder), &as_it_is)?;
    Ok(Some(events))
}

fn enforce_all<'m>(
    txn: &mut dyn StorageTxn,
    frame: &Frame<'_>,
    all: impl IntoIterator<Item = (&'m Change, Events<'m>)>,
    deferral: &mut Deferral,
) -> Result<()> {
    for (change, events) in all {
        if let Some(integrity) = &change.integrity {
            enforce(txn, frame, integrity, events, deferral)?;
        }
    }
    Ok(())
}

/// Runs a statement with changes in its WITH. All of it is read and computed before anything is written, so that nothing
/// in it sees the effects of a change, but what its RETURNING gives.
fn with_changes(
    txn: &mut dyn StorageTxn,
    plan: &Plan,
    frame: &Frame<'_>,
    deferral: &mut Deferral,
) -> Result<Executed> {
    let mut pending = Pending::new(frame.memory.reservation("ModifyTable"));
    let mut changes: Vec<(&Change, Prepared)> = Vec::new();
    for (number, subplan) in plan.subplans.iter().enumerate() {
        let NodeKind::Change(change) = &subplan.root.kind else {
            continue;
        };
        let before = frame.moment(txn);
        let mut prepared = change::prepare(frame.over(&*txn), change, &mut pending)?;
        let rows = std::mem::take(&mut prepared.returning);
        frame.note(txn, before, &**change, (1, rows.len() as u64));
        let batch = Batch::from_rows(&subplan.root.types, rows.iter().map(Vec::as_slice))?;
        let mut reservation = frame.memory.reservation("CTE Scan");
        reservation.grow(batch.size_bytes())?;
        let batches = if batch.rows > 0 {
            vec![batch]
        } else {
            Vec::new()
        };
        frame.memo.keep_cte(number, batches, reservation.leave());
        changes.push((change, prepared));
    }
    let mut own = None;
    let mut rows = None;
    match &plan.body {
        Body::Query(root) => rows = Some(query(frame.over(&*txn), root)?),
        Body::Change(change) => {
            let before = frame.moment(txn);
            let prepared = change::prepare(frame.over(&*txn), change, &mut pending)?;
            let given = prepared.returning.len() as u64;
            frame.note(txn, before, &**change, (1, given));
            changes.push((change, prepared));
            own = Some(change);
        }
        Body::Fill(..) | Body::Explain(_) | Body::Utility(_) => {}
        Body::CopyTo(_) | Body::CopyFrom(_) => {
            return Err(Error::unsupported(
                "COPY of a query with changes in its WITH",
            ));
        }
    }
    let mut events = Vec::new();
    for (change, prepared) in &changes {
        let before = frame.moment(txn);
        if let Some(all) = write(txn, change, prepared, frame.memory)? {
            events.push((*change, all));
        }
        frame.note(txn, before, *change, (0, 0));
    }
    enforce_all(txn, frame, events, deferral)?;
    match (own, changes.pop()) {
        (Some(change), Some((_, prepared))) => Ok(executed(change, prepared)),
        _ => Ok(Executed {
            count: rows.as_ref().map_or(0, ResultRows::count),
            rows,
        }),
    }
}

fn query(context: Context<'_>, root: &PlanNode) -> Result<ResultRows> {
    if let Some(rows) = short::rows(&context, root)? {
        return Ok(ResultRows::Values(rows));
    }
    let mut reservation = context.memory.result_reservation();
    let mut operator = build(context, root)?;
    collect(&mut *operator, &mut reservation).map(ResultRows::Batches)
}
