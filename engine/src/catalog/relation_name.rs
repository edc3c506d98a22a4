//! Names of relations.

use std::fmt;

/// The schema of what is made without saying where. It is always there.
pub const PUBLIC: &str = "public";

/// Between the two parts of a name as it is stored. No identifier has it.
const SEPARATOR: char = '\0';

/// The name of a table, an index, a view or a sequence, with that of its schema. Both are folded as PostgreSQL folds.
///
/// It is stored, and ordered, as one text: its own name alone in the schema `public`, else that of the schema, a zero byte
/// and its own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RelationName(String);

impl RelationName {
    /// The name `own` in `schema`.
    pub fn new(schema: &str, own: &str) -> Self {
        match schema {
            PUBLIC => Self::public(own),
            _ => Self(format!("{schema}{SEPARATOR}{own}")),
        }
    }

    /// The name `own` in the schema `public`.
    pub fn public(own: &str) -> Self {
        Self(own.to_owned())
    }

    /// From [`Self::stored`].
    pub(super) fn from_stored(stored: String) -> Self {
        Self(stored)
    }

    /// As it is stored.
    pub(super) fn stored(&self) -> &str {
        &self.0
    }

    /// Its own name.
    pub fn own(&self) -> &str {
        self.0.split_once(SEPARATOR).map_or(&self.0, |(_, own)| own)
    }

    /// The name of its schema.
    pub fn schema(&self) -> &str {
        self.0
            .split_once(SEPARATOR)
            .map_or(PUBLIC, |(schema, _)| schema)
    }

    /// The name `own` in the same schema.
    pub fn beside(&self, own: &str) -> Self {
        Self::new(self.schema(), own)
    }
}

impl fmt::Display for RelationName {
    /// Its own name alone, as messages have it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.own())
    }
}
