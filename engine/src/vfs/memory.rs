//! A file system in memory: what an in-memory database lives on.

use super::{File, OpenMode, Vfs};
use crate::sync::{Mutex, RwLock};
use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Files in memory. Clones of one `Arc<MemoryVfs>` share the files; nothing outlives the last of them.
#[derive(Debug, Default)]
pub struct MemoryVfs {
    files: Mutex<BTreeMap<PathBuf, Arc<Node>>>,
}

#[derive(Debug, Default)]
struct Node {
    content: RwLock<Content>,
    locked: Mutex<bool>,
}

/// Bytes of the pieces that a file is kept in.
const PIECE_BYTES: usize = 64 * 1024;

/// What is in a file. A piece that nobody has written is zeros that were not put anywhere yet, and none ever moves.
#[derive(Debug, Default)]
struct Content {
    len: usize,
    /// One for each that has a byte: empty until it is written, but with the memory that this will take.
    pieces: Vec<Vec<u8>>,
}

impl Content {
    fn read_at(&self, buf: &mut [u8], start: usize) -> usize {
        let count = self.len.saturating_sub(start).min(buf.len());
        for (piece, range, part) in pieces(start, count) {
            match self.pieces[piece].get(range) {
                Some(bytes) => buf[part].copy_from_slice(bytes),
                None => buf[part].fill(0),
            }
        }
        count
    }

    fn write_at(&mut self, buf: &[u8], start: usize) -> io::Result<()> {
        let end = start
            .checked_add(buf.len())
            .ok_or(io::ErrorKind::FileTooLarge)?;
        if end > self.len {
            self.set_len(end)?;
        }
        for (piece, range, part) in pieces(start, buf.len()) {
            let piece = &mut self.pieces[piece];
            piece.resize(PIECE_BYTES, 0);
            piece[range].copy_from_slice(&buf[part]);
        }
        Ok(())
    }

    fn set_len(&mut self, len: usize) -> io::Result<()> {
        let before = self.pieces.len();
        let after = len.div_ceil(PIECE_BYTES);
        self.pieces.truncate(after);
        if let Some(cut) = self.pieces.get_mut(len / PIECE_BYTES)
            && let Some(cut) = cut.get_mut(len % PIECE_BYTES..)
        {
            cut.fill(0);
        }
        if let Err(error) = self.reserve(after) {
            self.pieces.truncate(before);
            return Err(error);
        }
        self.len = len;
        Ok(())
    }

    /// Takes memory for so many pieces. Memory that cannot be had is a full disk, not an abort.
    fn reserve(&mut self, pieces: usize) -> io::Result<()> {
        let full = |_| io::Error::from(io::ErrorKind::StorageFull);
        let more = pieces - self.pieces.len();
        self.pieces.try_reserve(more).map_err(full)?;
        for _ in 0..more {
            let mut piece = Vec::new();
            piece.try_reserve_exact(PIECE_BYTES).map_err(full)?;
            self.pieces.push(piece);
        }
        Ok(())
    }
}

/// The pieces that `count` bytes from `start` on lie in, the range in each, and the range of the bytes.
fn pieces(start: usize, count: usize) -> impl Iterator<Item = (usize, Range<usize>, Range<usize>)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        let from = (start + done) % PIECE_BYTES;
        let part = (PIECE_BYTES - from).min(count - done);
        let piece = (start + done) / PIECE_BYTES;
        done += part;
        (part > 0).then_some((piece, from..from + part, done - part..done))
    })
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
        let start = to_usize(offset)?;
        Ok(self.node.content.read().read_at(buf, start))
    }

    fn write_at(&self, buf: &[u8], offset: u64) -> io::Result<usize> {
        let start = to_usize(offset)?;
        self.node.content.write().write_at(buf, start)?;
        Ok(buf.len())
    }

    fn set_len(&self, len_bytes: u64) -> io::Result<()> {
        self.node.content.write().set_len(to_usize(len_bytes)?)
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.node.content.read().len as u64)
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

impl Drop for MemoryFile {
    fn drop(&mut self) {
        if *self.holds_lock.lock() {
            *self.node.locked.lock() = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file in pieces holds what one in one piece would.
    #[test]
    fn pieces_make_a_file() {
        let (mut content, mut model) = (Content::default(), Vec::new());
        let near = |piece: usize, by: usize| piece * PIECE_BYTES + by;
        let edges = [
            near(0, 0),
            near(0, 7),
            near(1, 0) - 3,
            near(1, 0),
            near(2, 9),
            near(3, 1),
        ];
        for (round, start) in edges.into_iter().cycle().take(40).enumerate() {
            let bytes = vec![round as u8 + 1; [1, 5, PIECE_BYTES + 2][round % 3]];
            content.write_at(&bytes, start).unwrap();
            model.resize(model.len().max(start + bytes.len()), 0);
            model[start..start + bytes.len()].copy_from_slice(&bytes);
            if round % 4 == 3 {
                let len = edges[(round * 5 + 1) % edges.len()] + round % 2;
                content.set_len(len).unwrap();
                model.resize(len, 0);
            }
            assert_eq!(content.len, model.len());
            for start in edges {
                let mut read = vec![0xff; 2 * PIECE_BYTES];
                let count = content.read_at(&mut read, start);
                let rest = model.get(start..).unwrap_or_default();
                let expected = &rest[..rest.len().min(read.len())];
                assert_eq!(&read[..count], expected, "round {round} at {start}");
            }
        }
    }

    #[test]
    fn what_cannot_be_had_is_a_full_disk() {
        let mut content = Content::default();
        content.write_at(&[7], 0).unwrap();
        let longer = content.set_len(usize::MAX);
        assert_eq!(longer.unwrap_err().kind(), io::ErrorKind::StorageFull);
        let written = content.write_at(&[1], usize::MAX - 9);
        assert_eq!(written.unwrap_err().kind(), io::ErrorKind::StorageFull);
        let beyond = content.write_at(&[1; 20], usize::MAX - 9);
        assert_eq!(beyond.unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        let mut read = [0; 2];
        assert_eq!((content.read_at(&mut read, 0), read), (1, [7, 0]));
    }
}
