//! Foreign keys, and their place in a table's entry.
//!
//! What is referenced goes by its name, as in a view: the numbers of another table's columns may change.

use super::encode::tag;
use super::field::{Field, Writer, damaged, fields};
use super::relation_name::RelationName;
use super::table::Table;
use crate::error::Result;

/// `FOREIGN KEY (columns) REFERENCES table (columns)`
#[derive(Clone, Debug, PartialEq)]
pub struct ForeignKey {
    /// Its name.
    pub name: String,
    /// Greater than that of every foreign key that was there when it was made: the order in which they act.
    pub number: u64,
    /// Positions of the referencing columns.
    pub columns: Vec<usize>,
    /// The table that is referenced; may be the own one.
    pub referenced_table: RelationName,
    /// Its columns, one for each of `columns`.
    pub referenced_columns: Vec<String>,
    /// `MATCH FULL`: either all columns are NULL or none is.
    pub full_match: bool,
    /// What becomes of the row when the referenced one goes.
    pub on_delete: ReferentialAction,
    /// Of `columns` those that this sets; none: all.
    pub on_delete_columns: Vec<usize>,
    /// What becomes of the row when the referenced one gets another key.
    pub on_update: ReferentialAction,
    /// When it is checked.
    pub timing: ConstraintTiming,
}

/// What becomes of the rows that reference a key that goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReferentialAction {
    /// An error, if there are any when the constraint is checked and the key is not there again.
    #[default]
    NoAction,
    /// An error, if there are any; cannot be deferred.
    Restrict,
    /// They go too, or get the new key.
    Cascade,
    /// They reference nothing.
    SetNull,
    /// They reference what their defaults say.
    SetDefault,
}

impl ReferentialAction {
    /// Whether it changes the referencing rows.
    pub fn changes_rows(self) -> bool {
        matches!(self, Self::Cascade | Self::SetNull | Self::SetDefault)
    }
}

/// When a constraint is checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConstraintTiming {
    /// At the end of each statement.
    #[default]
    NotDeferrable,
    /// At the end of each statement, unless `SET CONSTRAINTS` says otherwise.
    InitiallyImmediate,
    /// At the end of the transaction, unless `SET CONSTRAINTS` says otherwise.
    InitiallyDeferred,
}

/// Where the referenced key of a row stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReferencedKey {
    /// It is the row id.
    RowId,
    /// In this unique index of the table.
    Index(usize),
}

impl Table {
    /// The unique key over exactly these columns, in whatever order: the row id, else the first index that is always
    /// unique.
    pub fn key_over(&self, columns: &[usize]) -> Option<ReferencedKey> {
        if let (Some(id), [only]) = (self.row_id_column, columns)
            && id == *only
        {
            return Some(ReferencedKey::RowId);
        }
        let is_over = |index: &super::Index| {
            index.is_always_unique()
                && index.predicate.is_none()
                && index.columns.len() == columns.len()
                && index.columns.iter().all(|(c, _)| columns.contains(c))
        };
        self.indexes
            .iter()
            .position(is_over)
            .map(ReferencedKey::Index)
    }

    /// The positions of these columns. `None` when one is missing.
    pub fn positions(&self, names: &[String]) -> Option<Vec<usize>> {
        let position = |name: &String| self.columns.iter().position(|c| c.name == *name);
        names.iter().map(position).collect()
    }
}

const ACTIONS: [ReferentialAction; 5] = [
    ReferentialAction::NoAction,
    ReferentialAction::Restrict,
    ReferentialAction::Cascade,
    ReferentialAction::SetNull,
    ReferentialAction::SetDefault,
];

const TIMINGS: [ConstraintTiming; 3] = [
    ConstraintTiming::NotDeferrable,
    ConstraintTiming::InitiallyImmediate,
    ConstraintTiming::InitiallyDeferred,
];

/// The number of `choice` among `all`, which stands for it on disk.
fn number_of<T: PartialEq>(all: &[T], choice: T) -> u64 {
    all.iter()
        .position(|one| *one == choice)
        .unwrap_or_default() as u64
}

fn choice_of<T: Copy>(all: &[T], field: Field<'_>) -> Result<T> {
    let number = field.position()?;
    let choice = all.get(number).copied();
    choice.ok_or_else(|| damaged(format_args!("{number} stands for nothing")))
}

/// Writes when a constraint is checked.
pub(super) fn encode_timing(writer: &mut Writer, tag: u8, timing: ConstraintTiming) {
    writer.number(tag, number_of(&TIMINGS, timing));
}

/// Reads it. `XX001` when it is none.
pub(super) fn decode_timing(field: Field<'_>) -> Result<ConstraintTiming> {
    choice_of(&TIMINGS, field)
}

/// Writes the fields of a foreign key.
pub(super) fn encode_foreign_key(writer: &mut Writer, key: &ForeignKey) {
    writer.text(tag::NAME, &key.name);
    writer.number(tag::NUMBER, key.number);
    for column in &key.columns {
        writer.number(tag::REFERENCING, *column as u64);
    }
    writer.text(tag::REFERENCED_TABLE, key.referenced_table.stored());
    for column in &key.referenced_columns {
        writer.text(tag::REFERENCED, column);
    }
    writer.flag(tag::FULL_MATCH, key.full_match);
    writer.number(tag::ON_DELETE, number_of(&ACTIONS, key.on_delete));
    for column in &key.on_delete_columns {
        writer.number(tag::ON_DELETE_COLUMN, *column as u64);
    }
    writer.number(tag::ON_UPDATE, number_of(&ACTIONS, key.on_update));
    encode_timing(writer, tag::TIMING, key.timing);
}

/// Reads them. `XX001` when they are none.
pub(super) fn decode_foreign_key(bytes: &[u8]) -> Result<ForeignKey> {
    let mut key = ForeignKey {
        name: String::new(),
        number: 0,
        columns: Vec::new(),
        referenced_table: RelationName::public(""),
        referenced_columns: Vec::new(),
        full_match: false,
        on_delete: ReferentialAction::default(),
        on_delete_columns: Vec::new(),
        on_update: ReferentialAction::default(),
        timing: ConstraintTiming::default(),
    };
    for field in fields(bytes) {
        let field = field?;
        match field.tag {
            tag::NAME => key.name = field.text()?,
            tag::NUMBER => key.number = field.number()?,
            tag::REFERENCING => key.columns.push(field.position()?),
            tag::REFERENCED_TABLE => key.referenced_table = field.relation()?,
            tag::REFERENCED => key.referenced_columns.push(field.text()?),
            tag::FULL_MATCH => key.full_match = true,
            tag::ON_DELETE => key.on_delete = choice_of(&ACTIONS, field)?,
            tag::ON_DELETE_COLUMN => key.on_delete_columns.push(field.position()?),
            tag::ON_UPDATE => key.on_update = choice_of(&ACTIONS, field)?,
            tag::TIMING => key.timing = decode_timing(field)?,
            _ => field.unknown()?,
        }
    }
    if key.columns.is_empty() || key.columns.len() != key.referenced_columns.len() {
        let name = &key.name;
        return Err(damaged(format_args!(
            "foreign key {name} has not as many columns as it refers to"
        )));
    }
    let is_own = |column: &usize| key.columns.contains(column);
    if !key.on_delete_columns.iter().all(is_own) {
        let name = &key.name;
        return Err(damaged(format_args!(
            "foreign key {name} sets a column that is not its own"
        )));
    }
    Ok(key)
}
