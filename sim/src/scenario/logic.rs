//! Queries that must agree with each other, whatever the answer is: no model is asked, and every condition may be drawn.
//!
//! ```text
//!   Q                         as many rows as  Q WHERE p, Q WHERE NOT p, Q WHERE p IS NULL   together     (TLP)
//!   count(*) WHERE p          as many as       the rows of  SELECT (p) IS TRUE  that are true             (NoREC)
//!   Q                         the same as      Q without indexes, merge joins, or memory, in batches of   (plans)
//!                                              few rows
//!   Q                         the same as      Q when the database is opened again, with another cache
//! ```
//!
//! TLP: Rigger and Su, "Finding bugs in database systems via query partitioning", OOPSLA 2020. NoREC: Rigger and Su,
//! "Detecting optimization bugs in database engines via non-optimizing reference engine construction", ESEC/FSE 2020. A
//! condition that fails for a row is no answer: another plan may not ask it for that row, so such checks are left out.

use super::run::{Knows, Workload};
use super::sql::open_database;
use super::world::World;
use crate::lockstep::{Event, Mismatch, is_fault};
use crate::phase::{Phase, PhaseCell};
use crate::report::WorkCounts;
use crate::sql::{predicate, rows_of};
use crate::streams::Streams;
use quantadb::Error;
use quantadb::api::{Connection, Database};
use quantadb::storage::DiskOptions;
use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// Definitions that are tried at some time, each once it is not there.
const INDEXES: [&str; 5] = [
    "CREATE INDEX i0 ON l0 (a)",
    "CREATE INDEX i1 ON l0 (b, a DESC)",
    "CREATE INDEX i2 ON l1 (a)",
    "CREATE INDEX i3 ON l1 (c)",
    "CREATE INDEX i4 ON l1 (b DESC)",
];
/// What queries select from, with the aliases x and y.
const SOURCES: [&str; 7] = [
    "l0 x",
    "l0 x JOIN l1 y ON x.a = y.a",
    "l0 x LEFT JOIN l1 y ON x.b = y.b AND y.a > 3",
    "l1 y RIGHT JOIN l0 x ON x.id = y.id",
    "l0 x JOIN l1 y ON x.id = y.id AND x.b <> y.b",
    "l0 x, l1 y",
    "(SELECT id, a, b, c FROM l0 WHERE a IS NOT NULL) x",
];

/// What a statement may hold in memory, instead of what the run's options say.
const WORK_MEMS: [&str; 3] = ["64kB", "200kB", "100MB"];
/// Rows that operators hand on at once, instead of what the run's options say.
const BATCHES_ROWS: [&str; 4] = ["1", "3", "40", "2048"];
/// Pages of the cache, where it is not as the run's options say; 0: as few as there may be.
const CACHES_PAGES: [usize; 2] = [0, 300];
/// Answers that are asked for again when the database is opened again.
const REMEMBERED_MAX: usize = 6;

type Rows = Vec<String>;

/// What came of asking: rows, a fault of the disk, or an error that makes the check void.
enum Asked {
    Rows(Rows),
    Void,
    Fault(Error),
}

/// The workload.
pub(super) struct Logic {
    database: Option<Database>,
    connection: Option<Connection>,
    /// Queries and what they gave since the last change.
    remembered: Vec<(String, Rows)>,
    phase: PhaseCell,
    rng: ChaCha8Rng,
    work: WorkCounts,
}

fn wrong(doing: String, expected: impl ToString, found: impl ToString) -> Mismatch {
    Mismatch {
        doing,
        expected: expected.to_string(),
        found: found.to_string(),
    }
}

/// The first row of one that the other does not have, for people.
fn show(rows: &Rows, other: &Rows) -> String {
    let extra = rows.iter().find(|row| {
        let count = |rows: &Rows| rows.iter().filter(|r| r == row).count();
        count(rows) > count(other)
    });
    match extra {
        Some(row) => format!("{} rows, with ({row})", rows.len()),
        None => format!("{} rows", rows.len()),
    }
}

fn compare(doing: String, mut expected: Rows, mut found: Rows) -> Result<(), Mismatch> {
    expected.sort_unstable();
    found.sort_unstable();
    match expected == found {
        true => Ok(()),
        false => Err(wrong(
            doing,
            show(&expected, &found),
            show(&found, &expected),
        )),
    }
}

impl Logic {
    fn connection(&self) -> &Connection {
        let open = self.connection.as_ref();
        open.expect("statements are run only while the database is open")
    }

    fn ask(&mut self, sql: &str) -> Result<Asked, Mismatch> {
        self.work.statements += 1;
        match rows_of(self.connection(), sql) {
            Ok(rows) => {
                self.work.entries_compared += rows.len() as u64;
                Ok(Asked::Rows(rows))
            }
            Err(error) if is_fault(&error) => Ok(Asked::Fault(error)),
            // Overflow, division by zero: the data's.
            Err(error) if error.sqlstate().starts_with("22") => {
                self.work.refused += 1;
                Ok(Asked::Void)
            }
            Err(error) => Err(wrong(sql.to_owned(), "an answer", format!("{error:?}"))),
        }
    }

    /// Asks all, one after the other; the event if one of them gives no rows.
    fn ask_all(&mut self, queries: &[String]) -> Result<Result<Vec<Rows>, Event>, Mismatch> {
        let mut all = Vec::new();
        for sql in queries {
            match self.ask(sql)? {
                Asked::Rows(rows) => all.push(rows),
                Asked::Void => return Ok(Err(Event::Fine)),
                Asked::Fault(error) => return Ok(Err(fault(error))),
            }
        }
        Ok(Ok(all))
    }

    /// What is selected, from what: `(list, source, whether there is a y)`.
    fn source(&mut self) -> (&'static str, &'static str, bool) {
        let source = SOURCES[self.rng.random_range(0..SOURCES.len())];
        let joined = source.contains('y');
        let list = match (joined, self.rng.random_range(0..3)) {
            (true, 0) => "x.id, y.id",
            (true, _) => "x.id, x.b, y.a, y.c",
            (false, 0) => "x.id",
            (false, _) => "x.id, x.a, x.b, x.c",
        };
        (list, source, joined)
    }

    /// The three parts of a query together are the query.
    fn partitions(&mut self) -> Result<Event, Mismatch> {
        let (list, source, joined) = self.source();
        let p = predicate(joined, 3, &mut self.rng);
        let distinct = match self.rng.random_bool(0.2) {
            true => "DISTINCT ",
            false => "",
        };
        let whole = format!("SELECT {distinct}{list} FROM {source}");
        self.phase.course().note(|| format!("{whole}, by {p}"));
        let part = |condition: String| format!("{whole} WHERE {condition}");
        let queries = [
            whole.clone(),
            part(p.clone()),
            part(format!("NOT ({p})")),
            part(format!("({p}) IS NULL")),
        ];
        let rows = match self.ask_all(&queries)? {
            Ok(rows) => rows,
            Err(event) => return Ok(event),
        };
        let mut expected = rows[0].clone();
        let mut parts = rows[1..].concat();
        if !distinct.is_empty() {
            // A row may be in several parts.
            for rows in [&mut expected, &mut parts] {
                rows.sort_unstable();
                rows.dedup();
            }
        }
        compare(format!("the parts of {whole} by {p}"), expected, parts)?;
        self.aggregates(source, &p)
    }

    /// What is computed of the parts is what is computed of the whole.
    fn aggregates(&mut self, source: &str, p: &str) -> Result<Event, Mismatch> {
        let list = "count(*), coalesce(sum(x.a), 0), count(x.b), min(x.c), max(x.c)";
        let part = |condition: String| format!("SELECT {list} FROM {source} WHERE {condition}");
        let parts = [p.to_owned(), format!("NOT ({p})"), format!("({p}) IS NULL")].map(part);
        let together = format!(
            "SELECT sum(n)::bigint, sum(s)::bigint, sum(b)::bigint, min(l), max(h) FROM ({}) AS parts (n, s, b, l, h)",
            parts.join(" UNION ALL ")
        );
        let whole = format!("SELECT {list} FROM {source}");
        match self.ask_all(&[whole.clone(), together])? {
            Ok(rows) => {
                let doing = format!("aggregates of the parts of {whole} by {p}");
                compare(doing, rows[0].clone(), rows[1].clone())?;
                Ok(Event::Fine)
            }
            Err(event) => Ok(event),
        }
    }

    /// A condition selects the rows for which it is true.
    fn no_optimizer(&mut self) -> Result<Event, Mismatch> {
        let (_, source, joined) = self.source();
        let p = predicate(joined, 3, &mut self.rng);
        let counted = format!("SELECT x.id FROM {source} WHERE {p}");
        self.phase.course().note(|| counted.clone());
        let shown = format!("SELECT ({p}) IS TRUE FROM {source}");
        let rows = match self.ask_all(&[counted.clone(), shown])? {
            Ok(rows) => rows,
            Err(event) => return Ok(event),
        };
        let expected = rows[1]
            .iter()
            .filter(|row| *row == "true" || *row == "t")
            .count();
        match rows[0].len() == expected {
            true => Ok(Event::Fine),
            false => Err(wrong(
                counted,
                format!("{expected} rows, for so many the condition is true"),
                format!("{} rows", rows[0].len()),
            )),
        }
    }

    /// Neither indexes nor memory nor the size of batches change an answer.
    fn plans(&mut self) -> Result<Event, Mismatch> {
        let (list, source, joined) = self.source();
        let p = predicate(joined, 2, &mut self.rng);
        let query = match self.rng.random_range(0..4) {
            0 => format!("SELECT x.a, count(*), sum(x.id) FROM {source} WHERE {p} GROUP BY x.a"),
            1 => format!(
                "SELECT {list} FROM {source} WHERE {p} ORDER BY x.a NULLS FIRST, {list} LIMIT 9 OFFSET 2"
            ),
            2 => format!(
                "SELECT DISTINCT x.b FROM {source} WHERE {p} EXCEPT SELECT b FROM l1 WHERE a < 4"
            ),
            _ => format!("SELECT {list} FROM {source} WHERE {p}"),
        };
        self.phase.course().note(|| query.clone());
        let usual = match self.ask(&query)? {
            Asked::Rows(rows) => rows,
            Asked::Void => return Ok(Event::Fine),
            Asked::Fault(error) => return Ok(fault(error)),
        };
        if self.remembered.len() < REMEMBERED_MAX {
            self.remembered.push((query.clone(), usual.clone()));
        }
        let mut begin = "BEGIN".to_owned();
        let (without_indexes, memory) = (self.rng.random_bool(0.7), self.rng.random_range(0..4));
        let batch = self.rng.random_range(0..6);
        if without_indexes {
            let drops = (0..INDEXES.len()).map(|i| format!("; DROP INDEX IF EXISTS i{i}"));
            begin.extend(drops);
        }
        if let Some(work_mem) = WORK_MEMS.get(memory) {
            begin += &format!("; SET LOCAL work_mem = '{work_mem}'");
        }
        // Sides that come in order are not joined by it only where it is off.
        if memory % 2 == 0 {
            begin += "; SET LOCAL enable_mergejoin = off";
        }
        if let Some(batch_rows) = BATCHES_ROWS.get(batch) {
            begin += &format!("; SET LOCAL batch_rows = {batch_rows}");
        }
        if let Err(error) = self.connection().run(&begin) {
            return self.unless_fault(&begin, error);
        }
        let asked = self.ask(&query);
        let ended = self.connection().run("ROLLBACK");
        match asked? {
            Asked::Rows(rows) => compare(format!("{query} after {begin}"), usual, rows)?,
            Asked::Void => {}
            Asked::Fault(error) => return Ok(fault(error)),
        }
        match ended {
            Ok(_) => Ok(Event::Fine),
            Err(error) => self.unless_fault("ROLLBACK", error),
        }
    }

    /// A change, of whatever is there.
    fn change(&mut self) -> Result<Event, Mismatch> {
        let table = ["l0", "l1"][self.rng.random_range(0..2)];
        let sql = match self.rng.random_range(0..10) {
            0..=5 => {
                let rows = (0..self.rng.random_range(1..6)).map(|_| self.row());
                let rows = rows.collect::<Vec<_>>().join(", ");
                format!("INSERT INTO {table} VALUES {rows} ON CONFLICT DO NOTHING")
            }
            6 => format!(
                "DELETE FROM {table} x WHERE {}",
                predicate(false, 1, &mut self.rng)
            ),
            7 => format!(
                "UPDATE {table} x SET a = a + 1 WHERE {}",
                predicate(false, 1, &mut self.rng)
            ),
            8 => format!("ANALYZE {table}"),
            _ => INDEXES[self.rng.random_range(0..INDEXES.len())].to_owned(),
        };
        self.phase.course().note(|| sql.clone());
        self.remembered.clear();
        match self
            .phase
            .during(Phase::Commit, || self.connection().run(&sql))
        {
            Ok(_) => {
                self.work.transactions += 1;
                Ok(Event::Fine)
            }
            // The index is there; a number is out of range.
            Err(error) if error.sqlstate() == "42P07" || error.sqlstate().starts_with("22") => {
                self.work.refused += 1;
                Ok(Event::Fine)
            }
            Err(error) => self.unless_fault(&sql, error),
        }
    }

    fn row(&mut self) -> String {
        let rng = &mut self.rng;
        let id = rng.random_range(0..24);
        let mut or_null = |value: String| match rng.random_range(0..6) {
            0 => "NULL".to_owned(),
            _ => value,
        };
        let a = or_null((id * 7 % 9 - 2).to_string());
        let b = or_null(format!("'{}'", ["x", "y", "xy", "Yx", ""][id as usize % 5]));
        let c = or_null(format!("{}.{}", id % 6, id % 4 * 25));
        format!("({id}, {a}, {b}, {c})")
    }

    /// What queries gave before the database was opened again, they give now. `Err` within `Ok`: the disk failed.
    fn ask_again(&mut self) -> Result<Result<(), Error>, Mismatch> {
        for (query, rows) in self.remembered.clone() {
            match self.ask(&query)? {
                Asked::Rows(found) => compare(format!("opened again: {query}"), rows, found)?,
                Asked::Void => {}
                Asked::Fault(error) => return Ok(Err(error)),
            }
        }
        Ok(Ok(()))
    }

    fn unless_fault(&self, sql: &str, error: Error) -> Result<Event, Mismatch> {
        match is_fault(&error) {
            true => Ok(fault(error)),
            false => Err(wrong(sql.to_owned(), "done", format!("{error:?}"))),
        }
    }
}

/// What was done before a fault nobody remembers, so what became of it need not be known; but a transaction may be open.
fn fault(error: Error) -> Event {
    Event::Fault {
        error,
        commit_unknown: true,
    }
}

impl Knows for Logic {
    type Known = WorkCounts;

    fn known(&self) -> Self::Known {
        self.work
    }

    fn know(&mut self, known: Self::Known) {
        self.work = known;
    }
}

impl Workload for Logic {
    type Engine = Database;

    fn open(world: &World, options: DiskOptions) -> Result<Database, Error> {
        let turn = world.work.recoveries.done as usize % (CACHES_PAGES.len() + 1);
        let cache_bytes = match CACHES_PAGES.get(turn) {
            Some(pages) => pages * options.page_bytes,
            None => options.cache_bytes,
        };
        open_database(
            world,
            DiskOptions {
                cache_bytes,
                ..options
            },
        )
    }

    fn begin(seed: u64, world: &World, engine: Database) -> Result<Self, Mismatch> {
        let mut logic = Self {
            connection: None,
            database: None,
            remembered: Vec::new(),
            phase: world.progress.phase.clone(),
            rng: Streams::new(seed).workload(),
            work: WorkCounts::default(),
        };
        let failed = |error: Error| wrong("the beginning".to_owned(), "done", format!("{error:?}"));
        let connection = engine.connect().map_err(failed)?;
        for table in ["l0", "l1"] {
            let columns = "id INTEGER PRIMARY KEY, a INTEGER, b TEXT, c NUMERIC(10, 2)";
            let sql = format!("CREATE TABLE {table} ({columns})");
            connection.run(&sql).map_err(failed)?;
        }
        logic.connection = Some(connection);
        logic.database = Some(engine);
        Ok(logic)
    }

    fn streams(&mut self) -> Vec<&mut ChaCha8Rng> {
        vec![&mut self.rng]
    }

    fn step(&mut self) -> Result<Event, Mismatch> {
        match self.rng.random_range(0..10) {
            0..=3 => self.change(),
            4..=5 => self.partitions(),
            6..=7 => self.no_optimizer(),
            _ => self.plans(),
        }
    }

    fn let_go(&mut self) {
        self.connection = None;
        if let Some(database) = self.database.take() {
            self.work.spilled_bytes += database.temp_stats().bytes_written;
        }
    }

    fn close(&mut self) -> Result<(), Error> {
        self.connection = None;
        self.database.take().map_or(Ok(()), Database::close)
    }

    fn reopened(&mut self, engine: Database) -> Result<Result<(), Error>, Mismatch> {
        let connected = engine.connect();
        let checked = engine.check();
        self.database = Some(engine);
        match (connected, checked) {
            (Ok(connection), Ok(report)) if report.problems.is_empty() => {
                self.connection = Some(connection);
                self.work.pages_checked += report.pages_checked;
                self.ask_again()
            }
            (Ok(_), Ok(report)) => Err(wrong(
                "check()".to_owned(),
                "no problem",
                report.problems.join("; "),
            )),
            (Err(error), _) | (_, Err(error)) if is_fault(&error) => Ok(Err(error)),
            (Err(error), _) | (_, Err(error)) => Err(wrong(
                "opening again".to_owned(),
                "done",
                format!("{error:?}"),
            )),
        }
    }

    fn count(&self, work: &mut WorkCounts) {
        work.add(&self.work);
    }
}
