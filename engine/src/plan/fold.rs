//! Constant folding: what needs no row, no parameter and no clock is computed once, before planning.
//!
//! An expression whose evaluation fails stays as it is: the error belongs to the execution, where a CASE or an empty
//! table may still avoid it.

use crate::plan::expr::{subquery_mut, visit_query_mut};
use crate::plan::midnight::compare_days;
use crate::plan::planner::Fold;
use crate::sql::bound::{Expr, ExprKind, Query};
use crate::sql::function::ScalarFunction;
use crate::sql::walk::{any_operand, any_operand_mut};
use crate::types::{SqlType, Value};

/// Folds all expressions of `query`, subqueries included.
pub(crate) fn fold_query(query: &mut Query, folder: &dyn Fold) {
    visit_query_mut(query, &mut |e| fold(e, folder));
}

/// Folds `expr` from the leaves up.
pub(crate) fn fold(expr: &mut Expr, folder: &dyn Fold) {
    if let Some(query) = subquery_mut(expr) {
        fold_query(query, folder);
    }
    any_operand_mut(expr, &mut |operand| {
        fold(operand, folder);
        false
    });
    simplify(expr);
    if is_null_anyway(expr) {
        expr.kind = ExprKind::Literal(Value::Null);
    }
    if is_foldable(expr)
        && let Ok(value) = folder.fold(expr)
    {
        expr.kind = ExprKind::Literal(value);
    }
    compare_days(expr);
}

/// Drops the neutral operands of AND and OR, and lets the deciding ones decide.
fn simplify(expr: &mut Expr) {
    let (list, neutral) = match &mut expr.kind {
        ExprKind::And(list) => (list, true),
        ExprKind::Or(list) => (list, false),
        _ => return,
    };
    let is =
        |e: &Expr, value: bool| matches!(e.kind, ExprKind::Literal(Value::Bool(v)) if v == value);
    let decided = list.iter().any(|e| is(e, !neutral));
    if decided {
        expr.kind = ExprKind::Literal(Value::Bool(!neutral));
        return;
    }
    list.retain(|e| !is(e, neutral));
    match list.len() {
        0 => expr.kind = ExprKind::Literal(Value::Bool(neutral)),
        1 => {
            if let Some(only) = list.pop() {
                *expr = only;
            }
        }
        _ => {}
    }
}

/// Whether `expr` is a strict operator with an operand that is NULL: then the other needs no look, and cannot fail.
fn is_null_anyway(expr: &Expr) -> bool {
    let is_null = |e: &Expr| matches!(e.kind, ExprKind::Literal(Value::Null));
    match &expr.kind {
        ExprKind::Compare(_, left, right) | ExprKind::Arithmetic(_, left, right) => {
            is_null(left) || is_null(right)
        }
        _ => false,
    }
}

/// Whether `expr` is an operator over literals alone whose value depends on nothing else. Deeper expressions are
/// folded already, so looking at the operands is enough.
fn is_foldable(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Literal(_)
        | ExprKind::Parameter(_)
        | ExprKind::Column(_)
        | ExprKind::OuterColumn { .. }
        | ExprKind::ScalarSubquery(_)
        | ExprKind::Rows(_)
        | ExprKind::Exists { .. }
        | ExprKind::InSubquery { .. }
        | ExprKind::AnySubquery { .. }
        | ExprKind::RowSubquery { .. }
        | ExprKind::Call(ScalarFunction::CurrentDate | ScalarFunction::CurrentTimestamp, _) => {
            false
        }
        ExprKind::Call(function, _) if function.is_volatile() => false,
        ExprKind::Call(ScalarFunction::Age, arguments) if arguments.len() == 1 => false,
        _ => {
            expr.sql_type != SqlType::Unknown
                && !any_operand(expr, &mut |e| !matches!(e.kind, ExprKind::Literal(_)))
        }
    }
}
