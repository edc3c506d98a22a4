//! `ALTER … SET SCHEMA` and `ALTER SCHEMA … RENAME`.

use super::call::refuse;
use super::context::Binder;
use super::names::{at, fold, single, sql_error};
use super::namespace::schema_taken;
use super::relation::{no_schema, system_schema};
use super::relocation::{Relocation, schema_after};
use super::view::gives_the_same;
use crate::catalog::{PUBLIC, RelationName, Table};
use crate::error::{Error, Result};
use crate::sql::bound::Statement;
use crate::sql::set_schema::{MovedKind, SetSchema};
use crate::sql::system::is_system;
use sqlparser::ast;

impl Binder<'_> {
    /// `ALTER … SET SCHEMA`. Errors: `3F000`, `42P01`, `42809`, `42P07`; `0A000` for a sequence that belongs to a column, and
    /// where the text of a view cannot be made to mean the same.
    pub(super) fn bind_set_schema(&self, change: &SetSchema) -> Result<Statement> {
        refuse(change.only, "ONLY in ALTER TABLE")?;
        let tag = change.kind.tag();
        let (name, ident) = self.relation(&change.name)?;
        if !self.relation_exists(&name) {
            return match change.if_exists {
                true => self.relocate(tag, Relocation::nothing()),
                false => Err(self.no_such("a relation", &change.name)),
            };
        }
        self.may_move(change, &name, ident)?;
        let schema = fold(&change.schema)?;
        if is_system(&schema) {
            return Err(system_schema(&schema, &change.schema));
        }
        if !self.schema.has_namespace(&schema) {
            return Err(at(no_schema(&schema), &change.schema));
        }
        if schema == name.schema() {
            return self.relocate(tag, Relocation::nothing());
        }
        let table = self.schema.table(&name);
        let owned = table.iter().flat_map(|t| &t.columns);
        let mut moved = vec![name.clone()];
        moved.extend(owned.flat_map(|column| column.sequences.clone()));
        let of_indexes = table.iter().flat_map(|table| index_names(table));
        let is_taken = |own: &str| self.relation_exists(&RelationName::new(&schema, own));
        let mut all = moved.iter().map(RelationName::own).chain(of_indexes);
        if let Some(own) = all.find(|own| is_taken(own)) {
            let message = format!("relation \"{own}\" already exists in schema \"{schema}\"");
            return Err(sql_error("42P07", message));
        }
        let new = |old: &RelationName| RelationName::new(&schema, old.own());
        self.refuse_type_name(&new(&name))?;
        let names = moved.iter().map(|old| (old.clone(), new(old)));
        let relocation = Relocation {
            names: names.collect(),
            namespace: None,
        };
        self.relocate(tag, relocation)
    }

    /// Sees that the relation is what the statement says. Errors: `42809`; `0A000` for a sequence that belongs to a column.
    fn may_move(&self, change: &SetSchema, name: &RelationName, ident: &ast::Ident) -> Result<()> {
        let table = self.schema.table(name);
        let (is_it, what) = match change.kind {
            MovedKind::Table if self.schema.index(name).is_some() => {
                let message = format!(
                    "cannot change schema of index \"{name}\" (Change the schema of the table instead.)"
                );
                return Err(at(sql_error("42809", message), ident));
            }
            MovedKind::Table => (true, "a table"),
            MovedKind::View => (self.schema.view(name).is_some(), "a view"),
            MovedKind::Materialized => (
                table.is_some_and(|t| t.materialized.is_some()),
                "a materialized view",
            ),
            MovedKind::Sequence => (self.schema.sequence(name).is_some(), "a sequence"),
        };
        if !is_it {
            return Err(self.no_such(what, &change.name));
        }
        let mut tables = self.schema.tables();
        let owns = |table: &Table| table.columns.iter().any(|c| c.sequences.contains(name));
        match tables.find(|table| owns(table)) {
            None => Ok(()),
            Some(owner) => {
                let message = format!(
                    "cannot move an owned sequence into another schema (Sequence \"{name}\" is linked to table \"{}\".)",
                    owner.name
                );
                Err(at(sql_error("0A000", message), ident))
            }
        }
    }

    /// `ALTER SCHEMA … RENAME`. Errors: `3F000`, `42P06`, `42939`; `0A000` for `public`, which is always there, for other
    /// actions, and as for [`Self::bind_set_schema`].
    pub(super) fn bind_alter_namespace(&self, alter: &ast::AlterSchema) -> Result<Statement> {
        let ast::AlterSchema {
            name,
            if_exists,
            operations,
        } = alter;
        if *if_exists {
            return Err(sql_error("42601", "syntax error at or near \"EXISTS\""));
        }
        let [ast::AlterSchemaOperation::Rename { name: new }] = operations.as_slice() else {
            return Err(Error::unsupported("this action of ALTER SCHEMA"));
        };
        let ((old, ident), (new, new_ident)) = (single(name)?, single(new)?);
        refuse(old == PUBLIC, "ALTER SCHEMA public")?;
        if is_system(&old) {
            return Err(system_schema(&old, ident));
        }
        if !self.schema.has_namespace(&old) {
            return Err(at(no_schema(&old), ident));
        }
        if is_system(&new) {
            return Err(at(schema_taken(&new), new_ident));
        }
        self.may_be_schema(&new, new_ident)?;
        let tables = self.schema.tables().map(|t| &t.name);
        let views = self.schema.views().map(|v| &v.name);
        let sequences = self.schema.sequences().map(|s| &s.name);
        let all = tables.chain(views).chain(sequences);
        let inside = all.filter(|name| name.schema() == old);
        let names = inside.map(|name| (name.clone(), RelationName::new(&new, name.own())));
        let relocation = Relocation {
            names: names.collect(),
            namespace: Some((old, new)),
        };
        self.relocate("ALTER SCHEMA", relocation)
    }

    /// What becomes of the catalog, seen to leave to every view what it gives. Errors: `0A000`.
    fn relocate(&self, tag: &'static str, relocation: Relocation) -> Result<Statement> {
        let relocated = relocation.of(self.schema, tag)?;
        let after = schema_after(self.schema, &relocated);
        for dependent in self.schema.dependents() {
            let name = relocation.renamed(dependent.name());
            let mut all = after.dependents();
            let moved = all.find(|d| *d.name() == name).map(|d| d.query());
            let is_same = moved.is_some_and(|moved| {
                let (before, after) = ((self.schema, dependent.query()), (&after, moved));
                moved == dependent.query() || gives_the_same(before, after)
            });
            if !is_same {
                return Err(Error::unsupported(format_args!(
                    "another schema for what the {} \"{}\" names as it does",
                    dependent.kind(),
                    dependent.name()
                )));
            }
        }
        Ok(Statement::Relocate(Box::new(relocated)))
    }
}

/// The names that a table gives to indexes. A key that is the row id has a name too.
fn index_names(table: &Table) -> impl Iterator<Item = &str> {
    let indexes = table.indexes.iter().map(|index| &index.name);
    indexes.chain(&table.primary_key_name).map(String::as_str)
}
