//! What indexes are made of beside columns, bound.
//!
//! The catalog keeps the expressions and the condition of an index as text, and the planner and the executor need them as
//! trees over the columns of the table. Most tables have no such index: for them there is nothing here.

use super::bind::{bind_index_expression, bind_index_predicate};
use super::bound::Expr;
use super::walk::columns_of;
use crate::catalog::{EXPRESSION_BASE, Index, Table};
use crate::error::Result;
use std::sync::Arc;

/// The computed parts of one index.
#[derive(Clone, Debug, Default)]
pub struct ComputedKey {
    /// One for each of the index's expressions.
    pub expressions: Vec<Expr>,
    /// What holds of a row with an entry; it has one if the result is true.
    pub predicate: Option<Expr>,
}

/// The computed parts of a table's indexes.
#[derive(Clone, Debug, Default)]
pub struct IndexKeys {
    /// One for each index; empty when no index has any.
    computed: Vec<ComputedKey>,
}

impl IndexKeys {
    /// Those of `table`. Errors: those of a query with such an expression, when a text of the catalog cannot be bound.
    pub fn of(table: &Table) -> Result<Arc<Self>> {
        let mut computed = Vec::new();
        if !table.indexes.iter().all(Index::is_plain) {
            for index in &table.indexes {
                computed.push(ComputedKey::of(table, index)?);
            }
        }
        Ok(Arc::new(Self { computed }))
    }

    /// Those of the index at this position; `None` when it has none.
    pub fn get(&self, index: usize) -> Option<&ComputedKey> {
        let key = self.computed.get(index)?;
        (!key.expressions.is_empty() || key.predicate.is_some()).then_some(key)
    }

    /// Calls `change` for each expression.
    pub(crate) fn each_mut(&mut self, change: &mut dyn FnMut(&mut Expr)) {
        for key in &mut self.computed {
            let expressions = key.expressions.iter_mut();
            expressions.chain(&mut key.predicate).for_each(&mut *change);
        }
    }

    /// The columns of `table` that its indexes are made of, some several times.
    pub(crate) fn columns(&self, table: &Table) -> Vec<usize> {
        let indexes = 0..table.indexes.len();
        indexes.flat_map(|i| self.columns_of(table, i)).collect()
    }

    /// The columns of `table` that the index at this position is made of, each once, ascending.
    pub(crate) fn columns_of(&self, table: &Table, index: usize) -> Vec<usize> {
        let own = table.indexes[index]
            .columns
            .iter()
            .map(|(column, _)| *column);
        let mut columns: Vec<usize> = own.filter(|c| *c < EXPRESSION_BASE).collect();
        columns.extend(self.get(index).into_iter().flat_map(ComputedKey::columns));
        columns.sort_unstable();
        columns.dedup();
        columns
    }
}

impl ComputedKey {
    fn of(table: &Table, index: &Index) -> Result<Self> {
        let expressions = index.expressions.iter();
        Ok(Self {
            expressions: expressions
                .map(|e| bind_index_expression(&e.text, table))
                .collect::<Result<_>>()?,
            predicate: match &index.predicate {
                Some(text) => Some(bind_index_predicate(text, table)?),
                None => None,
            },
        })
    }

    /// The columns that it reads, some several times.
    fn columns(&self) -> Vec<usize> {
        let all = self.expressions.iter().chain(&self.predicate);
        all.flat_map(columns_of).collect()
    }
}
