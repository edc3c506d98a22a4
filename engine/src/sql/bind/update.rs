//! UPDATE and DELETE, alone or joined with other sources.

use super::call::refuse;
use super::context::{Binder, Clause, Level};
use super::integrity::Touches;
use super::names::sql_error;
use super::scope::Scope;
use super::updatable::{ChangeTarget, Verb};
use crate::error::{Error, Result};
use crate::sql::bound::{Delete, From, Update};
use sqlparser::ast;
use std::sync::Arc;

impl Binder<'_> {
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
        refuse(
            on_cluster.is_some() || output.is_some() || or.is_some() || settings.is_some(),
            "an option of UPDATE",
        )?;
        refuse(
            !order_by.is_empty() || limit.is_some(),
            "ORDER BY and LIMIT in UPDATE",
        )?;
        let sources = match from {
            None => &[],
            Some(ast::UpdateTableFromKind::AfterSet(sources)) => sources.as_slice(),
            Some(ast::UpdateTableFromKind::BeforeSet(_)) => {
                return Err(sql_error("42601", "syntax error at or near \"FROM\""));
            }
        };
        let (target, alias) = self.bind_target(table, Verb::Update)?;
        let (from, scope) = self.bind_sources(&target, alias, sources)?;
        let level = Level::new(scope, Clause::Set);
        let ((mut assignments, mut filter), level) = self.with_level(level, |binder| {
            let assignments = binder.bind_assignments(&target, assignments, 0)?;
            Ok((assignments, binder.bind_where(selection.as_ref())?))
        })?;
        let mut returning = self.bind_returning(level.scope, returning.as_deref())?;
        let values = assignments.iter_mut().map(|(_, value)| value);
        target.expand(values.chain(filter.iter_mut()))?;
        target.expand(returning.iter_mut().flat_map(|r| &mut r.expressions))?;
        let filter = target.filter(filter);
        let rules = target.rules()?;
        let table = target.table;
        let columns: Vec<usize> = assignments.iter().map(|(column, _)| *column).collect();
        let touches = Touches {
            columns: &columns,
            ..Touches::default()
        };
        Ok(Update {
            with: Vec::new(),
            integrity: self.integrity(&table, &touches)?,
            from,
            filter,
            assignments,
            rules,
            returning,
            table,
        })
    }

    /// The target of a change, joined with the sources of its FROM or USING, if it has any.
    fn bind_sources(
        &mut self,
        target: &ChangeTarget,
        alias: String,
        sources: &[ast::TableWithJoins],
    ) -> Result<(Option<From>, Scope)> {
        if sources.is_empty() {
            return Ok((None, target.scope(&alias)));
        }
        let source = target_source(target, alias);
        self.bind_from_behind(Some(source), sources)
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
        let sources = using.as_deref().unwrap_or_default();
        let (target, alias) = self.bind_target(target, Verb::Delete)?;
        let (from, scope) = self.bind_sources(&target, alias, sources)?;
        let level = Level::new(scope, Clause::Where);
        let (mut filter, level) =
            self.with_level(level, |binder| binder.bind_where(selection.as_ref()))?;
        let mut returning = self.bind_returning(level.scope, returning.as_deref())?;
        target.expand(filter.iter_mut())?;
        target.expand(returning.iter_mut().flat_map(|r| &mut r.expressions))?;
        let filter = target.filter(filter);
        let table = target.table;
        let touches = Touches {
            old: true,
            ..Touches::default()
        };
        Ok(Delete {
            with: Vec::new(),
            integrity: self.integrity(&table, &touches)?,
            from,
            filter,
            returning,
            table,
        })
    }
}

/// The target of a change as a source of rows, which come with their row ids.
pub(super) fn target_source(target: &ChangeTarget, alias: String) -> (From, Scope) {
    let mut scope = target.scope(&alias);
    scope.width += 1;
    let from = From::Table {
        table: Arc::clone(&target.table),
        alias,
        row_id: true,
    };
    (from, scope)
}
