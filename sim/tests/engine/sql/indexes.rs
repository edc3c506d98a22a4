//! Access paths: with an index and without one, the same rows.

use crate::common::{each, fails, run, text};
use quantadb::api::{Connection, Database};
use quantadb::env::OsEnv;
use quantadb::storage::{
    EntryBatch, KeyRange, ScanDirection, StorageBackend, StorageTxn, TxnOptions,
};
use quantadb_sim::model::ModelBackend;
use std::sync::Arc;

/// Two tables of the same rows, `plain` without indexes and `indexed` with some.
fn fill(c: &Connection) {
    for table in ["plain", "indexed"] {
        run(
            c,
            &format!(
                "CREATE TABLE {table} (id INTEGER PRIMARY KEY, k INTEGER, s TEXT, n NUMERIC, f DOUBLE PRECISION)"
            ),
        );
        let rows: Vec<String> = (0..600)
            .map(|i| {
                let k = if i % 11 == 0 {
                    "NULL".to_owned()
                } else {
                    (i * 37 % 100 - 50).to_string()
                };
                let s = if i % 13 == 0 {
                    "NULL".to_owned()
                } else {
                    format!("'s{}'", i % 17)
                };
                format!(
                    "({i}, {k}, {s}, {}.{}, {}.5)",
                    i % 9 - 4,
                    i % 10,
                    i % 23 - 11
                )
            })
            .collect();
        run(
            c,
            &format!("INSERT INTO {table} VALUES {}", rows.join(", ")),
        );
    }
    run(c, "CREATE INDEX i_k ON indexed (k)");
    run(c, "CREATE INDEX i_sk ON indexed (s DESC, k)");
    run(c, "CREATE INDEX i_n ON indexed (n DESC)");
    run(c, "CREATE UNIQUE INDEX i_u ON indexed (f, id)");
}

const CONDITIONS: &[&str] = &[
    "k = 7",
    "k = -7 AND s = 's3'",
    "k > 40",
    "k >= 40 AND k < 45",
    "k <= -48",
    "k < -1000",
    "k IN (1, 2, 3, 3, -50)",
    "k = 3000000000",
    "k < 3000000000 AND k > 47",
    "k > -3000000000 AND k < -48",
    "s = 's5'",
    "s = 's5' AND k > 0",
    "s = 's5' AND k BETWEEN -10 AND 10",
    "s > 's8'",
    "s < 's1'",
    "s IN ('s1', 's2') AND k = 5",
    "s IN ('s1', 's2') AND k IN (5, 6, 7, 8, 9)",
    "n = -2.3",
    "n > 4.5",
    "n <= -3.5",
    "f = 3.5 AND id = 14",
    "f = 3.5",
    "f = 3.5 AND id > 300",
    "k IS NULL AND s = 's5'",
    "k = NULL",
    "id = 5 OR k = 7",
    "id > 590",
    "id > 100 AND id < 110 AND k > 0",
    "id IN (1, 599, 600, -1)",
    "id = k",
    "k + 0 = 7",
];

#[test]
fn an_index_changes_no_result() {
    each(|c| {
        fill(c);
        for analyzed in [false, true] {
            if analyzed {
                run(c, "ANALYZE");
            }
            for condition in CONDITIONS {
                let sql = |table: &str, order: &str| {
                    format!("SELECT * FROM {table} WHERE {condition} ORDER BY {order}")
                };
                for order in [
                    "id",
                    "k, id",
                    "k DESC, id",
                    "s DESC, k, id",
                    "n DESC, id DESC",
                    "f, id",
                    "f DESC, id DESC LIMIT 7",
                ] {
                    assert_eq!(
                        text(c, &sql("plain", order)),
                        text(c, &sql("indexed", order)),
                        "{condition} / {order} / analyzed: {analyzed}"
                    );
                }
                for what in ["count(*)", "min(k)", "max(k)", "min(s)", "max(n)"] {
                    let sql = |table: &str| format!("SELECT {what} FROM {table} WHERE {condition}");
                    assert_eq!(
                        text(c, &sql("plain")),
                        text(c, &sql("indexed")),
                        "{condition} / {what}"
                    );
                }
            }
            let join = |table: &str| {
                format!(
                    "SELECT a.id, b.id FROM plain a JOIN {table} b ON a.k = b.k AND b.s = 's5' WHERE a.id < 40 ORDER BY 1, 2"
                )
            };
            assert_eq!(text(c, &join("plain")), text(c, &join("indexed")));
            let left = |table: &str| {
                format!(
                    "SELECT a.id, b.id FROM plain a LEFT JOIN {table} b ON b.k = a.id AND b.n > 0 WHERE a.id < 70 ORDER BY 1, 2"
                )
            };
            assert_eq!(text(c, &left("plain")), text(c, &left("indexed")));
            let correlated = |table: &str| {
                format!(
                    "SELECT id, (SELECT count(*) FROM {table} b WHERE b.k = a.k AND b.id > a.id) FROM plain a ORDER BY id"
                )
            };
            assert_eq!(
                text(c, &correlated("plain")),
                text(c, &correlated("indexed"))
            );
        }
    });
}

#[test]
fn indexes_follow_changes() {
    each(|c| {
        fill(c);
        for statement in [
            "DELETE FROM TABLE WHERE id % 3 = 0",
            "UPDATE TABLE SET k = k + 1 WHERE id % 2 = 0",
            "UPDATE TABLE SET s = NULL, n = n * 2 WHERE k > 20",
            "UPDATE TABLE SET id = id + 1000 WHERE id < 100",
            "DELETE FROM TABLE WHERE k = 5",
            "INSERT INTO TABLE SELECT id + 5000, k, s, n, f FROM plain WHERE id < 50",
        ] {
            for table in ["indexed", "plain"] {
                run(c, &statement.replace("TABLE", table));
            }
        }
        for condition in CONDITIONS {
            let sql = |table: &str| format!("SELECT * FROM {table} WHERE {condition} ORDER BY id");
            assert_eq!(
                text(c, &sql("plain")),
                text(c, &sql("indexed")),
                "{condition}"
            );
        }
    });
}

#[track_caller]
fn explains(c: &Connection, sql: &str, expected: &str) {
    let plan = text(c, &format!("EXPLAIN {sql}")).join("\n");
    assert!(plan.contains(expected), "{sql}\n{plan}\nlacks {expected}");
}

#[test]
fn the_planner_chooses() {
    each(|c| {
        fill(c);
        run(c, "ANALYZE");
        explains(c, "SELECT * FROM plain WHERE k = 7", "Seq Scan on plain");
        explains(
            c,
            "SELECT * FROM indexed WHERE k = 7",
            "Index Scan using i_k on indexed",
        );
        explains(
            c,
            "SELECT * FROM indexed WHERE k = 7",
            "Index Cond: (k = 7)",
        );
        explains(
            c,
            "SELECT * FROM indexed WHERE k > -50",
            "Seq Scan on indexed",
        );
        explains(
            c,
            "SELECT * FROM indexed WHERE k > 48",
            "Index Scan using i_k",
        );
        explains(
            c,
            "SELECT * FROM indexed WHERE s = 's5' AND k = 3",
            "Index Scan using i_sk",
        );
        explains(
            c,
            "SELECT * FROM indexed WHERE id = 3",
            "Index Scan using indexed_pkey",
        );
        explains(
            c,
            "SELECT * FROM indexed WHERE id > 590",
            "Index Scan using indexed_pkey",
        );
        explains(
            c,
            "SELECT * FROM indexed ORDER BY id DESC LIMIT 3",
            "Index Scan Backward using indexed_pkey",
        );
        explains(
            c,
            "SELECT * FROM indexed ORDER BY k LIMIT 3",
            "Index Scan using i_k",
        );
        explains(
            c,
            "SELECT max(k) FROM indexed",
            "Index Scan Backward using i_k",
        );
        explains(
            c,
            "SELECT * FROM plain a JOIN indexed b ON a.k = b.id WHERE a.id = 3",
            "Index Nested Loop",
        );
        explains(
            c,
            "SELECT * FROM plain a JOIN plain b ON a.k = b.k",
            "Hash Join",
        );
        explains(
            c,
            "SELECT * FROM plain a, plain b WHERE a.k < b.k",
            "Nested Loop",
        );
        explains(c, "SELECT * FROM plain WHERE 1 = 2", "Result");
        explains(
            c,
            "UPDATE indexed SET k = 1 WHERE id = 5",
            "Update on indexed",
        );
        explains(
            c,
            "SELECT (SELECT count(*) FROM indexed b WHERE b.k = a.k) FROM plain a",
            "Index Scan using i_k on indexed b",
        );
    });
}

#[test]
fn unique_indexes_over_existing_rows() {
    each(|c| {
        run(c, "CREATE TABLE t (a INTEGER, b INTEGER)");
        run(
            c,
            "INSERT INTO t VALUES (1, 1), (2, 1), (NULL, 2), (NULL, 2)",
        );
        let message = fails(c, "CREATE UNIQUE INDEX u ON t (b)", "23505");
        assert_eq!(message, "could not create unique index \"u\"");
        run(c, "CREATE UNIQUE INDEX u ON t (a)");
        fails(c, "INSERT INTO t VALUES (2, 5)", "23505");
        fails(c, "CREATE INDEX u ON t (a)", "42P07");
        run(c, "CREATE INDEX IF NOT EXISTS u ON t (a)");
        run(c, "DROP INDEX u");
        run(c, "INSERT INTO t VALUES (2, 5)");
        fails(c, "DROP INDEX u", "42704");
    });
}

#[test]
fn check_notices_an_index_that_says_otherwise_than_its_table() {
    let backend = Arc::new(ModelBackend::new());
    let database = Database::from_backend(backend.clone(), Arc::new(OsEnv)).unwrap();
    let connection = database.connect().unwrap();
    connection
        .run(
            "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT); CREATE INDEX t_b ON t (b); \
             INSERT INTO t VALUES (1, 'one'), (2, NULL), (3, 'three')",
        )
        .unwrap();
    assert_eq!(database.check().unwrap().problems, [""; 0]);
    let index = connection
        .schema()
        .unwrap()
        .index(&quantadb::catalog::RelationName::public("t_b"))
        .unwrap()
        .1
        .tree;
    let damage = |change: &dyn Fn(&mut dyn StorageTxn)| {
        let mut txn = backend.begin(TxnOptions::default()).unwrap();
        change(&mut *txn);
        txn.commit().unwrap();
        let rows = connection.query("CHECK DATABASE", []).unwrap();
        let told: Vec<String> = rows.map(|row| row.get(0).unwrap()).collect();
        assert_eq!(told, database.check().unwrap().problems);
        told
    };
    let first = |txn: &dyn StorageTxn| {
        let mut batch = EntryBatch::default();
        let mut cursor = txn.scan(index, KeyRange::ALL, ScanDirection::Forward);
        cursor.as_mut().unwrap().next_batch(&mut batch, 1).unwrap();
        batch.key(0).to_vec()
    };
    assert_eq!(
        damage(&|txn| txn.put(index, &first(txn), b"?").unwrap()),
        ["index \"t_b\" lacks the entry of row 1 of table \"t\""]
    );
    assert_eq!(
        damage(&|txn| assert!(txn.delete(index, &first(txn)).unwrap())),
        [
            "index \"t_b\" lacks the entry of row 1 of table \"t\"",
            "index \"t_b\" has 2 entries for the 3 rows of table \"t\"",
        ]
    );
}
