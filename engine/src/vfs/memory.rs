//! A file system in memory: what an in-memory database lives on.

use super::{File, OpenMode, Vfs};
use crate::sync::{Mutex, RwLock};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Files in memory. Clones of one `Arc<MemoryVfs>` share the files; nothing outlives the last of them.
#[derive(Debug, Default)]
pub struct MemoryVfs {
    files: Mutex<BTreeMap<PathBuf, Arc<Node>>>,
}

#[derive(Debug, Default)]
struct Node {
    bytes: RwLock<Vec<u8>>,
    locked: Mutex<bool>,
}

/// One handle of a file; holds the file's lock if it took it.
struct MemoryFile {
    node: Arc<Node>,
    holds_lock: Mutex<bool>,
}

impl MemoryVfs {
    /// A file system without files.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Vfs for MemoryVfs {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn File>> {
        let mut files = self.files.lock();
        let node = match (files.get(path), mode) {
            (Some(_), OpenMode::CreateNew) => return Err(io::ErrorKind::AlreadyExists.into()),
            (None, OpenMode::Existing | OpenMode::ReadOnly) => {
                return Err(io::ErrorKind::NotFound.into());
            }
            (Some(node), _) => node.clone(),
            (None, _) => files.entry(path.to_owned()).or_default().clone(),
        };
        Ok(Arc::new(MemoryFile {
            node,
            holds_lock: Mutex::new(false),
        }))
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        Ok(self.files.lock().contains_key(path))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.files
            .lock()
            .remove(path)
            .map(drop)
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut files = self.files.lock();
        let node = files.remove(from).ok_or(io::ErrorKind::NotFound)?;
        files.insert(to.to_owned(), node);
        Ok(())
    }

    fn sync_dir(&self, _path: &Path) -> io::Result<()> {
        Ok(())
    }
}

fn to_usize(offset: u64) -> io::Result<usize> {
    usize::try_from(offset).map_err(|_| io::ErrorKind::FileTooLarge.into())
}

impl File for MemoryFile {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let bytes = self.node.bytes.read();
        let rest = bytes.get(to_usize(offset)?..).unwrap_or_default();
        let count = rest.len().min(buf.len());
        buf[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }

    fn write_at(&self, buf: &[u8], offset: u64) -> io::Result<usize> {
        let start = to_usize(offset)?;
        let end = start
            .checked_add(buf.len())
            .ok_or(io::ErrorKind::FileTooLarge)?;
        let mut bytes = self.node.bytes.write();
        if bytes.len() < end {
            reserve(&mut bytes, end)?;
            bytes.resize(end, 0);
        }
        bytes[start..end].copy_from_slice(buf);
        Ok(buf.len())
    }

    fn set_len(&self, len_bytes: u64) -> io::Result<()> {
        let len = to_usize(len_bytes)?;
        let mut bytes = self.node.bytes.write();
        reserve(&mut bytes, len)?;
        bytes.resize(len, 0);
        Ok(())
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.node.bytes.read().len() as u64)
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }

    fn lock_exclusive(&self) -> io::Result<()> {
        let mut locked = self.node.locked.lock();
        if *locked {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        *locked = true;
        *self.holds_lock.lock() = true;
        Ok(())
    }
}

/// Memory that cannot be had is a full disk, not an abort.
fn reserve(bytes: &mut Vec<u8>, len: usize) -> io::Result<()> {
    bytes
        .try_reserve(len.saturating_sub(bytes.len()))
        .map_err(|_| io::ErrorKind::StorageFull.into())
}

impl Drop for MemoryFile {
    fn drop(&mut self) {
        if *self.holds_lock.lock() {
            *self.node.locked.lock() = false;
        }
    }
}
