//! What one old snapshot costs while others go on changing the same rows.

mod common;

use common::{check, fails, run};
use quantadb::api::{Database, DatabaseOptions};
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
    check(&old, "SELECT sum(n) FROM t", &["0"]);
    run(&old, "COMMIT");
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
