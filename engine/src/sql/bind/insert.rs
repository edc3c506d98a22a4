//! INSERT.

use super::call::refuse;
use super::change::{Assigned, TargetColumns, defaults, is_default, row_rules, target_columns};
use super::context::{Binder, Clause, Level};
use super::generated::takes_value;
use super::integrity::Touches;
use super::names::fold;
use super::query::{cast_columns, constant_rows, value_rows};
use super::scope::{Scope, column};
use super::set_call::over_calls;
use super::updatable::{ChangeTarget, Verb};
use crate::catalog::Table;
use crate::error::{Error, Result};
use crate::sql::bound::{Expr, Insert, OutputColumn, Query};
use crate::types::SqlType;
use sqlparser::ast;
use std::sync::Arc;

impl Binder<'_> {
    /// `INSERT`
    pub(super) fn bind_insert(&mut self, insert: &ast::Insert) -> Result<Insert> {
        let InsertParts {
            name,
            alias,
            columns,
            overriding,
            source,
            on,
            returning,
        } = insert_parts(insert)?;
        let target = self.change_target(name, Verb::Insert)?;
        let table = target.table.clone();
        let alias = match alias {
            Some(alias) => fold(&alias.alias)?,
            None => target.name().to_owned(),
        };
        let columns = target_columns(&target, columns)?;
        let source = match source {
            None => {
                let row = defaults(&table)?;
                constant_rows(vec![row], column_types(&table))
            }
            Some(query) => match bare_values(query) {
                Some(values) => self.insert_values((&target, columns), overriding, values)?,
                None => self.insert_query((&target, columns), overriding, query)?,
            },
        };
        let conflict = on
            .map(|on| self.bind_conflict(&target, &alias, on))
            .transpose()?;
        let update = conflict.as_ref().and_then(|c| c.update.as_ref());
        let columns: Vec<usize> = update.map_or_else(Vec::new, |update| {
            update
                .assignments
                .iter()
                .map(|(column, _)| *column)
                .collect()
        });
        let touches = Touches {
            new: true,
            columns: &columns,
            old: false,
        };
        let mut returning = self.bind_returning(target.scope(&alias), returning)?;
        target.expand(returning.iter_mut().flat_map(|r| &mut r.expressions))?;
        Ok(Insert {
            with: Vec::new(),
            rules: target.rules()?,
            integrity: self.integrity(&table, &touches)?,
            source,
            conflict,
            returning,
            table,
        })
    }

    /// An INSERT of the rows of `source`, which have all columns of the table, and nothing else.
    pub(super) fn plain_insert(&mut self, table: Arc<Table>, source: Query) -> Result<Insert> {
        let touches = Touches {
            new: true,
            ..Touches::default()
        };
        Ok(Insert {
            with: Vec::new(),
            rules: row_rules(&table)?,
            integrity: self.integrity(&table, &touches)?,
            source,
            conflict: None,
            returning: None,
            table,
        })
    }

    fn insert_values(
        &mut self,
        (target, named): (&ChangeTarget, TargetColumns),
        overriding: Option<ast::InsertOverriding>,
        values: &ast::Values,
    ) -> Result<Query> {
        let table = &target.table;
        let defaults = defaults(table)?;
        let rows = value_rows(values)?;
        let width = rows.first().map_or(0, |row| row.len());
        let columns = target.given(named.positions.clone(), width)?;
        let clause = match rows.len() {
            1 => Clause::SingleValues,
            _ => Clause::Values,
        };
        let level = Level::new(Scope::default(), clause);
        let (rows, level) = self.with_level(level, |binder| {
            let mut bound = Vec::with_capacity(rows.len());
            for row in rows {
                let row = (row, overriding);
                bound.push(binder.insert_row(table, (&columns, &named), row, defaults.clone())?);
            }
            Ok(bound)
        })?;
        if level.set_calls.is_empty() {
            return Ok(constant_rows(rows, column_types(table)));
        }
        let projection: Vec<Expr> = rows.into_iter().flatten().collect();
        let output = projection.iter().map(|e| OutputColumn {
            name: String::new(),
            sql_type: e.sql_type,
        });
        let row = Query {
            output: output.collect(),
            projection,
            ..Query::default()
        };
        over_calls(row, level.set_calls)
    }

    /// A value for each column of the table: those written for `columns`, else their defaults.
    pub(super) fn insert_row(
        &mut self,
        table: &Table,
        (columns, named): (&[usize], &TargetColumns),
        (written, overriding): (&[ast::Expr], Option<ast::InsertOverriding>),
        mut row: Vec<Expr>,
    ) -> Result<Vec<Expr>> {
        for (at, (expr, position)) in written.iter().zip(columns).enumerate() {
            if let Some(subscripts) = named.subscripts(at) {
                let column = &table.columns[*position];
                takes_value(column, overriding)?;
                let before = columns[..at].contains(position);
                let value = Assigned::Written(expr);
                self.put_element(&mut row, before, (column, *position), subscripts, value)?;
            } else if !is_default(expr) && takes_value(&table.columns[*position], overriding)? {
                let value = self.bind_expr(expr)?;
                row[*position] = self.assign(value, &table.columns[*position])?;
            }
        }
        Ok(row)
    }

    fn insert_query(
        &mut self,
        (target, named): (&ChangeTarget, TargetColumns),
        overriding: Option<ast::InsertOverriding>,
        query: &ast::Query,
    ) -> Result<Query> {
        let table = &target.table;
        let mut query = self.bind_query(query, false)?;
        let columns = target.given(named.positions.clone(), query.output.len())?;
        let mut projection = defaults(table)?;
        for (position, target) in columns.iter().enumerate() {
            let target_column = &table.columns[*target];
            if !takes_value(target_column, overriding)? {
                continue;
            }
            if let Some(subscripts) = named.subscripts(position) {
                let before = columns[..position].contains(target);
                let value = Assigned::Bound(column(position, query.output[position].sql_type));
                let place = (target_column, *target);
                self.put_element(&mut projection, before, place, subscripts, value)?;
                continue;
            }
            let output = &mut query.output[position];
            if output.sql_type == SqlType::Unknown {
                // A literal is read as a value of the column that it goes to.
                let expr = query.projection[position].clone();
                query.projection[position] = self.assign(expr, target_column)?;
                output.sql_type = query.projection[position].sql_type;
            }
            projection[*target] = self.assign(column(position, output.sql_type), target_column)?;
        }
        Ok(cast_columns(query, &projection))
    }
}

/// What of an INSERT is not refused.
struct InsertParts<'a> {
    name: &'a ast::ObjectName,
    alias: Option<&'a ast::TableAliasWithoutColumns>,
    columns: &'a [ast::ObjectName],
    overriding: Option<ast::InsertOverriding>,
    source: Option<&'a ast::Query>,
    on: Option<&'a ast::OnInsert>,
    returning: Option<&'a [ast::SelectItem]>,
}

fn insert_parts(insert: &ast::Insert) -> Result<InsertParts<'_>> {
    let ast::Insert {
        insert_token: _,
        optimizer_hints: _,
        or,
        ignore,
        into: _,
        table,
        table_alias,
        columns,
        by_name,
        overwrite,
        source,
        assignments,
        partitioned,
        after_columns,
        overriding,
        has_table_keyword,
        on,
        returning,
        output,
        replace_into,
        priority,
        insert_alias,
        settings,
        format_clause,
        multi_table_insert_type,
        multi_table_into_clauses,
        multi_table_when_clauses,
        multi_table_else_clause,
    } = insert;
    refuse(
        or.is_some() || *ignore || *replace_into || priority.is_some(),
        "a modifier of INSERT",
    )?;
    refuse(
        *overwrite || *has_table_keyword || *by_name || partitioned.is_some(),
        "a modifier of INSERT",
    )?;
    refuse(
        !assignments.is_empty() || !after_columns.is_empty(),
        "INSERT … SET",
    )?;
    refuse(
        output.is_some() || insert_alias.is_some() || settings.is_some(),
        "an option of INSERT",
    )?;
    let multi = multi_table_insert_type.is_some()
        || !multi_table_into_clauses.is_empty()
        || !multi_table_when_clauses.is_empty()
        || multi_table_else_clause.is_some();
    refuse(format_clause.is_some() || multi, "an option of INSERT")?;
    let ast::TableObject::TableName(name) = table else {
        return Err(Error::unsupported("INSERT into what is not a table"));
    };
    Ok(InsertParts {
        name,
        alias: table_alias.as_ref(),
        columns,
        overriding: *overriding,
        source: source.as_deref(),
        on: on.as_ref(),
        returning: returning.as_deref(),
    })
}

/// `VALUES` with nothing around it.
fn bare_values(query: &ast::Query) -> Option<&ast::Values> {
    let ast::Query {
        with: None,
        body,
        order_by: None,
        limit_clause: None,
        fetch: None,
        locks,
        for_clause: None,
        settings: None,
        format_clause: None,
        pipe_operators,
    } = query
    else {
        return None;
    };
    match &**body {
        ast::SetExpr::Values(values) if locks.is_empty() && pipe_operators.is_empty() => {
            Some(values)
        }
        _ => None,
    }
}

fn column_types(table: &Table) -> Vec<SqlType> {
    table.columns.iter().map(|c| c.sql_type).collect()
}
