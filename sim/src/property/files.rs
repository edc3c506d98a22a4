//! The two files of a database as bytes.

use crate::env::SimEnv;
use crate::streams::Streams;
use quantadb::storage::{
    DiskOptions, DiskStorageBackend, Salvage, StorageBackend, TxnOptions, WaitLimits,
};
use quantadb::vfs::{MemoryVfs, OpenMode, Vfs, read_exact_at, write_all_at};
use std::path::Path;
use std::sync::{Arc, OnceLock};

/// Small pages, a cache of 32 of them, a log of small segments and many checkpoints.
pub fn tight() -> DiskOptions {
    DiskOptions {
        page_bytes: 4096,
        cache_bytes: 0,
        log_segment_bytes: 8192,
        checkpoint_bytes: 100_000,
        ..DiskOptions::default()
    }
}

/// A database file and its log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DatabaseFiles {
    /// `name.qdb`.
    pub database: Vec<u8>,
    /// `name.qdb-wal`.
    pub log: Vec<u8>,
}

impl DatabaseFiles {
    const DATABASE: &str = "test.qdb";
    const LOG: &str = "test.qdb-wal";

    /// A small database with every kind of page, whose log has records to redo and one transaction to undo.
    pub fn sample() -> &'static Self {
        static SAMPLE: OnceLock<DatabaseFiles> = OnceLock::new();
        SAMPLE.get_or_init(Self::make_sample)
    }

    fn make_sample() -> Self {
        let vfs = Arc::new(MemoryVfs::new());
        let backend = Self::open_on(vfs.clone()).expect("an empty file system takes a database");
        let work = || -> quantadb::Result<()> {
            let mut txn = backend.begin(TxnOptions::default())?;
            let (root, tree, dropped) =
                (backend.root_tree(), txn.create_tree()?, txn.create_tree()?);
            for number in 0..60u32 {
                let key = number.to_be_bytes();
                txn.put(root, &key, &[1; 200])?;
                txn.put(tree, &key, &vec![2; (number as usize % 9) * 1500])?;
                txn.put(dropped, &key, &[3; 300])?;
            }
            txn.commit()?;
            let mut txn = backend.begin(TxnOptions::default())?;
            txn.drop_tree(dropped)?;
            txn.put(tree, &8u32.to_be_bytes(), b"short")?;
            txn.commit()?;
            backend.vacuum(&WaitLimits::default())?;
            backend.checkpoint()?;
            let mut txn = backend.begin(TxnOptions::default())?;
            txn.put(root, b"after the checkpoint", &[4; 700])?;
            txn.commit()?;
            let mut loser = backend.begin(TxnOptions::default())?;
            loser.put(root, b"never committed", &[5; 5000])?;
            loser.delete(root, &7u32.to_be_bytes())?;
            let mut txn = backend.begin(TxnOptions::default())?;
            txn.put(root, b"forces the log of the loser", b"")?;
            txn.commit()?;
            std::mem::forget(loser);
            Ok(())
        };
        work().expect("a file system in memory fails nothing");
        Self::read(&vfs)
    }

    fn open_on(vfs: Arc<MemoryVfs>) -> quantadb::Result<DiskStorageBackend> {
        let env = SimEnv::new(Streams::new(0).entropy());
        DiskStorageBackend::open(vfs, Arc::new(env), Path::new(Self::DATABASE), tight())
    }

    /// Opens a copy.
    ///
    /// # Errors
    /// What opening gives.
    pub fn open(&self) -> quantadb::Result<DiskStorageBackend> {
        Self::open_on(self.copy())
    }

    /// Reads what can still be read of a copy.
    ///
    /// # Errors
    /// What salvaging gives.
    pub fn salvage(&self) -> quantadb::Result<Salvage> {
        Salvage::open(&*self.copy(), Path::new(Self::DATABASE))
    }

    fn copy(&self) -> Arc<MemoryVfs> {
        let vfs = Arc::new(MemoryVfs::new());
        for (name, bytes) in [(Self::DATABASE, &self.database), (Self::LOG, &self.log)] {
            let file = vfs.open(Path::new(name), OpenMode::CreateNew).expect("new");
            write_all_at(&*file, bytes, 0).expect("memory takes it");
        }
        vfs
    }

    fn read(vfs: &MemoryVfs) -> Self {
        let bytes = |name: &str| {
            let file = vfs
                .open(Path::new(name), OpenMode::Existing)
                .expect("there");
            let mut bytes = vec![0; file.len().expect("memory") as usize];
            read_exact_at(&*file, &mut bytes, 0).expect("memory gives it");
            bytes
        };
        Self {
            database: bytes(Self::DATABASE),
            log: bytes(Self::LOG),
        }
    }
}
