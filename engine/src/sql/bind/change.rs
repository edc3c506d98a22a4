//! What INSERT, UPDATE, DELETE and MERGE have in common.

use super::call::refuse;
use super::coerce::{Context, can_cast, literal};
use super::context::{Binder, Clause, Level};
use super::from::table_factor;
use super::generated::generated_columns;
use super::names::{fold, single, sql_error};
use super::query::cast_columns;
use super::row_value::row_values;
use super::scope::{Scope, column as scope_column};
use super::sequence::default_text;
use super::stored::bind_stored;
use super::updatable::{ChangeTarget, Verb};
use crate::catalog::{Column, Table, Types};
use crate::error::{Error, ErrorKind, Result};
use crate::sql::bound::{Expr, ExprKind, OutputColumn, Returning, RowRules};
use crate::sql::element_targets::element;
use crate::sql::parse::parse_expression;
use crate::types::{SqlType, Value};
use sqlparser::ast;

impl Binder<'_> {
    /// `expr` as a value for `column`. `42804` when it is none.
    pub(super) fn assign(&mut self, expr: Expr, column: &Column) -> Result<Expr> {
        if !can_cast(expr.sql_type, column.sql_type, Context::Assignment) {
            let message = format!(
                "column \"{}\" is of type {} but expression is of type {}",
                column.name,
                column.sql_type.base_name(),
                expr.sql_type.base_name()
            );
            return Err(sql_error("42804", message));
        }
        self.cast(expr, column.sql_type, Context::Assignment)
    }

    pub(super) fn bind_returning(
        &mut self,
        scope: Scope,
        items: Option<&[ast::SelectItem]>,
    ) -> Result<Option<Returning>> {
        let Some(items) = items else {
            return Ok(None);
        };
        let level = Level::new(scope, Clause::Returning);
        let (targets, _) = self.with_level(level, |binder| binder.bind_targets(items, true))?;
        let output = targets.iter().map(|t| OutputColumn {
            name: t.name.clone(),
            sql_type: t.expr.sql_type,
        });
        Ok(Some(Returning {
            output: output.collect(),
            expressions: targets.into_iter().map(|t| t.expr).collect(),
        }))
    }

    pub(super) fn bind_where(&mut self, filter: Option<&ast::Expr>) -> Result<Option<Expr>> {
        filter
            .map(|filter| {
                self.in_clause(Clause::Where, |binder| {
                    binder.bind_condition(filter, "WHERE")
                })
            })
            .transpose()
    }

    /// What a statement changes, and the name it goes by.
    pub(super) fn bind_target(
        &mut self,
        target: &ast::TableWithJoins,
        verb: Verb,
    ) -> Result<(ChangeTarget, String)> {
        let ast::TableWithJoins { relation, joins } = target;
        refuse(!joins.is_empty(), "a join as the target of a change")?;
        let (name, alias) = table_factor(relation)?;
        let target = self.change_target(name, verb)?;
        let alias = target_alias(alias)?.unwrap_or_else(|| target.name().to_owned());
        Ok((target, alias))
    }

    /// `SET`: column positions and their new values, cast. The row as it was begins at position `first` of what expressions
    /// read.
    pub(super) fn bind_assignments(
        &mut self,
        target: &ChangeTarget,
        assignments: &[ast::Assignment],
        first: usize,
    ) -> Result<Vec<(usize, Expr)>> {
        let mut bound: Vec<(usize, Expr)> = Vec::new();
        // The columns of which only elements are set, as often as the statement likes.
        let mut in_parts: Vec<usize> = Vec::new();
        for (name, value) in self.assigned_values(assignments)? {
            let element = element(name);
            let position = target.column(element.as_ref().map_or(name, |(name, _)| name))?;
            let column = &target.table.columns[position];
            let before = bound.iter().position(|(p, _)| *p == position);
            if before.is_some() && (element.is_none() || !in_parts.contains(&position)) {
                return Err(assigned_twice(&column.name));
            }
            let is_always = column.identity.as_ref().is_some_and(|i| i.always);
            if column.generated.is_some() || is_always {
                if !matches!(value, Assigned::Written(value) if is_default(value)) {
                    let name = &column.name;
                    let message = format!("column \"{name}\" can only be updated to DEFAULT");
                    return Err(sql_error("428C9", message));
                }
                if column.generated.is_some() {
                    continue;
                }
            }
            if let Some((_, subscripts)) = element {
                in_parts.push(position);
                let array = match before {
                    Some(before) => bound.remove(before).1,
                    None => scope_column(first + position, column.sql_type),
                };
                let value = self.bind_element(array, &column.name, subscripts, value)?;
                bound.push((position, value));
                continue;
            }
            let value = match value {
                Assigned::Written(value) if is_default(value) => {
                    default_of(column, &target.table.types)?
                }
                Assigned::Written(value) => {
                    let value = self.bind_expr(value)?;
                    self.assign(value, column)?
                }
                Assigned::Bound(value) => self.assign(value, column)?,
            };
            bound.push((position, value));
        }
        Ok(bound)
    }

    /// Puts an assigned value into the array that a new row has at `position`, which `before` says to have elements already.
    pub(super) fn put_element(
        &mut self,
        row: &mut [Expr],
        before: bool,
        (column, position): (&Column, usize),
        subscripts: &str,
        value: Assigned<'_>,
    ) -> Result<()> {
        let mut array = literal(Value::Null, column.sql_type);
        if before {
            std::mem::swap(&mut array, &mut row[position]);
        }
        row[position] = self.bind_element(array, &column.name, subscripts, value)?;
        Ok(())
    }

    /// `array` with an assigned value at its subscripts.
    pub(super) fn bind_element(
        &mut self,
        array: Expr,
        name: &str,
        subscripts: &str,
        value: Assigned<'_>,
    ) -> Result<Expr> {
        self.bind_element_target(array, name, subscripts, |binder| match value {
            Assigned::Written(value) if is_default(value) => {
                let message = "cannot set an array element to DEFAULT";
                Err(Error::new(ErrorKind::Unsupported, "0A000", message))
            }
            Assigned::Written(value) => binder.bind_expr(value),
            Assigned::Bound(value) => Ok(value),
        })
    }

    /// The columns of `SET`, each with its value.
    fn assigned_values<'a>(
        &mut self,
        assignments: &'a [ast::Assignment],
    ) -> Result<Vec<(&'a ast::ObjectName, Assigned<'a>)>> {
        let mut pairs = Vec::new();
        for ast::Assignment { target, value } in assignments {
            let names = match target {
                ast::AssignmentTarget::ColumnName(name) => {
                    pairs.push((name, Assigned::Written(value)));
                    continue;
                }
                ast::AssignmentTarget::Tuple(names) => names,
            };
            let values = match value {
                ast::Expr::Nested(value) if row_values(value).is_none() => {
                    vec![Assigned::Written(value)]
                }
                ast::Expr::Subquery(query) => self.assigned_row(query)?,
                other => match row_values(other) {
                    Some(values) => values.into_iter().map(Assigned::Written).collect(),
                    None => {
                        let message = "source for a multiple-column UPDATE item must be a sub-SELECT or ROW() expression";
                        return Err(Error::new(ErrorKind::Unsupported, "0A000", message));
                    }
                },
            };
            if names.len() != values.len() {
                return Err(sql_error(
                    "42601",
                    "number of columns does not match number of values",
                ));
            }
            pairs.extend(names.iter().zip(values));
        }
        Ok(pairs)
    }

    /// The columns of a subquery of one row, each by itself.
    fn assigned_row<'a>(&mut self, query: &ast::Query) -> Result<Vec<Assigned<'a>>> {
        let query = self.bind_query(query, true)?;
        let types: Vec<SqlType> = query.output.iter().map(|c| c.sql_type).collect();
        let one = |(position, sql_type): (usize, &SqlType)| {
            let single = cast_columns(query.clone(), &[scope_column(position, *sql_type)]);
            Assigned::Bound(Expr {
                kind: ExprKind::ScalarSubquery(Box::new(single)),
                sql_type: *sql_type,
            })
        };
        Ok(types.iter().enumerate().map(one).collect())
    }
}

/// The name that the target of a change is given, if it is.
pub(super) fn target_alias(alias: Option<&ast::TableAlias>) -> Result<Option<String>> {
    let Some(ast::TableAlias {
        explicit: _,
        name,
        columns,
        at: partiql,
    }) = alias
    else {
        return Ok(None);
    };
    refuse(
        !columns.is_empty() || partiql.is_some(),
        "column aliases of the target of a change",
    )?;
    fold(name).map(Some)
}

/// `42601` for a column that is set twice.
pub(super) fn assigned_twice(column: &str) -> Error {
    let message = format!("multiple assignments to same column \"{column}\"");
    sql_error("42601", message)
}

/// A value of SET.
pub(super) enum Assigned<'a> {
    Written(&'a ast::Expr),
    Bound(Expr),
}

/// The keyword DEFAULT, which the parser takes for a name.
pub(super) fn is_default(expr: &ast::Expr) -> bool {
    match expr {
        ast::Expr::Identifier(ident) => {
            ident.quote_style.is_none() && ident.value.eq_ignore_ascii_case("default")
        }
        _ => false,
    }
}

/// The columns that an INSERT names.
#[derive(Default)]
pub(super) struct TargetColumns {
    /// Their positions in the table; `None` when it names none.
    pub(super) positions: Option<Vec<usize>>,
    /// For each the text of the subscripts behind it, if there are some.
    subscripts: Vec<Option<String>>,
}

impl TargetColumns {
    /// The subscripts behind the column at place `at` of the list.
    pub(super) fn subscripts(&self, at: usize) -> Option<&str> {
        self.subscripts.get(at)?.as_deref()
    }
}

/// The columns of the table that `names` mean, none of which stands there twice but for its elements. Errors: `42703`, `42701`,
/// `0A000`.
pub(super) fn target_columns(
    target: &ChangeTarget,
    names: &[ast::ObjectName],
) -> Result<TargetColumns> {
    if names.is_empty() {
        return Ok(TargetColumns::default());
    }
    let mut columns = Vec::with_capacity(names.len());
    let mut subscripts = Vec::with_capacity(names.len());
    let mut folded: Vec<(String, bool)> = Vec::with_capacity(names.len());
    for name in names {
        let element = element(name);
        let name = element.as_ref().map_or(name, |(name, _)| name);
        let column = target.column(name)?;
        let (name, _) = single(name)?;
        let is_whole = element.is_none();
        let twice = folded
            .iter()
            .any(|(known, whole)| *known == name && (*whole || is_whole));
        if twice {
            let message = format!("column \"{name}\" specified more than once");
            return Err(sql_error("42701", message));
        }
        columns.push(column);
        subscripts.push(element.map(|(_, text)| text.to_owned()));
        folded.push((name, is_whole));
    }
    Ok(TargetColumns {
        positions: Some(columns),
        subscripts,
    })
}

/// The defaults of all columns.
pub(super) fn defaults(table: &Table) -> Result<Vec<Expr>> {
    let columns = table.columns.iter();
    columns.map(|c| default_of(c, &table.types)).collect()
}

fn default_of(column: &Column, types: &Types) -> Result<Expr> {
    match default_text(column) {
        None => Ok(literal(Value::Null, column.sql_type)),
        Some(text) => bind_stored(
            &parse_expression(&text)?,
            &column.name,
            (&[], types),
            Clause::Default,
            column.sql_type,
        ),
    }
}

/// What the new rows of a table go through.
pub(super) fn row_rules(table: &Table) -> Result<RowRules> {
    Ok(RowRules {
        generated: generated_columns(table)?,
        checks: checks(table)?,
        view_checks: Vec::new(),
    })
}

/// The CHECK constraints, by name.
fn checks(table: &Table) -> Result<Vec<(String, Expr)>> {
    table
        .checks
        .iter()
        .map(|(name, text)| {
            let parsed = parse_expression(text)?;
            let bound = bind_stored(
                &parsed,
                table.name.own(),
                (&table.columns, &table.types),
                Clause::Check,
                SqlType::Bool,
            )?;
            Ok((name.clone(), bound))
        })
        .collect()
}
