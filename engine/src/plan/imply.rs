//! Whether conditions of a query imply the condition of a partial index, as far as their forms show.
//!
//! ```text
//!   a = 7             implies   a > 5, a <> 3, a IS NOT NULL, a IN (7, 8), a > 5 OR b
//!   a > 5 AND b       implies   a >= 5, b
//! ```
//!
//! What is implied is true where the conditions are; that it is not false would not do. Only literals are compared, so a
//! plan stays right whatever its parameters are. PostgreSQL's `predicate_implied_by` knows more forms.

use crate::plan::expr::split_conjuncts;
use crate::plan::selectivity::mirrored;
use crate::sql::bound::{CompareOp, Expr, ExprKind};
use crate::types::Value;
use std::cmp::Ordering;

/// How deep alternatives are looked into; deeper ones imply nothing.
const DEPTH_MAX: usize = 8;

/// Whether `goal` is true of each row for which all of `conditions` are.
pub(crate) fn implies(conditions: &[Expr], goal: &Expr) -> bool {
    follows(conditions, goal, 0)
}

fn follows(conditions: &[Expr], goal: &Expr, depth: usize) -> bool {
    if depth > DEPTH_MAX {
        return false;
    }
    let split = |e: &Expr| {
        let mut conjuncts = Vec::new();
        split_conjuncts(e.clone(), &mut conjuncts);
        conjuncts
    };
    if let ExprKind::Or(alternatives) = &goal.kind
        && alternatives.iter().any(|alternative| {
            let mut parts = split(alternative).into_iter();
            parts.all(|part| follows(conditions, &part, depth + 1))
        })
    {
        return true;
    }
    conditions.iter().any(|condition| {
        let by_alternatives = match &condition.kind {
            ExprKind::Or(alternatives) => alternatives
                .iter()
                .all(|alternative| follows(&split(alternative), goal, depth + 1)),
            _ => false,
        };
        by_alternatives || implies_alone(condition, goal)
    })
}

fn implies_alone(condition: &Expr, goal: &Expr) -> bool {
    if condition == goal {
        return true;
    }
    if let ExprKind::IsNull {
        input,
        negated: true,
    } = &goal.kind
    {
        return refuses_null(condition, input);
    }
    let (Some(has), Some(wants)) = (Range::of(condition), Range::of(goal)) else {
        return false;
    };
    has.key == wants.key && has.is_within(&wants)
}

/// Whether `condition` is not true where `input` is NULL.
fn refuses_null(condition: &Expr, input: &Expr) -> bool {
    let is_input = |e: &Expr| without_casts(e) == without_casts(input);
    match &condition.kind {
        ExprKind::Compare(_, left, right) => is_input(left) || is_input(right),
        ExprKind::InList { input: of, .. } | ExprKind::Like { input: of, .. } => is_input(of),
        _ => is_input(condition),
    }
}

/// A cast of NULL is NULL.
fn without_casts(expr: &Expr) -> &Expr {
    match &expr.kind {
        ExprKind::Cast { input, .. } => without_casts(input),
        _ => expr,
    }
}

/// The values that a condition asks an expression to have.
struct Range<'a> {
    key: &'a Expr,
    kind: RangeKind<'a>,
}

enum RangeKind<'a> {
    Compared(CompareOp, &'a Value),
    OneOf(Vec<&'a Value>),
}

impl<'a> Range<'a> {
    fn of(condition: &'a Expr) -> Option<Self> {
        match &condition.kind {
            ExprKind::Compare(op, left, right) => {
                let (key, op, value) = match (literal(left), literal(right)) {
                    (None, Some(value)) => (left, *op, value),
                    (Some(value), None) => (right, mirrored(*op), value),
                    _ => return None,
                };
                let kind = RangeKind::Compared(op, value);
                Some(Self {
                    key: base(key),
                    kind,
                })
            }
            ExprKind::InList {
                input,
                list,
                negated: false,
            } => {
                let values = list.iter().map(literal).collect::<Option<_>>()?;
                let kind = RangeKind::OneOf(values);
                Some(Self {
                    key: base(input),
                    kind,
                })
            }
            _ => None,
        }
    }

    /// Whether all of its values are among those of `wider`.
    fn is_within(&self, wider: &Self) -> bool {
        match &self.kind {
            RangeKind::Compared(op, value) => wider.has_all(*op, value),
            RangeKind::OneOf(values) => values.iter().all(|v| wider.has_all(CompareOp::Eq, v)),
        }
    }

    /// Whether all that compare as `op` with `value` are among its values.
    fn has_all(&self, op: CompareOp, value: &Value) -> bool {
        match &self.kind {
            RangeKind::Compared(own, bound) => {
                order(value, bound).is_some_and(|order| is_narrower(op, order, *own))
            }
            RangeKind::OneOf(values) => {
                let is_there = |v: &&Value| order(value, v) == Some(Ordering::Equal);
                op == CompareOp::Eq && values.iter().any(is_there)
            }
        }
    }
}

/// Whether what compares as `narrow` with a value compares as `wide` with another, before which the first one stands in
/// that order.
fn is_narrower(narrow: CompareOp, order: Ordering, wide: CompareOp) -> bool {
    use CompareOp::{Eq, Ge, Gt, Le, Lt, Ne};
    match (narrow, wide) {
        (Eq, Eq) | (Ne, Ne) => order == Ordering::Equal,
        (Eq, Ne) => order != Ordering::Equal,
        (Gt, Gt | Ge | Ne) | (Eq | Ge, Ge) => order != Ordering::Less,
        (Eq | Ge, Gt) | (Ge, Ne) => order == Ordering::Greater,
        (Lt, Lt | Le | Ne) | (Eq | Le, Le) => order != Ordering::Greater,
        (Eq | Le, Lt) | (Le, Ne) => order == Ordering::Less,
        _ => false,
    }
}

fn literal(expr: &Expr) -> Option<&Value> {
    match &expr.kind {
        ExprKind::Literal(value) if !value.is_null() => Some(value),
        _ => None,
    }
}

/// The expression below casts between integers, which change no value.
fn base(expr: &Expr) -> &Expr {
    match &expr.kind {
        ExprKind::Cast { input, .. }
            if expr.sql_type.is_integer() && input.sql_type.is_integer() =>
        {
            base(input)
        }
        _ => expr,
    }
}

/// How two literals that one expression is compared with stand to each other; `None` for different types.
fn order(left: &Value, right: &Value) -> Option<Ordering> {
    let integer = |value: &Value| match value {
        Value::Int2(v) => Some(i64::from(*v)),
        Value::Int4(v) => Some(i64::from(*v)),
        Value::Int8(v) => Some(*v),
        _ => None,
    };
    match (integer(left), integer(right)) {
        (Some(left), Some(right)) => Some(left.cmp(&right)),
        _ if std::mem::discriminant(left) == std::mem::discriminant(right) => {
            Some(left.total_cmp(right))
        }
        _ => None,
    }
}
