//! Transactions and their states as PostgreSQL has them.

use crate::common::{check, each, each_backend, fails, run};
use quantadb::params;
use quantadb::{Error, ErrorKind};

const TABLE: &str = "CREATE TABLE t (a INTEGER PRIMARY KEY, b INTEGER)";

#[test]
fn commit_and_rollback() {
    each(|c| {
        run(c, TABLE);
        run(c, "BEGIN");
        run(c, "INSERT INTO t VALUES (1, 1)");
        check(c, "SELECT count(*) FROM t", &["1"]);
        run(c, "ROLLBACK");
        check(c, "SELECT count(*) FROM t", &["0"]);
        run(c, "BEGIN; INSERT INTO t VALUES (2, 2); COMMIT");
        check(c, "SELECT a FROM t", &["2"]);
        assert!(!c.is_in_transaction());
        // PostgreSQL only warns.
        run(c, "COMMIT");
        run(c, "ROLLBACK");
        run(c, "BEGIN");
        run(c, "BEGIN");
        run(c, "COMMIT");
    });
}

#[test]
fn a_failed_transaction_takes_nothing_but_its_end() {
    each(|c| {
        run(c, TABLE);
        run(c, "BEGIN; INSERT INTO t VALUES (1, 1)");
        fails(c, "INSERT INTO t VALUES (1, 2)", "23505");
        assert!(c.has_failed_transaction());
        fails(c, "SELECT 1", "25P02");
        fails(c, "SAVEPOINT s", "25P02");
        fails(c, "BEGIN", "25P02");
        let tag = c.run("COMMIT").unwrap().remove(0).tag;
        assert_eq!(tag, "ROLLBACK");
        check(c, "SELECT count(*) FROM t", &["0"]);
        run(c, "BEGIN");
        fails(c, "SELEC", "42601");
        fails(c, "SELECT 1", "25P02");
        run(c, "ROLLBACK");
    });
}

#[test]
fn savepoints() {
    each(|c| {
        run(c, TABLE);
        run(c, "BEGIN");
        run(c, "INSERT INTO t VALUES (1, 1)");
        run(c, "SAVEPOINT one");
        run(c, "INSERT INTO t VALUES (2, 2)");
        run(c, "SAVEPOINT two");
        run(c, "UPDATE t SET b = 9");
        fails(c, "INSERT INTO t VALUES (1, 1)", "23505");
        run(c, "ROLLBACK TO two");
        check(c, "SELECT b FROM t ORDER BY a", &["1", "2"]);
        run(c, "ROLLBACK TO SAVEPOINT one");
        check(c, "SELECT a FROM t", &["1"]);
        fails(c, "ROLLBACK TO two", "3B001");
        run(c, "ROLLBACK TO one");
        run(c, "INSERT INTO t VALUES (3, 3)");
        run(c, "RELEASE one");
        fails(c, "RELEASE one", "3B001");
        run(c, "ROLLBACK");
        fails(c, "SAVEPOINT s", "25P01");
        fails(c, "ROLLBACK TO s", "25P01");
        fails(c, "RELEASE s", "25P01");
        check(c, "SELECT count(*) FROM t", &["0"]);
    });
}

#[test]
fn a_string_of_statements_is_one_transaction() {
    each(|c| {
        run(c, TABLE);
        let error = c
            .run("INSERT INTO t VALUES (1, 1); INSERT INTO t VALUES (1, 1)")
            .unwrap_err();
        assert_eq!(error.sqlstate(), "23505");
        check(c, "SELECT count(*) FROM t", &["0"]);
        let results = c
            .run("INSERT INTO t VALUES (1, 1), (2, 2); SELECT a FROM t ORDER BY a; DELETE FROM t WHERE a = 1")
            .unwrap();
        let tags: Vec<&str> = results.iter().map(|r| r.tag.as_str()).collect();
        assert_eq!(tags, ["INSERT 0 2", "SELECT 2", "DELETE 1"]);
        // COMMIT in between ends the implicit transaction; what follows is another.
        c.run("INSERT INTO t VALUES (5, 5); COMMIT; INSERT INTO t VALUES (6, 6); SELECT 1 / 0")
            .unwrap_err();
        check(c, "SELECT a FROM t ORDER BY a", &["2", "5"]);
        // BEGIN in between makes it a block, which stays open.
        run(
            c,
            "INSERT INTO t VALUES (7, 7); BEGIN; INSERT INTO t VALUES (8, 8)",
        );
        assert!(c.is_in_transaction());
        run(c, "ROLLBACK");
        check(c, "SELECT a FROM t ORDER BY a", &["2", "5"]);
        assert_eq!(
            c.query("SELECT 1; SELECT 2", []).unwrap_err().sqlstate(),
            "42601"
        );
        assert!(c.run("; ;").unwrap().is_empty());
    });
}

#[test]
fn definitions_are_transactional() {
    each(|c| {
        run(c, "BEGIN");
        run(c, TABLE);
        run(c, "INSERT INTO t VALUES (1, 1)");
        run(c, "SAVEPOINT s");
        run(c, "CREATE INDEX t_b ON t (b)");
        run(c, "DROP TABLE t");
        fails(c, "SELECT * FROM t", "42P01");
        run(c, "ROLLBACK TO s");
        check(c, "SELECT * FROM t", &["1|1"]);
        run(c, "COMMIT");
        check(c, "SELECT * FROM t", &["1|1"]);
        run(c, "BEGIN; DROP TABLE t; ROLLBACK");
        check(c, "SELECT * FROM t", &["1|1"]);
        run(c, "DROP TABLE t");
        fails(c, "SELECT * FROM t", "42P01");
        run(c, "DROP TABLE IF EXISTS t");
        fails(c, "DROP TABLE t", "42P01");
        run(c, TABLE);
        fails(c, TABLE, "42P07");
        run(c, "CREATE TABLE IF NOT EXISTS t (z TEXT)");
    });
}

#[test]
fn sessions_do_not_see_each_other() {
    each_backend(|database| {
        let (one, two) = (database.connect().unwrap(), database.connect().unwrap());
        run(&one, TABLE);
        run(&one, "BEGIN; INSERT INTO t VALUES (1, 1)");
        check(&two, "SELECT count(*) FROM t", &["0"]);
        run(&two, "BEGIN");
        check(&two, "SELECT count(*) FROM t", &["0"]);
        run(&one, "COMMIT");
        check(&two, "SELECT count(*) FROM t", &["0"]);
        run(&two, "COMMIT");
        check(&two, "SELECT count(*) FROM t", &["1"]);
        // First updater wins.
        run(&one, "BEGIN");
        check(&one, "SELECT b FROM t", &["1"]);
        run(&two, "UPDATE t SET b = b + 1");
        fails(&one, "UPDATE t SET b = b + 1", "40001");
        run(&one, "ROLLBACK");
        // READ COMMITTED looks again at each statement.
        run(&one, "BEGIN ISOLATION LEVEL READ COMMITTED");
        check(&one, "SELECT b FROM t", &["2"]);
        run(&two, "UPDATE t SET b = b + 1");
        check(&one, "SELECT b FROM t", &["3"]);
        run(&one, "UPDATE t SET b = b + 1; COMMIT");
        check(&two, "SELECT b FROM t", &["4"]);
        run(&one, "BEGIN READ ONLY");
        fails(&one, "DELETE FROM t", "25006");
        run(&one, "ROLLBACK");
    });
}

#[test]
fn plans_follow_the_schema() {
    each_backend(|database| {
        let (one, two) = (database.connect().unwrap(), database.connect().unwrap());
        run(&one, TABLE);
        run(&one, "INSERT INTO t VALUES (1, 10)");
        let select = two.prepare("SELECT * FROM t").unwrap();
        assert_eq!(select.query([]).unwrap().columns().len(), 2);
        check(&two, "SELECT * FROM t", &["1|10"]);
        run(
            &one,
            "DROP TABLE t; CREATE TABLE t (x TEXT, y TEXT, z TEXT); INSERT INTO t VALUES ('p', 'q', 'r')",
        );
        check(&two, "SELECT * FROM t", &["p|q|r"]);
        assert_eq!(select.query([]).unwrap().columns().len(), 3);
        run(&one, "DROP TABLE t");
        fails(&two, "SELECT * FROM t", "42P01");
        assert_eq!(select.query([]).unwrap_err().sqlstate(), "42P01");
    });
}

#[test]
fn transactions_as_values() {
    each_backend(|database| {
        let c = database.connect().unwrap();
        run(&c, TABLE);
        {
            let tx = c.begin().unwrap();
            tx.execute("INSERT INTO t VALUES (1, 1)", []).unwrap();
            assert_eq!(c.begin().unwrap_err().sqlstate(), "25001");
        }
        check(&c, "SELECT count(*) FROM t", &["0"]);
        let tx = c.begin().unwrap();
        tx.execute("INSERT INTO t VALUES ($1, $2)", params![1, 1])
            .unwrap();
        tx.savepoint("odd \"name\"").unwrap();
        tx.execute("INSERT INTO t VALUES (2, 2)", []).unwrap();
        tx.rollback_to("odd \"name\"").unwrap();
        tx.commit().unwrap();
        check(&c, "SELECT a FROM t", &["1"]);
        let tx = c.begin().unwrap();
        tx.execute("INSERT INTO t VALUES (1, 1)", []).unwrap_err();
        assert_eq!(tx.commit().unwrap_err().sqlstate(), "25P02");
        let tx = c.begin().unwrap();
        tx.run("COMMIT").unwrap();
        assert_eq!(tx.commit().unwrap_err().sqlstate(), "25P01");
        let result: Result<(), Error> = c.transaction(|tx| {
            tx.execute("DELETE FROM t", [])?;
            Err(Error::misuse("no"))
        });
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Misuse);
        check(&c, "SELECT a FROM t", &["1"]);
    });
}

#[test]
fn conflicts_are_tried_again() {
    each_backend(|database| {
        let (one, two) = (database.connect().unwrap(), database.connect().unwrap());
        run(&one, TABLE);
        run(&one, "INSERT INTO t VALUES (1, 0)");
        let mut tries = 0;
        one.transaction(|tx| {
            tries += 1;
            tx.query("SELECT b FROM t", [])?;
            if tries < 3 {
                two.execute("UPDATE t SET b = b + 1", [])?;
            }
            tx.execute("UPDATE t SET b = b + 10 WHERE a = 1", [])
        })
        .unwrap();
        assert_eq!(tries, 3);
        check(&one, "SELECT b FROM t", &["12"]);
    });
}

#[test]
fn handles_move_between_threads() {
    fn is_send<T: Send>() {}
    fn is_sync<T: Sync>() {}
    is_send::<quantadb::api::Connection>();
    is_send::<quantadb::api::Database>();
    is_sync::<quantadb::api::Database>();
}
