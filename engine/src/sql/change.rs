//! Changes, as the binder gives them.

use super::bound::{Expr, From, OutputColumn, Query, Statement, WithQuery};
use super::integrity::Integrity;
use crate::catalog::{ReferencedKey, Table};
use std::sync::Arc;

/// What a new row goes through before it is written. Expressions are over the row.
#[derive(Clone, Debug, Default)]
pub struct RowRules {
    /// Generated columns, and what each is computed of.
    pub generated: Vec<(usize, Expr)>,
    /// CHECK constraints, by name.
    pub checks: Vec<(String, Expr)>,
    /// CHECK OPTIONs, by the names of views, in the order in which they are asked: each must be true.
    pub view_checks: Vec<(String, Expr)>,
}

/// `INSERT`. The rows of `source` have a column for each column of the table, in table order: missing ones are filled
/// with their defaults and all are cast by the binder.
#[derive(Clone, Debug)]
pub struct Insert {
    /// The queries of WITH.
    pub with: Vec<WithQuery>,
    /// Where to.
    pub table: Arc<Table>,
    /// What.
    pub source: Query,
    /// What happens when a key is taken.
    pub conflict: Option<OnConflict>,
    /// What new rows go through.
    pub rules: RowRules,
    /// RETURNING over the new row.
    pub returning: Option<Returning>,
    /// What foreign keys ask for.
    pub integrity: Option<Arc<Integrity>>,
}

/// `UPDATE`.
#[derive(Clone, Debug)]
pub struct Update {
    /// The queries of WITH.
    pub with: Vec<WithQuery>,
    /// The table.
    pub table: Arc<Table>,
    /// FROM: the table with its row ids, joined with the other sources. Expressions are then over the row of that, else
    /// over the old row.
    pub from: Option<From>,
    /// Which rows.
    pub filter: Option<Expr>,
    /// Column position and its new value, cast.
    pub assignments: Vec<(usize, Expr)>,
    /// What new rows go through.
    pub rules: RowRules,
    /// RETURNING, over the new row in the place of the old one.
    pub returning: Option<Returning>,
    /// What foreign keys ask for.
    pub integrity: Option<Arc<Integrity>>,
}

/// `DELETE`.
#[derive(Clone, Debug)]
pub struct Delete {
    /// The queries of WITH.
    pub with: Vec<WithQuery>,
    /// The table.
    pub table: Arc<Table>,
    /// USING: as in [`Update::from`].
    pub from: Option<From>,
    /// Which rows.
    pub filter: Option<Expr>,
    /// RETURNING.
    pub returning: Option<Returning>,
    /// What foreign keys ask for.
    pub integrity: Option<Arc<Integrity>>,
}

/// `RETURNING`.
#[derive(Clone, Debug)]
pub struct Returning {
    /// Expressions over the row.
    pub expressions: Vec<Expr>,
    /// Their names and types.
    pub output: Vec<OutputColumn>,
}

/// `ON CONFLICT`.
#[derive(Clone, Debug)]
pub struct OnConflict {
    /// The unique keys that a new row may find taken.
    pub arbiters: Vec<ReferencedKey>,
    /// `DO UPDATE`; `None` for `DO NOTHING`.
    pub update: Option<ConflictUpdate>,
}

/// `DO UPDATE`. Its expressions are over the row that is there, then the row that was to be added (`excluded`).
#[derive(Clone, Debug)]
pub struct ConflictUpdate {
    /// Column position and its new value, cast.
    pub assignments: Vec<(usize, Expr)>,
    /// WHERE
    pub filter: Option<Expr>,
    /// What the row that is there must be, by the names of views, the first to be asked first.
    pub visible: Vec<(String, Expr)>,
}

/// `MERGE`.
#[derive(Clone, Debug)]
pub struct Merge {
    /// The queries of WITH.
    pub with: Vec<WithQuery>,
    /// The table.
    pub table: Arc<Table>,
    /// The source, left-joined with the table, whose row id is NULL where no row matches.
    pub from: From,
    /// Position of the first column of the table in the row of `from`.
    pub offset: usize,
    /// What is done, in the order in which conditions are tried. Expressions are over the row of `from`.
    pub actions: Vec<MergeAction>,
    /// What new rows go through.
    pub rules: RowRules,
    /// What foreign keys ask for.
    pub integrity: Option<Arc<Integrity>>,
}

/// `WHEN [NOT] MATCHED [AND condition] THEN …`
#[derive(Clone, Debug)]
pub struct MergeAction {
    /// `WHEN MATCHED`
    pub matched: bool,
    /// `AND condition`
    pub condition: Option<Expr>,
    /// What is done.
    pub kind: MergeKind,
}

/// What an action of `MERGE` does.
#[derive(Clone, Debug)]
pub enum MergeKind {
    /// `UPDATE SET`: column positions and new values, cast.
    Update(Vec<(usize, Expr)>),
    /// `DELETE`
    Delete,
    /// `INSERT`: a value for each column of the table.
    Insert(Vec<Expr>),
    /// `DO NOTHING`
    Nothing,
}

/// A change in WITH. No two are the same, whatever they do.
#[derive(Clone, Debug)]
pub struct ModifyingQuery(pub Arc<Statement>);

impl PartialEq for ModifyingQuery {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}
