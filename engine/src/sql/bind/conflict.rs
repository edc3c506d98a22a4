//! ON CONFLICT: which unique keys decide, and what is done with the row that has one already.

use super::call::refuse;
use super::context::{Binder, Clause, Level};
use super::join::concat;
use super::names::{at, fold, single, sql_error};
use super::pin::pinned;
use super::stored::of_index;
use super::updatable::ChangeTarget;
use crate::catalog::{EXPRESSION_BASE, Index, ReferencedKey, Table};
use crate::error::{Error, Result};
use crate::sql::bound::{ConflictUpdate, Expr, ExprKind, OnConflict};
use crate::sql::conflict_target;
use crate::sql::index_keys::{ComputedKey, IndexKeys};
use crate::sql::parse::parse_expression;
use crate::types::Zone;
use sqlparser::ast;
use std::collections::BTreeSet;

/// The name of the row that was to be added.
const EXCLUDED: &str = "excluded";

impl Binder<'_> {
    /// `ON CONFLICT` of an INSERT into `target`, which goes by the name `alias`.
    pub(super) fn bind_conflict(
        &mut self,
        target: &ChangeTarget,
        alias: &str,
        on: &ast::OnInsert,
    ) -> Result<OnConflict> {
        let ast::OnInsert::OnConflict(ast::OnConflict {
            conflict_target,
            action,
        }) = on
        else {
            return Err(Error::unsupported("ON DUPLICATE KEY UPDATE"));
        };
        let update = match action {
            ast::OnConflictAction::DoNothing => None,
            ast::OnConflictAction::DoUpdate(update) => Some(update),
        };
        if update.is_some() && conflict_target.is_none() {
            return Err(sql_error(
                "42601",
                "ON CONFLICT DO UPDATE requires inference specification or constraint name",
            ));
        }
        let table = &target.table;
        let arbiters = match conflict_target {
            None => unique_keys(table).collect::<Vec<_>>(),
            Some(wanted) => arbiters(target, wanted, self.reading.zone)?,
        };
        refuse_deferrable(table, &arbiters)?;
        let update = update
            .map(|update| self.bind_conflict_update(target, alias, update))
            .transpose()?;
        Ok(OnConflict { arbiters, update })
    }

    fn bind_conflict_update(
        &mut self,
        target: &ChangeTarget,
        alias: &str,
        update: &ast::DoUpdate,
    ) -> Result<ConflictUpdate> {
        let ast::DoUpdate {
            assignments,
            selection,
        } = update;
        if alias == EXCLUDED {
            let message = format!("table reference \"{alias}\" is ambiguous");
            return Err(sql_error("42P09", message));
        }
        let (there, excluded) = (target.scope(alias), target.excluded_scope(EXCLUDED));
        let scope = concat(there, excluded, Vec::new(), &[]);
        let level = Level::new(scope, Clause::Set);
        let (mut update, _) = self.with_level(level, |binder| {
            Ok(ConflictUpdate {
                assignments: binder.bind_assignments(target, assignments, 0)?,
                filter: binder.bind_where(selection.as_ref())?,
                visible: target.visible(),
            })
        })?;
        let values = update.assignments.iter_mut().map(|(_, value)| value);
        target.expand(values.chain(update.filter.iter_mut()))?;
        Ok(update)
    }
}

/// All unique keys of a table.
fn unique_keys(table: &Table) -> impl Iterator<Item = ReferencedKey> {
    let row_id = table.row_id_column.map(|_| ReferencedKey::RowId);
    let indexes = table.indexes.iter().enumerate();
    let unique = indexes.filter(|(_, index)| index.unique);
    row_id
        .into_iter()
        .chain(unique.map(|(at, _)| ReferencedKey::Index(at)))
}

/// `55000` for a key that two rows may have for a while: it does not say whether a row is in the way.
fn refuse_deferrable(table: &Table, arbiters: &[ReferencedKey]) -> Result<()> {
    let is_deferrable = |key: &ReferencedKey| match key {
        ReferencedKey::RowId => false,
        ReferencedKey::Index(index) => table.indexes[*index].is_deferrable(),
    };
    match arbiters.iter().any(is_deferrable) {
        false => Ok(()),
        true => Err(sql_error(
            "55000",
            "ON CONFLICT does not support deferrable unique constraints/exclusion constraints as arbiters",
        )),
    }
}

/// A part of an index of `table` as the index has it, which knows no zone.
fn part(expr: &ast::Expr, table: &Table, clause: Clause, zone: Zone) -> Result<Expr> {
    let bind = |expr: &ast::Expr| of_index(expr, table, clause);
    bind(&*pinned(expr, zone, bind)?)
}

/// The unique keys that `target` means. Errors: `42703`, `42704`, `42809`; `42P10` when there are none.
fn arbiters(
    target: &ChangeTarget,
    wanted: &ast::ConflictTarget,
    zone: Zone,
) -> Result<Vec<ReferencedKey>> {
    let table = &target.table;
    let (columns, predicate) = match wanted {
        ast::ConflictTarget::OnConstraint(name) => {
            return constraint(target, name).map(|k| vec![k]);
        }
        ast::ConflictTarget::Columns { columns, predicate } => (columns, predicate),
    };
    let (mut wanted, mut expressions) = (BTreeSet::new(), Vec::new());
    for ident in columns {
        if let Some(text) = conflict_target::expression(ident) {
            refuse(
                target.is_view(),
                "an expression as the conflict target of a view",
            )?;
            let expr = parse_expression(text)?;
            expressions.push(part(&expr, table, Clause::IndexExpression, zone)?);
            continue;
        }
        let name = fold(ident)?;
        let column = target.position(&name).ok_or_else(|| {
            let message = format!("column \"{name}\" does not exist");
            at(sql_error("42703", message), ident)
        })?;
        // What a view computes is no key.
        wanted.insert(column.unwrap_or(EXPRESSION_BASE));
    }
    refuse(
        predicate.is_some() && target.is_view(),
        "a condition in the conflict target of a view",
    )?;
    let predicate = match predicate {
        Some(predicate) => Some(part(predicate, table, Clause::IndexPredicate, zone)?),
        None => None,
    };
    let keys = IndexKeys::of(table)?;
    let is_over = |key: &ReferencedKey| match key {
        ReferencedKey::RowId => {
            expressions.is_empty() && table.row_id_column.into_iter().eq(wanted.iter().copied())
        }
        ReferencedKey::Index(index) => {
            let own = table.indexes[*index]
                .columns
                .iter()
                .map(|(column, _)| *column);
            let own: BTreeSet<usize> = own.filter(|c| *c < EXPRESSION_BASE).collect();
            let none = ComputedKey::default();
            let computed = keys.get(*index).unwrap_or(&none);
            own == wanted
                && expressions.iter().all(|e| computed.expressions.contains(e))
                && computed.expressions.iter().all(|e| expressions.contains(e))
                && is_asked_for(computed.predicate.as_ref(), predicate.as_ref())
        }
    };
    let found: Vec<ReferencedKey> = unique_keys(table).filter(is_over).collect();
    if found.is_empty() {
        return Err(sql_error(
            "42P10",
            "there is no unique or exclusion constraint matching the ON CONFLICT specification",
        ));
    }
    Ok(found)
}

/// Whether the condition of an index is among those that the target names.
fn is_asked_for(own: Option<&Expr>, asked: Option<&Expr>) -> bool {
    let parts = |e: &Expr| match &e.kind {
        ExprKind::And(parts) => parts.clone(),
        _ => vec![e.clone()],
    };
    let asked = asked.map(parts).unwrap_or_default();
    own.is_none_or(|own| parts(own).iter().all(|part| asked.contains(part)))
}

/// The unique key of the constraint `name`.
fn constraint(target: &ChangeTarget, name: &ast::ObjectName) -> Result<ReferencedKey> {
    let (name, ident) = single(name)?;
    let table = &target.table;
    let missing = || {
        let of = target.name();
        let message = format!("constraint \"{name}\" for table \"{of}\" does not exist");
        at(sql_error("42704", message), ident)
    };
    if target.is_view() {
        return Err(missing());
    }
    if table.row_id_column.is_some() && table.primary_key_name.as_ref() == Some(&name) {
        return Ok(ReferencedKey::RowId);
    }
    let is_meant = |index: &Index| index.constraint && index.name == name;
    if let Some(index) = table.indexes.iter().position(is_meant) {
        return Ok(ReferencedKey::Index(index));
    }
    let other = table.checks.iter().any(|(check, _)| *check == name)
        || table.foreign_keys.iter().any(|key| key.name == name);
    if other {
        return Err(sql_error(
            "42809",
            "constraint in ON CONFLICT clause has no associated index",
        ));
    }
    Err(missing())
}
