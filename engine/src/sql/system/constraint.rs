//! The constraints, indexes and defaults of a table as PostgreSQL counts them: those that the catalog keeps in a form of
//! their own are among them.

use crate::catalog::{ConstraintTiming, ForeignKey, Index, Schema, Table};
use crate::sql::bind::bind_expression;
use crate::sql::walk::columns_of;
use crate::storage::TreeId;
use crate::types::SqlType;
use std::borrow::Cow;

/// A constraint of a table.
pub(super) struct Constraint<'t> {
    pub(super) name: &'t str,
    pub(super) kind: Kind<'t>,
    /// The columns that it is over, in order.
    pub(super) columns: Vec<usize>,
    pub(super) timing: ConstraintTiming,
}

/// What a constraint demands.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Kind<'t> {
    PrimaryKey,
    Unique,
    /// The SQL text of the condition.
    Check(&'t str),
    ForeignKey(&'t ForeignKey),
}

/// The constraints of `table`, without NOT NULL.
pub(super) fn constraints(table: &Table) -> Vec<Constraint<'_>> {
    let primary = table.primary_key_name.as_deref();
    let mut found = Vec::new();
    if let (Some(name), Some(column)) = (primary, table.row_id_column) {
        found.push(Constraint {
            name,
            kind: Kind::PrimaryKey,
            columns: vec![column],
            timing: ConstraintTiming::NotDeferrable,
        });
    }
    for index in table.indexes.iter().filter(|index| index.constraint) {
        found.push(Constraint {
            name: &index.name,
            kind: match primary == Some(&index.name) {
                true => Kind::PrimaryKey,
                false => Kind::Unique,
            },
            columns: index.columns.iter().map(|(column, _)| *column).collect(),
            timing: index.timing,
        });
    }
    for (name, condition) in &table.checks {
        found.push(Constraint {
            name,
            kind: Kind::Check(condition),
            columns: columns_of_check(table, condition),
            timing: ConstraintTiming::NotDeferrable,
        });
    }
    for key in &table.foreign_keys {
        found.push(Constraint {
            name: &key.name,
            kind: Kind::ForeignKey(key),
            columns: key.columns.clone(),
            timing: key.timing,
        });
    }
    found
}

fn columns_of_check(table: &Table, condition: &str) -> Vec<usize> {
    // Stored conditions can be bound; one that could not would be over no column.
    let bound = bind_expression(condition, (&table.columns, &table.types), SqlType::Bool);
    let mut columns = bound.map_or_else(|_| Vec::new(), |bound| columns_of(&bound));
    columns.sort_unstable();
    columns
}

impl Constraint<'_> {
    pub(super) fn is_deferrable(&self) -> bool {
        self.timing != ConstraintTiming::NotDeferrable
    }

    pub(super) fn is_deferred(&self) -> bool {
        self.timing == ConstraintTiming::InitiallyDeferred
    }

    /// Whether it has an index.
    pub(super) fn is_key(&self) -> bool {
        matches!(self.kind, Kind::PrimaryKey | Kind::Unique)
    }
}

/// The unique index of the table that `key` refers to, by its name: that of the constraint over its columns.
pub(super) fn referenced_key<'s>(
    schema: &'s Schema,
    key: &ForeignKey,
) -> Option<(&'s Table, Constraint<'s>)> {
    let table = schema.table(&key.referenced_table)?;
    let columns = table.positions(&key.referenced_columns)?;
    let is_over = |constraint: &Constraint<'_>| {
        constraint.is_key()
            && constraint.columns.len() == columns.len()
            && columns
                .iter()
                .all(|column| constraint.columns.contains(column))
    };
    let found = constraints(table).into_iter().find(is_over)?;
    Some((table, found))
}

/// The indexes of `table`, with one for a primary key that is the row id and needs none here.
pub(super) fn indexes(table: &Table) -> Vec<Cow<'_, Index>> {
    let mut indexes = Vec::new();
    if let (Some(name), Some(column)) = (&table.primary_key_name, table.row_id_column) {
        indexes.push(Cow::Owned(Index {
            unique: true,
            constraint: true,
            ..Index::over(name.clone(), TreeId(0), vec![(column, false)])
        }));
    }
    indexes.extend(table.indexes.iter().map(Cow::Borrowed));
    indexes
}

/// The SQL text of what the column at `position` is by default or computed from. An identity column has no default.
pub(super) fn default(table: &Table, position: usize) -> Option<&str> {
    let column = table.columns.get(position)?;
    let default = column
        .default
        .as_deref()
        .filter(|_| column.identity.is_none());
    default.or(column.generated.as_deref())
}
