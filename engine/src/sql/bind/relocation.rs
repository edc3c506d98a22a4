//! What is stored about relations that get into other schemas. A name in a text that would mean something else afterwards
//! is written anew, with its schema:
//!
//! ```text
//!   SELECT t.x FROM t        looked for along the path (a), found as a.t, which gets into b
//!   SELECT t.x FROM b.t
//! ```

use super::super::visit::{PartMut, visit_mut};
use super::names::{fold, parts};
use crate::catalog::{RelationName, Schema, Sequence, StoredQuery, Table, View};
use crate::error::{Error, Result};
use crate::sql::SearchPath;
use crate::sql::bound::Relocated;
use crate::sql::identifier::{qualified, quoted};
use crate::sql::parse::parse_query;
use crate::sql::sequence::{name_sequences, with_sequences_renamed};
use sqlparser::ast::{self, Ident, ObjectName, ObjectNamePart};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

/// Which relations get other names, of which only the schemas differ.
pub(super) struct Relocation {
    pub(super) names: BTreeMap<RelationName, RelationName>,
    /// A schema that is called otherwise itself: the name that it has, and the one that it gets.
    pub(super) namespace: Option<(String, String)>,
}

impl Relocation {
    /// None.
    pub(super) fn nothing() -> Self {
        Self {
            names: BTreeMap::new(),
            namespace: None,
        }
    }

    /// The name that a relation has from now on.
    pub(super) fn renamed(&self, name: &RelationName) -> RelationName {
        self.names.get(name).unwrap_or(name).clone()
    }

    fn renamed_namespace(&self, name: &str) -> String {
        match &self.namespace {
            Some((old, new)) if old == name => new.clone(),
            _ => name.to_owned(),
        }
    }

    /// All that becomes of `before`, under that command tag. Errors: `0A000` for a query in which a name stands both for a
    /// relation and for a query of WITH.
    pub(super) fn of(&self, before: &Schema, tag: &'static str) -> Result<Relocated> {
        let namespaces = before.namespaces();
        let namespaces = namespaces.map(|name| self.renamed_namespace(name));
        let after = before.clone().with_namespaces(namespaces.collect());
        let mut relocated = Relocated {
            tag,
            tables: Vec::new(),
            views: Vec::new(),
            sequences: Vec::new(),
            namespace: self.namespace.clone(),
        };
        for table in before.tables() {
            let moved = self.table(table, (before, &after))?;
            if moved != **table {
                relocated.tables.push((table.name.clone(), moved));
            }
        }
        for view in before.views() {
            let moved = View {
                name: self.renamed(&view.name),
                query: self.query(&view.query, (before, &after))?,
                ..View::clone(view)
            };
            if moved != **view {
                relocated.views.push((view.name.clone(), moved));
            }
        }
        for sequence in before.sequences() {
            if let Some(name) = self.names.get(&sequence.name) {
                let moved = Sequence {
                    name: name.clone(),
                    ..Sequence::clone(sequence)
                };
                relocated.sequences.push((sequence.name.clone(), moved));
            }
        }
        Ok(relocated)
    }

    fn table(&self, table: &Table, schemas: (&Schema, &Schema)) -> Result<Table> {
        let mut moved = table.clone();
        moved.name = self.renamed(&table.name);
        for column in &mut moved.columns {
            let identity = column.identity.iter_mut().map(|i| &mut i.sequence);
            for name in identity.chain(&mut column.sequences) {
                *name = self.renamed(name);
            }
            if let Some(default) = &mut column.default {
                *default = with_sequences_renamed(default, |old| self.names.get(old).cloned())?;
            }
        }
        for key in &mut moved.foreign_keys {
            key.referenced_table = self.renamed(&key.referenced_table);
        }
        if let Some(materialized) = &mut moved.materialized {
            materialized.query = self.query(&materialized.query, schemas)?;
        }
        Ok(moved)
    }

    /// The query, of which the names mean the same relations as before.
    fn query(&self, query: &StoredQuery, schemas: (&Schema, &Schema)) -> Result<StoredQuery> {
        let depends_on = query.depends_on.iter().map(|name| self.renamed(name));
        let path = query.search_path.iter();
        let mut moved = StoredQuery {
            depends_on: depends_on.collect(),
            search_path: path.map(|name| self.renamed_namespace(name)).collect(),
            ..query.clone()
        };
        if moved == *query {
            return Ok(moved);
        }
        let mut names = Names {
            relocation: self,
            schemas,
            paths: (SearchPath::stored(query), SearchPath::stored(&moved)),
            known: &query.depends_on,
            hidden: BTreeSet::new(),
        };
        let mut tree = parse_query(&query.text)?;
        if let ControlFlow::Break(error) = visit_mut(&mut tree, |part| names.rename(part)) {
            return Err(error);
        }
        name_sequences(&mut tree, |text| {
            let new = self.renamed(&names.paths.0.named(schemas.0, text));
            let found = names.paths.1.named(schemas.1, text);
            (found != new).then(|| qualified(&new))
        });
        moved.text = tree.to_string();
        Ok(moved)
    }
}

/// Looks for the names of relations in a query.
struct Names<'a> {
    relocation: &'a Relocation,
    /// As it is, and with the schemas that there are then.
    schemas: (&'a Schema, &'a Schema),
    /// Where the query looks for names now, and then.
    paths: (SearchPath, SearchPath),
    /// The relations that the query names.
    known: &'a [RelationName],
    /// What queries of WITH are called.
    hidden: BTreeSet<String>,
}

impl Names<'_> {
    /// The relation that is to be written in the place of `name`; `None` where that means it already.
    fn anew(&self, name: &ObjectName) -> Result<Option<RelationName>> {
        let (old, plain) = match parts(name)?.as_slice() {
            [ident] => {
                let own = fold(ident)?;
                match self.paths.0.find(self.schemas.0, &own) {
                    Some(found) => (found, Some(own)),
                    None => return Ok(None),
                }
            }
            [schema, ident] => (RelationName::new(&fold(schema)?, &fold(ident)?), None),
            _ => return Ok(None),
        };
        if !self.known.contains(&old) {
            return Ok(None);
        }
        let new = self.relocation.renamed(&old);
        let Some(own) = plain else {
            return Ok((new != old).then_some(new));
        };
        if self.paths.1.find(self.schemas.1, &own).as_ref() == Some(&new) {
            return Ok(None);
        }
        match self.hidden.contains(&own) {
            true => Err(Error::unsupported(format_args!(
                "another schema for \"{own}\" where a view has a query of WITH of that name"
            ))),
            false => Ok(Some(new)),
        }
    }

    fn write(&self, name: &mut ObjectName) -> Result<()> {
        if let Some(new) = self.anew(name)? {
            let idents =
                [new.schema(), new.own()].map(|part| ObjectNamePart::Identifier(ident(part)));
            *name = ObjectName(idents.to_vec());
        }
        Ok(())
    }

    /// Writes the schema in `schema.table.column` anew.
    fn write_schema(&self, schema: &mut Ident, table: &Ident) -> Result<()> {
        let old = RelationName::new(&fold(schema)?, &fold(table)?);
        let new = self.relocation.renamed(&old);
        if new != old && self.known.contains(&old) {
            *schema = ident(new.schema());
        }
        Ok(())
    }

    fn hide_queries_of(&mut self, query: &ast::Query) -> Result<()> {
        for cte in query.with.iter().flat_map(|with| &with.cte_tables) {
            self.hidden.insert(fold(&cte.alias.name)?);
        }
        Ok(())
    }

    fn write_schemas_of(&self, select: &mut ast::Select) -> Result<()> {
        for item in &mut select.projection {
            if let ast::SelectItem::QualifiedWildcard(
                ast::SelectItemQualifiedWildcardKind::ObjectName(name),
                _,
            ) = item
                && let [
                    ObjectNamePart::Identifier(schema),
                    ObjectNamePart::Identifier(table),
                ] = name.0.as_mut_slice()
            {
                self.write_schema(schema, table)?;
            }
        }
        Ok(())
    }

    fn rename(&mut self, part: PartMut<'_>) -> ControlFlow<Error> {
        let renamed = match part {
            PartMut::Query(query) => self.hide_queries_of(query),
            PartMut::Select(select) => self.write_schemas_of(select),
            PartMut::Relation(name) => self.write(name),
            PartMut::Expr(ast::Expr::CompoundIdentifier(parts)) => match parts.as_mut_slice() {
                [schema, table, _] => self.write_schema(schema, table),
                _ => Ok(()),
            },
            PartMut::Expr(_) | PartMut::Value(_) => Ok(()),
        };
        renamed.map_or_else(ControlFlow::Break, ControlFlow::Continue)
    }
}

/// The identifier of that name, in quotes where it needs them.
fn ident(name: &str) -> Ident {
    match quoted(name) == name {
        true => Ident::new(name),
        false => Ident::with_quote('"', name),
    }
}

/// `before` with what `relocated` says in it.
pub(super) fn schema_after(before: &Schema, relocated: &Relocated) -> Schema {
    let names = before.namespaces().map(|name| match &relocated.namespace {
        Some((old, new)) if old == name => new.clone(),
        _ => name.to_owned(),
    });
    let mut after = before.clone().with_namespaces(names.collect());
    for (old, table) in &relocated.tables {
        after = after.with_table_replaced(old, table.clone());
    }
    for (old, view) in &relocated.views {
        after = after.with_view_replaced(old, view.clone());
    }
    for (old, sequence) in &relocated.sequences {
        after = after.with_sequence_replaced(old, sequence.clone());
    }
    after
}
