//! What is measured.
#![allow(clippy::disallowed_methods)] // the rule is the engine's; a benchmark reads the clock

use crate::Failure;
use crate::engines::{Datum, Engine};
use std::time::{Duration, Instant};

/// A workload. They run in the order of [`WORKLOADS`], on the table that the first one fills.
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    /// The others need what it leaves.
    pub(crate) prepares: bool,
    /// Operations among which the time is divided, for a table of so many rows.
    pub(crate) operations: fn(u64) -> u64,
    pub(crate) run: fn(&dyn Engine, u64) -> Result<Duration, Failure>,
}

/// Durable commits of all threads together.
const COMMITS: u64 = 400;
const LOOKUPS: u64 = 100_000;
const UPDATES: u64 = 50_000;
const SCANS: u64 = 10;

pub(crate) const WORKLOADS: &[Workload] = &[
    Workload {
        name: "bulk insert, one transaction, per row",
        prepares: true,
        operations: |rows| rows,
        run: bulk_insert,
    },
    Workload {
        name: "point SELECT by key",
        prepares: false,
        operations: |_| LOOKUPS,
        run: point_select,
    },
    Workload {
        name: "UPDATE by key, one transaction, per row",
        prepares: false,
        operations: |_| UPDATES,
        run: update_by_key,
    },
    Workload {
        name: "durable single-row commit, 1 thread",
        prepares: false,
        operations: |_| COMMITS,
        run: |engine, _| commits(engine, 1),
    },
    Workload {
        name: "durable single-row commit, 8 threads",
        prepares: false,
        operations: |_| COMMITS,
        run: |engine, _| commits(engine, 8),
    },
    Workload {
        name: "filtered scan with an aggregate, per row",
        prepares: false,
        operations: |rows| rows * SCANS,
        run: scan,
    },
];

/// Numbers that look random and are the same in every run.
fn scramble(i: u64) -> u64 {
    let mut x = i.wrapping_add(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

fn integer(i: u64) -> Datum {
    Datum::Integer(i64::try_from(i).unwrap_or(i64::MAX))
}

fn bulk_insert(engine: &dyn Engine, rows: u64) -> Result<Duration, Failure> {
    let session = engine.connect()?;
    session.script(
        "CREATE TABLE t (id BIGINT PRIMARY KEY, amount BIGINT NOT NULL, name TEXT NOT NULL)",
    )?;
    session.script("CREATE TABLE log (id BIGINT PRIMARY KEY, what TEXT NOT NULL)")?;
    let mut parameters = (0..rows).map(|i| {
        vec![
            integer(i),
            integer(scramble(i) % 1000),
            Datum::Text(format!("the name of row number {i}")),
        ]
    });
    let start = Instant::now();
    session.script("BEGIN")?;
    session.each("INSERT INTO t VALUES ($1, $2, $3)", &mut parameters)?;
    session.script("COMMIT")?;
    Ok(start.elapsed())
}

fn point_select(engine: &dyn Engine, rows: u64) -> Result<Duration, Failure> {
    let session = engine.connect()?;
    let mut keys = (0..LOOKUPS).map(|i| vec![integer(scramble(i) % rows)]);
    let start = Instant::now();
    session.each("SELECT amount, name FROM t WHERE id = $1", &mut keys)?;
    Ok(start.elapsed())
}

fn update_by_key(engine: &dyn Engine, rows: u64) -> Result<Duration, Failure> {
    let session = engine.connect()?;
    let mut keys = (0..UPDATES).map(|i| vec![integer(scramble(i) % rows)]);
    let start = Instant::now();
    session.script("BEGIN")?;
    session.each("UPDATE t SET amount = amount + 1 WHERE id = $1", &mut keys)?;
    session.script("COMMIT")?;
    Ok(start.elapsed())
}

fn commits(engine: &dyn Engine, threads: u64) -> Result<Duration, Failure> {
    engine.connect()?.script("DELETE FROM log")?;
    let start = Instant::now();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|thread| {
                scope.spawn(move || -> Result<(), Failure> {
                    let session = engine.connect()?;
                    let mut rows = (0..COMMITS / threads).map(|i| {
                        vec![
                            integer(thread * COMMITS + i),
                            Datum::Text("something happened".to_owned()),
                        ]
                    });
                    session.each("INSERT INTO log VALUES ($1, $2)", &mut rows)?;
                    Ok(())
                })
            })
            .collect();
        workers
            .into_iter()
            .try_for_each(|worker| worker.join().map_err(|_| "a thread panicked")?)
    })?;
    Ok(start.elapsed())
}

fn scan(engine: &dyn Engine, rows: u64) -> Result<Duration, Failure> {
    let session = engine.connect()?;
    let mut bounds = (0..SCANS).map(|i| vec![integer(100 * i)]);
    let start = Instant::now();
    let sum = session.each(
        "SELECT CAST(count(*) + sum(amount) AS BIGINT) FROM t WHERE amount >= $1",
        &mut bounds,
    )?;
    if sum < i64::try_from(rows)? {
        return Err(format!("the scans found too little: {sum}").into());
    }
    Ok(start.elapsed())
}
