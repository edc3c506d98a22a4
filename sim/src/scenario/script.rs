//! sqllogictest scripts with crashes between and inside their statements.
//!
//! A statement that a crash took back is run again, with all of its transaction. Both sides must agree at every
//! statement; our own scripts are also held to the results that they expect (those of scripts given by path belong to
//! other conventions of writing values, and are the business of the runner of scripts).

use super::registry::{Request, Task};
use super::run::{CrashRun, Knows, Workload};
use super::sql::{count_pair, event_of, open_database};
use super::world::World;
use crate::lockstep::{Event, Mismatch};
use crate::report::{Report, WorkCounts};
use crate::sql::{Answer, Fate, PairKnown, Ran, SqlPair};
use quantadb::Error;
use quantadb::api::Database;
use quantadb::storage::DiskOptions;
use rand_chacha::ChaCha8Rng;
use sqllogictest::{
    Condition, Connection, DefaultColumnType, QueryExpect, Record, SortMode, StatementExpect, parse,
};

/// Our own scripts.
const SCRIPTS: &[(&str, &str)] = &[
    ("accounts", include_str!("../../scripts/accounts.slt")),
    ("library", include_str!("../../scripts/library.slt")),
    ("queue", include_str!("../../scripts/queue.slt")),
    ("schema", include_str!("../../scripts/schema.slt")),
];

/// The names by which scripts know the engine in `onlyif` and `skipif`.
const ENGINE_LABELS: &[&str] = &["quantadb", "postgresql"];
/// Steps after which a script that still has not ended is given up.
const STEPS_MAX: u64 = 100_000;

/// Runs the script that the seed chooses.
pub(super) fn run(task: &Task<'_>) -> Result<Report, Mismatch> {
    let Request { steps, scripts, .. } = task.request;
    let given = scripts.iter().map(|(n, t)| (n.as_str(), t.as_str()));
    let ours = scripts.is_empty();
    let scripts: Vec<(&str, &str)> = match ours {
        true => SCRIPTS.to_vec(),
        false => given.collect(),
    };
    let (name, text) = scripts[(task.seed % scripts.len() as u64) as usize];
    let lines = lines_of(name, text, ours)?;
    let mut run = CrashRun::<Script>::new(task, None)?;
    for line in &lines {
        if let Some(relation) = defined_relation(&line.sql) {
            run.workload.pair.watch(&relation);
        }
    }
    run.workload.lines = lines;
    run.world.options.steps = steps.unwrap_or(STEPS_MAX);
    run.run(task)
}

/// One record of a script.
#[derive(Clone, Debug)]
struct Line {
    place: String,
    sql: String,
    expected: Expected,
}

#[derive(Clone, Debug)]
enum Expected {
    Anything,
    Done,
    Failed,
    Rows { sorted: bool, lines: Vec<String> },
}

/// The records of a script that PostgreSQL would run.
fn lines_of(name: &str, text: &str, ours: bool) -> Result<Vec<Line>, Mismatch> {
    let records = parse::<DefaultColumnType>(text).map_err(|error| Mismatch {
        doing: format!("reading the script {name}"),
        expected: "an sqllogictest script".to_owned(),
        found: error.to_string(),
    })?;
    let mut lines = Vec::new();
    for record in records {
        if let Record::Connection(Connection::Named(session)) = &record {
            return Err(Mismatch {
                doing: format!("reading the script {name}"),
                expected: "a script of one session: a crash takes one transaction back".to_owned(),
                found: format!("the session {session}"),
            });
        }
        let (loc, conditions, sql, expected) = match record {
            Record::Halt { .. } => break,
            Record::Statement {
                loc,
                conditions,
                sql,
                expected,
                ..
            } => {
                let expected = match expected {
                    StatementExpect::Ok | StatementExpect::Count(_) => Expected::Done,
                    StatementExpect::Error(_) => Expected::Failed,
                };
                (loc, conditions, sql, expected)
            }
            Record::Query {
                loc,
                conditions,
                sql,
                expected,
                ..
            } => (loc, conditions, sql, expected_rows(expected)),
            _ => continue,
        };
        if conditions.iter().all(applies) {
            lines.push(Line {
                place: format!("{name}:{}", loc.line()),
                sql,
                expected: if ours { expected } else { Expected::Anything },
            });
        }
    }
    Ok(lines)
}

fn applies(condition: &Condition) -> bool {
    match condition {
        Condition::OnlyIf { label } => ENGINE_LABELS.contains(&label.as_str()),
        Condition::SkipIf { label } => !ENGINE_LABELS.contains(&label.as_str()),
    }
}

fn expected_rows(expected: QueryExpect<DefaultColumnType>) -> Expected {
    match expected {
        QueryExpect::Results {
            sort_mode, results, ..
        } => Expected::Rows {
            sorted: !matches!(sort_mode, None | Some(SortMode::NoSort)),
            lines: results,
        },
        QueryExpect::Error(_) => Expected::Failed,
    }
}

/// The table or view that a statement defines, if it defines one.
fn defined_relation(sql: &str) -> Option<String> {
    let lower = sql.to_ascii_lowercase();
    let mut words = lower.split(|c: char| c.is_whitespace() || c == '(');
    words.next().filter(|&w| w == "create")?;
    words.find(|&w| w == "table" || w == "view")?;
    words
        .find(|w| !matches!(*w, "" | "if" | "not" | "exists"))
        .map(str::to_owned)
}

/// The workload: the lines of a script, one after the other.
struct Script {
    pair: SqlPair,
    lines: Vec<Line>,
    next: usize,
    /// The line that began the transaction under way.
    begun_at: Option<usize>,
}

impl Script {
    /// Goes back to where a lost transaction, or a lost statement, began.
    fn go_back(&mut self) {
        self.next = self.begun_at.take().unwrap_or(self.next);
    }

    fn go_on(&mut self) {
        if !self.pair.is_in_transaction(0) {
            self.begun_at = None;
        } else if self.begun_at.is_none() {
            self.begun_at = Some(self.next);
        }
        self.next += 1;
    }

    /// Compares with what the script expects.
    fn expect(&self, answer: &Answer) -> Result<(), Mismatch> {
        let line = &self.lines[self.next];
        let fits = match (&line.expected, answer) {
            (Expected::Anything, _)
            | (Expected::Done, Answer::Done { .. })
            | (Expected::Failed, Answer::Failed { .. }) => true,
            (Expected::Rows { sorted, lines }, Answer::Done { rows, .. }) => {
                let row = |row: &Vec<Option<String>>| {
                    let values = row.iter().map(|v| v.as_deref().unwrap_or("NULL"));
                    values.collect::<Vec<_>>().join(" ")
                };
                let mut found: Vec<String> = rows.iter().map(row).collect();
                let mut expected = lines.clone();
                if *sorted {
                    found.sort_unstable();
                    expected.sort_unstable();
                }
                found == expected
            }
            _ => false,
        };
        if fits {
            return Ok(());
        }
        Err(Mismatch {
            doing: format!("{}: {}", line.place, line.sql),
            expected: format!("{:?}", line.expected),
            found: answer.to_string(),
        })
    }
}

impl Knows for Script {
    type Known = (PairKnown, usize, Option<usize>);

    fn known(&self) -> Self::Known {
        (self.pair.known(), self.next, self.begun_at)
    }

    fn know(&mut self, known: Self::Known) {
        let (pair, next, begun_at) = known;
        self.pair.know(pair);
        (self.next, self.begun_at) = (next, begun_at);
    }
}

impl Workload for Script {
    type Engine = Database;

    fn open(world: &World, options: DiskOptions) -> Result<Database, Error> {
        open_database(world, options)
    }

    fn begin(_seed: u64, world: &World, engine: Database) -> Result<Self, Mismatch> {
        let phase = world.progress.phase.clone();
        Ok(Self {
            pair: SqlPair::new(phase, world.env.clone(), engine, world.limits(), 1)?,
            lines: Vec::new(),
            next: 0,
            begun_at: None,
        })
    }

    fn streams(&mut self) -> Vec<&mut ChaCha8Rng> {
        Vec::new()
    }

    fn step(&mut self) -> Result<Event, Mismatch> {
        let Some(line) = self.lines.get(self.next) else {
            return Ok(Event::Fine);
        };
        let ran = self.pair.run(0, &line.sql)?;
        match &ran {
            Ran::Same(answer) => {
                self.expect(answer)?;
                self.go_on();
            }
            // In a transaction, the failed statement took it all with it; outside, it is run again.
            Ran::Fault { must_reopen, .. } if !must_reopen => self.go_back(),
            Ran::Fault { .. } => {}
        }
        Ok(event_of(ran))
    }

    fn is_done(&self) -> bool {
        self.next >= self.lines.len()
    }

    fn let_go(&mut self) {
        self.pair.let_go();
    }

    fn close(&mut self) -> Result<(), Error> {
        self.pair.close()
    }

    fn reopened(&mut self, engine: Database) -> Result<Result<(), Error>, Mismatch> {
        let fate = match self.pair.reopened(engine)? {
            Ok(fate) => fate,
            Err(error) => return Ok(Err(error)),
        };
        match fate {
            Fate::Committed(answer) => {
                self.expect(&answer)?;
                self.begun_at = None;
                self.next += 1;
            }
            Fate::None | Fate::Absent => self.go_back(),
        }
        Ok(Ok(()))
    }

    fn count(&self, work: &mut WorkCounts) {
        count_pair(self.pair.counts(), work);
    }
}
