//! The names that an expression can see.

use super::names::{at, fold, sql_error};
use crate::catalog::Table;
use crate::error::{Error, Result};
use crate::sql::bound::{Expr, ExprKind};
use crate::types::SqlType;
use sqlparser::ast::Ident;
use std::sync::Arc;

/// A table, under the name by which the statement knows it.
#[derive(Clone, Debug)]
pub(super) struct ScopeTable {
    /// Its alias.
    pub(super) alias: String,
    /// The schema that may be said before it: of a relation that is known by its own name.
    pub(super) schema: Option<String>,
    /// Whether its name alone means its one column: that of a function which gives single values.
    pub(super) is_single: bool,
    /// Names, types and positions of its columns.
    pub(super) columns: Vec<ScopeColumn>,
    /// The table itself, when it is one.
    pub(super) table: Option<Arc<Table>>,
}

/// A column of a table of the statement.
#[derive(Clone, Debug)]
pub(super) struct ScopeColumn {
    pub(super) name: String,
    pub(super) sql_type: SqlType,
    /// In the input row.
    pub(super) position: usize,
}

/// A column that needs no qualifier, in the order of `*`. A column of `USING` stands for those of both tables.
#[derive(Clone, Debug)]
pub(super) struct Visible {
    pub(super) name: String,
    pub(super) expr: Expr,
}

/// The tables and columns of one level.
#[derive(Clone, Debug, Default)]
pub(super) struct Scope {
    pub(super) tables: Vec<ScopeTable>,
    pub(super) visible: Vec<Visible>,
    /// Columns of the input row.
    pub(super) width: usize,
    /// Whether the working table of a recursive query is among the tables.
    pub(super) recursive: bool,
}

/// What a name turned out to be.
pub(super) enum Found {
    Column(Expr),
    /// No such column here.
    Nothing,
}

impl Scope {
    /// The scope of one table.
    pub(super) fn of_table(alias: &str, table: &Arc<Table>) -> Self {
        let columns = table.columns.iter().map(|c| (c.name.clone(), c.sql_type));
        let mut scope = Self::of_columns(alias, columns);
        scope.tables[0].table = Some(Arc::clone(table));
        if table.name.own() == alias {
            scope.tables[0].schema = Some(table.name.schema().to_owned());
        }
        scope
    }

    /// The scope of columns that are not a table's.
    pub(super) fn of_columns(
        alias: &str,
        columns: impl IntoIterator<Item = (String, SqlType)>,
    ) -> Self {
        let columns: Vec<ScopeColumn> = columns
            .into_iter()
            .enumerate()
            .map(|(position, (name, sql_type))| ScopeColumn {
                name,
                sql_type,
                position,
            })
            .collect();
        let visible = columns
            .iter()
            .map(|c| Visible {
                name: c.name.clone(),
                expr: column(c.position, c.sql_type),
            })
            .collect();
        Self {
            width: columns.len(),
            recursive: false,
            visible,
            tables: vec![ScopeTable {
                alias: alias.to_string(),
                schema: None,
                is_single: false,
                columns,
                table: None,
            }],
        }
    }

    /// Moves all positions up by `by`.
    pub(super) fn shift(&mut self, by: usize) {
        for table in &mut self.tables {
            for column in &mut table.columns {
                column.position += by;
            }
        }
        for visible in &mut self.visible {
            columns_mut(&mut visible.expr, &mut |kind, column| {
                *kind = ExprKind::Column(column + by);
            });
        }
    }

    /// The table of that alias.
    pub(super) fn table(&self, alias: &str) -> Option<&ScopeTable> {
        self.tables.iter().find(|t| t.alias == alias)
    }

    /// The table of that alias, in that schema if one is said. Errors: `42P09` when several schemas have one.
    pub(super) fn table_in(
        &self,
        schema: Option<&str>,
        alias: &str,
        ident: &Ident,
    ) -> Result<Option<&ScopeTable>> {
        let mut found = self
            .tables
            .iter()
            .filter(|t| t.alias == alias && (schema.is_none() || t.schema.as_deref() == schema));
        let first = found.next();
        match found.next() {
            None => Ok(first),
            Some(_) => {
                let message = format!("table reference \"{alias}\" is ambiguous");
                Err(at(sql_error("42P09", message), ident))
            }
        }
    }

    /// The column of that name, wherever it is. `42702` when several tables have one.
    pub(super) fn find(&self, name: &str, ident: &Ident) -> Result<Found> {
        let mut matches = self.visible.iter().filter(|v| v.name == name);
        match (matches.next(), matches.next()) {
            (None, _) => Ok(Found::Nothing),
            (Some(found), None) => Ok(Found::Column(found.expr.clone())),
            (Some(_), Some(_)) => Err(ambiguous(name, ident)),
        }
    }

    /// The name of the column at `position`, with its table's, for messages.
    pub(super) fn name_of(&self, position: usize) -> String {
        self.tables
            .iter()
            .find_map(|t| {
                let column = t.columns.iter().find(|c| c.position == position)?;
                Some(format!("{}.{}", t.alias, column.name))
            })
            .unwrap_or_else(|| format!("column {}", position + 1))
    }

    /// The table that has the column at `position`.
    pub(super) fn table_of(&self, position: usize) -> Option<&ScopeTable> {
        self.tables
            .iter()
            .find(|t| t.columns.iter().any(|c| c.position == position))
    }
}

impl ScopeTable {
    /// The column of that name. `42703` when there is none, `42702` when there are several.
    pub(super) fn find(&self, name: &str, ident: &Ident) -> Result<Expr> {
        let mut matches = self.columns.iter().filter(|c| c.name == name);
        match (matches.next(), matches.next()) {
            (Some(c), None) => Ok(column(c.position, c.sql_type)),
            (Some(_), Some(_)) => Err(ambiguous(name, ident)),
            (None, _) => {
                let error = sql_error(
                    "42703",
                    format!("column {}.{name} does not exist", self.alias),
                );
                Err(at(error, ident))
            }
        }
    }
}

fn ambiguous(name: &str, ident: &Ident) -> Error {
    at(
        sql_error("42702", format!("column reference \"{name}\" is ambiguous")),
        ident,
    )
}

/// A column of the input row.
pub(super) fn column(position: usize, sql_type: SqlType) -> Expr {
    Expr {
        kind: ExprKind::Column(position),
        sql_type,
    }
}

/// Calls `change` for each column in `expr`: a visible expression is a column, or one cast, or the first of several.
fn columns_mut(expr: &mut Expr, change: &mut dyn FnMut(&mut ExprKind, usize)) {
    match &mut expr.kind {
        ExprKind::Column(position) => {
            let position = *position;
            change(&mut expr.kind, position);
        }
        ExprKind::Cast { input, .. } => columns_mut(input, change),
        ExprKind::Coalesce(list) => list.iter_mut().for_each(|e| columns_mut(e, change)),
        other => unreachable!("a visible column is a column, a cast or COALESCE, not {other:?}"),
    }
}

/// The expression as it is seen from `depth` subqueries down.
fn outward(mut expr: Expr, depth: usize) -> Expr {
    columns_mut(&mut expr, &mut |kind, column| {
        *kind = ExprKind::OuterColumn { depth, column };
    });
    expr
}

/// Finds the column that `idents` name in `scopes`, innermost last.
pub(super) fn resolve<'s>(
    scopes: impl DoubleEndedIterator<Item = &'s Scope> + Clone,
    idents: &[Ident],
) -> Result<Expr> {
    let seen_from = |depth: usize, expr: Expr| {
        if depth == 0 {
            expr
        } else {
            outward(expr, depth)
        }
    };
    let [qualifiers @ .., last] = idents else {
        return Err(sql_error("42601", "syntax error: an empty name"));
    };
    let name = fold(last)?;
    let (of, qualifier) = match qualifiers {
        [] => (None, None),
        [table] => (None, Some(table)),
        [schema, table] => (Some(fold(schema)?), Some(table)),
        _ => {
            return Err(at(
                Error::unsupported("a reference with this many parts"),
                last,
            ));
        }
    };
    let Some(qualifier) = qualifier else {
        for (depth, scope) in scopes.clone().rev().enumerate() {
            if let Found::Column(expr) = scope.find(&name, last)? {
                return Ok(seen_from(depth, expr));
            }
        }
        for (depth, scope) in scopes.clone().rev().enumerate() {
            if let Some(table) = scope.table(&name).filter(|table| table.is_single) {
                let only = &table.columns[0];
                return Ok(seen_from(depth, column(only.position, only.sql_type)));
            }
        }
        if scopes.clone().any(|s| s.table(&name).is_some()) {
            return Err(at(Error::unsupported("a reference to a whole row"), last));
        }
        let error = sql_error("42703", format!("column \"{name}\" does not exist"));
        return Err(at(error, last));
    };
    let alias = fold(qualifier)?;
    for (depth, scope) in scopes.rev().enumerate() {
        if let Some(table) = scope.table_in(of.as_deref(), &alias, qualifier)? {
            return Ok(seen_from(depth, table.find(&name, last)?));
        }
    }
    Err(missing_table(&alias, qualifier))
}

/// `42P01` for a qualifier that names no table of the statement.
pub(super) fn missing_table(alias: &str, ident: &Ident) -> Error {
    let error = sql_error(
        "42P01",
        format!("missing FROM-clause entry for table \"{alias}\""),
    );
    at(error, ident)
}
