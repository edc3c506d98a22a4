//! The sources in FROM: tables, views and derived tables, each with the scope that it makes.

use super::call::refuse;
use super::context::{Binder, Clause, Level};
use super::lateral::is_lateral;
use super::names::{at, fold, sql_error};
use super::relation::no_relation;
use super::scope::Scope;
use crate::catalog::{RelationName, Table};
use crate::error::{Error, Result};
use crate::sql::bound::{From, Query};
use sqlparser::ast;
use std::sync::Arc;

impl Binder<'_> {
    /// The sources of a query, and what its expressions see of them.
    pub(super) fn bind_from(
        &mut self,
        items: &[ast::TableWithJoins],
    ) -> Result<(Option<From>, Scope)> {
        self.bind_from_behind(None, items)
    }

    /// One source.
    pub(super) fn bind_source(&mut self, factor: &ast::TableFactor) -> Result<(From, Scope)> {
        match factor {
            lateral if is_lateral(lateral) => self.bind_beside(lateral, Scope::default()),
            ast::TableFactor::Table {
                sample:
                    Some(
                        ast::TableSampleKind::BeforeTableAlias(sample)
                        | ast::TableSampleKind::AfterTableAlias(sample),
                    ),
                ..
            } => {
                let mut whole = factor.clone();
                if let ast::TableFactor::Table { sample, .. } = &mut whole {
                    *sample = None;
                }
                self.bind_sampled(&whole, sample)
            }
            ast::TableFactor::Table { .. } => {
                let (name, alias) = table_factor(factor)?;
                let system = self.system_table(name)?;
                let relation = match system {
                    Some(table) => RelationName::new(table.schema(), table.name()),
                    None => self.relation(name)?.0,
                };
                let view = self.schema.view(&relation);
                let given = alias.map(|alias| fold(&alias.name)).transpose()?;
                let known_as = given.unwrap_or_else(|| relation.to_string());
                let cte = self.bind_cte_reference(name, &known_as)?;
                let (from, mut scope) = match (cte, system, view) {
                    (Some(cte), ..) => cte,
                    (None, Some(table), _) => self.bind_system_table(table, &known_as)?,
                    (None, None, Some(view)) => self.bind_view(view, &known_as)?,
                    (None, None, None) => {
                        let table = self.table(name)?;
                        let mut scope = Scope::of_table(&known_as, &table);
                        let (alias, row_id) = (known_as, self.row_ids);
                        scope.width += usize::from(row_id);
                        let source = From::Table {
                            table,
                            alias,
                            row_id,
                        };
                        (source, scope)
                    }
                };
                if alias.is_none() {
                    scope.tables[0].schema = Some(relation.schema().to_owned());
                }
                rename(&mut scope, alias)?;
                Ok((from, scope))
            }
            ast::TableFactor::Derived { .. } => {
                let (mut query, alias, mut scope) = self.bind_derived(factor, None)?;
                let row_ids = self.give_row_ids(&mut query, &mut scope);
                let source = From::Subquery {
                    query: Box::new(query),
                    alias,
                    row_ids,
                };
                Ok((source, scope))
            }
            ast::TableFactor::NestedJoin {
                table_with_joins,
                alias: None,
            } => self.bind_joined(table_with_joins, None),
            ast::TableFactor::NestedJoin { .. } => Err(Error::unsupported("an alias of a join")),
            _ => Err(Error::unsupported("this kind of source in FROM")),
        }
    }

    /// The query of a derived table, which sees `beside` if that is given, with its name and its scope.
    pub(super) fn bind_derived(
        &mut self,
        factor: &ast::TableFactor,
        beside: Option<Scope>,
    ) -> Result<(Query, String, Scope)> {
        let ast::TableFactor::Derived {
            lateral: _,
            subquery,
            alias,
            sample,
        } = factor
        else {
            return Err(Error::misuse("a derived table is bound as one"));
        };
        refuse(sample.is_some(), "TABLESAMPLE")?;
        let Some(alias) = alias else {
            return Err(sql_error("42601", "subquery in FROM must have an alias"));
        };
        self.inner_row_ids = self.row_ids;
        let query = match beside {
            None => self.bind_query(subquery, true)?,
            Some(beside) => {
                let level = Level::new(beside, Clause::Join);
                self.with_level(level, |b| b.bind_query(subquery, true))?.0
            }
        };
        let name = fold(&alias.name)?;
        let columns = query.output.iter().map(|c| (c.name.clone(), c.sql_type));
        let mut scope = Scope::of_columns(&name, columns);
        rename(&mut scope, Some(alias))?;
        Ok((query, name, scope))
    }

    /// The table of that name, where no rows of it are asked for or changed. Errors: `3F000` for a schema that there is not,
    /// and as for [`Self::table`].
    pub(super) fn named_table(&self, name: &ast::ObjectName) -> Result<Arc<Table>> {
        self.schema_exists(name)?;
        self.table(name)
    }

    /// The table of that name. `42P01` when there is none, `42809` when it is an index, `0A000` when it is a view.
    pub(super) fn table(&self, name: &ast::ObjectName) -> Result<Arc<Table>> {
        let (folded, ident) = self.relation(name)?;
        match self.schema.table(&folded) {
            Some(table) => Ok(Arc::clone(table)),
            None if self.schema.view(&folded).is_some() => {
                Err(at(Error::unsupported("a view in this place"), ident))
            }
            None if self.schema.index(&folded).is_some() => Err(at(
                sql_error("42809", format!("\"{folded}\" is an index")),
                ident,
            )),
            None if self.schema.sequence(&folded).is_some() => {
                Err(at(Error::unsupported("a sequence in this place"), ident))
            }
            None => Err(at(no_relation(name), ident)),
        }
    }
}

/// The name and the alias of a source that is a table or a view.
pub(super) fn table_factor(
    factor: &ast::TableFactor,
) -> Result<(&ast::ObjectName, Option<&ast::TableAlias>)> {
    let ast::TableFactor::Table {
        name,
        alias,
        args,
        with_hints,
        version,
        with_ordinality,
        partitions,
        json_path,
        sample,
        index_directives,
        inheritance,
    } = factor
    else {
        return Err(Error::unsupported("a target that is not a table"));
    };
    refuse(args.is_some(), "a function in FROM")?;
    refuse(*with_ordinality, "WITH ORDINALITY")?;
    refuse(sample.is_some(), "TABLESAMPLE")?;
    refuse(inheritance.is_some(), "ONLY and * behind a table")?;
    let other = !with_hints.is_empty()
        || version.is_some()
        || !partitions.is_empty()
        || json_path.is_some()
        || !index_directives.is_empty();
    refuse(other, "an option of a table in FROM")?;
    Ok((name, alias.as_ref()))
}

/// Gives the columns the names of `AS alias (…)`.
pub(super) fn rename(scope: &mut Scope, alias: Option<&ast::TableAlias>) -> Result<()> {
    let Some(ast::TableAlias {
        explicit: _,
        name,
        columns,
        at: partiql,
    }) = alias
    else {
        return Ok(());
    };
    refuse(partiql.is_some(), "AT in FROM")?;
    let available = scope.visible.len();
    if columns.len() > available {
        let message = format!(
            "table \"{}\" has {available} columns available but {} columns specified",
            fold(name)?,
            columns.len()
        );
        return Err(sql_error("42P10", message));
    }
    for (position, ast::TableAliasColumnDef { name, data_type }) in columns.iter().enumerate() {
        refuse(data_type.is_some(), "a column definition list")?;
        let name = fold(name)?;
        scope.tables[0].columns[position].name.clone_from(&name);
        scope.visible[position].name = name;
    }
    Ok(())
}
