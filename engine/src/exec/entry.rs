//! Index entries: the bytes that stand for a row in an index.
//!
//! ```text
//!   always unique, no NULL in the key    key columns            → row id
//!   otherwise                            key columns, row id    → (nothing)
//! ```
//!
//! A row for which the condition of a partial index is not true has none in it.

use crate::catalog::{EXPRESSION_BASE, Index, Table};
use crate::error::{Error, ErrorKind, Result};
use crate::exec::batch::Batch;
use crate::exec::eval::{Clock, EvalContext, evaluate};
use crate::sql::bound::Expr;
use crate::sql::{ComputedKey, IndexKeys};
use crate::storage::StorageTxn;
use crate::storage::key::{append_key, decode_row_id, encode_row_id};
use crate::types::array::value_at;
use crate::types::{SqlType, Value, Zone};

/// What is known where an immutable expression is evaluated: nothing.
const NOTHING_AROUND: EvalContext<'static> = EvalContext {
    parameters: &[],
    outer_rows: &[],
    subqueries: None,
    clock: Clock {
        now_micros: 0,
        zone: Zone::UTC,
    },
    outside: None,
};

/// The indexes of a table, with what is computed for them.
#[derive(Clone, Copy)]
pub(crate) struct Indexes<'a> {
    table: &'a Table,
    keys: &'a IndexKeys,
}

impl<'a> Indexes<'a> {
    /// Those of `table`, whose computed parts `keys` are.
    pub(crate) fn new(table: &'a Table, keys: &'a IndexKeys) -> Self {
        Self { table, keys }
    }

    /// The table.
    pub(crate) fn table(&self) -> &'a Table {
        self.table
    }

    /// Each with its position.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, &'a Index)> + use<'a> {
        self.table.indexes.iter().enumerate()
    }

    /// The key of `row` (a value for each column of the table) in the index at this position, and whether it is held
    /// once only; `None` when the row has no entry there. Errors: those of the index's expressions.
    pub(crate) fn entry_key(
        &self,
        index: usize,
        row: &[Value],
        row_id: i64,
    ) -> Result<Option<(Vec<u8>, bool)>> {
        let definition = &self.table.indexes[index];
        let (mut key, null) = match self.keys.get(index) {
            None => key_columns(definition, row),
            Some(computed) => match self.computed_key(definition, computed, row)? {
                Some(found) => found,
                None => return Ok(None),
            },
        };
        let once = definition.is_always_unique() && !null;
        if !once {
            key.extend_from_slice(&encode_row_id(row_id));
        }
        Ok(Some((key, once)))
    }

    fn computed_key(
        &self,
        index: &Index,
        computed: &ComputedKey,
        row: &[Value],
    ) -> Result<Option<(Vec<u8>, bool)>> {
        let types: Vec<SqlType> = self.table.columns.iter().map(|c| c.sql_type).collect();
        let batch = Batch::from_rows(&types, std::iter::once(row))?;
        let value = |expr: &Expr| -> Result<Value> {
            let array = evaluate(expr, &batch.columns, 1, &NOTHING_AROUND)?;
            Ok(value_at(&array, 0, expr.sql_type))
        };
        if let Some(predicate) = &computed.predicate
            && value(predicate)? != Value::Bool(true)
        {
            return Ok(None);
        }
        let values = computed.expressions.iter().map(value);
        let values = values.collect::<Result<Vec<Value>>>()?;
        Ok(Some(encoded(index, |column| {
            match column.checked_sub(EXPRESSION_BASE) {
                Some(expression) => &values[expression],
                None => &row[column],
            }
        })))
    }
}

/// The part of the key that is made of columns, and whether one of them is NULL: of a row that has a value for each
/// column of the table, in an index that has no expressions.
pub(crate) fn key_columns(index: &Index, row: &[Value]) -> (Vec<u8>, bool) {
    encoded(index, |column| &row[column])
}

fn encoded<'v>(index: &Index, value: impl Fn(usize) -> &'v Value) -> (Vec<u8>, bool) {
    let mut key = Vec::with_capacity(index.columns.len() * 10 + 8);
    let mut null = false;
    for (column, descending) in &index.columns {
        let value = value(*column);
        null |= value.is_null();
        append_key(&mut key, value, *descending);
    }
    (key, null)
}

/// The row id of an index entry.
pub(crate) fn entry_row_id(key: &[u8], value: &[u8]) -> Result<i64> {
    if value.is_empty() {
        let tail = key.len().checked_sub(8).map(|at| &key[at..]);
        return decode_row_id(tail.unwrap_or(key));
    }
    decode_row_id(value)
}

/// Adds the entries of `row` to all indexes; gives the position of a unique one that has the key already, if there is
/// one.
pub(crate) fn insert_entries(
    txn: &mut dyn StorageTxn,
    indexes: Indexes<'_>,
    row: &[Value],
    row_id: i64,
) -> Result<Option<usize>> {
    for (position, index) in indexes.iter() {
        if let Some((key, once)) = indexes.entry_key(position, row, row_id)?
            && !insert_entry(txn, index, &key, once.then_some(row_id))?
        {
            return Ok(Some(position));
        }
    }
    Ok(None)
}

/// Adds an entry to `index`, with the row id if it is held once only; false when that is there already.
pub(crate) fn insert_entry(
    txn: &mut dyn StorageTxn,
    index: &Index,
    key: &[u8],
    once: Option<i64>,
) -> Result<bool> {
    match once {
        Some(row_id) => txn.insert(index.tree, key, &encode_row_id(row_id)),
        None => txn.put(index.tree, key, &[]).map(|()| true),
    }
}

/// Removes the entries of `row` from all indexes.
pub(crate) fn delete_entries(
    txn: &mut dyn StorageTxn,
    indexes: Indexes<'_>,
    row: &[Value],
    row_id: i64,
) -> Result<()> {
    for (position, index) in indexes.iter() {
        if let Some((key, _)) = indexes.entry_key(position, row, row_id)? {
            delete_entry(txn, index, &key)?;
        }
    }
    Ok(())
}

/// Replaces the entries of `old` by those of `new` where they differ.
pub(crate) fn replace_entries(
    txn: &mut dyn StorageTxn,
    indexes: Indexes<'_>,
    (old, old_id): (&[Value], i64),
    (new, new_id): (&[Value], i64),
) -> Result<()> {
    for (position, index) in indexes.iter() {
        let before = indexes.entry_key(position, old, old_id)?;
        let after = indexes.entry_key(position, new, new_id)?;
        if before == after {
            if let Some((key, true)) = after
                && old_id != new_id
            {
                txn.put(index.tree, &key, &encode_row_id(new_id))?;
            }
            continue;
        }
        if let Some((key, _)) = before {
            delete_entry(txn, index, &key)?;
        }
        if let Some((key, once)) = after
            && !insert_entry(txn, index, &key, once.then_some(new_id))?
        {
            return Err(unique_violation(&index.name));
        }
    }
    Ok(())
}

fn delete_entry(txn: &mut dyn StorageTxn, index: &Index, key: &[u8]) -> Result<()> {
    if txn.delete(index.tree, key)? {
        return Ok(());
    }
    Err(Error::corrupt(format!(
        "index \"{}\" has no entry for a row of its table",
        index.name
    )))
}

/// `23505` for the constraint of that name.
pub(crate) fn unique_violation(constraint: &str) -> Error {
    Error::new(
        ErrorKind::Constraint,
        "23505",
        format!("duplicate key value violates unique constraint \"{constraint}\""),
    )
}
