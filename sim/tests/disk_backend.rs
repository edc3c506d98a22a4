//! The disk engine, over a file system in memory, against the rules of the door and against the model.

use quantadb::env::OsEnv;
use quantadb::storage::{DiskOptions, DiskStorageBackend, StorageBackend, TxnOptions};
use quantadb::vfs::MemoryVfs;
use quantadb_sim::baton::take_turns;
use quantadb_sim::disk::{DiskFaults, Fault, SimDisk};
use quantadb_sim::door::{check_random, check_semantics};
use quantadb_sim::lockstep::Shape;
use quantadb_sim::phase::PhaseCell;
use quantadb_sim::property::tight;
use quantadb_sim::streams::Streams;
use std::path::Path;
use std::sync::Arc;

fn make_with(options: DiskOptions) -> Arc<dyn StorageBackend> {
    let backend = DiskStorageBackend::open(
        Arc::new(MemoryVfs::new()),
        Arc::new(OsEnv),
        Path::new("test.qdb"),
        options,
    );
    Arc::new(backend.unwrap())
}

#[test]
fn keeps_the_rules_of_the_door() {
    check_semantics(&|| make_with(DiskOptions::default()));
    check_semantics(&|| make_with(tight()));
}

#[test]
fn agrees_with_the_model_with_room() {
    for seed in 0..4 {
        check_random(
            &|| make_with(DiskOptions::default()),
            seed,
            5_000,
            Shape::plain(),
        );
    }
}

#[test]
fn agrees_with_the_model_when_everything_is_tight() {
    for seed in 10..14 {
        check_random(&|| make_with(tight()), seed, 5_000, Shape::plain());
    }
}

/// A page that another reads, and cannot, is read again by who waits for it.
#[test]
fn who_waits_for_a_page_hears_of_no_failure_but_its_own() {
    let mut failed = 0;
    for seed in 0..50 {
        let streams = Streams::new(seed);
        let disk = SimDisk::new(streams.faults(), DiskFaults::NONE, PhaseCell::default());
        let open = || {
            let vfs = Arc::new(disk.clone());
            DiskStorageBackend::open(vfs, Arc::new(OsEnv), Path::new("test.qdb"), tight()).unwrap()
        };
        let backend = open();
        let mut txn = backend.begin(TxnOptions::default()).unwrap();
        let tree = txn.create_tree().unwrap();
        txn.put(tree, b"key", b"value").unwrap();
        txn.commit().unwrap();
        // Nothing is left to be redone, so that opening reads no page of the tree.
        backend.close().unwrap();
        drop(backend);
        let backend = open();
        disk.arm_fault(1, Fault::Io);
        let read = || backend.begin(TxnOptions::default())?.get(tree, b"key");
        for found in take_turns(vec![read, read, read], 0.5, streams.workload()) {
            match found {
                Ok(value) => assert_eq!(value.as_deref(), Some(&b"value"[..]), "seed {seed}"),
                Err(error) => {
                    assert_eq!(error.sqlstate(), "58030", "seed {seed}: {error}");
                    failed += 1;
                }
            }
        }
    }
    assert_eq!(failed, 50, "one call fails for one of them each time");
}
