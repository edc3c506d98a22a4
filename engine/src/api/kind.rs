//! What kind of statement a text is, as far as the session must know before it is bound.

use crate::sql::bound::{Statement, TransactionStatement};
use crate::sql::{Parsed, ParsedKind};
use sqlparser::ast::Statement as Syntax;

/// `BEGIN`, `COMMIT`, `SAVEPOINT`, …
pub(crate) fn is_transaction_control(parsed: &Parsed) -> bool {
    match &parsed.kind {
        ParsedKind::Abort => true,
        ParsedKind::Sql(statement) => matches!(
            **statement,
            Syntax::StartTransaction { .. }
                | Syntax::Commit { .. }
                | Syntax::Rollback { .. }
                | Syntax::Savepoint { .. }
                | Syntax::ReleaseSavepoint { .. }
        ),
        _ => false,
    }
}

/// `SELECT`, `VALUES` and their like, which change nothing.
pub(crate) fn is_query(parsed: &Parsed) -> bool {
    matches!(&parsed.kind, ParsedKind::Sql(statement) if matches!(**statement, Syntax::Query(_)))
}

/// Whether the statement may change the schema or the statistics that are part of it.
pub(crate) fn changes_schema(parsed: &Parsed) -> bool {
    match &parsed.kind {
        ParsedKind::Analyze(_) => true,
        ParsedKind::Sql(statement) => matches!(
            **statement,
            Syntax::CreateTable(_)
                | Syntax::CreateIndex(_)
                | Syntax::CreateView(_)
                | Syntax::Drop { .. }
        ),
        _ => false,
    }
}

/// The word of PostgreSQL's command tag.
pub(crate) fn tag(statement: &Statement) -> &'static str {
    match statement {
        Statement::Query(_) => "SELECT",
        Statement::Insert(_) => "INSERT",
        Statement::Update(_) => "UPDATE",
        Statement::Delete(_) => "DELETE",
        Statement::Explain(_) => "EXPLAIN",
        Statement::CreateTable(_) => "CREATE TABLE",
        Statement::DropTable(..) => "DROP TABLE",
        Statement::CreateView(_) => "CREATE VIEW",
        Statement::DropView(_) => "DROP VIEW",
        Statement::CreateIndex(_) => "CREATE INDEX",
        Statement::DropIndex(_) => "DROP INDEX",
        Statement::Analyze(_) => "ANALYZE",
        Statement::Vacuum => "VACUUM",
        Statement::Checkpoint => "CHECKPOINT",
        Statement::CheckDatabase => "CHECK DATABASE",
        Statement::Show(_) => "SHOW",
        Statement::Transaction(control) => match control {
            TransactionStatement::Begin { .. } => "BEGIN",
            TransactionStatement::Commit => "COMMIT",
            TransactionStatement::Rollback | TransactionStatement::RollbackTo(_) => "ROLLBACK",
            TransactionStatement::Savepoint(_) => "SAVEPOINT",
            TransactionStatement::Release(_) => "RELEASE",
        },
    }
}
