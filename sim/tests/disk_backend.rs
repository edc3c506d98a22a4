//! The disk engine, over a file system in memory, against the rules of the door and against the model.

use quantadb::env::OsEnv;
use quantadb::storage::{DiskOptions, DiskStorageBackend, StorageBackend};
use quantadb::vfs::MemoryVfs;
use quantadb_sim::door::{check_random, check_semantics};
use quantadb_sim::lockstep::Shape;
use quantadb_sim::property::tight;
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
