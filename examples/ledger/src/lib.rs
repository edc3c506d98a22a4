//! A small ledger over QuantaDB: accounts, and transfers between them that carry a number.
//!
//! Each transfer is one transaction. Its number makes it safe to send again: whoever does not know whether a transfer was
//! made, because the machine went off meanwhile, sends it once more, and it is made once. `tests/crashes.rs` is the point of
//! this example: the code here is run on a disk that loses power in the middle of everything.

use quantadb::api::Database;
use quantadb::{Error, params};

/// A ledger in a database.
#[derive(Clone)]
pub struct Ledger {
    database: Database,
}

/// What came of a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transfer {
    /// It was made.
    Made,
    /// It had been made before.
    Repeated,
    /// The account has less than that.
    Refused,
}

impl Ledger {
    /// The ledger in a database, with its tables.
    ///
    /// # Errors
    /// The database's.
    pub fn open(database: &Database) -> Result<Self, Error> {
        let connection = database.connect()?;
        connection.run(
            "CREATE TABLE IF NOT EXISTS account (id INTEGER PRIMARY KEY, balance BIGINT NOT NULL CHECK (balance >= 0));
             CREATE TABLE IF NOT EXISTS transfer (number BIGINT PRIMARY KEY, source INTEGER NOT NULL REFERENCES account,
                 target INTEGER NOT NULL REFERENCES account, amount BIGINT NOT NULL)",
        )?;
        Ok(Self {
            database: database.clone(),
        })
    }

    /// Opens an account with that balance, if there is none of that number.
    ///
    /// # Errors
    /// The database's.
    pub fn open_account(&self, id: i32, balance: i64) -> Result<(), Error> {
        let sql = "INSERT INTO account VALUES ($1, $2) ON CONFLICT DO NOTHING";
        self.database
            .connect()?
            .execute(sql, params![id, balance])?;
        Ok(())
    }

    /// Moves money, once for each number.
    ///
    /// # Errors
    /// The database's. After one of the disk it is not known whether the transfer was made: send it again.
    pub fn transfer(
        &self,
        number: i64,
        source: i32,
        target: i32,
        amount: i64,
    ) -> Result<Transfer, Error> {
        let connection = self.database.connect()?;
        connection.transaction(|tx| {
            let note = "INSERT INTO transfer VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
            if tx.execute(note, params![number, source, target, amount])? == 0 {
                return Ok(Transfer::Repeated);
            }
            let take = "UPDATE account SET balance = balance - $2 WHERE id = $1 AND balance >= $2";
            if tx.execute(take, params![source, amount])? == 0 {
                tx.execute("DELETE FROM transfer WHERE number = $1", params![number])?;
                return Ok(Transfer::Refused);
            }
            let give = "UPDATE account SET balance = balance + $2 WHERE id = $1";
            tx.execute(give, params![target, amount])?;
            Ok(Transfer::Made)
        })
    }

    /// What all accounts have together.
    ///
    /// # Errors
    /// The database's.
    pub fn total(&self) -> Result<i64, Error> {
        self.number("SELECT coalesce(sum(balance), 0)::BIGINT FROM account")
    }

    /// How many transfers were made.
    ///
    /// # Errors
    /// The database's.
    pub fn transfers(&self) -> Result<i64, Error> {
        self.number("SELECT count(*) FROM transfer")
    }

    fn number(&self, sql: &str) -> Result<i64, Error> {
        let connection = self.database.connect()?;
        let mut rows = connection.query(sql, [])?;
        let row = rows.next();
        row.map_or(Ok(0), |row| row.get(0usize))
    }
}
