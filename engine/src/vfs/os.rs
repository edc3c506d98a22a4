//! The operating system's file system: positional transfers, `fdatasync`, directory sync, `flock`.
#![allow(clippy::disallowed_methods, clippy::disallowed_types)] // the one place that asks the operating system

use super::{File, OpenMode, Vfs};
use rustix::fs::{FallocateFlags, FlockOperation, fallocate, flock};
use rustix::io::Errno;
use std::fs;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

/// The operating system's file system.
#[derive(Debug, Default, Clone, Copy)]
pub struct OsVfs;

struct OsFile(fs::File);

impl Vfs for OsVfs {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn File>> {
        let mut options = fs::OpenOptions::new();
        options.read(true).write(mode != OpenMode::ReadOnly);
        match mode {
            OpenMode::Existing | OpenMode::ReadOnly => {}
            OpenMode::CreateNew => {
                options.create_new(true);
            }
            OpenMode::OpenOrCreate => {
                options.create(true).truncate(false);
            }
        }
        Ok(Arc::new(OsFile(options.open(path)?)))
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        path.try_exists()
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        let parent = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        fs::File::open(parent)?.sync_all()
    }
}

impl File for OsFile {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        self.0.read_at(buf, offset)
    }

    fn write_at(&self, buf: &[u8], offset: u64) -> io::Result<usize> {
        self.0.write_at(buf, offset)
    }

    fn set_len(&self, len_bytes: u64) -> io::Result<()> {
        let old = self.0.metadata()?.len();
        if len_bytes <= old {
            return self.0.set_len(len_bytes);
        }
        match fallocate(&self.0, FallocateFlags::empty(), old, len_bytes - old) {
            Ok(()) => Ok(()),
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => self.write_zeros(old, len_bytes),
            Err(e) => Err(e.into()),
        }
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn lock_exclusive(&self) -> io::Result<()> {
        flock(&self.0, FlockOperation::NonBlockingLockExclusive).map_err(Into::into)
    }
}

impl OsFile {
    /// Reserves space where the file system cannot: by writing it.
    fn write_zeros(&self, mut from: u64, to: u64) -> io::Result<()> {
        let zeros = [0u8; 64 * 1024];
        while from < to {
            let count = (to - from).min(zeros.len() as u64);
            self.0.write_all_at(&zeros[..count as usize], from)?;
            from += count;
        }
        Ok(())
    }
}
