//! What the planner knows of the columns that a query's FROM gives.

use crate::catalog::{ColumnStatistics, Index, Table};
use crate::error::Result;
use crate::plan::cost;
use crate::sql::IndexKeys;
use crate::sql::bound::{CteReference, From, Function, Lateral, SetOperation, SetRows};
use crate::storage::TreeId;
use crate::types::SqlType;
use std::sync::Arc;

/// Distinct values of a column of which nothing is known.
const DISTINCT_UNKNOWN: f64 = 200.0;

/// The columns of a FROM, numbered from left to right.
#[derive(Clone, Debug, Default)]
pub(crate) struct Block {
    /// Their types.
    pub(crate) types: Vec<SqlType>,
    /// The table and its column that each is, unless it is computed.
    origins: Vec<Option<(Arc<Table>, usize)>>,
    /// What is computed for the indexes of tables that have such.
    keys: Vec<(TreeId, Arc<IndexKeys>)>,
}

impl Block {
    /// The columns of `from`.
    pub(crate) fn new(from: Option<&From>) -> Self {
        let mut block = Self::default();
        if let Some(from) = from {
            block.add(from);
        }
        block
    }

    /// The columns of one table.
    pub(crate) fn of_table(table: &Arc<Table>) -> Self {
        Self {
            types: table.columns.iter().map(|c| c.sql_type).collect(),
            origins: (0..table.columns.len())
                .map(|c| Some((table.clone(), c)))
                .collect(),
            keys: Vec::new(),
        }
    }

    /// A table, and behind its columns the row ids.
    pub(crate) fn with_row_id(table: &Arc<Table>) -> Self {
        let mut block = Self::of_table(table);
        block.types.push(SqlType::Int8);
        block.origins.push(None);
        block
    }

    fn add(&mut self, from: &From) {
        match from {
            From::Table { table, row_id, .. } => {
                let one = match row_id {
                    true => Self::with_row_id(table),
                    false => Self::of_table(table),
                };
                self.types.extend(one.types);
                self.origins.extend(one.origins);
            }
            From::Subquery { query, .. } => {
                self.types.extend(query.output.iter().map(|c| c.sql_type));
                self.origins.resize(self.types.len(), None);
            }
            From::Values { types, .. }
            | From::SetOperation(SetOperation { types, .. })
            | From::Function(Function { types, .. })
            | From::Lateral(Lateral { types, .. })
            | From::SetRows(SetRows { types, .. })
            | From::Cte(CteReference { types, .. }) => {
                self.types.extend(types);
                self.origins.resize(self.types.len(), None);
            }
            From::Recursive(recursive) => {
                self.types.extend(&recursive.types);
                self.origins.resize(self.types.len(), None);
            }
            From::Join { left, right, .. } => {
                self.add(left);
                self.add(right);
            }
        }
    }

    /// The table and its column that `column` is.
    pub(crate) fn origin(&self, column: usize) -> Option<(&Arc<Table>, usize)> {
        self.origins
            .get(column)?
            .as_ref()
            .map(|(table, c)| (table, *c))
    }

    /// The number of the first column of the table that `column` is of.
    pub(crate) fn first_column(&self, column: usize) -> Option<usize> {
        Some(column - self.origin(column)?.1)
    }

    /// Rows of the table whose first column is `first`; 1 when there is none.
    pub(crate) fn rows(&self, first: usize) -> f64 {
        self.origin(first)
            .map_or(1.0, |(table, _)| cost::table_rows(table))
    }

    /// The rows of the table whose first column is `first` if those of `columns` that are its own hold a key of it.
    pub(crate) fn key_rows(&self, first: usize, columns: &[usize]) -> Option<f64> {
        let (table, _) = self.origin(first)?;
        let own = |c: usize| columns.contains(&(first + c));
        let is_keyed = table.row_id_column.is_some_and(own)
            || table.indexes.iter().any(|index| {
                index.is_always_unique()
                    && index.predicate.is_none()
                    && index.columns.iter().all(|(c, _)| own(*c))
            });
        is_keyed.then(|| cost::table_rows(table))
    }

    /// The tables whose indexes have parts that are computed, with those parts, for [`Self::index_keys`] to know.
    pub(crate) fn set_index_keys(
        &mut self,
        keys: impl Fn(&Table) -> Result<Arc<IndexKeys>>,
    ) -> Result<()> {
        for (table, _) in self.origins.iter().flatten() {
            let computed = !table.indexes.iter().all(Index::is_plain);
            if computed && self.keys.iter().all(|(tree, _)| *tree != table.tree) {
                self.keys.push((table.tree, keys(table)?));
            }
        }
        Ok(())
    }

    /// What is computed for the indexes of `table`; `None` for nothing.
    pub(crate) fn index_keys(&self, table: &Table) -> Option<&IndexKeys> {
        let found = self.keys.iter().find(|(tree, _)| *tree == table.tree);
        found.map(|(_, keys)| &**keys)
    }

    /// What `ANALYZE` found of `column`.
    pub(crate) fn statistics(&self, column: usize) -> Option<&ColumnStatistics> {
        let (table, c) = self.origin(column)?;
        table.statistics.as_ref()?.columns.get(c)
    }

    /// Distinct values of `column`.
    pub(crate) fn distinct(&self, column: usize) -> f64 {
        let Some((table, c)) = self.origin(column) else {
            return DISTINCT_UNKNOWN;
        };
        let rows = cost::table_rows(table);
        if is_unique(table, c) {
            return rows;
        }
        self.statistics(column)
            .map_or(DISTINCT_UNKNOWN.min(rows), |s| s.distinct)
            .max(1.0)
    }
}

/// Whether no two rows of `table` have the same value in column `c`.
pub(crate) fn is_unique(table: &Table, c: usize) -> bool {
    table.row_id_column == Some(c)
        || table.indexes.iter().any(|i| {
            i.is_always_unique()
                && i.predicate.is_none()
                && i.columns.len() == 1
                && i.columns[0].0 == c
        })
}
