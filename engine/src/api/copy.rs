//! `COPY` of what the program gives and takes.
//!
//! ```
//! use quantadb::api::Database;
//!
//! let connection = Database::open_in_memory()?.connect()?;
//! connection.run("CREATE TABLE city (id INTEGER PRIMARY KEY, name TEXT)")?;
//! let rows = connection.copy_in("COPY city FROM STDIN (FORMAT csv)", "1,Oslo\n2,Bergen\n".as_bytes())?;
//! let mut text = Vec::new();
//! connection.copy_out("COPY (SELECT name FROM city ORDER BY id) TO STDOUT", &mut text)?;
//! assert_eq!((rows, text.as_slice()), (2, b"Oslo\nBergen\n".as_slice()));
//! # Ok::<(), quantadb::Error>(())
//! ```

use crate::api::connection::Connection;
use crate::api::plans::Job;
use crate::api::transaction::Transaction;
use crate::error::{Error, ErrorKind, Result};
use crate::exec::{Reading, Writing};
use crate::sql::{Parsed, ParsedKind, parse_one};
use crate::types::Value;
use std::cell::RefCell;
use std::io::{Read, Write};

/// What a statement wants of the program that runs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CopyData {
    /// `COPY … FROM STDIN`: see [`Connection::copy_in`].
    Input,
    /// `COPY … TO STDOUT`: see [`Connection::copy_out`].
    Output,
}

/// What a statement is run with.
#[derive(Clone, Copy)]
pub(super) struct Given<'a> {
    pub(super) parameters: &'a [Value],
    /// What `COPY FROM STDIN` reads.
    pub(super) input: Option<&'a dyn Reading>,
    /// What `COPY TO STDOUT` writes.
    pub(super) output: Option<&'a dyn Writing>,
}

impl<'a> Given<'a> {
    /// With parameters alone.
    pub(super) fn only(parameters: &'a [Value]) -> Self {
        Self {
            parameters,
            input: None,
            output: None,
        }
    }

    /// Whether the statement can be run again: what was read is gone, and what was written is there.
    pub(super) fn can_repeat(&self) -> bool {
        self.input.is_none() && self.output.is_none()
    }
}

impl CopyData {
    /// What the statement `sql` wants; `None` for any other statement, and for what is none.
    pub fn wanted(sql: &str) -> Option<Self> {
        Self::wanted_by(&parse_one(sql).ok()?)
    }

    fn wanted_by(parsed: &Parsed) -> Option<Self> {
        match &parsed.kind {
            ParsedKind::Copy(copy) if copy.file.is_some() => None,
            ParsedKind::Copy(copy) if copy.is_from => Some(Self::Input),
            ParsedKind::Copy(_) => Some(Self::Output),
            _ => None,
        }
    }
}

impl Connection {
    /// Runs `COPY … FROM STDIN`, whose data are what `input` gives up to its end; returns how many rows were added: all or
    /// none. It holds one batch of rows, or one line if that is longer. As what was read is gone, it is not tried again
    /// when it loses to another transaction (`40001`). Errors: `22P04` for what is not in the format, `22021` for what is no
    /// UTF-8, those of reading values and of constraints, each with table and line; `58030` for `input`; `08P01` for
    /// another statement.
    pub fn copy_in(&self, sql: &str, input: impl Read) -> Result<u64> {
        let input = RefCell::new(input);
        let given = Given {
            parameters: &[],
            input: Some(&input),
            output: None,
        };
        self.copy(sql, CopyData::Input, given)
    }

    /// Runs `COPY … TO STDOUT` and writes its lines to `output`; returns how many rows there were. It holds no more than a
    /// batch of them. When it fails, some of them may be written. Errors: those of the query, `58030` for `output`,
    /// `08P01` for another statement.
    pub fn copy_out(&self, sql: &str, output: impl Write) -> Result<u64> {
        let output = RefCell::new(output);
        let given = Given {
            parameters: &[],
            input: None,
            output: Some(&output),
        };
        self.copy(sql, CopyData::Output, given)
    }

    fn copy(&self, sql: &str, data: CopyData, given: Given<'_>) -> Result<u64> {
        let mut session = self.session.borrow_mut();
        let parsed = session.parsed(sql)?;
        if CopyData::wanted_by(&parsed) != Some(data) {
            let form = match data {
                CopyData::Input => "COPY … FROM STDIN",
                CopyData::Output => "COPY … TO STDOUT",
            };
            let message = format!("the statement is not {form}");
            return Err(Error::new(ErrorKind::Misuse, "08P01", message));
        }
        Ok(session.run(&mut Job::new(&parsed, None, given))?.count)
    }
}

impl Transaction<'_> {
    /// See [`Connection::copy_in`].
    pub fn copy_in(&self, sql: &str, input: impl Read) -> Result<u64> {
        self.connection.copy_in(sql, input)
    }

    /// See [`Connection::copy_out`].
    pub fn copy_out(&self, sql: &str, output: impl Write) -> Result<u64> {
        self.connection.copy_out(sql, output)
    }
}
