//! Definitions: what tables, indexes, sequences and their like are to be.

use super::Expr;
use crate::catalog::{Index, RelationName, Sequence, Table, View};
use crate::types::EnumType;
use std::sync::Arc;

/// `ALTER TABLE`.
#[derive(Clone, Debug)]
pub struct AlterTable {
    /// The table as it is.
    pub table: Arc<Table>,
    /// As it becomes. An index that no index of `table` has the tree of is to be built.
    pub altered: Table,
    /// What each column of a row becomes, over the columns of `table`; `None` when rows stay as they are stored.
    pub rows: Option<Vec<Expr>>,
    /// Columns of `altered` in which no row may have NULL, which is to be seen.
    pub not_null: Vec<usize>,
    /// Conditions over the columns of `altered`, with their names, that no row may break, which is to be seen.
    pub checks: Vec<(String, Expr)>,
    /// Names of the foreign keys of `altered` that are to be checked.
    pub foreign_keys: Vec<String>,
    /// Old and new names of columns that other tables may refer to.
    pub renamed: Vec<(String, String)>,
    /// The sequences of new columns, as in [`CreateSequence`].
    pub sequences: Vec<Sequence>,
}

/// `ALTER SEQUENCE`.
#[derive(Clone, Debug)]
pub struct AlterSequence {
    /// As it is.
    pub before: Arc<Sequence>,
    /// As it becomes, with the tree of `before`.
    pub after: Sequence,
    /// The value that comes next.
    pub restart: Option<i64>,
    /// `OWNED BY`; `Some(None)` for nobody.
    pub owner: Option<Option<SequenceOwner>>,
}

/// What a comment is about, with the comment.
#[derive(Clone, Debug)]
pub enum Commented {
    /// A table, or a part of it.
    Table(Box<Table>),
    /// A view.
    View(Box<View>),
    /// A sequence.
    Sequence(Box<Sequence>),
}

/// `CREATE SEQUENCE`.
#[derive(Clone, Debug)]
pub struct CreateSequence {
    /// The sequence, which has neither a number nor a tree yet.
    pub sequence: Sequence,
    /// `OWNED BY`
    pub owner: Option<SequenceOwner>,
}

/// The column with which a sequence is dropped.
#[derive(Clone, Debug)]
pub struct SequenceOwner {
    /// The table.
    pub table: RelationName,
    /// The column.
    pub column: String,
}

/// What a query fills.
#[derive(Clone, Debug)]
pub enum Filled {
    /// A new table; the rows are added to one like it that has no tree yet.
    New(Box<CreateTable>),
    /// A materialized view in the place of the rows that it has.
    Refreshed(Arc<Table>),
}

/// What goes with a `DROP`, what depends on what it names included; nothing when `IF EXISTS` found none.
#[derive(Clone, Debug)]
pub struct Dropped {
    /// `DROP TABLE` or its like.
    pub tag: &'static str,
    /// Tables and materialized views.
    pub tables: Vec<Arc<Table>>,
    /// Names of views.
    pub views: Vec<RelationName>,
    /// Sequences, beside those that the tables own.
    pub sequences: Vec<Arc<Sequence>>,
    /// Types.
    pub types: Vec<EnumType>,
    /// Schemas, as SQL has them.
    pub namespaces: Vec<String>,
}

/// Relations that get into other schemas, each with the name that it has and what it becomes, and what names them;
/// nothing when `IF EXISTS` found none.
#[derive(Clone, Debug)]
pub struct Relocated {
    /// `ALTER TABLE` or its like.
    pub tag: &'static str,
    /// Tables and materialized views, also those that stay and name what moves.
    pub tables: Vec<(RelationName, Table)>,
    /// Views, also those that stay and name what moves.
    pub views: Vec<(RelationName, View)>,
    /// Sequences.
    pub sequences: Vec<(RelationName, Sequence)>,
    /// A schema, as SQL has them, that is called otherwise: the name that it has, and the one that it gets.
    pub namespace: Option<(String, String)>,
}

/// `CREATE TABLE`.
#[derive(Clone, Debug)]
pub struct CreateTable {
    /// The table; neither its tree nor those of its indexes exist yet.
    pub table: Table,
    /// `IF NOT EXISTS` and it does: nothing to do.
    pub exists: bool,
    /// The sequences of its columns, as in [`CreateSequence`].
    pub sequences: Vec<Sequence>,
}

/// `CREATE INDEX`.
#[derive(Clone, Debug)]
pub struct CreateIndex {
    /// The table.
    pub table: Arc<Table>,
    /// The index (its tree does not exist yet).
    pub index: Index,
}
