//! Days compared with instants: what the binder compares as timestamps is compared as days, so that an index on the days
//! serves and their statistics tell how many there are.
//!
//! ```text
//!   CAST(day AS TIMESTAMP) <  '2024-01-31 00:00:00'     day <  '2024-01-31'
//!   CAST(day AS TIMESTAMP) >= '2024-01-31 12:00:00'     day >  '2024-01-31'
//! ```

use crate::plan::selectivity::mirrored;
use crate::sql::bound::{CompareOp, Expr, ExprKind};
use crate::types::{SqlType, Value, day_of, midnight};

/// Rewrites a comparison of a day with a constant timestamp.
pub(crate) fn compare_days(expr: &mut Expr) {
    let ExprKind::Compare(op, left, right) = &mut expr.kind else {
        return;
    };
    let rewritten = match (day(left), instant(right), day(right), instant(left)) {
        (Some(_), Some(stamp), ..) => by_day(*op, stamp).map(|found| (found, false)),
        (_, _, Some(_), Some(stamp)) => by_day(mirrored(*op), stamp).map(|found| (found, true)),
        _ => None,
    };
    let Some(((by_day, date), mirror)) = rewritten else {
        return;
    };
    let constant = Expr {
        kind: ExprKind::Literal(Value::Date(date)),
        sql_type: SqlType::Date,
    };
    let (own, other) = if mirror { (right, left) } else { (left, right) };
    if let ExprKind::Cast { input, .. } = &own.kind {
        let input = input.clone();
        *own = input;
        **other = constant;
        *op = if mirror { mirrored(by_day) } else { by_day };
    }
}

/// The day whose midnight `expr` is.
fn day(expr: &Expr) -> Option<&Expr> {
    match &expr.kind {
        ExprKind::Cast { input, .. }
            if expr.sql_type == SqlType::Timestamp(None) && input.sql_type == SqlType::Date =>
        {
            Some(input)
        }
        _ => None,
    }
}

fn instant(expr: &Expr) -> Option<i64> {
    match expr.kind {
        ExprKind::Literal(Value::Timestamp(stamp)) => Some(stamp),
        _ => None,
    }
}

/// How a day compares with the day of `stamp` when its midnight compares with `stamp` by `op`.
fn by_day(op: CompareOp, stamp: i64) -> Option<(CompareOp, i32)> {
    let date = day_of(stamp);
    let is_midnight = midnight(date).ok()? == stamp;
    let op = match op {
        _ if is_midnight => op,
        CompareOp::Lt => CompareOp::Le,
        CompareOp::Ge => CompareOp::Gt,
        CompareOp::Le | CompareOp::Gt => op,
        CompareOp::Eq | CompareOp::Ne => return None,
    };
    Some((op, date))
}
