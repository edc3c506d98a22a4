//! Expressions that the catalog keeps as text: defaults and check constraints.

use super::coerce::{Context, can_cast};
use super::context::{Binder, Clause, Level};
use super::names::sql_error;
use super::scope::Scope;
use crate::catalog::{Column, Schema};
use crate::error::Result;
use crate::sql::bound::Expr;
use crate::sql::parse::parse_expression;
use crate::types::SqlType;
use sqlparser::ast;

/// Binds `text` over a row of `columns` to an expression of type `expected`: a DEFAULT (no columns) or a CHECK
/// (BOOLEAN). Errors are those of a query with such an expression; `0A000` for subqueries, and for columns where there
/// are none.
pub fn bind_expression(text: &str, columns: &[Column], expected: SqlType) -> Result<Expr> {
    let clause = if columns.is_empty() {
        Clause::Default
    } else {
        Clause::Check
    };
    bind_stored(&parse_expression(text)?, "", columns, clause, expected)
}

/// Binds an expression that is stored as text: a CHECK over a row of the table `alias`, or the DEFAULT of column `alias`.
pub(super) fn bind_stored(
    expr: &ast::Expr,
    alias: &str,
    columns: &[Column],
    clause: Clause,
    expected: SqlType,
) -> Result<Expr> {
    let schema = Schema::default();
    let mut binder = Binder::new(&schema);
    let scope = match clause {
        Clause::Default => Scope::default(),
        _ => Scope::of_columns(alias, columns.iter().map(|c| (c.name.clone(), c.sql_type))),
    };
    let level = Level::new(scope, clause);
    let (bound, _) = binder.with_level(level, |binder| {
        let bound = binder.bind_expr(expr)?;
        if clause == Clause::Check {
            return binder.condition(bound, "CHECK");
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
