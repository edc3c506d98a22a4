//! Engines that answer the same analytical queries over the same rows, each with one thread.

mod duckdb;
mod quantadb;
mod sqlite;

pub(crate) use self::duckdb::DuckDb;
pub(crate) use self::quantadb::QuantaDb;
pub(crate) use self::sqlite::Sqlite;

use crate::Failure;
use std::path::PathBuf;
use std::time::Duration;

/// A database with tables.
pub(crate) trait Peer {
    fn name(&self) -> &'static str;

    /// Runs statements that give no rows.
    fn run(&mut self, sql: &str) -> Result<(), Failure>;

    /// Fills a table with rows whose fields `|` separates, in the order of its columns.
    fn fill(
        &mut self,
        table: &str,
        columns: usize,
        rows: &mut dyn Iterator<Item = String>,
    ) -> Result<(), Failure>;

    /// The rows of a query as texts, and how long the engine took for them: parsed, planned, run and fetched.
    fn query(&mut self, sql: &str) -> Result<(Duration, Vec<Vec<String>>), Failure>;
}

/// Which engines there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum PeerName {
    Quantadb,
    Sqlite,
    Duckdb,
}

/// Which engines are compared.
#[derive(clap::Args)]
pub(crate) struct PeerArguments {
    /// The engines, of which the first is compared with the others
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [PeerName::Quantadb, PeerName::Sqlite, PeerName::Duckdb])]
    peers: Vec<PeerName>,
    /// A Python with the package `duckdb`, in which DuckDB runs
    #[arg(long, default_value = "python3")]
    python: PathBuf,
    /// Where the files go
    #[arg(long, default_value = ".")]
    directory: PathBuf,
}

impl PeerArguments {
    /// The engines, each over a new database in a file. The folder goes when it is dropped.
    pub(crate) fn open(&self) -> Result<(tempfile::TempDir, Vec<Box<dyn Peer>>), Failure> {
        let folder = tempfile::tempdir_in(&self.directory)?;
        let mut peers = Vec::new();
        for name in &self.peers {
            let peer: Box<dyn Peer> = match name {
                PeerName::Quantadb => Box::new(QuantaDb::open(folder.path())?),
                PeerName::Sqlite => Box::new(Sqlite::open(folder.path())?),
                PeerName::Duckdb => Box::new(DuckDb::open(&self.python, folder.path())?),
            };
            peers.push(peer);
        }
        Ok((folder, peers))
    }
}

/// Whether two answers are the same: numbers up to rounding, since engines differ in the type of an average.
pub(crate) fn same_rows(one: &[Vec<String>], other: &[Vec<String>]) -> bool {
    let same_cell = |(a, b): (&String, &String)| match (a.parse::<f64>(), b.parse::<f64>()) {
        (Ok(a), Ok(b)) => (a - b).abs() <= 1e-6 * a.abs().max(b.abs()).max(1e-3),
        _ => a == b,
    };
    one.len() == other.len()
        && one
            .iter()
            .zip(other)
            .all(|(a, b)| a.len() == b.len() && a.iter().zip(b).all(same_cell))
}
