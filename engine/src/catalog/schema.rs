//! All tables of a database, by name.

use super::table::{Index, Table};
use std::collections::BTreeMap;
use std::sync::Arc;

/// All tables as one transaction sees them.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    tables: BTreeMap<String, Arc<Table>>,
}

impl Schema {
    /// A schema of these tables.
    pub fn new(tables: impl IntoIterator<Item = Arc<Table>>) -> Self {
        Self {
            tables: tables.into_iter().map(|t| (t.name.clone(), t)).collect(),
        }
    }

    /// The table of that (folded) name.
    pub fn table(&self, name: &str) -> Option<&Arc<Table>> {
        self.tables.get(name)
    }

    /// All tables, by name.
    pub fn tables(&self) -> impl Iterator<Item = &Arc<Table>> {
        self.tables.values()
    }

    /// The index of that (folded) name, with its table. Names of indexes are unique in the schema, as in PostgreSQL.
    pub fn index(&self, name: &str) -> Option<(&Arc<Table>, &Index)> {
        self.tables
            .values()
            .find_map(|t| Some((t, t.indexes.iter().find(|i| i.name == name)?)))
    }
}
