//! DROP, and what goes with what it names.

use super::call::refuse;
use super::context::Binder;
use super::names::{at, sql_error};
use crate::catalog::{Dependent, RelationName, Table};
use crate::error::{Error, Result};
use crate::sql::bound::{Dropped, Statement};
use sqlparser::ast;
use std::collections::BTreeSet;
use std::sync::Arc;

impl Binder<'_> {
    /// `DROP`. Errors: `42P01`, `42704` for what is not there, `42809` for what is something else, `2BP01` for what others need.
    pub(super) fn bind_drop(&mut self, statement: &ast::Statement) -> Result<Statement> {
        let ast::Statement::Drop {
            object_type,
            if_exists,
            names,
            cascade,
            restrict: _,
            purge,
            temporary,
            table,
        } = statement
        else {
            return Err(Error::unsupported("this form of DROP"));
        };
        refuse(*purge || *temporary || table.is_some(), "an option of DROP")?;
        let mut dropped = Dropped {
            tag: "DROP TABLE",
            tables: Vec::new(),
            views: Vec::new(),
            sequences: Vec::new(),
            types: Vec::new(),
            namespaces: Vec::new(),
        };
        let mut seen = BTreeSet::new();
        for name in names {
            if *object_type == ast::ObjectType::Schema {
                dropped.tag = "DROP SCHEMA";
                self.drop_namespace(&mut dropped, name, (*if_exists, *cascade))?;
                continue;
            }
            let (folded, _) = self.relation(name)?;
            if !seen.insert(folded) {
                continue;
            }
            self.name_dropped(&mut dropped, *object_type, name, (*if_exists, *cascade))?;
        }
        if *object_type == ast::ObjectType::Index {
            return self.bind_drop_indexes(names, *if_exists, *cascade);
        }
        self.drop_dependents(&mut dropped, *cascade)?;
        if !*cascade {
            self.refuse_if_needed(&dropped)?;
        }
        Ok(Statement::Drop(Box::new(dropped)))
    }

    /// Adds what is named to what is dropped.
    fn name_dropped(
        &self,
        dropped: &mut Dropped,
        object_type: ast::ObjectType,
        name: &ast::ObjectName,
        (if_exists, cascade): (bool, bool),
    ) -> Result<()> {
        match object_type {
            ast::ObjectType::Table => {
                let found = self.table_to_drop(name, "table", if_exists)?;
                dropped.tables.extend(found);
            }
            ast::ObjectType::MaterializedView => {
                dropped.tag = "DROP MATERIALIZED VIEW";
                let found = self.table_to_drop(name, "materialized view", if_exists)?;
                dropped.tables.extend(found);
            }
            ast::ObjectType::View => {
                dropped.tag = "DROP VIEW";
                dropped.views.extend(self.view_to_drop(name, if_exists)?);
            }
            ast::ObjectType::Sequence => {
                dropped.tag = "DROP SEQUENCE";
                let found = self.sequence_to_drop(name, if_exists)?;
                dropped.sequences.extend(found);
            }
            ast::ObjectType::Type => {
                dropped.tag = "DROP TYPE";
                let found = self.type_to_drop(name, if_exists, cascade)?;
                dropped.types.extend(found);
            }
            ast::ObjectType::Index => {}
            other => return Err(Error::unsupported(format_args!("DROP {other}"))),
        }
        Ok(())
    }

    fn bind_drop_indexes(
        &self,
        names: &[ast::ObjectName],
        if_exists: bool,
        cascade: bool,
    ) -> Result<Statement> {
        let mut indexes = Vec::new();
        for name in names {
            indexes.extend(self.index_to_drop(name, if_exists)?);
        }
        let mut seen = BTreeSet::new();
        indexes.retain(|(of, name): &(Arc<Table>, String)| seen.insert(of.name.beside(name)));
        if !cascade {
            let mut all = indexes.iter();
            all.try_for_each(|(of, name)| self.refuse_if_referenced_index(of, name))?;
        }
        Ok(Statement::DropIndex(indexes))
    }

    /// Adds the views that stand on what is dropped; without CASCADE there may be none. Errors: `2BP01`.
    fn drop_dependents(&self, dropped: &mut Dropped, cascade: bool) -> Result<()> {
        let tables = dropped.tables.iter();
        let owned = tables.clone().flat_map(|t| &t.columns);
        let owned = owned.flat_map(|column| column.sequences.clone());
        let sequences = dropped.sequences.iter().map(|s| s.name.clone());
        let mut gone: BTreeSet<RelationName> = owned.chain(sequences).collect();
        gone.extend(tables.map(|t| t.name.clone()));
        gone.extend(dropped.views.iter().cloned());
        let next = |gone: &BTreeSet<RelationName>| {
            let mut left = self
                .schema
                .dependents()
                .filter(|d| !gone.contains(d.name()));
            left.find_map(|d| {
                let mut below = d.query().depends_on.iter();
                Some((d, below.find(|name| gone.contains(*name))?))
            })
        };
        while let Some((dependent, on)) = next(&gone) {
            let (kind, name) = (dependent.kind(), dependent.name());
            let name = self.described(name);
            if !cascade {
                let on = format!("{} {}", self.kind_of(on), self.described(on));
                let message = format!(
                    "cannot drop {on} because other objects depend on it: {kind} {name} depends on {on} \
                     (use DROP ... CASCADE to drop the dependent objects too)"
                );
                return Err(sql_error("2BP01", message));
            }
            gone.insert(dependent.name().clone());
            match dependent {
                Dependent::View(view) => dropped.views.push(view.name.clone()),
                Dependent::Materialized(table, _) => dropped.tables.push(table.clone()),
            }
        }
        Ok(())
    }

    /// What the relation of that name is called in messages.
    fn kind_of(&self, name: &RelationName) -> &'static str {
        match self.schema.table(name) {
            Some(table) => table.kind(),
            None if self.schema.view(name).is_some() => "view",
            None => "sequence",
        }
    }

    /// Refuses to drop what foreign keys or defaults of what is left need. Errors: `2BP01`.
    fn refuse_if_needed(&self, dropped: &Dropped) -> Result<()> {
        let tables = &dropped.tables;
        self.refuse_if_referenced(tables)?;
        let goes = |table: &Table| tables.iter().any(|t| t.name == table.name);
        for table in tables {
            let sequences = table.columns.iter().flat_map(|c| c.sequences.clone());
            let sequences: Vec<RelationName> = sequences.collect();
            let what = format!("table {}", table.name);
            self.refuse_if_default(&what, &sequences, |of, _| !goes(of))?;
        }
        for sequence in &dropped.sequences {
            let what = format!("sequence {}", sequence.name);
            self.refuse_if_default(&what, std::slice::from_ref(&sequence.name), |_, _| true)?;
        }
        Ok(())
    }

    /// A table or a materialized view, as `kind` says, to drop by its name; `None` when there is none and that is fine.
    fn table_to_drop(
        &self,
        name: &ast::ObjectName,
        kind: &str,
        if_exists: bool,
    ) -> Result<Option<Arc<Table>>> {
        let (folded, _) = self.relation(name)?;
        match self.schema.table(&folded) {
            Some(table) if table.kind() == kind => Ok(Some(Arc::clone(table))),
            _ => self.none_to_drop(("a", kind, "42P01"), name, if_exists),
        }
    }

    /// A view to drop by its name; `None` when there is none and that is fine.
    fn view_to_drop(
        &self,
        name: &ast::ObjectName,
        if_exists: bool,
    ) -> Result<Option<RelationName>> {
        let (folded, _) = self.relation(name)?;
        match self.schema.view(&folded) {
            Some(_) => Ok(Some(folded)),
            None => self.none_to_drop(("a", "view", "42P01"), name, if_exists),
        }
    }

    /// What there is to drop where no `kind` (its article, its name, the SQLSTATE for none) has the name: nothing, where
    /// that is fine. `42809` when something else has it.
    pub(super) fn none_to_drop<T>(
        &self,
        (article, kind, sqlstate): (&str, &str, &'static str),
        name: &ast::ObjectName,
        if_exists: bool,
    ) -> Result<Option<T>> {
        let (folded, ident) = self.relation(name)?;
        let error = match self.relation_exists(&folded) {
            true => sql_error("42809", format!("\"{folded}\" is not {article} {kind}")),
            false if if_exists => return Ok(None),
            false => {
                self.schema_exists(name)?;
                sql_error(sqlstate, format!("{kind} \"{folded}\" does not exist"))
            }
        };
        Err(at(error, ident))
    }

    fn index_to_drop(
        &self,
        name: &ast::ObjectName,
        if_exists: bool,
    ) -> Result<Option<(Arc<Table>, String)>> {
        let (folded, ident) = self.relation(name)?;
        let required_by = |table: &Table| {
            let message = format!(
                "cannot drop index {folded} because constraint {folded} on table {} requires it",
                table.name
            );
            Err(at(sql_error("2BP01", message), ident))
        };
        // A primary key that is the row id has a name and no index.
        let mut tables = self.schema.tables();
        let key_of = tables.find(|t| {
            t.name.schema() == folded.schema()
                && t.primary_key_name.as_deref() == Some(folded.own())
        });
        if let Some(table) = key_of {
            return required_by(table);
        }
        match self.schema.index(&folded) {
            Some((table, index)) if index.constraint => required_by(table),
            Some((table, _)) => Ok(Some((Arc::clone(table), folded.own().to_owned()))),
            None => self.none_to_drop(("an", "index", "42704"), name, if_exists),
        }
    }
}
