//! Expressions that the catalog keeps as text: defaults, check constraints, and what indexes are made of.

use super::super::visit::visit_expressions_mut;
use super::coerce::{Context, can_cast};
use super::context::{Binder, Clause, Level};
use super::names::sql_error;
use super::scope::Scope;
use crate::catalog::{Column, Schema, Table, Types};
use crate::error::{Error, Result};
use crate::sql::bound::Expr;
use crate::sql::parse::parse_expression;
use crate::types::SqlType;
use sqlparser::ast;
use std::ops::ControlFlow;

/// Binds `text` over a row of `columns` to an expression of type `expected`: a DEFAULT (no columns) or a CHECK
/// (BOOLEAN). Errors are those of a query with such an expression; `0A000` for subqueries, and for columns where there
/// are none.
pub fn bind_expression(
    text: &str,
    (columns, types): (&[Column], &Types),
    expected: SqlType,
) -> Result<Expr> {
    let clause = if columns.is_empty() {
        Clause::Default
    } else {
        Clause::Check
    };
    let expr = parse_expression(text)?;
    bind_stored(&expr, "", (columns, types), clause, expected)
}

/// Binds the stored text of an expression of an index of `table`. Errors: as for [`bind_expression`].
pub(in crate::sql) fn bind_index_expression(text: &str, table: &Table) -> Result<Expr> {
    of_index(&parse_expression(text)?, table, Clause::IndexExpression)
}

/// Binds the stored text of the condition of an index of `table`. Errors: as for [`bind_expression`].
pub(in crate::sql) fn bind_index_predicate(text: &str, table: &Table) -> Result<Expr> {
    of_index(&parse_expression(text)?, table, Clause::IndexPredicate)
}

/// A part of an index of `table`, which `clause` tells.
pub(super) fn of_index(expr: &ast::Expr, table: &Table, clause: Clause) -> Result<Expr> {
    let known = (table.columns.as_slice(), &table.types);
    bind_stored(expr, table.name.own(), known, clause, SqlType::Bool)
}

/// The text of an expression for the catalog, seen to mean the same when it is read again.
pub(super) fn stored_text(
    expr: &ast::Expr,
    bound: &Expr,
    bind: impl Fn(&ast::Expr) -> Result<Expr>,
) -> Result<String> {
    // The table may be called otherwise some day.
    let mut unqualified = expr.clone();
    let visited = visit_expressions_mut(&mut unqualified, |expr| {
        if let ast::Expr::CompoundIdentifier(parts) = expr
            && let Some(column) = parts.pop()
        {
            *expr = ast::Expr::Identifier(column);
        }
        ControlFlow::<()>::Continue(())
    });
    debug_assert!(visited.is_continue());
    let text = unqualified.to_string();
    match parse_expression(&text).and_then(|again| bind(&again)) {
        Ok(again) if again == *bound => Ok(text),
        _ => Err(Error::unsupported(
            "this expression in a table's definition",
        )),
    }
}

/// Binds an expression that is stored as text and may name those types: the DEFAULT of column `alias`, or another one
/// over a row of the table `alias`.
pub(super) fn bind_stored(
    expr: &ast::Expr,
    alias: &str,
    (columns, types): (&[Column], &Types),
    clause: Clause,
    expected: SqlType,
) -> Result<Expr> {
    let schema = Schema::default().with_types(types.clone());
    let mut binder = Binder::new(&schema);
    let scope = match clause {
        Clause::Default => Scope::default(),
        _ => Scope::of_columns(alias, columns.iter().map(|c| (c.name.clone(), c.sql_type))),
    };
    let level = Level::new(scope, clause);
    let (bound, _) = binder.with_level(level, |binder| {
        let bound = binder.bind_expr(expr)?;
        match clause {
            Clause::Check => return binder.condition(bound, "CHECK"),
            Clause::IndexPredicate => return binder.condition(bound, "WHERE"),
            Clause::IndexExpression => return binder.resolve_unknown(bound),
            _ => {}
        }
        if !can_cast(bound.sql_type, expected, Context::Assignment) {
            let message = format!(
                "column \"{alias}\" is of type {} but default expression is of type {}",
                expected.base_name(),
                bound.sql_type.base_name()
            );
            return Err(sql_error("42804", message));
        }
        binder.cast(bound, expected, Context::Assignment)
    })?;
    if !binder.into_parameters()?.is_empty() {
        return Err(sql_error("42P02", "there is no parameter $1"));
    }
    Ok(bound)
}
