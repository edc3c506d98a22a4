//! A connection as the `sqllogictest` crate sees it.

use crate::ENGINE_LABEL;
use crate::column::ColumnKind;
use quantadb::api::{Connection, Database};
use quantadb::sync::Mutex;
use sqllogictest::{DB, DBOutput};
use std::sync::Arc;

/// What the record under way asks for: the types of its columns, or nothing if it is a statement. The crate does not
/// pass it to the database, so it goes past it.
#[derive(Clone, Default)]
pub(crate) struct Request(Arc<Mutex<Option<Vec<ColumnKind>>>>);

impl Request {
    /// Says what the next record asks for.
    pub(crate) fn set(&self, kinds: Option<Vec<ColumnKind>>) {
        *self.0.lock() = kinds;
    }
}

/// A connection that runs a script's records.
pub(crate) struct ScriptConnection {
    connection: Connection,
    request: Request,
}

impl ScriptConnection {
    pub(crate) fn new(database: &Database, request: Request) -> quantadb::Result<Self> {
        Ok(Self {
            connection: database.connect()?,
            request,
        })
    }
}

impl DB for ScriptConnection {
    type Error = quantadb::Error;
    type ColumnType = ColumnKind;

    fn run(&mut self, sql: &str) -> Result<DBOutput<ColumnKind>, quantadb::Error> {
        let Some(kinds) = self.request.0.lock().clone() else {
            return self
                .connection
                .execute(sql, [])
                .map(DBOutput::StatementComplete);
        };
        let rows = self.connection.query(sql, [])?;
        let kind = |column: usize| kinds.get(column).copied().unwrap_or(ColumnKind::Text);
        let types: Vec<ColumnKind> = (0..rows.columns().len()).map(kind).collect();
        let rows = rows
            .map(|row| {
                let cells = row.values().iter().zip(&types);
                cells.map(|(value, kind)| kind.format(value)).collect()
            })
            .collect();
        Ok(DBOutput::Rows { types, rows })
    }

    fn engine_name(&self) -> &str {
        ENGINE_LABEL
    }

    fn error_sql_state(error: &quantadb::Error) -> Option<String> {
        Some(error.sqlstate().to_owned())
    }
}
