//! Queries that are kept as text.

use super::decode::required;
use super::encode::tag;
use super::field::{Field, Writer, fields};
use super::relation_name::{PUBLIC, RelationName};
use crate::error::Result;

/// The query of a view, with what the names in it mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredQuery {
    /// SQL text of the query.
    pub text: String,
    /// The relations that the query names: they cannot be dropped without what it belongs to.
    pub depends_on: Vec<RelationName>,
    /// Where the query looks for names that say no schema.
    pub search_path: Vec<String>,
}

impl StoredQuery {
    /// Writes its fields. A path that has the schema `public` alone is not written.
    pub(super) fn encode(&self, writer: &mut Writer) {
        writer.text(tag::QUERY, &self.text);
        for name in &self.depends_on {
            writer.text(tag::DEPENDS_ON, name.stored());
        }
        if self.search_path != [PUBLIC] {
            writer.record(tag::SEARCH_PATH, |w| {
                let path = self.search_path.iter();
                path.for_each(|schema| w.text(tag::NAME, schema));
            });
        }
    }
}

/// A stored query of which some fields have been read.
pub(super) struct PartialQuery {
    text: Option<String>,
    depends_on: Vec<RelationName>,
    search_path: Vec<String>,
}

impl Default for PartialQuery {
    fn default() -> Self {
        Self {
            text: None,
            depends_on: Vec::new(),
            search_path: vec![PUBLIC.to_owned()],
        }
    }
}

impl PartialQuery {
    /// Takes one of its fields; another is [unknown](Field::unknown).
    pub(super) fn take(&mut self, field: Field<'_>) -> Result<()> {
        match field.tag {
            tag::QUERY => self.text = Some(field.text()?),
            tag::DEPENDS_ON => self.depends_on.push(field.relation()?),
            tag::SEARCH_PATH => self.search_path = decode_path(field.bytes())?,
            _ => field.unknown()?,
        }
        Ok(())
    }

    /// The query, once all fields have been read.
    pub(super) fn finish(self) -> Result<StoredQuery> {
        Ok(StoredQuery {
            text: required(self.text, "a view's query")?,
            depends_on: self.depends_on,
            search_path: self.search_path,
        })
    }
}

fn decode_path(bytes: &[u8]) -> Result<Vec<String>> {
    let mut path = Vec::new();
    for field in fields(bytes) {
        let field = field?;
        match field.tag {
            tag::NAME => path.push(field.text()?),
            _ => field.unknown()?,
        }
    }
    Ok(path)
}
