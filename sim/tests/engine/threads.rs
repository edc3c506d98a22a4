//! Real threads on one database: transfers between accounts, readers that add everything up, maintenance meanwhile.

use quantadb::env::OsEnv;
use quantadb::storage::{
    DiskOptions, DiskStorageBackend, EntryBatch, KeyRange, ScanDirection, StorageBackend, TreeId,
    TxnOptions,
};
use quantadb::vfs::{MemoryVfs, OsVfs, Vfs};
use quantadb::{ErrorKind, Result};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const ACCOUNTS: u64 = 200;
const EACH: u64 = 1000;
const WRITERS: u64 = 6;
const TRANSFERS: u64 = 400;

fn key(account: u64) -> [u8; 8] {
    account.to_be_bytes()
}

/// A balance, in a value whose length varies, so that leaves split and merge under the readers.
fn value(balance: u64) -> Vec<u8> {
    let mut value = balance.to_le_bytes().to_vec();
    value.resize(8 + (balance % 97) as usize, b'.');
    value
}

fn balance(value: &[u8]) -> u64 {
    u64::from_le_bytes(value[..8].try_into().unwrap())
}

fn total(backend: &dyn StorageBackend, tree: TreeId, direction: ScanDirection) -> Result<u64> {
    let txn = backend.begin(TxnOptions {
        read_only: true,
        ..TxnOptions::default()
    })?;
    let mut cursor = txn.scan(tree, KeyRange::ALL, direction)?;
    let (mut batch, mut sum) = (EntryBatch::default(), 0);
    while cursor.next_batch(&mut batch, 13)? {
        sum += batch.iter().map(|(_, v)| balance(v)).sum::<u64>();
    }
    Ok(sum)
}

fn transfer(backend: &dyn StorageBackend, tree: TreeId, random: u64) -> Result<()> {
    let (from, to) = (random % ACCOUNTS, random / 7919 % ACCOUNTS);
    let mut txn = backend.begin(TxnOptions::default())?;
    let there = txn.get(tree, &key(from))?.unwrap();
    let amount = (random >> 40) % 10;
    if from == to || balance(&there) < amount {
        return txn.rollback();
    }
    txn.put(tree, &key(from), &value(balance(&there) - amount))?;
    if random.is_multiple_of(11) {
        // A row that moves: deleted and put back.
        let there = balance(&txn.get(tree, &key(to))?.unwrap());
        txn.delete(tree, &key(to))?;
        assert!(txn.insert(tree, &key(to), &value(there + amount))?);
    } else {
        let there = balance(&txn.get(tree, &key(to))?.unwrap());
        txn.put(tree, &key(to), &value(there + amount))?;
    }
    if random.is_multiple_of(13) {
        return txn.rollback();
    }
    txn.commit()
}

fn run(vfs: Arc<dyn Vfs>, path: &Path) {
    let options = DiskOptions {
        page_bytes: 4096,
        cache_bytes: 0,
        log_segment_bytes: 64 << 10,
        checkpoint_bytes: 300_000,
        ..DiskOptions::default()
    };
    let open = || DiskStorageBackend::open(vfs.clone(), Arc::new(OsEnv), path, options.clone());
    let backend = open().unwrap();
    let mut txn = backend.begin(TxnOptions::default()).unwrap();
    txn.mark_schema_changed().unwrap();
    let tree = txn.create_tree().unwrap();
    for account in 0..ACCOUNTS {
        assert!(txn.insert(tree, &key(account), &value(EACH)).unwrap());
    }
    txn.commit().unwrap();

    let done = AtomicBool::new(false);
    let backend_ref = &backend;
    std::thread::scope(|scope| {
        let helpers: Vec<_> = [ScanDirection::Forward, ScanDirection::Backward]
            .into_iter()
            .map(|direction| {
                let done = &done;
                scope.spawn(move || {
                    let mut sums = 0;
                    while !done.load(Ordering::Acquire) || sums == 0 {
                        let sum = total(backend_ref, tree, direction).unwrap();
                        assert_eq!(sum, ACCOUNTS * EACH, "a reader saw half of a transfer");
                        sums += 1;
                    }
                })
            })
            .collect();
        let maintenance = scope.spawn(|| {
            while !done.load(Ordering::Acquire) {
                backend_ref.maintain(50).unwrap();
                let report = backend_ref.check().unwrap();
                assert_eq!(report.problems, Vec::<String>::new());
                std::thread::yield_now();
            }
        });
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                scope.spawn(move || {
                    let mut random = writer.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
                    for _ in 0..TRANSFERS {
                        random ^= random << 13;
                        random ^= random >> 7;
                        random ^= random << 17;
                        while let Err(e) = transfer(backend_ref, tree, random) {
                            assert_eq!(e.kind(), ErrorKind::Conflict, "{e:?}");
                        }
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.join().unwrap();
        }
        done.store(true, Ordering::Release);
        for helper in helpers {
            helper.join().unwrap();
        }
        maintenance.join().unwrap();
    });
    assert_eq!(
        total(&backend, tree, ScanDirection::Forward).unwrap(),
        ACCOUNTS * EACH
    );
    assert_eq!(
        backend.stats().versions,
        0,
        "nobody needs a version any more"
    );
    // Whether the writers met is for the machine to choose; these do.
    let mut late = backend.begin(TxnOptions::default()).unwrap();
    let mut first = backend.begin(TxnOptions::default()).unwrap();
    let there = first.get(tree, &key(0)).unwrap().unwrap();
    first.put(tree, &key(0), &there).unwrap();
    first.commit().unwrap();
    let met = late.put(tree, &key(0), &there).unwrap_err();
    assert_eq!(met.kind(), ErrorKind::Conflict, "{met:?}");
    late.rollback().unwrap();
    drop(backend);
    let backend = open().unwrap();
    assert_eq!(
        total(&backend, tree, ScanDirection::Forward).unwrap(),
        ACCOUNTS * EACH
    );
    assert_eq!(backend.check().unwrap().problems, Vec::<String>::new());
}

#[test]
fn in_memory() {
    run(Arc::new(MemoryVfs::new()), Path::new("threads.qdb"));
}

#[test]
fn on_a_real_disk() {
    let folder = tempfile::tempdir().unwrap();
    run(Arc::new(OsVfs), &folder.path().join("threads.qdb"));
}
