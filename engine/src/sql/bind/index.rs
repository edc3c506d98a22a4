//! CREATE INDEX, DROP INDEX, DROP TABLE.

use super::call::refuse;
use super::context::Binder;
use super::json::check_index;
use super::names::{already_exists, at, fold, made_up, relation, sql_error};
use super::table::NO_TREE;
use crate::catalog::{Column, ConstraintTiming, Index, Table};
use crate::error::{Error, Result};
use crate::sql::bound::{CreateIndex, Expr, ExprKind, Statement};
use crate::sql::walk::operands_mut;
use sqlparser::ast;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Columns of the widest index, as in PostgreSQL.
const INDEX_COLUMNS_MAX: usize = 32;

impl Binder<'_> {
    /// `CREATE INDEX`; `None` when IF NOT EXISTS found one.
    pub(super) fn bind_create_index(
        &mut self,
        create: &ast::CreateIndex,
    ) -> Result<Option<CreateIndex>> {
        let ast::CreateIndex {
            name,
            table_name,
            using,
            columns: written,
            unique,
            concurrently,
            r#async,
            if_not_exists,
            include,
            nulls_distinct,
            with,
            predicate,
            index_options,
            alter_options,
        } = create;
        refuse(
            !matches!(using, None | Some(ast::IndexType::BTree)),
            "an index that is not a B-tree",
        )?;
        refuse(*concurrently || *r#async, "CREATE INDEX CONCURRENTLY")?;
        refuse(!include.is_empty(), "INCLUDE")?;
        refuse(*nulls_distinct == Some(false), "NULLS NOT DISTINCT")?;
        refuse(predicate.is_some(), "a partial index")?;
        let other = !with.is_empty() || !index_options.is_empty() || !alter_options.is_empty();
        refuse(other, "an option of CREATE INDEX")?;
        let table = self.table(table_name)?;
        if written.len() > INDEX_COLUMNS_MAX {
            let message = format!("cannot use more than {INDEX_COLUMNS_MAX} columns in an index");
            return Err(sql_error("54011", message));
        }
        let columns = index_columns(written, &table.columns)?;
        let name = match name {
            Some(name) => {
                let (name, ident) = relation(name)?;
                if self.relation_exists(&name) {
                    if *if_not_exists {
                        return Ok(None);
                    }
                    return Err(already_exists(&name, ident));
                }
                name
            }
            None => self.index_name(&table, &columns),
        };
        Ok(Some(CreateIndex {
            table,
            index: Index {
                name,
                tree: NO_TREE,
                columns,
                unique: *unique,
                constraint: false,
                timing: ConstraintTiming::NotDeferrable,
            },
        }))
    }

    fn index_name(&self, table: &Table, columns: &[(usize, bool)]) -> String {
        let names: Vec<&str> = columns
            .iter()
            .map(|(c, _)| table.columns[*c].name.as_str())
            .collect();
        let names = names.join("_");
        let mut label = "idx".to_string();
        let mut number = 0;
        loop {
            let name = made_up(&table.name, &names, &label);
            if !self.relation_exists(&name) {
                return name;
            }
            number += 1;
            label = format!("idx{number}");
        }
    }

    /// `DROP TABLE`, `DROP INDEX`, `DROP VIEW`
    pub(super) fn bind_drop(&mut self, statement: &ast::Statement) -> Result<Statement> {
        let ast::Statement::Drop {
            object_type,
            if_exists,
            names,
            cascade,
            restrict: _,
            purge,
            temporary,
            table,
        } = statement
        else {
            return Err(Error::unsupported("this form of DROP"));
        };
        refuse(*purge || *temporary || table.is_some(), "an option of DROP")?;
        match object_type {
            ast::ObjectType::Table => {
                let mut tables = Vec::new();
                for name in names {
                    tables.extend(self.table_to_drop(name, *if_exists)?);
                }
                let mut seen = BTreeSet::new();
                tables.retain(|t: &Arc<Table>| seen.insert(t.name.clone()));
                let views = self.dependent_views(&tables, BTreeSet::new(), *cascade)?;
                if !*cascade {
                    self.refuse_if_referenced(&tables)?;
                }
                Ok(Statement::DropTable(tables, views))
            }
            ast::ObjectType::View => {
                let mut views = BTreeSet::new();
                for name in names {
                    views.extend(self.view_to_drop(name, *if_exists)?);
                }
                let views = self.dependent_views(&[], views, *cascade)?;
                Ok(Statement::DropView(views))
            }
            ast::ObjectType::Index => {
                let mut indexes = Vec::new();
                for name in names {
                    indexes.extend(self.index_to_drop(name, *if_exists)?);
                }
                let mut seen = BTreeSet::new();
                indexes.retain(|(_, name): &(Arc<Table>, String)| seen.insert(name.clone()));
                if !*cascade {
                    let mut all = indexes.iter();
                    all.try_for_each(|(of, name)| self.refuse_if_referenced_index(of, name))?;
                }
                Ok(Statement::DropIndex(indexes))
            }
            other => Err(Error::unsupported(format_args!("DROP {other}"))),
        }
    }

    fn table_to_drop(&self, name: &ast::ObjectName, if_exists: bool) -> Result<Option<Arc<Table>>> {
        let (folded, ident) = relation(name)?;
        match self.schema.table(&folded) {
            Some(table) => Ok(Some(Arc::clone(table))),
            None => self.none_to_drop(("a", "table", "42P01"), &folded, ident, if_exists),
        }
    }

    /// What there is to drop where no `kind` (its article, its name, the SQLSTATE for none) has the name: nothing, where
    /// that is fine. `42809` when something else has it.
    pub(super) fn none_to_drop<T>(
        &self,
        (article, kind, sqlstate): (&str, &str, &'static str),
        name: &str,
        ident: &ast::Ident,
        if_exists: bool,
    ) -> Result<Option<T>> {
        let error = match self.relation_exists(name) {
            true => sql_error("42809", format!("\"{name}\" is not {article} {kind}")),
            false if if_exists => return Ok(None),
            false => sql_error(sqlstate, format!("{kind} \"{name}\" does not exist")),
        };
        Err(at(error, ident))
    }

    fn index_to_drop(
        &self,
        name: &ast::ObjectName,
        if_exists: bool,
    ) -> Result<Option<(Arc<Table>, String)>> {
        let (folded, ident) = relation(name)?;
        let required_by = |table: &Table| {
            let message = format!(
                "cannot drop index {folded} because constraint {folded} on table {} requires it",
                table.name
            );
            Err(at(sql_error("2BP01", message), ident))
        };
        // A primary key that is the row id has a name and no index.
        let mut tables = self.schema.tables();
        let key_of = tables.find(|t| t.primary_key_name.as_deref() == Some(folded.as_str()));
        if let Some(table) = key_of {
            return required_by(table);
        }
        match self.schema.index(&folded) {
            Some((table, index)) if index.constraint => required_by(table),
            Some((table, _)) => Ok(Some((Arc::clone(table), folded))),
            None => self.none_to_drop(("an", "index", "42704"), &folded, ident, if_exists),
        }
    }
}

/// Columns of a key: positions, without direction.
pub(super) fn plain_columns<'a>(
    written: &'a [ast::IndexColumn],
    columns: &[Column],
) -> Result<Vec<(usize, &'a ast::Ident)>> {
    written
        .iter()
        .map(|column| {
            let (name, ident, options) = column_name(column)?;
            let plain = *options == ast::OrderByOptions::default();
            refuse(!plain, "ASC and DESC in a key")?;
            let position = columns.iter().position(|c| c.name == name).ok_or_else(|| {
                at(
                    sql_error(
                        "42703",
                        format!("column \"{name}\" named in key does not exist"),
                    ),
                    ident,
                )
            })?;
            Ok((position, ident))
        })
        .collect()
}

fn index_columns(written: &[ast::IndexColumn], columns: &[Column]) -> Result<Vec<(usize, bool)>> {
    written
        .iter()
        .map(|column| {
            let (name, ident, ast::OrderByOptions { sort, nulls_first }) = column_name(column)?;
            let descending = match sort {
                None | Some(ast::OrderBySort::Asc) => false,
                Some(ast::OrderBySort::Desc) => true,
                Some(ast::OrderBySort::Using(_)) => {
                    return Err(Error::unsupported("USING in an index"));
                }
            };
            let unusual = nulls_first.is_some_and(|first| first != descending);
            refuse(
                unusual,
                "NULLS FIRST and NULLS LAST against the direction of an index",
            )?;
            let position = columns.iter().position(|c| c.name == name).ok_or_else(|| {
                at(
                    sql_error("42703", format!("column \"{name}\" does not exist")),
                    ident,
                )
            })?;
            check_index(columns[position].sql_type)?;
            Ok((position, descending))
        })
        .collect()
}

fn column_name(column: &ast::IndexColumn) -> Result<(String, &ast::Ident, &ast::OrderByOptions)> {
    let ast::IndexColumn {
        column:
            ast::OrderByExpr {
                expr,
                options,
                with_fill,
            },
        operator_class,
    } = column;
    refuse(operator_class.is_some(), "an operator class")?;
    refuse(with_fill.is_some(), "WITH FILL")?;
    match expr {
        ast::Expr::Identifier(ident) => Ok((fold(ident)?, ident, options)),
        _ => Err(Error::unsupported("an index on an expression")),
    }
}

/// The columns that `expr` reads, each once.
pub(super) fn columns_of(mut expr: Expr) -> Vec<usize> {
    fn look(expr: &mut Expr, found: &mut Vec<usize>) -> Result<()> {
        if let ExprKind::Column(column) = expr.kind
            && !found.contains(&column)
        {
            found.push(column);
        }
        operands_mut(expr, &mut |operand| look(operand, found))
    }
    let mut found = Vec::new();
    // The visit itself cannot fail.
    let visited = look(&mut expr, &mut found);
    debug_assert!(visited.is_ok());
    found
}
