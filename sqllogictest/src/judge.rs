//! Compares what a session answered with what its record expects, as the `sqllogictest` crate does.
//!
//! The crate's runner wants to ask the database itself. Here it asks one that has the answer ready, because a session
//! that waits for another answers some records later.

use crate::column::ColumnKind;
use crate::engine::{Answer, EngineError, Reply};
use crate::report::Failure;
use quantadb::sync::Mutex;
use sqllogictest::{
    Control, DB, DBOutput, MakeConnection, Normalizer, QueryExpect, Record, Runner, SortMode,
    StatementExpect, TestError, TestErrorKind,
};
use std::future::{Ready, ready};
use std::sync::Arc;

/// A database that gives the answer which was laid ready.
#[derive(Clone, Default)]
struct Desk(Arc<Mutex<Option<Laid>>>);

/// An answer as the crate takes it.
type Laid = Result<DBOutput<ColumnKind>, EngineError>;

impl DB for Desk {
    type Error = EngineError;
    type ColumnType = ColumnKind;

    fn run(&mut self, _: &str) -> Result<DBOutput<ColumnKind>, EngineError> {
        let answer = self.0.lock().take();
        answer.unwrap_or_else(|| Err(EngineError::outside("there is no answer")))
    }

    fn error_sql_state(error: &EngineError) -> Option<String> {
        error.sqlstate.clone()
    }
}

impl MakeConnection for Desk {
    type Conn = Desk;
    type MakeFuture = Ready<Result<Desk, EngineError>>;

    fn make(&mut self) -> Self::MakeFuture {
        ready(Ok(self.clone()))
    }
}

/// Judges the answers to one script's records.
pub(crate) struct Judge {
    script: String,
    desk: Desk,
    runner: Runner<Desk, Desk>,
    /// The order of results whose records name none.
    sort: SortMode,
}

impl Judge {
    /// For the script of this name.
    pub(crate) fn new(script: &str) -> Self {
        let desk = Desk::default();
        let mut runner = Runner::new(desk.clone());
        runner.with_validator(matches);
        runner.with_normalizer(|line| line.trim_end().to_owned());
        runner.with_column_validator(|actual, expected| actual.len() == expected.len());
        Self {
            script: script.to_owned(),
            desk,
            runner,
            sort: SortMode::NoSort,
        }
    }

    /// Takes note of a directive that changes how the records that follow are read.
    pub(crate) fn control(&mut self, directive: Record<ColumnKind>) {
        if let Record::Control(Control::SortMode(sort)) = &directive {
            self.sort = *sort;
        }
        // Nothing is asked, so nothing can fail.
        let _ = self.runner.run(directive);
    }

    /// Whether `answer` is what the statement or query `record` expects. Errors: how it is not.
    pub(crate) fn judge(
        &mut self,
        record: Record<ColumnKind>,
        answer: Answer,
    ) -> Result<(), Box<Failure>> {
        if let Ok(reply) = &answer
            && self.is_as_expected(&record, reply)
        {
            return Ok(());
        }
        self.runner
            .with_hash_threshold(usize::from(expects_hash(&record)));
        *self.desk.0.lock() = Some(answer.map(|reply| match reply {
            Reply::Done(count) => DBOutput::StatementComplete(count),
            Reply::Rows(table) => table.output(),
        }));
        match self.runner.run(record) {
            Ok(_) => Ok(()),
            Err(error) => Err(Box::new(failure(&self.script, &error))),
        }
    }

    /// Whether the reply is for certain what the record expects, as most are. The crate's runner would find the same, and
    /// make a text of each value for it.
    fn is_as_expected(&self, record: &Record<ColumnKind>, reply: &Reply) -> bool {
        match (record, reply) {
            (
                Record::Statement {
                    expected: StatementExpect::Ok,
                    ..
                },
                Reply::Done(_),
            ) => true,
            (
                Record::Query {
                    expected:
                        QueryExpect::Results {
                            types,
                            sort_mode,
                            results,
                            ..
                        },
                    ..
                },
                Reply::Rows(table),
            ) if table.width() == types.len() => {
                let sort = sort_mode.unwrap_or(self.sort);
                match expects_hash(record) {
                    true => table.hashed(sort) == results[0],
                    false => table.has_values(sort, results),
                }
            }
            _ => false,
        }
    }
}

/// Whether a record's result is given by its hash, as `30 values hashing to 3c13dee48d9356ae19af2515e05e6b54`.
fn expects_hash(record: &Record<ColumnKind>) -> bool {
    match record {
        Record::Query {
            expected: QueryExpect::Results { results, .. },
            ..
        } => results.len() == 1 && results[0].contains(" values hashing to "),
        _ => false,
    }
}

/// Whether a result is as expected: with a row a line, or with a value a line.
fn matches(normalize: Normalizer, actual: &[Vec<String>], expected: &[String]) -> bool {
    let mut expected = expected.iter().map(&normalize);
    let values: usize = actual.iter().map(Vec::len).sum();
    if expected.len() == actual.len() {
        let rows = actual.iter().map(|row| row.join(" "));
        rows.map(|row| normalize(&row)).eq(expected)
    } else {
        expected.len() == values
            && actual
                .iter()
                .flatten()
                .all(|value| expected.next() == Some(normalize(value)))
    }
}

fn failure(script: &str, error: &TestError) -> Failure {
    let told = |sql: String, expected: String, got: String| Failure {
        file: script.to_owned(),
        line: error.location().line(),
        sql,
        expected,
        got,
    };
    let with_state = |error: &dyn std::error::Error, state: Option<&str>| {
        format!("{}: {error}", state.unwrap_or("error"))
    };
    match error.kind() {
        TestErrorKind::Ok { sql, .. } => told(sql, "an error".to_owned(), "success".to_owned()),
        TestErrorKind::Fail { sql, err, .. } => {
            let state = err.downcast_ref::<EngineError>();
            let state = state.and_then(|e| e.sqlstate.as_deref());
            told(sql, "success".to_owned(), with_state(&*err, state))
        }
        TestErrorKind::ErrorMismatch {
            sql,
            err,
            expected_err,
            actual_sqlstate,
            ..
        } => {
            let got = with_state(&*err, actual_sqlstate.as_deref());
            told(sql, format!("error {expected_err}"), got)
        }
        TestErrorKind::StatementResultMismatch {
            sql,
            expected,
            actual,
        } => told(sql, format!("{expected} rows"), actual),
        TestErrorKind::QueryResultMismatch {
            sql,
            expected,
            actual,
        } => told(sql, expected, actual),
        TestErrorKind::QueryResultColumnsMismatch {
            sql,
            expected,
            actual,
        } => {
            let columns = |types: &str| format!("{} columns", types.len());
            told(sql, columns(&expected), columns(&actual))
        }
        other => told(String::new(), "success".to_owned(), other.to_string()),
    }
}
