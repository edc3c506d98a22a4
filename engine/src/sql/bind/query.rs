//! Queries: SELECT and VALUES, ORDER BY and LIMIT over them.

use super::call::refuse;
use super::clauses::{Clauses, clauses};
use super::context::{Binder, Clause, Level};
use super::figure_name::figure_name;
use super::group::{Grouping, uses_aggregates};
use super::grouping_sets::GroupBy;
use super::json::check_compared;
use super::names::{fold, parts, sql_error};
use super::order::{Target, group_ordinal};
use super::row_locks::refuse_locks;
use super::scope::{Found, Scope, column, missing_table};
use super::set_call::{SetCall, below_groups, over_calls, still_used};
use super::set_operation::Written;
use super::window::uses_windows;
use crate::error::{Error, Result};
use crate::sql::bound::{Aggregate, Distinct, Expr, From, OrderKey, OutputColumn, Query, Window};
use crate::types::SqlType;
use sqlparser::ast;

/// What the level of a SELECT gives.
pub(super) struct Parts {
    targets: Vec<Target>,
    filter: Option<Expr>,
    pub(super) group_by: GroupBy,
    pub(super) having: Option<Expr>,
    distinct: Distinct,
    order_by: Vec<OrderKey>,
}

impl Binder<'_> {
    /// A query. With `resolve`, result columns of unknown type become TEXT.
    pub(super) fn bind_query(&mut self, query: &ast::Query, resolve: bool) -> Result<Query> {
        self.deeper(1, |binder| binder.bind_query_here(query, resolve))
    }

    fn bind_query_here(&mut self, query: &ast::Query, resolve: bool) -> Result<Query> {
        let ast::Query {
            with,
            body,
            order_by,
            limit_clause,
            fetch,
            locks,
            for_clause,
            settings,
            format_clause,
            pipe_operators,
        } = query;
        let row_ids = std::mem::take(&mut self.inner_row_ids);
        refuse(for_clause.is_some(), "FOR XML and FOR JSON")?;
        refuse(settings.is_some(), "SETTINGS")?;
        refuse(format_clause.is_some(), "FORMAT")?;
        refuse(!pipe_operators.is_empty(), "a pipe operator")?;
        let order = order_terms(order_by.as_ref())?;
        let plain =
            order.is_empty() && limit_clause.is_none() && fetch.is_none() && locks.is_empty();
        if let ast::SetExpr::Query(inner) = &**body
            && with.is_some()
            && inner.with.is_some()
        {
            return Err(sql_error("42601", "multiple WITH clauses not allowed"));
        }
        let opened = self.open_with(with.as_ref())?;
        let mut bound = match &**body {
            ast::SetExpr::Select(select) => {
                self.inner_row_ids = row_ids;
                self.bind_select(clauses(select)?, order, locks, resolve)?
            }
            ast::SetExpr::Query(inner) if plain => {
                self.inner_row_ids = row_ids;
                self.bind_query(inner, resolve)?
            }
            body => {
                refuse_locks(locks, with_locks(body))?;
                self.bind_body(body, order, resolve)?
            }
        };
        self.bind_limit(&mut bound, limit_clause.as_ref(), fetch.as_ref())?;
        let mut with = self.close_with(opened);
        with.append(&mut bound.with);
        bound.with = with;
        Ok(bound)
    }

    /// A query under ORDER BY `order`, to which a LIMIT may still come.
    pub(super) fn bind_body(
        &mut self,
        body: &ast::SetExpr,
        order: &[ast::OrderByExpr],
        resolve: bool,
    ) -> Result<Query> {
        match body {
            ast::SetExpr::Select(select) => self.bind_select(clauses(select)?, order, &[], resolve),
            ast::SetExpr::Values(values) => self.bind_values(values, order),
            ast::SetExpr::Query(inner) => self.bind_parenthesized(inner, order),
            ast::SetExpr::SetOperation {
                left,
                op,
                set_quantifier,
                right,
            } => {
                let written = Written::new(left, *op, *set_quantifier, right)?;
                self.bind_set_operation(&written, order)
            }
            ast::SetExpr::Insert(_)
            | ast::SetExpr::Update(_)
            | ast::SetExpr::Delete(_)
            | ast::SetExpr::Merge(_) => Err(sql_error(
                "42601",
                "syntax error: a change inside of a query",
            )),
            ast::SetExpr::Table(_) => Err(Error::unsupported("TABLE")),
        }
    }

    fn bind_select(
        &mut self,
        clauses: Clauses<'_>,
        order: &[ast::OrderByExpr],
        locks: &[ast::LockClause],
        resolve: bool,
    ) -> Result<Query> {
        let row_ids = std::mem::take(&mut self.inner_row_ids) || !locks.is_empty();
        let outside = std::mem::replace(&mut self.row_ids, row_ids);
        let bound = self.bind_from(clauses.from);
        self.row_ids = outside;
        let (from, scope) = bound?;
        let level = Level::new(scope, Clause::Target);
        let (mut parts, mut level) =
            self.with_level(level, |binder| binder.bind_parts(&clauses, order, resolve))?;
        let aggregated = !clauses.group_by.is_empty()
            || !level.aggregates.is_empty()
            || parts.having.is_some()
            || level.has_grouping_calls;
        self.check_lockable(
            locks,
            clauses.distinct.is_some(),
            &parts,
            aggregated,
            level.has_window_calls(),
            !level.set_calls.is_empty(),
        )?;
        if level.scope.recursive && !level.aggregates.is_empty() {
            let message =
                "aggregate functions are not allowed in a recursive query's recursive term";
            return Err(sql_error("42P19", message));
        }
        let mut query = Query {
            from,
            filter: parts.filter.take(),
            ..Query::default()
        };
        if aggregated {
            query.aggregate = Some(aggregate_of(&mut query, &mut parts, &mut level)?);
        }
        let output = parts
            .targets
            .iter()
            .filter(|t| !t.hidden)
            .map(|t| OutputColumn {
                name: t.name.clone(),
                sql_type: t.expr.sql_type,
            });
        query.windows = level.windows;
        query.output = output.collect();
        query.projection = parts.targets.into_iter().map(|t| t.expr).collect();
        query.distinct = parts.distinct;
        query.order_by = parts.order_by;
        check_compared(&query)?;
        self.bind_row_locks(&mut query, locks)?;
        over_calls(query, level.set_calls)
    }

    fn bind_parts(
        &mut self,
        clauses: &Clauses<'_>,
        order: &[ast::OrderByExpr],
        resolve: bool,
    ) -> Result<Parts> {
        self.bind_named_windows(clauses.named_windows)?;
        let mut targets = self.bind_targets(clauses.projection, resolve)?;
        let filter = match clauses.filter {
            Some(filter) => {
                Some(self.in_clause(Clause::Where, |b| b.bind_condition(filter, "WHERE"))?)
            }
            None => None,
        };
        let group_by = self.bind_group_by(clauses.group_by, &targets)?;
        let having = match clauses.having {
            Some(having) => {
                Some(self.in_clause(Clause::Having, |b| b.bind_condition(having, "HAVING"))?)
            }
            None => None,
        };
        let visible = targets.len();
        let whole = matches!(clauses.distinct, Some(ast::Distinct::Distinct));
        let mut order_by = self.in_clause(Clause::OrderBy, |b| {
            b.bind_order(order, &mut targets, whole)
        })?;
        let distinct = match clauses.distinct {
            None | Some(ast::Distinct::All) => Distinct::No,
            Some(ast::Distinct::Distinct) => Distinct::All,
            Some(ast::Distinct::On(terms)) => self.in_clause(Clause::OrderBy, |b| {
                b.bind_distinct_on(terms, &mut targets, visible, &mut order_by)
            })?,
        };
        Ok(Parts {
            targets,
            filter,
            group_by,
            having,
            distinct,
            order_by,
        })
    }

    /// The result columns, `*` expanded.
    pub(super) fn bind_targets(
        &mut self,
        items: &[ast::SelectItem],
        resolve: bool,
    ) -> Result<Vec<Target>> {
        let mut targets = Vec::new();
        for item in items {
            let (expr, alias) = match item {
                ast::SelectItem::UnnamedExpr(expr) => (expr, None),
                ast::SelectItem::ExprWithAlias { expr, alias } => (expr, Some(alias)),
                ast::SelectItem::ExprWithAliases { .. } => {
                    return Err(Error::unsupported("several aliases"));
                }
                ast::SelectItem::Wildcard(options) => {
                    check_wildcard(options)?;
                    self.expand_all(&mut targets)?;
                    continue;
                }
                ast::SelectItem::QualifiedWildcard(kind, options) => {
                    check_wildcard(options)?;
                    self.expand_table(kind, &mut targets)?;
                    continue;
                }
            };
            let mut bound = self.bind_expr(expr)?;
            if resolve {
                bound = self.resolve_unknown(bound)?;
            }
            // Only what could be bound is known not to be too deep.
            let name = match alias {
                Some(alias) => fold(alias)?,
                None => figure_name(expr)?,
            };
            targets.push(Target::new(bound, name));
        }
        Ok(targets)
    }

    fn expand_all(&mut self, targets: &mut Vec<Target>) -> Result<()> {
        let scope = &self.level().scope;
        if scope.tables.is_empty() {
            return Err(sql_error(
                "42601",
                "SELECT * with no tables specified is not valid",
            ));
        }
        targets.extend(
            scope
                .visible
                .iter()
                .map(|v| Target::new(v.expr.clone(), v.name.clone())),
        );
        Ok(())
    }

    fn expand_table(
        &mut self,
        kind: &ast::SelectItemQualifiedWildcardKind,
        targets: &mut Vec<Target>,
    ) -> Result<()> {
        let ast::SelectItemQualifiedWildcardKind::ObjectName(name) = kind else {
            return Err(Error::unsupported("* of an expression"));
        };
        let (schema, ident) = match parts(name)?.as_slice() {
            [ident] => (None, *ident),
            [schema, ident] => (Some(fold(schema)?), *ident),
            _ => return Err(Error::unsupported(format_args!("the name {name}"))),
        };
        let alias = fold(ident)?;
        let scope = &self.level().scope;
        match scope.table_in(schema.as_deref(), &alias, ident)? {
            Some(table) => {
                let columns = table.columns.iter();
                targets.extend(
                    columns.map(|c| Target::new(column(c.position, c.sql_type), c.name.clone())),
                );
                Ok(())
            }
            None => Err(missing_table(&alias, ident)),
        }
    }

    /// A key of GROUP BY: a position, a column, or else the name of a result column.
    pub(super) fn bind_group_key(&mut self, term: &ast::Expr, targets: &[Target]) -> Result<Expr> {
        let chosen = match group_ordinal(term, targets.len())? {
            Some(position) => Some(&targets[position]),
            None => match term {
                ast::Expr::Identifier(ident) => {
                    let name = fold(ident)?;
                    match self.level().scope.find(&name, ident)? {
                        Found::Column(expr) => return Ok(expr),
                        Found::Nothing => targets.iter().find(|t| t.name == name),
                    }
                }
                _ => None,
            },
        };
        match chosen {
            Some(target) if uses_aggregates(&target.expr) => Err(sql_error(
                "42803",
                "aggregate functions are not allowed in GROUP BY",
            )),
            Some(target) if uses_windows(&target.expr) => Err(sql_error(
                "42P20",
                "window functions are not allowed in GROUP BY",
            )),
            Some(target) => Ok(target.expr.clone()),
            None => {
                let key = self.bind_expr(term)?;
                self.resolve_unknown(key)
            }
        }
    }

    /// `(query) ORDER BY … LIMIT …`, where the query may have both already.
    fn bind_parenthesized(
        &mut self,
        inner: &ast::Query,
        order: &[ast::OrderByExpr],
    ) -> Result<Query> {
        let inner = self.bind_query(inner, true)?;
        let columns = inner.output.iter().map(|c| (c.name.clone(), c.sql_type));
        let scope = Scope::of_columns("", columns);
        let from = From::Subquery {
            query: Box::new(inner),
            alias: String::new(),
            row_ids: Vec::new(),
        };
        self.bind_all_of(from, scope, order)
    }

    /// `SELECT * FROM from ORDER BY order`
    pub(super) fn bind_all_of(
        &mut self,
        from: From,
        scope: Scope,
        order: &[ast::OrderByExpr],
    ) -> Result<Query> {
        let level = Level::new(scope, Clause::OrderBy);
        let ((targets, order_by), level) = self.with_level(level, |binder| {
            let mut targets = Vec::new();
            binder.expand_all(&mut targets)?;
            let order_by = binder.bind_order(order, &mut targets, false)?;
            Ok((targets, order_by))
        })?;
        let plain = level.aggregates.is_empty() && level.set_calls.is_empty();
        if !plain || level.has_window_calls() {
            return Err(Error::unsupported(
                "an aggregate, a window function or a function that gives rows in ORDER BY of VALUES or of a query in parentheses",
            ));
        }
        let mut query = select_all(from, targets);
        query.order_by = order_by;
        Ok(query)
    }

    fn bind_values(&mut self, values: &ast::Values, order: &[ast::OrderByExpr]) -> Result<Query> {
        let rows = value_rows(values)?;
        let level = Level::new(Scope::default(), Clause::Values);
        let (bound, _) = self.with_level(level, |binder| {
            let bind_row = |row: &&[ast::Expr]| {
                row.iter()
                    .map(|e| binder.bind_expr(e))
                    .collect::<Result<Vec<_>>>()
            };
            rows.iter().map(bind_row).collect::<Result<Vec<_>>>()
        })?;
        let width = bound.first().map_or(0, Vec::len);
        let mut rows: Vec<Vec<Expr>> = bound.iter().map(|_| Vec::with_capacity(width)).collect();
        let mut columns: Vec<_> = (0..width).map(|_| Vec::with_capacity(rows.len())).collect();
        for expr in bound
            .into_iter()
            .flat_map(|row| row.into_iter().enumerate())
        {
            columns[expr.0].push(expr.1);
        }
        let mut types = Vec::with_capacity(width);
        for column in columns {
            let (exprs, sql_type) = self.unify(column, "VALUES")?;
            types.push(sql_type);
            rows.iter_mut()
                .zip(exprs)
                .for_each(|(row, expr)| row.push(expr));
        }
        let names = (1..).map(|i| format!("column{i}"));
        let scope = Scope::of_columns("*VALUES*", names.zip(types.iter().copied()));
        self.bind_all_of(From::Values { rows, types }, scope, order)
    }
}

/// The grouping of the rows of `query`, over which the other parts are then.
fn aggregate_of(query: &mut Query, parts: &mut Parts, level: &mut Level) -> Result<Aggregate> {
    let targets = parts.targets.iter_mut().map(|t| &mut t.expr);
    let windows = level.windows.iter_mut().flat_map(Window::expressions_mut);
    let others = targets.chain(windows);
    let keys = &mut parts.group_by.keys;
    below_groups(query, keys, &mut level.set_calls, &level.scope, others)?;
    let mut read: Vec<&mut Expr> = parts.targets.iter_mut().map(|t| &mut t.expr).collect();
    level.set_calls = still_used(&mut read, std::mem::take(&mut level.set_calls))?;
    let targets = parts.targets.iter_mut().map(|t| &mut t.expr);
    let windows = level.windows.iter_mut().flat_map(Window::expressions_mut);
    let arguments = level.set_calls.iter_mut().flat_map(SetCall::arguments_mut);
    let over_groups = targets.chain(parts.having.iter_mut()).chain(windows);
    let keys = Grouping::new(&parts.group_by, level.aggregates.len(), &level.scope)
        .apply(over_groups.chain(arguments))?;
    Ok(Aggregate {
        keys,
        sets: std::mem::take(&mut parts.group_by.sets),
        calls: std::mem::take(&mut level.aggregates),
        having: parts.having.take(),
    })
}

/// The rows of VALUES. `42601` when they are not of one length.
pub(super) fn value_rows(values: &ast::Values) -> Result<Vec<&[ast::Expr]>> {
    let ast::Values {
        explicit_row,
        value_keyword,
        rows,
    } = values;
    refuse(*explicit_row, "ROW in VALUES")?;
    refuse(*value_keyword, "VALUE instead of VALUES")?;
    let rows: Vec<&[ast::Expr]> = rows.iter().map(|row| row.content.as_slice()).collect();
    if rows.iter().any(|row| row.len() != rows[0].len()) {
        return Err(sql_error(
            "42601",
            "VALUES lists must all be the same length",
        ));
    }
    Ok(rows)
}

/// What PostgreSQL calls a body whose rows are no rows of tables.
fn with_locks(body: &ast::SetExpr) -> &'static str {
    match body {
        ast::SetExpr::SetOperation { .. } => "UNION/INTERSECT/EXCEPT",
        ast::SetExpr::Values(_) => "VALUES",
        _ => "a query in parentheses",
    }
}

/// A query of all of `targets` and nothing else.
pub(super) fn select_all(from: From, targets: Vec<Target>) -> Query {
    let output = targets.iter().filter(|t| !t.hidden).map(|t| OutputColumn {
        name: t.name.clone(),
        sql_type: t.expr.sql_type,
    });
    Query {
        from: Some(from),
        output: output.collect(),
        projection: targets.into_iter().map(|t| t.expr).collect(),
        ..Query::default()
    }
}

/// `query` with `projection` computed from its result columns.
pub(super) fn cast_columns(query: Query, projection: &[Expr]) -> Query {
    let names = query
        .output
        .iter()
        .map(|c| c.name.clone())
        .chain(std::iter::repeat_with(String::new));
    let targets = projection
        .iter()
        .zip(names)
        .map(|(e, name)| Target::new(e.clone(), name))
        .collect();
    let from = From::Subquery {
        query: Box::new(query),
        alias: "*SELECT*".to_string(),
        row_ids: Vec::new(),
    };
    select_all(from, targets)
}

/// `VALUES` of rows that are complete and cast.
pub(super) fn constant_rows(rows: Vec<Vec<Expr>>, types: Vec<SqlType>) -> Query {
    let targets = types
        .iter()
        .enumerate()
        .map(|(i, t)| Target::new(column(i, *t), String::new()))
        .collect();
    select_all(From::Values { rows, types }, targets)
}

fn order_terms(order_by: Option<&ast::OrderBy>) -> Result<&[ast::OrderByExpr]> {
    let Some(ast::OrderBy { kind, interpolate }) = order_by else {
        return Ok(&[]);
    };
    refuse(interpolate.is_some(), "INTERPOLATE")?;
    match kind {
        ast::OrderByKind::Expressions(terms) => Ok(terms),
        ast::OrderByKind::All(_) => Err(Error::unsupported("ORDER BY ALL")),
    }
}

fn check_wildcard(options: &ast::WildcardAdditionalOptions) -> Result<()> {
    let ast::WildcardAdditionalOptions {
        wildcard_token: _,
        opt_ilike,
        opt_exclude,
        opt_except,
        opt_replace,
        opt_rename,
        opt_alias,
    } = options;
    let used = opt_ilike.is_some()
        || opt_exclude.is_some()
        || opt_except.is_some()
        || opt_replace.is_some()
        || opt_rename.is_some()
        || opt_alias.is_some();
    refuse(used, "an option of *")
}
