//! COMMENT ON.

use super::alter_column::of_column;
use super::call::refuse;
use super::context::Binder;
use super::names::{at, parts, sql_error};
use super::relation::no_relation;
use crate::catalog::{Index, Table};
use crate::error::{Error, Result};
use crate::sql::bound::Commented;
use sqlparser::ast::{self, CommentObject};

impl Binder<'_> {
    /// `COMMENT ON`: what it is about, with the comment. Errors: `42P01`, `42703`, `42809`; `0A000` for what has no comments.
    pub(super) fn bind_comment(&self, statement: &ast::Statement) -> Result<Commented> {
        let ast::Statement::Comment {
            object_type,
            object_name: name,
            comment,
            if_exists,
        } = statement
        else {
            return Err(Error::misuse("a comment is bound as one"));
        };
        if *if_exists {
            return Err(sql_error("42601", "syntax error at or near \"IF\""));
        }
        let text = comment.clone().filter(|text| !text.is_empty());
        match object_type {
            CommentObject::Table | CommentObject::MaterializedView => {
                let (folded, _) = self.relation(name)?;
                let (kind, materialized) = match object_type {
                    CommentObject::Table => ("a table", false),
                    _ => ("a materialized view", true),
                };
                let table = self.schema.table(&folded);
                let table = table.filter(|t| t.materialized.is_some() == materialized);
                let table = table.ok_or_else(|| self.no_such(kind, name))?;
                let mut table = Table::clone(table);
                table.comment = text;
                Ok(Commented::Table(Box::new(table)))
            }
            CommentObject::Column => self.comment_on_column(name, text),
            CommentObject::Index => {
                let (folded, _) = self.relation(name)?;
                let is_key = |t: &Table| {
                    t.primary_key_name.as_deref() == Some(folded.own())
                        && t.name.schema() == folded.schema()
                };
                let Some((table, index)) = self.schema.index(&folded) else {
                    let is_row_id = self.schema.tables().any(|table| is_key(table));
                    refuse(
                        is_row_id,
                        "a comment on the index of an integer primary key",
                    )?;
                    return Err(self.no_such("an index", name));
                };
                let is_it = |other: &&mut Index| other.name == index.name;
                let mut table = Table::clone(table);
                if let Some(index) = table.indexes.iter_mut().find(is_it) {
                    index.comment = text;
                }
                Ok(Commented::Table(Box::new(table)))
            }
            CommentObject::View => {
                let (folded, _) = self.relation(name)?;
                let view = self.schema.view(&folded);
                let view = view.ok_or_else(|| self.no_such("a view", name))?;
                let mut view = crate::catalog::View::clone(view);
                view.comment = text;
                Ok(Commented::View(Box::new(view)))
            }
            CommentObject::Sequence => {
                let (folded, _) = self.relation(name)?;
                let sequence = self.schema.sequence(&folded);
                let sequence = sequence.ok_or_else(|| self.no_such("a sequence", name))?;
                let mut sequence = crate::catalog::Sequence::clone(sequence);
                sequence.comment = text;
                Ok(Commented::Sequence(Box::new(sequence)))
            }
            other => Err(Error::unsupported(format_args!("COMMENT ON {other}"))),
        }
    }

    fn comment_on_column(&self, name: &ast::ObjectName, text: Option<String>) -> Result<Commented> {
        let idents = parts(name)?;
        let (column, of) = match idents.split_last() {
            Some((column, of)) if !of.is_empty() => (column, of),
            _ => return Err(sql_error("42601", "column name must be qualified")),
        };
        let of: Vec<ast::Ident> = of.iter().map(|ident| (*ident).clone()).collect();
        let of = ast::ObjectName::from(of);
        let (folded, _) = self.relation(&of)?;
        let is_view = self.schema.view(&folded).is_some();
        refuse(is_view, "a comment on a column of a view")?;
        let mut table = Table::clone(&*self.named_table(&of)?);
        let position = of_column(&table, column)?;
        table.columns[position].comment = text;
        Ok(Commented::Table(Box::new(table)))
    }

    /// `42P01`, `3F000` when its schema is not there, or `42809` when something else has the name.
    pub(super) fn no_such(&self, kind: &str, name: &ast::ObjectName) -> Error {
        let (folded, ident) = match self.relation(name) {
            Ok(found) => found,
            Err(error) => return error,
        };
        if self.relation_exists(&folded) {
            let message = format!("\"{folded}\" is not {kind}");
            return at(sql_error("42809", message), ident);
        }
        match self.schema_exists(name) {
            Ok(()) => at(no_relation(name), ident),
            Err(error) => error,
        }
    }
}
