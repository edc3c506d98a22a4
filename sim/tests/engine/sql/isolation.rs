//! What each isolation level forbids and what it allows: the anomalies of Berenson et al., "A critique of ANSI SQL
//! isolation levels" (SIGMOD 1995), and of Fekete, O'Neil and O'Neil, "A read-only transaction anomaly under snapshot
//! isolation" (SIGMOD Record 33(3), 2004), as statements of several sessions.

use crate::common::{check, each_backend, fails, run};
use quantadb::api::{Connection, Database};

const SERIALIZABLE: &str = "BEGIN ISOLATION LEVEL SERIALIZABLE";
const REPEATABLE_READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ";
const READ_COMMITTED: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";

/// Two sessions over two rows.
fn sessions(database: &Database) -> (Connection, Connection) {
    let (one, two) = (database.connect().unwrap(), database.connect().unwrap());
    run(
        &one,
        "CREATE TABLE doctor (name TEXT PRIMARY KEY, shift INTEGER, on_call BOOLEAN); \
         CREATE INDEX doctor_shift ON doctor (shift); \
         INSERT INTO doctor VALUES ('ann', 1, true), ('bob', 1, true)",
    );
    (one, two)
}

/// Each asks whether two are on call, and takes another one off.
fn write_skew(level: &str, one: &Connection, two: &Connection) {
    const COUNT: &str = "SELECT count(*) FROM doctor WHERE on_call";
    run(one, level);
    run(two, level);
    check(one, COUNT, &["2"]);
    check(two, COUNT, &["2"]);
    run(one, "UPDATE doctor SET on_call = false WHERE name = 'ann'");
    run(two, "UPDATE doctor SET on_call = false WHERE name = 'bob'");
    run(one, "COMMIT");
}

#[test]
fn write_skew_is_for_the_weaker_levels() {
    each_backend(|database| {
        let (one, two) = sessions(database);
        write_skew(SERIALIZABLE, &one, &two);
        let message = fails(&two, "COMMIT", "40001");
        assert!(message.contains("read/write dependencies"), "{message}");
        assert!(!two.is_in_transaction());
        check(&two, "SELECT name FROM doctor WHERE on_call", &["bob"]);
    });
    each_backend(|database| {
        let (one, two) = sessions(database);
        write_skew(REPEATABLE_READ, &one, &two);
        run(&two, "COMMIT");
        check(&two, "SELECT count(*) FROM doctor WHERE on_call", &["0"]);
    });
}

#[test]
fn serializable_is_what_begin_means() {
    each_backend(|database| {
        let (one, two) = sessions(database);
        write_skew("BEGIN", &one, &two);
        fails(&two, "COMMIT", "40001");
        check(&one, "SHOW transaction_isolation", &["serializable"]);
        check(
            &one,
            "SHOW default_transaction_isolation",
            &["serializable"],
        );
    });
}

#[test]
fn phantoms_are_for_the_weaker_levels() {
    for (level, fails_at_commit) in [(SERIALIZABLE, true), (REPEATABLE_READ, false)] {
        // By the index, and by a scan of the table.
        for count in [
            "SELECT count(*) FROM doctor WHERE shift = 2",
            "SELECT count(*) FROM doctor WHERE shift + 0 = 2",
        ] {
            each_backend(|database| {
                let (one, two) = sessions(database);
                for session in [&one, &two] {
                    run(session, level);
                    check(session, count, &["0"]);
                }
                run(&one, "INSERT INTO doctor VALUES ('cid', 2, true)");
                run(&two, "INSERT INTO doctor VALUES ('dee', 2, true)");
                run(&one, "COMMIT");
                match fails_at_commit {
                    true => drop(fails(&two, "COMMIT", "40001")),
                    false => run(&two, "COMMIT"),
                }
            });
        }
    }
}

#[test]
fn who_only_reads_is_never_refused() {
    for begin in [
        SERIALIZABLE,
        "BEGIN ISOLATION LEVEL SERIALIZABLE, READ ONLY",
    ] {
        each_backend(|database| {
            let (one, two) = sessions(database);
            run(&one, begin);
            check(&one, "SELECT count(*) FROM doctor WHERE on_call", &["2"]);
            run(&two, "UPDATE doctor SET on_call = false");
            check(&one, "SELECT count(*) FROM doctor WHERE on_call", &["2"]);
            run(&one, "COMMIT");
        });
    }
}

#[test]
fn what_was_not_read_may_change() {
    each_backend(|database| {
        let (one, two) = sessions(database);
        run(&one, SERIALIZABLE);
        check(&one, "SELECT shift FROM doctor WHERE name = 'ann'", &["1"]);
        run(&two, "INSERT INTO doctor VALUES ('eve', 3, false)");
        run(&one, "INSERT INTO doctor VALUES ('fay', 4, true)");
        run(&one, "COMMIT");
    });
}

/// A withdrawal that overdraws both accounts together, a deposit, and a report between them: without the report the two
/// could have run one after the other.
fn report_between(level: &str, database: &Database) -> Result<(), quantadb::Error> {
    let connect = || database.connect().unwrap();
    let (withdrawal, deposit, report) = (connect(), connect(), connect());
    run(
        &report,
        "CREATE TABLE account (id INTEGER PRIMARY KEY, sum INTEGER); INSERT INTO account VALUES (1, 0), (2, 0)",
    );
    run(&withdrawal, level);
    check(
        &withdrawal,
        "SELECT sum FROM account ORDER BY id",
        &["0", "0"],
    );
    run(&deposit, level);
    run(&deposit, "UPDATE account SET sum = sum + 20 WHERE id = 2");
    run(&deposit, "COMMIT");
    run(&report, level);
    check(&report, "SELECT sum FROM account ORDER BY id", &["0", "20"]);
    run(&report, "COMMIT");
    run(
        &withdrawal,
        "UPDATE account SET sum = sum - 11 WHERE id = 1",
    );
    withdrawal.run("COMMIT").map(drop)
}

#[test]
fn a_report_does_not_see_what_no_order_explains() {
    each_backend(|database| {
        let refused = report_between(SERIALIZABLE, database).unwrap_err();
        assert_eq!(refused.sqlstate(), "40001");
    });
    each_backend(|database| report_between(REPEATABLE_READ, database).unwrap());
}

#[test]
fn a_lost_update_is_for_no_level_but_the_weakest_is_told_nothing() {
    for (level, state) in [
        (SERIALIZABLE, Some("40001")),
        (REPEATABLE_READ, Some("40001")),
        (READ_COMMITTED, None),
    ] {
        each_backend(|database| {
            let (one, two) = sessions(database);
            run(&one, level);
            check(&one, "SELECT shift FROM doctor WHERE name = 'ann'", &["1"]);
            run(&two, "UPDATE doctor SET shift = 5 WHERE name = 'ann'");
            let update = "UPDATE doctor SET shift = shift + 1 WHERE name = 'ann'";
            match state {
                Some(state) => drop(fails(&one, update, state)),
                None => run(&one, update),
            }
            run(&one, "COMMIT");
            let expected = if state.is_some() { "5" } else { "6" };
            check(
                &one,
                "SELECT shift FROM doctor WHERE name = 'ann'",
                &[expected],
            );
        });
    }
}

#[test]
fn a_read_that_was_rolled_back_still_counts() {
    each_backend(|database| {
        let (one, two) = sessions(database);
        run(&one, SERIALIZABLE);
        run(&one, "SAVEPOINT s");
        run(
            &one,
            "UPDATE doctor SET shift = shift + 1 WHERE name = 'ann'",
        );
        run(&one, "ROLLBACK TO s");
        run(&two, "UPDATE doctor SET shift = 7 WHERE name = 'ann'");
        run(&one, "INSERT INTO doctor VALUES ('gil', 8, true)");
        fails(&one, "COMMIT", "40001");
    });
}

#[test]
fn a_transaction_that_loses_is_run_again() {
    each_backend(|database| {
        let (one, two) = sessions(database);
        let mut tries = 0;
        one.transaction(|tx| {
            tries += 1;
            let on_call = "SELECT count(*) FROM doctor WHERE on_call";
            let count: i64 = tx.query(on_call, [])?.next().unwrap().get(0)?;
            if tries == 1 {
                two.execute("UPDATE doctor SET on_call = false WHERE name = 'bob'", [])?;
            }
            if count > 1 {
                tx.execute("UPDATE doctor SET on_call = false WHERE name = 'ann'", [])?;
            }
            Ok(())
        })
        .unwrap();
        assert_eq!(tries, 2);
        check(&one, "SELECT name FROM doctor WHERE on_call", &["ann"]);
    });
}

#[test]
fn a_duplicate_that_cannot_be_seen_is_a_conflict() {
    each_backend(|database| {
        let (one, two) = sessions(database);
        run(&one, SERIALIZABLE);
        check(&one, "SELECT shift FROM doctor WHERE name = 'hal'", &[]);
        run(&two, "INSERT INTO doctor VALUES ('hal', 9, true)");
        fails(&one, "INSERT INTO doctor VALUES ('hal', 1, true)", "40001");
        run(&one, "ROLLBACK");
        fails(&one, "INSERT INTO doctor VALUES ('hal', 1, true)", "23505");
    });
}

#[test]
fn a_definition_does_not_exchange_what_was_learned() {
    each_backend(|database| {
        let (one, two) = sessions(database);
        run(&one, "BEGIN; SAVEPOINT s");
        fails(&one, "INSERT INTO doctor VALUES ('ann', 1, true)", "23505");
        run(&one, "ROLLBACK TO s");
        run(&two, "DELETE FROM doctor WHERE name = 'ann'");
        fails(&one, "CREATE TABLE y (a INTEGER)", "40001");
        run(&one, "ROLLBACK");
        run(&one, "BEGIN; SAVEPOINT s");
        fails(&one, "SELECT * FROM z", "42P01");
        run(&one, "ROLLBACK TO s");
        run(&two, "CREATE TABLE z (a INTEGER)");
        fails(&one, "CREATE TABLE y (a INTEGER)", "40001");
        run(&one, "ROLLBACK");
    });
}

#[test]
fn a_script_begins_as_it_says() {
    each_backend(|database| {
        let (one, two) = sessions(database);
        run(&one, "BEGIN ISOLATION LEVEL READ COMMITTED; SELECT 1");
        check(&one, "SHOW transaction_isolation", &["read committed"]);
        run(&one, "ROLLBACK");
        let error = two
            .run("BEGIN READ ONLY; DELETE FROM doctor; COMMIT")
            .unwrap_err();
        assert_eq!(error.sqlstate(), "25006");
        run(&two, "ROLLBACK");
        let error = two
            .run("SELECT 1; BEGIN READ ONLY; DELETE FROM doctor")
            .unwrap_err();
        assert_eq!(error.sqlstate(), "25006");
        run(&two, "ROLLBACK");
        let error = two
            .run("SELECT 1; BEGIN ISOLATION LEVEL READ COMMITTED")
            .unwrap_err();
        assert_eq!(error.sqlstate(), "25001");
        check(&two, "SELECT count(*) FROM doctor", &["2"]);
    });
}
