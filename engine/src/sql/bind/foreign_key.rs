//! Foreign keys: their definition, and what depends on what is dropped.

use super::call::refuse;
use super::coerce::{Context, can_cast, same};
use super::context::Binder;
use super::names::{at, fold, sql_error};
use super::table::{Draft, DraftKey};
use super::time_operator::is_temporal;
use crate::catalog::{
    Column, ConstraintTiming, ForeignKey, ReferentialAction, RelationName, Table,
};
use crate::error::{Error, Result};
use crate::sql::action_columns::split;
use crate::types::SqlType;
use sqlparser::ast;
use std::sync::Arc;

/// Columns of the longest foreign key, as in PostgreSQL.
const COLUMNS_MAX: usize = 32;

/// A foreign key as it was written, of a column or of the table.
pub(super) struct Written<'a> {
    /// The name before the constraint of a column.
    pub(super) name: Option<&'a ast::Ident>,
    /// The column, where it is the constraint of one.
    pub(super) column: Option<usize>,
    /// The rest.
    pub(super) constraint: &'a ast::ForeignKeyConstraint,
}

/// The table that is referenced.
struct Target {
    columns: Vec<Column>,
    primary_key: Option<TargetKey>,
    /// All that are unique, the primary key among them.
    keys: Vec<TargetKey>,
}

#[derive(Clone)]
struct TargetKey {
    columns: Vec<usize>,
    is_deferrable: bool,
}

impl Target {
    fn of(table: &Table) -> Self {
        let of_index = |index: &crate::catalog::Index| TargetKey {
            columns: index.columns.iter().map(|(column, _)| *column).collect(),
            is_deferrable: index.is_deferrable(),
        };
        let named = table.primary_key_name.as_ref();
        let primary_index = table.indexes.iter().find(|i| Some(&i.name) == named);
        let row_id = table.row_id_column.map(|column| TargetKey {
            columns: vec![column],
            is_deferrable: false,
        });
        let unique = table.indexes.iter().filter(|i| i.unique && i.is_plain());
        let unique = unique.map(of_index);
        Self {
            columns: table.columns.clone(),
            keys: row_id.iter().cloned().chain(unique).collect(),
            primary_key: row_id.or_else(|| primary_index.map(of_index)),
        }
    }
}

impl Binder<'_> {
    /// The foreign keys of a new table.
    pub(super) fn foreign_keys(
        &self,
        draft: &mut Draft,
        written: &[Written<'_>],
    ) -> Result<Vec<ForeignKey>> {
        let newest = self.schema.foreign_keys().map(|(_, key)| key.number).max();
        let first = newest.map_or(0, |number| number + 1);
        let numbered = written.iter().zip(first..);
        numbered
            .map(|(written, number)| self.foreign_key(draft, written, number))
            .collect()
    }

    fn foreign_key(
        &self,
        draft: &mut Draft,
        written: &Written<'_>,
        number: u64,
    ) -> Result<ForeignKey> {
        let ast::ForeignKeyConstraint {
            name,
            index_name,
            columns,
            foreign_table,
            referred_columns,
            on_delete,
            on_update,
            match_kind,
            characteristics,
        } = written.constraint;
        refuse(index_name.is_some(), "a name of the index of FOREIGN KEY")?;
        let full_match = match match_kind {
            None | Some(ast::ConstraintReferenceMatchKind::Simple) => false,
            Some(ast::ConstraintReferenceMatchKind::Full) => true,
            Some(ast::ConstraintReferenceMatchKind::Partial) => {
                return Err(Error::unsupported("MATCH PARTIAL"));
            }
        };
        let timing = timing(characteristics.as_ref())?;
        let (foreign_table, set) = split(foreign_table);
        let (referenced_table, ident) = self.relation(&foreign_table)?;
        let target = match referenced_table == draft.name {
            true => draft.target(),
            false => {
                self.schema_exists(&foreign_table)?;
                self.target(&referenced_table, ident)?
            }
        };
        let columns = match written.column {
            Some(column) => vec![column],
            None => positions(columns.iter(), &draft.columns)?,
        };
        let on_delete_columns = set_columns(&set, &columns, &draft.columns)?;
        let referenced = referenced_columns(&target, referred_columns, referenced_table.own())?;
        if referenced.len() != columns.len() {
            let message =
                "number of referencing and referenced columns for foreign key disagree".to_owned();
            return Err(sql_error("42830", message));
        }
        let name = match written.name.or(name.as_ref()) {
            Some(ident) => fold(ident)?,
            None => self.foreign_key_name(draft, &columns),
        };
        for (own, other) in columns.iter().zip(&referenced) {
            comparable(&name, &draft.columns[*own], &target.columns[*other])?;
        }
        let names = referenced.iter().map(|c| target.columns[*c].name.clone());
        let (on_delete, on_update) = (action(*on_delete), action(*on_update));
        refuse_actions(&columns, draft, on_delete, on_update)?;
        Ok(ForeignKey {
            name,
            number,
            columns,
            referenced_table,
            referenced_columns: names.collect(),
            full_match,
            on_delete,
            on_delete_columns,
            on_update,
            timing,
        })
    }

    fn foreign_key_name(&self, draft: &mut Draft, columns: &[usize]) -> String {
        let names: Vec<&str> = columns
            .iter()
            .map(|c| draft.columns[*c].name.as_str())
            .collect();
        let names = names.join("_");
        let exists = |name: &str| self.schema.foreign_keys().any(|(_, key)| key.name == *name);
        draft.make_up(&names, "fkey", exists)
    }

    /// The table of that name as a target. Errors: `42P01`, `42809`.
    fn target(&self, name: &RelationName, ident: &ast::Ident) -> Result<Target> {
        match self.schema.table(name) {
            Some(table) if table.materialized.is_none() => Ok(Target::of(table)),
            _ if self.relation_exists(name) => {
                let message = format!("referenced relation \"{name}\" is not a table");
                Err(at(sql_error("42809", message), ident))
            }
            _ => {
                let message = format!("relation \"{name}\" does not exist");
                Err(at(sql_error("42P01", message), ident))
            }
        }
    }

    /// Refuses to drop tables to which foreign keys of others refer. Errors: `2BP01`.
    pub(super) fn refuse_if_referenced(&self, tables: &[Arc<Table>]) -> Result<()> {
        let goes = |name: &RelationName| tables.iter().any(|t| t.name == *name);
        let mut keys = self.schema.foreign_keys();
        let left = keys.find(|(child, key)| goes(&key.referenced_table) && !goes(&child.name));
        let Some((child, key)) = left else {
            return Ok(());
        };
        let (table, child, key) = (&key.referenced_table, &child.name, &key.name);
        let message = format!(
            "cannot drop table {table} because other objects depend on it: constraint {key} on table {child} depends \
             on table {table} (use DROP ... CASCADE to drop the dependent objects too)"
        );
        Err(sql_error("2BP01", message))
    }

    /// Refuses to drop an index to which foreign keys refer. Errors: `2BP01`.
    pub(super) fn refuse_if_referenced_index(&self, table: &Table, index: &str) -> Result<()> {
        for reference in super::integrity::references(self.schema)? {
            let crate::catalog::ReferencedKey::Index(position) = reference.parent_key else {
                continue;
            };
            if reference.parent.name != table.name || table.indexes[position].name != index {
                continue;
            }
            let (child, key) = (&reference.child.name, &reference.key.name);
            let message = format!(
                "cannot drop index {index} because other objects depend on it: constraint {key} on table {child} \
                 depends on index {index} (use DROP ... CASCADE to drop the dependent objects too)"
            );
            return Err(sql_error("2BP01", message));
        }
        Ok(())
    }
}

impl Draft {
    /// The table as the target of its own foreign keys.
    fn target(&self) -> Target {
        let of_key = |key: &DraftKey| TargetKey {
            columns: key.columns.clone(),
            is_deferrable: key.timing != ConstraintTiming::NotDeferrable,
        };
        let keys = self.primary_key.iter().chain(&self.unique);
        Target {
            columns: self.columns.clone(),
            primary_key: self.primary_key.as_ref().map(of_key),
            keys: keys.map(of_key).collect(),
        }
    }
}

fn positions<'a>(
    written: impl ExactSizeIterator<Item = &'a ast::Ident>,
    columns: &[Column],
) -> Result<Vec<usize>> {
    if written.len() > COLUMNS_MAX {
        let message = format!("cannot have more than {COLUMNS_MAX} keys in a foreign key");
        return Err(sql_error("54011", message));
    }
    let position = |ident: &ast::Ident| {
        let name = fold(ident)?;
        let found = columns.iter().position(|c| c.name == name);
        found.ok_or_else(|| {
            let message =
                format!("column \"{name}\" referenced in foreign key constraint does not exist");
            at(sql_error("42703", message), ident)
        })
    };
    written.map(position).collect()
}

/// The columns of `ON DELETE SET NULL (…)`, each once. Errors: `42703`, `42P10`.
fn set_columns(
    written: &[&ast::Ident],
    of_key: &[usize],
    columns: &[Column],
) -> Result<Vec<usize>> {
    let mut set = Vec::new();
    for column in positions(written.iter().copied(), columns)? {
        if !of_key.contains(&column) {
            let message = format!(
                "column \"{}\" referenced in ON DELETE SET action must be part of foreign key",
                columns[column].name
            );
            return Err(sql_error("42P10", message));
        }
        if !set.contains(&column) {
            set.push(column);
        }
    }
    Ok(set)
}

/// The columns that are referenced: those written, or the primary key's.
fn referenced_columns(target: &Target, written: &[ast::Ident], table: &str) -> Result<Vec<usize>> {
    if written.is_empty() {
        let key = target.primary_key.clone().ok_or_else(|| {
            let message = format!("there is no primary key for referenced table \"{table}\"");
            sql_error("42704", message)
        })?;
        return match key.is_deferrable {
            true => Err(deferrable("primary key", table)),
            false => Ok(key.columns),
        };
    }
    let columns = positions(written.iter(), &target.columns)?;
    let again = |(i, column): (usize, &usize)| columns[..i].contains(column);
    if columns.iter().enumerate().any(again) {
        let message = "foreign key referenced-columns list must not contain duplicates".to_owned();
        return Err(sql_error("42830", message));
    }
    let is_over = |key: &&TargetKey| {
        key.columns.len() == columns.len()
            && key.columns.iter().all(|column| columns.contains(column))
    };
    let mut over = target.keys.iter().filter(is_over).peekable();
    if over.peek().is_none() {
        let message = format!(
            "there is no unique constraint matching given keys for referenced table \"{table}\""
        );
        return Err(sql_error("42830", message));
    }
    if over.all(|key| key.is_deferrable) {
        return Err(deferrable("unique constraint", table));
    }
    Ok(columns)
}

/// `55000`: a key that two rows may have for a while cannot be referenced.
fn deferrable(kind: &str, table: &str) -> Error {
    let message = format!("cannot use a deferrable {kind} for referenced table \"{table}\"");
    sql_error("55000", message)
}

/// Whether values of the two columns can be compared: there is an operator for both types, or an implicit cast to the
/// referenced one. Errors: `42804`.
fn comparable(name: &str, own: &Column, other: &Column) -> Result<()> {
    let (from, to) = (own.sql_type, other.sql_type);
    let both = |is: fn(SqlType) -> bool| is(from) && is(to);
    let is_comparable = both(SqlType::is_integer)
        || both(SqlType::is_float)
        || both(SqlType::is_datetime)
        || can_cast(from, to, Context::Implicit);
    if is_comparable {
        let declares = |t: SqlType| is_temporal(t) && t != t.base();
        refuse(
            from != to && (declares(from) || declares(to)),
            "a foreign key between times of other digits of a second",
        )?;
        let is_array = matches!(to, SqlType::Array(_)) && !same(from, to);
        return refuse(is_array, "a foreign key between arrays of different types");
    }
    let message = format!(
        "foreign key constraint \"{name}\" cannot be implemented: key columns \"{}\" and \"{}\" are of incompatible \
         types: {} and {}",
        own.name,
        other.name,
        from.base_name(),
        to.base_name()
    );
    Err(sql_error("42804", message))
}

/// `42601` for actions that would write a generated column, where one is among `columns`.
fn refuse_actions(
    columns: &[usize],
    draft: &Draft,
    on_delete: ReferentialAction,
    on_update: ReferentialAction,
) -> Result<()> {
    let mut columns = columns.iter();
    if columns.any(|c| draft.columns[*c].generated.is_some()) {
        refuse_action(on_delete, "DELETE")?;
        refuse_action(on_update, "UPDATE")?;
    }
    Ok(())
}

/// `42601` for an action that would write a generated column.
fn refuse_action(action: ReferentialAction, event: &str) -> Result<()> {
    use ReferentialAction::{Cascade, SetDefault, SetNull};
    let writes = match action {
        SetNull | SetDefault => true,
        Cascade => event == "UPDATE",
        _ => false,
    };
    if !writes {
        return Ok(());
    }
    let message =
        format!("invalid ON {event} action for foreign key constraint containing generated column");
    Err(sql_error("42601", message))
}

fn action(written: Option<ast::ReferentialAction>) -> ReferentialAction {
    match written {
        None | Some(ast::ReferentialAction::NoAction) => ReferentialAction::NoAction,
        Some(ast::ReferentialAction::Restrict) => ReferentialAction::Restrict,
        Some(ast::ReferentialAction::Cascade) => ReferentialAction::Cascade,
        Some(ast::ReferentialAction::SetNull) => ReferentialAction::SetNull,
        Some(ast::ReferentialAction::SetDefault) => ReferentialAction::SetDefault,
    }
}

/// When a constraint is checked.
pub(super) fn timing(written: Option<&ast::ConstraintCharacteristics>) -> Result<ConstraintTiming> {
    let Some(ast::ConstraintCharacteristics {
        deferrable,
        initially,
        enforced,
    }) = written
    else {
        return Ok(ConstraintTiming::NotDeferrable);
    };
    refuse(enforced.is_some(), "ENFORCED")?;
    match (deferrable, initially) {
        (Some(false), Some(ast::DeferrableInitial::Deferred)) => Err(sql_error(
            "42601",
            "constraint declared INITIALLY DEFERRED must be DEFERRABLE",
        )),
        (_, Some(ast::DeferrableInitial::Deferred)) => Ok(ConstraintTiming::InitiallyDeferred),
        (Some(true), _) => Ok(ConstraintTiming::InitiallyImmediate),
        (Some(false) | None, _) => Ok(ConstraintTiming::NotDeferrable),
    }
}
