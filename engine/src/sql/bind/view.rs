//! Views: their definition, their use in FROM, and what depends on what is dropped.

use super::super::visit::visit_relations;
use super::call::refuse;
use super::context::Binder;
use super::names::{already_exists, fold, sql_error};
use super::pin::pinned;
use super::scope::Scope;
use crate::catalog::{CheckOption, Dependent, RelationName, Schema, StoredQuery, View};
use crate::error::{Error, ErrorKind, Result};
use crate::sql::Reading;
use crate::sql::bound::{From, Query};
use crate::sql::parse::parse_query;
use crate::sql::sequence::sequences_in;
use crate::types::SqlType;
use sqlparser::ast;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::ControlFlow;

impl Binder<'_> {
    /// The source that a view is in FROM: a derived table.
    pub(super) fn bind_view(&mut self, view: &View, alias: &str) -> Result<(From, Scope)> {
        let mut query = self.deeper(1, |binder| {
            let mut own = binder.beside();
            own.reading = Reading::stored(&view.query);
            own.reading.path = own.reading.path.within(&binder.reading.path);
            own.inner_row_ids = binder.row_ids;
            let query = own.bind_query(&parse_query(&view.query.text)?, true)?;
            check_columns(&query, &view.name, view.columns.iter().map(|(_, t)| *t))?;
            binder.cte_ids = own.cte_ids;
            Ok(query)
        })?;
        let mut scope = Scope::of_columns(alias, view.columns.iter().cloned());
        let row_ids = self.give_row_ids(&mut query, &mut scope);
        let source = From::Subquery {
            query: Box::new(query),
            alias: alias.to_owned(),
            row_ids,
        };
        Ok((source, scope))
    }

    /// `CREATE VIEW`
    pub(super) fn bind_create_view(
        &mut self,
        create: &ast::CreateView,
        check_option: Option<CheckOption>,
    ) -> Result<View> {
        refuse_options(create)?;
        let (name, ident) = self.new_name(&create.name)?;
        self.refuse_type_name(&name)?;
        let replaced = self.schema.view(&name);
        let is_taken = match replaced {
            Some(_) => !create.or_replace,
            None => self.relation_exists(&name),
        };
        if is_taken {
            return Err(already_exists(&name, ident));
        }
        let written = self.pinned_query(&create.query)?;
        let query = self.bind_query(&written, true)?;
        if self.has_parameters() {
            return Err(sql_error("42P02", "there is no parameter $1"));
        }
        if check_option.is_some() {
            self.may_check(&query, &written)?;
        }
        let view = View {
            check_option,
            columns: columns_of(&query, &create.columns)?,
            query: self.stored_query(&written, &query)?,
            comment: replaced.and_then(|view| view.comment.clone()),
            name,
        };
        if let Some(old) = replaced {
            may_replace(old, &view)?;
            self.refuse_recursion(&view)?;
            self.see_dependents(&view)?;
        }
        Ok(view)
    }

    /// Sees that what stands on a view gives what it gave when `view` is put in its place: a `*` may mean more. Errors:
    /// `0A000`.
    fn see_dependents(&self, view: &View) -> Result<()> {
        let after = self.schema.clone();
        let after = after.with_view_replaced(&view.name, view.clone());
        match self.changed_dependent(&view.name, &after) {
            None => Ok(()),
            Some(dependent) => Err(Error::unsupported(format_args!(
                "CREATE OR REPLACE VIEW that changes what the {} \"{}\" gives",
                dependent.kind(),
                dependent.name()
            ))),
        }
    }

    /// The first of what stands on `name` that would not give in `after` what it gives now: its text is bound again at each
    /// use.
    pub(super) fn changed_dependent(
        &self,
        name: &RelationName,
        after: &Schema,
    ) -> Option<Dependent<'_>> {
        let mut above = self.schema.dependents().filter(|d| d.stands_on(name));
        above.find(|d| !gives_the_same((self.schema, d.query()), (after, d.query())))
    }

    /// A query for the catalog as it means the same at UTC, where it is read from now on.
    pub(super) fn pinned_query<'q>(
        &mut self,
        query: &'q ast::Query,
    ) -> Result<Cow<'q, ast::Query>> {
        let zone = std::mem::take(&mut self.reading.zone);
        pinned(query, zone, |query| {
            let mut own = Binder::new(self.schema);
            own.reading = self.reading.clone();
            own.bind_query(query, true)
        })
    }

    /// A query for the catalog, seen to give the same columns when it is read again. Errors: `0A000`.
    pub(super) fn stored_query(
        &mut self,
        query: &ast::Query,
        bound: &Query,
    ) -> Result<StoredQuery> {
        let text = query.to_string();
        let again = parse_query(&text).and_then(|again| self.bind_query(&again, true));
        if !again.is_ok_and(|again| again.output == bound.output) {
            return Err(Error::unsupported("this query in a view"));
        }
        let path = self.reading.path.existing(self.schema);
        Ok(StoredQuery {
            text,
            search_path: path.map(str::to_owned).collect(),
            depends_on: self.relations_in(query)?,
        })
    }

    /// Refuses a view that would stand on itself. Errors: `42P17`.
    fn refuse_recursion(&self, view: &View) -> Result<()> {
        let mut below: Vec<&RelationName> = view.query.depends_on.iter().collect();
        while let Some(name) = below.pop() {
            if *name == view.name {
                let message =
                    format!("infinite recursion detected in rules for relation \"{name}\"");
                return Err(sql_error("42P17", message));
            }
            let mut all = self.schema.dependents();
            below.extend(
                all.find(|d| d.name() == name)
                    .iter()
                    .flat_map(|d| &d.query().depends_on),
            );
        }
        Ok(())
    }

    /// The tables, views and sequences that a query names.
    fn relations_in(&self, query: &ast::Query) -> Result<Vec<RelationName>> {
        let sequences = sequences_in(query);
        let sequences = sequences
            .iter()
            .map(|text| self.reading.path.named(self.schema, text));
        let mut names: BTreeSet<RelationName> = sequences.collect();
        let found = visit_relations(query, |name| match self.system_table(name) {
            Ok(Some(_)) => ControlFlow::Continue(()),
            Ok(None) => match self.relation(name) {
                Ok((name, _)) => {
                    names.insert(name);
                    ControlFlow::Continue(())
                }
                Err(error) => ControlFlow::Break(error),
            },
            Err(error) => ControlFlow::Break(error),
        });
        match found {
            ControlFlow::Break(error) => Err(error),
            // The others are queries of WITH.
            ControlFlow::Continue(()) => Ok(names
                .into_iter()
                .filter(|name| self.relation_exists(name))
                .collect()),
        }
    }
}

/// Whether two queries, each in its schema, can be bound and have the same columns.
pub(super) fn gives_the_same(one: (&Schema, &StoredQuery), other: (&Schema, &StoredQuery)) -> bool {
    let output = |(schema, query): (&Schema, &StoredQuery)| -> Result<_> {
        let mut binder = Binder::new(schema);
        binder.reading = Reading::stored(query);
        Ok(binder.bind_query(&parse_query(&query.text)?, true)?.output)
    };
    matches!((output(one), output(other)), (Ok(one), Ok(other)) if one == other)
}

fn refuse_options(create: &ast::CreateView) -> Result<()> {
    let ast::CreateView {
        or_alter,
        or_replace: _,
        materialized,
        secure,
        name: _,
        name_before_not_exists,
        columns,
        query: _,
        options,
        cluster_by,
        comment,
        with_no_schema_binding,
        if_not_exists,
        temporary,
        copy_grants,
        to,
        params,
    } = create;
    refuse(*temporary, "a temporary view")?;
    if *if_not_exists || *name_before_not_exists {
        return Err(sql_error("42601", "syntax error at or near \"NOT\""));
    }
    let no_options = matches!(options, ast::CreateTableOptions::None);
    let typed = |c: &ast::ViewColumnDef| c.data_type.is_some() || c.options.is_some();
    let other = *or_alter
        || *materialized
        || *secure
        || !no_options
        || !cluster_by.is_empty()
        || comment.is_some()
        || *with_no_schema_binding
        || *copy_grants
        || to.is_some()
        || params.is_some()
        || columns.iter().any(typed);
    refuse(other, "an option of CREATE VIEW")
}

/// Sees that a stored query gives what it gave when it was stored. Errors: `55000`.
pub(super) fn check_columns(
    query: &Query,
    name: &RelationName,
    types: impl Iterator<Item = SqlType>,
) -> Result<()> {
    match query.output.iter().map(|c| c.sql_type).eq(types) {
        true => Ok(()),
        false => Err(Error::new(
            ErrorKind::Sql,
            "55000",
            format!("the query of the view \"{name}\" no longer gives the columns of the view"),
        )),
    }
}

/// Names and types of a view's columns: those given, then those of the query.
fn columns_of(query: &Query, given: &[ast::ViewColumnDef]) -> Result<Vec<(String, SqlType)>> {
    if given.len() > query.output.len() {
        return Err(sql_error(
            "42601",
            "CREATE VIEW specifies more column names than columns",
        ));
    }
    let mut columns: Vec<(String, SqlType)> = Vec::with_capacity(query.output.len());
    for (position, output) in query.output.iter().enumerate() {
        let name = match given.get(position) {
            Some(column) => fold(&column.name)?,
            None => output.name.clone(),
        };
        if columns.iter().any(|(taken, _)| *taken == name) {
            let message = format!("column \"{name}\" specified more than once");
            return Err(sql_error("42701", message));
        }
        columns.push((name, output.sql_type));
    }
    Ok(columns)
}

/// A view is replaced by one with the same columns, and perhaps more. Errors: `42P16`.
fn may_replace(old: &View, new: &View) -> Result<()> {
    if new.columns.len() < old.columns.len() {
        return Err(sql_error("42P16", "cannot drop columns from view"));
    }
    for ((old_name, old_type), (name, sql_type)) in old.columns.iter().zip(&new.columns) {
        if old_name != name {
            let message = format!("cannot change name of view column \"{old_name}\" to \"{name}\"");
            return Err(sql_error("42P16", message));
        }
        if old_type != sql_type {
            let message = format!(
                "cannot change data type of view column \"{name}\" from {old_type} to {sql_type}"
            );
            return Err(sql_error("42P16", message));
        }
    }
    Ok(())
}
