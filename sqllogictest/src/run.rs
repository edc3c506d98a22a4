//! One script over one database.

use crate::column::ColumnKind;
use crate::database::{Request, ScriptConnection};
use crate::report::{Failure, ScriptReport};
use crate::script::records;
use quantadb::api::Database;
use sqllogictest::{
    Normalizer, QueryExpect, Record, RecordOutput, Runner, TestError, TestErrorKind,
};
use std::future::ready;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs the script `text`, called `name` in what is reported, over `database`. `keep_going`: also the records after one
/// that failed. `after_record` is called after each record. A panic of the engine is a failure of its record, after which
/// the script ends.
pub fn run_script(
    database: &Database,
    name: &str,
    text: &str,
    keep_going: bool,
    after_record: &dyn Fn(),
) -> ScriptReport {
    let mut report = ScriptReport::default();
    let records = match records(name, text) {
        Ok(records) => records,
        Err(failure) => {
            report.failures.push(*failure);
            return report;
        }
    };
    let request = Request::default();
    let mut runner = Runner::new(|| ready(ScriptConnection::new(database, request.clone())));
    runner.with_validator(matches);
    runner.with_normalizer(|line| line.trim_end().to_owned());
    runner.with_column_validator(|actual, expected| actual.len() == expected.len());
    for record in records {
        let Some((line, sql)) = place(&record) else {
            // A directive. The file's hash threshold is not needed: whether to hash shows in what is expected.
            if !matches!(record, Record::HashThreshold { .. }) {
                let _ = runner.run(record);
            }
            continue;
        };
        request.set(requested(&record));
        runner.with_hash_threshold(usize::from(expects_hash(&record)));
        let result = catch_unwind(AssertUnwindSafe(|| runner.run(record)));
        after_record();
        let (failure, is_panic) = match result {
            Ok(Ok(RecordOutput::Nothing)) => {
                report.skipped += 1;
                continue;
            }
            Ok(Ok(_)) => {
                report.passed += 1;
                continue;
            }
            Ok(Err(error)) => (failure(name, &error, sql), false),
            Err(payload) => {
                let got = format!("a panic: {}", panic_message(&*payload));
                (mismatch(name, line, sql, "no panic", got), true)
            }
        };
        report.failures.push(failure);
        if is_panic {
            // What the panic left of the runner's state is not to be trusted, not even to be dropped.
            std::mem::forget(runner);
            break;
        }
        if !keep_going {
            break;
        }
    }
    report
}

/// Where a record is and what it runs; nothing for a directive.
fn place(record: &Record<ColumnKind>) -> Option<(u32, String)> {
    match record {
        Record::Statement { loc, sql, .. }
        | Record::Query { loc, sql, .. }
        | Record::Let { loc, sql, .. } => Some((loc.line(), sql.clone())),
        Record::System { loc, command, .. } => Some((loc.line(), command.clone())),
        _ => None,
    }
}

/// The column types that a record asks for; nothing for a statement.
fn requested(record: &Record<ColumnKind>) -> Option<Vec<ColumnKind>> {
    match record {
        Record::Query {
            expected: QueryExpect::Results { types, .. },
            ..
        } => Some(types.clone()),
        Record::Query { .. } | Record::Let { .. } => Some(Vec::new()),
        _ => None,
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

fn mismatch(
    file: &str,
    line: u32,
    sql: String,
    expected: impl ToString,
    got: impl ToString,
) -> Failure {
    Failure {
        file: file.to_owned(),
        line,
        sql,
        expected: expected.to_string(),
        got: got.to_string(),
    }
}

fn failure(name: &str, error: &TestError, sql: String) -> Failure {
    let line = error.location().line();
    let with_state = |error: &dyn std::error::Error, state: Option<&str>| {
        format!("{}: {error}", state.unwrap_or("error"))
    };
    match error.kind() {
        TestErrorKind::Ok { .. } => mismatch(name, line, sql, "an error", "success"),
        TestErrorKind::Fail { err, .. } => {
            let state = err.downcast_ref::<quantadb::Error>().map(|e| e.sqlstate());
            mismatch(name, line, sql, "success", with_state(&*err, state))
        }
        TestErrorKind::ErrorMismatch {
            err,
            expected_err,
            actual_sqlstate,
            ..
        } => {
            let got = with_state(&*err, actual_sqlstate.as_deref());
            mismatch(name, line, sql, format!("error {expected_err}"), got)
        }
        TestErrorKind::StatementResultMismatch {
            expected, actual, ..
        } => mismatch(name, line, sql, format!("{expected} rows"), actual),
        TestErrorKind::QueryResultMismatch {
            expected, actual, ..
        } => mismatch(name, line, sql, expected, actual),
        TestErrorKind::QueryResultColumnsMismatch {
            expected, actual, ..
        } => {
            let columns = |types: &str| format!("{} columns", types.len());
            mismatch(name, line, sql, columns(&expected), columns(&actual))
        }
        other => mismatch(name, line, sql, "success", other),
    }
}

fn panic_message(payload: &(dyn std::any::Any + Send)) -> &str {
    payload
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| payload.downcast_ref::<&str>().copied())
        .unwrap_or("without a message")
}
