//! From the text of a script to its steps.
//!
//! Two lines are ours and not the crate's: `waits` in front of a record says that its session must wait for another
//! one, and `resumes NAME` that a session that waited has gone on with the record before, to the result that its own
//! record gives. They ride through the crate's parser as subtests with a name that nobody can write.

use crate::column::ColumnKind;
use crate::report::Failure;
use sqllogictest::{Condition, Connection, Record, parse_with_name};
use std::borrow::Cow;

/// What stands for `waits` on the way through the parser.
const WAITS: &str = "\u{1}waits";
/// What stands for `resumes `, with the session's name behind it.
const RESUMES: &str = "\u{1}resumes:";

/// What a script does next.
#[derive(Debug)]
pub(crate) enum Step {
    /// Changes how the records that follow are read.
    Control(Record<ColumnKind>),
    /// A record for another engine.
    Skip,
    /// Runs a record.
    Run {
        /// A statement or a query.
        record: Record<ColumnKind>,
        /// Its session; nothing for the default one.
        session: Option<String>,
        /// Whether the session must wait for another one.
        waits: bool,
    },
    /// The session has gone on and is done.
    Resumes {
        /// Its name, as of a record.
        session: Option<String>,
        /// Where this is said.
        line: u32,
    },
}

/// The steps of a script for an engine with these labels, up to the `halt` that is for it, in the crate's reading after
/// what it cannot read was taken out. Errors: the line that is no record, or one that is not supported.
pub(crate) fn steps(name: &str, text: &str, labels: &[&str]) -> Result<Vec<Step>, Box<Failure>> {
    let parsed = parse_with_name(&readable(text), name).map_err(|error| {
        let line = error.location().line();
        failure(name, line, "an sqllogictest record", error.kind())
    })?;
    let mut steps = Vec::with_capacity(parsed.len());
    // The crate hangs all conditions that it meets on the next statement or query. Those in front of a `halt` or another
    // directive are that one's own: they are decided here, and taken off the statement.
    let mut pending: Vec<Condition> = Vec::new();
    let mut spent = 0;
    let mut waits = None;
    for record in parsed {
        let directive = match record {
            Record::Condition(condition) => {
                pending.push(condition);
                continue;
            }
            Record::Statement { .. } | Record::Query { .. } => {
                steps.push(run_step(
                    name,
                    record,
                    spent,
                    waits.take().is_some(),
                    labels,
                )?);
                spent = 0;
                pending.clear();
                continue;
            }
            Record::Subtest { loc, name } if name == WAITS => {
                waits = Some(loc.line());
                continue;
            }
            Record::Newline | Record::Comment(_) | Record::Connection(_) => continue,
            directive => directive,
        };
        let applies = pending.iter().all(|condition| holds(condition, labels));
        spent += pending.len();
        pending.clear();
        match directive {
            Record::Halt { .. } if applies => break,
            directive if applies => steps.extend(directive_step(name, directive)?),
            _ => {}
        }
    }
    match waits {
        Some(line) => Err(failure(name, line, "a record that waits", "the end").into()),
        None => Ok(steps),
    }
}

/// The step of a statement or query, whose first `spent` conditions were another line's.
fn run_step(
    name: &str,
    mut record: Record<ColumnKind>,
    spent: usize,
    waits: bool,
    labels: &[&str],
) -> Result<Step, Box<Failure>> {
    let (Record::Statement {
        loc,
        conditions,
        connection,
        retry,
        ..
    }
    | Record::Query {
        loc,
        conditions,
        connection,
        retry,
        ..
    }) = &mut record
    else {
        unreachable!("a statement or a query");
    };
    if retry.is_some() {
        return Err(failure(name, loc.line(), "no retry", "retry").into());
    }
    let applies = conditions[spent..].iter().all(|c| holds(c, labels));
    conditions.clear();
    let session = match std::mem::take(connection) {
        Connection::Default => None,
        Connection::Named(name) => Some(name),
    };
    Ok(match applies {
        true => Step::Run {
            record,
            session,
            waits,
        },
        false => Step::Skip,
    })
}

/// The step of a directive; nothing for one that needs no step. What would run programs, wait for a clock or rewrite
/// statements is refused.
fn directive_step(name: &str, directive: Record<ColumnKind>) -> Result<Option<Step>, Box<Failure>> {
    let (line, what) = match directive {
        Record::Subtest { loc, name } => {
            let session = name.strip_prefix(RESUMES);
            return Ok(session.map(|session| Step::Resumes {
                session: (session != "default").then(|| session.to_owned()),
                line: loc.line(),
            }));
        }
        // Not needed: whether to hash shows in what is expected.
        Record::HashThreshold { .. } => return Ok(None),
        Record::Control(sqllogictest::Control::Substitution(_)) => (0, "control substitution"),
        Record::Control(_) => return Ok(Some(Step::Control(directive))),
        Record::Include { loc, .. } => (loc.line(), "include"),
        Record::System { loc, .. } => (loc.line(), "system"),
        Record::Sleep { loc, .. } => (loc.line(), "sleep"),
        Record::Let { loc, .. } => (loc.line(), "let"),
        _ => (0, "a directive unknown here"),
    };
    Err(failure(name, line, format!("no {what}"), what).into())
}

/// Whether a condition lets an engine with these labels through.
fn holds(condition: &Condition, labels: &[&str]) -> bool {
    match condition {
        Condition::OnlyIf { label } => labels.contains(&label.as_str()),
        Condition::SkipIf { label } => !labels.contains(&label.as_str()),
    }
}

fn failure(name: &str, line: u32, expected: impl ToString, got: impl ToString) -> Failure {
    Failure {
        file: name.to_owned(),
        line,
        sql: String::new(),
        expected: expected.to_string(),
        got: got.to_string(),
    }
}

/// The text without what the crate stumbles over, line by line as it was: comments behind a condition, blanks at the end
/// of a line, our own lines in front of a record.
fn readable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut in_record = false;
    for line in text.lines() {
        let line = line.trim_end();
        let line = match in_record {
            true => Cow::Borrowed(line),
            false => between_records(line),
        };
        let begins = line.starts_with("statement ") || line.starts_with("query ");
        in_record = !line.is_empty() && (in_record || begins);
        out.push_str(&line);
        out.push('\n');
    }
    out
}

fn between_records(line: &str) -> Cow<'_, str> {
    if line == "waits" {
        return Cow::Owned(format!("subtest {WAITS}"));
    }
    if let Some(session) = line.strip_prefix("resumes ") {
        return Cow::Owned(format!("subtest {RESUMES}{}", session.trim()));
    }
    let conditional = line.starts_with("skipif ") || line.starts_with("onlyif ");
    match line.split_once('#') {
        Some((condition, _)) if conditional => Cow::Borrowed(condition.trim_end()),
        _ => Cow::Borrowed(line),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is run, by whom, with `waits` and `resumes` as marks.
    fn told(text: &str) -> Vec<String> {
        let steps = steps("test", text, &["ours"]).unwrap();
        let name = |session: Option<String>| session.unwrap_or_default();
        let of = |step| match step {
            Step::Run {
                record: Record::Statement { sql, .. } | Record::Query { sql, .. },
                session,
                waits,
            } => format!("{}:{sql}{}", name(session), if waits { " …" } else { "" }),
            Step::Resumes { session, line } => format!("{}! {line}", name(session)),
            Step::Skip => "skip".to_owned(),
            other => format!("{other:?}"),
        };
        steps.into_iter().map(of).collect()
    }

    #[test]
    fn halt_obeys_its_conditions_and_leaves_those_of_others_alone() {
        let text = "onlyif mssql\r\nhalt\r\n\r\nskipif mysql # why\r\nstatement ok\r\nA\r\n\r\n\
            statement ok\r\nB\r\n\r\nskipif ours\r\nstatement ok\r\nX\r\n\r\n\
            skipif mysql\r\nhalt\r\n\r\nstatement ok\r\nC\r\n";
        assert_eq!(told(text), [":A", ":B", "skip"]);
    }

    #[test]
    fn our_lines_stand_between_records_only() {
        let text = "connection a\nwaits\nquery T\nSELECT 1\n----\nwaits\nresumes a\n\nresumes a\n\n\
            skipif ours\nresumes b\n\nstatement ok\nB\n";
        assert_eq!(told(text), ["a:SELECT 1 …", "a! 9", ":B"]);
    }

    #[test]
    fn what_is_no_record_is_told_with_its_line() {
        let error = steps("test", "statement ok\nA\n\nquarry I\nB\n", &[]).unwrap_err();
        assert_eq!((error.file.as_str(), error.line), ("test", 4));
        assert!(error.got.contains("quarry"), "{error}");
    }

    #[test]
    fn what_is_not_supported_is_refused() {
        for (text, line) in [
            ("statement ok\nA\n\nsystem ok\ntrue\n", 4),
            ("sleep 1s\n", 1),
            ("control substitution on\n", 0),
            ("statement ok retry 3 backoff 1s\nA\n", 1),
            ("statement ok\nA\n\nwaits\n", 4),
        ] {
            assert_eq!(steps("test", text, &[]).unwrap_err().line, line, "{text}");
        }
    }
}
