//! INSERT, UPDATE, DELETE: first all rows are read and computed, then they are written, so that a statement never meets
//! its own changes.

use crate::catalog::Table;
use crate::error::{Error, Result};
use crate::exec::batch::Batch;
use crate::exec::build::build;
use crate::exec::integrity::Recorder;
use crate::exec::memory::Reservation;
use crate::exec::operator::Context;
use crate::exec::scalar::{RowView, each};
use crate::exec::short;
use crate::exec::write::{Writer, check_row};
use crate::plan::{Change, ChangeKind, PlanNode};
use crate::sql::bound::Expr;
use crate::storage::StorageTxn;
use crate::types::{SqlType, Value};

/// Rows to write, with what RETURNING gives of them.
#[derive(Debug, Default)]
pub(crate) struct Prepared {
    writes: Vec<Write>,
    pub(crate) returning: Vec<Vec<Value>>,
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
}

impl Prepared {
    /// How many rows are written.
    pub(crate) fn count(&self) -> u64 {
        self.writes.len() as u64
    }

    /// Writes them, in order.
    pub(crate) fn write(
        &self,
        txn: &mut dyn StorageTxn,
        table: &Table,
        recorder: Option<Recorder<'_, '_>>,
    ) -> Result<()> {
        let mut writer = Writer::new(txn, table);
        if let Some(recorder) = recorder {
            writer = writer.recording(recorder);
        }
        let count = self.writes.len();
        for (i, write) in self.writes.iter().enumerate() {
            match write {
                Write::Insert(row) => writer.insert(row, count - i - 1)?,
                Write::Update { id, old, new } => writer.update(*id, old, new)?,
                Write::Delete { id, old } => writer.delete(*id, old)?,
            }
        }
        Ok(())
    }
}

/// Reads and computes what `change` writes.
pub(crate) fn prepare(context: Context<'_>, change: &Change) -> Result<Prepared> {
    let types: Vec<SqlType> = change.table.columns.iter().map(|c| c.sql_type).collect();
    let mut work = Work {
        context,
        change,
        types,
        prepared: Prepared::default(),
        reservation: context.memory.reservation("ModifyTable"),
    };
    match &change.kind {
        ChangeKind::InsertRows(rows) => {
            work.prepared.writes.reserve(rows.len());
            for row in rows {
                work.insert(each(row, |e| context.constant(e))?)?;
            }
        }
        ChangeKind::InsertQuery(source) => {
            let mut operator = build(context, source)?;
            while let Some(batch) = operator.next()? {
                for row in 0..batch.rows {
                    work.insert(batch.row(row, &source.types))?;
                }
            }
        }
        ChangeKind::Update(source, assignments) => work.update(source, assignments)?,
        ChangeKind::Delete(source) => work.delete(source)?,
    }
    Ok(work.prepared)
}

struct Work<'a> {
    context: Context<'a>,
    change: &'a Change,
    types: Vec<SqlType>,
    prepared: Prepared,
    reservation: Reservation<'a>,
}

impl<'a> Work<'a> {
    fn check(&self, row: &[Value]) -> Result<()> {
        check_row(
            &self.context,
            &self.change.table,
            &self.types,
            &self.change.checks,
            row,
        )
    }

    fn returning(&mut self, row: &[Value]) -> Result<()> {
        let Some(expressions) = &self.change.returning else {
            return Ok(());
        };
        let view = RowView {
            values: row,
            types: &self.types,
        };
        let values = each(expressions, |e| self.context.scalar(e, view))?;
        self.reservation.grow(size_bytes(&values))?;
        self.prepared.returning.push(values);
        Ok(())
    }

    fn insert(&mut self, row: Vec<Value>) -> Result<()> {
        self.check(&row)?;
        self.returning(&row)?;
        self.reservation.grow(size_bytes(&row))?;
        self.prepared.writes.push(Write::Insert(row));
        Ok(())
    }

    fn push_update(&mut self, id: i64, old: Vec<Value>, new: Vec<Value>) -> Result<()> {
        self.check(&new)?;
        self.returning(&new)?;
        self.reservation.grow(size_bytes(&old) + size_bytes(&new))?;
        self.prepared.writes.push(Write::Update { id, old, new });
        Ok(())
    }

    fn push_delete(&mut self, id: i64, old: Vec<Value>) -> Result<()> {
        self.returning(&old)?;
        self.reservation.grow(size_bytes(&old))?;
        self.prepared.writes.push(Write::Delete { id, old });
        Ok(())
    }

    fn update(&mut self, source: &'a PlanNode, assignments: &[(usize, Expr)]) -> Result<()> {
        if let Some(rows) = short::rows(&self.context, source)? {
            for mut row in rows {
                let id = pop_row_id(&mut row)?;
                let view = RowView {
                    values: &row,
                    types: &self.types,
                };
                let values = each(assignments, |(_, e)| self.context.scalar(e, view))?;
                // Only indexes and foreign keys ask what the row was (EXEC-9).
                let change = self.change;
                let old = match change.table.indexes.is_empty() && change.integrity.is_none() {
                    true => Vec::new(),
                    false => row.clone(),
                };
                for ((column, _), value) in assignments.iter().zip(values) {
                    row[*column] = value;
                }
                self.push_update(id, old, row)?;
            }
            return Ok(());
        }
        let mut operator = build(self.context, source)?;
        while let Some(mut batch) = operator.next()? {
            let ids = pop_row_ids(&mut batch)?;
            let values = each(assignments, |(_, e)| self.context.evaluate(e, &batch))?;
            for (row, id) in ids.into_iter().enumerate() {
                let old = batch.row(row, &self.types);
                let mut new = old.clone();
                for ((column, e), array) in assignments.iter().zip(&values) {
                    new[*column] = crate::types::array::value_at(array, row, e.sql_type);
                }
                self.push_update(id, old, new)?;
            }
        }
        Ok(())
    }

    fn delete(&mut self, source: &'a PlanNode) -> Result<()> {
        let columns = short::scan_columns(source);
        let width = self.types.len();
        let spread = |values: Vec<Value>| {
            let mut row = vec![Value::Null; width];
            for (column, value) in columns.iter().zip(values) {
                row[*column] = value;
            }
            row
        };
        if let Some(rows) = short::rows(&self.context, source)? {
            for mut values in rows {
                let id = pop_row_id(&mut values)?;
                self.push_delete(id, spread(values))?;
            }
            return Ok(());
        }
        let types = &source.types[..source.types.len().saturating_sub(1)];
        let mut operator = build(self.context, source)?;
        while let Some(mut batch) = operator.next()? {
            for (row, id) in pop_row_ids(&mut batch)?.into_iter().enumerate() {
                self.push_delete(id, spread(batch.row(row, types)))?;
            }
        }
        Ok(())
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
