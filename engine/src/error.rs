//! The one error type of the engine: a kind, a PostgreSQL SQLSTATE, a message a person can act on, a source.

use std::fmt;

/// The result of every fallible call of the engine.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, in the coarsest terms that a program would branch on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The SQL text, its names or its types are wrong. Nothing was changed.
    Sql,
    /// The SQL is right in PostgreSQL but not supported here (SQLSTATE `0A000`). Nothing was changed.
    Unsupported,
    /// A value does not fit: overflow, division by zero, malformed text (SQLSTATE class 22).
    Data,
    /// A constraint would be broken (SQLSTATE class 23). The statement left nothing behind.
    Constraint,
    /// Another transaction was in the way (`40001`, `40P01`, `55P03`): rolling back and trying again can help.
    Conflict,
    /// The statement was stopped: from outside, or because its time was up (`57014`).
    Canceled,
    /// A limit was reached: memory, disk space, depth, length (SQLSTATE classes 53 and 54).
    Limit,
    /// The operating system or the disk failed a call (SQLSTATE `58030`).
    Io,
    /// The file is not a database, is damaged, or is of a format this build does not know.
    Corrupt,
    /// The database stopped taking writes after a disk failure whose effect is unknown; open it again to recover.
    Stopped,
    /// The interface was used in a way its documentation forbids.
    Misuse,
}

/// An error of QuantaDB.
///
/// `Display` gives one line that says what happened and where; [`Error::sqlstate`] gives the five-character code
/// that PostgreSQL 15 would give.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    sqlstate: &'static str,
    message: String,
    position: Option<(u64, u64)>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error of `kind` with the given SQLSTATE and message.
    pub fn new(kind: ErrorKind, sqlstate: &'static str, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            sqlstate,
            message: message.into(),
            position: None,
            source: None,
        }))
    }

    /// An unsupported construct, by its name: SQLSTATE `0A000`.
    pub fn unsupported(what: impl fmt::Display) -> Self {
        Self::new(
            ErrorKind::Unsupported,
            "0A000",
            format!("{what} is not supported"),
        )
    }

    /// A failed I/O call: `doing` says what was being done, with the file's name. A full disk becomes
    /// [`ErrorKind::Limit`] with SQLSTATE `53100`; anything else [`ErrorKind::Io`] with `58030`.
    pub fn io(doing: impl fmt::Display, source: std::io::Error) -> Self {
        let full = matches!(
            source.kind(),
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded
        );
        let (kind, state) = if full {
            (ErrorKind::Limit, "53100")
        } else {
            (ErrorKind::Io, "58030")
        };
        let mut error = Self::new(kind, state, format!("{doing}: {source}"));
        error.0.source = Some(Box::new(source));
        error
    }

    /// Damaged or foreign data in a file: SQLSTATE `XX001`.
    pub fn corrupt(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Corrupt, "XX001", message)
    }

    /// A use of the interface that its documentation forbids: SQLSTATE `55000`.
    pub fn misuse(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Misuse, "55000", message)
    }

    /// The same error with a position in the SQL text (both counted from 1).
    #[must_use]
    pub fn at(mut self, line: u64, column: u64) -> Self {
        self.0.position.get_or_insert((line, column));
        self
    }

    /// The same error with `context` put before its message.
    #[must_use]
    pub fn context(mut self, context: impl fmt::Display) -> Self {
        self.0.message = format!("{context}: {}", self.0.message);
        self
    }

    /// What went wrong, coarsely.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The five-character SQLSTATE, as PostgreSQL 15 would give.
    pub fn sqlstate(&self) -> &'static str {
        self.0.sqlstate
    }

    /// The message without SQLSTATE and position.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Line and column in the SQL text, counted from 1, where known.
    pub fn position(&self) -> Option<(u64, u64)> {
        self.0.position
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        if let Some((line, column)) = self.0.position {
            write!(f, " (line {line}, column {column})")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}: {self}", self.0.kind, self.0.sqlstate)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_ref().map(|s| s.as_ref() as _)
    }
}
