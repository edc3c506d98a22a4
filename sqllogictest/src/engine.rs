//! What a script runs over: a database of its own, and sessions with it.

use crate::column::ColumnKind;
use crate::table::Table;
use std::fmt;

/// A database that a script has for itself; gone when it is dropped.
pub(crate) trait ScriptDatabase: Send + Sync {
    /// The labels that stand for the engine in `onlyif` and `skipif`.
    fn labels(&self) -> &'static [&'static str];

    /// A new session. Errors: that it cannot be had.
    fn connect(&self) -> Result<Box<dyn Session>, EngineError>;

    /// Which of these sessions wait for another session; nothing if the sessions say so themselves, through the
    /// scheduler of their thread (see `quantadb::sync`). Errors: that it cannot be found out.
    fn waiting(&self, sessions: &[SessionId]) -> Option<Result<Vec<bool>, EngineError>>;

    /// Ends a session from outside, whatever it does.
    fn terminate(&self, session: SessionId);
}

/// What the engine calls a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SessionId(pub(crate) i32);

/// One session with a database.
pub(crate) trait Session: Send {
    /// What the engine calls it.
    fn id(&self) -> SessionId;

    /// Runs one record's text. `kinds` are the types of the columns that it asks for; nothing for a statement.
    fn run(&mut self, sql: &str, kinds: Option<&[ColumnKind]>) -> Answer;
}

/// What a session answered to a record.
pub(crate) type Answer = Result<Reply, EngineError>;

/// What a record gave.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// The statement is done, and has changed so many rows.
    Done(u64),
    Rows(Table),
}

/// An error of an engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EngineError {
    /// Its SQLSTATE; nothing for what happened outside of SQL.
    pub(crate) sqlstate: Option<String>,
    /// What it says.
    pub(crate) message: String,
}

impl EngineError {
    /// An error without an SQLSTATE.
    pub(crate) fn outside(message: impl ToString) -> Self {
        Self {
            sqlstate: None,
            message: message.to_string(),
        }
    }
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for EngineError {}

impl From<quantadb::Error> for EngineError {
    fn from(error: quantadb::Error) -> Self {
        Self {
            sqlstate: Some(error.sqlstate().to_owned()),
            message: error.to_string(),
        }
    }
}
