//! A transaction as a value: rolled back when dropped.

use crate::api::connection::{Connection, StatementResult};
use crate::api::rows::Rows;
use crate::error::{Error, ErrorKind, Result};
use crate::types::Value;

/// A transaction of a [`Connection`]. Dropping it without [`commit`](Self::commit) rolls it back.
#[derive(Debug)]
pub struct Transaction<'c> {
    pub(super) connection: &'c Connection,
    /// Which transaction block of the session this is, so that a later one is left alone.
    block: Option<u64>,
}

impl<'c> Transaction<'c> {
    pub(crate) fn new(connection: &'c Connection) -> Self {
        let block = connection.session.borrow().block();
        Self { connection, block }
    }

    fn is_open(&self) -> bool {
        self.block.is_some() && self.connection.session.borrow().block() == self.block
    }

    fn ended() -> Error {
        Error::new(
            ErrorKind::Misuse,
            "25P01",
            "the transaction has already ended",
        )
    }

    /// See [`Connection::execute`].
    pub fn execute(&self, sql: &str, parameters: impl AsRef<[Value]>) -> Result<u64> {
        self.connection.execute(sql, parameters)
    }

    /// See [`Connection::query`].
    pub fn query(&self, sql: &str, parameters: impl AsRef<[Value]>) -> Result<Rows> {
        self.connection.query(sql, parameters)
    }

    /// See [`Connection::run`].
    pub fn run(&self, sql: &str) -> Result<Vec<StatementResult>> {
        self.connection.run(sql)
    }

    /// Commits. Errors: `25P02` when a statement has failed (everything is then rolled back), `25P01` when the
    /// transaction has ended already, and `40001` when another transaction has changed since what this one read, so that
    /// no order of the two explains both: it is rolled back, and can be tried again.
    pub fn commit(self) -> Result<()> {
        if !self.is_open() {
            return Err(Self::ended());
        }
        let failed = self.connection.has_failed_transaction();
        self.connection.execute("COMMIT", [])?;
        if failed {
            return Err(Error::new(
                ErrorKind::Sql,
                "25P02",
                "current transaction is aborted: it was rolled back",
            ));
        }
        Ok(())
    }

    /// Rolls back. Errors: `25P01` when the transaction has ended already.
    pub fn rollback(self) -> Result<()> {
        if !self.is_open() {
            return Err(Self::ended());
        }
        self.connection.execute("ROLLBACK", []).map(|_| ())
    }

    /// Marks a point to roll back to.
    pub fn savepoint(&self, name: &str) -> Result<()> {
        self.control("SAVEPOINT", name)
    }

    /// Undoes everything since the savepoint, which stays. Errors: `3B001` when there is none of that name.
    pub fn rollback_to(&self, name: &str) -> Result<()> {
        self.control("ROLLBACK TO SAVEPOINT", name)
    }

    /// Forgets the savepoint and those after it, keeping what was done. Errors: `3B001`.
    pub fn release(&self, name: &str) -> Result<()> {
        self.control("RELEASE SAVEPOINT", name)
    }

    fn control(&self, verb: &str, name: &str) -> Result<()> {
        if !self.is_open() {
            return Err(Self::ended());
        }
        let quoted = name.replace('"', "\"\"");
        self.connection
            .execute(&format!("{verb} \"{quoted}\""), [])
            .map(|_| ())
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        if self.is_open() {
            // A rollback that fails leaves a transaction that storage rolls back when the session lets it go.
            let _ = self.connection.execute("ROLLBACK", []);
        }
    }
}
