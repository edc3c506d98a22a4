//! ON CONFLICT: which unique keys decide, and what is done with the row that has one already.

use super::context::{Binder, Clause, Level};
use super::join::concat;
use super::names::{at, fold, single, sql_error};
use super::scope::Scope;
use crate::catalog::{Index, ReferencedKey, Table};
use crate::error::{Error, Result};
use crate::sql::bound::{ConflictUpdate, OnConflict};
use sqlparser::ast;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The name of the row that was to be added.
const EXCLUDED: &str = "excluded";

impl Binder<'_> {
    /// `ON CONFLICT` of an INSERT into `table`, which goes by the name `alias`.
    pub(super) fn bind_conflict(
        &mut self,
        table: &Arc<Table>,
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
        let arbiters = match conflict_target {
            None => unique_keys(table).collect::<Vec<_>>(),
            Some(target) => arbiters(table, target)?,
        };
        refuse_deferrable(table, &arbiters)?;
        let update = update
            .map(|update| self.bind_conflict_update(table, alias, update))
            .transpose()?;
        Ok(OnConflict { arbiters, update })
    }

    fn bind_conflict_update(
        &mut self,
        table: &Arc<Table>,
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
        let there = Scope::of_table(alias, table);
        let mut excluded = Scope::of_table(EXCLUDED, table);
        excluded.shift(there.width);
        let scope = concat(there, excluded, Vec::new(), &[]);
        let level = Level::new(scope, Clause::Set);
        let (update, _) = self.with_level(level, |binder| {
            Ok(ConflictUpdate {
                assignments: binder.bind_assignments(table, assignments)?,
                filter: binder.bind_where(selection.as_ref())?,
            })
        })?;
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

/// The unique keys that `target` means. Errors: `42703`, `42704`, `42809`; `42P10` when there are none.
fn arbiters(table: &Table, target: &ast::ConflictTarget) -> Result<Vec<ReferencedKey>> {
    let (columns, predicate) = match target {
        ast::ConflictTarget::OnConstraint(name) => return constraint(table, name).map(|k| vec![k]),
        ast::ConflictTarget::Columns { columns, predicate } => (columns, predicate),
    };
    let mut wanted = BTreeSet::new();
    for ident in columns {
        let name = fold(ident)?;
        let column = table.columns.iter().position(|c| c.name == name);
        wanted.insert(column.ok_or_else(|| {
            let message = format!("column \"{name}\" does not exist");
            at(sql_error("42703", message), ident)
        })?);
    }
    if predicate.is_some() {
        return Err(Error::unsupported("ON CONFLICT (…) WHERE"));
    }
    let is_over = |key: &ReferencedKey| match key {
        ReferencedKey::RowId => table.row_id_column.into_iter().eq(wanted.iter().copied()),
        ReferencedKey::Index(index) => {
            let own = table.indexes[*index].columns.iter();
            own.map(|(column, _)| *column).collect::<BTreeSet<_>>() == wanted
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

/// The unique key of the constraint `name`.
fn constraint(table: &Table, name: &ast::ObjectName) -> Result<ReferencedKey> {
    let (name, ident) = single(name)?;
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
    let table = &table.name;
    let message = format!("constraint \"{name}\" for table \"{table}\" does not exist");
    Err(at(sql_error("42704", message), ident))
}
