//! What INSERT, UPDATE and DELETE change: a table, by itself or through views.
//!
//! ```text
//!   CREATE VIEW v (n, twice) AS SELECT a, a * 2 FROM t WHERE a > 0      UPDATE v SET n = 7 WHERE twice = 4
//!
//!     n      column 0 of t                                              column 0 = 7
//!     twice  column VIEW_BASE + 1, which becomes column 0 * 2           WHERE column 0 > 0 AND column 0 * 2 = 4
//! ```
//!
//! A view can be changed if each of its rows is one row of one table (or of another such view), and nothing decides which
//! rows there are but WHERE: PostgreSQL's rule. Columns that are columns of the table can be set, others only be read.
//!
//! What a view with a CHECK OPTION shows is checked of each new row, those of views below it first. CASCADED is handed
//! down to all views below, LOCAL asks only what the view itself says.

use super::change::{assigned_twice, row_rules};
use super::context::Binder;
use super::names::{at, single, sql_error};
use super::scope::{Scope, ScopeColumn, ScopeTable, Visible, column};
use crate::catalog::{CheckOption, Schema, Table, View};
use crate::error::{Error, ErrorKind, Result};
use crate::sql::Reading;
use crate::sql::bound::{Distinct, Expr, ExprKind, From, Query, RowRules, WINDOW_BASE};
use crate::sql::parse::parse_query;
use crate::sql::walk::reference_nodes_mut;
use sqlparser::ast;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Until they are replaced, columns of a view that are none of the table are the columns from here on.
const VIEW_BASE: usize = WINDOW_BASE / 4;
/// The same of the row that was to be added, behind the row that is there.
const EXCLUDED_BASE: usize = WINDOW_BASE / 2;

/// What is done to a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Insert,
    Update,
    Delete,
}

/// The target of a change.
pub(super) struct ChangeTarget {
    /// The table whose rows are changed.
    pub(super) table: Arc<Table>,
    /// What is done to it.
    verb: Verb,
    /// The view through which it is seen, if it is one.
    view: Option<Shown>,
}

/// What a view shows of a table.
struct Shown {
    name: String,
    columns: Vec<ShownColumn>,
    /// Which rows it shows: conditions of this view and those below, with their names, the lowest first.
    filter: Vec<(String, Expr)>,
    /// What new rows must be, by the views that ask for it.
    checks: Vec<(String, Expr)>,
}

/// A column of a view.
struct ShownColumn {
    name: String,
    /// What it is over the columns of the table.
    expr: Expr,
    /// The column of a view, this or one below, that this comes from.
    origin: (String, String),
}

impl ShownColumn {
    /// The column of the table that it is.
    fn own(&self) -> Option<usize> {
        own_column(&self.expr)
    }
}

impl Binder<'_> {
    /// The table, or the table behind the view, of that name. Errors: `42P01`, `42809`; `55000` for a view that does not
    /// show the rows of one table as they are.
    pub(super) fn change_target(
        &mut self,
        name: &ast::ObjectName,
        verb: Verb,
    ) -> Result<ChangeTarget> {
        let (folded, ident) = self.relation(name)?;
        let Some(view) = self.schema.view(&folded).cloned() else {
            self.refuse_view(name, |kind, name| {
                sql_error("42809", format!("cannot change {kind} \"{name}\""))
            })?;
            return Ok(ChangeTarget::of(self.table(name)?, verb));
        };
        let shown = self.shown_by(&view, verb, false);
        let (table, shown) = shown.map_err(|error| at(error, ident))?;
        Ok(ChangeTarget {
            table,
            verb,
            view: Some(shown),
        })
    }

    /// The table behind `view`, and what it shows of it; `cascaded` when a view above asks that new rows are shown.
    fn shown_by(&mut self, view: &View, verb: Verb, cascaded: bool) -> Result<(Arc<Table>, Shown)> {
        let parsed = parse_query(&view.query.text)?;
        let query = self.deeper(1, |binder| {
            let mut own = binder.beside();
            own.reading = Reading::stored(&view.query);
            let query = own.bind_query(&parsed, true)?;
            binder.cte_ids = own.cte_ids;
            Ok(query)
        })?;
        let refused = |why| refused(verb, view.name.own(), why);
        let source = only_source(&query, &parsed).map_err(refused)?;
        if verb != Verb::Delete && !has_own_column(&query) {
            return Err(refused(NO_COLUMN));
        }
        if self.system_table(source)?.is_some() {
            return Err(refused(NOT_SINGLE));
        }
        let (source, _) = {
            let mut own = self.beside();
            own.reading = Reading::stored(&view.query);
            own.relation(source)?
        };
        let cascaded = cascaded || view.check_option == Some(CheckOption::Cascaded);
        let (table, below) = match (query.from, self.schema.view(&source).cloned()) {
            (Some(From::Table { table, .. }), None) => (table, None),
            (Some(From::Subquery { .. }), Some(inner)) => {
                let (table, below) = self.shown_by(&inner, verb, cascaded)?;
                (table, Some(below))
            }
            _ => return Err(refused(NOT_SINGLE)),
        };
        let mut exprs: Vec<Expr> = query.projection;
        exprs.truncate(view.columns.len());
        let names = view.columns.iter().map(|(name, _)| name.clone());
        let mut shown = Shown {
            name: view.name.to_string(),
            columns: Vec::with_capacity(exprs.len()),
            filter: Vec::from_iter(query.filter.map(|e| (view.name.to_string(), e))),
            checks: Vec::new(),
        };
        for (name, expr) in names.zip(exprs) {
            let inner = own_column(&expr).and_then(|c| below.as_ref()?.columns.get(c));
            let origin = match inner {
                Some(inner) => inner.origin.clone(),
                None => (view.name.to_string(), name.clone()),
            };
            shown.columns.push(ShownColumn { name, expr, origin });
        }
        shown.stand_on(below, cascaded || view.check_option.is_some())?;
        Ok((table, shown))
    }

    /// Refuses `WITH CHECK OPTION` of a view of this query, as it is bound and as it was written, that cannot be changed.
    /// Errors: `0A000`.
    pub(super) fn may_check(&self, query: &Query, written: &ast::Query) -> Result<()> {
        let why = match only_source(query, written) {
            Ok(_) if has_own_column(query) => return Ok(()),
            Ok(_) => NO_COLUMN,
            Err(why) => why,
        };
        let message =
            format!("WITH CHECK OPTION is supported only on automatically updatable views ({why})");
        Err(Error::new(ErrorKind::Unsupported, "0A000", message))
    }

    /// Refuses a view, materialized or not, where only a table may stand, with what `refused` says of its kind and name.
    pub(super) fn refuse_view(
        &self,
        name: &ast::ObjectName,
        refused: impl FnOnce(&str, &str) -> Error,
    ) -> Result<()> {
        let (folded, ident) = self.relation(name)?;
        match self.schema.dependents().find(|d| *d.name() == folded) {
            Some(view) => Err(at(refused(view.kind(), folded.own()), ident)),
            None => Ok(()),
        }
    }
}

/// Which columns of `view` can be set through it.
pub(in crate::sql) fn settable_columns(schema: &Schema, view: &View) -> Vec<bool> {
    let mut binder = Binder::new(schema);
    binder.without_rows = true;
    match binder.shown_by(view, Verb::Update, false) {
        Ok((_, shown)) => shown.columns.iter().map(|c| c.own().is_some()).collect(),
        Err(_) => vec![false; view.columns.len()],
    }
}

impl Shown {
    /// Makes what is said over the columns of the view `below` something over those of the table; `checked` when new rows
    /// must be shown.
    fn stand_on(&mut self, below: Option<Shown>, checked: bool) -> Result<()> {
        let mut filter_below = Vec::new();
        if let Some(below) = below {
            let exprs = self.columns.iter_mut().map(|c| &mut c.expr);
            let conditions = self.filter.iter_mut().map(|(_, e)| e);
            for expr in exprs.chain(conditions) {
                replace(expr, 0, &below.columns, 0)?;
            }
            self.checks = below.checks;
            filter_below = below.filter;
        }
        if checked {
            self.checks.extend_from_slice(&self.filter);
        }
        filter_below.append(&mut self.filter);
        self.filter = filter_below;
        Ok(())
    }
}

impl ChangeTarget {
    /// A table by itself.
    pub(super) fn of(table: Arc<Table>, verb: Verb) -> Self {
        Self {
            table,
            verb,
            view: None,
        }
    }

    /// The name of the table or the view.
    pub(super) fn name(&self) -> &str {
        match &self.view {
            Some(view) => &view.name,
            None => self.table.name.own(),
        }
    }

    /// Whether it is a view.
    pub(super) fn is_view(&self) -> bool {
        self.view.is_some()
    }

    /// What expressions see of it as `alias`.
    pub(super) fn scope(&self, alias: &str) -> Scope {
        self.scope_at(alias, 0, VIEW_BASE)
    }

    /// What expressions see, as `alias`, of the row that was to be added, which stands behind the row that is there.
    pub(super) fn excluded_scope(&self, alias: &str) -> Scope {
        self.scope_at(alias, self.table.columns.len(), EXCLUDED_BASE)
    }

    fn scope_at(&self, alias: &str, first: usize, base: usize) -> Scope {
        let Some(view) = &self.view else {
            let mut scope = Scope::of_table(alias, &self.table);
            scope.shift(first);
            return scope;
        };
        let columns = view.columns.iter().enumerate();
        let columns = columns.map(|(i, shown)| ScopeColumn {
            name: shown.name.clone(),
            sql_type: shown.expr.sql_type,
            position: shown.own().map_or(base + i, |own| first + own),
        });
        let columns: Vec<ScopeColumn> = columns.collect();
        let visible = columns.iter().map(|c| Visible {
            name: c.name.clone(),
            expr: column(c.position, c.sql_type),
        });
        Scope {
            visible: visible.collect(),
            width: self.table.columns.len(),
            recursive: false,
            tables: vec![ScopeTable {
                alias: alias.to_owned(),
                schema: None,
                is_single: false,
                columns,
                table: None,
            }],
        }
    }

    /// The column of the table that a name means, to be set. Errors: `42703`; `0A000` for one that can only be read.
    pub(super) fn column(&self, name: &ast::ObjectName) -> Result<usize> {
        let (folded, ident) = single(name)?;
        let found = match &self.view {
            None => self.table.position(&folded),
            Some(view) => match view.columns.iter().find(|c| c.name == folded) {
                Some(shown) => Some(self.settable(shown).map_err(|error| at(error, ident))?),
                None => None,
            },
        };
        found.ok_or_else(|| {
            let name = self.name();
            let message = format!("column \"{folded}\" of relation \"{name}\" does not exist");
            at(sql_error("42703", message), ident)
        })
    }

    /// The column of the table that the column of that name is, which is none where a view computes it; `None` when there is
    /// no column of that name.
    pub(super) fn position(&self, name: &str) -> Option<Option<usize>> {
        match &self.view {
            None => self.table.position(name).map(Some),
            Some(view) => {
                let mut columns = view.columns.iter();
                columns.find(|c| c.name == name).map(ShownColumn::own)
            }
        }
    }

    /// The column of the table that a column of the view is. `0A000` when it is none.
    fn settable(&self, shown: &ShownColumn) -> Result<usize> {
        shown.own().ok_or_else(|| {
            let what = match self.verb {
                Verb::Insert => "insert into",
                Verb::Update | Verb::Delete => "update",
            };
            let (view, column) = &shown.origin;
            let message = format!(
                "cannot {what} column \"{column}\" of view \"{view}\" (View columns that are not columns of their base \
                 relation are not updatable.)"
            );
            Error::new(ErrorKind::Unsupported, "0A000", message)
        })
    }

    /// The columns of the table that so many values of an INSERT are for: those that it names, else the first ones. Errors:
    /// `42601` for another number of values, or two for one column; `0A000` for a column that can only be read.
    pub(super) fn given(&self, named: Option<Vec<usize>>, values: usize) -> Result<Vec<usize>> {
        let available = match (&named, &self.view) {
            (Some(named), _) => named.len(),
            (None, Some(view)) => view.columns.len(),
            (None, None) => self.table.columns.len(),
        };
        if values > available {
            let message = "INSERT has more expressions than target columns";
            return Err(sql_error("42601", message));
        }
        if values < available && named.is_some() {
            let message = "INSERT has more target columns than expressions";
            return Err(sql_error("42601", message));
        }
        let Some(view) = &self.view else {
            return Ok(named.unwrap_or_else(|| (0..values).collect()));
        };
        let columns = match named {
            Some(named) => named,
            None => {
                let first = view.columns.iter().take(values);
                first.map(|c| self.settable(c)).collect::<Result<_>>()?
            }
        };
        let mut set = BTreeSet::new();
        match columns.iter().find(|column| !set.insert(**column)) {
            Some(twice) => Err(assigned_twice(&self.table.columns[*twice].name)),
            None => Ok(columns),
        }
    }

    /// `filter` of the rows that are there to be changed.
    pub(super) fn filter(&self, filter: Option<Expr>) -> Option<Expr> {
        let Some(view) = &self.view else {
            return filter;
        };
        let shown = view.filter.iter().map(|(_, condition)| condition.clone());
        let all: Vec<Expr> = shown.chain(filter).collect();
        match all.is_empty() {
            true => None,
            false => Some(super::operator::boolean(ExprKind::And(all))),
        }
    }

    /// What a row must be that is changed because it is in the way of a new one, by the views that ask for it.
    pub(super) fn visible(&self) -> Vec<(String, Expr)> {
        let filter = self.view.as_ref().map(|view| view.filter.clone());
        filter.unwrap_or_default()
    }

    /// What new rows go through.
    pub(super) fn rules(&self) -> Result<RowRules> {
        let mut rules = row_rules(&self.table)?;
        if let Some(view) = &self.view {
            rules.view_checks.clone_from(&view.checks);
        }
        Ok(rules)
    }

    /// Puts what the columns of the view are in their places.
    pub(super) fn expand<'e>(&self, exprs: impl IntoIterator<Item = &'e mut Expr>) -> Result<()> {
        let Some(view) = &self.view else {
            return Ok(());
        };
        for expr in exprs {
            replace(expr, VIEW_BASE, &view.columns, 0)?;
            replace(expr, EXCLUDED_BASE, &view.columns, self.table.columns.len())?;
        }
        Ok(())
    }
}

/// Replaces the columns from `first` on by what `columns` are, over a row that begins at position `start`.
fn replace(expr: &mut Expr, first: usize, columns: &[ShownColumn], start: usize) -> Result<()> {
    reference_nodes_mut(expr, 0, &mut |node, depth| {
        let (ExprKind::Column(position)
        | ExprKind::OuterColumn {
            column: position, ..
        }) = node.kind
        else {
            return Ok(());
        };
        let Some(shown) = position.checked_sub(first).and_then(|at| columns.get(at)) else {
            return Ok(());
        };
        let mut own = shown.expr.clone();
        // It now stands so many subqueries below the row that it reads.
        reference_nodes_mut(&mut own, 0, &mut |inner, within| {
            if let ExprKind::Column(column) | ExprKind::OuterColumn { column, .. } = inner.kind {
                let column = start + column;
                inner.kind = match depth + within {
                    0 => ExprKind::Column(column),
                    depth => ExprKind::OuterColumn { depth, column },
                };
            }
            Ok(())
        })?;
        *node = own;
        Ok(())
    })
}

/// The column of the input that an expression is.
fn own_column(expr: &Expr) -> Option<usize> {
    match expr.kind {
        ExprKind::Column(column) => Some(column),
        _ => None,
    }
}

/// Whether some column of the query is one of its source.
fn has_own_column(query: &Query) -> bool {
    let mut columns = query.projection[..query.output.len()].iter();
    columns.any(|e| own_column(e).is_some())
}

const NOT_SINGLE: &str =
    "Views that do not select from a single table or view are not automatically updatable.";
const NO_COLUMN: &str = "Views that have no updatable columns are not automatically updatable.";

/// The table or view whose rows the rows of a query are, which is bound and as it was written; else why they are not.
fn only_source<'q>(
    query: &Query,
    written: &'q ast::Query,
) -> Result<&'q ast::ObjectName, &'static str> {
    let aggregate = query.aggregate.as_ref();
    let having = aggregate.is_some_and(|a| a.having.is_some());
    let grouped = aggregate.is_some_and(|a| !a.keys.is_empty() || !a.sets.is_empty());
    let sets = matches!(query.from, Some(From::SetOperation(_)));
    let gives_rows = matches!(query.from, Some(From::SetRows(_)));
    let reasons = [
        (
            query.distinct != Distinct::No,
            "Views containing DISTINCT are not automatically updatable.",
        ),
        (
            grouped,
            "Views containing GROUP BY are not automatically updatable.",
        ),
        (
            having,
            "Views containing HAVING are not automatically updatable.",
        ),
        (
            sets,
            "Views containing UNION, INTERSECT, or EXCEPT are not automatically updatable.",
        ),
        (
            !query.with.is_empty(),
            "Views containing WITH are not automatically updatable.",
        ),
        (
            query.limit.is_some() || query.offset.is_some(),
            "Views containing LIMIT or OFFSET are not automatically updatable.",
        ),
        (
            aggregate.is_some(),
            "Views that return aggregate functions are not automatically updatable.",
        ),
        (
            !query.windows.is_empty(),
            "Views that return window functions are not automatically updatable.",
        ),
        (
            gives_rows,
            "Views that return set-returning functions are not automatically updatable.",
        ),
    ];
    match reasons.iter().find(|(is, _)| *is) {
        Some((_, why)) => Err(why),
        None => only_name(written),
    }
}

/// The only source in FROM.
fn only_name(written: &ast::Query) -> Result<&ast::ObjectName, &'static str> {
    let select = match &*written.body {
        ast::SetExpr::Select(select) => select,
        ast::SetExpr::Query(inner) if written.order_by.is_none() => return only_name(inner),
        _ => return Err(NOT_SINGLE),
    };
    let [ast::TableWithJoins { relation, joins }] = select.from.as_slice() else {
        return Err(NOT_SINGLE);
    };
    match relation {
        ast::TableFactor::Table {
            sample: Some(_), ..
        } => Err("Views containing TABLESAMPLE are not automatically updatable."),
        ast::TableFactor::Table {
            name, args: None, ..
        } if joins.is_empty() => Ok(name),
        _ => Err(NOT_SINGLE),
    }
}

fn refused(verb: Verb, view: &str, why: &str) -> Error {
    let what = match verb {
        Verb::Insert => "insert into",
        Verb::Update => "update",
        Verb::Delete => "delete from",
    };
    sql_error("55000", format!("cannot {what} view \"{view}\" ({why})"))
}
