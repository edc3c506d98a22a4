//! A connection: where statements are run.

use crate::api::database::Shared;
use crate::api::interrupt::InterruptHandle;
use crate::api::maintenance::maintain;
use crate::api::rows::{Column, Rows};
use crate::api::session::{Ran, Session, has_lost};
use crate::api::statement::Statement;
use crate::api::transaction::Transaction;
use crate::catalog::{RelationName, Schema};
use crate::error::{Error, ErrorKind, Result};
use crate::exec::ResultRows;
use crate::sql::parse_one;
use crate::storage::MaintenanceReport;
use crate::types::Value;
use std::cell::RefCell;
use std::sync::Arc;

/// A session of a [`Database`](crate::api::Database): its transaction, its prepared statements. It may move between
/// threads, but only one uses it at a time.
pub struct Connection {
    pub(crate) session: RefCell<Session>,
}

/// What one statement of [`Connection::run`] gave.
#[derive(Debug)]
pub struct StatementResult {
    /// PostgreSQL's command tag: `SELECT 3`, `INSERT 0 1`, `CREATE TABLE`.
    pub tag: String,
    /// Rows given, added, changed or removed.
    pub count: u64,
    /// Its rows, for a statement that gives some.
    pub rows: Option<Rows>,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection")
            .field("in_transaction", &self.is_in_transaction())
            .finish_non_exhaustive()
    }
}

impl StatementResult {
    fn new(ran: Ran) -> Self {
        let tag = match ran.tag {
            "INSERT" => format!("INSERT 0 {}", ran.count),
            "SELECT" | "UPDATE" | "DELETE" | "MERGE" | "COPY" => {
                format!("{} {}", ran.tag, ran.count)
            }
            other => other.to_owned(),
        };
        Self {
            tag,
            count: ran.count,
            rows: ran.rows.map(|rows| Rows::new(ran.columns, rows, ran.zone)),
        }
    }
}

impl Connection {
    pub(crate) fn new(shared: Arc<Shared>) -> Result<Self> {
        Ok(Self {
            session: RefCell::new(Session::new(shared)?),
        })
    }

    /// Its number among the connections that were made since the database was opened, from 1 on: by it
    /// [`Database::snapshot_holders`](crate::api::Database::snapshot_holders) names it.
    pub fn id(&self) -> u64 {
        self.session.borrow().id
    }

    /// A handle with which another thread can stop the statement that runs here.
    pub fn interrupt_handle(&self) -> InterruptHandle {
        InterruptHandle::new(&self.session.borrow())
    }

    /// Runs one statement; returns how many rows it added, changed or removed (or gave).
    ///
    /// Outside of a transaction it is a transaction of its own, tried again a bounded number of times when it loses to
    /// another. In a transaction a failed statement leaves nothing behind, and the transaction can only be rolled back,
    /// as a whole or to a savepoint. Errors: whatever PostgreSQL would give, by its SQLSTATE; `40001` and `40P01` for
    /// conflicts with other transactions.
    pub fn execute(&self, sql: &str, parameters: impl AsRef<[Value]>) -> Result<u64> {
        let mut session = self.session.borrow_mut();
        Ok(session.run_text(sql, parameters.as_ref())?.count)
    }

    /// Runs one statement and gives its rows; none for a statement without a result. Errors: as [`Self::execute`].
    pub fn query(&self, sql: &str, parameters: impl AsRef<[Value]>) -> Result<Rows> {
        let mut session = self.session.borrow_mut();
        Ok(rows_of(session.run_text(sql, parameters.as_ref())?))
    }

    /// Runs any number of statements, which semicolons separate. As in PostgreSQL's simple query they are one
    /// transaction, unless the text has transaction control of its own: when one fails, the ones before it are undone
    /// and the ones after it are not run. Errors: as [`Self::execute`].
    pub fn run(&self, sql: &str) -> Result<Vec<StatementResult>> {
        let mut results = Vec::new();
        self.session.borrow_mut().run_script(sql, &mut |ran| {
            results.push(StatementResult::new(ran));
            Ok(())
        })?;
        Ok(results)
    }

    /// Parses a statement, to run it many times. Its plan is made when it first runs, and again when the schema has
    /// changed. Errors: `42601` for what is no statement, and those of binding it.
    pub fn prepare(&self, sql: &str) -> Result<Statement<'_>> {
        let parsed = parse_one(sql)?;
        let planned = self.session.borrow_mut().describe(&parsed)?;
        Ok(Statement::new(self, parsed, planned))
    }

    /// Begins a transaction at the level of the setting `default_transaction_isolation`, SERIALIZABLE unless it was changed
    /// (`BEGIN ISOLATION LEVEL …` begins one at another level), which is rolled back when it is dropped without a commit.
    /// Errors: `25001` when there is one already.
    pub fn begin(&self) -> Result<Transaction<'_>> {
        if self.is_in_transaction() {
            return Err(Error::new(
                ErrorKind::Misuse,
                "25001",
                "there is already a transaction in progress",
            ));
        }
        self.execute("BEGIN", [])?;
        Ok(Transaction::new(self))
    }

    /// Runs `body` in a transaction and commits it, all of it again, a bounded number of times and after a pause that
    /// grows up to 10 milliseconds, when it loses to another transaction (`40001`, `40P01`). What `body` does
    /// beside the database must bear being repeated. Errors: those of `body`, after which the transaction is rolled back, and of the commit.
    pub fn transaction<T>(&self, mut body: impl FnMut(&Transaction<'_>) -> Result<T>) -> Result<T> {
        let shared = self.session.borrow().shared.clone();
        let mut tries = 0;
        loop {
            let transaction = self.begin()?;
            let result = body(&transaction).and_then(|value| {
                transaction.commit()?;
                Ok(value)
            });
            match result {
                Err(error) if has_lost(&error) && tries < shared.options.retries_max => {
                    shared.env.pause(pause_micros(tries, shared.env.entropy()));
                    tries += 1;
                }
                result => return result,
            }
        }
    }

    /// [`Database::maintain`](crate::api::Database::maintain); what stops a statement of this connection stops it too
    /// (`57014`).
    pub fn maintain(&self, budget_pages: u64) -> Result<MaintenanceReport> {
        let session = self.session.borrow();
        let limits = session.begin_maintenance();
        maintain(&session.shared, budget_pages, &limits)
    }

    /// The tables and indexes as the next statement would see them. Errors: those of reading the catalog.
    pub fn schema(&self) -> Result<Arc<Schema>> {
        self.session.borrow_mut().visible_schema()
    }

    /// The name of the relation that `text`, written as identifiers are, means along the setting `search_path`; where there
    /// is none, the name that it would have. Errors: as for [`Self::schema`].
    pub fn relation_named(&self, text: &str) -> Result<RelationName> {
        let mut session = self.session.borrow_mut();
        let schema = session.visible_schema()?;
        Ok(session.settings.reading.path.named(&schema, text))
    }

    /// Whether a transaction was begun and has not ended.
    pub fn is_in_transaction(&self) -> bool {
        self.session.borrow().block().is_some()
    }

    /// Whether the transaction under way has failed and can only be rolled back.
    pub fn has_failed_transaction(&self) -> bool {
        self.session.borrow().has_failed()
    }
}

/// How long to wait before another try: a random part of 50 microseconds, twice that after each try, up to 10
/// milliseconds. So of two that met, one mostly comes first.
fn pause_micros(tries: u32, entropy: u64) -> u64 {
    let longest = 10_000.min(50 << tries.min(16));
    entropy % longest
}

/// The rows of a statement; none for one without a result.
pub(crate) fn rows_of(ran: Ran) -> Rows {
    let columns: Arc<[Column]> = ran.columns;
    let rows = ran.rows.unwrap_or(ResultRows::Values(Vec::new()));
    Rows::new(columns, rows, ran.zone)
}
