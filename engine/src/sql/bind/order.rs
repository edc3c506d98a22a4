//! ORDER BY, LIMIT and OFFSET.

use super::call::refuse;
use super::coerce::{Context, can_cast};
use super::context::{Binder, Clause, Level};
use super::names::{at, fold, sql_error};
use super::scope::Scope;
use crate::error::{Error, Result};
use crate::sql::bound::{Distinct, Expr, ExprKind, Limit, OrderKey, Query};
use crate::types::{SqlType, Value};
use sqlparser::ast;

/// A column of the projection.
pub(super) struct Target {
    pub(super) expr: Expr,
    pub(super) name: String,
    /// Only there to be sorted by.
    pub(super) hidden: bool,
}

impl Target {
    pub(super) fn new(expr: Expr, name: String) -> Self {
        Self {
            expr,
            name,
            hidden: false,
        }
    }
}

impl Binder<'_> {
    /// The keys of ORDER BY: positions, names of result columns, or expressions, which join `targets` as hidden ones
    /// when they are not among them.
    pub(super) fn bind_order(
        &mut self,
        terms: &[ast::OrderByExpr],
        targets: &mut Vec<Target>,
        distinct: bool,
    ) -> Result<Vec<OrderKey>> {
        let mut keys = Vec::new();
        let visible = targets.len();
        for term in terms {
            let (descending, nulls_first) = direction(term)?;
            keys.push(OrderKey {
                column: self.bind_key(&term.expr, "ORDER BY", targets, visible, distinct)?,
                descending,
                nulls_first,
            });
        }
        Ok(keys)
    }

    /// The columns of DISTINCT ON, with which `order_by` must begin; those that it does not name are added to it.
    pub(super) fn bind_distinct_on(
        &mut self,
        terms: &[ast::Expr],
        targets: &mut Vec<Target>,
        visible: usize,
        order_by: &mut Vec<OrderKey>,
    ) -> Result<Distinct> {
        let mut on = Vec::new();
        for term in terms {
            let column = self.bind_key(term, "DISTINCT ON", targets, visible, false)?;
            if !on.contains(&column) {
                on.push(column);
            }
        }
        let named = order_by.iter().take_while(|k| on.contains(&k.column));
        let leading: Vec<usize> = named.map(|k| k.column).collect();
        let missing: Vec<usize> = on
            .iter()
            .copied()
            .filter(|c| !leading.contains(c))
            .collect();
        if leading.len() < order_by.len() && !missing.is_empty() {
            let message = "SELECT DISTINCT ON expressions must match initial ORDER BY expressions";
            return Err(sql_error("42P10", message));
        }
        order_by.extend(missing.into_iter().map(|column| OrderKey {
            column,
            descending: false,
            nulls_first: false,
        }));
        Ok(Distinct::On(on))
    }

    fn bind_key(
        &mut self,
        term: &ast::Expr,
        clause: &str,
        targets: &mut Vec<Target>,
        visible: usize,
        distinct: bool,
    ) -> Result<usize> {
        if let Some(position) = ordinal(term, visible, clause)? {
            return Ok(position);
        }
        if let ast::Expr::Identifier(ident) = term {
            let name = fold(ident)?;
            let mut named = targets[..visible]
                .iter()
                .enumerate()
                .filter(|(_, t)| t.name == name);
            if let Some((first, target)) = named.next() {
                return if named.all(|(_, other)| other.expr == target.expr) {
                    Ok(first)
                } else {
                    let error = sql_error("42702", format!("{clause} \"{name}\" is ambiguous"));
                    Err(at(error, ident))
                };
            }
        }
        let key = self.bind_expr(term)?;
        let key = self.resolve_unknown(key)?;
        if let Some(position) = targets.iter().position(|t| t.expr == key) {
            return Ok(position);
        }
        if distinct {
            let message = "for SELECT DISTINCT, ORDER BY expressions must appear in select list";
            return Err(sql_error("42P10", message));
        }
        targets.push(Target {
            expr: key,
            name: String::new(),
            hidden: true,
        });
        Ok(targets.len() - 1)
    }

    /// LIMIT, OFFSET and FETCH of `query`.
    pub(super) fn bind_limit(
        &mut self,
        query: &mut Query,
        clause: Option<&ast::LimitClause>,
        fetch: Option<&ast::Fetch>,
    ) -> Result<()> {
        match clause {
            None => {}
            Some(ast::LimitClause::LimitOffset {
                limit,
                offset,
                limit_by,
            }) => {
                refuse(!limit_by.is_empty(), "LIMIT BY")?;
                let count = self.bind_count(limit.as_ref(), Clause::Limit)?;
                query.limit = count.map(|count| Limit {
                    count,
                    with_ties: false,
                });
                let offset = offset.as_ref().map(|ast::Offset { value, rows: _ }| value);
                query.offset = self.bind_count(offset, Clause::Offset)?;
            }
            Some(ast::LimitClause::OffsetCommaLimit { .. }) => {
                let message = "LIMIT #,# syntax is not supported";
                return Err(sql_error("42601", message));
            }
        }
        if let Some(ast::Fetch {
            with_ties,
            percent,
            quantity,
        }) = fetch
        {
            refuse(*percent, "FETCH … PERCENT")?;
            if query.limit.is_some() {
                return Err(sql_error("42601", "multiple LIMIT clauses not allowed"));
            }
            if *with_ties && query.order_by.is_empty() {
                let message = "WITH TIES cannot be specified without ORDER BY clause";
                return Err(sql_error("42601", message));
            }
            let count = match quantity {
                Some(quantity) => self.bind_count(Some(quantity), Clause::Limit)?,
                None => Some(super::coerce::literal(Value::Int8(1), SqlType::Int8)),
            };
            let with_ties = *with_ties;
            query.limit = count.map(|count| Limit { count, with_ties });
        }
        Ok(())
    }

    fn bind_count(&mut self, expr: Option<&ast::Expr>, clause: Clause) -> Result<Option<Expr>> {
        let Some(expr) = expr else {
            return Ok(None);
        };
        let level = Level::new(Scope::default(), clause);
        let (bound, _) = self.with_level(level, |binder| {
            let bound = binder.bind_expr(expr)?;
            if !can_cast(bound.sql_type, SqlType::Int8, Context::Assignment) {
                let message = format!(
                    "argument of {} must be type bigint, not type {}",
                    clause.name(),
                    bound.sql_type.base_name()
                );
                return Err(sql_error("42804", message));
            }
            binder.cast(bound, SqlType::Int8, Context::Assignment)
        })?;
        let unlimited = bound.kind == ExprKind::Literal(Value::Null);
        Ok(if unlimited { None } else { Some(bound) })
    }
}

/// Whether a term is descending, and whether its NULLs come first.
pub(super) fn direction(term: &ast::OrderByExpr) -> Result<(bool, bool)> {
    let ast::OrderByExpr {
        expr: _,
        options: ast::OrderByOptions { sort, nulls_first },
        with_fill,
    } = term;
    refuse(with_fill.is_some(), "WITH FILL")?;
    let descending = match sort {
        None | Some(ast::OrderBySort::Asc) => false,
        Some(ast::OrderBySort::Desc) => true,
        Some(ast::OrderBySort::Using(_)) => {
            return Err(Error::unsupported("ORDER BY … USING"));
        }
    };
    Ok((descending, nulls_first.unwrap_or(descending)))
}

/// The position that a bare number means. `42P10` when there is no such column, `42601` for another constant.
fn ordinal(term: &ast::Expr, columns: usize, clause: &str) -> Result<Option<usize>> {
    let ast::Expr::Value(value) = term else {
        return Ok(None);
    };
    let constant = || sql_error("42601", format!("non-integer constant in {clause}"));
    match &value.value {
        ast::Value::Placeholder(_) | ast::Value::Boolean(_) => Ok(None),
        ast::Value::Number(digits, false) => {
            let number: usize = match digits.parse() {
                Ok(number) if digits.bytes().all(|b| b.is_ascii_digit()) => number,
                _ => return Err(constant()),
            };
            if (1..=columns).contains(&number) {
                Ok(Some(number - 1))
            } else {
                let message = format!("{clause} position {number} is not in select list");
                Err(sql_error("42P10", message))
            }
        }
        _ => Err(constant()),
    }
}

/// The position that a key of GROUP BY means.
pub(super) fn group_ordinal(term: &ast::Expr, columns: usize) -> Result<Option<usize>> {
    ordinal(term, columns, "GROUP BY")
}
