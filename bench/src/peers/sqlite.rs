//! SQLite in this process.

use super::Peer;
use crate::Failure;
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use std::path::Path;
use std::time::{Duration, Instant};

/// A connection to a database in a file.
pub(crate) struct Sqlite(Connection);

impl Sqlite {
    pub(crate) fn open(folder: &Path) -> Result<Self, Failure> {
        let connection = Connection::open(folder.join("bench.sqlite"))?;
        connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA cache_size = -1048576")?;
        Ok(Self(connection))
    }
}

impl Peer for Sqlite {
    fn name(&self) -> &'static str {
        "SQLite"
    }

    fn run(&mut self, sql: &str) -> Result<(), Failure> {
        self.0.execute_batch(sql)?;
        Ok(())
    }

    fn fill(
        &mut self,
        table: &str,
        columns: usize,
        rows: &mut dyn Iterator<Item = String>,
    ) -> Result<(), Failure> {
        let sql = format!(
            "INSERT INTO {table} VALUES ({})",
            vec!["?"; columns].join(", ")
        );
        self.0.execute_batch("BEGIN")?;
        let mut insert = self.0.prepare(&sql)?;
        for row in rows {
            insert.execute(rusqlite::params_from_iter(row.split('|')))?;
        }
        self.0.execute_batch("COMMIT")?;
        Ok(())
    }

    #[allow(clippy::disallowed_methods)] // the rule is the engine's; a benchmark reads the clock
    fn query(&mut self, sql: &str) -> Result<(Duration, Vec<Vec<String>>), Failure> {
        let start = Instant::now();
        let mut statement = self.0.prepare(sql)?;
        let columns = statement.column_count();
        let mut rows = statement.query([])?;
        let mut texts = Vec::new();
        while let Some(row) = rows.next()? {
            let cells = (0..columns).map(|column| {
                Ok(match row.get_ref(column)? {
                    ValueRef::Null => String::new(),
                    ValueRef::Integer(v) => v.to_string(),
                    ValueRef::Real(v) => v.to_string(),
                    ValueRef::Text(v) | ValueRef::Blob(v) => {
                        String::from_utf8_lossy(v).into_owned()
                    }
                })
            });
            texts.push(cells.collect::<Result<_, rusqlite::Error>>()?);
        }
        Ok((start.elapsed(), texts))
    }
}
