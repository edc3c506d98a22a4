//! CREATE SCHEMA and DROP SCHEMA.
//!
//! A schema of SQL is called a namespace wherever it could be taken for all that the catalog knows, which is
//! [`crate::catalog::Schema`].

use super::call::refuse;
use super::context::Binder;
use super::names::{at, fold, single, sql_error};
use super::relation::no_schema;
use crate::catalog::{PUBLIC, RelationName};
use crate::error::{Error, Result};
use crate::sql::bound::{Dropped, Statement};
use crate::sql::system::is_system;
use sqlparser::ast;

impl Binder<'_> {
    /// `CREATE SCHEMA`. Errors: `42P06` for a name that is taken, `42939` for one that is PostgreSQL's own.
    pub(super) fn bind_create_namespace(&self, statement: &ast::Statement) -> Result<Statement> {
        let ast::Statement::CreateSchema {
            schema_name,
            or_replace,
            if_not_exists,
            with,
            options,
            default_collate_spec,
            clone,
        } = statement
        else {
            return Err(Error::misuse("a schema is bound as one"));
        };
        let other = *or_replace
            || with.is_some()
            || options.is_some()
            || default_collate_spec.is_some()
            || clone.is_some();
        refuse(other, "an option of CREATE SCHEMA")?;
        let ast::SchemaName::Simple(name) = schema_name else {
            return Err(Error::unsupported("CREATE SCHEMA … AUTHORIZATION"));
        };
        let (name, ident) = single(name)?;
        let is_taken = self.schema.has_namespace(&name) || is_system(&name);
        if *if_not_exists && is_taken && !name.starts_with("pg_") {
            return Ok(Statement::CreateNamespace(None));
        }
        self.may_be_schema(&name, ident)?;
        Ok(Statement::CreateNamespace(Some(name)))
    }

    /// Sees that a schema may get that name. Errors: `42P06` for one that is taken, `42939` for one that is PostgreSQL's own.
    pub(super) fn may_be_schema(&self, name: &str, ident: &ast::Ident) -> Result<()> {
        let error = match name {
            _ if name.starts_with("pg_") => {
                sql_error("42939", format!("unacceptable schema name \"{name}\""))
            }
            _ if self.schema.has_namespace(name) || is_system(name) => schema_taken(name),
            _ => return Ok(()),
        };
        Err(at(error, ident))
    }

    /// Adds a schema to what is dropped, with what is in it; without CASCADE there may be nothing. Errors: `3F000`,
    /// `2BP01`; `0A000` for `public`, in which types and the first table of who knows no schemas are.
    pub(super) fn drop_namespace(
        &self,
        dropped: &mut Dropped,
        name: &ast::ObjectName,
        (if_exists, cascade): (bool, bool),
    ) -> Result<()> {
        let (name, ident) = single(name)?;
        refuse(name == PUBLIC, "DROP SCHEMA public")?;
        if is_system(&name) {
            let message =
                format!("cannot drop schema {name} because it is required by the database system");
            return Err(at(sql_error("2BP01", message), ident));
        }
        if !self.schema.has_namespace(&name) {
            return match if_exists {
                true => Ok(()),
                false => Err(at(no_schema(&name), ident)),
            };
        }
        if dropped.namespaces.contains(&name) {
            return Ok(());
        }
        let is_in = |of: &RelationName| of.schema() == name;
        let tables = self.schema.tables().filter(|t| is_in(&t.name)).cloned();
        let views = self
            .schema
            .views()
            .filter(|v| is_in(&v.name))
            .map(|v| v.name.clone());
        let tables: Vec<_> = tables.collect();
        let owned = |of: &RelationName| {
            let mut columns = tables.iter().flat_map(|t| &t.columns);
            columns.any(|c| c.sequences.contains(of))
        };
        let sequences = self.schema.sequences();
        let sequences = sequences
            .filter(|s| is_in(&s.name) && !owned(&s.name))
            .cloned();
        let before = (
            dropped.tables.len(),
            dropped.views.len(),
            dropped.sequences.len(),
        );
        dropped.views.extend(views);
        dropped.sequences.extend(sequences);
        dropped.tables.extend(tables.iter().cloned());
        let first = {
            let table = dropped.tables.get(before.0).map(|t| (t.kind(), &t.name));
            let view = dropped.views.get(before.1).map(|view| ("view", view));
            let sequence = dropped
                .sequences
                .get(before.2)
                .map(|s| ("sequence", &s.name));
            table.or(view).or(sequence)
        };
        if let (Some((kind, of)), false) = (first, cascade) {
            let message = format!(
                "cannot drop schema {name} because other objects depend on it: {kind} {} depends on schema {name} \
                 (use DROP ... CASCADE to drop the dependent objects too)",
                self.described(of)
            );
            return Err(sql_error("2BP01", message));
        }
        dropped.namespaces.push(fold(ident)?);
        Ok(())
    }
}

/// `42P06`
pub(super) fn schema_taken(name: &str) -> Error {
    sql_error("42P06", format!("schema \"{name}\" already exists"))
}
