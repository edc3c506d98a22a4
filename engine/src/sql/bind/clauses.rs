//! The clauses of a SELECT: those that we know, and the names of the others.

use super::call::refuse;
use crate::error::{Error, Result};
use sqlparser::ast;

/// The clauses of a SELECT that we know.
pub(super) struct Clauses<'a> {
    pub(super) distinct: Option<&'a ast::Distinct>,
    pub(super) projection: &'a [ast::SelectItem],
    pub(super) from: &'a [ast::TableWithJoins],
    pub(super) filter: Option<&'a ast::Expr>,
    pub(super) group_by: &'a [ast::Expr],
    pub(super) having: Option<&'a ast::Expr>,
    pub(super) named_windows: &'a [ast::NamedWindowDefinition],
}

/// Takes a SELECT apart; refuses what we do not know.
pub(super) fn clauses(select: &ast::Select) -> Result<Clauses<'_>> {
    let ast::Select {
        select_token: _,
        optimizer_hints,
        distinct,
        select_modifiers,
        top,
        top_before_distinct: _,
        projection,
        exclude,
        into,
        from,
        lateral_views,
        prewhere,
        selection,
        connect_by,
        group_by,
        cluster_by,
        distribute_by,
        sort_by,
        having,
        named_window,
        qualify,
        window_before_qualify: _,
        value_table_mode,
        flavor,
    } = select;
    // An optimizer hint is a comment in PostgreSQL.
    let _ = optimizer_hints;
    refuse(
        select_modifiers.is_some() || top.is_some() || exclude.is_some(),
        "a modifier of SELECT",
    )?;
    refuse(into.is_some(), "SELECT INTO")?;
    refuse(!lateral_views.is_empty(), "LATERAL VIEW")?;
    refuse(prewhere.is_some(), "PREWHERE")?;
    refuse(!connect_by.is_empty(), "CONNECT BY")?;
    refuse(
        !cluster_by.is_empty() || !distribute_by.is_empty() || !sort_by.is_empty(),
        "CLUSTER BY and its like",
    )?;
    refuse(qualify.is_some(), "QUALIFY")?;
    refuse(value_table_mode.is_some(), "SELECT AS")?;
    refuse(*flavor != ast::SelectFlavor::Standard, "FROM before SELECT")?;
    let distinct = match distinct {
        None | Some(ast::Distinct::All) => None,
        Some(distinct) => Some(distinct),
    };
    let group_by = match group_by {
        ast::GroupByExpr::Expressions(terms, modifiers) if modifiers.is_empty() => terms,
        _ => return Err(Error::unsupported("GROUP BY ALL and ROLLUP")),
    };
    Ok(Clauses {
        distinct,
        projection,
        from,
        filter: selection.as_ref(),
        group_by,
        having: having.as_ref(),
        named_windows: named_window,
    })
}
