//! CREATE INDEX.

use super::call::refuse;
use super::context::{Binder, Clause};
use super::figure_name::figure_name;
use super::json::check_index;
use super::names::{already_exists, at, fold, made_up, parts, sql_error};
use super::pin::pinned;
use super::stored::{of_index, stored_text};
use super::table::NO_TREE;
use crate::catalog::{Column, EXPRESSION_BASE, Index, IndexExpression, Table};
use crate::error::{Error, Result};
use crate::sql::bound::CreateIndex;
use crate::sql::immutable::is_immutable;
use crate::sql::parse::parse_expression;
use crate::types::{SqlType, Zone};
use sqlparser::ast;

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
        let table = self.named_table(table_name)?;
        if written.len() > INDEX_COLUMNS_MAX {
            let message = format!("cannot use more than {INDEX_COLUMNS_MAX} columns in an index");
            return Err(sql_error("54011", message));
        }
        let (columns, expressions) = index_columns(written, &table, self.reading.zone)?;
        let predicate = match predicate {
            Some(predicate) => {
                let (clause, zone) = (Clause::IndexPredicate, self.reading.zone);
                Some(stored_part(predicate, &table, clause, zone)?.0)
            }
            None => None,
        };
        let name = match name {
            Some(name) => {
                let [ident] = parts(name)?[..] else {
                    return Err(sql_error("42601", "syntax error at or near \".\""));
                };
                let name = table.name.beside(&fold(ident)?);
                if self.relation_exists(&name) {
                    if *if_not_exists {
                        return Ok(None);
                    }
                    return Err(already_exists(&name, ident));
                }
                name.to_string()
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
            let name = made_up(table.name.own(), names, &label);
            if !self.relation_exists(&table.name.beside(&name)) {
                return name;
            }
            number += 1;
            label = format!("idx{number}");
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
            let ast::OrderByOptions { sort, nulls_first } = options;
            let plain = sort.is_none() && nulls_first.is_none();
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
fn index_columns(written: &[ast::IndexColumn], table: &Table, zone: Zone) -> Result<KeyParts> {
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
                let (text, sql_type) = stored_part(expr, table, Clause::IndexExpression, zone)?;
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
fn stored_part(
    expr: &ast::Expr,
    table: &Table,
    clause: Clause,
    zone: Zone,
) -> Result<(String, SqlType)> {
    let bind = |expr: &ast::Expr| of_index(expr, table, clause);
    let expr = &*pinned(expr, zone, bind)?;
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
            let (_, sql_type) = stored_part(&text, table, Clause::IndexExpression, Zone::UTC)?;
            table.indexes[index].expressions[at].sql_type = sql_type;
        }
        if let Some(text) = &table.indexes[index].predicate {
            let text = parse_expression(text)?;
            stored_part(&text, table, Clause::IndexPredicate, Zone::UTC)?;
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
