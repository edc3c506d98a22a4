//! Walking and rewriting bound expressions: children, column references, conjuncts.
//!
//! A reference to a column of a query's input is [`ExprKind::Column`] in the query itself and
//! [`ExprKind::OuterColumn`] of depth *d* inside a subquery nested *d* deep. The walkers here count that depth, so that
//! callers see "the columns of this query's input" wherever they occur.

use crate::sql::bound::{Expr, ExprKind};
use crate::sql::walk::{any_operand, any_operand_mut};
use crate::types::{SqlType, Value};

pub(crate) use crate::sql::walk::{subquery, subquery_mut, visit_query, visit_query_mut};

/// Whether `expr` contains a subquery.
pub(crate) fn has_subquery(expr: &Expr) -> bool {
    subquery(expr).is_some() || any_operand(expr, &mut has_subquery)
}

/// Calls `f` with each column of the query `depth` levels up (0: this one's own input) that `expr` refers to.
pub(crate) fn visit_columns(expr: &Expr, depth: usize, f: &mut dyn FnMut(usize)) {
    match &expr.kind {
        ExprKind::Column(column) if depth == 0 => f(*column),
        ExprKind::OuterColumn { depth: d, column } if *d == depth => f(*column),
        _ => {}
    }
    if let Some(query) = subquery(expr) {
        visit_query(query, &mut |e| visit_columns(e, depth + 1, f));
    }
    any_operand(expr, &mut |operand| {
        visit_columns(operand, depth, f);
        false
    });
}

/// Calls `f` with each node that refers to a column of the query `depth` levels up, and with that column.
pub(crate) fn visit_columns_mut(
    expr: &mut Expr,
    depth: usize,
    f: &mut dyn FnMut(&mut Expr, usize),
) {
    match expr.kind {
        ExprKind::Column(column) if depth == 0 => return f(expr, column),
        ExprKind::OuterColumn { depth: d, column } if d == depth => return f(expr, column),
        _ => {}
    }
    if let Some(query) = subquery_mut(expr) {
        visit_query_mut(query, &mut |e| visit_columns_mut(e, depth + 1, f));
    }
    any_operand_mut(expr, &mut |operand| {
        visit_columns_mut(operand, depth, f);
        false
    });
}

/// Among more columns than this is not looked for one that is there already.
const KNOWN_COLUMNS_MAX: usize = 16;

/// The columns of the input that `expr` refers to, ascending.
pub(crate) fn columns_of(expr: &Expr) -> Vec<usize> {
    let mut columns = Vec::new();
    visit_columns(expr, 0, &mut |column| {
        // Most expressions name few columns, often.
        if columns.len() > KNOWN_COLUMNS_MAX || !columns.contains(&column) {
            columns.push(column);
        }
    });
    columns.sort_unstable();
    columns.dedup();
    columns
}

/// Renumbers the references to the input's columns.
pub(crate) fn map_columns(expr: &mut Expr, map: &dyn Fn(usize) -> usize) {
    visit_columns_mut(expr, 0, &mut |node, column| match &mut node.kind {
        ExprKind::Column(c) | ExprKind::OuterColumn { column: c, .. } => *c = map(column),
        _ => {}
    });
}

/// Appends the conjuncts of `expr` to `conjuncts`. What all alternatives of an OR ask for is one of them:
/// `(a AND b) OR (a AND c)` is `a AND (b OR c)`.
pub(crate) fn split_conjuncts(expr: Expr, conjuncts: &mut Vec<Expr>) {
    match expr.kind {
        ExprKind::And(list) => list.into_iter().for_each(|e| split_conjuncts(e, conjuncts)),
        ExprKind::Or(list) if list.len() > 1 => split_alternatives(list, conjuncts),
        ExprKind::Literal(Value::Bool(true)) => {}
        _ => conjuncts.push(expr),
    }
}

fn split_alternatives(list: Vec<Expr>, conjuncts: &mut Vec<Expr>) {
    let split = |e: Expr| {
        let mut own = Vec::new();
        split_conjuncts(e, &mut own);
        own
    };
    let mut alternatives: Vec<Vec<Expr>> = list.into_iter().map(split).collect();
    let Some((first, others)) = alternatives.split_first() else {
        return;
    };
    let mut common: Vec<Expr> = Vec::new();
    for e in first {
        if !common.contains(e) && !has_subquery(e) && others.iter().all(|own| own.contains(e)) {
            common.push(e.clone());
        }
    }
    for own in &mut alternatives {
        own.retain(|e| !common.contains(e));
    }
    conjuncts.extend(common);
    // An alternative that asks for nothing more is true where the others are, too.
    let rest: Option<Vec<Expr>> = alternatives.into_iter().map(conjunction).collect();
    conjuncts.extend(rest.map(|list| Expr {
        kind: ExprKind::Or(list),
        sql_type: SqlType::Bool,
    }));
}

/// The conjunction of `conjuncts`; `None` for none.
pub(crate) fn conjunction(mut conjuncts: Vec<Expr>) -> Option<Expr> {
    match conjuncts.len() {
        0 => None,
        1 => conjuncts.pop(),
        _ => Some(Expr {
            kind: ExprKind::And(conjuncts),
            sql_type: SqlType::Bool,
        }),
    }
}

/// A reference to column `column` of type `sql_type`.
pub(crate) fn column(column: usize, sql_type: SqlType) -> Expr {
    Expr {
        kind: ExprKind::Column(column),
        sql_type,
    }
}

/// A literal of type `sql_type`.
pub(crate) fn literal(value: Value, sql_type: SqlType) -> Expr {
    Expr {
        kind: ExprKind::Literal(value),
        sql_type,
    }
}

/// Whether two evaluations of `expr` may give different values.
pub(crate) fn is_volatile(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Call(function, _) if function.is_volatile())
        || any_operand(expr, &mut is_volatile)
}

/// Whether the value is the same for every row: no column of the input, no subquery.
pub(crate) fn is_row_independent(expr: &Expr) -> bool {
    !has_subquery(expr) && columns_of(expr).is_empty() && !is_volatile(expr)
}

/// Whether `expr` is NULL or false whenever all of `columns` are NULL, as far as its form shows: a comparison of
/// casts and columns, or `IS NOT NULL` of one.
pub(crate) fn rejects_null(expr: &Expr, columns: &dyn Fn(usize) -> bool) -> bool {
    fn bare(expr: &Expr, columns: &dyn Fn(usize) -> bool) -> bool {
        match &expr.kind {
            ExprKind::Column(c) => columns(*c),
            ExprKind::Cast { input, .. } | ExprKind::Negate(input) => bare(input, columns),
            ExprKind::Arithmetic(_, l, r) => bare(l, columns) || bare(r, columns),
            _ => false,
        }
    }
    match &expr.kind {
        ExprKind::Compare(_, l, r) => bare(l, columns) || bare(r, columns),
        ExprKind::IsNull {
            input,
            negated: true,
        } => bare(input, columns),
        ExprKind::InList { input, .. } => bare(input, columns),
        ExprKind::Like { input, .. } => bare(input, columns),
        ExprKind::And(list) => list.iter().any(|e| rejects_null(e, columns)),
        ExprKind::Or(list) => !list.is_empty() && list.iter().all(|e| rejects_null(e, columns)),
        ExprKind::Column(c) => expr.sql_type == SqlType::Bool && columns(*c),
        _ => false,
    }
}
