//! Tables, columns and indexes.

use super::foreign_key::{ConstraintTiming, ForeignKey};
use super::relation_name::RelationName;
use super::statistics::TableStatistics;
use super::stored_query::StoredQuery;
use super::types::Types;
use crate::storage::TreeId;
use crate::types::SqlType;

/// A table.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Its name.
    pub name: RelationName,
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
    /// Foreign keys, in order of creation.
    pub foreign_keys: Vec<ForeignKey>,
    /// Gathered by `ANALYZE`.
    pub statistics: Option<TableStatistics>,
    /// `COMMENT ON TABLE`
    pub comment: Option<String>,
    /// What it is beside a table, if it is a materialized view.
    pub materialized: Option<Materialized>,
    /// The types that its stored expressions may name: those of its schema, and not kept with it.
    pub types: Types,
}

/// What a materialized view is beside the table that its rows are in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Materialized {
    /// What it is filled from.
    pub query: StoredQuery,
    /// Whether it has been filled: until then it cannot be read.
    pub populated: bool,
}

impl Table {
    /// A table of these columns that is nothing else; its stored expressions may name `types`.
    pub fn new(name: RelationName, tree: TreeId, columns: Vec<Column>, types: Types) -> Self {
        Self {
            name,
            tree,
            columns,
            row_id_column: None,
            primary_key_name: None,
            indexes: Vec::new(),
            checks: Vec::new(),
            foreign_keys: Vec::new(),
            statistics: None,
            comment: None,
            materialized: None,
            types,
        }
    }

    /// What it is called in messages.
    pub fn kind(&self) -> &'static str {
        match self.materialized {
            Some(_) => "materialized view",
            None => "table",
        }
    }

    /// The name of an index of it.
    pub fn index_name(&self, index: &Index) -> RelationName {
        self.name.beside(&index.name)
    }

    /// Whether it is a materialized view without rows to be read.
    pub fn is_unpopulated(&self) -> bool {
        self.materialized.as_ref().is_some_and(|m| !m.populated)
    }

    /// The type of what stands at this position of the columns of `index`.
    pub fn key_type(&self, index: &Index, position: usize) -> SqlType {
        let expression = index.expression(position).map(|e| e.sql_type);
        expression.unwrap_or_else(|| self.columns[position].sql_type)
    }

    /// The position of the column of that name.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|c| c.name == name)
    }
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
    /// SQL text of what it is always computed from: `GENERATED ALWAYS AS (…) STORED`.
    pub generated: Option<String>,
    /// `GENERATED … AS IDENTITY`
    pub identity: Option<Identity>,
    /// Names of the sequences that are dropped with it, among them that of `identity`.
    pub sequences: Vec<RelationName>,
    /// `COMMENT ON COLUMN`
    pub comment: Option<String>,
}

/// Where the values of an identity column come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// `ALWAYS`: an INSERT gives other values only with `OVERRIDING SYSTEM VALUE`. Else `BY DEFAULT`.
    pub always: bool,
    /// The name of the sequence.
    pub sequence: RelationName,
}

impl Column {
    /// A column that may be NULL, without a default.
    pub fn new(name: String, sql_type: SqlType) -> Self {
        Self {
            name,
            sql_type,
            not_null: false,
            default: None,
            generated: None,
            identity: None,
            sequences: Vec::new(),
            comment: None,
        }
    }
}

/// Positions in [`Index::columns`] from here on are those of [`Index::expressions`].
pub const EXPRESSION_BASE: usize = 1 << 16;

/// What an index has in the place of a column.
#[derive(Clone, Debug, PartialEq)]
pub struct IndexExpression {
    /// SQL text of the expression over the columns of the table.
    pub text: String,
    /// Its type.
    pub sql_type: SqlType,
}

/// An index: a tree from memcomparable key to row id. One that is [always unique](Index::is_always_unique) has the row id
/// in the value; another, or such a one for a key with a NULL, has it at the end of the key.
#[derive(Clone, Debug, PartialEq)]
pub struct Index {
    /// Its name.
    pub name: String,
    /// Its tree.
    pub tree: TreeId,
    /// Column positions and whether each is descending; positions from [`EXPRESSION_BASE`] on are those of expressions.
    pub columns: Vec<(usize, bool)>,
    /// What is indexed beside columns.
    pub expressions: Vec<IndexExpression>,
    /// SQL text of the condition that a row with an entry fulfils; all have one where there is none.
    pub predicate: Option<String>,
    /// Whether two rows may not have the same key (NULLs are never the same).
    pub unique: bool,
    /// Made by a PRIMARY KEY or UNIQUE constraint: `DROP INDEX` refuses it.
    pub constraint: bool,
    /// When the constraint is checked, if it can wait for the end of a statement.
    pub timing: ConstraintTiming,
    /// `COMMENT ON INDEX`
    pub comment: Option<String>,
}

impl Index {
    /// An index over columns alone, without a tree yet, that is what it is by default.
    pub fn over(name: String, tree: TreeId, columns: Vec<(usize, bool)>) -> Self {
        Self {
            name,
            tree,
            columns,
            expressions: Vec::new(),
            predicate: None,
            unique: false,
            constraint: false,
            timing: ConstraintTiming::NotDeferrable,
            comment: None,
        }
    }

    /// Whether each row has an entry, made of columns.
    pub fn is_plain(&self) -> bool {
        self.expressions.is_empty() && self.predicate.is_none()
    }

    /// The expression at this position of [`Index::columns`]; `None` for a column's.
    pub fn expression(&self, position: usize) -> Option<&IndexExpression> {
        self.expressions.get(position.checked_sub(EXPRESSION_BASE)?)
    }

    /// Whether two rows have the same key at no time. In a unique index that is deferrable they may, while a statement or
    /// a transaction runs.
    pub fn is_always_unique(&self) -> bool {
        self.unique && !self.is_deferrable()
    }

    /// Whether it is unique only once a statement or a transaction ends.
    pub fn is_deferrable(&self) -> bool {
        self.timing != ConstraintTiming::NotDeferrable
    }
}
