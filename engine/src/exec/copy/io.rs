//! What a `COPY` is given to read and to write, and what goes wrong with it.

use crate::error::{Error, ErrorKind};
use crate::types::data_error;
use crate::vfs::Vfs;
use std::cell::RefCell;
use std::io::{self, Read, Write};

/// What the outside world gives to a `COPY`.
#[derive(Clone, Copy)]
pub(crate) struct CopyIo<'a> {
    /// Where files are.
    pub(crate) vfs: &'a dyn Vfs,
    /// What the caller gives for `STDIN`.
    pub(crate) input: Option<&'a dyn Reading>,
    /// What the caller takes of `STDOUT`.
    pub(crate) output: Option<&'a dyn Writing>,
}

/// A reader that is shared by those who run a statement, of whom one reads.
pub(crate) trait Reading {
    /// See [`Read::read`].
    fn read(&self, buffer: &mut [u8]) -> io::Result<usize>;
}

impl<R: Read> Reading for RefCell<R> {
    fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.borrow_mut().read(buffer)
    }
}

/// A writer that is shared by those who run a statement, of whom one writes.
pub(crate) trait Writing {
    /// See [`Write::write_all`].
    fn write_all(&self, bytes: &[u8]) -> io::Result<()>;
    /// See [`Write::flush`].
    fn flush(&self) -> io::Result<()>;
}

impl<W: Write> Writing for RefCell<W> {
    fn write_all(&self, bytes: &[u8]) -> io::Result<()> {
        self.borrow_mut().write_all(bytes)
    }

    fn flush(&self) -> io::Result<()> {
        self.borrow_mut().flush()
    }
}

impl std::fmt::Debug for CopyIo<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CopyIo")
            .field("input", &self.input.is_some())
            .field("output", &self.output.is_some())
            .finish_non_exhaustive()
    }
}

/// The error of something that is no `COPY` in the format.
pub(super) fn bad_file(message: impl Into<String>) -> Error {
    data_error("22P04", message)
}

/// The error of a file that cannot be opened, by PostgreSQL's SQLSTATEs.
pub(super) fn not_opened(path: &str, purpose: &str, source: std::io::Error) -> Error {
    let message = format!("could not open file \"{path}\" for {purpose}: {source}");
    match source.kind() {
        std::io::ErrorKind::NotFound => Error::new(ErrorKind::Misuse, "58P01", message),
        std::io::ErrorKind::PermissionDenied => Error::new(ErrorKind::Misuse, "42501", message),
        _ => Error::io(
            format!("could not open file \"{path}\" for {purpose}"),
            source,
        ),
    }
}

/// The error of a `COPY` of `STDIN` or `STDOUT` that was run without something to read or write.
pub(super) fn nobody(what: &str) -> Error {
    let message = format!("COPY {what} has its data from the functions for it, not from this one");
    Error::new(ErrorKind::Misuse, "08P01", message)
}
