//! The bytes of a `COPY FROM`.

use super::io::{CopyIo, Reading, nobody, not_opened};
use crate::error::{Error, Result};
use crate::vfs::{File, OpenMode};
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

/// Bytes that are read at once.
const BUFFER_BYTES: usize = 64 << 10;

/// A buffer over what is read.
pub(super) struct Input<'a> {
    source: Source<'a>,
    buffer: Vec<u8>,
    next: usize,
    filled: usize,
}

enum Source<'a> {
    Given(&'a dyn Reading),
    File {
        file: Arc<dyn File>,
        offset: u64,
        name: String,
    },
}

impl<'a> Input<'a> {
    /// The bytes of `file`, or of what the caller gives. Errors: `58P01`, `42501`, `58030` for the file, `08P01` when the
    /// caller gives nothing.
    pub(super) fn open(io: CopyIo<'a>, file: Option<&str>) -> Result<Self> {
        let source = match (file, io.input) {
            (Some(name), _) => {
                let opened = io.vfs.open(Path::new(name), OpenMode::ReadOnly);
                Source::File {
                    file: opened.map_err(|e| not_opened(name, "reading", e))?,
                    offset: 0,
                    name: name.to_owned(),
                }
            }
            (None, Some(given)) => Source::Given(given),
            (None, None) => return Err(nobody("FROM STDIN")),
        };
        Ok(Self {
            source,
            buffer: vec![0; BUFFER_BYTES],
            next: 0,
            filled: 0,
        })
    }

    /// The byte `ahead` bytes behind the next one; `None` behind the end.
    pub(super) fn peek(&mut self, ahead: usize) -> Result<Option<u8>> {
        while self.next + ahead >= self.filled {
            self.buffer.copy_within(self.next..self.filled, 0);
            self.filled -= self.next;
            self.next = 0;
            let read = self.source.read(&mut self.buffer[self.filled..])?;
            if read == 0 {
                return Ok(None);
            }
            self.filled += read;
        }
        Ok(Some(self.buffer[self.next + ahead]))
    }

    /// The next byte; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<u8>> {
        let byte = self.peek(0)?;
        self.next += usize::from(byte.is_some());
        Ok(byte)
    }
}

impl Source<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        loop {
            let read = match self {
                Self::Given(given) => given.read(buffer),
                Self::File { file, offset, .. } => {
                    let read = file.read_at(buffer, *offset);
                    *offset += read.as_ref().map_or(0, |n| *n as u64);
                    read
                }
            };
            match (read, &*self) {
                (Ok(read), _) => return Ok(read),
                (Err(error), _) if error.kind() == ErrorKind::Interrupted => {}
                (Err(error), Self::Given(_)) => return Err(Error::io("reading for COPY", error)),
                (Err(error), Self::File { name, .. }) => {
                    let doing = format!("could not read from COPY file \"{name}\"");
                    return Err(Error::io(doing, error));
                }
            }
        }
    }
}
