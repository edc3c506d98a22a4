//! Analytical queries over one table of facts and two beside it.

use crate::Failure;
use crate::compare::{Query, compare};
use crate::keys::scramble;
use crate::peers::PeerArguments;

/// Scans, joins and aggregates over a million rows
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Rows of the table of facts; the table without an index has a tenth of them
    #[arg(long, default_value_t = 1_000_000)]
    rows: u64,
    /// How often each query is asked
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Only queries whose name contains this
    #[arg(long, default_value = "")]
    only: String,
    #[command(flatten)]
    peers: PeerArguments,
}

const TABLES: &str = "
    CREATE TABLE facts (id BIGINT PRIMARY KEY, place INTEGER NOT NULL, kind INTEGER NOT NULL, amount BIGINT NOT NULL,
        price DOUBLE PRECISION NOT NULL, note TEXT NOT NULL);
    CREATE TABLE places (id INTEGER PRIMARY KEY, region INTEGER NOT NULL, name TEXT NOT NULL);
    CREATE TABLE codes (code BIGINT NOT NULL, weight INTEGER NOT NULL)";

const QUERIES: [(&str, &str); 6] = [
    (
        "filtered sum",
        "SELECT sum(amount) FROM facts WHERE kind < 30 AND price > 250",
    ),
    (
        "group by",
        "SELECT kind, count(*), sum(amount), avg(price) FROM facts GROUP BY kind ORDER BY kind",
    ),
    (
        "equijoin with an aggregate",
        "SELECT region, count(*), sum(amount) FROM facts JOIN places ON facts.place = places.id
         GROUP BY region ORDER BY region",
    ),
    (
        "join without an index",
        "SELECT count(*), sum(weight) FROM facts JOIN codes ON amount = code",
    ),
    (
        "top 10",
        "SELECT id, amount FROM facts ORDER BY amount DESC, id LIMIT 10",
    ),
    ("count distinct", "SELECT count(DISTINCT amount) FROM facts"),
];

const PLACES: u64 = 10_000;

/// Prints the table of times. Errors: those of the engines, and answers that differ.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let (_folder, mut peers) = arguments.peers.open()?;
    let rows = arguments.rows;
    for peer in &mut peers {
        for table in TABLES.split(';') {
            peer.run(table)?;
        }
        let mut facts = (0..rows).map(|id| {
            let [place, kind, amount, price] = [1, 2, 3, 4].map(|salt| scramble(id * 4 + salt));
            let price = (price % 100_000) as f64 / 100.0;
            let (place, kind, amount) = (place % PLACES, kind % 100, amount % rows);
            format!("{id}|{place}|{kind}|{amount}|{price}|the note of fact {id}")
        });
        peer.fill("facts", 6, &mut facts)?;
        let mut places = (0..PLACES).map(|id| format!("{id}|{}|place {id}", scramble(id) % 50));
        peer.fill("places", 3, &mut places)?;
        let mut codes = (0..rows / 10).map(|i| format!("{}|{}", scramble(i) % rows, i % 7));
        peer.fill("codes", 2, &mut codes)?;
        peer.run("ANALYZE")?;
        eprintln!("{} is loaded", peer.name());
    }
    let wanted = QUERIES
        .iter()
        .filter(|(name, _)| name.contains(&arguments.only));
    let queries: Vec<Query> = wanted
        .map(|(name, sql)| Query {
            name: (*name).to_owned(),
            sql: (*sql).to_owned(),
        })
        .collect();
    println!("{}", compare(&mut peers, &queries, arguments.rounds)?);
    Ok(())
}
