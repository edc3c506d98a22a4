//! A file system in memory whose temporary file fails at one call, or has one bit wrong.

use super::TEMP;
use quantadb::vfs::{File, MemoryVfs, OpenMode, Vfs};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Full,
    Broken,
    /// A write that changes a bit.
    Flip,
}

struct Shared {
    fault: Fault,
    /// Calls until then.
    left: AtomicU64,
    syncs: AtomicU64,
}

/// Where only the temporary file fails.
pub(crate) struct FaultyVfs {
    pub(crate) inner: MemoryVfs,
    shared: Arc<Shared>,
}

struct FaultyFile {
    inner: Arc<dyn File>,
    shared: Arc<Shared>,
}

impl FaultyVfs {
    /// Nothing fails before [`Self::fail_at`].
    pub(crate) fn new(fault: Fault) -> Self {
        let shared = Shared {
            fault,
            left: AtomicU64::new(u64::MAX),
            syncs: AtomicU64::new(0),
        };
        Self {
            inner: MemoryVfs::new(),
            shared: Arc::new(shared),
        }
    }

    /// The call after so many others fails.
    pub(crate) fn fail_at(&self, calls: u64) {
        self.shared.left.store(calls, Ordering::SeqCst);
    }

    /// Whether no call is going to fail any more.
    pub(crate) fn has_failed(&self) -> bool {
        self.shared.left.load(Ordering::SeqCst) == u64::MAX
    }

    /// Syncs of the temporary file.
    pub(crate) fn syncs(&self) -> u64 {
        self.shared.syncs.load(Ordering::SeqCst)
    }
}

impl Shared {
    /// Whether this call is the one; afterwards none is.
    fn is_due(&self) -> bool {
        let left = self.left.load(Ordering::SeqCst);
        if left == u64::MAX {
            return false;
        }
        self.left.store(left.wrapping_sub(1), Ordering::SeqCst);
        left == 0
    }

    fn fail(&self) -> io::Result<()> {
        if self.fault == Fault::Flip || !self.is_due() {
            return Ok(());
        }
        Err(match self.fault {
            Fault::Full => io::ErrorKind::StorageFull.into(),
            _ => io::Error::other("broken"),
        })
    }
}

fn is_temp(path: &Path) -> bool {
    path == Path::new(TEMP)
}

impl Vfs for FaultyVfs {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn File>> {
        if !is_temp(path) {
            return self.inner.open(path, mode);
        }
        self.shared.fail()?;
        Ok(Arc::new(FaultyFile {
            inner: self.inner.open(path, mode)?,
            shared: self.shared.clone(),
        }))
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        self.inner.exists(path)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        if is_temp(path) {
            self.shared.fail()?;
        }
        self.inner.remove(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.inner.rename(from, to)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.inner.sync_dir(path)
    }
}

impl File for FaultyFile {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        self.shared.fail()?;
        self.inner.read_at(buf, offset)
    }

    fn write_at(&self, buf: &[u8], offset: u64) -> io::Result<usize> {
        self.shared.fail()?;
        if self.shared.fault == Fault::Flip && self.shared.is_due() {
            let mut flipped = buf.to_vec();
            flipped[buf.len() / 3] ^= 4;
            return self.inner.write_at(&flipped, offset);
        }
        self.inner.write_at(buf, offset)
    }

    fn set_len(&self, len_bytes: u64) -> io::Result<()> {
        self.inner.set_len(len_bytes)
    }

    fn len(&self) -> io::Result<u64> {
        self.inner.len()
    }

    fn sync(&self) -> io::Result<()> {
        self.shared.syncs.fetch_add(1, Ordering::SeqCst);
        self.inner.sync()
    }

    fn lock_exclusive(&self) -> io::Result<()> {
        self.inner.lock_exclusive()
    }
}
