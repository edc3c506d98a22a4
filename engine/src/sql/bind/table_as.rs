//! `CREATE TABLE … AS`: a table with the columns of a query, and a change that adds its rows.

use super::context::Binder;
use super::names::{already_exists, at, fold, relation, sql_error};
use super::table::{COLUMNS_MAX, column_twice};
use crate::catalog::Column;
use crate::error::Result;
use crate::sql::bound::{CreateTable, Insert, Query, RowRules, Statement};
use crate::sql::table_as::TableAs;
use sqlparser::ast;
use std::sync::Arc;

impl Binder<'_> {
    /// `CREATE TABLE … AS`. Errors: `42P07`, `42601`, `42701`, and those of the query.
    pub(super) fn bind_table_as(&mut self, create: &TableAs) -> Result<Statement> {
        let (name, ident) = relation(&create.name)?;
        let exists = self.relation_exists(&name);
        if exists && !create.if_not_exists {
            return Err(already_exists(&name, ident));
        }
        let source = self.bind_query(&create.query, true)?;
        let create_table = CreateTable {
            name,
            exists,
            columns: columns_of(&source, &create.columns)?,
            row_id_column: None,
            primary_key_name: None,
            indexes: Vec::new(),
            checks: Vec::new(),
            foreign_keys: Vec::new(),
            sequences: Vec::new(),
        };
        let rows = (create.with_data && !exists).then(|| Insert {
            with: Vec::new(),
            table: Arc::new(create_table.table()),
            source,
            conflict: None,
            rules: RowRules::default(),
            returning: None,
            integrity: None,
        });
        Ok(match rows {
            Some(rows) => Statement::CreateTableAs(Box::new(create_table), Box::new(rows)),
            None => Statement::CreateTable(Box::new(create_table)),
        })
    }
}

/// The columns of the new table: those of the query, the first of them under the names that are given.
fn columns_of(query: &Query, names: &[ast::Ident]) -> Result<Vec<Column>> {
    if names.len() > query.output.len() {
        return Err(sql_error("42601", "too many column names were specified"));
    }
    if query.output.len() > COLUMNS_MAX {
        let message = format!("tables can have at most {COLUMNS_MAX} columns");
        return Err(sql_error("54011", message));
    }
    let mut columns: Vec<Column> = Vec::with_capacity(query.output.len());
    for (position, output) in query.output.iter().enumerate() {
        let ident = names.get(position);
        let name = match ident {
            Some(ident) => fold(ident)?,
            None => output.name.clone(),
        };
        if columns.iter().any(|c| c.name == name) {
            let error = column_twice(&name);
            return Err(ident.into_iter().fold(error, at));
        }
        columns.push(Column::new(name, output.sql_type));
    }
    Ok(columns)
}
