//! Statements: which binder binds what.

use super::call::refuse;
use super::context::Binder;
use super::names::fold;
use crate::catalog::Schema;
use crate::error::{Error, Result};
use crate::sql::Reading;
use crate::sql::bound::{Statement, TransactionStatement};
use crate::sql::parse::{Parsed, ParsedKind};
use crate::sql::setting::Recognised;
use crate::types::SqlType;
use sqlparser::ast;

/// A statement that is ready to plan.
#[derive(Clone, Debug)]
pub struct Bound {
    /// The statement.
    pub statement: Statement,
    /// The types of `$1`, `$2`, …
    pub parameters: Vec<SqlType>,
}

/// Binds a statement against the tables of `schema`.
///
/// Errors are PostgreSQL's: `42…` for names and types that are wrong, class 22 for literals that are no value of their
/// type, `0A000` for what is not supported, `54001` for what is nested too deeply; with a position where one is known.
pub fn bind(parsed: &Parsed, schema: &Schema) -> Result<Bound> {
    bind_as(parsed, schema, &Reading::default())
}

/// Binds a statement against the tables of `schema`, what it leaves open as `reading` says. Errors: as for [`bind`].
pub fn bind_as(parsed: &Parsed, schema: &Schema, reading: &Reading) -> Result<Bound> {
    let mut binder = Binder::new(schema);
    binder.reading = reading.clone();
    binder.declare(&parsed.parameter_types);
    let statement = match &parsed.kind {
        ParsedKind::Sql(statement) => binder.bind_statement(statement, parsed.text())?,
        ParsedKind::AlterSequence(change) => {
            Statement::AlterSequence(binder.bind_alter_sequence(change)?.map(Box::new))
        }
        ParsedKind::CheckedView(create, option) => {
            Statement::CreateView(Box::new(binder.bind_create_view(create, Some(*option))?))
        }
        ParsedKind::TableAs(create) => binder.bind_table_as(create)?,
        ParsedKind::SetSchema(change) => binder.bind_set_schema(change)?,
        ParsedKind::Copy(copy) => binder.bind_copy(copy)?,
        ParsedKind::Unsupported(what) => return Err(Error::unsupported(what)),
        ParsedKind::Analyze(names) if names.is_empty() => {
            Statement::Analyze(schema.tables().cloned().collect())
        }
        ParsedKind::Analyze(names) => Statement::Analyze(
            names
                .iter()
                .map(|n| binder.named_table(n))
                .collect::<Result<_>>()?,
        ),
        ParsedKind::Recognised(Recognised::Setting(setting)) => Statement::Setting(setting.clone()),
        ParsedKind::Recognised(Recognised::Transaction(control)) => {
            Statement::Transaction(control.clone())
        }
        ParsedKind::Vacuum => Statement::Vacuum,
        ParsedKind::Checkpoint => Statement::Checkpoint,
        ParsedKind::CheckDatabase => Statement::CheckDatabase,
        ParsedKind::Abort => Statement::Transaction(TransactionStatement::Rollback),
    };
    Ok(Bound {
        statement,
        parameters: binder.into_parameters()?,
    })
}

impl Binder<'_> {
    pub(super) fn bind_statement(
        &mut self,
        statement: &ast::Statement,
        text: &str,
    ) -> Result<Statement> {
        Ok(match statement {
            ast::Statement::Query(query) if changes(query) => {
                self.at_top = true;
                self.bind_with_change(query)?
            }
            ast::Statement::Query(query) => {
                self.at_top = true;
                Statement::Query(Box::new(self.bind_query(query, true)?))
            }
            ast::Statement::Insert(_)
            | ast::Statement::Update(_)
            | ast::Statement::Delete(_)
            | ast::Statement::Merge(_) => self.bind_change(statement)?,
            ast::Statement::Truncate(truncate) => self.bind_truncate(truncate)?,
            ast::Statement::CreateTable(create) => {
                Statement::CreateTable(Box::new(self.bind_create_table(create)?))
            }
            ast::Statement::AlterTable(alter) => {
                Statement::AlterTable(self.bind_alter_table(alter)?.map(Box::new))
            }
            ast::Statement::CreateSequence { .. } => {
                Statement::CreateSequence(self.bind_create_sequence(statement)?.map(Box::new))
            }
            ast::Statement::CreateIndex(create) => {
                Statement::CreateIndex(self.bind_create_index(create)?.map(Box::new))
            }
            ast::Statement::CreateView(create) => {
                Statement::CreateView(Box::new(self.bind_create_view(create, None)?))
            }
            ast::Statement::CreateSchema { .. } => self.bind_create_namespace(statement)?,
            ast::Statement::AlterSchema(alter) => self.bind_alter_namespace(alter)?,
            ast::Statement::CreateType {
                name,
                representation,
            } => self.bind_create_type(name, representation.as_ref())?,
            ast::Statement::AlterType(alter) => self.bind_alter_type(alter)?,
            ast::Statement::AlterView(alter) => self.bind_alter_view(alter)?,
            ast::Statement::RefreshMaterializedView(refresh) => self.bind_refresh(refresh)?,
            ast::Statement::Drop { .. } => self.bind_drop(statement)?,
            ast::Statement::Comment { .. } => Statement::Comment(self.bind_comment(statement)?),
            ast::Statement::Explain { .. } => self.bind_explain(statement, text)?,
            other => Statement::Transaction(transaction(other, text)?),
        })
    }

    /// A change without WITH.
    fn bind_change(&mut self, change: &ast::Statement) -> Result<Statement> {
        Ok(match change {
            ast::Statement::Insert(insert) => {
                Statement::Insert(Box::new(self.bind_insert(insert)?))
            }
            ast::Statement::Update(update) => {
                Statement::Update(Box::new(self.bind_update(update)?))
            }
            ast::Statement::Delete(delete) => {
                Statement::Delete(Box::new(self.bind_delete(delete)?))
            }
            ast::Statement::Merge(merge) => Statement::Merge(Box::new(self.bind_merge(merge)?)),
            _ => return Err(Error::unsupported("this change")),
        })
    }

    /// A change, perhaps with a WITH before it.
    pub(super) fn bind_with_change(&mut self, query: &ast::Query) -> Result<Statement> {
        let (ast::SetExpr::Insert(change)
        | ast::SetExpr::Update(change)
        | ast::SetExpr::Delete(change)
        | ast::SetExpr::Merge(change)) = &*query.body
        else {
            return Err(Error::misuse("what is bound as a change is one"));
        };
        let around = query.order_by.is_some()
            || query.limit_clause.is_some()
            || query.fetch.is_some()
            || !query.locks.is_empty();
        refuse(around, "ORDER BY and its like behind a change")?;
        let opened = self.open_with(query.with.as_ref())?;
        let mut bound = self.bind_change(change)?;
        let own = match &mut bound {
            Statement::Insert(insert) => &mut insert.with,
            Statement::Update(update) => &mut update.with,
            Statement::Delete(delete) => &mut delete.with,
            Statement::Merge(merge) => &mut merge.with,
            _ => return Err(Error::unsupported("this change")),
        };
        *own = self.close_with(opened);
        Ok(bound)
    }
}

/// Whether it is a change, which the grammar takes for a query where a WITH may stand before it.
pub(super) fn changes(query: &ast::Query) -> bool {
    matches!(
        *query.body,
        ast::SetExpr::Insert(_)
            | ast::SetExpr::Update(_)
            | ast::SetExpr::Delete(_)
            | ast::SetExpr::Merge(_)
    )
}

fn transaction(statement: &ast::Statement, text: &str) -> Result<TransactionStatement> {
    match statement {
        ast::Statement::Commit {
            chain,
            end: _,
            modifier,
        } => {
            refuse(*chain, "AND CHAIN")?;
            refuse(modifier.is_some(), "a modifier of COMMIT")?;
            Ok(TransactionStatement::Commit)
        }
        ast::Statement::Rollback { chain, savepoint } => {
            refuse(*chain, "AND CHAIN")?;
            match savepoint {
                Some(name) => Ok(TransactionStatement::RollbackTo(fold(name)?)),
                None => Ok(TransactionStatement::Rollback),
            }
        }
        ast::Statement::Savepoint { name } => Ok(TransactionStatement::Savepoint(fold(name)?)),
        ast::Statement::ReleaseSavepoint { name } => Ok(TransactionStatement::Release(fold(name)?)),
        _ => Err(unsupported_statement(text)),
    }
}

/// `0A000` with the first word of the statement, or the first two where one says nothing.
fn unsupported_statement(text: &str) -> Error {
    let mut words = text.split_whitespace().map(str::to_ascii_uppercase);
    let first = words.next().unwrap_or_default();
    match (first.as_str(), words.next()) {
        ("CREATE" | "ALTER" | "DROP", Some(second)) => {
            Error::unsupported(format_args!("{first} {second}"))
        }
        _ => Error::unsupported(first),
    }
}
