//! VACUUM: what is free at the end of the file goes back to the file system, and nothing else changes.

use crate::common::{check, run};
use quantadb::api::{Database, DatabaseOptions};
use quantadb::storage::DiskOptions;
use quantadb::vfs::{MemoryVfs, OpenMode, Vfs};
use quantadb_sim::disk::{CrashKind, DiskFaults, Fault, SimDisk};
use quantadb_sim::phase::PhaseCell;
use quantadb_sim::streams::Streams;
use std::path::Path;
use std::sync::Arc;

fn open(vfs: &Arc<MemoryVfs>) -> Database {
    let options = DatabaseOptions {
        vfs: vfs.clone(),
        ..DatabaseOptions::default()
    };
    Database::open_with("v.qdb", options).unwrap()
}

fn file_bytes(vfs: &MemoryVfs) -> u64 {
    let file = vfs.open(Path::new("v.qdb"), OpenMode::Existing).unwrap();
    file.len().unwrap()
}

const TEN: &str = "(VALUES (0),(1),(2),(3),(4),(5),(6),(7),(8),(9))";

#[test]
fn the_file_becomes_as_small_as_what_is_left() {
    let vfs = Arc::new(MemoryVfs::new());
    let database = open(&vfs);
    let c = database.connect().unwrap();
    run(
        &c,
        "CREATE TABLE kept (id INTEGER PRIMARY KEY); INSERT INTO kept VALUES (1), (2)",
    );
    run(
        &c,
        "CREATE TABLE gone (id INTEGER PRIMARY KEY, t TEXT); CREATE INDEX gone_t ON gone (t)",
    );
    run(
        &c,
        &format!(
            "INSERT INTO gone SELECT a.i * 1000 + b.i * 100 + c.i * 10 + d.i, repeat('x', 100) || d.i FROM {TEN} a(i), {TEN} b(i), {TEN} c(i), {TEN} d(i)"
        ),
    );
    run(
        &c,
        "CREATE TABLE long (t TEXT); INSERT INTO long VALUES (repeat('y', 500000))",
    );
    run(&c, "CHECKPOINT");
    let (pages, bytes) = (database.stats().pages, file_bytes(&vfs));
    assert!(pages > 300, "{pages}");
    run(&c, "DELETE FROM gone WHERE id <> 5");
    run(&c, "VACUUM");
    run(&c, "DROP TABLE gone, long");
    let report = database.vacuum().unwrap();
    assert!(report.pages_cut > 0);
    let after = database.stats();
    assert!(after.pages < 20, "{} pages", after.pages);
    assert!(file_bytes(&vfs) * 10 < bytes);
    assert_eq!(file_bytes(&vfs), after.pages * after.page_bytes);
    check(&c, "SELECT id FROM kept", &["1", "2"]);
    run(
        &c,
        "CREATE TABLE again (id INTEGER PRIMARY KEY, t TEXT); INSERT INTO again VALUES (1, repeat('z', 300000))",
    );
    check(&c, "CHECK DATABASE", &[]);
    drop(c);
    drop(database);
    let c = open(&vfs).connect().unwrap();
    check(&c, "SELECT length(t) FROM again", &["300000"]);
    check(&c, "CHECK DATABASE", &[]);
}

/// A database on a simulated disk, whose small pages and cache make every change reach the disk soon.
fn open_on(disk: &SimDisk) -> Database {
    let options = DatabaseOptions {
        vfs: Arc::new(disk.clone()),
        disk: DiskOptions {
            page_bytes: 4096,
            log_segment_bytes: 1 << 20,
            ..DiskOptions::default()
        },
        ..DatabaseOptions::default()
    };
    Database::open_with("/db/v.qdb", options).unwrap()
}

#[test]
fn after_a_vacuum_that_failed_the_next_cuts_nothing_that_a_recovery_needs() {
    let mut failures = 0;
    for call in 1.. {
        let disk = SimDisk::new(
            Streams::new(1).faults(),
            DiskFaults::NONE,
            PhaseCell::default(),
        );
        let database = open_on(&disk);
        let c = database.connect().unwrap();
        run(
            &c,
            "CREATE TABLE kept (i INTEGER); CREATE TABLE gone (t TEXT); INSERT INTO gone VALUES (repeat('x', 90000))",
        );
        run(&c, "CHECKPOINT");
        run(&c, "DROP TABLE gone");
        disk.arm_fault(call, Fault::Io);
        let first = database.vacuum();
        disk.disarm();
        // It may be refused; what it cuts must be known to be free.
        let second = database.vacuum();
        assert!(first.is_err() || second.is_ok(), "call {call}");
        drop((c, database));
        disk.restart(CrashKind::Process);
        let database = open_on(&disk);
        assert_eq!(
            database.check().unwrap().problems,
            Vec::<String>::new(),
            "call {call}"
        );
        if first.is_ok() {
            break;
        }
        failures += 1;
    }
    assert!(failures > 5, "{failures}");
}
