//! WITH: queries by name, and the recursive ones among them.
//!
//! ```text
//!   WITH a AS (…), b AS (… FROM a …) SELECT … FROM b
//!        │         │  sees a            │  sees a and b
//!        └─────────┴── Binder::ctes ────┘
//! ```
//!
//! A reference is bound to the number of its query; how often each is referred to decides later whether it is merged
//! into its place or computed apart. In `WITH RECURSIVE` a query may refer to itself, from one place of the right side of
//! its UNION, and to those behind it, so they are bound in the order of their references.

use super::super::visit::visit_relations;
use super::call::refuse;
use super::coerce::common_type;
use super::context::Binder;
use super::names::{at, fold, single, sql_error};
use super::order::Target;
use super::query::select_all;
use super::scope::{Scope, column};
use super::set_operation::Written;
use super::statement::changes;
use crate::error::{Error, ErrorKind, Result};
use crate::sql::bound::{
    CteReference, From, ModifyingQuery, Query, Recursive, SetOperator, Statement, WithQuery,
};
use crate::types::SqlType;
use sqlparser::ast;
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;

/// A query of WITH that can be referred to.
#[derive(Clone, Debug)]
pub(super) struct Cte {
    id: usize,
    name: String,
    columns: Vec<(String, SqlType)>,
    references: usize,
    in_subquery: bool,
    /// Subqueries around its WITH.
    subqueries: usize,
    term: Term,
    /// It is not a change without RETURNING.
    gives_rows: bool,
}

/// What of a query is being bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Term {
    /// Nothing any more.
    None,
    /// The left side of a recursive query.
    Seed,
    /// The right side, which may refer to its working table once.
    Step,
}

/// Why a working table cannot be referred to at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoRecursion {
    OuterJoin,
    Intersect,
    Except,
}

impl Binder<'_> {
    /// Opens WITH: its queries can be referred to until [`Self::close_with`], which takes the mark given here.
    pub(super) fn open_with(
        &mut self,
        with: Option<&ast::With>,
    ) -> Result<(usize, Vec<WithQuery>)> {
        let mark = self.ctes.len();
        let at_top = std::mem::take(&mut self.at_top);
        let Some(ast::With {
            with_token: _,
            recursive,
            cte_tables,
        }) = with
        else {
            return Ok((mark, Vec::new()));
        };
        let mut names = BTreeSet::new();
        for cte in cte_tables {
            let ast::Cte {
                alias:
                    ast::TableAlias {
                        name,
                        columns,
                        at,
                        explicit: _,
                    },
                from,
                query,
                materialized: _,
                closing_paren_token: _,
            } = cte;
            if !at_top && changes(query) {
                let message =
                    "WITH clause containing a data-modifying statement must be at the top level";
                return Err(Error::new(ErrorKind::Unsupported, "0A000", message));
            }
            let typed = columns.iter().any(|c| c.data_type.is_some());
            refuse(
                from.is_some() || at.is_some() || typed,
                "an option of a query of WITH",
            )?;
            let folded = fold(name)?;
            if names.contains(&folded) {
                let message = format!("WITH query name \"{folded}\" specified more than once");
                return Err(super::names::at(sql_error("42712", message), name));
            }
            names.insert(folded);
        }
        let mut bound = Vec::with_capacity(cte_tables.len());
        if *recursive {
            for (cte, recursive) in in_order(cte_tables)? {
                bound.push(self.bind_cte(cte, recursive)?);
            }
        } else {
            for cte in cte_tables {
                bound.push(self.bind_cte(cte, false)?);
            }
        }
        Ok((mark, bound))
    }

    /// Closes WITH; `bound` are its queries, whose references are all known now.
    pub(super) fn close_with(
        &mut self,
        (mark, mut bound): (usize, Vec<WithQuery>),
    ) -> Vec<WithQuery> {
        for cte in self.ctes.drain(mark..) {
            if let Some(query) = bound.iter_mut().find(|w| w.id == cte.id) {
                query.references = cte.references;
                query.in_subquery = cte.in_subquery;
            }
        }
        bound
    }

    fn bind_cte(&mut self, cte: &ast::Cte, recursive: bool) -> Result<WithQuery> {
        let name = fold(&cte.alias.name)?;
        let id = self.cte_ids;
        self.cte_ids += 1;
        let around = std::mem::take(&mut self.no_recursion);
        let bound = self.deeper(1, |binder| {
            if changes(&cte.query) {
                return binder.bind_modifying(cte, recursive, &name);
            }
            if recursive {
                let (query, columns) = binder.bind_recursive(cte, id, &name)?;
                return Ok((query, None, columns));
            }
            let query = binder.bind_query(&cte.query, true)?;
            let columns = columns_of(&query, &name, &cte.alias)?;
            Ok((query, None, columns))
        });
        self.no_recursion = around;
        let (query, change, columns) = bound?;
        let gives_rows = change.is_none() || !query.output.is_empty();
        self.ctes.push(Cte {
            id,
            name: name.clone(),
            columns,
            references: 0,
            in_subquery: false,
            subqueries: self.subqueries(),
            term: Term::None,
            gives_rows,
        });
        let materialized = cte
            .materialized
            .as_ref()
            .map(|m| matches!(m, ast::CteAsMaterialized::Materialized));
        Ok(WithQuery {
            id,
            name,
            query,
            change,
            references: 0,
            in_subquery: false,
            materialized,
        })
    }

    /// A change in WITH: a query of its result columns, itself, and the columns.
    #[allow(clippy::type_complexity)] // used once
    fn bind_modifying(
        &mut self,
        cte: &ast::Cte,
        recursive: bool,
        name: &str,
    ) -> Result<(Query, Option<ModifyingQuery>, Vec<(String, SqlType)>)> {
        if recursive {
            let message =
                format!("recursive query \"{name}\" must not contain data-modifying statements");
            return Err(at(sql_error("42P19", message), &cte.alias.name));
        }
        let change = self.bind_with_change(&cte.query)?;
        let returning = match &change {
            Statement::Insert(insert) => &insert.returning,
            Statement::Update(update) => &update.returning,
            Statement::Delete(delete) => &delete.returning,
            _ => {
                let message = "MERGE not supported in WITH query";
                return Err(Error::new(ErrorKind::Unsupported, "0A000", message));
            }
        };
        let output = returning
            .as_ref()
            .map_or_else(Vec::new, |r| r.output.clone());
        let query = Query {
            output,
            ..Query::default()
        };
        let columns = columns_of(&query, name, &cte.alias)?;
        Ok((query, Some(ModifyingQuery(Arc::new(change))), columns))
    }

    /// The source that `name` is in FROM, if it is a query of WITH.
    pub(super) fn bind_cte_reference(
        &mut self,
        name: &ast::ObjectName,
        known_as: &str,
    ) -> Result<Option<(From, Scope)>> {
        let [ast::ObjectNamePart::Identifier(ident)] = name.0.as_slice() else {
            return Ok(None);
        };
        let folded = fold(ident)?;
        let (subqueries, no_recursion) = (self.subqueries(), self.no_recursion);
        let Some(cte) = self.ctes.iter_mut().rev().find(|c| c.name == folded) else {
            return Ok(None);
        };
        let in_subquery = subqueries > cte.subqueries;
        if !cte.gives_rows {
            let message = format!("WITH query \"{folded}\" does not have a RETURNING clause");
            let error = Error::new(ErrorKind::Unsupported, "0A000", message);
            return Err(at(error, ident));
        }
        if cte.term != Term::None {
            let place = match (cte.term, no_recursion) {
                (Term::Seed, _) => Some("within its non-recursive term"),
                _ if in_subquery => Some("within a subquery"),
                (_, Some(NoRecursion::OuterJoin)) => Some("within an outer join"),
                (_, Some(NoRecursion::Intersect)) => Some("within INTERSECT"),
                (_, Some(NoRecursion::Except)) => Some("within EXCEPT"),
                _ if cte.references > 0 => Some("more than once"),
                _ => None,
            };
            if let Some(place) = place {
                let message =
                    format!("recursive reference to query \"{folded}\" must not appear {place}");
                return Err(at(sql_error("42P19", message), ident));
            }
        }
        cte.references += 1;
        cte.in_subquery |= in_subquery;
        let reference = CteReference {
            id: cte.id,
            alias: known_as.to_owned(),
            types: cte.columns.iter().map(|(_, t)| *t).collect(),
            working: cte.term == Term::Step,
        };
        let mut scope = Scope::of_columns(known_as, cte.columns.iter().cloned());
        scope.recursive = reference.working;
        Ok(Some((From::Cte(reference), scope)))
    }

    /// Runs `inner` where the working table of a recursive query cannot be referred to, if `why` says so.
    pub(super) fn without_recursion<T>(
        &mut self,
        why: Option<NoRecursion>,
        inner: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        let before = self.no_recursion;
        self.no_recursion = before.or(why);
        let result = inner(self);
        self.no_recursion = before;
        result
    }

    fn bind_recursive(
        &mut self,
        cte: &ast::Cte,
        id: usize,
        name: &str,
    ) -> Result<(Query, Vec<(String, SqlType)>)> {
        let mark = self.ctes.len();
        let (seed, written, with) = self.recursive_seed(cte, id, name)?;
        let columns = columns_of(&seed, name, &cte.alias)?;
        let types: Vec<SqlType> = columns.iter().map(|(_, t)| *t).collect();
        if let Some(own) = self.ctes.iter_mut().rev().find(|c| c.id == id) {
            own.columns.clone_from(&columns);
            own.term = Term::Step;
        }
        let step = self.bind_branch(written.right)?;
        if step.output.len() != types.len() {
            let message = "each UNION query must have the same number of columns";
            return Err(sql_error("42601", message));
        }
        for (i, (own, other)) in types.iter().zip(&step.output).enumerate() {
            check_type(name, i, *own, other.sql_type)?;
        }
        let step = self.cast_branch(step, &types)?;
        let with = self.close_with(with);
        self.ctes.truncate(mark);
        let targets = columns
            .iter()
            .enumerate()
            .map(|(i, (name, sql_type))| Target::new(column(i, *sql_type), name.clone()))
            .collect();
        let recursive = Recursive {
            id,
            seed,
            step,
            all: written.all,
            types,
        };
        let mut query = select_all(From::Recursive(Box::new(recursive)), targets);
        query.with = with;
        Ok((query, columns))
    }

    /// The left side of a recursive query, the whole of it, and the WITH in front of both sides.
    #[allow(clippy::type_complexity)] // used once
    fn recursive_seed<'a>(
        &mut self,
        cte: &'a ast::Cte,
        id: usize,
        name: &str,
    ) -> Result<(Query, Written<'a>, (usize, Vec<WithQuery>))> {
        let written = match &*cte.query.body {
            ast::SetExpr::SetOperation {
                left,
                op,
                set_quantifier,
                right,
            } => Written::new(left, *op, *set_quantifier, right)?,
            _ => return Err(no_union(name)),
        };
        if written.operator != SetOperator::Union {
            return Err(no_union(name));
        }
        self.ctes.push(Cte {
            id,
            name: name.to_owned(),
            columns: Vec::new(),
            references: 0,
            in_subquery: false,
            subqueries: self.subqueries(),
            term: Term::Seed,
            gives_rows: true,
        });
        let with = self.open_with(cte.query.with.as_ref())?;
        let mut seed = self.bind_branch(written.left)?;
        for (expr, output) in seed.projection.iter_mut().zip(&mut seed.output) {
            *expr = self.resolve_unknown(expr.clone())?;
            output.sql_type = expr.sql_type;
        }
        refuse_clauses(&cte.query)?;
        Ok((seed, written, with))
    }
}

fn no_union(name: &str) -> Error {
    let message = format!(
        "recursive query \"{name}\" does not have the form non-recursive-term UNION [ALL] recursive-term"
    );
    sql_error("42P19", message)
}

/// The type of a column is decided by the left side of the UNION alone.
fn check_type(name: &str, position: usize, own: SqlType, other: SqlType) -> Result<()> {
    let overall = common_type([own, other]).ok_or_else(|| {
        let message = format!(
            "UNION types {} and {} cannot be matched",
            own.base_name(),
            other.base_name()
        );
        sql_error("42804", message)
    })?;
    if overall == own {
        return Ok(());
    }
    let message = format!(
        "recursive query \"{name}\" column {} has type {own} in non-recursive term but type {overall} overall",
        position + 1,
    );
    Err(sql_error("42804", message))
}

/// Refuses what PostgreSQL does not implement around a recursive UNION.
fn refuse_clauses(query: &ast::Query) -> Result<()> {
    let (limit, offset) = match &query.limit_clause {
        Some(ast::LimitClause::LimitOffset { limit, offset, .. }) => {
            (limit.is_some(), offset.is_some())
        }
        Some(ast::LimitClause::OffsetCommaLimit { .. }) => (true, true),
        None => (false, false),
    };
    let clauses = [
        (query.order_by.is_some(), "ORDER BY"),
        (offset, "OFFSET"),
        (limit || query.fetch.is_some(), "LIMIT"),
        (!query.locks.is_empty(), "FOR UPDATE/SHARE"),
    ];
    match clauses.iter().find(|(used, _)| *used) {
        Some((_, clause)) => {
            let message = format!("{clause} in a recursive query is not implemented");
            Err(Error::new(ErrorKind::Unsupported, "0A000", message))
        }
        None => Ok(()),
    }
}

/// Names and types of the columns: those of the alias, then those of the query.
fn columns_of(
    query: &Query,
    name: &str,
    alias: &ast::TableAlias,
) -> Result<Vec<(String, SqlType)>> {
    if alias.columns.len() > query.output.len() {
        let message = format!(
            "WITH query \"{name}\" has {} columns available but {} columns specified",
            query.output.len(),
            alias.columns.len()
        );
        return Err(at(sql_error("42P10", message), &alias.name));
    }
    let mut columns = Vec::with_capacity(query.output.len());
    for (position, output) in query.output.iter().enumerate() {
        let name = match alias.columns.get(position) {
            Some(column) => fold(&column.name)?,
            None => output.name.clone(),
        };
        columns.push((name, output.sql_type));
    }
    Ok(columns)
}

/// The queries of WITH RECURSIVE, each behind those that it refers to, and whether it refers to itself. Errors: `0A000`
/// when two refer to each other.
fn in_order(ctes: &[ast::Cte]) -> Result<Vec<(&ast::Cte, bool)>> {
    let names: Vec<String> = ctes
        .iter()
        .map(|c| fold(&c.alias.name))
        .collect::<Result<_>>()?;
    let mut left = Vec::with_capacity(ctes.len());
    for cte in ctes {
        let mut uses = BTreeSet::new();
        // A name that another WITH hides is taken for a use; that costs nothing but an order.
        let _ = visit_relations(&*cte.query, |name| {
            if let Ok((folded, _)) = single(name)
                && let Some(used) = names.iter().position(|n| *n == folded)
            {
                uses.insert(used);
            }
            ControlFlow::<()>::Continue(())
        });
        left.push(Some(uses));
    }
    let mut ordered = Vec::with_capacity(ctes.len());
    let mut done = BTreeSet::new();
    while ordered.len() < ctes.len() {
        let is_ready = |i: usize, uses: &Option<BTreeSet<usize>>| {
            uses.as_ref()
                .is_some_and(|uses| uses.iter().all(|u| *u == i || done.contains(u)))
        };
        let next = left.iter().enumerate().find(|(i, uses)| is_ready(*i, uses));
        let Some((i, _)) = next else {
            let message = "mutual recursion between WITH items is not implemented";
            return Err(Error::new(ErrorKind::Unsupported, "0A000", message));
        };
        let recursive = left[i].take().is_some_and(|uses| uses.contains(&i));
        done.insert(i);
        ordered.push((&ctes[i], recursive));
    }
    Ok(ordered)
}
