//! Floor 0: every byte that the engine reads or writes passes through [`Vfs`] and [`File`].
//!
//! The disk contract, which is all that the engine may believe:
//!
//! - A write is volatile until a later [`File::sync`] of that file returns `Ok`. At a crash each 512-byte sector of
//!   each write not yet synced is independently old or new; nothing is ordered but by `sync`.
//! - Creating, renaming and removing are volatile until [`Vfs::sync_dir`] of the directory; growth of a file until
//!   `sync` of the file.
//! - A failed `sync` may have dropped the data it held, and may succeed next time.
//! - Any call may fail, and a transfer may be short.
//!
//! ```text
//!   engine ──▶ dyn Vfs ──▶ OsVfs      the operating system
//!                      ──▶ MemoryVfs  a database that lives in memory
//!                      ──▶ SimDisk    (package quantadb-sim) sectors that a crash loses
//! ```
//!
//! No method has a default body: a disk that forgets one does not compile.

mod memory;
mod os;

pub use memory::MemoryVfs;
pub use os::OsVfs;

use std::io;
use std::path::Path;
use std::sync::Arc;

/// The unit that a disk writes whole or not at all, in bytes.
pub const SECTOR_BYTES: usize = 512;

/// How to open a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenMode {
    /// An existing file, read and write; `NotFound` when there is none.
    Existing,
    /// An existing file, to read only; `NotFound` when there is none.
    ReadOnly,
    /// A new file, read and write; `AlreadyExists` when there is one.
    CreateNew,
    /// An existing file or a new empty one, read and write.
    OpenOrCreate,
}

/// A file system. Errors are the operating system's `io::Error`; callers add what they were doing and the path.
pub trait Vfs: Send + Sync + 'static {
    /// Opens or creates `path`.
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn File>>;
    /// Whether `path` exists.
    fn exists(&self, path: &Path) -> io::Result<bool>;
    /// Removes the file at `path`; durable once its directory is synced.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Renames `from` to `to`, replacing it; durable once the directory is synced.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Makes the entries of the directory that contains `path` durable.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;
}

#[allow(clippy::len_without_is_empty)] // whether a file is empty is nobody's question
/// An open file. Closing (dropping) syncs nothing. Offsets and lengths are in bytes.
pub trait File: Send + Sync {
    /// Reads up to `buf.len()` bytes at `offset`; fewer at the end of the file or on a short transfer, 0 at the end.
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize>;
    /// Writes up to `buf.len()` bytes at `offset`, growing the file (with zeros between) as needed; may be short.
    fn write_at(&self, buf: &[u8], offset: u64) -> io::Result<usize>;
    /// Sets the length; bytes gained are zero and their space is reserved, so that writing them later cannot meet
    /// a full disk.
    fn set_len(&self, len_bytes: u64) -> io::Result<()>;
    /// The length in bytes.
    fn len(&self) -> io::Result<u64>;
    /// Makes all writes to, and the length of, this file durable.
    fn sync(&self) -> io::Result<()>;
    /// Takes the exclusive lock of the file without waiting; `WouldBlock` when another open file or process holds it.
    /// Dropping the file gives the lock back.
    fn lock_exclusive(&self) -> io::Result<()>;
}

/// Reads exactly `buf.len()` bytes at `offset`, over short transfers and interruptions.
///
/// # Errors
/// `UnexpectedEof` when the file ends first, else what [`File::read_at`] gave.
pub fn read_exact_at(file: &dyn File, mut buf: &mut [u8], mut offset: u64) -> io::Result<()> {
    while !buf.is_empty() {
        match file.read_at(buf, offset) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(n) => {
                buf = &mut buf[n..];
                offset += n as u64;
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

/// Writes all of `buf` at `offset`, over short transfers and interruptions.
///
/// # Errors
/// `WriteZero` when the file takes nothing more, else what [`File::write_at`] gave.
pub fn write_all_at(file: &dyn File, mut buf: &[u8], mut offset: u64) -> io::Result<()> {
    while !buf.is_empty() {
        match file.write_at(buf, offset) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(n) => {
                buf = &buf[n..];
                offset += n as u64;
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}
