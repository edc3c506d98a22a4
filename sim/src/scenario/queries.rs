//! Constraints and queries against the reference: loops over rows, which share nothing with the engine.
//!
//! Each statement is a transaction. One that a crash interrupted is there whole or not at all: after the recovery the
//! tables must equal the reference with it or without it.
//!
//! In the scenario `spills` several sessions ask at once ([`together`]).

use super::run::{Knows, Workload};
use super::sql::open_database;
use super::together;
use super::world::World;
use crate::lockstep::{Event, Mismatch, is_fault};
use crate::phase::{Phase, PhaseCell};
use crate::reference::{Answer, Change, Condition, Layout, Question, Tables};
use crate::report::WorkCounts;
use crate::streams::Streams;
use quantadb::api::{Connection, Database};
use quantadb::storage::DiskOptions;
use quantadb::types::Value;
use quantadb::{Error, ErrorKind};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// Rows of an answer that are shown.
const ROWS_SHOWN_MAX: usize = 8;

/// Whether sessions ask at once.
pub(super) const ALONE: bool = false;
pub(super) const TOGETHER: bool = true;

type Rows = Vec<Vec<Option<i64>>>;

/// The workload: a database and what its tables must hold.
pub(super) struct Queries<const MANY: bool> {
    database: Option<Database>,
    connection: Option<Connection>,
    tables: Tables,
    /// What they hold if the interrupted statement is there.
    unknown: Option<Tables>,
    keys: u32,
    rows_max: usize,
    maintenance: bool,
    sessions: usize,
    phase: PhaseCell,
    rng: ChaCha8Rng,
    work: WorkCounts,
}

pub(super) fn wrong(doing: String, expected: impl ToString, found: impl ToString) -> Mismatch {
    Mismatch {
        doing,
        expected: expected.to_string(),
        found: found.to_string(),
    }
}

fn show(rows: &Rows) -> String {
    let row = |row: &Vec<Option<i64>>| {
        let values = row
            .iter()
            .map(|v| v.map_or("NULL".to_owned(), |n| n.to_string()));
        format!("({})", values.collect::<Vec<_>>().join(", "))
    };
    let shown: Vec<String> = rows.iter().take(ROWS_SHOWN_MAX).map(row).collect();
    let more = if rows.len() > ROWS_SHOWN_MAX {
        ", …"
    } else {
        ""
    };
    format!("{} rows: {}{more}", rows.len(), shown.join(", "))
}

fn integer(value: &Value) -> Option<i64> {
    let text = value.to_text()?;
    Some(text.parse().unwrap_or(i64::MIN))
}

fn rows_of(connection: &Connection, sql: &str) -> Result<Rows, Error> {
    let rows = connection.query(sql, [])?;
    Ok(rows
        .map(|row| row.values().iter().map(integer).collect())
        .collect())
}

/// Asks a question and compares; gives how many rows there were. `Err` within `Ok`: an error that `may_be`.
pub(super) fn compared(
    connection: &Connection,
    question: &Question,
    tables: &Tables,
    may_be: impl Fn(&Error) -> bool,
) -> Result<Result<u64, Error>, Mismatch> {
    let sql = question.sql();
    let mut found = match rows_of(connection, &sql) {
        Ok(found) => found,
        Err(error) if may_be(&error) => return Ok(Err(error)),
        Err(error) => return Err(wrong(sql, "an answer", format!("{error:?}"))),
    };
    let Answer { mut rows, ordered } = question.answer(tables);
    if !ordered {
        rows.sort_unstable();
        found.sort_unstable();
    }
    match rows == found {
        true => Ok(Ok(rows.len() as u64)),
        false => Err(wrong(sql, show(&rows), show(&found))),
    }
}

impl<const MANY: bool> Queries<MANY> {
    fn connection(&self) -> &Connection {
        let open = self.connection.as_ref();
        open.expect("statements are run only while the database is open")
    }

    fn take_database(&mut self) -> Option<Database> {
        self.connection = None;
        let database = self.database.take()?;
        self.work.spilled_bytes += database.temp_stats().bytes_written;
        Some(database)
    }

    fn fault(&mut self, error: Error, unknown: Option<Tables>) -> Result<Event, Mismatch> {
        let commit_unknown = unknown.is_some() && error.sqlstate() != "53100";
        if commit_unknown {
            self.work.commits_unknown += 1;
            self.unknown = unknown;
        }
        Ok(Event::Fault {
            error,
            commit_unknown,
        })
    }

    fn change(&mut self) -> Result<Event, Mismatch> {
        let change = Change::draw(self.keys, self.rows_max, &mut self.rng);
        let sql = change.sql();
        let mut after = self.tables.clone();
        let expected = change.apply(&mut after);
        self.phase.course().note(|| sql.clone());
        let run = || self.connection().execute(&sql, []);
        let found = match self.phase.during(Phase::Commit, run) {
            Err(error) if is_fault(&error) => {
                return self.fault(error, expected.is_ok().then_some(after));
            }
            Err(error) => Err(error.sqlstate()),
            Ok(count) => Ok(count),
        };
        self.work.statements += 1;
        if expected != found {
            return Err(wrong(sql, format!("{expected:?}"), format!("{found:?}")));
        }
        match found {
            Ok(_) => {
                self.work.transactions += 1;
                self.tables = after;
            }
            Err(_) => self.work.refused += 1,
        }
        Ok(Event::Fine)
    }

    /// A definition that changes no row.
    fn define(&mut self) -> Result<Event, Mismatch> {
        let sql = match self.rng.random_range(0..4) {
            0 => "ANALYZE p",
            1 => "ANALYZE c",
            _ => Layout::index(&mut self.rng),
        };
        self.phase.course().note(|| sql.to_owned());
        match self.connection().run(sql) {
            Err(error) if is_fault(&error) => self.fault(error, Some(self.tables.clone())),
            // The index is there.
            Err(error) if error.sqlstate() == "42P07" => Ok(Event::Fine),
            Err(error) => Err(wrong(sql.to_owned(), "done", format!("{error:?}"))),
            Ok(_) => Ok(Event::Fine),
        }
    }

    fn ask(&mut self) -> Result<Event, Mismatch> {
        let question = Question::draw(self.keys, &mut self.rng);
        self.phase.course().note(|| question.sql());
        self.work.statements += 1;
        match self.compare(&question)? {
            Ok(()) => Ok(Event::Fine),
            Err(error) => self.fault(error, None),
        }
    }

    /// `Err` within `Ok`: the disk failed.
    fn compare(&mut self, question: &Question) -> Result<Result<(), Error>, Mismatch> {
        let found = compared(self.connection(), question, &self.tables, is_fault)?;
        Ok(found.map(|rows| self.work.entries_compared += rows))
    }

    /// Several sessions ask at once.
    fn ask_together(&mut self) -> Result<Event, Mismatch> {
        let Some(database) = &self.database else {
            return Ok(Event::Fine);
        };
        let how_many = (self.sessions, self.keys);
        let done = together::ask(database, &self.tables, how_many, &mut self.rng)?;
        self.work.statements += done.answered + done.refused;
        self.work.refused += done.refused;
        self.work.entries_compared += done.rows;
        match done.fault {
            None => Ok(Event::Fine),
            Some(error) => self.fault(error, None),
        }
    }

    fn maintain(&mut self) -> Result<Event, Mismatch> {
        let Some(database) = self.database.clone() else {
            return Ok(Event::Fine);
        };
        self.phase.course().note(|| "maintenance".to_owned());
        let done = match self.rng.random_range(0..4) {
            0 => self.phase.during(Phase::Vacuum, || {
                database.maintain(20)?;
                database.vacuum().map(drop)
            }),
            1 => self
                .phase
                .during(Phase::Checkpoint, || database.checkpoint()),
            _ => {
                return self.check_all().map(|checked| match checked {
                    Ok(()) => Event::Fine,
                    Err(error) => Event::Fault {
                        error,
                        commit_unknown: false,
                    },
                });
            }
        };
        match done {
            Ok(()) => Ok(Event::Fine),
            Err(error) if is_fault(&error) => self.fault(error, None),
            Err(error) => Err(wrong(
                "maintenance".to_owned(),
                "done",
                format!("{error:?}"),
            )),
        }
    }

    /// Compares both tables whole, and lets the database check itself.
    fn check_all(&mut self) -> Result<Result<(), Error>, Mismatch> {
        for child in [false, true] {
            if let Err(error) = self.compare(&Question::Rows(child, Condition::True))? {
                return Ok(Err(error));
            }
        }
        let Some(database) = &self.database else {
            return Ok(Ok(()));
        };
        match database.check() {
            Ok(report) if report.problems.is_empty() => {
                self.work.pages_checked += report.pages_checked;
                Ok(Ok(()))
            }
            Ok(report) => Err(wrong(
                "check()".to_owned(),
                "no problem",
                report.problems.join("; "),
            )),
            Err(error) if is_fault(&error) => Ok(Err(error)),
            Err(error) => Err(wrong(
                "check()".to_owned(),
                "a report",
                format!("{error:?}"),
            )),
        }
    }
}

impl<const MANY: bool> Knows for Queries<MANY> {
    type Known = (Tables, Option<Tables>, WorkCounts);

    fn known(&self) -> Self::Known {
        (self.tables.clone(), self.unknown.clone(), self.work)
    }

    fn know(&mut self, known: Self::Known) {
        (self.tables, self.unknown, self.work) = known;
    }
}

impl<const MANY: bool> Workload for Queries<MANY> {
    type Engine = Database;

    fn open(world: &World, options: DiskOptions) -> Result<Database, Error> {
        open_database(world, options)
    }

    fn begin(seed: u64, world: &World, engine: Database) -> Result<Self, Mismatch> {
        let mut rng = Streams::new(seed).workload();
        let layout = Layout::draw(&mut rng);
        let connect = || engine.connect();
        let connection = connect().map_err(|e| wrong("connect".to_owned(), "done", e))?;
        for sql in layout.definitions() {
            let done = connection.run(&sql);
            done.map_err(|e| wrong(sql, "done", format!("{e:?}")))?;
        }
        let generator = &world.options.generator;
        Ok(Self {
            connection: Some(connection),
            database: Some(engine),
            tables: Tables::new(layout),
            unknown: None,
            keys: generator.keys.min(60),
            rows_max: generator.rows_max,
            maintenance: world.options.shape.maintenance,
            sessions: world.options.shape.sessions.clamp(2, 5),
            phase: world.progress.phase.clone(),
            rng,
            work: WorkCounts::default(),
        })
    }

    fn streams(&mut self) -> Vec<&mut ChaCha8Rng> {
        vec![&mut self.rng]
    }

    fn step(&mut self) -> Result<Event, Mismatch> {
        if MANY && self.rng.random_bool(0.2) {
            return self.ask_together();
        }
        match self.rng.random_range(0..100) {
            0..=2 if self.maintenance => self.maintain(),
            3..=5 => self.define(),
            6..=45 => self.change(),
            _ => self.ask(),
        }
    }

    fn let_go(&mut self) {
        drop(self.take_database());
    }

    fn close(&mut self) -> Result<(), Error> {
        match self.take_database() {
            Some(database) => database.close(),
            None => Ok(()),
        }
    }

    fn reopened(&mut self, engine: Database) -> Result<Result<(), Error>, Mismatch> {
        let connection = match engine.connect() {
            Ok(connection) => connection,
            Err(error) if is_fault(&error) || error.kind() == ErrorKind::Stopped => {
                return Ok(Err(error));
            }
            Err(error) => return Err(wrong("connect".to_owned(), "done", format!("{error:?}"))),
        };
        self.connection = Some(connection);
        self.database = Some(engine);
        let Some(with) = self.unknown.take() else {
            return self.check_all();
        };
        let without = std::mem::replace(&mut self.tables, with);
        let as_with = self.check_all();
        if as_with.is_ok() {
            self.work.commits_unknown_found += 1;
            return as_with;
        }
        self.tables = without;
        self.check_all()
    }

    fn count(&self, work: &mut WorkCounts) {
        let before = *work;
        *work = self.work;
        work.recoveries = before.recoveries;
        work.closes = before.closes;
    }
}
