//! What constraints ask of a change that are checked when all rows are written: the foreign keys that it can touch, the
//! tables that it can spread to, and unique keys that are deferrable.

use super::bound::{Expr, RowRules};
use super::index_keys::IndexKeys;
use crate::catalog::{ForeignKey, ReferencedKey, Table};
use std::sync::Arc;

/// A foreign key between two tables as they are.
#[derive(Clone, Debug)]
pub struct Reference {
    /// The foreign key.
    pub key: ForeignKey,
    /// The table that has it.
    pub child: Arc<Table>,
    /// The table that is referenced.
    pub parent: Arc<Table>,
    /// Positions of the referenced columns, one for each of `key.columns`.
    pub parent_columns: Vec<usize>,
    /// Where the referenced key stands.
    pub parent_key: ReferencedKey,
}

/// A table that a statement changes, by itself or through an action.
#[derive(Clone, Debug)]
pub struct Affected {
    /// The table.
    pub table: Arc<Table>,
    /// What is computed for its indexes: for actions.
    pub keys: Arc<IndexKeys>,
    /// What new rows go through: for actions.
    pub rules: RowRules,
    /// The defaults of all columns: for actions.
    pub defaults: Vec<Expr>,
    /// Its own foreign keys that the change may break: positions in [`Integrity::references`], oldest first.
    pub child_of: Vec<usize>,
    /// The foreign keys that refer to it and may be broken: likewise.
    pub parent_of: Vec<usize>,
    /// Its unique indexes that are deferrable and may be broken: positions in `table.indexes`.
    pub unique: Vec<usize>,
}

/// All that a statement has to do with such constraints.
#[derive(Clone, Debug)]
pub struct Integrity {
    /// The table that the statement names, then those that actions change; the first may be among them again.
    pub affected: Vec<Affected>,
    /// Foreign keys, and the position in `affected` of the child of those whose action changes it.
    pub references: Vec<(Arc<Reference>, Option<usize>)>,
}
