//! QuantaDB as an engine for scripts.

use crate::column::{Cell, ColumnKind};
use crate::engine::{Answer, EngineError, Reply, ScriptDatabase, Session, SessionId};
use crate::table::Table;
use quantadb::api::{Connection, Database, DatabaseOptions, SessionOptions};
use quantadb::types::{Value, ValueRef, Zone};
use quantadb::vfs::MemoryVfs;
use std::sync::Arc;
use tempfile::TempDir;

/// Its SQL is PostgreSQL's, so what scripts say of that engine holds for it too.
const LABELS: &[&str] = &["quantadb", "postgresql"];

/// A database in memory, or in a file of a directory that goes with it.
pub(crate) struct QuantaDatabase {
    // Dropped before the directory.
    database: Database,
    _directory: Option<TempDir>,
}

impl QuantaDatabase {
    /// A new database in memory. Errors: those of creating it.
    pub(crate) fn in_memory(session: SessionOptions) -> Result<Self, EngineError> {
        let options = DatabaseOptions {
            vfs: Arc::new(MemoryVfs::new()),
            session,
            ..DatabaseOptions::default()
        };
        Ok(Self {
            database: Database::open_with("script.qdb", options)?,
            _directory: None,
        })
    }

    /// A new database in a file of a temporary directory. Errors: those of creating both.
    pub(crate) fn in_file(session: SessionOptions) -> Result<Self, EngineError> {
        let directory = tempfile::tempdir().map_err(EngineError::outside)?;
        let options = DatabaseOptions {
            session,
            ..DatabaseOptions::default()
        };
        Ok(Self {
            database: Database::open_with(directory.path().join("script.qdb"), options)?,
            _directory: Some(directory),
        })
    }
}

impl ScriptDatabase for QuantaDatabase {
    fn labels(&self) -> &'static [&'static str] {
        LABELS
    }

    fn connect(&self) -> Result<Box<dyn Session>, EngineError> {
        Ok(Box::new(QuantaSession(self.database.connect()?)))
    }

    fn waiting(&self, _: &[SessionId]) -> Option<Result<Vec<bool>, EngineError>> {
        None
    }

    /// Nothing to do: a session of the same process ends when the thread does that runs it.
    fn terminate(&self, _: SessionId) {}
}

struct QuantaSession(Connection);

impl Session for QuantaSession {
    fn id(&self) -> SessionId {
        SessionId(0)
    }

    fn run(&mut self, sql: &str, kinds: Option<&[ColumnKind]>) -> Answer {
        let Some(kinds) = kinds else {
            let count = self.0.execute(sql, [])?;
            return Ok(Reply::Done(count));
        };
        let rows = self.0.query(sql, [])?;
        let (zone, mut table) = (rows.time_zone(), Table::new(kinds, rows.columns().len()));
        table.add_rows(rows.remaining());
        rows.for_each_value(|value| table.push(cell(value, zone)));
        Ok(Reply::Rows(table))
    }
}

/// A value, to a session in `zone`.
fn cell(value: ValueRef<'_>, zone: Zone) -> Cell<'_> {
    let value = match value {
        ValueRef::Text(text) => return Cell::Text(text.into()),
        ValueRef::Value(value) => value,
    };
    match value {
        Value::Bool(truth) => Cell::Truth(truth),
        Value::Int2(number) => Cell::Whole(number.into()),
        Value::Int4(number) => Cell::Whole(number.into()),
        Value::Int8(number) => Cell::Whole(number),
        Value::Float8(number) => Cell::Number(number),
        Value::Text(text) => Cell::Text(text.into()),
        other => other
            .to_text_in(zone)
            .map_or(Cell::Null, |text| Cell::Text(text.into())),
    }
}
