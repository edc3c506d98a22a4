//! One script over one database.

use crate::column::ColumnKind;
use crate::differences::Differences;
use crate::engine::{Answer, EngineError, Reply, ScriptDatabase};
use crate::judge::Judge;
use crate::report::{Failure, Options, ScriptReport};
use crate::script::{Step, steps};
use crate::sessions::{Name, Ran, Sessions};
use sqllogictest::{QueryExpect, Record};
use std::collections::BTreeMap;

/// Runs the script `text`, called `name` in what is reported, over `database`. `after_record` is called after each record. A panic of the engine is a failure of its record, after which
/// the script ends.
pub(crate) fn run_script(
    database: &dyn ScriptDatabase,
    name: &str,
    text: &str,
    options: &Options,
    after_record: &dyn Fn(),
) -> ScriptReport {
    let steps = match steps(name, text, database.labels()) {
        Ok(steps) => steps,
        Err(failure) => {
            return ScriptReport {
                failures: vec![*failure],
                ..ScriptReport::default()
            };
        }
    };
    let is_alone = |step: &Step| match step {
        Step::Run { session, waits, .. } => session.is_none() && !waits,
        Step::Control(_) | Step::Skip | Step::Resumes { .. } => true,
    };
    let mut run = ScriptRun {
        name,
        sessions: Sessions::new(database, steps.iter().all(is_alone)),
        judge: Judge::new(name),
        begun: BTreeMap::new(),
        resumed: BTreeMap::new(),
        report: ScriptReport::default(),
        differences: &options.differences,
        is_over: false,
    };
    for step in steps {
        let is_record = matches!(step, Step::Run { .. } | Step::Skip);
        run.step(step);
        if is_record {
            after_record();
        }
        if run.is_over || (!options.keep_going && !run.report.failures.is_empty()) {
            return run.report;
        }
    }
    run.finish();
    run.report
}

/// A script under way.
struct ScriptRun<'a> {
    name: &'a str,
    sessions: Sessions<'a>,
    judge: Judge,
    /// The records of the sessions that wait.
    begun: BTreeMap<Name, Record<ColumnKind>>,
    /// The sessions that have gone on with the last record, of which the script has not said so yet.
    resumed: BTreeMap<Name, (Record<ColumnKind>, Ran)>,
    report: ScriptReport,
    differences: &'a Differences,
    /// Whether the script cannot go on.
    is_over: bool,
}

impl ScriptRun<'_> {
    fn step(&mut self, step: Step) {
        match step {
            Step::Control(directive) => self.judge.control(directive),
            Step::Skip => self.report.skipped += 1,
            Step::Resumes { session, line } => self.resumes(&session, line),
            Step::Run {
                record,
                session,
                waits,
            } => {
                self.expect_none_resumed();
                if self.sessions.is_waiting(&session) {
                    let waiting = "the session still waits for another one";
                    self.fail(place(&record), "a session that is free", waiting);
                } else if waits {
                    self.begin(record, session);
                } else {
                    self.run(record, &session);
                }
            }
        }
    }

    /// A record that should not wait.
    fn run(&mut self, record: Record<ColumnKind>, session: &Name) {
        let (_, sql) = place(&record);
        match self.sessions.run(session, sql, requested(&record)) {
            Ok(ran) => self.take(record, ran),
            Err(error) => self.take(record, Ran::Done(Err(error))),
        }
        self.settle();
    }

    /// A record that should wait.
    fn begin(&mut self, record: Record<ColumnKind>, session: Name) {
        let (_, sql) = place(&record);
        if let Err(error) = self.sessions.begin(&session, sql, requested(&record)) {
            self.take(record, Ran::Done(Err(error)));
            return;
        }
        self.begun.insert(session.clone(), record);
        self.settle();
        if let Some((record, ran)) = self.resumed.remove(&session) {
            self.fail(place(&record), "to wait for another session", &told(&ran));
        }
    }

    /// The script says that a session has gone on.
    fn resumes(&mut self, session: &Name, line: u32) {
        match self.resumed.remove(session) {
            Some((record, ran)) => self.take(record, ran),
            None => {
                let got = match self.sessions.is_waiting(session) {
                    true => "it still waits",
                    false => "it was not waiting before the last record",
                };
                let expected = format!("the session {} goes on", shown(session));
                self.fail((line, ""), &expected, got);
            }
        }
    }

    /// Lets the sessions that wait go on as far as they can.
    fn settle(&mut self) {
        match self.sessions.settle() {
            Ok(finished) => {
                for (session, ran) in finished {
                    // One that hung was told as a failure, and is of no interest any more.
                    if let Some(record) = self.begun.remove(&session) {
                        self.resumed.insert(session, (record, ran));
                    }
                }
            }
            Err(EngineError { message, .. }) => {
                self.fail((0, ""), "sessions that wait, or get done", &message);
                self.is_over = true;
            }
        }
    }

    /// The sessions that went on without the script saying so.
    fn expect_none_resumed(&mut self) {
        for (session, (record, ran)) in std::mem::take(&mut self.resumed) {
            let expected = format!("the session {} to wait still", shown(&session));
            self.fail(place(&record), &expected, &told(&ran));
        }
    }

    fn finish(&mut self) {
        self.expect_none_resumed();
        for (_, record) in std::mem::take(&mut self.begun) {
            self.fail(place(&record), "to be resumed", "it waits at the end");
        }
    }

    /// Compares what came with what the record expects.
    fn take(&mut self, record: Record<ColumnKind>, ran: Ran) {
        match ran {
            Ran::Done(answer) => match self.judge.judge(record, answer) {
                Ok(()) => self.report.passed += 1,
                Err(failure) => self.failed(*failure),
            },
            Ran::Panicked(message) => {
                self.fail(place(&record), "no panic", &format!("a panic: {message}"));
                self.is_over = true;
            }
            Ran::Hangs => self.fail(place(&record), "an answer", &told(&Ran::Hangs)),
        }
    }

    fn fail(&mut self, (line, sql): (u32, &str), expected: &str, got: &str) {
        self.failed(Failure {
            file: self.name.to_owned(),
            line,
            sql: sql.to_owned(),
            expected: expected.to_owned(),
            got: got.to_owned(),
        });
    }

    fn failed(&mut self, failure: Failure) {
        match self.differences.rule_of(&failure) {
            Some(_) => self.report.differing += 1,
            None => self.report.failures.push(failure),
        }
    }
}

fn shown(session: &Name) -> &str {
    session.as_deref().unwrap_or("default")
}

/// What a session did, for a failure.
fn told(ran: &Ran) -> String {
    let answer: &Answer = match ran {
        Ran::Done(answer) => answer,
        Ran::Panicked(message) => return format!("a panic: {message}"),
        Ran::Hangs => return "no answer: it waits for another session, or runs".to_owned(),
    };
    match answer {
        Ok(Reply::Done(count)) => format!("success, {count} rows"),
        Ok(Reply::Rows(table)) => {
            let rows: Vec<String> = table.rows().iter().map(|row| row.join(" ")).collect();
            format!("rows: {}", rows.join(", "))
        }
        Err(error) => {
            let state = error.sqlstate.as_deref().unwrap_or("error");
            format!("{state}: {error}")
        }
    }
}

/// Where a record is and what it runs.
fn place(record: &Record<ColumnKind>) -> (u32, &str) {
    match record {
        Record::Statement { loc, sql, .. } | Record::Query { loc, sql, .. } => (loc.line(), sql),
        _ => (0, ""),
    }
}

/// The column types that a record asks for; nothing for a statement.
fn requested(record: &Record<ColumnKind>) -> Option<Vec<ColumnKind>> {
    match record {
        Record::Query {
            expected: QueryExpect::Results { types, .. },
            ..
        } => Some(types.clone()),
        Record::Query { .. } => Some(Vec::new()),
        _ => None,
    }
}
