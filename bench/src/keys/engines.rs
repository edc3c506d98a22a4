//! The two engines behind one face: connections that prepare a statement and run it with integers and texts.

use crate::Failure;
use quantadb::api::{Connection, Database, DatabaseOptions};
use quantadb::types::Value;
use rusqlite::types::ToSqlOutput;
use std::path::{Path, PathBuf};

/// A parameter, or a cell of a result.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Datum {
    Integer(i64),
    Text(String),
}

/// A database.
pub(crate) trait Engine: Sync {
    /// A connection of its own, to be used by one thread.
    fn connect(&self) -> Result<Box<dyn Session>, Failure>;
    /// Where its files are.
    fn folder(&self) -> &Path;
}

/// A connection.
pub(crate) trait Session {
    /// Runs statements without parameters.
    fn script(&self, sql: &str) -> Result<(), Failure>;
    /// Prepares each of `sql` once and runs, for each row of parameters, the one that is named with it; gives the sum of
    /// the integers of the first column of all results, so that nobody can leave the work out.
    fn mixed(
        &self,
        sql: &[&str],
        parameters: &mut dyn Iterator<Item = (usize, Vec<Datum>)>,
    ) -> Result<i64, Failure>;

    /// [`Session::mixed`] of one statement.
    fn each(
        &self,
        sql: &str,
        parameters: &mut dyn Iterator<Item = Vec<Datum>>,
    ) -> Result<i64, Failure> {
        self.mixed(&[sql], &mut parameters.map(|row| (0, row)))
    }
}

/// QuantaDB with its defaults: a commit is durable when it returns.
pub(crate) struct QuantaDb {
    database: Database,
    folder: PathBuf,
}

impl QuantaDb {
    pub(crate) fn open(folder: &Path, cache_bytes: usize) -> Result<Self, Failure> {
        let mut options = DatabaseOptions::default();
        options.disk.cache_bytes = cache_bytes;
        Ok(Self {
            database: Database::open_with(folder.join("bench.qdb"), options)?,
            folder: folder.to_owned(),
        })
    }
}

impl Engine for QuantaDb {
    fn connect(&self) -> Result<Box<dyn Session>, Failure> {
        Ok(Box::new(self.database.connect()?))
    }

    fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Session for Connection {
    fn script(&self, sql: &str) -> Result<(), Failure> {
        self.run(sql)?;
        Ok(())
    }

    fn mixed(
        &self,
        sql: &[&str],
        parameters: &mut dyn Iterator<Item = (usize, Vec<Datum>)>,
    ) -> Result<i64, Failure> {
        let statements = sql.iter().map(|sql| self.prepare(sql));
        let statements = statements.collect::<Result<Vec<_>, _>>()?;
        let mut sum = 0i64;
        for (number, row) in parameters {
            let statement = &statements[number];
            let is_query = !statement.columns().is_empty();
            let values: Vec<Value> = row
                .into_iter()
                .map(|datum| match datum {
                    Datum::Integer(i) => Value::Int8(i),
                    Datum::Text(t) => Value::Text(t),
                })
                .collect();
            if is_query {
                for row in statement.query(values)? {
                    sum = sum.wrapping_add(row.get::<i64>(0)?);
                }
            } else {
                statement.execute(values)?;
            }
        }
        Ok(sum)
    }
}

/// SQLite with its write-ahead log and `synchronous = FULL`: a commit is durable when it returns.
pub(crate) struct Sqlite {
    folder: PathBuf,
    cache_bytes: usize,
}

impl Sqlite {
    pub(crate) fn open(folder: &Path, cache_bytes: usize) -> Result<Self, Failure> {
        Ok(Self {
            folder: folder.to_owned(),
            cache_bytes,
        })
    }
}

impl Engine for Sqlite {
    fn connect(&self) -> Result<Box<dyn Session>, Failure> {
        let connection = rusqlite::Connection::open(self.folder.join("bench.sqlite"))?;
        connection.busy_timeout(std::time::Duration::from_secs(60))?;
        connection.execute_batch(&format!(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -{}",
            self.cache_bytes / 1024
        ))?;
        Ok(Box::new(SqliteSession(connection)))
    }

    fn folder(&self) -> &Path {
        &self.folder
    }
}

struct SqliteSession(rusqlite::Connection);

impl rusqlite::ToSql for Datum {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Datum::Integer(i) => i.to_sql(),
            Datum::Text(t) => t.to_sql(),
        }
    }
}

impl Session for SqliteSession {
    fn script(&self, sql: &str) -> Result<(), Failure> {
        self.0.execute_batch(sql)?;
        Ok(())
    }

    fn mixed(
        &self,
        sql: &[&str],
        parameters: &mut dyn Iterator<Item = (usize, Vec<Datum>)>,
    ) -> Result<i64, Failure> {
        let statements = sql.iter().map(|sql| self.0.prepare(sql));
        let mut statements = statements.collect::<Result<Vec<_>, _>>()?;
        let mut sum = 0i64;
        for (number, row) in parameters {
            let statement = &mut statements[number];
            if statement.column_count() > 0 {
                let mut rows = statement.query(rusqlite::params_from_iter(row))?;
                while let Some(row) = rows.next()? {
                    sum = sum.wrapping_add(row.get::<_, i64>(0)?);
                }
            } else {
                statement.execute(rusqlite::params_from_iter(row))?;
            }
        }
        Ok(sum)
    }
}
