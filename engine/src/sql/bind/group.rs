//! From expressions over the rows of FROM to expressions over groups.
//!
//! ```text
//!   SELECT a + 1, sum(b) FROM t GROUP BY a        columns of t: a = 0, b = 1
//!     before   Column(0) + 1, Column(BASE + 0)
//!     after    Column(0) + 1, Column(1)           columns of a group: a = 0, sum(b) = 1
//! ```

use super::aggregate::AGGREGATE_BASE;
use super::coerce::literal;
use super::grouping_sets::{GroupBy, masks, not_a_key};
use super::names::sql_error;
use super::operator::boolean;
use super::scope::{Scope, ScopeTable, column};
use crate::error::{Error, Result};
use crate::sql::bound::{CompareOp, Expr, ExprKind, WINDOW_BASE};
use crate::sql::function::ScalarFunction;
use crate::sql::walk::{expressions_mut, operands_mut, subquery_mut};
use crate::types::{SqlType, Value};

/// The keys of a grouping, while expressions are being rewritten.
pub(super) struct Grouping<'s> {
    keys: Vec<Expr>,
    sets: &'s [Vec<usize>],
    /// How many aggregates there are.
    calls: usize,
    scope: &'s Scope,
}

impl<'s> Grouping<'s> {
    /// A grouping of the rows of `scope`, of which `calls` aggregates are computed.
    pub(super) fn new(group_by: &'s GroupBy, calls: usize, scope: &'s Scope) -> Self {
        Self {
            keys: group_by.keys.clone(),
            sets: &group_by.sets,
            calls,
            scope,
        }
    }

    /// Rewrites `exprs` and gives the keys, to which columns may have been added that depend on a primary key among
    /// them. `42803` for a column that is neither a key nor inside an aggregate.
    pub(super) fn apply<'e>(
        mut self,
        exprs: impl IntoIterator<Item = &'e mut Expr>,
    ) -> Result<Vec<Expr>> {
        let mut exprs: Vec<&mut Expr> = exprs.into_iter().collect();
        for expr in &mut exprs {
            self.regroup(expr, 0)?;
        }
        for expr in exprs {
            place_aggregates(expr, self.keys.len())?;
        }
        Ok(self.keys)
    }

    /// Rewrites an expression that stands `depth` subqueries below the grouping.
    fn regroup(&mut self, expr: &mut Expr, depth: usize) -> Result<()> {
        if depth == 0
            && let Some(key) = self.keys.iter().position(|k| k == expr)
        {
            expr.kind = ExprKind::Column(key);
            return Ok(());
        }
        if let ExprKind::Call(ScalarFunction::Grouping, arguments) = &expr.kind
            && depth == 0
        {
            *expr = self.grouping(arguments)?;
            return Ok(());
        }
        match &mut expr.kind {
            ExprKind::Column(position) if depth == 0 && *position < AGGREGATE_BASE => {
                *position = self.key_of(*position, expr.sql_type, false)?;
            }
            ExprKind::OuterColumn { depth: up, column } if *up == depth => {
                *column = self.key_of(*column, expr.sql_type, true)?;
            }
            _ => {}
        }
        operands_mut(expr, &mut |operand| self.regroup(operand, depth))?;
        if let Some(query) = subquery_mut(expr) {
            expressions_mut(query, &mut |inner| self.regroup(inner, depth + 1))?;
        }
        Ok(())
    }

    /// `GROUPING (arguments)`, decided by the number of the set.
    fn grouping(&self, arguments: &[Expr]) -> Result<Expr> {
        let positions = arguments
            .iter()
            .map(|a| self.keys.iter().position(|k| k == a));
        let positions: Vec<usize> = positions.collect::<Option<_>>().ok_or_else(not_a_key)?;
        let number = |value: i32| literal(Value::Int4(value), SqlType::Int4);
        let masks = masks(&positions, self.sets)?;
        let Some((last, others)) = masks.split_last() else {
            return Ok(number(0));
        };
        let set = column(self.keys.len() + self.calls, SqlType::Int4);
        let branch = |(i, mask): (usize, &i32)| {
            let is = ExprKind::Compare(
                CompareOp::Eq,
                Box::new(set.clone()),
                Box::new(number(i as i32)),
            );
            (boolean(is), number(*mask))
        };
        Ok(Expr {
            kind: ExprKind::Case {
                branches: others.iter().enumerate().map(branch).collect(),
                otherwise: Some(Box::new(number(*last))),
            },
            sql_type: SqlType::Int4,
        })
    }

    /// The key that is the column at `position`.
    fn key_of(
        &mut self,
        position: usize,
        sql_type: crate::types::SqlType,
        in_subquery: bool,
    ) -> Result<usize> {
        let is_column = |key: &Expr, position| key.kind == ExprKind::Column(position);
        if let Some(key) = self.keys.iter().position(|k| is_column(k, position)) {
            return Ok(key);
        }
        let table = self.scope.table_of(position);
        let key_positions = table.and_then(primary_key).unwrap_or_default();
        let determined = self.sets.is_empty()
            && !key_positions.is_empty()
            && key_positions
                .iter()
                .all(|p| self.keys.iter().any(|k| is_column(k, *p)));
        if determined {
            self.keys.push(column(position, sql_type));
            return Ok(self.keys.len() - 1);
        }
        Err(ungrouped(&self.scope.name_of(position), in_subquery))
    }
}

fn ungrouped(name: &str, in_subquery: bool) -> Error {
    let message = if in_subquery {
        format!("subquery uses ungrouped column \"{name}\" from outer query")
    } else {
        format!(
            "column \"{name}\" must appear in the GROUP BY clause or be used in an aggregate function"
        )
    };
    sql_error("42803", message)
}

/// Positions of the primary key's columns in the input row.
fn primary_key(table: &ScopeTable) -> Option<Vec<usize>> {
    let definition = table.table.as_ref()?;
    let columns = match definition.row_id_column {
        Some(column) => vec![column],
        None => {
            let name = definition.primary_key_name.as_ref()?;
            let index = definition.indexes.iter().find(|i| i.name == *name)?;
            index.columns.iter().map(|(column, _)| *column).collect()
        }
    };
    columns
        .into_iter()
        .map(|c| Some(table.columns.get(c)?.position))
        .collect()
}

/// Puts the aggregates behind `key_count` keys.
fn place_aggregates(expr: &mut Expr, key_count: usize) -> Result<()> {
    if let ExprKind::Column(position) = &mut expr.kind
        && (AGGREGATE_BASE..WINDOW_BASE).contains(position)
    {
        *position = *position - AGGREGATE_BASE + key_count;
    }
    operands_mut(expr, &mut |operand| place_aggregates(operand, key_count))
}

/// Whether an aggregate's result is used in `expr`.
pub(super) fn uses_aggregates(expr: &Expr) -> bool {
    fn look(expr: &mut Expr, found: &mut bool) -> Result<()> {
        *found |= match expr.kind {
            ExprKind::Column(position) => (AGGREGATE_BASE..WINDOW_BASE).contains(&position),
            ExprKind::Call(ScalarFunction::Grouping, _) => true,
            _ => false,
        };
        operands_mut(expr, &mut |operand| look(operand, found))
    }
    let mut found = false;
    // The visit itself cannot fail.
    look(&mut expr.clone(), &mut found).is_ok() && found
}
