//! Sessions in threads whose queries spill at the same time: they share the temporary file, and what they may hold.
//!
//! Each has a `work_mem` that is mostly nothing, and perhaps a `temp_file_limit`. The rows stay as they are meanwhile, but
//! for changes that are rolled back. So every answer is known; a query may fail for want of space on disk where there is a
//! limit, and of the disk; and in the end nobody holds anything.

use super::queries::{compared, wrong};
use crate::baton::take_turns;
use crate::lockstep::{Mismatch, is_fault};
use crate::reference::{Change, Question, Tables};
use quantadb::api::{Connection, Database};
use quantadb::{Error, ErrorKind};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Questions of a session.
const QUESTIONS_MAX: u32 = 4;
/// Rows that a change adds at most.
const ROWS_MAX: usize = 30;
/// Limits of a session's temporary blocks, in kilobytes.
const LIMITS_KB: [Option<u32>; 4] = [None, None, Some(16), Some(200)];

/// What sessions did.
#[derive(Default)]
pub(super) struct Done {
    pub(super) answered: u64,
    pub(super) refused: u64,
    /// Rows compared.
    pub(super) rows: u64,
    pub(super) fault: Option<Error>,
}

/// One session while it has a thread.
struct Session<'a> {
    database: &'a Database,
    tables: &'a Tables,
    keys: u32,
    rng: ChaCha8Rng,
    done: Done,
}

impl Session<'_> {
    fn run(mut self) -> Result<Done, Mismatch> {
        let limit_kb = LIMITS_KB[self.rng.random_range(0..LIMITS_KB.len())];
        let ended = match self.connect(limit_kb) {
            Ok(connection) => self.ask(&connection, limit_kb.is_some())?,
            Err(error) if is_fault(&error) => Err(error),
            Err(error) => return Err(wrong("a new session".to_owned(), "done", error)),
        };
        if let Err(error) = ended {
            self.done.fault = Some(error);
        }
        Ok(self.done)
    }

    fn connect(&mut self, limit_kb: Option<u32>) -> Result<Connection, Error> {
        let connection = self.database.connect()?;
        if self.rng.random_bool(0.2) {
            connection.run("SET work_mem = '100MB'")?;
        }
        if let Some(limit_kb) = limit_kb {
            connection.run(&format!("SET temp_file_limit = {limit_kb}"))?;
        }
        Ok(connection)
    }

    /// `Err` within `Ok`: the disk failed, and the session cannot go on.
    fn ask(
        &mut self,
        connection: &Connection,
        is_limited: bool,
    ) -> Result<Result<(), Error>, Mismatch> {
        let is_full = |e: &Error| e.sqlstate() == "53400" && is_limited;
        for _ in 0..self.rng.random_range(1..=QUESTIONS_MAX) {
            if self.rng.random_bool(0.2)
                && let Err(error) = self.change_in_vain(connection)
            {
                return Ok(Err(error));
            }
            let question = Question::draw(self.keys, &mut self.rng);
            let may_be = |e: &Error| is_fault(e) || is_full(e);
            match compared(connection, &question, self.tables, may_be)? {
                Ok(rows) => {
                    self.done.answered += 1;
                    self.done.rows += rows;
                }
                Err(error) if is_full(&error) => self.done.refused += 1,
                Err(error) if error.kind() == ErrorKind::Stopped => return Ok(Err(error)),
                Err(error) => self.done.fault = Some(error),
            }
        }
        Ok(Ok(()))
    }

    /// A change that nobody sees. That it fails is of no interest, but where the disk does.
    fn change_in_vain(&mut self, connection: &Connection) -> Result<(), Error> {
        let change = Change::draw(self.keys, ROWS_MAX, &mut self.rng);
        let changed = connection.run(&format!("BEGIN; {}", change.sql()));
        let ended = connection.run("ROLLBACK");
        match (changed, ended) {
            (Err(error), _) | (_, Err(error)) if is_fault(&error) => Err(error),
            _ => Ok(()),
        }
    }
}

/// Lets so many sessions ask about these tables, with so many keys.
pub(super) fn ask(
    database: &Database,
    tables: &Tables,
    (sessions, keys): (usize, u32),
    rng: &mut ChaCha8Rng,
) -> Result<Done, Mismatch> {
    let chance = [0.02, 0.2, 0.6][rng.random_range(0..3)];
    let schedule = ChaCha8Rng::seed_from_u64(rng.random());
    let sessions = (0..sessions).map(|_| Session {
        database,
        tables,
        keys,
        rng: ChaCha8Rng::seed_from_u64(rng.random()),
        done: Done::default(),
    });
    let runs = sessions.map(|session| || session.run()).collect();
    let mut all = Done::default();
    for done in take_turns(runs, chance, schedule) {
        let done = done?;
        all.answered += done.answered;
        all.refused += done.refused;
        all.rows += done.rows;
        all.fault = all.fault.or(done.fault);
    }
    match database.temp_stats().bytes_held {
        0 => Ok(all),
        held => {
            let doing = "bytes of the temporary file in use when all statements have ended";
            Err(wrong(doing.to_owned(), 0, held))
        }
    }
}
