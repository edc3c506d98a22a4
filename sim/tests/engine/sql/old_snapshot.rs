//! What one old snapshot costs while others go on changing the same rows.

use crate::common::{check, fails, run};
use quantadb::api::{Connection, Database, DatabaseOptions, SnapshotHolder};
use quantadb::vfs::MemoryVfs;
use std::sync::Arc;

#[test]
fn an_old_snapshot_holds_one_version_of_each_row() {
    let mut options = DatabaseOptions {
        vfs: Arc::new(MemoryVfs::new()),
        ..DatabaseOptions::default()
    };
    options.disk.versions_slack = 100;
    options.disk.history_commits_max = 1000;
    options.disk.checkpoint_bytes = 100_000;
    let database = Database::open_with("old.qdb", options).unwrap();
    let (old, new) = (database.connect().unwrap(), database.connect().unwrap());
    run(&new, "CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER)");
    run(&new, "INSERT INTO t VALUES (1, 0), (2, 0), (3, 0), (4, 0)");
    run(&old, "BEGIN ISOLATION LEVEL REPEATABLE READ");
    check(&old, "SELECT sum(n) FROM t", &["0"]);
    let asking = database.connect().unwrap();
    run(&asking, "BEGIN ISOLATION LEVEL SERIALIZABLE");
    check(&asking, "SELECT sum(n) FROM t WHERE id = 4", &["0"]);
    let update = new.prepare("UPDATE t SET n = n + 1 WHERE id < 4").unwrap();
    for _ in 0..3000 {
        update.execute([]).unwrap();
    }
    let stats = database.stats();
    assert!(stats.versions < 300, "{stats:?}");
    assert!(stats.log_file_bytes < 10_000_000, "{stats:?}");
    assert_eq!(stats.snapshots, 2);
    assert_eq!(stats.oldest_snapshot_commits, 3000);
    // Both are as old, and each needs what the first three rows were.
    let holder = |connection: &Connection| SnapshotHolder {
        session: connection.id(),
        commits: 3000,
        versions: 3,
        log_bytes: 0,
    };
    assert_eq!(database.snapshot_holders(), [&old, &asking].map(holder));
    check(&old, "SELECT sum(n) FROM t", &["0"]);
    run(&old, "COMMIT");
    assert_eq!(database.snapshot_holders(), [holder(&asking)]);
    // What it has read was not changed, but nobody remembers that any more.
    run(&asking, "INSERT INTO t VALUES (5, 0)");
    fails(&asking, "COMMIT", "40001");
    check(
        &new,
        "SELECT n FROM t ORDER BY id",
        &["3000", "3000", "3000", "0"],
    );
    run(&new, "DELETE FROM t WHERE id = 1");
    run(&new, "VACUUM");
    assert_eq!(database.stats().versions, 0);
    assert_eq!(database.stats().snapshots, 0);
    check(&new, "CHECK DATABASE", &[]);
}

#[test]
fn whose_rollback_the_log_is_kept_for_is_named() {
    let database = Database::open_in_memory().unwrap();
    let (idle, busy) = (database.connect().unwrap(), database.connect().unwrap());
    run(&busy, "CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER)");
    run(&idle, "BEGIN; INSERT INTO t VALUES (0, 0)");
    let kept = || {
        let holders = database.snapshot_holders();
        let of_log = holders.iter().filter(|holder| holder.log_bytes > 0);
        let kept: Vec<(u64, u64)> = of_log.map(|h| (h.session, h.log_bytes)).collect();
        kept
    };
    let before = kept();
    assert!(matches!(before[..], [(session, _)] if session == idle.id()));
    for id in 1..50 {
        busy.execute("INSERT INTO t VALUES ($1, 0)", quantadb::params![id])
            .unwrap();
    }
    database.checkpoint().unwrap();
    let after = kept();
    assert!(
        matches!(after[..], [(session, bytes)] if session == idle.id() && bytes > before[0].1 + 1000)
    );
    run(&idle, "ROLLBACK");
    assert_eq!(database.snapshot_holders(), []);
}
