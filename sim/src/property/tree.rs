//! A tree of the disk backend against an ordered map, with pages and cache as small as they may be.

use super::files::tight;
use super::input::Rest;
use crate::env::SimEnv;
use crate::streams::Streams;
use arbitrary::Arbitrary;
use quantadb::storage::{
    CheckReport, DiskStorageBackend, EntryBatch, KeyRange, ScanDirection, StorageBackend,
    StorageTxn, TreeId, TxnOptions, WaitLimits,
};
use quantadb::vfs::MemoryVfs;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;

const PATH: &str = "tree.qdb";
const STEPS_MAX: usize = 400;

type Map = BTreeMap<Vec<u8>, Vec<u8>>;

/// One of a few thousand keys, some of them long; of those, some differ at their ends only, and so must what separates them.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub struct Key(u16);

impl Key {
    fn bytes(self) -> Vec<u8> {
        let number = self.0 % 4096;
        // Some keys differ early and are long, others are long and differ at their end only.
        let (before, behind) = match number % 13 {
            0 => (0, 900),
            1..4 => (0, 60),
            4..7 => (600, 0),
            _ => (0, 0),
        };
        let mut key = vec![7; before];
        key.extend(number.to_be_bytes());
        key.resize(key.len() + behind, (number % 251) as u8);
        key
    }
}

/// What is done to the tree.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum TreeStep {
    /// A value of that length goes where none is.
    Insert(Key, u8),
    /// A value of that length, up to many pages, goes there.
    Put(Key, u16),
    /// Many keys follow each other.
    Fill(Key, u8, u8),
    /// A key is removed.
    Delete(Key),
    /// A range of keys is removed.
    Clear(Key, u8),
    /// A key is looked up.
    Get(Key),
    /// The keys between two are read, so many at a time.
    Scan(Key, Key, bool, u8),
    /// A savepoint is set.
    Savepoint,
    /// The newest savepoint is gone back to.
    RollbackTo,
    /// The transaction ends well.
    Commit,
    /// The transaction is undone.
    Rollback,
    /// Tombstones go, after a commit.
    Vacuum,
    /// Dirty pages are written.
    Checkpoint,
    /// The database is dropped as it is and opened again: what was not committed is undone.
    Reopen,
}

/// A life of a tree.
#[derive(Arbitrary, Clone, Debug)]
pub struct TreeInput {
    steps: Rest<TreeStep>,
}

struct Life {
    vfs: Arc<MemoryVfs>,
    backend: Option<Arc<DiskStorageBackend>>,
    txn: Option<Box<dyn StorageTxn>>,
    tree: TreeId,
    committed: Map,
    now: Map,
    savepoints: Vec<(usize, Map)>,
    /// How many checkpoints there were, and how much was logged until then.
    checkpoint: (u64, u64),
}

/// The tree answers as an ordered map does, and the backend finds itself sound whenever it is asked (TREE-1 to TREE-4,
/// DISK-1, DISK-4, DISK-5).
///
/// # Panics
/// When not.
pub fn check_tree(input: TreeInput) {
    let mut life = Life {
        vfs: Arc::new(MemoryVfs::new()),
        backend: None,
        txn: None,
        tree: TreeId(0),
        committed: Map::new(),
        now: Map::new(),
        savepoints: Vec::new(),
        checkpoint: (0, 0),
    };
    life.open();
    let mut txn = life.begin();
    life.tree = txn.create_tree().unwrap();
    txn.commit().unwrap();
    for step in input.steps.0.into_iter().take(STEPS_MAX) {
        life.step(step);
    }
    life.end(true);
    life.sound();
    life.vacuum();
    life.open();
    life.sound();
}

impl Life {
    fn open(&mut self) {
        self.txn = None;
        self.backend = None;
        let env = SimEnv::new(Streams::new(0).entropy());
        let backend =
            DiskStorageBackend::open(self.vfs.clone(), Arc::new(env), Path::new(PATH), tight());
        self.backend = Some(Arc::new(backend.unwrap()));
        self.now = self.committed.clone();
        self.savepoints.clear();
        self.checkpoint = (0, 0);
    }

    fn backend(&self) -> &DiskStorageBackend {
        self.backend.as_ref().expect("it is open between steps")
    }

    fn begin(&mut self) -> Box<dyn StorageTxn> {
        match self.txn.take() {
            Some(txn) => txn,
            None => self.backend().begin(TxnOptions::default()).unwrap(),
        }
    }

    fn end(&mut self, well: bool) {
        let txn = self.begin();
        if well {
            txn.commit().unwrap();
            self.committed = self.now.clone();
        } else {
            txn.rollback().unwrap();
            self.now = self.committed.clone();
        }
        let stats = self.backend().stats();
        if stats.checkpoints != self.checkpoint.0 {
            self.checkpoint = (stats.checkpoints, stats.log_bytes_written);
        }
        // Of what is written some is the rest of sectors, and headers of segments.
        let written = stats.log_bytes_written - self.checkpoint.1;
        let written_max = 2 * tight().checkpoint_bytes;
        assert!(written < written_max, "DISK-5: {written} bytes");
        self.savepoints.clear();
    }

    /// Nothing is wrong with any page, and the whole tree is the map.
    fn sound(&mut self) -> CheckReport {
        let report = self.backend().check().unwrap();
        assert!(report.problems.is_empty(), "{:#?}", report.problems);
        self.scan(KeyRange::ALL, false, 200);
        report
    }

    fn step(&mut self, step: TreeStep) {
        match step {
            TreeStep::Vacuum | TreeStep::Checkpoint => self.tend(step),
            TreeStep::Reopen => {
                self.open();
                self.sound();
            }
            TreeStep::Commit => self.end(true),
            TreeStep::Rollback => self.end(false),
            TreeStep::Scan(low, high, backward, count) => {
                let (low, high) = (low.bytes(), high.bytes());
                let (low, high) = (low.clone().min(high.clone()), low.max(high));
                let range = KeyRange {
                    low: Bound::Included(low),
                    high: Bound::Excluded(high),
                };
                self.scan(range, backward, usize::from(count) + 1);
            }
            TreeStep::Fill(key, count, bytes) => {
                for number in 0..u16::from(count) {
                    self.put(Key(key.0.wrapping_add(number)), usize::from(bytes));
                }
            }
            TreeStep::Clear(key, count) => {
                for number in 0..u16::from(count) {
                    self.delete(Key(key.0.wrapping_add(number)));
                }
            }
            TreeStep::Put(key, bytes) => self.put(key, usize::from(bytes)),
            TreeStep::Delete(key) => self.delete(key),
            TreeStep::Insert(..) | TreeStep::Get(_) => self.probe(step),
            TreeStep::Savepoint | TreeStep::RollbackTo => self.savepoint(step),
        }
    }

    fn tend(&mut self, step: TreeStep) {
        match step {
            TreeStep::Vacuum => {
                self.end(true);
                self.vacuum();
            }
            _ => {
                self.backend().checkpoint().unwrap();
                self.sound();
            }
        }
    }

    /// Nobody is at work: nothing is left of what was removed.
    fn vacuum(&mut self) {
        self.backend().vacuum(&WaitLimits::default()).unwrap();
        let report = self.sound();
        assert_eq!((report.tombstones, report.garbage), (0, 0), "DISK-4");
    }

    fn put(&mut self, key: Key, bytes: usize) {
        let mut txn = self.begin();
        let value = vec![(bytes % 255) as u8; bytes];
        txn.put(self.tree, &key.bytes(), &value).unwrap();
        self.now.insert(key.bytes(), value);
        self.txn = Some(txn);
    }

    fn delete(&mut self, key: Key) {
        let mut txn = self.begin();
        let removed = txn.delete(self.tree, &key.bytes()).unwrap();
        let expected = self.now.remove(&key.bytes()).is_some();
        assert_eq!(removed, expected, "removing {key:?}");
        self.txn = Some(txn);
    }

    fn probe(&mut self, step: TreeStep) {
        let mut txn = self.begin();
        match step {
            TreeStep::Insert(key, bytes) => {
                let (key, value) = (key.bytes(), vec![bytes; usize::from(bytes)]);
                let inserted = txn.insert(self.tree, &key, &value).unwrap();
                assert_eq!(inserted, !self.now.contains_key(&key), "inserting {key:?}");
                self.now.entry(key).or_insert(value);
            }
            TreeStep::Get(key) => {
                let found = txn.get(self.tree, &key.bytes()).unwrap();
                assert_eq!(
                    found.as_ref(),
                    self.now.get(&key.bytes()),
                    "getting {key:?}"
                );
            }
            _ => {}
        }
        self.txn = Some(txn);
    }

    fn savepoint(&mut self, step: TreeStep) {
        let mut txn = self.begin();
        match step {
            TreeStep::Savepoint => self.savepoints.push((txn.savepoint(), self.now.clone())),
            _ => {
                if let Some((point, then)) = self.savepoints.pop() {
                    txn.rollback_to(point).unwrap();
                    self.now = then;
                }
            }
        }
        self.txn = Some(txn);
    }

    fn scan(&mut self, range: KeyRange, backward: bool, count: usize) {
        let txn = self.begin();
        let mut expected: Vec<(&[u8], &[u8])> = self
            .now
            .iter()
            .filter(|(key, _)| range.contains(key))
            .map(|(key, value)| (key.as_slice(), value.as_slice()))
            .collect();
        let direction = match backward {
            true => {
                expected.reverse();
                ScanDirection::Backward
            }
            false => ScanDirection::Forward,
        };
        let mut cursor = txn.scan(self.tree, range, direction).unwrap();
        let (mut batch, mut at) = (EntryBatch::default(), 0);
        while cursor.next_batch(&mut batch, count).unwrap() {
            assert!(batch.len() <= count, "more than was asked for");
            for entry in batch.iter() {
                assert_eq!(Some(&entry), expected.get(at), "entry {at} of a scan");
                at += 1;
            }
        }
        assert_eq!(at, expected.len(), "entries of a scan");
        drop(cursor);
        self.txn = Some(txn);
    }
}
