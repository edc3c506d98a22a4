//! INSERT, UPDATE and DELETE.

use super::call::refuse;
use super::coerce::{Context, can_cast, literal};
use super::context::{Binder, Clause, Level};
use super::integrity::Touches;
use super::names::{at, fold, single, sql_error};
use super::query::{cast_columns, constant_rows, value_rows};
use super::scope::{Scope, column};
use super::stored::bind_stored;
use crate::catalog::{Column, Table};
use crate::error::{Error, Result};
use crate::sql::bound::{Delete, Expr, Insert, OutputColumn, Query, Returning, Update};
use crate::sql::parse::parse_expression;
use crate::types::{SqlType, Value};
use sqlparser::ast;
use std::sync::Arc;

impl Binder<'_> {
    /// `INSERT`
    pub(super) fn bind_insert(&mut self, insert: &ast::Insert) -> Result<Insert> {
        let (name, alias, columns, source, returning) = insert_parts(insert)?;
        let table = self.table(name)?;
        let alias = match alias {
            Some(alias) => fold(&alias.alias)?,
            None => table.name.clone(),
        };
        let named = !columns.is_empty();
        let columns = if named {
            target_columns(&table, columns)?
        } else {
            (0..table.columns.len()).collect()
        };
        let source = match source {
            None => {
                let row = defaults(&table)?;
                constant_rows(vec![row], column_types(&table))
            }
            Some(query) => match bare_values(query) {
                Some(values) => self.insert_values(&table, &columns, named, values)?,
                None => self.insert_query(&table, &columns, named, query)?,
            },
        };
        let scope = Scope::of_table(&alias, &table);
        Ok(Insert {
            with: Vec::new(),
            checks: checks(&table)?,
            integrity: self.integrity(&table, &Touches::New)?,
            source,
            returning: self.bind_returning(scope, returning)?,
            table,
        })
    }

    fn insert_values(
        &mut self,
        table: &Table,
        columns: &[usize],
        named: bool,
        values: &ast::Values,
    ) -> Result<Query> {
        let defaults = defaults(table)?;
        let rows = value_rows(values)?;
        let level = Level::new(Scope::default(), Clause::Values);
        let (rows, _) = self.with_level(level, |binder| {
            let mut bound = Vec::with_capacity(rows.len());
            for row in rows {
                check_width(row.len(), columns.len(), named)?;
                let mut full = defaults.clone();
                for (expr, position) in row.iter().zip(columns) {
                    if !is_default(expr) {
                        let value = binder.bind_expr(expr)?;
                        full[*position] = binder.assign(value, &table.columns[*position])?;
                    }
                }
                bound.push(full);
            }
            Ok(bound)
        })?;
        Ok(constant_rows(rows, column_types(table)))
    }

    fn insert_query(
        &mut self,
        table: &Table,
        columns: &[usize],
        named: bool,
        query: &ast::Query,
    ) -> Result<Query> {
        let mut query = self.bind_query(query, false)?;
        check_width(query.output.len(), columns.len(), named)?;
        let mut projection = defaults(table)?;
        for (position, target) in columns.iter().enumerate().take(query.output.len()) {
            let target_column = &table.columns[*target];
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

    /// `expr` as a value for `column`. `42804` when it is none.
    fn assign(&mut self, expr: Expr, column: &Column) -> Result<Expr> {
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

    fn bind_returning(
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

    /// `UPDATE`
    pub(super) fn bind_update(&mut self, update: &ast::Update) -> Result<Update> {
        let ast::Update {
            update_token: _,
            optimizer_hints: _,
            table,
            on_cluster,
            assignments,
            from,
            selection,
            returning,
            output,
            or,
            order_by,
            limit,
            settings,
        } = update;
        refuse(from.is_some(), "UPDATE … FROM")?;
        refuse(
            on_cluster.is_some() || output.is_some() || or.is_some() || settings.is_some(),
            "an option of UPDATE",
        )?;
        refuse(
            !order_by.is_empty() || limit.is_some(),
            "ORDER BY and LIMIT in UPDATE",
        )?;
        let (table, scope) = self.bind_target(table)?;
        let level = Level::new(scope, Clause::Set);
        let ((assignments, filter), level) = self.with_level(level, |binder| {
            let assignments = binder.bind_assignments(&table, assignments)?;
            Ok((assignments, binder.bind_where(selection.as_ref())?))
        })?;
        let columns: Vec<usize> = assignments.iter().map(|(column, _)| *column).collect();
        Ok(Update {
            with: Vec::new(),
            integrity: self.integrity(&table, &Touches::Columns(&columns))?,
            filter,
            assignments,
            checks: checks(&table)?,
            returning: self.bind_returning(level.scope, returning.as_deref())?,
            table,
        })
    }

    fn bind_where(&mut self, filter: Option<&ast::Expr>) -> Result<Option<Expr>> {
        filter
            .map(|filter| {
                self.in_clause(Clause::Where, |binder| {
                    binder.bind_condition(filter, "WHERE")
                })
            })
            .transpose()
    }

    /// The table that a statement changes, alone and perhaps with an alias.
    fn bind_target(&mut self, target: &ast::TableWithJoins) -> Result<(Arc<Table>, Scope)> {
        let ast::TableWithJoins { relation, joins } = target;
        refuse(!joins.is_empty(), "a join as the target of a change")?;
        let (table, alias) = self.bind_table(relation)?;
        let alias = match alias {
            Some(ast::TableAlias {
                explicit: _,
                name,
                columns,
                at: partiql,
            }) => {
                refuse(
                    !columns.is_empty() || partiql.is_some(),
                    "column aliases of the target of a change",
                )?;
                fold(name)?
            }
            None => table.name.clone(),
        };
        let scope = Scope::of_table(&alias, &table);
        Ok((table, scope))
    }

    fn bind_assignments(
        &mut self,
        table: &Table,
        assignments: &[ast::Assignment],
    ) -> Result<Vec<(usize, Expr)>> {
        let mut pairs: Vec<(&ast::ObjectName, &ast::Expr)> = Vec::new();
        for ast::Assignment { target, value } in assignments {
            match (target, value) {
                (ast::AssignmentTarget::ColumnName(name), value) => pairs.push((name, value)),
                (ast::AssignmentTarget::Tuple(names), ast::Expr::Tuple(values))
                    if names.len() == values.len() =>
                {
                    pairs.extend(names.iter().zip(values));
                }
                (ast::AssignmentTarget::Tuple(names), ast::Expr::Nested(value))
                    if names.len() == 1 =>
                {
                    pairs.push((&names[0], value));
                }
                (ast::AssignmentTarget::Tuple(_), ast::Expr::Subquery(_)) => {
                    return Err(Error::unsupported(
                        "UPDATE of several columns from a subquery",
                    ));
                }
                (ast::AssignmentTarget::Tuple(_), _) => {
                    return Err(sql_error(
                        "42601",
                        "number of columns does not match number of values",
                    ));
                }
            }
        }
        let mut bound: Vec<(usize, Expr)> = Vec::new();
        for (name, value) in pairs {
            let position = target_column(table, name)?;
            let column = &table.columns[position];
            if bound.iter().any(|(p, _)| *p == position) {
                let message = format!("multiple assignments to same column \"{}\"", column.name);
                return Err(sql_error("42601", message));
            }
            let value = if is_default(value) {
                default_of(column)?
            } else {
                let value = self.bind_expr(value)?;
                self.assign(value, column)?
            };
            bound.push((position, value));
        }
        Ok(bound)
    }

    /// `DELETE`
    pub(super) fn bind_delete(&mut self, delete: &ast::Delete) -> Result<Delete> {
        let ast::Delete {
            delete_token: _,
            optimizer_hints: _,
            tables,
            from,
            on_cluster,
            using,
            selection,
            returning,
            output,
            order_by,
            limit,
            settings,
        } = delete;
        refuse(using.is_some(), "DELETE … USING")?;
        refuse(
            on_cluster.is_some() || output.is_some() || settings.is_some(),
            "an option of DELETE",
        )?;
        refuse(
            !order_by.is_empty() || limit.is_some(),
            "ORDER BY and LIMIT in DELETE",
        )?;
        let target = match from {
            ast::FromTable::WithFromKeyword(from) if tables.is_empty() && from.len() == 1 => {
                &from[0]
            }
            ast::FromTable::WithFromKeyword(_) => {
                return Err(Error::unsupported("DELETE from several tables"));
            }
            ast::FromTable::WithoutKeyword(_) => {
                return Err(sql_error("42601", "syntax error: DELETE without FROM"));
            }
        };
        let (table, scope) = self.bind_target(target)?;
        let level = Level::new(scope, Clause::Where);
        let (filter, level) =
            self.with_level(level, |binder| binder.bind_where(selection.as_ref()))?;
        Ok(Delete {
            with: Vec::new(),
            integrity: self.integrity(&table, &Touches::Old)?,
            filter,
            returning: self.bind_returning(level.scope, returning.as_deref())?,
            table,
        })
    }
}

type InsertParts<'a> = (
    &'a ast::ObjectName,
    Option<&'a ast::TableAliasWithoutColumns>,
    &'a [ast::ObjectName],
    Option<&'a ast::Query>,
    Option<&'a [ast::SelectItem]>,
);

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
    refuse(on.is_some(), "ON CONFLICT")?;
    refuse(overriding.is_some(), "OVERRIDING")?;
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
    Ok((
        name,
        table_alias.as_ref(),
        columns,
        source.as_deref(),
        returning.as_deref(),
    ))
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

fn check_width(expressions: usize, columns: usize, named: bool) -> Result<()> {
    if expressions > columns {
        return Err(sql_error(
            "42601",
            "INSERT has more expressions than target columns",
        ));
    }
    if expressions < columns && named {
        return Err(sql_error(
            "42601",
            "INSERT has more target columns than expressions",
        ));
    }
    Ok(())
}

/// The keyword DEFAULT, which the parser takes for a name.
fn is_default(expr: &ast::Expr) -> bool {
    match expr {
        ast::Expr::Identifier(ident) => {
            ident.quote_style.is_none() && ident.value.eq_ignore_ascii_case("default")
        }
        _ => false,
    }
}

fn target_columns(table: &Table, names: &[ast::ObjectName]) -> Result<Vec<usize>> {
    let mut columns = Vec::with_capacity(names.len());
    for name in names {
        let column = target_column(table, name)?;
        if columns.contains(&column) {
            let message = format!(
                "column \"{}\" specified more than once",
                table.columns[column].name
            );
            return Err(sql_error("42701", message));
        }
        columns.push(column);
    }
    Ok(columns)
}

fn target_column(table: &Table, name: &ast::ObjectName) -> Result<usize> {
    let (folded, ident) = single(name)?;
    table
        .columns
        .iter()
        .position(|c| c.name == folded)
        .ok_or_else(|| {
            let message = format!(
                "column \"{folded}\" of relation \"{}\" does not exist",
                table.name
            );
            at(sql_error("42703", message), ident)
        })
}

fn column_types(table: &Table) -> Vec<SqlType> {
    table.columns.iter().map(|c| c.sql_type).collect()
}

/// The defaults of all columns.
pub(super) fn defaults(table: &Table) -> Result<Vec<Expr>> {
    table.columns.iter().map(default_of).collect()
}

fn default_of(column: &Column) -> Result<Expr> {
    match &column.default {
        None => Ok(literal(Value::Null, column.sql_type)),
        Some(text) => bind_stored(
            &parse_expression(text)?,
            &column.name,
            &[],
            Clause::Default,
            column.sql_type,
        ),
    }
}

/// The CHECK constraints, by name.
pub(super) fn checks(table: &Table) -> Result<Vec<(String, Expr)>> {
    table
        .checks
        .iter()
        .map(|(name, text)| {
            let parsed = parse_expression(text)?;
            let bound = bind_stored(
                &parsed,
                &table.name,
                &table.columns,
                Clause::Check,
                SqlType::Bool,
            )?;
            Ok((name.clone(), bound))
        })
        .collect()
}
