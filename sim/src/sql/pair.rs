//! Two databases, sessions between them, and the fate of interrupted statements.

use super::answer::{Answer, difference};
use super::copies;
use crate::lockstep::{Mismatch, is_fault};
use crate::model::{ModelBackend, ModelLimits};
use crate::phase::{Phase, PhaseCell};
use quantadb::api::{Connection, Database, SessionOptions, StatementResult};
use quantadb::catalog::{Schema, Sequence, Table};
use quantadb::env::Env;
use quantadb::storage::TreeId;
use quantadb::{Error, ErrorKind};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// How a statement went.
#[derive(Debug)]
pub enum Ran {
    /// Both gave the same.
    Same(Answer),
    /// The subject's disk failed.
    Fault {
        /// With this.
        error: Error,
        /// Whether the subject must be opened again before the next statement.
        must_reopen: bool,
    },
}

/// What recovery decided of an interrupted statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// There was none.
    None,
    /// It is there, and would have given this.
    Committed(Answer),
    /// It left nothing behind.
    Absent,
}

/// What was done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PairCounts {
    /// Statements that both ran.
    pub statements: u64,
    /// Of those, refused by both.
    pub refused: u64,
    /// Statements that committed on both sides.
    pub committed: u64,
    /// Statements of unknown fate.
    pub unknown: u64,
    /// Of those, found to be there.
    pub unknown_found: u64,
    /// Rows compared after recoveries.
    pub rows_compared: u64,
    /// Pages that the subject's own check looked at.
    pub pages_checked: u64,
    /// Bytes that the subject spilled.
    pub spilled_bytes: u64,
}

struct PairSession {
    subject: Connection,
    model: Connection,
}

struct Unknown {
    model: Connection,
    sql: String,
}

/// A statement of which a recovery shows whether it is there. The model has it.
#[derive(Clone)]
struct Undecided {
    sql: String,
    /// What it would have given.
    answer: Answer,
    /// The model without it.
    without: Arc<ModelBackend>,
}

/// What a recovery changes of what is known; see [`SqlPair::known`].
#[derive(Clone)]
pub struct Known {
    backend: Arc<ModelBackend>,
    model: Database,
    undecided: Option<Undecided>,
    counts: PairCounts,
}

/// The two databases.
pub struct SqlPair {
    phase: PhaseCell,
    env: Arc<dyn Env>,
    subject: Option<Database>,
    sessions: Vec<Option<PairSession>>,
    unknown: Option<Unknown>,
    /// Tables and views that are compared after a recovery.
    relations: BTreeSet<String>,
    known: Known,
}

/// Options of both databases' sessions: nobody waits, nothing is tried again behind the back.
pub fn session_options() -> SessionOptions {
    SessionOptions {
        lock_timeout: Some(Duration::ZERO),
        retries_max: 0,
        // Tables are small here.
        analyze_threshold: Some(3),
        ..SessionOptions::default()
    }
}

fn starts_with(sql: &str, word: &str) -> bool {
    sql.get(..word.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(word))
}

/// Whether the result has an order: an ORDER BY in parentheses is a window's, an aggregate's or a subquery's.
fn orders_rows(sql: &str) -> bool {
    let sql = sql.to_ascii_lowercase();
    let mut depth = 0_i32;
    sql.char_indices().any(|(at, c)| {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        depth == 0 && sql[at..].starts_with("order by")
    })
}

/// The model has no disk: a failure of it is a defect of this package or of the SQL layer.
fn model_failed(doing: &str, error: &Error) -> Mismatch {
    Mismatch {
        doing: format!("{doing}, on the model alone"),
        expected: "done".to_owned(),
        found: format!("{error:?}"),
    }
}

impl SqlPair {
    /// Two empty databases; the model keeps to the subject's limits.
    ///
    /// # Errors
    /// When the model's cannot be made.
    pub fn new(
        phase: PhaseCell,
        env: Arc<dyn Env>,
        subject: Database,
        limits: ModelLimits,
        sessions: usize,
    ) -> Result<Self, Mismatch> {
        let backend = Arc::new(ModelBackend::with(env.clone(), limits));
        let model = over_model(&backend, &env)?;
        Ok(Self {
            phase,
            env,
            subject: Some(subject),
            sessions: (0..sessions).map(|_| None).collect(),
            unknown: None,
            relations: BTreeSet::new(),
            known: Known {
                backend,
                model,
                undecided: None,
                counts: PairCounts::default(),
            },
        })
    }

    /// What was done so far.
    pub fn counts(&self) -> PairCounts {
        let open = self.subject.as_ref();
        let spilled = open.map_or(0, |s| s.temp_stats().bytes_written);
        PairCounts {
            spilled_bytes: self.known.counts.spilled_bytes + spilled,
            ..self.known.counts
        }
    }

    /// Lets `name` be compared after recoveries, whether or not it exists.
    pub fn watch(&mut self, name: &str) {
        self.relations.insert(name.to_owned());
    }

    /// The subject, which is open.
    pub fn subject(&self) -> &Database {
        let open = self.subject.as_ref();
        open.expect("statements are run only while the subject is open")
    }

    /// Lets the model clean up, where the subject was told to.
    pub fn vacuum_model(&self) {
        // The model's vacuum cannot fail.
        drop(self.known.model.vacuum());
    }

    /// Whether a session is in a transaction.
    pub fn is_in_transaction(&self, slot: usize) -> bool {
        let session = self.sessions[slot].as_ref();
        session.is_some_and(|s| s.model.is_in_transaction())
    }

    fn session(&mut self, slot: usize) -> Result<PairSession, Mismatch> {
        if let Some(session) = self.sessions[slot].take() {
            return Ok(session);
        }
        let connect = |db: &Database| db.connect().map_err(|e| model_failed("connect", &e));
        Ok(PairSession {
            subject: connect(self.subject())?,
            model: connect(&self.known.model)?,
        })
    }

    /// Runs one statement in a session on both sides and compares.
    ///
    /// # Errors
    /// When they differ.
    pub fn run(&mut self, slot: usize, sql: &str) -> Result<Ran, Mismatch> {
        self.phase.course().speaks(slot);
        let session = self.session(slot)?;
        let ends = starts_with(sql, "COMMIT") || starts_with(sql, "END");
        let decides = ends || !session.model.is_in_transaction();
        let phase = if ends { Phase::Commit } else { Phase::Running };
        let found = match self
            .phase
            .during(phase, || copies::run(&session.subject, sql))
        {
            Err(error) if is_fault(&error) => {
                let course = self.phase.course();
                course.note(|| format!("{} -- {error}", shorten_sql(sql)));
                return Ok(self.fault(slot, session, sql, decides, error));
            }
            found => found,
        };
        let course = self.phase.course();
        course.note(|| format!("{} -- {}", shorten_sql(sql), went(&found)));
        let doing = || format!("session {slot}: {}", shorten_sql(sql));
        let found = compare(
            doing,
            copies::run(&session.model, sql),
            found,
            orders_rows(sql),
        )?;
        self.known.counts.statements += 1;
        match &found {
            Answer::Failed { .. } => self.known.counts.refused += 1,
            Answer::Done { .. } => self.known.counts.committed += u64::from(decides),
        }
        self.sessions[slot] = Some(session);
        Ok(Ran::Same(found))
    }

    /// What a fault leaves: nothing, or a statement of unknown fate.
    fn fault(
        &mut self,
        slot: usize,
        session: PairSession,
        sql: &str,
        decides: bool,
        error: Error,
    ) -> Ran {
        let reads = starts_with(sql, "SELECT") || starts_with(sql, "BEGIN");
        let full = error.sqlstate() == "53100";
        let mut must_reopen = error.kind() == ErrorKind::Stopped;
        if decides && !reads && !full {
            self.known.counts.unknown += 1;
            self.unknown = Some(Unknown {
                model: session.model,
                sql: sql.to_owned(),
            });
            must_reopen = true;
        } else {
            // In a transaction, a failed statement leaves only one thing to do.
            drop(session.subject.run("ROLLBACK"));
            drop(session.model.run("ROLLBACK"));
            self.sessions[slot] = Some(session);
        }
        Ran::Fault { error, must_reopen }
    }

    /// Ends every session and lets go of the subject, which has crashed or is to be closed.
    pub fn let_go(&mut self) {
        drop(self.take_subject());
    }

    fn take_subject(&mut self) -> Option<Database> {
        self.known.counts = self.counts();
        self.sessions.iter_mut().for_each(|s| *s = None);
        if let Some(Unknown { model, sql }) = self.unknown.take() {
            // Only the interrupted session is left on the model's side; what it has not committed is not in the copy.
            let without = Arc::new(self.known.backend.fork());
            let answer = Answer::of(&mut copies::run(&model, &sql), orders_rows(&sql));
            self.known.undecided = Some(Undecided {
                sql,
                answer,
                without,
            });
        }
        self.subject.take()
    }

    /// What a recovery decides, and what is counted: while the subject is gone.
    pub fn known(&self) -> Known {
        self.known.clone()
    }

    /// Knows that, and no more.
    pub fn know(&mut self, known: Known) {
        self.known = known;
    }

    /// Ends every session and closes the subject with a last checkpoint.
    ///
    /// # Errors
    /// The checkpoint's; the subject is let go all the same.
    pub fn close(&mut self) -> Result<(), Error> {
        match self.take_subject() {
            Some(subject) => subject.close(),
            None => Ok(()),
        }
    }

    /// Takes the subject as recovery left it, decides the fate of an interrupted statement, and compares all.
    ///
    /// # Errors
    /// When they differ (`Err` within `Ok` when the subject's disk failed).
    pub fn reopened(&mut self, subject: Database) -> Result<Result<Fate, Error>, Mismatch> {
        self.subject = Some(subject);
        let Some(Undecided {
            sql,
            answer,
            without,
        }) = self.known.undecided.take()
        else {
            return self.compare_all().map(|r| r.map(|()| Fate::None));
        };
        let with = self.compare_all();
        if with.is_ok() {
            self.known.counts.unknown_found += 1;
            return with.map(|r| r.map(|()| Fate::Committed(answer)));
        }
        self.known.backend = without;
        self.known.model = over_model(&self.known.backend, &self.env)?;
        match (self.compare_all(), with) {
            (Ok(compared), _) => Ok(compared.map(|()| Fate::Absent)),
            (Err(without), Err(with)) => Err(neither(&sql, &with, &without)),
            (Err(without), Ok(_)) => Err(without),
        }
    }

    /// Compares all relations, and lets the subject check itself.
    ///
    /// # Errors
    /// When they differ or the check finds a problem (`Err` within `Ok` when the subject's disk failed).
    pub fn compare_all(&mut self) -> Result<Result<(), Error>, Mismatch> {
        let subject = match self.subject().connect() {
            Ok(connection) => connection,
            Err(error) => return Ok(Err(error)),
        };
        let model = self.known.model.connect();
        let model = model.map_err(|e| model_failed("connect", &e))?;
        for relation in &self.relations {
            let sql = format!("SELECT * FROM {relation}");
            let found = match subject.run(&sql) {
                Err(error) if is_fault(&error) => return Ok(Err(error)),
                found => found,
            };
            let found = compare(
                || format!("comparing: {sql}"),
                model.run(&sql),
                found,
                false,
            )?;
            self.known.counts.rows_compared += found.rows() as u64;
        }
        let (expected, found) = match (model.schema(), subject.schema()) {
            (Ok(expected), Ok(found)) => (definitions(&expected), definitions(&found)),
            (_, Err(error)) if is_fault(&error) => return Ok(Err(error)),
            (Err(error), _) | (_, Err(error)) => return Err(model_failed("schema", &error)),
        };
        if expected != found {
            let differs = |(e, f): &(_, _)| e != f;
            let pair = expected.iter().zip(&found).find(differs);
            return Err(Mismatch {
                doing: "comparing definitions".to_owned(),
                expected: format!("{} definitions; {:?}", expected.len(), pair.map(|p| p.0)),
                found: format!("{} definitions; {:?}", found.len(), pair.map(|p| p.1)),
            });
        }
        match self.subject().check() {
            Ok(report) if report.problems.is_empty() => {
                self.known.counts.pages_checked += report.pages_checked;
                Ok(Ok(()))
            }
            Ok(report) => Err(Mismatch {
                doing: "check()".to_owned(),
                expected: "no problem".to_owned(),
                found: report.problems.join("; "),
            }),
            Err(error) => Ok(Err(error)),
        }
    }
}

/// The answer that both sides gave.
fn compare(
    doing: impl FnOnce() -> String,
    mut expected: Result<Vec<StatementResult>, Error>,
    mut found: Result<Vec<StatementResult>, Error>,
    ordered: bool,
) -> Result<Answer, Mismatch> {
    let texts = (error_text(&expected), error_text(&found));
    let expected = Answer::of(&mut expected, ordered);
    let found = Answer::of(&mut found, ordered);
    if expected == found {
        return Ok(found);
    }
    let (expected, found) = difference(&expected, &found);
    Err(Mismatch {
        doing: doing(),
        expected: expected + &texts.0,
        found: found + &texts.1,
    })
}

/// All that was defined, without where it is stored and what `ANALYZE` gathered.
fn definitions(schema: &Schema) -> Vec<String> {
    let without_place = |table: &Arc<Table>| {
        let mut table = Table::clone(table);
        table.tree = TreeId(0);
        table.statistics = None;
        table.indexes.iter_mut().for_each(|i| i.tree = TreeId(0));
        table
    };
    let tables = schema.tables().map(|t| format!("{:?}", without_place(t)));
    let sequences = schema.sequences().map(|sequence| {
        let mut sequence = Sequence::clone(sequence);
        sequence.tree = TreeId(0);
        sequence.number = 0;
        format!("{sequence:?}")
    });
    tables
        .chain(schema.views().map(|v| format!("{v:?}")))
        .chain(sequences)
        .chain(schema.types().iter().map(|of| format!("{of:?}")))
        .chain(schema.namespaces().map(|name| format!("schema {name}")))
        .collect()
}

fn over_model(backend: &Arc<ModelBackend>, env: &Arc<dyn Env>) -> Result<Database, Mismatch> {
    Database::from_backend_with(backend.clone(), env.clone(), session_options())
        .map_err(|e| model_failed("opening a database", &e))
}

/// How a statement went, in a word or two.
fn went(found: &Result<Vec<StatementResult>, Error>) -> String {
    match found {
        Ok(_) => "done".to_owned(),
        Err(error) => format!("refused: {} {error}", error.sqlstate()),
    }
}

fn error_text<T>(result: &Result<T, Error>) -> String {
    match result {
        Ok(_) => String::new(),
        Err(error) => format!(" ({error})"),
    }
}

fn neither(sql: &str, with: &Mismatch, without: &Mismatch) -> Mismatch {
    Mismatch {
        doing: format!(
            "recovery after a crash in: {}\n  then, {}",
            shorten_sql(sql),
            with.doing
        ),
        expected: format!(
            "the statement is there whole: {}\n            or absent: {}",
            with.expected, without.expected
        ),
        found: with.found.clone(),
    }
}

/// A statement for people: long ones by their start and length.
fn shorten_sql(sql: &str) -> String {
    match sql.char_indices().nth(400) {
        None => sql.to_owned(),
        Some((end, _)) => format!("{}… ({} bytes)", &sql[..end], sql.len()),
    }
}
