//! Tables about the schema in FROM, and the functions and casts that ask them: `pg_get_indexdef`, `format_type`,
//! `'t'::regclass`.
//!
//! Such a function is a scalar subquery over those tables, so that it is planned as one: of many rows as a join.

use super::super::visit::visit_expressions_mut;
use super::call::chosen;
use super::coerce::literal;
use super::context::Binder;
use super::data_type::sql_type;
use super::names::{at, fold, parts, sql_error};
use super::scope::Scope;
use crate::catalog::RelationName;
use crate::error::{Error, Result};
use crate::sql::bound::{Expr, ExprKind, From};
use crate::sql::identifier::qualified;
use crate::sql::parse::{parse_data_type, parse_expression};
use crate::sql::search_path::identifiers;
use crate::sql::system::{self, SystemTable};
use crate::types::{ElementType, SqlArray, SqlType, Value};
use sqlparser::ast;
use std::ops::ControlFlow;

/// Functions, and the queries that they are; `$1` and `$2` stand for the arguments.
const FUNCTIONS: [(&str, &str); 10] = [
    (
        "pg_get_constraintdef",
        r##"(SELECT "#text" FROM pg_catalog."#definition" WHERE "#kind" = 'constraint' AND "#number" = $1)"##,
    ),
    (
        "pg_get_indexdef",
        r##"(SELECT "#text" FROM pg_catalog."#definition" WHERE "#kind" = 'index' AND "#number" = $1)"##,
    ),
    (
        "pg_get_viewdef",
        r##"(SELECT "#text" FROM pg_catalog."#definition" WHERE "#kind" = 'view' AND "#number" = $1)"##,
    ),
    (
        "pg_table_is_visible",
        r##"(SELECT bool_or("#kind" = 'visible') FROM pg_catalog."#definition"
            WHERE "#kind" IN ('relation', 'visible') AND "#number" = $1)"##,
    ),
    (
        "format_type",
        r##"(SELECT CASE
                WHEN "#number" IN (1083, 1183, 1114, 1115, 1184, 1185) AND $2 >= 0
                    THEN replace("#text", ' with', '(' || CAST($2 AS text) || ') with')
                ELSE "#text" END || CASE
                WHEN "#number" IN (1186, 1187) AND $2 >= 0 THEN
                    CASE $2 / 65536 WHEN 4 THEN ' year' WHEN 2 THEN ' month' WHEN 8 THEN ' day' WHEN 1024 THEN ' hour'
                    WHEN 2048 THEN ' minute' WHEN 4096 THEN ' second' WHEN 6 THEN ' year to month'
                    WHEN 1032 THEN ' day to hour' WHEN 3080 THEN ' day to minute' WHEN 7176 THEN ' day to second'
                    WHEN 3072 THEN ' hour to minute' WHEN 7168 THEN ' hour to second' WHEN 6144 THEN ' minute to second'
                    ELSE '' END
                    || CASE $2 % 65536 WHEN 65535 THEN '' ELSE '(' || CAST($2 % 65536 AS text) || ')' END
                WHEN $2 < 4 THEN ''
                WHEN "#number" IN (1042, 1043, 1014, 1015) THEN '(' || CAST($2 - 4 AS text) || ')'
                WHEN "#number" IN (1700, 1231)
                    THEN '(' || CAST(($2 - 4) / 65536 AS text) || ',' || CAST(($2 - 4) % 2048 - CASE WHEN ($2 - 4) % 2048 >= 1024 THEN 2048 ELSE 0 END AS text) || ')'
                ELSE '' END || CASE "#kind" WHEN 'array' THEN '[]' ELSE '' END
            FROM pg_catalog."#definition" WHERE "#kind" IN ('type', 'array') AND "#number" = $1)"##,
    ),
    (
        "obj_description",
        r##"(SELECT "description" FROM pg_catalog."pg_description"
            WHERE "objoid" = $1 AND "objsubid" = 0 AND $2 = 'pg_class')"##,
    ),
    (
        "col_description",
        r##"(SELECT "description" FROM pg_catalog."pg_description" WHERE "objoid" = $1 AND "objsubid" = $2)"##,
    ),
    ("pg_get_expr", "$1"),
    (
        "pg_encoding_to_char",
        "CASE WHEN $1 = 6 THEN 'UTF8' WHEN $1 IS NOT NULL THEN '' END",
    ),
    (
        "pg_get_userbyid",
        "CASE WHEN $1 IS NULL THEN NULL ELSE 'postgres' END",
    ),
];

/// What `regclass` gives for a number: the name.
const NAME_OF: &str = r##"(SELECT "#text" FROM pg_catalog."#definition" WHERE "#kind" = 'relation' AND "#number" = $1)"##;

impl Binder<'_> {
    /// The table about the schema that `name` means, if it means one. Errors: `42P01`, `0A000`.
    pub(super) fn system_table(
        &self,
        name: &ast::ObjectName,
    ) -> Result<Option<&'static SystemTable>> {
        match parts(name)?.as_slice() {
            [ident] => Ok(system::find(None, &fold(ident)?)),
            [schema, ident] if system::is_system(&fold(schema)?) => {
                let (schema, table) = (fold(schema)?, fold(ident)?);
                if let Some(found) = system::find(Some(&schema), &table) {
                    return Ok(Some(found));
                }
                let error = match table.starts_with("pg_") {
                    true => Error::unsupported(format_args!("the table {schema}.{table}")),
                    false => {
                        let message = format!("relation \"{schema}.{table}\" does not exist");
                        sql_error("42P01", message)
                    }
                };
                Err(at(error, ident))
            }
            _ => Ok(None),
        }
    }

    /// The source that a table about the schema is in FROM: a derived table of constants.
    pub(super) fn bind_system_table(
        &mut self,
        table: &SystemTable,
        alias: &str,
    ) -> Result<(From, Scope)> {
        let columns = table.columns();
        let types: Vec<SqlType> = columns.iter().map(|(_, sql_type)| *sql_type).collect();
        let row = |values: Vec<Value>| -> Vec<Expr> {
            let values = values.into_iter().zip(&types);
            values
                .map(|(value, sql_type)| literal(value, *sql_type))
                .collect()
        };
        let rows = match self.without_rows {
            true => Vec::new(),
            false => table
                .rows(self.schema, &self.reading.path)
                .into_iter()
                .map(row)
                .collect(),
        };
        let scope = Scope::of_columns(alias, columns);
        let query = self.bind_all_of(From::Values { rows, types }, scope.clone(), &[])?;
        let source = From::Subquery {
            query: Box::new(query),
            alias: alias.to_owned(),
            row_ids: Vec::new(),
        };
        Ok((source, scope))
    }

    /// A call of a function that asks tables about the schema; `None` for another.
    pub(super) fn bind_system_call(
        &mut self,
        name: &str,
        arguments: &[&ast::Expr],
    ) -> Result<Option<Expr>> {
        if let ("current_schema", []) | ("current_schemas", [_]) = (name, arguments) {
            return self.bind_current_schemas(arguments).map(Some);
        }
        if let ("pg_get_serial_sequence", [table, column]) = (name, arguments) {
            return self.bind_serial_sequence(table, column).map(Some);
        }
        if let ("to_regclass" | "to_regtype", [name_of]) = (name, arguments) {
            return self.bind_name_of(name, name_of).map(Some);
        }
        if let Some(answer) = self.bind_privilege_call(name, arguments)? {
            return Ok(Some(answer));
        }
        let Some((_, query)) = FUNCTIONS.iter().find(|(known, _)| *known == name) else {
            return Ok(None);
        };
        // What is written beyond this says how the result is laid out, of which there is one way.
        let fits = match name {
            "format_type" | "col_description" => arguments.len() == 2,
            "pg_get_expr" => (2..=3).contains(&arguments.len()),
            "obj_description" | "pg_get_constraintdef" | "pg_get_viewdef" => {
                (1..=2).contains(&arguments.len())
            }
            _ => arguments.len() == 1,
        };
        if !fits {
            return Ok(None);
        }
        let catalog = ast::Expr::Value(ast::Value::SingleQuotedString("pg_class".into()).into());
        let mut given: Vec<ast::Expr> = Vec::new();
        for argument in arguments {
            given.push(self.with_numbers(argument)?);
        }
        if name == "obj_description" && given.len() == 1 {
            given.push(catalog);
        }
        self.bind_expr(&with_arguments(query, &given)?).map(Some)
    }

    /// `pg_get_serial_sequence`: the sequence that goes with a column, or NULL. Errors: `42P01`, `42703`; `0A000` for names
    /// that are not known before the statement runs.
    fn bind_serial_sequence(&self, table: &ast::Expr, column: &ast::Expr) -> Result<Expr> {
        let (Some(table), Some(column)) = (text_of(table), text_of(column)) else {
            return Err(Error::unsupported(
                "pg_get_serial_sequence of names that are no literals",
            ));
        };
        let name = self.relation_named(table)?;
        let columns = self
            .schema
            .table(&name)
            .map_or(&[][..], |table| &table.columns);
        let Some(found) = columns.iter().find(|c| c.name == column) else {
            let message = format!("column \"{column}\" of relation \"{name}\" does not exist");
            return Err(sql_error("42703", message));
        };
        let sequence = found.sequences.first();
        let text = sequence.map_or(Value::Null, |sequence| Value::Text(qualified(sequence)));
        Ok(literal(text, SqlType::Text))
    }

    /// `to_regclass`, `to_regtype`: the name of what a text names, or NULL. Errors: `42601` for a text that names no type, `0A000` for a text that is not known before
    /// the statement runs.
    fn bind_name_of(&mut self, function: &str, argument: &ast::Expr) -> Result<Expr> {
        let null = literal(Value::Null, SqlType::Text);
        let Some(text) = text_of(argument) else {
            let bound = self.bind_expr(argument)?;
            return match bound.kind {
                ExprKind::Literal(Value::Null) => Ok(null),
                _ => Err(Error::unsupported(format_args!(
                    "{function} of a name that is no literal"
                ))),
            };
        };
        if function == "to_regclass" {
            let name = self.reading.path.named(self.schema, text);
            return Ok(match system::number_of(self.schema, &name) {
                0 => null,
                _ => literal(Value::Text(self.described(&name)), SqlType::Text),
            });
        }
        let named = sql_type(&parse_data_type(text)?, self.schema.types()).ok();
        Ok(named.map_or(null, |known| {
            literal(Value::Text(known.base_name().to_owned()), SqlType::Text)
        }))
    }

    /// `current_schema()`, and `current_schemas(boolean)`.
    fn bind_current_schemas(&mut self, arguments: &[&ast::Expr]) -> Result<Expr> {
        let own = self.reading.path.of_session(self.schema);
        let own = own.map(|name| Value::Text(name.to_owned()));
        let mut own: Vec<Value> = own.collect();
        let Some(implicit) = arguments.first() else {
            let first = own.into_iter().next().unwrap_or(Value::Null);
            return Ok(literal(first, SqlType::Text));
        };
        let implicit = self.bind_expr(implicit)?;
        let implicit = self.condition(implicit, "CASE/WHEN")?;
        let Some(element) = ElementType::new(SqlType::Text) else {
            return Err(Error::misuse("there are no arrays of TEXT"));
        };
        let array = |names: Vec<Value>| {
            let array = SqlArray::new(element, names);
            literal(Value::Array(array), SqlType::Array(element))
        };
        let explicit = array(own.clone());
        own.insert(0, Value::Text("pg_catalog".to_owned()));
        Ok(chosen(implicit, array(own), explicit))
    }

    /// `expr::regclass`: the name of a relation, as TEXT. Errors: `42P01`.
    pub(super) fn bind_regclass(&mut self, expr: &ast::Expr) -> Result<Expr> {
        match text_of(expr) {
            Some(text) => {
                let name = self.relation_named(text)?;
                Ok(literal(Value::Text(self.described(&name)), SqlType::Text))
            }
            None => self.bind_expr(&with_arguments(NAME_OF, std::slice::from_ref(expr))?),
        }
    }

    /// `expr`, where it is a cast of a name to `regclass` the number of that relation, and where it is a cast of something
    /// else to it that itself.
    pub(super) fn with_numbers(&self, expr: &ast::Expr) -> Result<ast::Expr> {
        let ast::Expr::Cast {
            expr: inner,
            data_type: ast::DataType::Regclass,
            ..
        } = expr
        else {
            return Ok(expr.clone());
        };
        let Some(text) = text_of(inner) else {
            return Ok((**inner).clone());
        };
        let number = system::number_of(self.schema, &self.relation_named(text)?);
        let number = ast::Value::Number(number.to_string(), false);
        Ok(ast::Expr::Value(number.into()))
    }

    /// The name of the relation that `text` means. Errors: `3F000`, `42P01`.
    pub(super) fn relation_named(&self, text: &str) -> Result<RelationName> {
        let name = self.named(text)?;
        match system::number_of(self.schema, &name) {
            0 => {
                let written = identifiers(text).join(".");
                let message = format!("relation \"{written}\" does not exist");
                Err(sql_error("42P01", message))
            }
            _ => Ok(name),
        }
    }
}

/// Whether `expr` is a cast to `regclass`.
pub(super) fn is_regclass(expr: &ast::Expr) -> bool {
    matches!(
        expr,
        ast::Expr::Cast {
            data_type: ast::DataType::Regclass,
            ..
        }
    )
}

/// The text of a string literal.
pub(super) fn text_of(expr: &ast::Expr) -> Option<&str> {
    match expr {
        ast::Expr::Value(ast::ValueWithSpan {
            value: ast::Value::SingleQuotedString(text),
            ..
        }) => Some(text),
        _ => None,
    }
}

/// The expression of that text with `arguments` in the places of `$1`, `$2`.
pub(super) fn with_arguments(text: &str, arguments: &[ast::Expr]) -> Result<ast::Expr> {
    let mut expr = parse_expression(text)?;
    let visited = visit_expressions_mut(&mut expr, |part| {
        let place = match part {
            ast::Expr::Value(ast::ValueWithSpan {
                value: ast::Value::Placeholder(name),
                ..
            }) => name.strip_prefix('$').and_then(|n| n.parse::<usize>().ok()),
            _ => None,
        };
        if let Some(argument) = place.and_then(|n| arguments.get(n.checked_sub(1)?)) {
            *part = ast::Expr::Nested(Box::new(argument.clone()));
        }
        ControlFlow::<()>::Continue(())
    });
    debug_assert!(visited.is_continue());
    Ok(expr)
}
