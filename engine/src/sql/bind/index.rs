//! CREATE INDEX, DROP INDEX, DROP TABLE.

use super::call::refuse;
use super::context::{Binder, Clause};
use super::figure_name::figure_name;
use super::json::check_index;
use super::names::{already_exists, at, fold, made_up, relation, sql_error};
use super::stored::{of_index, stored_text};
use super::table::NO_TREE;
use crate::catalog::{Column, EXPRESSION_BASE, Index, IndexExpression, Sequence, Table};
use crate::error::{Error, Result};
use crate::sql::bound::{CreateIndex, Statement};
use crate::sql::immutable::is_immutable;
use crate::sql::parse::parse_expression;
use crate::types::SqlType;
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
        let other = !with.is_empty() || !index_options.is_empty() || !alter_options.is_empty();
        refuse(other, "an option of CREATE INDEX")?;
        let table = self.table(table_name)?;
        if written.len() > INDEX_COLUMNS_MAX {
            let message = format!("cannot use more than {INDEX_COLUMNS_MAX} columns in an index");
            return Err(sql_error("54011", message));
        }
        let (columns, expressions) = index_columns(written, &table)?;
        let predicate = match predicate {
            Some(predicate) => Some(stored_part(predicate, &table, Clause::IndexPredicate)?.0),
            None => None,
        };
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
            None => self.index_name(&table, &key_names(written)?),
        };
        Ok(Some(CreateIndex {
            table,
            index: Index {
                expressions,
                predicate,
                unique: *unique,
                ..Index::over(name, NO_TREE, columns)
            },
        }))
    }

    fn index_name(&self, table: &Table, names: &str) -> String {
        let mut label = "idx".to_string();
        let mut number = 0;
        loop {
            let name = made_up(&table.name, names, &label);
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
            ast::ObjectType::Table => self.bind_drop_tables(names, *if_exists, *cascade),
            ast::ObjectType::View => {
                let mut views = BTreeSet::new();
                for name in names {
                    views.extend(self.view_to_drop(name, *if_exists)?);
                }
                let views = self.dependent_views(&BTreeSet::new(), views, *cascade)?;
                Ok(Statement::DropView(views))
            }
            ast::ObjectType::Sequence => self.bind_drop_sequences(names, *if_exists, *cascade),
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

    fn bind_drop_tables(
        &self,
        names: &[ast::ObjectName],
        if_exists: bool,
        cascade: bool,
    ) -> Result<Statement> {
        let mut tables = Vec::new();
        for name in names {
            tables.extend(self.table_to_drop(name, if_exists)?);
        }
        let mut seen = BTreeSet::new();
        tables.retain(|t: &Arc<Table>| seen.insert(t.name.clone()));
        let owned = tables.iter().flat_map(|t| &t.columns);
        seen.extend(owned.flat_map(|column| column.sequences.clone()));
        let views = self.dependent_views(&seen, BTreeSet::new(), cascade)?;
        if !cascade {
            self.refuse_if_referenced(&tables)?;
            let goes = |table: &Table| tables.iter().any(|t| t.name == table.name);
            for table in &tables {
                let sequences = table.columns.iter().flat_map(|c| c.sequences.clone());
                let sequences: Vec<String> = sequences.collect();
                let what = format!("table {}", table.name);
                self.refuse_if_default(&what, &sequences, |of, _| !goes(of))?;
            }
        }
        Ok(Statement::DropTable(tables, views))
    }

    fn bind_drop_sequences(
        &self,
        names: &[ast::ObjectName],
        if_exists: bool,
        cascade: bool,
    ) -> Result<Statement> {
        let mut sequences = Vec::new();
        for name in names {
            sequences.extend(self.sequence_to_drop(name, if_exists)?);
        }
        let mut seen = BTreeSet::new();
        sequences.retain(|s: &Arc<Sequence>| seen.insert(s.name.clone()));
        let views = self.dependent_views(&seen, BTreeSet::new(), cascade)?;
        for sequence in sequences.iter().filter(|_| !cascade) {
            let what = format!("sequence {}", sequence.name);
            self.refuse_if_default(&what, std::slice::from_ref(&sequence.name), |_, _| true)?;
        }
        Ok(Statement::DropSequence(sequences, views))
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
            let (expr, options) = key_part(column)?;
            let ast::Expr::Identifier(ident) = expr else {
                return Err(sql_error(
                    "42601",
                    format!("syntax error at or near \"{expr}\""),
                ));
            };
            let name = fold(ident)?;
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

/// Columns of an index as [`Index::columns`] has them, and its expressions.
type KeyParts = (Vec<(usize, bool)>, Vec<IndexExpression>);

/// The columns of a new index of `table`, with the expressions among them.
fn index_columns(written: &[ast::IndexColumn], table: &Table) -> Result<KeyParts> {
    let (mut columns, mut expressions) = (Vec::new(), Vec::new());
    for column in written {
        let (expr, ast::OrderByOptions { sort, nulls_first }) = key_part(column)?;
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
        let position = match expr {
            ast::Expr::Identifier(ident) => {
                let name = fold(ident)?;
                let missing = || {
                    let error = sql_error("42703", format!("column \"{name}\" does not exist"));
                    at(error, ident)
                };
                let position = table.position(&name).ok_or_else(missing)?;
                check_index(table.columns[position].sql_type)?;
                position
            }
            _ => {
                let (text, sql_type) = stored_part(expr, table, Clause::IndexExpression)?;
                expressions.push(IndexExpression { text, sql_type });
                EXPRESSION_BASE + expressions.len() - 1
            }
        };
        columns.push((position, descending));
    }
    Ok((columns, expressions))
}

/// Text and type of an expression or the condition of an index. Errors: `42P17` for what is not immutable, and those of
/// a query with it.
fn stored_part(expr: &ast::Expr, table: &Table, clause: Clause) -> Result<(String, SqlType)> {
    let bind = |expr: &ast::Expr| of_index(expr, table, clause);
    let bound = bind(expr)?;
    if !is_immutable(&bound) {
        let part = match clause {
            Clause::IndexPredicate => "predicate",
            _ => "expression",
        };
        let message = format!("functions in index {part} must be marked IMMUTABLE");
        return Err(sql_error("42P17", message));
    }
    if clause == Clause::IndexExpression {
        check_index(bound.sql_type)?;
    }
    Ok((stored_text(expr, &bound, bind)?, bound.sql_type))
}

/// Looks again at what is computed for the indexes of `table`, the type of a column being another now. Errors: as for a
/// new index.
pub(super) fn check_computed(table: &mut Table) -> Result<()> {
    for index in 0..table.indexes.len() {
        for at in 0..table.indexes[index].expressions.len() {
            let text = parse_expression(&table.indexes[index].expressions[at].text)?;
            let (_, sql_type) = stored_part(&text, table, Clause::IndexExpression)?;
            table.indexes[index].expressions[at].sql_type = sql_type;
        }
        if let Some(text) = &table.indexes[index].predicate {
            stored_part(&parse_expression(text)?, table, Clause::IndexPredicate)?;
        }
    }
    Ok(())
}

/// The part of an index's name that its columns and expressions are.
fn key_names(written: &[ast::IndexColumn]) -> Result<String> {
    let mut names: Vec<String> = Vec::new();
    for column in written {
        let figured = match figure_name(&column.column.expr)? {
            unnamed if unnamed == "?column?" => "expr".to_string(),
            name => name,
        };
        let numbered = (1..).map(|number| format!("{figured}{number}"));
        let mut candidates = std::iter::once(figured.clone()).chain(numbered);
        names.extend(candidates.find(|name| !names.contains(name)));
    }
    Ok(names.join("_"))
}

/// A part of a key: PostgreSQL asks for parentheses around an expression that is no call.
fn key_part(column: &ast::IndexColumn) -> Result<(&ast::Expr, &ast::OrderByOptions)> {
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
    let is_cast = |kind: &ast::CastKind| *kind == ast::CastKind::Cast;
    match expr {
        ast::Expr::Identifier(_)
        | ast::Expr::Function(_)
        | ast::Expr::Nested(_)
        | ast::Expr::Extract { .. }
        | ast::Expr::Position { .. }
        | ast::Expr::Substring { .. }
        | ast::Expr::Trim { .. } => {}
        ast::Expr::Cast { kind, .. } if is_cast(kind) => {}
        ast::Expr::Collate { .. } => return Err(Error::unsupported("COLLATE")),
        other => {
            let message = format!("syntax error at or near \"{other}\"");
            return Err(sql_error("42601", message));
        }
    }
    Ok((expr, options))
}
