//! INSERT, UPDATE, DELETE, MERGE: first all rows are read and computed, then they are written, so that a statement never
//! meets its own changes.

use crate::error::{Error, ErrorKind, Result};
use crate::exec::batch::Batch;
use crate::exec::build::build;
use crate::exec::entry::Indexes;
use crate::exec::integrity::Recorder;
use crate::exec::memory::Reservation;
use crate::exec::operator::Context;
use crate::exec::pending::Pending;
use crate::exec::scalar::{RowView, each};
use crate::exec::short;
use crate::exec::write::{Writer, complete_row};
use crate::plan::{Change, ChangeKind, PlanNode};
use crate::sql::bound::Expr;
use crate::storage::StorageTxn;
use crate::types::{SqlType, Value};

/// Rows to write, with what RETURNING gives of them.
#[derive(Debug, Default)]
pub(crate) struct Prepared {
    writes: Vec<Write>,
    pub(crate) returning: Vec<Vec<Value>>,
    /// Rows that are only locked.
    locked: u64,
}

#[derive(Debug)]
enum Write {
    Insert(Vec<Value>),
    Update {
        id: i64,
        old: Vec<Value>,
        new: Vec<Value>,
    },
    Delete {
        id: i64,
        old: Vec<Value>,
    },
    Lock {
        id: i64,
    },
}

impl Prepared {
    /// How many rows are written.
    pub(crate) fn count(&self) -> u64 {
        self.writes.len() as u64 - self.locked
    }

    /// Writes them, in order; `at` says of an error which of them failed.
    pub(crate) fn write(
        &self,
        txn: &mut dyn StorageTxn,
        change: &Change,
        recorder: Option<Recorder<'_, '_>>,
        at: &dyn Fn(usize, Error) -> Error,
    ) -> Result<()> {
        let mut writer = Writer::new(txn, &change.table, &change.keys);
        if let Some(recorder) = recorder {
            writer = writer.recording(recorder);
        }
        let count = self.writes.len();
        for (i, write) in self.writes.iter().enumerate() {
            let written = match (write, &change.conflict) {
                (Write::Insert(row), None) => writer.insert(row, count - i - 1),
                (Write::Insert(row), Some(conflict)) => {
                    writer.insert_found_free(row, count - i - 1, &conflict.arbiters)
                }
                (Write::Update { id, old, new }, _) => writer.update(*id, old, new),
                (Write::Delete { id, old }, _) => writer.delete(*id, old),
                (Write::Lock { id }, _) => writer.lock(*id),
            };
            written.map_err(|error| at(i, error))?;
        }
        Ok(())
    }
}

/// Reads and computes what `change` writes.
pub(crate) fn prepare<'a>(
    context: Context<'a>,
    change: &'a Change,
    pending: &mut Pending<'_>,
) -> Result<Prepared> {
    let mut work = Work::new(context, change, pending);
    match &change.kind {
        ChangeKind::InsertRows(rows) => {
            work.prepared.writes.reserve(rows.len());
            for row in rows {
                work.add(each(row, |e| context.constant(e))?)?;
            }
        }
        ChangeKind::InsertQuery(source) => {
            let mut operator = build(context, source)?;
            while let Some(batch) = operator.next()? {
                for row in 0..batch.rows {
                    work.add(batch.row(row, &source.types))?;
                }
            }
        }
        ChangeKind::Update(source, assignments) => work.update(source, assignments)?,
        ChangeKind::Delete(source, columns) => work.delete(source, columns)?,
        ChangeKind::Merge(source, actions) => work.merge(source, actions)?,
    }
    Ok(work.prepared)
}

/// A change while its rows are computed.
pub(super) struct Work<'a, 'p, 'm> {
    pub(super) context: Context<'a>,
    pub(super) change: &'a Change,
    /// Of the columns of the table, then of what stands beside them.
    pub(super) types: Vec<SqlType>,
    pub(super) pending: &'p mut Pending<'m>,
    prepared: Prepared,
    reservation: Reservation<'a>,
}

impl<'a, 'p, 'm> Work<'a, 'p, 'm> {
    /// `change`, of which no row is computed yet.
    pub(super) fn new(
        context: Context<'a>,
        change: &'a Change,
        pending: &'p mut Pending<'m>,
    ) -> Self {
        let own = change.table.columns.iter().map(|c| c.sql_type);
        Self {
            context,
            change,
            types: own.chain(change.beside.iter().copied()).collect(),
            pending,
            prepared: Prepared::default(),
            reservation: context.memory.reservation("ModifyTable"),
        }
    }
}

impl<'a> Work<'a, '_, '_> {
    /// The indexes of the table.
    pub(super) fn indexes(&self) -> Indexes<'a> {
        Indexes::new(&self.change.table, &self.change.keys)
    }

    /// How many columns the table has.
    pub(super) fn width(&self) -> usize {
        self.change.table.columns.len()
    }

    /// `row`, which may go on with what stands beside, to evaluate expressions over.
    pub(super) fn view<'r>(&'r self, row: &'r [Value]) -> RowView<'r> {
        RowView {
            values: row,
            types: &self.types[..row.len()],
        }
    }

    /// Sets columns of `new` to the values of `assignments` over `view`.
    pub(super) fn assign(
        &self,
        assignments: &[(usize, Expr)],
        view: RowView<'_>,
        new: &mut [Value],
    ) -> Result<()> {
        let values = each(assignments, |(_, e)| self.context.scalar(e, view))?;
        set(assignments, values, new);
        Ok(())
    }

    /// Computes what a new row has in generated columns, and checks it.
    pub(super) fn complete(&self, row: &mut [Value]) -> Result<()> {
        let Change { table, rules, .. } = self.change;
        complete_row(&self.context, table, &self.types[..row.len()], rules, row)
    }

    fn returning(&mut self, row: &[Value]) -> Result<()> {
        let Some(expressions) = &self.change.returning else {
            return Ok(());
        };
        let view = self.view(row);
        let values = each(expressions, |e| self.context.scalar(e, view))?;
        self.reservation.grow(size_bytes(&values))?;
        self.prepared.returning.push(values);
        Ok(())
    }

    /// Bytes that the rows take which are to be written.
    pub(super) fn bytes(&self) -> usize {
        self.reservation.bytes()
    }

    /// What is to be written.
    pub(super) fn finish(self) -> Prepared {
        self.prepared
    }

    /// Adds a row to a table.
    pub(super) fn add(&mut self, mut row: Vec<Value>) -> Result<()> {
        self.complete(&mut row)?;
        match &self.change.conflict {
            None => self.push_insert(row),
            Some(conflict) => self.propose(row, conflict),
        }
    }

    /// The name of the first of these conditions that is not true of `row`.
    pub(super) fn first_broken<'c>(
        &self,
        conditions: &'c [(String, Expr)],
        row: &[Value],
    ) -> Result<Option<&'c str>> {
        for (name, condition) in conditions {
            if self.context.scalar(condition, self.view(row))? != Value::Bool(true) {
                return Ok(Some(name));
            }
        }
        Ok(None)
    }

    /// Errors: `44000` when a view through which `row` is written does not show it.
    fn check_views(&self, row: &[Value]) -> Result<()> {
        match self.first_broken(&self.change.rules.view_checks, row)? {
            None => Ok(()),
            Some(name) => {
                let message = format!("new row violates check option for view \"{name}\"");
                Err(Error::new(ErrorKind::Constraint, "44000", message))
            }
        }
    }

    /// Adds a row that was checked.
    pub(super) fn push_insert(&mut self, row: Vec<Value>) -> Result<()> {
        self.check_views(&row)?;
        self.returning(&row)?;
        if self.change.repeats {
            self.pending.inserted(self.indexes(), &row)?;
        }
        self.reservation.grow(size_bytes(&row))?;
        self.prepared.writes.push(Write::Insert(row));
        Ok(())
    }

    /// Changes the row `id`; `new` may go on with what stands beside.
    pub(super) fn push_update(
        &mut self,
        id: i64,
        old: Vec<Value>,
        mut new: Vec<Value>,
    ) -> Result<()> {
        let width = self.width();
        self.complete(&mut new[..width])?;
        self.check_views(&new[..width])?;
        self.returning(&new)?;
        new.truncate(self.width());
        if self.change.repeats {
            self.pending.updated(self.indexes(), id, &old, &new)?;
        }
        self.reservation.grow(size_bytes(&old) + size_bytes(&new))?;
        self.prepared.writes.push(Write::Update { id, old, new });
        Ok(())
    }

    /// Removes the row `id`; `old` may go on with what stands beside.
    pub(super) fn push_delete(&mut self, id: i64, mut old: Vec<Value>) -> Result<()> {
        self.returning(&old)?;
        old.truncate(self.width());
        if self.change.repeats {
            self.pending.deleted(self.indexes(), id, &old)?;
        }
        self.reservation.grow(size_bytes(&old))?;
        self.prepared.writes.push(Write::Delete { id, old });
        Ok(())
    }

    /// Locks the row `id`, which stays as it is.
    pub(super) fn push_lock(&mut self, id: i64) -> Result<()> {
        self.reservation.grow(size_of::<Write>())?;
        self.prepared.locked += 1;
        self.prepared.writes.push(Write::Lock { id });
        Ok(())
    }

    /// Whether the row `id` is to be passed over: the statement has changed it before.
    fn is_done(&self, id: i64) -> bool {
        self.change.repeats && self.pending.is_written(&self.change.table, id)
    }

    fn update(&mut self, source: &'a PlanNode, assignments: &[(usize, Expr)]) -> Result<()> {
        if let Some(rows) = short::rows(&self.context, source)? {
            for mut row in rows {
                let id = pop_row_id(&mut row)?;
                if self.is_done(id) {
                    continue;
                }
                // Only indexes and foreign keys ask what the row was (EXEC-9).
                let change = self.change;
                let old = match change.table.indexes.is_empty() && change.integrity.is_none() {
                    true => Vec::new(),
                    false => row.clone(),
                };
                let view = self.view(&row);
                let values = each(assignments, |(_, e)| self.context.scalar(e, view))?;
                set(assignments, values, &mut row);
                self.push_update(id, old, row)?;
            }
            return Ok(());
        }
        let mut operator = build(self.context, source)?;
        while let Some(mut batch) = operator.next()? {
            let ids = pop_row_ids(&mut batch)?;
            let values = each(assignments, |(_, e)| self.context.evaluate(e, &batch))?;
            for (row, id) in ids.into_iter().enumerate() {
                if self.is_done(id) {
                    continue;
                }
                let mut new = batch.row(row, &self.types);
                let old = new[..self.width()].to_vec();
                for ((column, e), array) in assignments.iter().zip(&values) {
                    new[*column] = crate::types::array::value_at(array, row, e.sql_type);
                }
                self.push_update(id, old, new)?;
            }
        }
        Ok(())
    }

    fn delete(&mut self, source: &'a PlanNode, columns: &[usize]) -> Result<()> {
        let width = self.width();
        let spread = |mut values: Vec<Value>| {
            if columns.len() == width {
                return values;
            }
            let mut row = vec![Value::Null; width];
            for (column, value) in columns.iter().zip(values.drain(..)) {
                row[*column] = value;
            }
            row
        };
        if let Some(rows) = short::rows(&self.context, source)? {
            for mut values in rows {
                let id = pop_row_id(&mut values)?;
                if !self.is_done(id) {
                    self.push_delete(id, spread(values))?;
                }
            }
            return Ok(());
        }
        let types = &source.types[..source.types.len().saturating_sub(1)];
        let mut operator = build(self.context, source)?;
        while let Some(mut batch) = operator.next()? {
            for (row, id) in pop_row_ids(&mut batch)?.into_iter().enumerate() {
                if !self.is_done(id) {
                    self.push_delete(id, spread(batch.row(row, types)))?;
                }
            }
        }
        Ok(())
    }
}

/// Sets the columns that are assigned to these values.
fn set(assignments: &[(usize, Expr)], values: Vec<Value>, row: &mut [Value]) {
    for ((column, _), value) in assignments.iter().zip(values) {
        row[*column] = value;
    }
}

fn pop_row_id(row: &mut Vec<Value>) -> Result<i64> {
    match row.pop() {
        Some(Value::Int8(id)) => Ok(id),
        _ => Err(Error::misuse(
            "EXEC-3: rows to change end with their row id",
        )),
    }
}

fn pop_row_ids(batch: &mut Batch) -> Result<Vec<i64>> {
    use arrow_array::cast::AsArray;
    use arrow_array::types::Int64Type;
    let ids = batch
        .columns
        .pop()
        .and_then(|c| Some(c.as_primitive_opt::<Int64Type>()?.values().to_vec()));
    ids.ok_or_else(|| Error::misuse("EXEC-3: rows to change end with their row id"))
}

/// About the bytes that a row of values takes.
pub(crate) fn size_bytes(row: &[Value]) -> usize {
    let inner: usize = row
        .iter()
        .map(|v| match v {
            Value::Text(t) => t.len(),
            Value::Bytes(b) => b.len(),
            Value::Numeric(_) => 24,
            _ => 0,
        })
        .sum();
    inner + std::mem::size_of_val(row) + 24
}
