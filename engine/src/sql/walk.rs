//! Ways through a bound tree.

use super::bound::{Expr, ExprKind, From, Query, Window};
use crate::error::Result;
use crate::types::SqlType;

/// Called for one expression after the other.
pub(crate) type Visit<'a> = &'a mut dyn FnMut(&mut Expr) -> Result<()>;

/// A walk and the same walk to change what it meets.
macro_rules! walks {
    ($any_operand:ident, $subquery:ident, $visit_query:ident, $visit_from:ident, $iter:ident, $expressions:ident $(, $mut:tt)?) => {
        /// Whether `test` holds of one of the direct operands of `expr`, from left to right up to that one; those of subqueries
        /// excluded.
        pub(crate) fn $any_operand<'e>(
            expr: &'e $($mut)? Expr,
            test: &mut dyn FnMut(&'e $($mut)? Expr) -> bool,
        ) -> bool {
            match &$($mut)? expr.kind {
                ExprKind::Literal(_)
                | ExprKind::Parameter(_)
                | ExprKind::Column(_)
                | ExprKind::OuterColumn { .. }
                | ExprKind::ScalarSubquery(_)
                | ExprKind::Rows(_)
                | ExprKind::Exists { .. } => false,
                ExprKind::Cast { input, .. }
                | ExprKind::Not(input)
                | ExprKind::IsNull { input, .. }
                | ExprKind::IsBool { input, .. }
                | ExprKind::Negate(input) => test(input),
                ExprKind::And(list)
                | ExprKind::Or(list)
                | ExprKind::Coalesce(list)
                | ExprKind::InSubquery { inputs: list, .. }
                | ExprKind::AnySubquery { inputs: list, .. }
                | ExprKind::RowSubquery { inputs: list, .. }
                | ExprKind::Call(_, list) => list.$iter().any(test),
                ExprKind::Compare(_, left, right)
                | ExprKind::Arithmetic(_, left, right)
                | ExprKind::Distinct { left, right, .. } => test(left) || test(right),
                ExprKind::InList { input, list, .. } => test(input) || list.$iter().any(test),
                ExprKind::Like { input, pattern, .. } => test(input) || test(pattern),
                ExprKind::Case {
                    branches,
                    otherwise,
                } => {
                    let mut branches = branches.$iter();
                    branches.any(|(condition, result)| test(condition) || test(result))
                        || otherwise.$iter().any(|otherwise| test(otherwise))
                }
            }
        }

        /// The subquery of this very node, if it is one.
        pub(crate) fn $subquery(expr: &$($mut)? Expr) -> Option<&$($mut)? Query> {
            match &$($mut)? expr.kind {
                ExprKind::ScalarSubquery(query)
                | ExprKind::Rows(query)
                | ExprKind::Exists { query, .. }
                | ExprKind::InSubquery { query, .. }
                | ExprKind::AnySubquery { query, .. }
                | ExprKind::RowSubquery { query, .. } => Some(query),
                _ => None,
            }
        }

        /// Visits the expressions of `query` and of the derived tables in its FROM; those of deeper subqueries are reached
        /// through them.
        pub(crate) fn $visit_query<'q>(
            query: &'q $($mut)? Query,
            f: &mut dyn FnMut(&'q $($mut)? Expr),
        ) {
            for with in &$($mut)? query.with {
                $visit_query(&$($mut)? with.query, f);
            }
            if let Some(from) = &$($mut)? query.from {
                $visit_from(from, f);
            }
            query.filter.$iter().for_each(&mut *f);
            if let Some(aggregate) = &$($mut)? query.aggregate {
                aggregate.keys.$iter().for_each(&mut *f);
                for call in &$($mut)? aggregate.calls {
                    call.arguments.$iter().for_each(&mut *f);
                    call.filter.$iter().for_each(&mut *f);
                }
                aggregate.having.$iter().for_each(&mut *f);
            }
            let windows = query.windows.$iter();
            windows.flat_map(Window::$expressions).for_each(&mut *f);
            query.projection.$iter().for_each(&mut *f);
            query.limit.$iter().for_each(|limit| f(&$($mut)? limit.count));
            query.offset.$iter().for_each(f);
        }

        fn $visit_from<'q>(from: &'q $($mut)? From, f: &mut dyn FnMut(&'q $($mut)? Expr)) {
            match from {
                From::Table { .. } | From::Cte(_) => {}
                From::Recursive(recursive) => {
                    $visit_query(&$($mut)? recursive.seed, f);
                    $visit_query(&$($mut)? recursive.step, f);
                }
                From::Subquery { query, .. } => $visit_query(query, f),
                From::Values { rows, .. } => rows.$iter().flatten().for_each(f),
                From::Function(function) => function.arguments.$iter().for_each(f),
                From::Lateral(lateral) => f(&$($mut)? lateral.rows),
                From::SetRows(rows) => $visit_query(&$($mut)? rows.query, f),
                From::SetOperation(operation) => {
                    let inputs = operation.inputs.$iter();
                    inputs.for_each(|query| $visit_query(query, f));
                }
                From::Join {
                    left, right, on, ..
                } => {
                    $visit_from(left, f);
                    $visit_from(right, f);
                    on.$iter().for_each(f);
                }
            }
        }
    };
}

walks!(
    any_operand,
    subquery,
    visit_query,
    visit_from,
    iter,
    expressions
);
walks!(
    any_operand_mut,
    subquery_mut,
    visit_query_mut,
    visit_from_mut,
    iter_mut,
    expressions_mut,
    mut
);

/// Visits the operands of `expr`; of a subquery only what is looked for in it.
pub(crate) fn operands_mut(expr: &mut Expr, visit: Visit<'_>) -> Result<()> {
    let mut visited = Ok(());
    any_operand_mut(expr, &mut |operand| {
        visited = visit(operand);
        visited.is_err()
    });
    visited
}

/// The columns that `expr` reads, each once.
pub(crate) fn columns_of(expr: &Expr) -> Vec<usize> {
    let mut found = Vec::new();
    any_part(expr, &mut |part| {
        if let ExprKind::Column(column) = part.kind
            && !found.contains(&column)
        {
            found.push(column);
        }
        false
    });
    found
}

/// Whether `test` holds of `expr`, or of a part of it outside of subqueries.
pub(crate) fn any_part(expr: &Expr, test: &mut dyn FnMut(&Expr) -> bool) -> bool {
    test(expr) || any_operand(expr, &mut |operand| any_part(operand, test))
}

/// Visits the position and the type of each reference to a column of the query that `expr` stands `depth` subqueries below.
pub(crate) fn references_mut(
    expr: &mut Expr,
    depth: usize,
    visit: &mut dyn FnMut(&mut usize, SqlType),
) -> Result<()> {
    reference_nodes_mut(expr, depth, &mut |node, _| {
        if let ExprKind::Column(column) | ExprKind::OuterColumn { column, .. } = &mut node.kind {
            visit(column, node.sql_type);
        }
        Ok(())
    })
}

/// Visits each reference to a column of the query that `expr` stands `depth` subqueries below, with how many it stands below
/// itself.
pub(crate) fn reference_nodes_mut(
    expr: &mut Expr,
    depth: usize,
    visit: &mut dyn FnMut(&mut Expr, usize) -> Result<()>,
) -> Result<()> {
    match expr.kind {
        ExprKind::Column(_) if depth == 0 => return visit(expr, depth),
        ExprKind::OuterColumn { depth: up, .. } if up == depth && depth > 0 => {
            return visit(expr, depth);
        }
        _ => {}
    }
    operands_mut(expr, &mut |operand| {
        reference_nodes_mut(operand, depth, visit)
    })?;
    match subquery_mut(expr) {
        Some(query) => expressions_mut(query, &mut |e| reference_nodes_mut(e, depth + 1, visit)),
        None => Ok(()),
    }
}

/// Visits the expressions of `query` and of the derived tables in its FROM, up to the first for which that fails.
pub(crate) fn expressions_mut(query: &mut Query, visit: Visit<'_>) -> Result<()> {
    let mut visited = Ok(());
    visit_query_mut(query, &mut |expr| {
        if visited.is_ok() {
            visited = visit(expr);
        }
    });
    visited
}
