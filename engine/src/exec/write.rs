//! Writing rows: the table's tree and all of its indexes, with the constraints that concern one row.

use crate::catalog::{ReferencedKey, Table};
use crate::error::{Error, ErrorKind, Result};
use crate::exec::entry::{
    Indexes, delete_entries, insert_entries, replace_entries, unique_violation,
};
use crate::exec::integrity::Recorder;
use crate::exec::lookup::row_id;
use crate::exec::operator::Context;
use crate::exec::scalar::RowView;
use crate::planted::{Mistake, makes};
use crate::sql::IndexKeys;
use crate::sql::bound::RowRules;
use crate::storage::key::encode_row_id;
use crate::storage::row::encode_row;
use crate::storage::{LockMode, StorageTxn};
use crate::types::{SqlType, Value};

/// Computes the generated columns of `row`, then checks NOT NULL and CHECK. Errors: `23502`, `23514`, and those of the
/// expressions.
pub(crate) fn complete_row(
    context: &Context<'_>,
    table: &Table,
    types: &[SqlType],
    rules: &RowRules,
    row: &mut [Value],
) -> Result<()> {
    for (column, expr) in &rules.generated {
        let values = &*row;
        row[*column] = context.scalar(expr, RowView { values, types })?;
    }
    for (column, value) in table.columns.iter().zip(&*row) {
        if column.not_null && value.is_null() {
            return Err(Error::new(
                ErrorKind::Constraint,
                "23502",
                format!(
                    "null value in column \"{}\" of relation \"{}\" violates not-null constraint",
                    column.name, table.name
                ),
            ));
        }
    }
    let view = RowView { values: row, types };
    for (name, check) in &rules.checks {
        if context.scalar(check, view)? == Value::Bool(false) && !makes(Mistake::CheckIgnored) {
            return Err(Error::new(
                ErrorKind::Constraint,
                "23514",
                format!(
                    "new row for relation \"{}\" violates check constraint \"{name}\"",
                    table.name
                ),
            ));
        }
    }
    Ok(())
}

/// Writes rows of one table.
pub(crate) struct Writer<'t, 'm> {
    txn: &'t mut dyn StorageTxn,
    table: &'t Table,
    indexes: Indexes<'t>,
    recorder: Option<Recorder<'t, 'm>>,
    row: Vec<u8>,
    /// Hidden row ids in stock: the next, and how many.
    stock: (i64, u64),
}

impl<'t, 'm> Writer<'t, 'm> {
    /// For rows of `table`, for whose indexes `keys` is computed.
    pub(crate) fn new(txn: &'t mut dyn StorageTxn, table: &'t Table, keys: &'t IndexKeys) -> Self {
        Self {
            txn,
            table,
            indexes: Indexes::new(table, keys),
            recorder: None,
            row: Vec::new(),
            stock: (0, 0),
        }
    }

    /// Likewise, for a table with which foreign keys have to do.
    pub(crate) fn recording(self, recorder: Recorder<'t, 'm>) -> Self {
        Self {
            recorder: Some(recorder),
            ..self
        }
    }

    fn encode(&mut self, row: &[Value]) {
        self.row.clear();
        encode_row(row, self.table.row_id_column, &mut self.row);
    }

    /// The row id of a row that has an integer primary key, else a new hidden one; `more` rows will follow.
    fn new_row_id(&mut self, row: &[Value], more: usize) -> Result<i64> {
        if let Some(column) = self.table.row_id_column {
            return row_id(&row[column]).ok_or_else(|| {
                Error::misuse("EXEC-2: an integer primary key is an integer and not NULL")
            });
        }
        if self.stock.1 == 0 {
            let count = more as u64 + 1;
            self.stock = (self.txn.allocate_row_ids(self.table.tree, count)?, count);
        }
        let id = self.stock.0;
        self.stock = (id + 1, self.stock.1 - 1);
        Ok(id)
    }

    /// Adds a row; `more` rows will follow. Errors: `23505`, and those of [`StorageTxn`].
    pub(crate) fn insert(&mut self, row: &[Value], more: usize) -> Result<()> {
        match self.try_insert(row, more)? {
            None => Ok(()),
            Some(taken) => Err(self.violation(taken)),
        }
    }

    /// Likewise, when the statement has found all keys in `free` free: that one is taken now, another transaction has
    /// taken it since, which is told with `40001`.
    pub(crate) fn insert_found_free(
        &mut self,
        row: &[Value],
        more: usize,
        free: &[ReferencedKey],
    ) -> Result<()> {
        match self.try_insert(row, more)? {
            None => Ok(()),
            Some(taken) if free.contains(&taken) => Err(Error::new(
                ErrorKind::Conflict,
                "40001",
                "could not serialize access due to concurrent update",
            )),
            Some(taken) => Err(self.violation(taken)),
        }
    }

    /// Adds a row; gives a unique key that is taken, if there is one: the row is then added in part.
    fn try_insert(&mut self, row: &[Value], more: usize) -> Result<Option<ReferencedKey>> {
        let id = self.new_row_id(row, more)?;
        self.encode(row);
        if !self.put_new(id)? {
            return Ok(Some(ReferencedKey::RowId));
        }
        if let Some(index) = insert_entries(self.txn, self.indexes, row, id)? {
            return Ok(Some(ReferencedKey::Index(index)));
        }
        if let Some(recorder) = &mut self.recorder {
            recorder.inserted(row)?;
        }
        Ok(None)
    }

    fn put_new(&mut self, id: i64) -> Result<bool> {
        let key = encode_row_id(id);
        self.txn.insert(self.table.tree, &key, &self.row)
    }

    fn violation(&self, taken: ReferencedKey) -> Error {
        let name = match taken {
            ReferencedKey::RowId => self.table.primary_key_name.as_ref(),
            ReferencedKey::Index(index) => self.table.indexes.get(index).map(|i| &i.name),
        };
        match name {
            Some(name) => unique_violation(name),
            None => Error::corrupt(format!(
                "table \"{}\" already has a row with an id that was never given out",
                self.table.name
            )),
        }
    }

    /// Locks the row `id` as an update of its other columns would.
    pub(crate) fn lock(&mut self, id: i64) -> Result<()> {
        let key = encode_row_id(id);
        self.txn
            .lock(self.table.tree, &key, LockMode::NoKeyUpdate, true)?;
        Ok(())
    }

    /// Replaces the row `id`, which is `old`, by `new`. Errors as for [`Self::insert`].
    pub(crate) fn update(&mut self, id: i64, old: &[Value], new: &[Value]) -> Result<()> {
        let new_id = match self.table.row_id_column {
            Some(_) => self.new_row_id(new, 0)?,
            None => id,
        };
        self.encode(new);
        if new_id == id {
            self.txn
                .put(self.table.tree, &encode_row_id(id), &self.row)?;
        } else {
            self.txn.delete(self.table.tree, &encode_row_id(id))?;
            if !self.put_new(new_id)? {
                return Err(self.violation(ReferencedKey::RowId));
            }
        }
        replace_entries(self.txn, self.indexes, (old, id), (new, new_id))?;
        match &mut self.recorder {
            Some(recorder) => recorder.updated(old, new),
            None => Ok(()),
        }
    }

    /// Removes the row `id`, of which `old` has at least the columns of indexes.
    pub(crate) fn delete(&mut self, id: i64, old: &[Value]) -> Result<()> {
        self.txn.delete(self.table.tree, &encode_row_id(id))?;
        if !makes(Mistake::IndexEntryLeft) {
            delete_entries(self.txn, self.indexes, old, id)?;
        }
        match &mut self.recorder {
            Some(recorder) => recorder.deleted(old),
            None => Ok(()),
        }
    }
}
