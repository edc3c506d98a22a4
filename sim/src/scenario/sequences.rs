//! Values of sequences go out once: sessions in threads take them, alone and in transactions of every level that commit or
//! not, beside others that change the schema, and crashes come between. Whatever a session has got is noted, and nobody
//! may ever get it again. Nor may a transaction fail that does nothing but take values and add rows with them.

use super::queries::wrong;
use super::run::{Knows, Workload};
use super::sql::open_database;
use super::world::World;
use crate::baton::take_turns;
use crate::lockstep::{Event, Mismatch, is_fault};
use crate::phase::PhaseCell;
use crate::report::WorkCounts;
use crate::streams::Streams;
use quantadb::api::{Connection, Database};
use quantadb::storage::DiskOptions;
use quantadb::types::Value;
use quantadb::{Error, ErrorKind};
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeSet;

const DEFINITIONS: [&str; 5] = [
    "CREATE SEQUENCE s0",
    "CREATE SEQUENCE s1 INCREMENT BY -3",
    "CREATE SEQUENCE s2 CACHE 5",
    "CREATE TABLE t0 (id BIGSERIAL PRIMARY KEY, n INTEGER)",
    "CREATE TABLE t1 (n INTEGER, id INTEGER GENERATED ALWAYS AS IDENTITY (START 100) UNIQUE)",
];
/// Sequences, each with what gives its next values: to a query, or to the rows of a change.
const SOURCES: [(&str, &str); 6] = [
    ("s0", "SELECT nextval('s0') FROM generate_series(1, #)"),
    ("s1", "SELECT nextval('s1') FROM generate_series(1, #)"),
    ("s2", "SELECT nextval('s2') FROM generate_series(1, #)"),
    (
        "t0",
        "SELECT nextval('t0_id_seq') FROM generate_series(1, #)",
    ),
    (
        "t0",
        "INSERT INTO t0 (n) SELECT x FROM generate_series(1, #) AS g (x) RETURNING id",
    ),
    (
        "t1",
        "INSERT INTO t1 (n) SELECT x FROM generate_series(1, #) AS g (x) RETURNING id",
    ),
];
/// Changes of the schema, with which others may fail.
const CHANGES: [&str; 7] = [
    "CREATE TABLE IF NOT EXISTS x (a INTEGER)",
    "DROP TABLE IF EXISTS x",
    "CREATE SEQUENCE IF NOT EXISTS y",
    "DROP SEQUENCE IF EXISTS y",
    "ALTER SEQUENCE s0 INCREMENT BY 7",
    "ALTER SEQUENCE s0 INCREMENT BY 1 CACHE 2",
    "ALTER SEQUENCE s2 CACHE 1",
];
const LEVELS: [&str; 3] = ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"];

/// A value and the name of what gave it.
type Given = (&'static str, i64);

/// What a session did.
#[derive(Default)]
struct Done {
    given: Vec<Given>,
    statements: u64,
    refused: u64,
    fault: Option<Error>,
}

/// One session while it has a thread.
struct Session {
    connection: Connection,
    /// Whether some session changes the schema meanwhile.
    changes: bool,
    rng: ChaCha8Rng,
    done: Done,
}

impl Session {
    fn run(mut self) -> Result<Done, Mismatch> {
        for _ in 0..self.rng.random_range(1..6) {
            if let Err(error) = self.step() {
                // Transactions that change the schema go before others.
                let loses = matches!(error.sqlstate(), "40001" | "40P01" | "55P03") && self.changes;
                match is_fault(&error) {
                    true => {
                        self.done.fault = Some(error);
                        break;
                    }
                    false if loses => self.done.refused += 1,
                    false => {
                        return Err(wrong(
                            "taking values of sequences".to_owned(),
                            "values",
                            format!("{error:?}"),
                        ));
                    }
                }
                // In a transaction or not: outside of one it does nothing.
                if let Err(error) = self.connection.run("ROLLBACK") {
                    self.done.fault = Some(error);
                    break;
                }
            }
        }
        Ok(self.done)
    }

    fn step(&mut self) -> Result<(), Error> {
        if self.rng.random_bool(0.5) {
            return self.take();
        }
        let level = LEVELS.choose(&mut self.rng).copied().unwrap_or_default();
        self.statement(&format!("BEGIN ISOLATION LEVEL {level}"))?;
        for _ in 0..self.rng.random_range(1..4) {
            match self.changes && self.rng.random_bool(0.3) {
                true => {
                    let change = CHANGES.choose(&mut self.rng).copied().unwrap_or_default();
                    self.statement(change)?;
                }
                false => self.take()?,
            }
        }
        let end = match self.rng.random_bool(0.6) {
            true => "COMMIT",
            false => "ROLLBACK",
        };
        self.statement(end)
    }

    fn statement(&mut self, sql: &str) -> Result<(), Error> {
        self.done.statements += 1;
        self.connection.run(sql).map(drop)
    }

    fn take(&mut self) -> Result<(), Error> {
        self.done.statements += 1;
        let source = self.rng.random_range(0..SOURCES.len());
        let (name, sql) = SOURCES[source];
        let count = match self.rng.random_range(0..4) {
            0 => self.rng.random_range(20..60),
            _ => self.rng.random_range(1..4),
        };
        let sql = sql.replace('#', &count.to_string());
        for row in self.connection.query(&sql, [])? {
            if let [Some(value)] = row.values().iter().map(integer).collect::<Vec<_>>()[..] {
                self.done.given.push((name, value));
            }
        }
        Ok(())
    }
}

fn integer(value: &Value) -> Option<i64> {
    value.to_text()?.parse().ok()
}

/// The workload.
pub(super) struct Values {
    database: Option<Database>,
    given: BTreeSet<Given>,
    sessions: usize,
    phase: PhaseCell,
    rng: ChaCha8Rng,
    work: WorkCounts,
}

impl Values {
    /// Several sessions take values at once.
    fn take_together(&mut self, database: &Database) -> Result<Event, Mismatch> {
        let changes = self.rng.random_bool(0.4);
        self.phase.course().note(|| match changes {
            true => "sessions take values beside changes of the schema".to_owned(),
            false => "sessions take values".to_owned(),
        });
        let chance = [0.02, 0.2, 0.6][self.rng.random_range(0..3)];
        let schedule = ChaCha8Rng::seed_from_u64(self.rng.random());
        let mut sessions = Vec::new();
        for _ in 0..self.sessions {
            let connection = match database.connect() {
                Ok(connection) => connection,
                Err(error) if is_fault(&error) => return Ok(fault(error)),
                Err(error) => return Err(wrong("connect".to_owned(), "done", error)),
            };
            sessions.push(Session {
                connection,
                changes,
                rng: ChaCha8Rng::seed_from_u64(self.rng.random()),
                done: Done::default(),
            });
        }
        let runs = sessions.into_iter().map(|s| || s.run()).collect();
        let mut event = Event::Fine;
        for done in take_turns(runs, chance, schedule) {
            let done = done?;
            self.work.statements += done.statements;
            self.work.refused += done.refused;
            self.work.entries_compared += done.given.len() as u64;
            for (name, value) in done.given {
                if !self.given.insert((name, value)) {
                    let doing = format!("a value of {name}");
                    return Err(wrong(doing, "one that nobody got", value));
                }
            }
            if let Some(error) = done.fault {
                event = fault(error);
            }
        }
        Ok(event)
    }

    /// Sets a sequence beyond all values that went out.
    fn set(&mut self, database: &Database) -> Result<Event, Mismatch> {
        let greatest = self.given.range(("s0", i64::MIN)..("s1", i64::MIN)).last();
        let value = greatest.map_or(0, |(_, value)| *value) + 1000;
        let called = self.rng.random_bool(0.5);
        let sql = format!("SELECT setval('s0', {value}, {called})");
        self.phase.course().note(|| sql.clone());
        let set = database
            .connect()
            .and_then(|connection| connection.run(&sql).map(drop));
        match set {
            Ok(()) => Ok(Event::Fine),
            Err(error) if is_fault(&error) => Ok(fault(error)),
            Err(error) => Err(wrong(sql, value, format!("{error:?}"))),
        }
    }
}

fn fault(error: Error) -> Event {
    Event::Fault {
        error,
        commit_unknown: false,
    }
}

impl Knows for Values {
    type Known = WorkCounts;

    fn known(&self) -> Self::Known {
        self.work
    }

    fn know(&mut self, known: Self::Known) {
        self.work = known;
    }
}

impl Workload for Values {
    type Engine = Database;

    fn open(world: &World, options: DiskOptions) -> Result<Database, Error> {
        open_database(world, options)
    }

    fn begin(seed: u64, world: &World, engine: Database) -> Result<Self, Mismatch> {
        for sql in DEFINITIONS {
            let done = engine.connect().and_then(|c| c.run(sql).map(drop));
            done.map_err(|e| wrong(sql.to_owned(), "done", format!("{e:?}")))?;
        }
        Ok(Self {
            database: Some(engine),
            given: BTreeSet::new(),
            sessions: world.options.shape.sessions.clamp(2, 5),
            phase: world.progress.phase.clone(),
            rng: Streams::new(seed).workload(),
            work: WorkCounts::default(),
        })
    }

    fn streams(&mut self) -> Vec<&mut ChaCha8Rng> {
        vec![&mut self.rng]
    }

    fn step(&mut self) -> Result<Event, Mismatch> {
        let Some(database) = self.database.clone() else {
            return Ok(Event::Fine);
        };
        match self.rng.random_range(0..20) {
            0 => self.set(&database),
            1 => match database.checkpoint() {
                Ok(()) => Ok(Event::Fine),
                Err(error) if is_fault(&error) => Ok(fault(error)),
                Err(error) => Err(wrong("CHECKPOINT".to_owned(), "done", error)),
            },
            _ => self.take_together(&database),
        }
    }

    fn let_go(&mut self) {
        self.database = None;
    }

    fn close(&mut self) -> Result<(), Error> {
        self.database.take().map_or(Ok(()), Database::close)
    }

    fn reopened(&mut self, engine: Database) -> Result<Result<(), Error>, Mismatch> {
        let checked = engine.check();
        self.database = Some(engine);
        match checked {
            Ok(report) if report.problems.is_empty() => {
                self.work.pages_checked += report.pages_checked;
                Ok(Ok(()))
            }
            Ok(report) => Err(wrong(
                "check()".to_owned(),
                "no problem",
                report.problems.join("; "),
            )),
            Err(error) if is_fault(&error) || error.kind() == ErrorKind::Stopped => Ok(Err(error)),
            Err(error) => Err(wrong(
                "check()".to_owned(),
                "a report",
                format!("{error:?}"),
            )),
        }
    }

    fn count(&self, work: &mut WorkCounts) {
        work.add(&self.work);
    }
}
