//! Expressions of a running statement, through the vectorised evaluator.

use crate::error::Result;
use crate::exec::batch::Batch;
use crate::exec::eval::{Clock, EvalContext, evaluate, evaluate_constant, evaluate_predicate};
use crate::exec::operator::Context;
use crate::plan::Fold;
use crate::sql::bound::{Expr, ExprKind};
use crate::types::{Value, Zone};
use arrow_array::{ArrayRef, BooleanArray};

impl Context<'_> {
    fn evaluation(&self) -> EvalContext<'_> {
        EvalContext {
            parameters: self.slots,
            outer_rows: &[],
            subqueries: Some(self),
            clock: self.clock,
            outside: Some(self.outside),
        }
    }

    /// The values of `expr` for the rows of `batch`.
    pub(crate) fn evaluate(&self, expr: &Expr, batch: &Batch) -> Result<ArrayRef> {
        self.interrupt.check()?;
        if let ExprKind::Column(column) = expr.kind
            && let Some(array) = batch.columns.get(column)
        {
            return Ok(array.clone());
        }
        evaluate(expr, &batch.columns, batch.rows, &self.evaluation())
    }

    /// For which rows of `batch` the condition `expr` is true.
    pub(crate) fn predicate(&self, expr: &Expr, batch: &Batch) -> Result<BooleanArray> {
        self.predicates(std::slice::from_ref(expr), batch)
    }

    /// For which rows of `batch` all `conditions` are true.
    pub(crate) fn predicates(&self, conditions: &[Expr], batch: &Batch) -> Result<BooleanArray> {
        self.interrupt.check()?;
        evaluate_predicate(conditions, &batch.columns, batch.rows, &self.evaluation())
    }
}

/// Computes constants for the planner, for sessions in that time zone.
pub(crate) struct Folder {
    pub(crate) zone: Zone,
}

impl Fold for Folder {
    fn fold(&self, expr: &Expr) -> Result<Value> {
        let context = EvalContext {
            parameters: &[],
            outer_rows: &[],
            subqueries: None,
            clock: Clock {
                now_micros: 0,
                zone: self.zone,
            },
            outside: None,
        };
        evaluate_constant(expr, &context)
    }
}
