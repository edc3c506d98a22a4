//! Floor 5: what the database knows of its own tables, kept in ordinary trees of the database itself.

use crate::storage::TreeId;
use crate::types::SqlType;
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

/// A table.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Its name, folded as PostgreSQL folds.
    pub name: String,
    /// The tree from row id (8 bytes, big-endian, sign flipped) to row.
    pub tree: TreeId,
    /// Columns in order; row position is column position.
    pub columns: Vec<Column>,
    /// The integer primary key that is the row id itself (then not stored in the row).
    pub row_id_column: Option<usize>,
    /// Name of the primary key constraint, for its error message (`t_pkey`).
    pub primary_key_name: Option<String>,
    /// Indexes, in order of creation.
    pub indexes: Vec<Index>,
    /// CHECK constraints: name and SQL text of the condition.
    pub checks: Vec<(String, String)>,
    /// Gathered by `ANALYZE`.
    pub statistics: Option<TableStatistics>,
}

/// A column.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type.
    pub sql_type: SqlType,
    /// NOT NULL, or part of the primary key.
    pub not_null: bool,
    /// SQL text of the DEFAULT.
    pub default: Option<String>,
}

/// An index: a tree from memcomparable key to row id. A unique index has the row id in the value; another, or a unique
/// one for a key with a NULL, has it at the end of the key.
#[derive(Clone, Debug, PartialEq)]
pub struct Index {
    /// Its name.
    pub name: String,
    /// Its tree.
    pub tree: TreeId,
    /// Column positions and whether each is descending.
    pub columns: Vec<(usize, bool)>,
    /// Whether two rows may not have the same key (NULLs are never the same).
    pub unique: bool,
    /// Made by a PRIMARY KEY or UNIQUE constraint: `DROP INDEX` refuses it.
    pub constraint: bool,
}

/// What `ANALYZE` found.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct TableStatistics {
    /// Rows.
    pub rows: u64,
    /// Mean bytes of a row with its key.
    pub row_bytes: u64,
    /// For each column.
    pub columns: Vec<ColumnStatistics>,
}

/// What `ANALYZE` found of a column.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ColumnStatistics {
    /// Fraction of NULLs, 0 to 1.
    pub null_fraction: f64,
    /// Distinct values that are not NULL.
    pub distinct: f64,
    /// Most common values as index keys, with their fraction of all rows.
    pub most_common: Vec<(Vec<u8>, f64)>,
    /// Bounds of buckets of equal numbers of rows, as index keys, ascending.
    pub histogram: Vec<Vec<u8>>,
}
