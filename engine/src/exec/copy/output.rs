//! Where the bytes of a `COPY TO` go.

use super::io::{CopyIo, Writing, nobody, not_opened};
use crate::error::{Error, Result};
use crate::vfs::{File, OpenMode, Vfs, write_all_at};
use std::path::Path;
use std::sync::Arc;

/// Bytes that are kept before they are written.
const BUFFER_BYTES: usize = 64 << 10;

/// A buffer before what is written.
pub(super) struct Output<'a> {
    target: Target<'a>,
    pub(super) buffer: Vec<u8>,
}

enum Target<'a> {
    Given(&'a dyn Writing),
    File {
        vfs: &'a dyn Vfs,
        file: Arc<dyn File>,
        offset: u64,
        name: &'a str,
    },
}

impl<'a> Output<'a> {
    /// To `file`, which is emptied or made, or to the caller. Errors: `58P01`, `42501`, `58030` for the file, `08P01` when
    /// the caller takes nothing.
    pub(super) fn open(io: CopyIo<'a>, file: Option<&'a str>) -> Result<Self> {
        let target = match (file, io.output) {
            (Some(name), _) => {
                let opened = io.vfs.open(Path::new(name), OpenMode::OpenOrCreate);
                let file = opened.map_err(|e| not_opened(name, "writing", e))?;
                file.set_len(0).map_err(|e| failed(name, e))?;
                Target::File {
                    vfs: io.vfs,
                    file,
                    offset: 0,
                    name,
                }
            }
            (None, Some(given)) => Target::Given(given),
            (None, None) => return Err(nobody("TO STDOUT")),
        };
        Ok(Self {
            target,
            buffer: Vec::new(),
        })
    }

    /// Writes what was gathered if it is much. Errors: `58030`, `53100`.
    pub(super) fn flush_full(&mut self) -> Result<()> {
        match self.buffer.len() < BUFFER_BYTES {
            true => Ok(()),
            false => self.flush(),
        }
    }

    fn flush(&mut self) -> Result<()> {
        match &mut self.target {
            Target::Given(given) => {
                let written = given.write_all(&self.buffer);
                written.map_err(|e| Error::io("writing for COPY", e))?;
            }
            Target::File {
                file, offset, name, ..
            } => {
                write_all_at(&**file, &self.buffer, *offset).map_err(|e| failed(name, e))?;
                *offset += self.buffer.len() as u64;
            }
        }
        self.buffer.clear();
        Ok(())
    }

    /// Writes the rest; a file is durable then. Errors: `58030`, `53100`.
    pub(super) fn finish(mut self) -> Result<()> {
        self.flush()?;
        match &self.target {
            Target::Given(given) => {
                let flushed = given.flush();
                flushed.map_err(|e| Error::io("writing for COPY", e))
            }
            Target::File {
                vfs, file, name, ..
            } => {
                let synced = file.sync().and_then(|()| vfs.sync_dir(Path::new(name)));
                synced.map_err(|e| failed(name, e))
            }
        }
    }
}

fn failed(name: &str, source: std::io::Error) -> Error {
    Error::io(format!("could not write to COPY file \"{name}\""), source)
}
