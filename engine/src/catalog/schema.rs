//! All tables and views of a database, by name.

use super::foreign_key::ForeignKey;
use super::relation_name::{PUBLIC, RelationName};
use super::sequence::Sequence;
use super::stored_query::StoredQuery;
use super::table::{Index, Materialized, Table};
use super::types::Types;
use super::view::View;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What stands on other relations by a query.
#[derive(Clone, Copy, Debug)]
pub enum Dependent<'a> {
    /// A view.
    View(&'a Arc<View>),
    /// A materialized view.
    Materialized(&'a Arc<Table>, &'a Materialized),
}

impl<'a> Dependent<'a> {
    /// Its name.
    pub fn name(self) -> &'a RelationName {
        match self {
            Self::View(view) => &view.name,
            Self::Materialized(table, _) => &table.name,
        }
    }

    /// Its query.
    pub fn query(self) -> &'a StoredQuery {
        match self {
            Self::View(view) => &view.query,
            Self::Materialized(_, materialized) => &materialized.query,
        }
    }

    /// Whether its query names that relation.
    pub fn stands_on(self, name: &RelationName) -> bool {
        self.query().depends_on.contains(name)
    }

    /// What it is called in messages.
    pub fn kind(self) -> &'static str {
        match self {
            Self::View(_) => "view",
            Self::Materialized(table, _) => table.kind(),
        }
    }
}

/// All tables and views as one transaction sees them.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    tables: BTreeMap<RelationName, Arc<Table>>,
    views: BTreeMap<RelationName, Arc<View>>,
    sequences: BTreeMap<RelationName, Arc<Sequence>>,
    settings: BTreeMap<String, String>,
    types: Types,
    /// The names of SQL's schemas, `public` apart.
    namespaces: BTreeSet<String>,
}

impl Schema {
    /// A schema of these tables.
    pub fn new(tables: impl IntoIterator<Item = Arc<Table>>) -> Self {
        Self {
            tables: tables.into_iter().map(|t| (t.name.clone(), t)).collect(),
            views: BTreeMap::new(),
            sequences: BTreeMap::new(),
            settings: BTreeMap::new(),
            types: Types::default(),
            namespaces: BTreeSet::new(),
        }
    }

    /// The same schema with that table in the place of the one that is called `name`.
    pub(crate) fn with_table_replaced(mut self, name: &RelationName, table: Table) -> Self {
        self.tables.remove(name);
        self.tables.insert(table.name.clone(), Arc::new(table));
        self
    }

    /// The same schema with that view in the place of the one that is called `name`.
    pub(crate) fn with_view_replaced(mut self, name: &RelationName, view: View) -> Self {
        self.views.remove(name);
        self.views.insert(view.name.clone(), Arc::new(view));
        self
    }

    /// The same schema with that sequence in the place of the one that is called `name`.
    pub(crate) fn with_sequence_replaced(mut self, name: &RelationName, of: Sequence) -> Self {
        self.sequences.remove(name);
        self.sequences.insert(of.name.clone(), Arc::new(of));
        self
    }

    /// The same schema with these views.
    pub fn with_views(self, views: impl IntoIterator<Item = Arc<View>>) -> Self {
        Self {
            views: views.into_iter().map(|v| (v.name.clone(), v)).collect(),
            ..self
        }
    }

    /// The same with these schemas, as SQL has them, beside `public`.
    pub fn with_namespaces(self, namespaces: BTreeSet<String>) -> Self {
        Self { namespaces, ..self }
    }

    /// The names of the schemas that users made, in order.
    pub fn namespaces(&self) -> impl Iterator<Item = &str> {
        self.namespaces.iter().map(String::as_str)
    }

    /// Whether relations may be in the schema of that name.
    pub fn has_namespace(&self, name: &str) -> bool {
        name == PUBLIC || self.namespaces.contains(name)
    }

    /// The same schema with these types.
    pub fn with_types(self, types: Types) -> Self {
        Self { types, ..self }
    }

    /// The types that users made.
    pub fn types(&self) -> &Types {
        &self.types
    }

    /// The same schema with these sequences.
    pub fn with_sequences(self, sequences: impl IntoIterator<Item = Arc<Sequence>>) -> Self {
        let sequences = sequences.into_iter().map(|s| (s.name.clone(), s));
        Self {
            sequences: sequences.collect(),
            ..self
        }
    }

    /// The sequence of that name.
    pub fn sequence(&self, name: &RelationName) -> Option<&Arc<Sequence>> {
        self.sequences.get(name)
    }

    /// All sequences, by name.
    pub fn sequences(&self) -> impl Iterator<Item = &Arc<Sequence>> {
        self.sequences.values()
    }

    /// Whether a table, an index, a view or a sequence has that (folded) name.
    pub fn relation_exists(&self, name: &RelationName) -> bool {
        self.tables.contains_key(name)
            || self.views.contains_key(name)
            || self.sequences.contains_key(name)
            || self.index(name).is_some()
    }

    /// The same schema with these settings for new sessions.
    pub fn with_settings(self, settings: BTreeMap<String, String>) -> Self {
        Self { settings, ..self }
    }

    /// The settings that new sessions begin with: names and values.
    pub fn settings(&self) -> impl Iterator<Item = (&str, &str)> {
        let settings = self.settings.iter();
        settings.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The view of that name.
    pub fn view(&self, name: &RelationName) -> Option<&Arc<View>> {
        self.views.get(name)
    }

    /// All views, by name.
    pub fn views(&self) -> impl Iterator<Item = &Arc<View>> {
        self.views.values()
    }

    /// All that stands on other relations by a query: the views, then the materialized ones, each by name.
    pub fn dependents(&self) -> impl Iterator<Item = Dependent<'_>> {
        let views = self.views.values().map(Dependent::View);
        let tables = self.tables.values();
        views.chain(tables.filter_map(|table| {
            let materialized = table.materialized.as_ref()?;
            Some(Dependent::Materialized(table, materialized))
        }))
    }

    /// The table of that name.
    pub fn table(&self, name: &RelationName) -> Option<&Arc<Table>> {
        self.tables.get(name)
    }

    /// All tables, by name.
    pub fn tables(&self) -> impl Iterator<Item = &Arc<Table>> {
        self.tables.values()
    }

    /// All foreign keys, with the tables that have them; table by table.
    pub fn foreign_keys(&self) -> impl Iterator<Item = (&Arc<Table>, &ForeignKey)> {
        let tables = self.tables.values();
        tables.flat_map(|table| table.foreign_keys.iter().map(move |key| (table, key)))
    }

    /// The index of that name, with its table. Names of indexes are unique in a schema, as in PostgreSQL.
    pub fn index(&self, name: &RelationName) -> Option<(&Arc<Table>, &Index)> {
        let beside = self
            .tables
            .values()
            .filter(|t| t.name.schema() == name.schema());
        let mut found =
            beside.filter_map(|t| Some((t, t.indexes.iter().find(|i| i.name == name.own())?)));
        found.next()
    }
}
