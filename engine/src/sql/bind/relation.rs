//! Names of relations in a statement: which relation each means, and which a new one gets.

use super::context::Binder;
use super::names::{already_exists, at, fold, parts, sql_error};
use crate::catalog::RelationName;
use crate::error::{Error, Result};
use crate::sql::search_path::identifiers;
use crate::sql::system::is_system;
use sqlparser::ast::{Ident, ObjectName};

impl Binder<'_> {
    /// The relation that `name` means; where there is none, the name that it would have.
    pub(super) fn relation<'n>(&self, name: &'n ObjectName) -> Result<(RelationName, &'n Ident)> {
        match parts(name)?.as_slice() {
            [ident] => {
                let own = fold(ident)?;
                Ok((self.reading.path.find_or_make_up(self.schema, &own), ident))
            }
            [schema, ident] => Ok((qualified(schema, ident)?, ident)),
            _ => Err(Error::unsupported(format_args!("the name {name}"))),
        }
    }

    /// The name that a new relation is to have, which another may have. Errors: `3F000` when there is no such schema.
    pub(super) fn new_name<'n>(&self, name: &'n ObjectName) -> Result<(RelationName, &'n Ident)> {
        match parts(name)?.as_slice() {
            [ident] => {
                let Some(schema) = self.reading.path.existing(self.schema).next() else {
                    let error = sql_error("3F000", "no schema has been selected to create in");
                    return Err(at(error, ident));
                };
                Ok((RelationName::new(schema, &fold(ident)?), ident))
            }
            [schema, ident] => {
                let name = qualified(schema, ident)?;
                match self.schema.has_namespace(name.schema()) {
                    true => Ok((name, ident)),
                    false => Err(at(no_schema(name.schema()), schema)),
                }
            }
            _ => Err(Error::unsupported(format_args!("the name {name}"))),
        }
    }

    /// The name that a relation in the schema of `old` is to have from now on. Errors: `42P07`, `42601` for one that says a
    /// schema.
    pub(super) fn renamed(&self, old: &RelationName, new: &ObjectName) -> Result<RelationName> {
        let [ident] = parts(new)?[..] else {
            return Err(sql_error("42601", "syntax error at or near \".\""));
        };
        let name = old.beside(&fold(ident)?);
        self.refuse_type_name(&name)?;
        match self.relation_exists(&name) {
            true => Err(already_exists(&name, ident)),
            false => Ok(name),
        }
    }

    /// Sees that the schema is there which `name` says, if it says one: what defines, changes or drops relations asks for it
    /// first, a query does not. Errors: `3F000`.
    pub(super) fn schema_exists(&self, name: &ObjectName) -> Result<()> {
        match parts(name)?.as_slice() {
            [schema, _] => {
                let of = fold(schema)?;
                match self.schema.has_namespace(&of) || is_system(&of) {
                    true => Ok(()),
                    false => Err(at(no_schema(&of), schema)),
                }
            }
            _ => Ok(()),
        }
    }

    /// The relation that `text`, written as identifiers are, means; where there is none, the name that it would have.
    /// Errors: `3F000` for a schema that there is not.
    pub(super) fn named(&self, text: &str) -> Result<RelationName> {
        if let [schema, _] = identifiers(text).as_slice()
            && !self.schema.has_namespace(schema)
            && !is_system(schema)
        {
            return Err(no_schema(schema));
        }
        Ok(self.reading.path.named(self.schema, text))
    }

    /// The relation of that name, as messages have it: with its schema where it could not be found without.
    pub(super) fn described(&self, name: &RelationName) -> String {
        self.reading.path.identifier(self.schema, name)
    }
}

/// A name that says its schema. Errors: `42501` for one of PostgreSQL's own, in which nothing can be changed.
fn qualified(schema: &Ident, ident: &Ident) -> Result<RelationName> {
    let of = fold(schema)?;
    if is_system(&of) {
        return Err(system_schema(&of, schema));
    }
    Ok(RelationName::new(&of, &fold(ident)?))
}

/// `42P01` for a name that means no relation.
pub(super) fn no_relation(name: &ObjectName) -> Error {
    let folded: Option<Vec<String>> = parts(name)
        .ok()
        .and_then(|parts| parts.iter().map(|ident| fold(ident).ok()).collect());
    let written = folded.map_or_else(|| name.to_string(), |parts| parts.join("."));
    sql_error("42P01", format!("relation \"{written}\" does not exist"))
}

/// `42501` for a schema that is PostgreSQL's own.
pub(super) fn system_schema(name: &str, ident: &Ident) -> Error {
    let message = format!("permission denied for schema {name}");
    at(sql_error("42501", message), ident)
}

/// `3F000`
pub(super) fn no_schema(name: &str) -> Error {
    sql_error("3F000", format!("schema \"{name}\" does not exist"))
}
