//! Runs of a workload up to each call of the disk, and what recovery makes of each state that a crash there can leave.

use super::workload::{Found, Step, Workload};
use crate::disk::{CrashKind, DiskFaults, SimDisk, SyncFailure};
use crate::env::SimEnv;
use crate::lockstep::Mismatch;
use crate::phase::PhaseCell;
use crate::sql::session_options;
use crate::streams::Streams;
use quantadb::Error;
use quantadb::api::{Connection, Database, DatabaseOptions};
use quantadb::storage::DiskOptions;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

const PATH: &str = "/db/test.qdb";
/// What another session commits while a transaction is under way.
const OTHERS: &str = "INSERT INTO t VALUES (50, 1, 'other')";
/// Calls of one workload at most.
const CALLS_MAX: u64 = 2_000;

/// What an exploration has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Explored {
    /// Calls of the disk before which the workload was stopped.
    pub crash_points: u64,
    /// States of the disk that were recovered.
    pub states: u64,
    /// States that were as one before.
    pub pruned: u64,
    /// Crash points with more choices than the bound, of whose states some were left out.
    pub bounded: u64,
}

fn wrong(doing: String, expected: impl ToString, found: impl ToString) -> Mismatch {
    Mismatch {
        doing,
        expected: expected.to_string(),
        found: found.to_string(),
    }
}

/// An open database and what is done with it.
struct Stage {
    disk: SimDisk,
    database: Option<Database>,
    connection: Option<Connection>,
}

impl Stage {
    fn new(disk: SimDisk) -> Self {
        Self {
            disk,
            database: None,
            connection: None,
        }
    }

    fn open(&mut self) -> Result<(), Error> {
        let options = DatabaseOptions {
            vfs: Arc::new(self.disk.clone()),
            env: Arc::new(SimEnv::new(Streams::new(7).entropy())),
            disk: DiskOptions {
                page_bytes: 4096,
                cache_bytes: 0,
                log_segment_bytes: 4096,
                ..DiskOptions::default()
            },
            session: session_options(),
        };
        let database = Database::open_with(PATH, options)?;
        self.connection = Some(database.connect()?);
        self.database = Some(database);
        Ok(())
    }

    /// The process ends.
    fn end(&mut self) {
        self.connection = None;
        self.database = None;
    }

    fn run(&mut self, sql: &str) -> Result<(), Error> {
        match &self.connection {
            Some(connection) => connection.run(sql).map(drop),
            None => Ok(()),
        }
    }

    fn step(&mut self, step: Step) -> Result<(), Error> {
        match (step, &self.database) {
            (Step::Sql(sql), _) => self.run(sql),
            (Step::Checkpoint, Some(database)) => database.checkpoint(),
            (Step::Vacuum, Some(database)) => database.vacuum().map(drop),
            (Step::Reopen, _) => {
                self.end();
                self.open()
            }
            (_, None) => Ok(()),
        }
    }

    /// What queries answer, as text: an error is an answer too.
    fn answers(&self, questions: &[&str]) -> String {
        let Some(connection) = &self.connection else {
            return "closed".to_owned();
        };
        let answer = |sql: &&str| match connection.query(sql, []) {
            Err(error) => error.sqlstate().to_owned(),
            Ok(rows) => {
                let rows = rows.map(|row| {
                    let texts = row.values().iter().map(|value| match value.to_text() {
                        Some(text) => text.to_string(),
                        None => "NULL".to_owned(),
                    });
                    texts.collect::<Vec<String>>().join(",")
                });
                rows.collect::<Vec<_>>().join(" ")
            }
        };
        questions.iter().map(answer).collect::<Vec<_>>().join(" | ")
    }
}

/// The database as the workload finds it: its disk, closed unless it goes on in the same process.
fn set_up(workload: &Workload) -> Result<Stage, Error> {
    let faults = DiskFaults {
        sync_failure: SyncFailure::Dropped,
        ..DiskFaults::NONE
    };
    let rng = Streams::new(7).faults();
    let mut stage = Stage::new(SimDisk::new(rng, faults, PhaseCell::default()));
    stage.open()?;
    stage.run("CREATE TABLE t (id INTEGER PRIMARY KEY, b INTEGER NOT NULL, x TEXT)")?;
    let (rows, bytes) = workload.rows;
    for id in 1..=rows {
        stage.run(&format!(
            "INSERT INTO t VALUES ({id}, {}, repeat('x', {bytes}))",
            id % 5
        ))?;
    }
    if let Some(database) = &stage.database {
        database.checkpoint()?;
    }
    match workload.found {
        Found::Open => {}
        Found::Interrupted(sql) => {
            stage.run("BEGIN")?;
            stage.run(sql)?;
            // Another's commit takes the log of the one under way to the disk.
            if let Some(other) = stage.database.as_ref().map(Database::connect) {
                other?.run(OTHERS)?;
            }
            stage.disk.restart(CrashKind::Process);
            stage.end();
        }
        Found::SyncFailed(statements) => {
            if let Some((last, before)) = statements.split_last() {
                before.iter().try_for_each(|sql| stage.run(sql))?;
                fail_sync_of(&mut stage, last);
            }
            stage.disk.restart(CrashKind::Process);
            stage.end();
        }
    }
    Ok(stage)
}

/// Runs a statement whose sync fails.
fn fail_sync_of(stage: &mut Stage, sql: &str) {
    let failing = DiskFaults {
        sync_error_ppm: 1_000_000,
        sync_failure: SyncFailure::Dropped,
        ..DiskFaults::NONE
    };
    let faults = stage.disk.set_faults(failing);
    let failed = stage.run(sql);
    assert!(
        failed.is_err(),
        "every sync fails, so no commit can succeed"
    );
    stage.disk.set_faults(faults);
}

/// Runs steps until one fails; how many did not.
fn run_steps(stage: &mut Stage, steps: &[Step]) -> usize {
    let done = steps.iter().take_while(|step| stage.step(**step).is_ok());
    done.count()
}

/// All disks that a crash may leave before call `stop` of the workload: how many steps were done, and the disk.
fn crashed_at(workload: &Workload, stop: u64) -> Result<(usize, SimDisk), Error> {
    let mut stage = set_up(workload)?;
    stage.disk.arm_stop(stop);
    let done = run_steps(&mut stage, workload.steps);
    let disk = stage.disk.fork();
    stage.end();
    Ok((done, disk))
}

/// Explores a workload: each crash with all that it may leave, as far as `bound` binary choices go.
///
/// # Errors
/// The first state that recovery cannot explain.
pub fn explore(workload: &Workload, bound: u32) -> Result<Explored, Box<Mismatch>> {
    let failed = |error: Error| {
        Box::new(wrong(
            workload.name.to_owned(),
            "set up",
            format!("{error:?}"),
        ))
    };
    // What queries answer before the first step and after each, when nothing goes wrong.
    let mut stage = set_up(workload).map_err(failed)?;
    let mut expected = vec![before_first(workload).map_err(failed)?];
    for &step in workload.steps {
        stage.step(step).map_err(failed)?;
        let answers = stage.answers(workload.questions);
        let before = expected.last().map_or(&[][..], Vec::as_slice);
        if step == Step::Reopen && !before.contains(&answers) {
            let doing = format!("{}: opening the database", workload.name);
            return Err(Box::new(wrong(
                doing,
                before.join("\n        or: "),
                answers,
            )));
        }
        expected.push(vec![answers]);
    }
    stage.end();
    let mut explored = Explored::default();
    let mut seen = BTreeSet::new();
    for stop in 1..=CALLS_MAX {
        let (done, disk) = crashed_at(workload, stop).map_err(failed)?;
        explored.crash_points += 1;
        let mut allowed: Vec<&String> = expected[done].iter().collect();
        allowed.extend(expected.get(done + 1).into_iter().flatten());
        let crash = Crash {
            workload,
            stop,
            done,
            allowed,
        };
        crash.try_all(&disk, bound, &mut seen, &mut explored)?;
        // After the last call: what was acknowledged must be there.
        if done == workload.steps.len() && !disk.is_off() {
            break;
        }
    }
    Ok(explored)
}

/// A crash, and what queries may answer after it.
struct Crash<'a> {
    workload: &'a Workload,
    /// It came before that call.
    stop: u64,
    /// Steps that were done.
    done: usize,
    allowed: Vec<&'a String>,
}

impl Crash<'_> {
    /// Recovers every state that the disk may be found in.
    fn try_all(
        &self,
        disk: &SimDisk,
        bound: u32,
        seen: &mut BTreeSet<(usize, u64)>,
        explored: &mut Explored,
    ) -> Result<(), Box<Mismatch>> {
        let choices = disk.undecided();
        let bits: f64 = choices
            .iter()
            .map(|&outcomes| (outcomes as f64).log2())
            .sum();
        let all = bits <= f64::from(bound);
        explored.bounded += u64::from(!all);
        for outcomes in outcomes_of(&choices, bound, all) {
            let found = disk.fork();
            found.settle(&outcomes);
            if !seen.insert((self.done, found.content_hash())) {
                explored.pruned += 1;
                continue;
            }
            explored.states += 1;
            judge(found, self.workload, &self.allowed).map_err(|mismatch| {
                let (name, stop, done) = (self.workload.name, self.stop, self.done);
                Box::new(Mismatch {
                    doing: format!(
                        "{name}: crashed before call {stop}, {done} steps done, outcomes {outcomes:?}: {}",
                        mismatch.doing
                    ),
                    ..mismatch
                })
            })?;
        }
        Ok(())
    }
}

/// What queries may answer before the first step is done: one answer, or two when a commit's fate is open.
fn before_first(workload: &Workload) -> Result<Vec<String>, Error> {
    let as_open = Workload {
        found: Found::Open,
        ..*workload
    };
    match workload.found {
        Found::Open => Ok(vec![set_up(workload)?.answers(workload.questions)]),
        // As if the transaction had never been.
        Found::Interrupted(_) => {
            let mut stage = set_up(&as_open)?;
            stage.run(OTHERS)?;
            Ok(vec![stage.answers(workload.questions)])
        }
        Found::SyncFailed(statements) => {
            let mut stage = set_up(&as_open)?;
            let mut answers = Vec::new();
            for sql in statements {
                answers = vec![stage.answers(workload.questions)];
                stage.run(sql)?;
            }
            answers.push(stage.answers(workload.questions));
            Ok(answers)
        }
    }
}

/// Recovers a disk and asks.
fn judge(disk: SimDisk, workload: &Workload, allowed: &[&String]) -> Result<(), Mismatch> {
    let mut stage = Stage::new(disk);
    let recovered = catch_unwind(AssertUnwindSafe(|| {
        stage.open()?;
        let problems = match &stage.database {
            Some(database) => database.check()?.problems,
            None => Vec::new(),
        };
        Ok::<_, Error>((stage.answers(workload.questions), problems.join("; ")))
    }));
    let (found, problems) = match recovered {
        Ok(Ok(answers)) => answers,
        Ok(Err(error)) => (format!("{error:?}"), String::new()),
        Err(_) => ("a panic".to_owned(), String::new()),
    };
    if !problems.is_empty() {
        return Err(wrong("check()".to_owned(), "no problem", problems));
    }
    if allowed.contains(&&found) {
        return Ok(());
    }
    let expected = allowed.iter().map(|text| text.as_str());
    let expected = expected.collect::<Vec<_>>().join("\n        or: ");
    Err(wrong("recovery".to_owned(), expected, found))
}

/// Combinations of outcomes, one for each choice: all of them, or those of groups of neighbours, and each choice alone.
fn outcomes_of(choices: &[usize], bound: u32, all: bool) -> Vec<Vec<usize>> {
    if all {
        let mut combinations = vec![Vec::new()];
        for &choice in choices {
            let longer = combinations.iter().flat_map(|outcomes: &Vec<usize>| {
                (0..choice).map(move |outcome| {
                    let mut longer = outcomes.clone();
                    longer.push(outcome);
                    longer
                })
            });
            combinations = longer.collect();
        }
        return combinations;
    }
    let group = choices.len().div_ceil(bound.max(1) as usize);
    let mut combinations = Vec::new();
    for mask in 0..1u64 << choices.len().div_ceil(group) {
        let kept = |(i, &choice): (usize, &usize)| match mask >> (i / group) & 1 {
            1 => choice - 1,
            _ => 0,
        };
        combinations.push(choices.iter().enumerate().map(kept).collect());
    }
    for (at, &choice) in choices.iter().enumerate() {
        for outcome in 0..choice {
            for others_kept in [false, true] {
                let others = |&choice: &usize| if others_kept { choice - 1 } else { 0 };
                let mut outcomes: Vec<usize> = choices.iter().map(others).collect();
                outcomes[at] = outcome;
                combinations.push(outcomes);
            }
        }
    }
    combinations
}
