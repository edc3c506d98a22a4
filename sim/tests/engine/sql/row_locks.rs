//! `SELECT … FOR UPDATE` and its like: who waits for whom, what is skipped, and what cannot be locked.

use crate::common::{check, each_backend, fails, run};
use quantadb::api::{Connection, Database};

fn sessions(database: &Database) -> (Connection, Connection) {
    let (one, two) = (database.connect().unwrap(), database.connect().unwrap());
    run(
        &one,
        "CREATE TABLE job (id INTEGER PRIMARY KEY, state TEXT, owner INTEGER);
         CREATE INDEX job_state ON job (state);
         INSERT INTO job VALUES (1, 'new', 7), (2, 'new', 8), (3, 'old', 7), (4, 'new', 7);
         CREATE TABLE person (name TEXT, id INTEGER UNIQUE);
         INSERT INTO person VALUES ('ann', 7), ('bob', 8)",
    );
    (one, two)
}

const NEXT: &str =
    "SELECT id FROM job WHERE state = 'new' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED";

#[test]
fn a_queue_gives_each_worker_a_job_of_its_own() {
    each_backend(|database| {
        let (one, two) = sessions(database);
        let three = database.connect().unwrap();
        for c in [&one, &two, &three] {
            run(c, "BEGIN ISOLATION LEVEL READ COMMITTED");
        }
        check(&one, NEXT, &["1"]);
        check(&two, NEXT, &["2"]);
        check(&three, NEXT, &["4"]);
        run(&one, "UPDATE job SET state = 'done' WHERE id = 1; COMMIT");
        run(&two, "ROLLBACK");
        check(&three, NEXT, &["2"]);
        run(&three, "COMMIT; BEGIN ISOLATION LEVEL READ COMMITTED");
        let claim = "UPDATE job SET state = 'run' WHERE id = (SELECT id FROM job WHERE state = 'new' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id";
        check(&three, claim, &["2"]);
        check(&one, claim, &["4"]);
        check(&one, claim, &[]);
        run(&three, "COMMIT");
    });
}

#[test]
fn strengths_agree_or_not_as_in_postgresql() {
    each_backend(|database| {
        let (one, two) = sessions(database);
        let strengths = ["KEY SHARE", "SHARE", "NO KEY UPDATE", "UPDATE"];
        for (i, held) in strengths.iter().enumerate() {
            for (j, wanted) in strengths.iter().enumerate() {
                run(&one, "BEGIN");
                run(&one, &format!("SELECT id FROM job WHERE id = 2 FOR {held}"));
                let sql = format!("SELECT id FROM job WHERE id = 2 FOR {wanted} NOWAIT");
                // One may be stronger the weaker the other is.
                if i + j < 3 || (i, j) == (1, 1) {
                    check(&two, &sql, &["2"]);
                } else {
                    let message = fails(&two, &sql, "55P03");
                    assert!(message.contains("could not obtain lock on row in relation \"job\""));
                }
                run(&one, "ROLLBACK");
            }
        }
    });
}

#[test]
fn changes_and_locks_meet() {
    each_backend(|database| {
        let (one, two) = sessions(database);
        run(&two, "SET lock_timeout = 1");
        run(&one, "BEGIN; SELECT * FROM job WHERE owner = 7 FOR SHARE");
        fails(&two, "UPDATE job SET owner = 8 WHERE id = 1", "55P03");
        fails(&two, "DELETE FROM job WHERE id = 3", "55P03");
        run(&two, "UPDATE job SET owner = 8 WHERE id = 2");
        run(&one, "COMMIT");
        run(&one, "BEGIN; SELECT * FROM job WHERE id = 1 FOR KEY SHARE");
        run(&two, "UPDATE job SET owner = 8 WHERE id = 1");
        fails(&two, "DELETE FROM job WHERE id = 1", "55P03");
        fails(&two, "UPDATE job SET id = 10 WHERE id = 1", "55P03");
        run(&one, "COMMIT");
        run(
            &one,
            "BEGIN; SAVEPOINT s; SELECT * FROM job FOR UPDATE; ROLLBACK TO s",
        );
        run(&two, "UPDATE job SET owner = 9");
        run(&one, "COMMIT");
        run(&one, "BEGIN; UPDATE job SET owner = 1 WHERE id = 4");
        check(
            &two,
            "SELECT id FROM job ORDER BY id FOR SHARE SKIP LOCKED",
            &["1", "2", "3"],
        );
        fails(&two, "SELECT id FROM job FOR SHARE", "55P03");
        run(&one, "ROLLBACK");
        run(
            &one,
            "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1 FROM job",
        );
        run(&two, "UPDATE job SET owner = 9 WHERE id = 4");
        fails(&one, "SELECT * FROM job WHERE id = 4 FOR UPDATE", "40001");
        run(&one, "ROLLBACK");
    });
}

#[test]
fn the_tables_that_are_named_are_locked() {
    each_backend(|database| {
        let (one, two) = sessions(database);
        let join = "SELECT j.id, p.name FROM job j JOIN person p ON p.id = j.owner WHERE j.id < 3 ORDER BY j.id";
        run(&one, "BEGIN");
        check(
            &one,
            &format!("{join} FOR UPDATE OF p"),
            &["1|ann", "2|bob"],
        );
        check(
            &two,
            "SELECT id FROM job WHERE id = 1 FOR UPDATE NOWAIT",
            &["1"],
        );
        fails(&two, "SELECT id FROM person FOR UPDATE NOWAIT", "55P03");
        run(&one, "ROLLBACK; BEGIN");
        check(
            &one,
            &format!("{join} FOR SHARE OF j FOR UPDATE OF p"),
            &["1|ann", "2|bob"],
        );
        check(
            &two,
            "SELECT id FROM job WHERE id = 1 FOR SHARE NOWAIT",
            &["1"],
        );
        fails(
            &two,
            "SELECT id FROM job WHERE id = 1 FOR UPDATE NOWAIT",
            "55P03",
        );
        run(&one, "ROLLBACK; BEGIN");
        check(
            &one,
            &format!("{join} FOR UPDATE OF p, j"),
            &["1|ann", "2|bob"],
        );
        check(
            &two,
            "SELECT j.id FROM job j LEFT JOIN person p ON p.id = j.owner ORDER BY j.id FOR UPDATE OF j SKIP LOCKED",
            &["3", "4"],
        );
        run(&one, "ROLLBACK");
    });
}

#[test]
fn what_is_no_row_of_a_table_cannot_be_locked() {
    each_backend(|database| {
        let (one, _) = sessions(database);
        for (sql, state, message) in [
            (
                "SELECT DISTINCT id FROM job FOR UPDATE",
                "0A000",
                "FOR UPDATE is not allowed with DISTINCT clause",
            ),
            (
                "SELECT owner FROM job GROUP BY owner FOR SHARE",
                "0A000",
                "FOR SHARE is not allowed with GROUP BY clause",
            ),
            (
                "SELECT count(*) FROM job FOR NO KEY UPDATE",
                "0A000",
                "FOR NO KEY UPDATE is not allowed with aggregate functions",
            ),
            (
                "SELECT 1 FROM job UNION SELECT 2 FROM job FOR UPDATE",
                "0A000",
                "FOR UPDATE is not allowed with",
            ),
            (
                "SELECT 1 FROM job LEFT JOIN person ON true FOR UPDATE",
                "0A000",
                "FOR UPDATE cannot be applied to the nullable side of an outer join",
            ),
            (
                "SELECT 1 FROM job FOR UPDATE OF nobody",
                "42P01",
                "relation \"nobody\" in FOR UPDATE clause not found in FROM clause",
            ),
            (
                "WITH a AS (SELECT 1) SELECT 1 FROM a FOR UPDATE OF a",
                "0A000",
                "FOR UPDATE cannot be applied to a WITH query",
            ),
        ] {
            let found = fails(&one, sql, state);
            assert!(found.contains(message), "{sql}: {found}");
        }
        run(&one, "BEGIN READ ONLY");
        let message = fails(&one, "SELECT 1 FROM job FOR UPDATE", "25006");
        assert!(message.contains("cannot execute SELECT FOR UPDATE in a read-only transaction"));
        run(&one, "ROLLBACK");
        let explained = "EXPLAIN SELECT id FROM job ORDER BY owner LIMIT 1 FOR UPDATE";
        let rows = one.query(explained, []).unwrap();
        let lines: Vec<String> = rows.map(|r| r.get(0).unwrap()).collect();
        let at = |name: &str| lines.iter().position(|l| l.contains(name)).unwrap();
        assert!(
            at("Limit") < at("LockRows") && at("LockRows") < at("Sort"),
            "{lines:?}"
        );
    });
}
