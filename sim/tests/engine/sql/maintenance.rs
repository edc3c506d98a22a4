//! Maintenance keeps the planner's statistics fresh, and is in nobody's way.

use crate::common::{Steps, check, each_backend, fails, kept, run, text};
use quantadb::api::{Connection, Database, DatabaseOptions};
use quantadb::params;
use quantadb::vfs::MemoryVfs;
use std::sync::Arc;

/// More than any table here has.
const MANY_PAGES: u64 = 1_000_000;

const TABLE: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER)";

fn load(c: &Connection, from: u32, to: u32) {
    let rows = format!("SELECT g, g % 10 FROM generate_series({from}, {to}) g");
    run(c, &format!("INSERT INTO t {rows}"));
}

/// How many rows the planner expects of a query.
fn expected(c: &Connection, sql: &str) -> String {
    let plan = text(c, &format!("EXPLAIN {sql}")).remove(0);
    let rows = plan.split("rows=").nth(1).unwrap_or_default();
    rows.split(' ').next().unwrap_or_default().to_owned()
}

fn maintain(database: &Database) -> u64 {
    database.maintain(MANY_PAGES).unwrap().tables_analyzed
}

#[test]
fn a_table_is_analysed_after_its_first_load() {
    each_backend(|database| {
        let c = database.connect().unwrap();
        run(&c, TABLE);
        assert_eq!(maintain(database), 0);
        load(&c, 1, 50);
        assert_eq!(maintain(database), 0);
        assert_eq!(expected(&c, "SELECT * FROM t"), "1000");
        load(&c, 51, 5000);
        assert_eq!(maintain(database), 1);
        assert_eq!(maintain(database), 0);
        assert_eq!(expected(&c, "SELECT * FROM t"), "5000");
        assert_eq!(expected(&c, "SELECT * FROM t WHERE n = 3"), "500");
        let few = expected(&c, "SELECT * FROM t WHERE id <= 100");
        assert!((50..=150).contains(&few.parse().unwrap()), "{few}");
    });
}

#[test]
fn a_table_is_analysed_again_when_enough_has_changed() {
    each_backend(|database| {
        let c = database.connect().unwrap();
        run(&c, TABLE);
        load(&c, 1, 5000);
        assert_eq!(maintain(database), 1);
        // 50 and a tenth of the rows may change.
        run(&c, "DELETE FROM t WHERE id <= 300");
        run(&c, "UPDATE t SET n = 11 WHERE id <= 550");
        assert_eq!(maintain(database), 0);
        assert_eq!(expected(&c, "SELECT * FROM t"), "5000");
        run(&c, "UPDATE t SET n = 12 WHERE id = 301");
        assert_eq!(maintain(database), 1);
        assert_eq!(expected(&c, "SELECT * FROM t"), "4700");
        assert_eq!(expected(&c, "SELECT * FROM t WHERE n = 11"), "249");
        // What ANALYZE has seen needs no other look.
        run(&c, "UPDATE t SET n = 13");
        run(&c, "ANALYZE t");
        assert_eq!(maintain(database), 0);
        run(&c, "UPDATE t SET n = 14");
        run(&c, "BEGIN; ANALYZE t; ROLLBACK");
        assert_eq!(maintain(database), 1);
        assert_eq!(expected(&c, "SELECT * FROM t WHERE n = 14"), "4700");
    });
}

#[test]
fn what_is_not_committed_does_not_count() {
    each_backend(|database| {
        let c = database.connect().unwrap();
        run(&c, TABLE);
        run(&c, "BEGIN");
        load(&c, 1, 100);
        assert_eq!(maintain(database), 0);
        run(&c, "ROLLBACK");
        assert_eq!(maintain(database), 0);
        run(&c, "BEGIN; SAVEPOINT s");
        load(&c, 1, 100);
        run(&c, "ROLLBACK TO s; COMMIT");
        assert_eq!(maintain(database), 0);
        run(&c, "BEGIN");
        load(&c, 1, 100);
        assert_eq!(maintain(database), 0);
        run(&c, "COMMIT");
        assert_eq!(maintain(database), 1);
        assert_eq!(expected(&c, "SELECT * FROM t"), "100");
    });
}

#[test]
fn plans_are_made_anew() {
    each_backend(|database| {
        let c = database.connect().unwrap();
        run(&c, TABLE);
        let explain = c.prepare("EXPLAIN SELECT * FROM t").unwrap();
        let rows = |expected: &str| {
            let line: String = explain.query([]).unwrap().next().unwrap().get(0).unwrap();
            assert!(line.contains(expected), "{line}");
        };
        rows("rows=1000 ");
        load(&c, 1, 3000);
        rows("rows=1000 ");
        assert_eq!(maintain(database), 1);
        rows("rows=3000 ");
    });
}

#[test]
fn no_transaction_fails_because_of_it() {
    each_backend(|database| {
        let (a, b) = (database.connect().unwrap(), database.connect().unwrap());
        run(&a, TABLE);
        load(&a, 1, 100);
        run(&a, "CREATE TABLE other (id INTEGER PRIMARY KEY)");
        // One that has read and writes later, and one that has written already, at the level that asks the most.
        run(&a, "BEGIN ISOLATION LEVEL SERIALIZABLE");
        assert_eq!(text(&a, "SELECT count(*) FROM t"), ["100"]);
        run(&b, "BEGIN ISOLATION LEVEL SERIALIZABLE");
        run(&b, "INSERT INTO other SELECT max(id) FROM t");
        assert_eq!(maintain(database), 1);
        run(&a, "INSERT INTO t VALUES (203, 1); COMMIT");
        run(&b, "INSERT INTO other VALUES (7)");
        // Not for the statistics: it has read the table that the other has changed.
        fails(&b, "COMMIT", "40001");
        run(&b, "BEGIN ISOLATION LEVEL SERIALIZABLE");
        run(&b, "INSERT INTO other SELECT max(id) FROM t");
        load(&a, 301, 500);
        run(&b, "ROLLBACK");
        run(&b, "BEGIN ISOLATION LEVEL SERIALIZABLE");
        run(&b, "INSERT INTO other SELECT max(id) FROM t");
        assert_eq!(maintain(database), 1);
        run(&b, "INSERT INTO other VALUES (7); COMMIT");
    });
}

#[test]
fn a_table_that_is_being_changed_is_left_to_the_next() {
    each_backend(|database| {
        let c = database.connect().unwrap();
        run(&c, TABLE);
        load(&c, 1, 100);
        run(&c, "BEGIN; CREATE INDEX t_n ON t (n)");
        assert_eq!(maintain(database), 0);
        run(&c, "INSERT INTO t VALUES (101, 1); COMMIT");
        assert_eq!(maintain(database), 1);
        run(&c, "BEGIN; DROP TABLE t; CREATE TABLE t (x TEXT)");
        assert_eq!(maintain(database), 0);
        run(&c, "COMMIT");
        assert_eq!(maintain(database), 0);
        assert_eq!(expected(&c, "SELECT * FROM t"), "1000");
    });
}

#[test]
fn a_large_table_waits_for_its_pages() {
    each_backend(|database| {
        let c = database.connect().unwrap();
        run(&c, TABLE);
        load(&c, 1, 5000);
        let calls = (1..100).find(|_| database.maintain(5).unwrap().tables_analyzed == 1);
        let calls = calls.expect("in some call it is analysed");
        assert!((3..40).contains(&calls), "{calls}");
        assert_eq!(expected(&c, "SELECT * FROM t"), "5000");
    });
}

#[test]
fn it_survives_and_goes_on_after_a_restart() {
    let vfs = Arc::new(MemoryVfs::new());
    let open = || kept(&vfs);
    let database = open();
    let c = database.connect().unwrap();
    run(&c, TABLE);
    load(&c, 1, 400);
    drop(c);
    database.close().unwrap();
    // Loaded before, and not analysed then.
    let database = open();
    assert_eq!(maintain(&database), 1);
    database.close().unwrap();
    let database = open();
    let c = database.connect().unwrap();
    assert_eq!(expected(&c, "SELECT * FROM t"), "400");
    assert_eq!(maintain(&database), 0);
    load(&c, 401, 600);
    assert_eq!(maintain(&database), 1);
    assert_eq!(expected(&c, "SELECT * FROM t"), "600");
}

#[test]
fn it_can_be_switched_off() {
    let mut options = DatabaseOptions {
        vfs: Arc::new(MemoryVfs::new()),
        ..DatabaseOptions::default()
    };
    options.session.analyze_threshold = None;
    let database = Database::open_with("off.qdb", options).unwrap();
    let c = database.connect().unwrap();
    run(&c, TABLE);
    load(&c, 1, 1000);
    assert_eq!(maintain(&database), 0);
}

#[test]
fn it_can_be_interrupted() {
    let options = DatabaseOptions {
        vfs: Arc::new(MemoryVfs::new()),
        env: Arc::new(Steps::default()),
        ..DatabaseOptions::default()
    };
    let database = Database::open_with("stopped.qdb", options).unwrap();
    let c = database.connect().unwrap();
    run(&c, TABLE);
    load(&c, 1, 20_000);
    c.execute("SET statement_timeout = '20ms'", params![])
        .unwrap();
    let error = c.maintain(MANY_PAGES).unwrap_err();
    assert_eq!(error.sqlstate(), "57014", "{error}");
    c.execute("SET statement_timeout = 0", params![]).unwrap();
    assert_eq!(expected(&c, "SELECT * FROM t"), "1000");
    assert_eq!(c.maintain(MANY_PAGES).unwrap().tables_analyzed, 1);
    assert_eq!(expected(&c, "SELECT * FROM t"), "20000");
}

/// Nobody ever commits: what was undone is logged all the same.
#[test]
fn those_who_only_roll_back_make_a_checkpoint_due_too() {
    const CHECKPOINT_BYTES: u64 = 100_000;
    let mut options = DatabaseOptions {
        vfs: Arc::new(MemoryVfs::new()),
        ..DatabaseOptions::default()
    };
    options.disk.checkpoint_bytes = CHECKPOINT_BYTES;
    options.disk.log_segment_bytes = 64 << 10;
    let database = Database::open_with("undone.qdb", options).unwrap();
    let session = database.connect().unwrap();
    run(&session, "CREATE TABLE t (id INTEGER PRIMARY KEY, b TEXT)");
    run(&session, "INSERT INTO t VALUES (60, 'stays')");
    let rows =
        "INSERT INTO t SELECT i, repeat('x', 200) FROM generate_series(1, $1::INTEGER) AS g (i)";
    let insert = session.prepare(rows).unwrap();
    for _ in 0..100 {
        run(&session, "BEGIN");
        insert.execute(params![50]).unwrap();
        run(&session, "ROLLBACK");
        let refused = insert.execute(params![60]).unwrap_err();
        assert_eq!(refused.sqlstate(), "23505");
        let stats = database.stats();
        assert!(stats.log_file_bytes < 10 * CHECKPOINT_BYTES, "{stats:?}");
    }
    check(&session, "SELECT id FROM t", &["60"]);
    check(&session, "CHECK DATABASE", &[]);
}
