//! Columns that scans keep: whatever is kept, and however little there is room for, answers are those of a database that
//! keeps none.

use crate::common::{check, run};
use quantadb::api::{Connection, Database, DatabaseOptions};
use quantadb::types::Value;
use quantadb::vfs::MemoryVfs;
use std::sync::Arc;

fn open(column_cache_bytes: usize) -> Database {
    let mut options = DatabaseOptions {
        vfs: Arc::new(MemoryVfs::new()),
        ..DatabaseOptions::default()
    };
    options.disk.column_cache_bytes = column_cache_bytes;
    options.disk.page_bytes = 4096;
    Database::open_with("kept.qdb", options).unwrap()
}

/// A table of 20,000 rows, which is some runs.
fn fill(connection: &Connection) {
    run(
        connection,
        "CREATE TABLE t (id INTEGER PRIMARY KEY, k INTEGER, v BIGINT, name TEXT);
         INSERT INTO t SELECT i, i % 10, i * 7 % 1000, 'name ' || i FROM generate_series(1, 20000) AS s(i)",
    );
}

const QUERIES: [&str; 5] = [
    "SELECT count(*), sum(v), min(name), max(id) FROM t",
    "SELECT k, count(*), sum(v) FROM t WHERE v > 500 AND k <> 3 GROUP BY k ORDER BY k",
    "SELECT id, name FROM t WHERE k = 7 AND v < 20 ORDER BY id",
    "SELECT id FROM t ORDER BY v DESC NULLS LAST, name LIMIT 5",
    "SELECT count(DISTINCT name), count(v) FROM t",
];

fn answers(connection: &Connection) -> Vec<Vec<Vec<Value>>> {
    let ask = |sql: &&str| {
        let rows = connection.query(sql, []).unwrap();
        rows.map(|row| row.values().to_vec()).collect()
    };
    QUERIES.iter().map(ask).collect()
}

#[test]
fn answers_are_those_of_rows() {
    let changes = [
        "UPDATE t SET v = v + 1000 WHERE id = 10001",
        "DELETE FROM t WHERE id BETWEEN 5000 AND 5400",
        "INSERT INTO t VALUES (5200, NULL, NULL, NULL), (30000, 3, 3, 'three')",
        "UPDATE t SET name = repeat('x', 9000) WHERE id = 3",
        "BEGIN; UPDATE t SET v = 0; ROLLBACK",
        "DELETE FROM t WHERE id > 19000",
        "VACUUM",
        "ALTER TABLE t ADD COLUMN extra INTEGER; UPDATE t SET extra = 1 WHERE id < 10",
        "ALTER TABLE t ALTER COLUMN v TYPE INTEGER",
        "TRUNCATE t",
    ];
    let databases = [0, 10_000, 200_000, 64 << 20].map(open);
    let connections = databases.each_ref().map(|d| d.connect().unwrap());
    connections.iter().for_each(fill);
    for change in [""].iter().chain(&changes) {
        connections.iter().for_each(|c| run(c, change));
        let expected = answers(&connections[0]);
        for (connection, database) in connections.iter().zip(&databases).skip(1) {
            for round in 0..4 {
                assert_eq!(
                    answers(connection),
                    expected,
                    "round {round} after {change:?}"
                );
            }
            assert!(database.check().unwrap().problems.is_empty());
        }
    }
}

#[test]
fn each_snapshot_sees_its_own() {
    let database = open(64 << 20);
    let [old, new] = [(); 2].map(|()| database.connect().unwrap());
    fill(&new);
    let sum = "SELECT sum(v) FROM t";
    run(&old, "BEGIN ISOLATION LEVEL REPEATABLE READ");
    for _ in 0..3 {
        check(&old, sum, &["9990000"]);
    }
    run(&new, "UPDATE t SET v = v + 1 WHERE id <= 100");
    for _ in 0..3 {
        check(&new, sum, &["9990100"]);
        check(&old, sum, &["9990000"]);
    }
    run(&old, "UPDATE t SET v = v + 5 WHERE id = 200");
    check(&old, sum, &["9990005"]);
    check(&new, sum, &["9990100"]);
    run(&old, "COMMIT");
    for _ in 0..3 {
        check(&new, sum, &["9990105"]);
        check(&old, sum, &["9990105"]);
    }
}

/// A page whose rows a snapshot does not see is not one without rows.
#[test]
fn a_snapshot_before_the_first_row_tells_others_nothing() {
    let database = open(64 << 20);
    let [old, new] = [(); 2].map(|()| database.connect().unwrap());
    run(&new, "CREATE TABLE t (id INTEGER PRIMARY KEY, v INTEGER)");
    run(&old, "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1");
    run(&new, "INSERT INTO t VALUES (1, 10), (2, 20)");
    for _ in 0..3 {
        check(&old, "SELECT count(v) FROM t", &["0"]);
        check(&new, "SELECT count(v) FROM t", &["2"]);
    }
    run(&new, "DELETE FROM t");
    for _ in 0..3 {
        check(&new, "SELECT count(v) FROM t", &["0"]);
    }
    run(&old, "COMMIT");
}

/// A join asks its left side again after the end.
#[test]
fn the_end_of_a_scan_is_not_an_empty_table() {
    for column_cache_bytes in [0, 300, 64 << 20] {
        let database = open(column_cache_bytes);
        let connection = database.connect().unwrap();
        fill(&connection);
        run(
            &connection,
            "CREATE TABLE u (id INTEGER PRIMARY KEY); INSERT INTO u VALUES (1), (-1), (-2);
             BEGIN; UPDATE t SET v = 5 WHERE id = 1",
        );
        let full = "SELECT count(*), count(t.id), count(u.id) FROM t FULL JOIN u ON t.id = u.id";
        for _ in 0..3 {
            check(&connection, full, &["20002|20000|3"]);
            check(&connection, "SELECT count(v) FROM t", &["20000"]);
        }
        run(&connection, "COMMIT");
        check(&connection, "SELECT count(v) FROM t", &["20000"]);
    }
}

/// Pages without rows for one snapshot have rows for an older one, also when others went along the list of the runs.
#[test]
fn pages_without_rows_count_for_older_snapshots() {
    let database = open(64 << 20);
    let [old, new] = [(); 2].map(|()| database.connect().unwrap());
    fill(&new);
    let by_k = "SELECT count(name) FROM t WHERE k = 3 AND id < 15000";
    for _ in 0..2 {
        check(&new, "SELECT count(v) FROM t", &["20000"]);
        check(&new, by_k, &["1500"]);
    }
    run(&old, "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1");
    run(&new, "DELETE FROM t WHERE id < 9000");
    for _ in 0..3 {
        check(&new, "SELECT count(v) FROM t", &["11001"]);
        check(&new, by_k, &["600"]);
        check(
            &new,
            "SELECT count(name), sum(v) - sum(v) FROM t",
            &["11001|0"],
        );
        check(&old, "SELECT count(v) FROM t", &["20000"]);
        check(&old, by_k, &["1500"]);
    }
}

/// Whoever has begun to read a whole table has read all of it, however little of it was asked for.
#[test]
fn a_scan_of_all_rows_conflicts_with_each_of_them() {
    let database = open(64 << 20);
    let [one, two] = [(); 2].map(|()| database.connect().unwrap());
    fill(&one);
    run(&one, "CREATE TABLE log (n BIGINT)");
    for _ in 0..3 {
        run(&one, "BEGIN ISOLATION LEVEL SERIALIZABLE");
        run(&one, "INSERT INTO log SELECT count(*) FROM t");
        run(&two, "UPDATE t SET v = v + 1 WHERE id = 19999");
        crate::common::fails(&one, "COMMIT", "40001");
    }
}
