//! `SET` and its like: what each setting does, for how long, and what is refused.

use quantadb::api::{Connection, Database, DatabaseOptions, SessionOptions};
use quantadb::env::{Env, OsEnv};
use quantadb::params;
use quantadb::storage::IsolationLevel;
use quantadb::vfs::MemoryVfs;
use std::sync::Arc;
use std::time::Duration;

fn database() -> Database {
    let database = Database::open_in_memory().unwrap();
    let connection = database.connect().unwrap();
    connection
        .run("CREATE TABLE t (id INT PRIMARY KEY, n INT); INSERT INTO t VALUES (1, 0), (2, 0)")
        .unwrap();
    database
}

fn show(connection: &Connection, name: &str) -> String {
    let mut rows = connection.query(&format!("SHOW {name}"), []).unwrap();
    rows.next().unwrap().get(0).unwrap()
}

/// SQLSTATE and message of what must fail.
fn error(connection: &Connection, sql: &str) -> String {
    let error = connection.run(sql).expect_err(sql);
    format!("{} {}", error.sqlstate(), error.message())
}

#[test]
fn a_setting_lasts_as_long_as_its_scope() {
    let database = database();
    let c = database.connect().unwrap();
    c.run("SET lock_timeout = '2s'").unwrap();
    assert_eq!(show(&c, "lock_timeout"), "2s");
    c.run("BEGIN; SET LOCAL lock_timeout = 5; SET statement_timeout TO '1min'")
        .unwrap();
    assert_eq!(show(&c, "lock_timeout"), "5ms");
    c.run("COMMIT").unwrap();
    assert_eq!(show(&c, "lock_timeout"), "2s");
    assert_eq!(show(&c, "statement_timeout"), "1min");
    c.run("BEGIN; SET lock_timeout = 7; SAVEPOINT s; SET lock_timeout = 8; ROLLBACK TO s")
        .unwrap();
    assert_eq!(show(&c, "lock_timeout"), "7ms");
    c.run("ROLLBACK").unwrap();
    assert_eq!(show(&c, "lock_timeout"), "2s");
    c.run("RESET lock_timeout").unwrap();
    assert_eq!(show(&c, "lock_timeout"), "0");
    c.run("SET statement_timeout = DEFAULT").unwrap();
    assert_eq!(show(&c, "statement_timeout"), "0");
    c.run("SET LOCAL lock_timeout = 9").unwrap();
    assert_eq!(show(&c, "lock_timeout"), "0", "no transaction, no effect");
}

#[test]
fn what_is_no_value_is_refused_as_postgresql_does() {
    let c = database().connect().unwrap();
    for (sql, expected) in [
        (
            "SET nonsense = 1",
            "42704 unrecognized configuration parameter \"nonsense\"",
        ),
        (
            "SHOW nonsense",
            "42704 unrecognized configuration parameter \"nonsense\"",
        ),
        (
            "SET lock_timeout = 'soon'",
            "22023 invalid value for parameter \"lock_timeout\": \"soon\"",
        ),
        (
            "SET lock_timeout = -1",
            "22023 -1 ms is outside the valid range for parameter \"lock_timeout\" (0 .. 2147483647)",
        ),
        (
            "SET default_transaction_read_only = maybe",
            "22023 parameter \"default_transaction_read_only\" requires a Boolean value",
        ),
        (
            "SET default_transaction_isolation = 'snapshot'",
            "22023 invalid value for parameter \"default_transaction_isolation\": \"snapshot\"",
        ),
        (
            "SET server_version = '16'",
            "55P02 parameter \"server_version\" cannot be changed",
        ),
        (
            "SET timezone = 'Europe/Nowhere'",
            "22023 invalid value for parameter \"TimeZone\": \"Europe/Nowhere\"",
        ),
        (
            "SET timezone = 'EST5EDT,M3.2.0,M11.1.0'",
            "0A000 a time zone that says its rules itself is not supported",
        ),
        (
            "SET ROLE nobody",
            "0A000 SET ROLE and SESSION AUTHORIZATION is not supported",
        ),
        (
            "SET batch_rows = 0",
            "22023 0 is outside the valid range for parameter \"batch_rows\" (1 .. 1048576)",
        ),
        (
            "SET batch_rows = 'many'",
            "22023 invalid value for parameter \"batch_rows\": \"many\"",
        ),
        ("SET lock_timeout 5", "42601 syntax error at or near \"5\""),
        ("SET lock_timeout =", "42601 syntax error at end of input"),
        (
            "BEGIN ISOLATION LEVEL chaos",
            "42601 syntax error at or near \"chaos\"",
        ),
        (
            "ALTER DATABASE other SET lock_timeout = 1",
            "3D000 database \"other\" does not exist (this one is \"memory\")",
        ),
    ] {
        assert_eq!(error(&c, sql), expected, "{sql}");
    }
    c.run("SET timezone TO 'utc'; SET client_encoding = 'UTF8'; SET work_mem = '3MB'")
        .unwrap();
    assert_eq!(show(&c, "work_mem"), "3MB");
    assert_eq!(show(&c, "batch_rows"), "2048");
    c.run("SET batch_rows = 7").unwrap();
    assert_eq!(show(&c, "batch_rows"), "7");
    c.run("SET batch_rows TO DEFAULT").unwrap();
    assert_eq!(show(&c, "batch_rows"), "2048");
    assert!(c.query("SHOW ALL", []).unwrap().count() > 10);
}

#[test]
fn the_modes_of_a_transaction() {
    let c = database().connect().unwrap();
    assert_eq!(show(&c, "transaction_isolation"), "serializable");
    c.run("SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED")
        .unwrap();
    assert_eq!(show(&c, "transaction isolation level"), "read committed");
    c.run("BEGIN; SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY, DEFERRABLE")
        .unwrap();
    assert_eq!(show(&c, "transaction_isolation"), "repeatable read");
    assert_eq!(show(&c, "transaction_read_only"), "on");
    assert_eq!(show(&c, "transaction_deferrable"), "on");
    assert_eq!(
        error(&c, "INSERT INTO t VALUES (3, 0)"),
        "25006 cannot execute INSERT in a read-only transaction"
    );
    c.run("ROLLBACK; BEGIN; SELECT 1").unwrap();
    assert_eq!(
        error(&c, "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE"),
        "25001 SET TRANSACTION ISOLATION LEVEL must be called before any query"
    );
    c.run("ROLLBACK; BEGIN; INSERT INTO t VALUES (3, 0); SET TRANSACTION READ ONLY")
        .unwrap();
    assert_eq!(
        error(&c, "DELETE FROM t"),
        "25006 cannot execute DELETE in a read-only transaction"
    );
    c.run("ROLLBACK; BEGIN READ ONLY; SELECT 1").unwrap();
    assert_eq!(
        error(&c, "SET transaction_read_only = off"),
        "25001 transaction read-write mode must be set before any query"
    );
    c.run("ROLLBACK; SET default_transaction_read_only = on")
        .unwrap();
    assert_eq!(
        error(&c, "CREATE TABLE u (a INT)"),
        "25006 cannot execute CREATE TABLE in a read-only transaction"
    );
    c.run("BEGIN READ WRITE; INSERT INTO t VALUES (4, 0); COMMIT")
        .unwrap();
    c.run("DISCARD ALL").unwrap();
    assert_eq!(show(&c, "default_transaction_read_only"), "off");
}

#[test]
fn the_database_keeps_settings_for_new_sessions() {
    let vfs = Arc::new(MemoryVfs::new());
    let open = || {
        let options = DatabaseOptions {
            vfs: vfs.clone(),
            session: SessionOptions {
                isolation: IsolationLevel::RepeatableRead,
                ..SessionOptions::default()
            },
            ..DatabaseOptions::default()
        };
        Database::open_with("shop.qdb", options).unwrap()
    };
    let database = open();
    let old = database.connect().unwrap();
    assert_eq!(
        show(&old, "default_transaction_isolation"),
        "repeatable read"
    );
    old.run("ALTER DATABASE shop SET default_transaction_isolation = 'read committed'")
        .unwrap();
    old.run("ALTER DATABASE shop SET lock_timeout TO '3s'")
        .unwrap();
    assert_eq!(
        show(&old, "default_transaction_isolation"),
        "repeatable read"
    );
    let new = database.connect().unwrap();
    assert_eq!(show(&new, "transaction_isolation"), "read committed");
    drop((old, new));
    database.close().unwrap();
    let c = open().connect().unwrap();
    assert_eq!(show(&c, "lock_timeout"), "3s");
    c.run("SET lock_timeout = 1; RESET lock_timeout").unwrap();
    assert_eq!(
        show(&c, "lock_timeout"),
        "3s",
        "RESET goes back to the database's"
    );
    c.run("ALTER DATABASE shop RESET lock_timeout; RESET ALL")
        .unwrap();
    assert_eq!(show(&c, "lock_timeout"), "0");
    assert_eq!(show(&c, "default_transaction_isolation"), "read committed");
    c.run("ALTER DATABASE shop RESET ALL").unwrap();
    c.run("DISCARD ALL").unwrap();
    assert_eq!(show(&c, "default_transaction_isolation"), "repeatable read");
}

#[test]
fn waiting_and_running_end_when_their_time_is_up() {
    let database = database();
    let (holder, c) = (database.connect().unwrap(), database.connect().unwrap());
    holder
        .run("BEGIN; UPDATE t SET n = 1 WHERE id = 1")
        .unwrap();
    c.run("SET lock_timeout = 20").unwrap();
    assert_eq!(
        error(&c, "UPDATE t SET n = 2 WHERE id = 1"),
        "55P03 canceling statement due to lock timeout"
    );
    c.run("SET lock_timeout = 0; SET statement_timeout = 20")
        .unwrap();
    assert_eq!(
        error(&c, "UPDATE t SET n = 2 WHERE id = 1"),
        "57014 canceling statement due to statement timeout"
    );
    c.run("BEGIN; INSERT INTO t VALUES (5, 5)").unwrap();
    let ten = "(VALUES (0),(1),(2),(3),(4),(5),(6),(7),(8),(9))";
    let endless = format!(
        "SELECT count(*) FROM {0} a(i), {0} b(i), {0} c(i), {0} d(i), {0} e(i), {0} f(i), {0} g(i), {0} h(i), {0} k(i), {0} l(i) WHERE a.i + b.i + c.i + d.i + e.i + f.i + g.i + h.i + k.i + l.i = -1",
        ten
    );
    assert_eq!(
        error(&c, &endless),
        "57014 canceling statement due to statement timeout"
    );
    assert!(c.has_failed_transaction());
    c.run("ROLLBACK; SET statement_timeout = 0").unwrap();
    let handle = c.interrupt_handle();
    handle.interrupt();
    assert_eq!(c.execute("SELECT 1", []).unwrap(), 1, "nothing ran");
    for sql in ["UPDATE t SET n = 2 WHERE id = 1", endless.as_str()] {
        let took = std::thread::scope(|scope| {
            let handle = handle.clone();
            let (done, is_done) = std::sync::mpsc::channel::<()>();
            let watch = scope.spawn(move || {
                // As often as it takes to meet the statement.
                let mut since = OsEnv.monotonic_micros();
                while is_done.recv_timeout(Duration::from_millis(30)).is_err() {
                    since = OsEnv.monotonic_micros();
                    handle.interrupt();
                }
                since
            });
            assert_eq!(
                error(&c, sql),
                "57014 canceling statement due to user request"
            );
            done.send(()).unwrap();
            OsEnv.monotonic_micros() - watch.join().unwrap()
        });
        assert!(took < 25_000, "{took} microseconds for {sql}");
    }
    holder.run("ROLLBACK").unwrap();
    assert_eq!(c.execute("UPDATE t SET n = 2 WHERE id = 1", []).unwrap(), 1);
}

#[test]
fn a_commit_that_waits_and_a_vacuum_are_stopped() {
    let database = database();
    let (holder, c) = (database.connect().unwrap(), database.connect().unwrap());
    c.run(
        "CREATE TABLE parent (id INTEGER PRIMARY KEY); INSERT INTO parent VALUES (1);
         CREATE TABLE child (parent INTEGER REFERENCES parent DEFERRABLE INITIALLY DEFERRED)",
    )
    .unwrap();
    holder.run("BEGIN; DELETE FROM parent").unwrap();
    c.run("SET statement_timeout = 20; BEGIN; INSERT INTO child VALUES (1)")
        .unwrap();
    let timed_out = "57014 canceling statement due to statement timeout";
    assert_eq!(error(&c, "COMMIT"), timed_out);
    assert!(!c.is_in_transaction());
    holder.run("ROLLBACK").unwrap();
    assert_eq!(c.query("SELECT * FROM child", []).unwrap().count(), 0);
    c.run("SET statement_timeout = 0; INSERT INTO child VALUES (1)")
        .unwrap();

    c.run("CREATE TABLE many (id INTEGER PRIMARY KEY, n TEXT); INSERT INTO many SELECT i, 'text' FROM generate_series(1, 20000) s(i)")
        .unwrap();
    holder
        .run("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1 FROM many WHERE id = 1")
        .unwrap();
    c.run("DELETE FROM many").unwrap();
    holder.run("COMMIT").unwrap();
    c.run("SET statement_timeout = 1").unwrap();
    assert_eq!(error(&c, "VACUUM"), timed_out);
    c.run("SET statement_timeout = 0").unwrap();
    let problems = || c.query("CHECK DATABASE", []).unwrap().count();
    assert_eq!(problems(), 0);
    let pages = database.stats().pages;
    c.run("VACUUM").unwrap();
    assert_eq!(problems(), 0);
    assert!(database.stats().pages < pages);
}

#[test]
fn read_committed_goes_on_with_what_others_have_committed() {
    let database = database();
    let (first, second) = (database.connect().unwrap(), database.connect().unwrap());
    second
        .run("SET default_transaction_isolation TO 'read committed'")
        .unwrap();
    first
        .run("BEGIN; UPDATE t SET n = n + 10 WHERE id = 1")
        .unwrap();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(move || {
            second
                .run("BEGIN; SELECT n FROM t; UPDATE t SET n = n + 1 WHERE n < 100; COMMIT")
                .unwrap();
        });
        first.run("COMMIT").unwrap();
        waiting.join().unwrap();
    });
    let sum: i64 = first
        .query("SELECT sum(n) FROM t", [])
        .unwrap()
        .next()
        .unwrap()
        .get(0)
        .unwrap();
    assert_eq!(sum, 12);
}

#[test]
fn a_closure_is_tried_again_until_it_wins() {
    let database = database();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let c = database.connect().unwrap();
            scope.spawn(move || {
                for _ in 0..25 {
                    c.transaction(|tx| {
                        let n: i32 = tx
                            .query("SELECT n FROM t WHERE id = 1", [])?
                            .next()
                            .unwrap()
                            .get(0)?;
                        tx.execute("UPDATE t SET n = $1 WHERE id = 1", params![n + 1])
                    })
                    .unwrap();
                }
            });
        }
    });
    let c = database.connect().unwrap();
    let n: i32 = c
        .query("SELECT n FROM t WHERE id = 1", [])
        .unwrap()
        .next()
        .unwrap()
        .get(0)
        .unwrap();
    assert_eq!(n, 100);
}

#[test]
fn a_commit_waits_for_what_is_asked() {
    let database = database();
    let c = database.connect().unwrap();
    let syncs_of = |level: &str| {
        c.run(&format!("SET synchronous = {level}")).unwrap();
        let before = database.stats().log_syncs;
        for _ in 0..10 {
            c.execute("UPDATE t SET n = n + 1", []).unwrap();
        }
        database.stats().log_syncs - before
    };
    assert_eq!(["full", "normal", "off"].map(syncs_of), [10, 0, 0]);
    assert_eq!(show(&c, "synchronous_commit"), "off");
    c.run("SET synchronous_commit = on").unwrap();
    assert_eq!(show(&c, "synchronous"), "full");
    c.run("SET synchronous = off; BEGIN; UPDATE t SET n = 0; SET LOCAL synchronous = full")
        .unwrap();
    let before = database.stats().log_syncs;
    c.run("COMMIT").unwrap();
    assert_eq!(database.stats().log_syncs - before, 1);
    assert_eq!(show(&c, "synchronous"), "off");
}
