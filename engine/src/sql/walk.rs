//! Ways through a bound tree.

use super::bound::{Expr, ExprKind, From, Query};
use crate::error::Result;
use crate::types::SqlType;

/// Called for one expression after the other.
pub(crate) type Visit<'a> = &'a mut dyn FnMut(&mut Expr) -> Result<()>;

/// Whether `test` holds of one of the direct operands of `expr`, from left to right up to that one; those of subqueries
/// excluded.
pub(crate) fn any_operand<'e>(expr: &'e Expr, test: &mut dyn FnMut(&'e Expr) -> bool) -> bool {
    match &expr.kind {
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
        | ExprKind::Call(_, list) => list.iter().any(test),
        ExprKind::Compare(_, left, right)
        | ExprKind::Arithmetic(_, left, right)
        | ExprKind::Distinct { left, right, .. } => test(left) || test(right),
        ExprKind::InList { input, list, .. } => test(input) || list.iter().any(test),
        ExprKind::Like { input, pattern, .. } => test(input) || test(pattern),
        ExprKind::Case {
            branches,
            otherwise,
        } => {
            let mut branches = branches.iter();
            branches.any(|(condition, result)| test(condition) || test(result))
                || otherwise.iter().any(|otherwise| test(otherwise))
        }
    }
}

/// Like [`any_operand`], to change them on the way.
pub(crate) fn any_operand_mut(expr: &mut Expr, test: &mut dyn FnMut(&mut Expr) -> bool) -> bool {
    match &mut expr.kind {
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
        | ExprKind::Call(_, list) => list.iter_mut().any(test),
        ExprKind::Compare(_, left, right)
        | ExprKind::Arithmetic(_, left, right)
        | ExprKind::Distinct { left, right, .. } => test(left) || test(right),
        ExprKind::InList { input, list, .. } => test(input) || list.iter_mut().any(test),
        ExprKind::Like { input, pattern, .. } => test(input) || test(pattern),
        ExprKind::Case {
            branches,
            otherwise,
        } => {
            let mut branches = branches.iter_mut();
            branches.any(|(condition, result)| test(condition) || test(result))
                || otherwise.iter_mut().any(|otherwise| test(otherwise))
        }
    }
}

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

/// The query inside `expr`.
pub(crate) fn subquery_mut(expr: &mut Expr) -> Option<&mut Query> {
    match &mut expr.kind {
        ExprKind::ScalarSubquery(query)
        | ExprKind::Rows(query)
        | ExprKind::Exists { query, .. }
        | ExprKind::InSubquery { query, .. }
        | ExprKind::AnySubquery { query, .. }
        | ExprKind::RowSubquery { query, .. } => Some(query),
        _ => None,
    }
}

/// Visits the expressions of `query` and of the derived tables in its FROM, not those inside of other expressions.
pub(crate) fn expressions_mut(query: &mut Query, visit: Visit<'_>) -> Result<()> {
    for with in &mut query.with {
        expressions_mut(&mut with.query, visit)?;
    }
    if let Some(from) = &mut query.from {
        from_mut(from, visit)?;
    }
    query.filter.iter_mut().try_for_each(&mut *visit)?;
    if let Some(aggregate) = &mut query.aggregate {
        aggregate.keys.iter_mut().try_for_each(&mut *visit)?;
        for call in &mut aggregate.calls {
            call.arguments.iter_mut().try_for_each(&mut *visit)?;
            call.filter.iter_mut().try_for_each(&mut *visit)?;
        }
        aggregate.having.iter_mut().try_for_each(&mut *visit)?;
    }
    for window in &mut query.windows {
        window.expressions_mut().try_for_each(&mut *visit)?;
    }
    query.projection.iter_mut().try_for_each(&mut *visit)?;
    if let Some(limit) = &mut query.limit {
        visit(&mut limit.count)?;
    }
    query.offset.iter_mut().try_for_each(visit)
}

fn from_mut(from: &mut From, visit: Visit<'_>) -> Result<()> {
    match from {
        From::Table { .. } | From::Cte(_) => Ok(()),
        From::Recursive(recursive) => {
            expressions_mut(&mut recursive.seed, visit)?;
            expressions_mut(&mut recursive.step, visit)
        }
        From::Subquery { query, .. } => expressions_mut(query, visit),
        From::Values { rows, .. } => rows.iter_mut().flatten().try_for_each(visit),
        From::Function(function) => function.arguments.iter_mut().try_for_each(visit),
        From::Lateral(lateral) => visit(&mut lateral.rows),
        From::SetRows(rows) => expressions_mut(&mut rows.query, visit),
        From::SetOperation(operation) => operation
            .inputs
            .iter_mut()
            .try_for_each(|query| expressions_mut(query, &mut *visit)),
        From::Join {
            left, right, on, ..
        } => {
            from_mut(left, visit)?;
            from_mut(right, visit)?;
            on.iter_mut().try_for_each(visit)
        }
    }
}
