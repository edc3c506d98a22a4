//! A database of a PostgreSQL server for one script.

use super::address::PostgresAddress;
use super::client::Client;
use crate::column::{Cell, ColumnKind};
use crate::engine::{Answer, EngineError, Reply, ScriptDatabase, Session, SessionId};
use crate::table::Table;
use parking_lot::Mutex;

const LABELS: &[&str] = &["postgresql"];
/// What a session is set up with. It looks for a deadlock sooner than the runner believes that it waits: so who closes a
/// circle finds it, as in QuantaDB, and not who has waited longest.
const SETTINGS: &[(&str, &str)] = &[
    ("default_transaction_isolation", "serializable"),
    ("deadlock_timeout", "10ms"),
    ("DateStyle", "ISO, MDY"),
    ("IntervalStyle", "postgres"),
    ("TimeZone", "UTC"),
    ("lc_messages", "C"),
    ("client_min_messages", "error"),
];
/// PostgreSQL's number of the type BOOLEAN.
const BOOLEAN: u32 = 16;

/// A database that was created for a script, and is dropped with this.
pub(crate) struct PostgresDatabase {
    address: PostgresAddress,
    name: String,
    /// Creates and drops the database.
    keeper: Mutex<Client>,
    /// Looks at the sessions; in that database, and made when it is first needed.
    watcher: Mutex<Option<Client>>,
}

impl PostgresDatabase {
    /// A new database. Errors: those of the server.
    pub(crate) fn create(address: &PostgresAddress) -> Result<Self, EngineError> {
        let mut keeper = Client::connect(address, &address.database, &[("lc_messages", "C")])?;
        // No other connection has its process.
        let name = format!("quanta_slt_{}", keeper.process());
        keeper.run(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))?;
        keeper.run(&format!(
            "CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'"
        ))?;
        Ok(Self {
            address: address.clone(),
            name,
            keeper: Mutex::new(keeper),
            watcher: Mutex::new(None),
        })
    }

    fn ask_waiting(&self, sessions: &[SessionId]) -> Result<Vec<bool>, EngineError> {
        let mut watcher = self.watcher.lock();
        let watcher = match &mut *watcher {
            Some(watcher) => watcher,
            none => none.insert(Client::connect(&self.address, &self.name, SETTINGS)?),
        };
        let processes: Vec<String> = sessions.iter().map(|s| s.0.to_string()).collect();
        let reply = watcher.run(&format!(
            "SELECT cardinality(pg_blocking_pids(p)) > 0 FROM unnest(ARRAY[{}]) WITH ORDINALITY AS s (p, n) ORDER BY n",
            processes.join(", ")
        ))?;
        let waits = |row: &Vec<Option<String>>| row.first() == Some(&Some("t".to_owned()));
        Ok(reply.rows.iter().map(waits).collect())
    }
}

impl ScriptDatabase for PostgresDatabase {
    fn labels(&self) -> &'static [&'static str] {
        LABELS
    }

    fn connect(&self) -> Result<Box<dyn Session>, EngineError> {
        let client = Client::connect(&self.address, &self.name, SETTINGS)?;
        Ok(Box::new(PostgresSession(client)))
    }

    fn waiting(&self, sessions: &[SessionId]) -> Option<Result<Vec<bool>, EngineError>> {
        Some(self.ask_waiting(sessions))
    }

    fn terminate(&self, session: SessionId) {
        // If it cannot be ended, dropping the database ends it.
        let _ = self
            .keeper
            .lock()
            .run(&format!("SELECT pg_terminate_backend({})", session.0));
    }
}

impl Drop for PostgresDatabase {
    fn drop(&mut self) {
        // What stays is dropped by the next script whose keeper has the same process.
        let _ = self
            .keeper
            .get_mut()
            .run(&format!("DROP DATABASE {} WITH (FORCE)", self.name));
    }
}

struct PostgresSession(Client);

impl Session for PostgresSession {
    fn id(&self) -> SessionId {
        SessionId(self.0.process())
    }

    fn run(&mut self, sql: &str, kinds: Option<&[ColumnKind]>) -> Answer {
        let reply = self.0.run(sql)?;
        let (Some(kinds), Some(columns)) = (kinds, &reply.columns) else {
            return Ok(Reply::Done(reply.count));
        };
        let cell = |(text, column): (Option<String>, &u32)| match text {
            None => Cell::Null,
            Some(text) if *column == BOOLEAN => Cell::Truth(text == "t"),
            Some(text) => Cell::Text(text.into()),
        };
        let mut table = Table::new(kinds, columns.len());
        table.add_rows(reply.rows.len());
        for row in reply.rows {
            row.into_iter()
                .zip(columns)
                .map(cell)
                .for_each(|cell| table.push(cell));
        }
        Ok(Reply::Rows(table))
    }
}
