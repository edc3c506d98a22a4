//! What is measured.
#![allow(clippy::disallowed_methods)] // the rule is the engine's; a benchmark reads the clock

use super::engines::{Datum, Engine, Session};
use crate::Failure;
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
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
/// Reads and durable updates of all threads together.
const MIXED: u64 = 800;
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
        name: "durable single-row commit, 4 threads",
        prepares: false,
        operations: |_| COMMITS,
        run: |engine, _| commits(engine, 4),
    },
    Workload {
        name: "durable single-row commit, 16 threads",
        prepares: false,
        operations: |_| COMMITS,
        run: |engine, _| commits(engine, 16),
    },
    Workload {
        name: "half SELECT, half UPDATE by key, 4 threads, uniform",
        prepares: false,
        operations: |_| MIXED,
        run: |engine, rows| mixed(engine, &|i| scramble(i) % rows),
    },
    Workload {
        name: "half SELECT, half UPDATE by key, 4 threads, Zipf 0.99",
        prepares: false,
        operations: |_| MIXED,
        run: |engine, rows| {
            let zipf = Zipf::new(rows);
            mixed(engine, &|i| zipf.key(scramble(i)))
        },
    },
    Workload {
        name: "SELECT by key, 99.9th percentile, alone",
        prepares: false,
        operations: |_| 1,
        run: |engine, rows| slowest_reads(engine, rows, Beside::Nothing),
    },
    Workload {
        name: "SELECT by key, 99.9th percentile, beside syncs of another file",
        prepares: false,
        operations: |_| 1,
        run: |engine, rows| slowest_reads(engine, rows, Beside::Syncs),
    },
    Workload {
        name: "SELECT by key, 99.9th percentile, beside a writer",
        prepares: false,
        operations: |_| 1,
        run: |engine, rows| slowest_reads(engine, rows, Beside::Writer),
    },
    Workload {
        name: "filtered scan with an aggregate, per row",
        prepares: false,
        operations: |rows| rows * SCANS,
        run: scan,
    },
];

/// Numbers that look random and are the same in every run.
pub(crate) fn scramble(i: u64) -> u64 {
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
    session.each(SELECT, &mut keys)?;
    Ok(start.elapsed())
}

fn update_by_key(engine: &dyn Engine, rows: u64) -> Result<Duration, Failure> {
    let session = engine.connect()?;
    let mut keys = (0..UPDATES).map(|i| vec![integer(scramble(i) % rows)]);
    let start = Instant::now();
    session.script("BEGIN")?;
    session.each(UPDATE, &mut keys)?;
    session.script("COMMIT")?;
    Ok(start.elapsed())
}

fn commits(engine: &dyn Engine, threads: u64) -> Result<Duration, Failure> {
    engine.connect()?.script("DELETE FROM log")?;
    on_threads(engine, threads, &|thread, session| {
        let mut rows = (0..COMMITS / threads).map(|i| {
            vec![
                integer(thread * COMMITS + i),
                Datum::Text("something happened".to_owned()),
            ]
        });
        session.each("INSERT INTO log VALUES ($1, $2)", &mut rows)
    })
}

/// How long it takes until `run` has run on so many threads, each with a number and a connection.
fn on_threads(
    engine: &dyn Engine,
    threads: u64,
    run: &(dyn Fn(u64, &dyn Session) -> Result<i64, Failure> + Sync),
) -> Result<Duration, Failure> {
    let start = Instant::now();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|thread| {
                scope.spawn(move || -> Result<i64, Failure> { run(thread, &*engine.connect()?) })
            })
            .collect();
        workers.into_iter().try_for_each(|worker| {
            let ran = worker.join().map_err(|_| "a thread panicked")?;
            ran.map(drop)
        })
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

const SELECT: &str = "SELECT amount, name FROM t WHERE id = $1";
const UPDATE: &str = "UPDATE t SET amount = amount + 1 WHERE id = $1";

/// Keys of which few are asked for often: the k-th most wanted with a weight of 1 / k^0.99 (Gray et al., "Quickly
/// generating billion-record synthetic databases", SIGMOD 1994, figure 6), scattered over the table.
struct Zipf {
    rows: u64,
    zeta: f64,
    eta: f64,
}

const THETA: f64 = 0.99;

impl Zipf {
    fn new(rows: u64) -> Self {
        let zeta = |n: u64| (1..=n).map(|k| (k as f64).powf(-THETA)).sum::<f64>();
        let all = zeta(rows);
        Self {
            rows,
            zeta: all,
            eta: (1.0 - (2.0 / rows as f64).powf(1.0 - THETA)) / (1.0 - zeta(2) / all),
        }
    }

    fn key(&self, random: u64) -> u64 {
        let u = (random >> 11) as f64 / (1u64 << 53) as f64;
        let scaled = u * self.zeta;
        let rank = if scaled < 1.0 {
            0
        } else if scaled < 1.0 + 0.5f64.powf(THETA) {
            1
        } else {
            (self.rows as f64 * (self.eta * u - self.eta + 1.0).powf(1.0 / (1.0 - THETA))) as u64
        };
        scramble(rank.min(self.rows - 1)) % self.rows
    }
}

fn mixed(engine: &dyn Engine, key: &(dyn Fn(u64) -> u64 + Sync)) -> Result<Duration, Failure> {
    const THREADS: u64 = 4;
    on_threads(engine, THREADS, &|thread, session| {
        let each = MIXED / THREADS;
        let mut rows = (0..each).map(|i| ((i % 2) as usize, vec![integer(key(thread * each + i))]));
        session.mixed(&[SELECT, UPDATE], &mut rows)
    })
}

/// What another thread does while reads are timed.
#[derive(Clone, Copy)]
enum Beside {
    Nothing,
    /// Appends to a file of its own and syncs it: what the machine alone adds to a read.
    Syncs,
    /// Commits one update after the other.
    Writer,
}

/// The time that one of a thousand reads exceeds.
fn slowest_reads(engine: &dyn Engine, rows: u64, beside: Beside) -> Result<Duration, Failure> {
    let done = AtomicBool::new(false);
    let mut times = Vec::with_capacity(LOOKUPS as usize);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| -> Result<(), Failure> {
            let mut until_done = (0..).take_while(|_| !done.load(Ordering::Relaxed));
            match beside {
                Beside::Nothing => Ok(()),
                Beside::Syncs => {
                    let mut file = tempfile::tempfile_in(engine.folder())?;
                    until_done.try_for_each(|_| {
                        file.write_all(&[0; 256])?;
                        Ok(file.sync_data()?)
                    })
                }
                Beside::Writer => {
                    let mut keys = until_done.map(|i| vec![integer(scramble(i) % rows)]);
                    engine.connect()?.each(UPDATE, &mut keys)?;
                    Ok(())
                }
            }
        });
        let session = engine.connect()?;
        let mut before = None;
        let mut keys = (0..=LOOKUPS).map(|i| {
            // From one row of parameters to the next is one read.
            let now = Instant::now();
            times.extend(before.replace(now).map(|before: Instant| now - before));
            vec![integer(scramble(i) % rows)]
        });
        let read = session.each(SELECT, &mut keys);
        done.store(true, Ordering::Relaxed);
        writer.join().map_err(|_| "a thread panicked")??;
        read.map(drop)
    })?;
    times.sort_unstable();
    Ok(times[times.len() * 999 / 1000])
}
