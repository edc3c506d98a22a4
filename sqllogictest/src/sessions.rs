//! The sessions of one script, and which of them wait.
//!
//! A script of one session runs it where it is. The sessions of others each have a thread (`seat`), of which one runs
//! at a time. After each record all that wait get their turn, in the order in which they began to, until none can go on:
//! so what a script sees does not depend on how fast the machine is.

use crate::column::ColumnKind;
use crate::engine::{Answer, EngineError, ScriptDatabase, Session, SessionId};
use crate::seat::{Order, Seat, Turn, panic_message};
use quantadb::env::{Env, OsEnv};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

/// A session's name in the script; nothing for the default one.
pub(crate) type Name = Option<String>;

/// How long a record may take that should not wait, and sessions until it is clear which of them do.
const PATIENCE_MICROS: u64 = 20_000_000;
/// Between two looks at a session that does not say itself what it does.
const POLL: Duration = Duration::from_millis(5);
/// Looks in a row at which all wait, after which they do: sessions that say so themselves.
const CALM_LOOKS_TOLD: u32 = 2;
/// The same for sessions that are looked at from outside: longer than the time after which their engine looks for a
/// deadlock, so that who closes one is who finds it.
const CALM_LOOKS_POLLED: u32 = 14;

/// What a session did with a record.
pub(crate) enum Ran {
    /// It answered.
    Done(Answer),
    /// It panicked, and the script cannot go on.
    Panicked(String),
    /// It still runs, or waits, although it should not.
    Hangs,
}

/// The sessions of one script.
pub(crate) struct Sessions<'d> {
    database: &'d dyn ScriptDatabase,
    /// The default session of a script that has no other.
    alone: Option<Box<dyn Session>>,
    is_alone: bool,
    seats: BTreeMap<Name, Seat>,
    /// Those that wait, the first to begin first.
    waiting: Vec<Name>,
}

impl<'d> Sessions<'d> {
    /// Sessions with `database`; `is_alone`: there is only the default one, and it never waits.
    pub(crate) fn new(database: &'d dyn ScriptDatabase, is_alone: bool) -> Self {
        Self {
            database,
            alone: None,
            is_alone,
            seats: BTreeMap::new(),
            waiting: Vec::new(),
        }
    }

    /// Whether this session waits for another.
    pub(crate) fn is_waiting(&self, name: &Name) -> bool {
        self.waiting.contains(name)
    }

    /// Runs a record that should not wait. Errors: that there is no such session to be had.
    pub(crate) fn run(
        &mut self,
        name: &Name,
        sql: &str,
        kinds: Option<Vec<ColumnKind>>,
    ) -> Result<Ran, EngineError> {
        if self.is_alone {
            return self.run_alone(sql, kinds.as_deref());
        }
        let seat = self.order(name, sql, kinds)?;
        let start = OsEnv.monotonic_micros();
        loop {
            match seat.turn(Duration::from_micros(PATIENCE_MICROS)) {
                Turn::Done(answer) => return Ok(Ran::Done(answer)),
                Turn::Panicked(message) => return Ok(Ran::Panicked(message)),
                // It may have set a limit to its waiting: it is let wait.
                Turn::Waits if OsEnv.monotonic_micros() - start < PATIENCE_MICROS => {
                    std::thread::yield_now();
                }
                Turn::Waits | Turn::Runs => break,
            }
        }
        self.waiting.push(name.clone());
        Ok(Ran::Hangs)
    }

    fn run_alone(&mut self, sql: &str, kinds: Option<&[ColumnKind]>) -> Result<Ran, EngineError> {
        let mut session = match self.alone.take() {
            Some(session) => session,
            None => self.database.connect()?,
        };
        match catch_unwind(AssertUnwindSafe(|| session.run(sql, kinds))) {
            Ok(answer) => {
                self.alone = Some(session);
                Ok(Ran::Done(answer))
            }
            Err(payload) => {
                // What the panic left of it is not to be trusted, not even to be dropped.
                std::mem::forget(session);
                Ok(Ran::Panicked(panic_message(&*payload).to_owned()))
            }
        }
    }

    /// Has a session begin a record that should wait; [`Self::settle`] tells whether it does. Errors: as [`Self::run`].
    pub(crate) fn begin(
        &mut self,
        name: &Name,
        sql: &str,
        kinds: Option<Vec<ColumnKind>>,
    ) -> Result<(), EngineError> {
        self.order(name, sql, kinds)?;
        self.waiting.push(name.clone());
        Ok(())
    }

    fn order(
        &mut self,
        name: &Name,
        sql: &str,
        kinds: Option<Vec<ColumnKind>>,
    ) -> Result<&Seat, EngineError> {
        if !self.seats.contains_key(name) {
            let seat = Seat::new(self.database.connect()?)?;
            self.seats.insert(name.clone(), seat);
        }
        let seat = &self.seats[name];
        let sql = sql.to_owned();
        seat.order(Order { sql, kinds });
        Ok(seat)
    }

    /// Lets all that wait go on as far as they can; returns those that are done. Errors: that one neither waits nor gets
    /// done, or that the engine cannot be asked.
    pub(crate) fn settle(&mut self) -> Result<Vec<(Name, Ran)>, EngineError> {
        let start = OsEnv.monotonic_micros();
        let mut finished = Vec::new();
        let mut calm_looks = 0;
        while !self.waiting.is_empty() {
            let (done, calm_looks_needed) = self.look()?;
            calm_looks = match done {
                Look::AllWait => calm_looks + 1,
                Look::SomeRun => 0,
                Look::Finished(done) => {
                    finished.extend(done);
                    0
                }
            };
            if calm_looks >= calm_looks_needed {
                break;
            }
            if OsEnv.monotonic_micros() - start > PATIENCE_MICROS {
                let message = "a session neither waits for another one nor gets done";
                return Err(EngineError::outside(message));
            }
        }
        Ok(finished)
    }

    /// Gives each session that waits one turn. Also returns how many looks in a row must find that all wait.
    fn look(&mut self) -> Result<(Look, u32), EngineError> {
        let ids: Vec<SessionId> = self.waiting.iter().map(|n| self.seats[n].id()).collect();
        let polled = self.database.waiting(&ids).transpose()?;
        let (limit, calm_looks) = match polled {
            Some(_) => (POLL, CALM_LOOKS_POLLED),
            None => (Duration::from_micros(PATIENCE_MICROS), CALM_LOOKS_TOLD),
        };
        let mut finished = Vec::new();
        let mut some_run = polled.is_some_and(|polled| polled.contains(&false));
        for name in std::mem::take(&mut self.waiting) {
            match self.seats[&name].turn(limit) {
                Turn::Done(answer) => finished.push((name, Ran::Done(answer))),
                Turn::Panicked(message) => finished.push((name, Ran::Panicked(message))),
                Turn::Waits => self.waiting.push(name),
                Turn::Runs => {
                    // One that is asked from outside runs as far as is seen here.
                    some_run |= calm_looks == CALM_LOOKS_TOLD;
                    self.waiting.push(name);
                }
            }
        }
        let look = match (finished.is_empty(), some_run) {
            (false, _) => Look::Finished(finished),
            (true, true) => Look::SomeRun,
            (true, false) => Look::AllWait,
        };
        Ok((look, calm_looks))
    }
}

/// What a look at all that wait found.
enum Look {
    AllWait,
    SomeRun,
    Finished(Vec<(Name, Ran)>),
}

impl Drop for Sessions<'_> {
    /// Ends first those that wait for nobody, which lets the others go; what still waits is ended from outside.
    fn drop(&mut self) {
        let waiting = std::mem::take(&mut self.waiting);
        self.seats.retain(|name, _| waiting.contains(name));
        self.waiting = waiting;
        // If nobody can be asked, they are ended all the same.
        let _ = self.settle();
        for name in &self.waiting {
            self.database.terminate(self.seats[name].id());
        }
    }
}
