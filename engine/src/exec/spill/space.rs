//! The file for spilled rows, shared by the sessions of a database: its life, and which blocks are free.

use crate::error::{Error, ErrorKind, Result};
use crate::sync::Mutex;
use crate::vfs::{File, OpenMode, Vfs};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What spilled since the database was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TempStats {
    /// Runs begun: sorted ones, partitions, and their results.
    pub runs: u64,
    /// Bytes written.
    pub bytes_written: u64,
    /// Bytes of the blocks that are in use now.
    pub bytes_held: u64,
}

/// The temporary file of a database.
pub(crate) struct TempSpace {
    vfs: Arc<dyn Vfs>,
    path: PathBuf,
    state: Mutex<State>,
    runs: AtomicU64,
    blocks_written: AtomicU64,
}

#[derive(Default)]
struct State {
    /// While blocks are in use.
    file: Option<Arc<dyn File>>,
    /// Blocks below `end` that nobody uses.
    free: BTreeSet<u32>,
    end: u32,
}

impl std::fmt::Debug for TempSpace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TempSpace")
            .field("path", &self.path)
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

impl TempSpace {
    /// The file system that it is on, which is the database's.
    pub(crate) fn vfs(&self) -> &dyn Vfs {
        &*self.vfs
    }

    /// Beside the database at `database`, which the caller has locked. Removes what a crash has left. Errors: `58030`.
    pub(crate) fn open(vfs: Arc<dyn Vfs>, database: &Path) -> Result<Self> {
        let mut name = database.as_os_str().to_owned();
        name.push("-tmp");
        let space = Self {
            vfs,
            path: name.into(),
            state: Mutex::new(State::default()),
            runs: AtomicU64::new(0),
            blocks_written: AtomicU64::new(0),
        };
        let left = space.vfs.exists(&space.path);
        if left.map_err(|e| space.failed("looking for", e))? {
            let removed = space.vfs.remove(&space.path);
            removed.map_err(|e| space.failed("removing", e))?;
        }
        Ok(space)
    }

    /// What a failed call was for.
    pub(super) fn failed(&self, doing: &str, error: std::io::Error) -> Error {
        Error::io(
            format_args!("{doing} temporary file {}", self.path.display()),
            error,
        )
    }

    /// The number of a new run.
    pub(super) fn begin_run(&self) -> u64 {
        self.runs.fetch_add(1, Ordering::Relaxed)
    }

    /// A block was written.
    pub(super) fn count_block(&self) {
        self.blocks_written.fetch_add(1, Ordering::Relaxed);
    }

    /// A block that nobody uses, and the file that it is in. Errors: `58030`, `53100`; `54000` after 4294967295 blocks.
    pub(super) fn allocate(&self) -> Result<(u32, Arc<dyn File>)> {
        let mut state = self.state.lock();
        let file = match &state.file {
            Some(file) => file.clone(),
            None => {
                let opened = self.vfs.open(&self.path, OpenMode::OpenOrCreate);
                let file = opened.map_err(|e| self.failed("creating", e))?;
                state.file = Some(file.clone());
                file
            }
        };
        let block = match state.free.pop_first() {
            Some(block) => block,
            None if state.end < u32::MAX => {
                state.end += 1;
                state.end - 1
            }
            None => {
                let message = "the temporary file has as many blocks as it can have";
                return Err(Error::new(ErrorKind::Limit, "54000", message));
            }
        };
        Ok((block, file))
    }

    /// Gives blocks back (EXEC-12). With the last of them goes the file; if it cannot be removed, the next one does it, or
    /// the next to open the database.
    pub(super) fn release(&self, blocks: &[u32]) {
        let mut state = self.state.lock();
        for block in blocks {
            let was_used = *block < state.end && state.free.insert(*block);
            assert!(was_used, "EXEC-12: a block that is given back was in use");
        }
        if state.free.len() as u64 == u64::from(state.end) {
            let used = std::mem::take(&mut *state);
            if used.file.is_some() {
                drop(used);
                drop(self.vfs.remove(&self.path));
            }
        }
    }

    /// Counters.
    pub(crate) fn stats(&self) -> TempStats {
        let block_bytes = super::temp::BLOCK_BYTES as u64;
        let state = self.state.lock();
        TempStats {
            runs: self.runs.load(Ordering::Relaxed),
            bytes_written: self.blocks_written.load(Ordering::Relaxed) * block_bytes,
            bytes_held: (u64::from(state.end) - state.free.len() as u64) * block_bytes,
        }
    }
}
