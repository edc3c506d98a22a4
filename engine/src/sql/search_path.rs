//! Where names of relations are looked for that say no schema.

use super::identifier::{qualified, quoted};
use crate::catalog::{PUBLIC, RelationName, Schema, StoredQuery};
use std::sync::Arc;

/// The schemas in which such a name is looked for, the first first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchPath {
    schemas: Arc<[String]>,
    /// The relations that can be found at all: a stored query means what it meant when it was stored.
    only: Option<Arc<[RelationName]>>,
    /// The schemas of who reads a stored query; `None` where nothing is stored: the same.
    session: Option<Arc<[String]>>,
}

impl Default for SearchPath {
    fn default() -> Self {
        Self::of([PUBLIC.to_owned()])
    }
}

impl SearchPath {
    /// These schemas; those that there are not are passed by.
    pub fn of(schemas: impl IntoIterator<Item = String>) -> Self {
        Self {
            schemas: schemas.into_iter().collect(),
            only: None,
            session: None,
        }
    }

    /// What the setting `search_path` says: identifiers with commas between them. Of the role, for which `"$user"` stands,
    /// there is no schema.
    pub(crate) fn written(text: &str) -> Self {
        let (mut items, mut is_quoted) = (vec![String::new()], false);
        for c in text.chars() {
            is_quoted ^= c == '"';
            match (c, items.last_mut()) {
                (',', _) if !is_quoted => items.push(String::new()),
                (c, Some(item)) => item.push(c),
                _ => {}
            }
        }
        Self::of(items.iter().map(|item| identifiers(item).concat()))
    }

    /// The same as a text.
    pub(crate) fn text(&self) -> String {
        let names: Vec<String> = self.schemas.iter().map(|name| quoted(name)).collect();
        names.join(", ")
    }

    /// That of a stored query: it finds what it found when it was stored.
    pub(super) fn stored(query: &StoredQuery) -> Self {
        Self {
            schemas: query.search_path.as_slice().into(),
            only: Some(query.depends_on.as_slice().into()),
            session: None,
        }
    }

    /// The same, of a query that is read where `outer` is the path.
    pub(super) fn within(mut self, outer: &Self) -> Self {
        let session = outer.session.as_ref().unwrap_or(&outer.schemas);
        self.session = Some(session.clone());
        self
    }

    /// The schemas that there are of the path of the session.
    pub(super) fn of_session(&self, schema: &Schema) -> impl Iterator<Item = &str> {
        let session = self.session.as_ref().unwrap_or(&self.schemas);
        let all = session.iter().map(String::as_str);
        all.filter(|name| schema.has_namespace(name))
    }

    /// The schemas of it that there are.
    pub(crate) fn existing(&self, schema: &Schema) -> impl Iterator<Item = &str> {
        let all = self.schemas.iter().map(String::as_str);
        all.filter(|name| schema.has_namespace(name))
    }

    /// The relation of that name.
    pub(super) fn find(&self, schema: &Schema, own: &str) -> Option<RelationName> {
        let names = self.existing(schema).map(|of| RelationName::new(of, own));
        let mut known = names.filter(|name| match &self.only {
            Some(only) => only.contains(name),
            None => schema.relation_exists(name),
        });
        known.next()
    }

    /// The relation of that name, else the name that it would have.
    pub(super) fn find_or_make_up(&self, schema: &Schema, own: &str) -> RelationName {
        self.find(schema, own).unwrap_or_else(|| {
            let written = self.schemas.first().map(String::as_str);
            let first = self.existing(schema).next().or(written);
            RelationName::new(first.unwrap_or_default(), own)
        })
    }

    /// The relation that `text` means, written as identifiers are: `s`, `"S"`, `public.s`.
    pub(crate) fn named(&self, schema: &Schema, text: &str) -> RelationName {
        let mut parts = identifiers(text);
        match (parts.pop(), parts.pop()) {
            (Some(own), Some(of)) => RelationName::new(&of, &own),
            (own, _) => self.find_or_make_up(schema, &own.unwrap_or_default()),
        }
    }

    /// Whether the name of that relation alone is enough to find it.
    pub(super) fn shows(&self, schema: &Schema, name: &RelationName) -> bool {
        self.find(schema, name.own()).as_ref() == Some(name)
    }

    /// The relation as an identifier, with its schema where it could not be found without.
    pub(super) fn identifier(&self, schema: &Schema, name: &RelationName) -> String {
        match self.shows(schema, name) {
            true => quoted(name.own()),
            false => qualified(name),
        }
    }
}

/// The identifiers of a name, folded as PostgreSQL folds.
pub(super) fn identifiers(text: &str) -> Vec<String> {
    let mut parts = Vec::new();
    let (mut part, mut is_quoted) = (String::new(), false);
    let mut chars = text.trim().chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if is_quoted && chars.peek() == Some(&'"') => {
                chars.next();
                part.push('"');
            }
            '"' => is_quoted = !is_quoted,
            '.' if !is_quoted => parts.push(std::mem::take(&mut part)),
            c if is_quoted => part.push(c),
            c => part.push(c.to_ascii_lowercase()),
        }
    }
    parts.push(part);
    parts
}
