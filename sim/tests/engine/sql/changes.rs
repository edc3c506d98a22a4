//! INSERT, UPDATE, DELETE and the constraints.

use crate::common::{check, each, fails, run};
use quantadb::params;

#[test]
fn insert_update_delete() {
    each(|c| {
        run(
            c,
            "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT DEFAULT 'x', c INTEGER)",
        );
        assert_eq!(
            c.execute("INSERT INTO t (a) VALUES (1), (2), (3)", [])
                .unwrap(),
            3
        );
        assert_eq!(
            c.execute("UPDATE t SET c = a * 10 WHERE a >= 2", [])
                .unwrap(),
            2
        );
        check(
            c,
            "SELECT * FROM t ORDER BY a",
            &["1|x|NULL", "2|x|20", "3|x|30"],
        );
        assert_eq!(
            c.execute("UPDATE t SET a = a + 10, b = b || a WHERE a = 3", [])
                .unwrap(),
            1
        );
        check(
            c,
            "SELECT * FROM t ORDER BY a",
            &["1|x|NULL", "2|x|20", "13|x3|30"],
        );
        assert_eq!(c.execute("DELETE FROM t WHERE c IS NULL", []).unwrap(), 1);
        assert_eq!(
            c.execute("INSERT INTO t SELECT a + 100, b, c FROM t", [])
                .unwrap(),
            2
        );
        check(c, "SELECT a FROM t ORDER BY a", &["2", "13", "102", "113"]);
        assert_eq!(c.execute("DELETE FROM t", []).unwrap(), 4);
        check(c, "SELECT count(*) FROM t", &["0"]);
    });
}

#[test]
fn returning() {
    each(|c| {
        run(c, "CREATE TABLE t (a INTEGER PRIMARY KEY, b INTEGER)");
        check(
            c,
            "INSERT INTO t VALUES (1, 2), (2, 3) RETURNING a + b AS s, b",
            &["3|2", "5|3"],
        );
        check(
            c,
            "UPDATE t SET b = b + 1 WHERE a = 1 RETURNING *",
            &["1|3"],
        );
        check(c, "UPDATE t SET b = b + 1 RETURNING b", &["4", "4"]);
        check(c, "DELETE FROM t WHERE a = 2 RETURNING b", &["4"]);
        check(c, "DELETE FROM t RETURNING a", &["1"]);
    });
}

#[test]
fn tables_without_a_key() {
    each(|c| {
        run(c, "CREATE TABLE t (a TEXT, b NUMERIC)");
        run(
            c,
            "INSERT INTO t VALUES ('p', 1.50), ('q', NULL), ('p', 1.50)",
        );
        check(c, "SELECT * FROM t", &["p|1.50", "q|NULL", "p|1.50"]);
        assert_eq!(
            c.execute("UPDATE t SET b = 2 WHERE a = 'p'", []).unwrap(),
            2
        );
        assert_eq!(c.execute("DELETE FROM t WHERE b IS NULL", []).unwrap(), 1);
        run(c, "INSERT INTO t VALUES ('r', 0)");
        check(c, "SELECT a, b FROM t ORDER BY a", &["p|2", "p|2", "r|0"]);
    });
}

#[test]
fn constraints() {
    each(|c| {
        run(
            c,
            "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT UNIQUE, c INTEGER NOT NULL CHECK (c > 0), d INTEGER, UNIQUE (c, d))",
        );
        run(c, "INSERT INTO t VALUES (1, 'one', 1, 1)");
        let message = fails(c, "INSERT INTO t VALUES (1, 'x', 2, 1)", "23505");
        assert_eq!(
            message,
            "duplicate key value violates unique constraint \"t_pkey\""
        );
        let message = fails(c, "INSERT INTO t VALUES (2, 'one', 2, 1)", "23505");
        assert_eq!(
            message,
            "duplicate key value violates unique constraint \"t_b_key\""
        );
        fails(c, "INSERT INTO t VALUES (2, 'two', 1, 1)", "23505");
        let message = fails(c, "INSERT INTO t VALUES (2, 'two', NULL, 1)", "23502");
        assert_eq!(
            message,
            "null value in column \"c\" of relation \"t\" violates not-null constraint"
        );
        fails(c, "INSERT INTO t (b, c) VALUES ('z', 3)", "23502");
        let message = fails(c, "INSERT INTO t VALUES (2, 'two', -1, 1)", "23514");
        assert_eq!(
            message,
            "new row for relation \"t\" violates check constraint \"t_c_check\""
        );
        // NULLs are never the same.
        run(
            c,
            "INSERT INTO t VALUES (2, NULL, 2, NULL), (3, NULL, 2, NULL)",
        );
        fails(c, "UPDATE t SET b = 'one' WHERE a = 2", "23505");
        fails(c, "UPDATE t SET a = 1 WHERE a = 2", "23505");
        fails(c, "UPDATE t SET c = 0 WHERE a = 2", "23514");
        check(
            c,
            "SELECT a, b, c, d FROM t ORDER BY a",
            &["1|one|1|1", "2|NULL|2|NULL", "3|NULL|2|NULL"],
        );
        // A failed statement leaves nothing behind, not even its first rows.
        fails(
            c,
            "INSERT INTO t VALUES (7, 'seven', 7, 7), (8, 'one', 8, 8)",
            "23505",
        );
        check(c, "SELECT count(*) FROM t WHERE a >= 7", &["0"]);
        run(c, "INSERT INTO t VALUES (7, 'seven', 7, 7)");
        // A key given free can be taken again.
        run(
            c,
            "UPDATE t SET b = 'uno' WHERE a = 1; INSERT INTO t VALUES (9, 'one', 9, 9)",
        );
    });
}

#[test]
fn a_moving_key_meets_its_neighbour() {
    each(|c| {
        run(
            c,
            "CREATE TABLE t (a INTEGER PRIMARY KEY); INSERT INTO t VALUES (1), (2), (3)",
        );
        fails(c, "UPDATE t SET a = a + 1", "23505");
        check(c, "SELECT a FROM t ORDER BY a", &["1", "2", "3"]);
        run(c, "UPDATE t SET a = a - 1");
        check(c, "SELECT a FROM t ORDER BY a", &["0", "1", "2"]);
    });
}

#[test]
fn a_statement_does_not_meet_its_own_rows() {
    each(|c| {
        run(
            c,
            "CREATE TABLE t (a INTEGER); CREATE INDEX t_a ON t (a); INSERT INTO t VALUES (1), (2)",
        );
        for _ in 0..3 {
            run(c, "INSERT INTO t SELECT a + 1 FROM t");
        }
        check(c, "SELECT count(*) FROM t", &["16"]);
        assert_eq!(
            c.execute("UPDATE t SET a = a + 100 WHERE a > 0", [])
                .unwrap(),
            16
        );
        check(c, "SELECT count(*) FROM t WHERE a > 200", &["0"]);
    });
}

#[test]
fn prepared_changes() {
    each(|c| {
        run(
            c,
            "CREATE TABLE t (a BIGINT PRIMARY KEY, b TEXT, c NUMERIC(6,2), d DOUBLE PRECISION)",
        );
        let insert = c.prepare("INSERT INTO t VALUES ($1, $2, $3, $4)").unwrap();
        for i in 0..100i64 {
            let text = (i % 3 != 0).then(|| format!("row {i}"));
            insert.execute(params![i, text, i, i as f64 / 2.0]).unwrap();
        }
        let error = insert.execute(params![5i64, "again", 0, 0.0]).unwrap_err();
        assert_eq!(error.sqlstate(), "23505");
        let error = insert.execute(params![500i64, "short"]).unwrap_err();
        assert_eq!(error.sqlstate(), "08P01");
        let error = insert.execute(params![true, "x", 0, 0.0]).unwrap_err();
        assert_eq!(error.sqlstate(), "42804");
        let update = c
            .prepare("UPDATE t SET b = b || $2, c = c + 1 WHERE a = $1")
            .unwrap();
        assert_eq!(update.execute(params![4i64, "!"]).unwrap(), 1);
        assert_eq!(update.execute(params![400i64, "!"]).unwrap(), 0);
        let select = c.prepare("SELECT b, c, d FROM t WHERE a = $1").unwrap();
        let row = select.query(params![4i64]).unwrap().next().unwrap();
        assert_eq!(row.get::<String>("b").unwrap(), "row 4!");
        assert_eq!(row.values()[1].to_string(), "5.00");
        assert!((row.get::<f64>(2).unwrap() - 2.0).abs() < 1e-12);
        let row = select.query(params![3i64]).unwrap().next().unwrap();
        assert_eq!(row.get::<Option<String>>(0).unwrap(), None);
        assert_eq!(row.get::<String>(0).unwrap_err().sqlstate(), "22002");
        assert_eq!(row.get::<i32>(9).unwrap_err().sqlstate(), "42703");
        let delete = c.prepare("DELETE FROM t WHERE a = $1").unwrap();
        assert_eq!(delete.execute(params![4i64]).unwrap(), 1);
        assert_eq!(delete.execute(params![4i64]).unwrap(), 0);
        check(c, "SELECT count(*) FROM t", &["99"]);
    });
}
