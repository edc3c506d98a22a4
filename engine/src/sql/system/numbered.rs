//! The numbers (`oid`) of objects.

use super::class::NAMESPACES;
use super::constraint::constraints;
use crate::catalog::{RelationName, Schema, Table};
use crate::sql::SearchPath;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The number of the first object that is not PostgreSQL's own, as in PostgreSQL.
const FIRST: i64 = 16_384;

/// The number of a schema, as SQL has them, that is a user's own, by its place among them.
const NAMESPACE: i64 = 3_000_000;

/// The number of the relation of that name, 0 when there is none.
pub(in crate::sql) fn number_of(schema: &Schema, relation: &RelationName) -> i64 {
    Numbered::new(schema, &SearchPath::default()).relation(relation)
}

/// A schema whose objects have numbers.
pub(super) struct Numbered<'s> {
    pub(super) schema: &'s Schema,
    /// Where whoever asks looks for relations.
    pub(super) path: &'s SearchPath,
    relations: BTreeMap<RelationName, i64>,
    parts: BTreeMap<(&'s RelationName, Part<'s>), i64>,
}

/// What has a number inside of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part<'s> {
    /// A constraint, by its name.
    Constraint(&'s str),
    /// The default of a column, by its position.
    Default(usize),
}

impl<'s> Numbered<'s> {
    pub(super) fn new(schema: &'s Schema, path: &'s SearchPath) -> Self {
        let mut numbers = FIRST..;
        let mut next = || numbers.next().unwrap_or_default();
        let (mut relations, mut parts) = (BTreeMap::new(), BTreeMap::new());
        for table in schema.tables() {
            relations.insert(table.name.clone(), next());
            for index in super::constraint::indexes(table) {
                relations.insert(table.index_name(&index), next());
            }
            let named = constraints(table)
                .into_iter()
                .map(|c| Part::Constraint(c.name));
            let defaults = (0..table.columns.len())
                .filter(|at| super::constraint::default(table, *at).is_some());
            for part in named.chain(defaults.map(Part::Default)) {
                parts.insert((&table.name, part), next());
            }
        }
        for view in schema.views() {
            relations.insert(view.name.clone(), next());
        }
        for sequence in schema.sequences() {
            relations.insert(sequence.name.clone(), next());
        }
        Self {
            schema,
            path,
            relations,
            parts,
        }
    }

    /// Numbers and names of all schemas, as SQL has them: PostgreSQL's own, then those of users.
    pub(super) fn namespaces(&self) -> impl Iterator<Item = (i64, &'s str)> {
        let own = (NAMESPACE..).zip(self.schema.namespaces());
        NAMESPACES.into_iter().chain(own)
    }

    /// The number of the schema of a relation.
    pub(super) fn namespace(&self, name: &RelationName) -> i64 {
        let found = self.namespaces().find(|(_, of)| *of == name.schema());
        found.map_or(0, |(number, _)| number)
    }

    /// The tables that are no materialized views.
    pub(super) fn tables(&self) -> impl Iterator<Item = &'s Arc<Table>> {
        self.schema.tables().filter(|t| t.materialized.is_none())
    }

    /// The number of the table, index, view or sequence of that name; 0 when there is none.
    pub(super) fn relation(&self, name: &RelationName) -> i64 {
        self.relations.get(name).copied().unwrap_or_default()
    }

    /// The names of all relations.
    pub(super) fn relations(&self) -> impl Iterator<Item = &RelationName> {
        self.relations.keys()
    }

    /// The number of a part of `table`; 0 when there is no such.
    pub(super) fn part(&self, table: &'s Table, part: Part<'s>) -> i64 {
        let number = self.parts.get(&(&table.name, part));
        number.copied().unwrap_or_default()
    }
}
