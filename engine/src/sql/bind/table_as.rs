//! `CREATE TABLE … AS` and `CREATE MATERIALIZED VIEW`: a table with the columns of a query, and a change that adds its rows;
//! `REFRESH`, which adds them anew.

use super::context::Binder;
use super::names::{already_exists, at, fold, sql_error};
use super::table::{COLUMNS_MAX, NO_TREE, column_twice};
use super::view::check_columns;
use crate::catalog::{Column, Materialized, Table};
use crate::error::{Error, ErrorKind, Result};
use crate::sql::Reading;
use crate::sql::bound::{CreateTable, Filled, Insert, Query, RowRules, Statement};
use crate::sql::parse::parse_query;
use crate::sql::table_as::TableAs;
use sqlparser::ast;
use std::borrow::Cow;
use std::sync::Arc;

impl Binder<'_> {
    /// `CREATE TABLE … AS`. Errors: `42P07`, `42601`, `42701`, and those of the query.
    pub(super) fn bind_table_as(&mut self, create: &TableAs) -> Result<Statement> {
        let (name, ident) = self.new_name(&create.name)?;
        self.refuse_type_name(&name)?;
        let exists = self.relation_exists(&name);
        if exists && !create.if_not_exists {
            return Err(already_exists(&name, ident));
        }
        let query = match create.materialized {
            true => self.pinned_query(&create.query)?,
            false => Cow::Borrowed(&*create.query),
        };
        let source = self.bind_query(&query, true)?;
        let materialized = match create.materialized {
            true => Some(self.materialized(create, &query, &source)?),
            false => None,
        };
        let columns = columns_of(&source, &create.columns)?;
        let create_table = CreateTable {
            table: Table {
                materialized,
                ..Table::new(name, NO_TREE, columns, self.schema.types().clone())
            },
            exists,
            sequences: Vec::new(),
        };
        if exists || !create.with_data {
            return Ok(Statement::CreateTable(Box::new(create_table)));
        }
        let rows = filling(Arc::new(create_table.table.clone()), source);
        let filled = Filled::New(Box::new(create_table));
        Ok(Statement::Fill(filled, Box::new(rows)))
    }

    /// What a materialized view keeps of its query, which `source` is. Errors: `0A000` for a parameter.
    fn materialized(
        &mut self,
        create: &TableAs,
        query: &ast::Query,
        source: &Query,
    ) -> Result<Materialized> {
        if self.has_parameters() {
            let message = "materialized views may not be defined using bound parameters";
            return Err(sql_error("0A000", message));
        }
        Ok(Materialized {
            query: self.stored_query(query, source)?,
            populated: create.with_data,
        })
    }

    /// `REFRESH MATERIALIZED VIEW`. Errors: `42P01`, `42809`; `55000` for what `CONCURRENTLY` cannot be done to, and those
    /// of the query.
    pub(super) fn bind_refresh(
        &mut self,
        refresh: &ast::RefreshMaterializedView,
    ) -> Result<Statement> {
        let ast::RefreshMaterializedView {
            concurrently,
            name,
            with_data,
        } = refresh;
        let (folded, ident) = self.relation(name)?;
        let other = |kind: &str| {
            let message = format!("\"{folded}\" is not a {kind}");
            at(sql_error("42809", message), ident)
        };
        if self.schema.view(&folded).is_some() {
            return Err(other("table or materialized view"));
        }
        let table = self.named_table(name)?;
        let Some(materialized) = table.materialized.clone() else {
            return Err(other("materialized view"));
        };
        let with_data = *with_data != Some(false);
        if *concurrently {
            may_refresh_concurrently(&table, with_data)?;
        }
        if !with_data {
            return Ok(Statement::Unpopulate(table));
        }
        self.reading = Reading::stored(&materialized.query);
        let source = self.bind_query(&parse_query(&materialized.query.text)?, true)?;
        check_columns(
            &source,
            &table.name,
            table.columns.iter().map(|c| c.sql_type),
        )?;
        let rows = filling(table.clone(), source);
        Ok(Statement::Fill(Filled::Refreshed(table), Box::new(rows)))
    }
}

/// Others read the view as it was while it is refreshed, in any case; `CONCURRENTLY` only asks for what it asks for in
/// PostgreSQL, which then compares old and new rows.
fn may_refresh_concurrently(table: &Table, with_data: bool) -> Result<()> {
    if !with_data {
        let message = "CONCURRENTLY and WITH NO DATA options cannot be used together";
        return Err(sql_error("42601", message));
    }
    if table.is_unpopulated() {
        let message = "CONCURRENTLY cannot be used when the materialized view is not populated";
        return Err(sql_error("0A000", message));
    }
    if !table.indexes.iter().any(|i| i.unique && i.is_plain()) {
        let message = format!(
            "cannot refresh materialized view \"{}.{}\" concurrently (create a unique index with no WHERE \
             clause on one or more of its columns)",
            table.name.schema(),
            table.name
        );
        return Err(Error::new(ErrorKind::Sql, "55000", message));
    }
    Ok(())
}

/// What adds the rows of `source` to `table`.
fn filling(table: Arc<Table>, source: Query) -> Insert {
    Insert {
        with: Vec::new(),
        table,
        source,
        conflict: None,
        rules: RowRules::default(),
        returning: None,
        integrity: None,
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
