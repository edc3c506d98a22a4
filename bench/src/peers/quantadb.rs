//! QuantaDB in this process.

use super::Peer;
use crate::Failure;
use quantadb::api::{Connection, Database, DatabaseOptions};
use quantadb::types::Value;
use std::path::Path;
use std::time::{Duration, Instant};

/// A connection; the database lives as long as it does.
pub(crate) struct QuantaDb(Connection);

/// The caches of pages and of columns: all of the tables fit.
const CACHE_BYTES: usize = 1 << 30;

impl QuantaDb {
    pub(crate) fn open(folder: &Path) -> Result<Self, Failure> {
        let mut options = DatabaseOptions::default();
        options.disk.cache_bytes = CACHE_BYTES;
        options.disk.column_cache_bytes = CACHE_BYTES;
        let database = Database::open_with(folder.join("bench.qdb"), options)?;
        Ok(Self(database.connect()?))
    }
}

impl Peer for QuantaDb {
    fn name(&self) -> &'static str {
        "QuantaDB"
    }

    fn run(&mut self, sql: &str) -> Result<(), Failure> {
        self.0.run(sql)?;
        Ok(())
    }

    fn fill(
        &mut self,
        table: &str,
        columns: usize,
        rows: &mut dyn Iterator<Item = String>,
    ) -> Result<(), Failure> {
        let places: Vec<String> = (1..=columns).map(|i| format!("${i}")).collect();
        let sql = format!("INSERT INTO {table} VALUES ({})", places.join(", "));
        self.0.run("BEGIN")?;
        let insert = self.0.prepare(&sql)?;
        for row in rows {
            let fields = row.split('|').map(|field| Value::Text(field.to_owned()));
            insert.execute(fields.collect::<Vec<_>>())?;
        }
        self.0.run("COMMIT")?;
        Ok(())
    }

    #[allow(clippy::disallowed_methods)] // the rule is the engine's; a benchmark reads the clock
    fn query(&mut self, sql: &str) -> Result<(Duration, Vec<Vec<String>>), Failure> {
        let start = Instant::now();
        let rows: Vec<_> = self.0.query(sql, [])?.collect();
        let took = start.elapsed();
        let texts = rows.iter().map(|row| {
            let cells = row.values().iter().map(Value::to_text);
            cells.map(Option::unwrap_or_default).collect()
        });
        Ok((took, texts.collect()))
    }
}
