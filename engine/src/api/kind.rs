//! What kind of statement a text is, as far as the session must know before it is bound.

use crate::error::{Error, ErrorKind, Result};
use crate::sql::bound::{Filled, SettingStatement, Statement, TransactionStatement};
use crate::sql::{Parsed, ParsedKind, Recognised, explain_options};
use sqlparser::ast::{SetExpr, Statement as Syntax};

/// `BEGIN`, `COMMIT`, `SAVEPOINT`, …
pub(crate) fn is_transaction_control(parsed: &Parsed) -> bool {
    match &parsed.kind {
        ParsedKind::Abort | ParsedKind::Recognised(Recognised::Transaction(_)) => true,
        ParsedKind::Sql(statement) => matches!(
            **statement,
            Syntax::Commit { .. }
                | Syntax::Rollback { .. }
                | Syntax::Savepoint { .. }
                | Syntax::ReleaseSavepoint { .. }
        ),
        _ => false,
    }
}

/// A statement about the settings of the session.
pub(crate) fn setting(parsed: &Parsed) -> Option<&SettingStatement> {
    match &parsed.kind {
        ParsedKind::Recognised(Recognised::Setting(SettingStatement::OfDatabase(..))) => None,
        ParsedKind::Recognised(Recognised::Setting(setting)) => Some(setting),
        _ => None,
    }
}

/// The statement that runs: that behind `EXPLAIN ANALYZE`, else itself.
fn run(statement: &Syntax) -> &Syntax {
    match statement {
        Syntax::Explain {
            statement: inner, ..
        } if explain_options(statement).is_ok_and(|options| options.analyze) => inner,
        _ => statement,
    }
}

/// What is done: behind `WITH …`, which the grammar takes for a query, may stand a change.
fn body(statement: &Syntax) -> &Syntax {
    let statement = run(statement);
    match statement {
        Syntax::Query(query) => match &*query.body {
            SetExpr::Insert(change)
            | SetExpr::Update(change)
            | SetExpr::Delete(change)
            | SetExpr::Merge(change) => change,
            _ => statement,
        },
        _ => statement,
    }
}

/// Whether a change stands in the WITH of a query.
fn changes_in_with(statement: &Syntax) -> bool {
    let Syntax::Query(query) = run(statement) else {
        return false;
    };
    let ctes = query.with.iter().flat_map(|with| &with.cte_tables);
    ctes.into_iter().any(|cte| {
        matches!(
            *cte.query.body,
            SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_)
        )
    })
}

/// Refuses what a read-only transaction cannot do. Errors: `25006`.
pub(crate) fn refuse_changes(parsed: &Parsed) -> Result<()> {
    let what = match &parsed.kind {
        ParsedKind::Analyze(_) => "ANALYZE",
        ParsedKind::TableAs(create) if create.materialized => "CREATE MATERIALIZED VIEW",
        ParsedKind::TableAs(_) => "CREATE TABLE AS",
        ParsedKind::CheckedView(..) => "CREATE VIEW",
        ParsedKind::AlterSequence(_) => "ALTER SEQUENCE",
        ParsedKind::SetSchema(change) => change.kind.tag(),
        ParsedKind::Copy(copy) if copy.is_from => "COPY FROM",
        ParsedKind::Recognised(Recognised::Setting(SettingStatement::OfDatabase(..))) => {
            "ALTER DATABASE"
        }
        ParsedKind::Sql(statement) => match body(statement) {
            Syntax::Insert(_) => "INSERT",
            Syntax::Update(_) => "UPDATE",
            Syntax::Delete(_) => "DELETE",
            Syntax::Merge(_) => "MERGE",
            Syntax::Truncate(_) => "TRUNCATE TABLE",
            Syntax::CreateTable(_) => "CREATE TABLE",
            Syntax::AlterTable(_) => "ALTER TABLE",
            Syntax::CreateIndex(_) => "CREATE INDEX",
            Syntax::CreateSequence { .. } => "CREATE SEQUENCE",
            Syntax::CreateView(_) => "CREATE VIEW",
            Syntax::AlterView(_) => "ALTER VIEW",
            Syntax::CreateType { .. } => "CREATE TYPE",
            Syntax::CreateSchema { .. } => "CREATE SCHEMA",
            Syntax::AlterSchema(_) => "ALTER SCHEMA",
            Syntax::AlterType(_) => "ALTER TYPE",
            Syntax::RefreshMaterializedView(_) => "REFRESH MATERIALIZED VIEW",
            Syntax::Drop { .. } => "DROP",
            Syntax::Comment { .. } => "COMMENT",
            _ if parsed.locks_rows => "SELECT FOR UPDATE",
            _ if changes_in_with(statement) => "SELECT",
            _ => return Ok(()),
        },
        _ => return Ok(()),
    };
    Err(Error::new(
        ErrorKind::Sql,
        "25006",
        format!("cannot execute {what} in a read-only transaction"),
    ))
}

/// `SELECT`, `VALUES`, `COPY … TO` and their like, which change and lock nothing.
pub(crate) fn is_query(parsed: &Parsed) -> bool {
    let reads = match &parsed.kind {
        ParsedKind::Sql(statement) => {
            matches!(body(statement), Syntax::Query(_)) && !changes_in_with(statement)
        }
        ParsedKind::Copy(copy) => !copy.is_from,
        _ => false,
    };
    reads && !parsed.locks_rows
}

/// Whether the statement may change the schema or the statistics that are part of it.
pub(crate) fn changes_schema(parsed: &Parsed) -> bool {
    match &parsed.kind {
        ParsedKind::Analyze(_)
        | ParsedKind::AlterSequence(_)
        | ParsedKind::SetSchema(_)
        | ParsedKind::TableAs(_)
        | ParsedKind::CheckedView(..) => true,
        ParsedKind::Recognised(Recognised::Setting(SettingStatement::OfDatabase(..))) => true,
        ParsedKind::Sql(statement) => matches!(
            **statement,
            Syntax::CreateTable(_)
                | Syntax::AlterTable(_)
                | Syntax::CreateIndex(_)
                | Syntax::CreateSequence { .. }
                | Syntax::CreateView(_)
                | Syntax::AlterView(_)
                | Syntax::CreateType { .. }
                | Syntax::CreateSchema { .. }
                | Syntax::AlterSchema(_)
                | Syntax::AlterType(_)
                | Syntax::RefreshMaterializedView(_)
                | Syntax::Drop { .. }
                | Syntax::Comment { .. }
                | Syntax::Truncate(_)
        ),
        _ => false,
    }
}

/// The word of PostgreSQL's command tag.
pub(crate) fn tag(statement: &Statement) -> &'static str {
    match statement {
        Statement::Query(_) => "SELECT",
        Statement::CopyTo(_) | Statement::CopyFrom(_) => "COPY",
        Statement::Insert(_) => "INSERT",
        Statement::Update(_) => "UPDATE",
        Statement::Delete(_) => "DELETE",
        Statement::Merge(_) => "MERGE",
        Statement::Truncate(..) => "TRUNCATE TABLE",
        Statement::Explain(..) => "EXPLAIN",
        Statement::CreateTable(create) if create.table.materialized.is_some() => {
            "CREATE MATERIALIZED VIEW"
        }
        Statement::CreateTable(_) => "CREATE TABLE",
        Statement::Fill(Filled::New(_), _) => "SELECT",
        Statement::Fill(Filled::Refreshed(_), _) | Statement::Unpopulate(_) => {
            "REFRESH MATERIALIZED VIEW"
        }
        Statement::AlterTable(_) => "ALTER TABLE",
        Statement::Drop(dropped) => dropped.tag,
        Statement::Relocate(relocated) => relocated.tag,
        Statement::CreateView(_) => "CREATE VIEW",
        Statement::AlterView(_) => "ALTER VIEW",
        Statement::CreateType(_) => "CREATE TYPE",
        Statement::CreateNamespace(_) => "CREATE SCHEMA",
        Statement::AlterType(_) => "ALTER TYPE",
        Statement::CreateIndex(_) => "CREATE INDEX",
        Statement::CreateSequence(_) => "CREATE SEQUENCE",
        Statement::AlterSequence(_) => "ALTER SEQUENCE",
        Statement::DropIndex(_) => "DROP INDEX",
        Statement::Comment(_) => "COMMENT",
        Statement::Analyze(_) => "ANALYZE",
        Statement::Vacuum => "VACUUM",
        Statement::Checkpoint => "CHECKPOINT",
        Statement::CheckDatabase => "CHECK DATABASE",
        Statement::Setting(setting) => match setting {
            SettingStatement::Show(_) => "SHOW",
            SettingStatement::OfDatabase(..) => "ALTER DATABASE",
            _ => "SET",
        },
        Statement::Transaction(control) => match control {
            TransactionStatement::Begin(_) => "BEGIN",
            TransactionStatement::Commit => "COMMIT",
            TransactionStatement::Rollback | TransactionStatement::RollbackTo(_) => "ROLLBACK",
            TransactionStatement::Savepoint(_) => "SAVEPOINT",
            TransactionStatement::Release(_) => "RELEASE",
            TransactionStatement::SetConstraints { .. } => "SET CONSTRAINTS",
        },
    }
}
