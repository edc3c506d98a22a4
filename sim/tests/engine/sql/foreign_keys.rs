//! Foreign keys between transactions: a child is added while its parent goes, in both orders, at each isolation level;
//! what a database that is opened again knows of them; and limits.

use crate::common::{check, each, each_backend, fails, kept, run, text};
use quantadb::api::{Connection, Database};
use quantadb::vfs::MemoryVfs;
use std::sync::Arc;

const LEVELS: [&str; 3] = ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"];

/// How the parent goes, and how children refer to it: by the row id or by a unique index, with an index of their own or
/// without.
const WAYS: [(&str, &str); 4] = [
    ("DELETE FROM parent WHERE id = 1", "by_id"),
    ("UPDATE parent SET id = 10 WHERE id = 1", "by_id"),
    ("DELETE FROM parent WHERE name = 'a'", "by_name"),
    ("UPDATE parent SET name = 'z' WHERE id = 1", "by_name"),
];

fn sessions(database: &Database, action: &str, indexed: bool) -> (Connection, Connection) {
    let (one, two) = (database.connect().unwrap(), database.connect().unwrap());
    run(
        &one,
        &format!(
            "CREATE TABLE parent (id INTEGER PRIMARY KEY, name TEXT UNIQUE);
             INSERT INTO parent VALUES (1, 'a'), (2, 'b');
             CREATE TABLE by_id (parent INTEGER REFERENCES parent {action});
             CREATE TABLE by_name (parent TEXT REFERENCES parent (name) {action})"
        ),
    );
    if indexed {
        run(
            &one,
            "CREATE INDEX i ON by_id (parent); CREATE INDEX n ON by_name (parent)",
        );
    }
    for session in [&one, &two] {
        run(session, "SET lock_timeout = 1");
    }
    (one, two)
}

fn begin(session: &Connection, level: &str) {
    run(session, &format!("BEGIN ISOLATION LEVEL {level}"));
    // Now it has its snapshot.
    run(session, "SELECT 1 FROM parent WHERE id = 99");
}

fn child(table: &str) -> &'static str {
    match table {
        "by_id" => "INSERT INTO by_id VALUES (1)",
        _ => "INSERT INTO by_name VALUES ('a')",
    }
}

/// Runs `test` with two sessions, for every level, way, backend, and with or without an index.
fn each_way(action: &str, test: impl Fn(&Connection, &Connection, &str, (&str, &str))) {
    for level in LEVELS {
        for way in WAYS {
            for indexed in [false, true] {
                each_backend(|database| {
                    println!("{level}: {} and {}, index: {indexed}", way.0, way.1);
                    let (one, two) = sessions(database, action, indexed);
                    test(&one, &two, level, way);
                });
            }
        }
    }
}

#[test]
fn who_removes_the_parent_waits_for_the_child_and_sees_it() {
    each_way("", |one, two, level, (removal, table)| {
        begin(one, level);
        begin(two, level);
        run(one, child(table));
        run(two, "SAVEPOINT s");
        fails(two, removal, "55P03");
        run(two, "ROLLBACK TO s");
        run(one, "COMMIT");
        if level == "READ COMMITTED" {
            let message = fails(two, removal, "23503");
            assert!(message.contains("update or delete on table \"parent\""));
        } else {
            run(two, removal);
            fails(two, "COMMIT", "40001");
        }
        run(two, "ROLLBACK");
        check(two, "SELECT count(*) FROM parent WHERE id = 1", &["1"]);
    });
}

#[test]
fn who_adds_a_child_waits_for_the_parent_and_misses_it() {
    each_way("", |one, two, level, (removal, table)| {
        begin(one, level);
        begin(two, level);
        run(one, removal);
        run(two, "SAVEPOINT s");
        fails(two, child(table), "55P03");
        run(two, "ROLLBACK TO s");
        run(one, "COMMIT");
        let sqlstate = match level {
            "READ COMMITTED" => "23503",
            _ => "40001",
        };
        fails(two, child(table), sqlstate);
        run(two, "ROLLBACK");
        check(two, &format!("SELECT count(*) FROM {table}"), &["0"]);
    });
}

#[test]
fn a_removal_that_is_taken_back_leaves_the_parent_to_the_child() {
    each_way("", |one, two, level, (removal, table)| {
        begin(one, level);
        begin(two, level);
        run(one, removal);
        run(one, "ROLLBACK");
        run(two, child(table));
        run(two, "COMMIT");
    });
}

#[test]
fn an_action_acts_on_all_children_or_fails() {
    let action = "ON DELETE CASCADE ON UPDATE CASCADE";
    each_way(action, |one, two, level, (removal, table)| {
        begin(one, level);
        begin(two, level);
        run(one, child(table));
        run(one, "COMMIT");
        run(two, removal);
        if level == "READ COMMITTED" {
            run(two, "COMMIT");
        } else {
            fails(two, "COMMIT", "40001");
        }
    });
}

#[test]
fn the_parent_may_change_but_for_its_key() {
    each_backend(|database| {
        let (one, two) = sessions(database, "", false);
        begin(&one, "READ COMMITTED");
        run(&one, "INSERT INTO by_id VALUES (1)");
        run(&two, "UPDATE parent SET name = 'q' WHERE id = 1");
        fails(&two, "DELETE FROM parent WHERE id = 1", "55P03");
        run(&two, "DELETE FROM parent WHERE id = 2");
        run(&one, "COMMIT");
    });
}

#[test]
fn a_deferred_check_locks_when_it_is_made() {
    let deferred = "DEFERRABLE INITIALLY DEFERRED";
    each_way(deferred, |one, two, level, (removal, table)| {
        begin(one, level);
        begin(two, level);
        run(one, child(table));
        run(two, removal);
        run(two, "COMMIT");
        let sqlstate = match level {
            "READ COMMITTED" => "23503",
            _ => "40001",
        };
        fails(one, "COMMIT", sqlstate);
        assert!(!one.is_in_transaction());
        check(one, &format!("SELECT count(*) FROM {table}"), &["0"]);
    });
}

#[test]
fn they_are_there_after_the_database_was_opened_again() {
    let vfs = Arc::new(MemoryVfs::new());
    let open = || kept(&vfs);
    let database = open();
    let session = database.connect().unwrap();
    run(
        &session,
        "CREATE TABLE p (a INTEGER, b TEXT, PRIMARY KEY (a, b)); INSERT INTO p VALUES (1, 'x');
         CREATE TABLE c (b TEXT, a INTEGER, FOREIGN KEY (a, b) REFERENCES p MATCH FULL ON DELETE SET NULL
           ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED);
         INSERT INTO c VALUES ('x', 1)",
    );
    drop(session);
    database.close().unwrap();
    let session = open().connect().unwrap();
    run(&session, "UPDATE p SET a = 2");
    check(&session, "SELECT a, b FROM c", &["2|x"]);
    run(&session, "BEGIN; INSERT INTO c VALUES (NULL, 2)");
    fails(&session, "COMMIT", "23503");
    run(&session, "DELETE FROM p");
    check(&session, "SELECT a IS NULL, b IS NULL FROM c", &["t|t"]);
}

#[test]
fn more_deferred_checks_than_are_remembered_become_one_of_all_rows() {
    let database = Database::open_in_memory().unwrap();
    let session = database.connect().unwrap();
    run(
        &session,
        "CREATE TABLE p (name TEXT PRIMARY KEY);
         CREATE TABLE c (id INTEGER PRIMARY KEY, name TEXT REFERENCES p DEFERRABLE INITIALLY DEFERRED)",
    );
    run(
        &session,
        "CREATE TABLE d (i INTEGER); INSERT INTO d VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)",
    );
    // Ten million bytes of names.
    let fill = |table: &str, columns: &str| {
        for part in 0..52 {
            run(
                &session,
                &format!(
                    "INSERT INTO {table} SELECT {columns} FROM (SELECT {part} * 100 + x.i * 10 + y.i AS n FROM d x, d y) s"
                ),
            );
        }
    };
    for missing in [false, true] {
        run(&session, "BEGIN");
        fill("c", "n, repeat('n', 1900) || CAST(n AS TEXT)");
        fill("p", "repeat('n', 1900) || CAST(n AS TEXT)");
        if missing {
            run(&session, "DELETE FROM p WHERE name LIKE '%n5077'");
            fails(&session, "COMMIT", "23503");
        } else {
            run(&session, "COMMIT; DELETE FROM c; DELETE FROM p");
        }
    }
}

#[test]
fn a_cascade_stays_within_the_memory_of_its_statement() {
    let database = crate::common::small_memory();
    let session = database.connect().unwrap();
    run(
        &session,
        "CREATE TABLE p (id INTEGER PRIMARY KEY); INSERT INTO p VALUES (1);
         CREATE TABLE c (p INTEGER REFERENCES p ON DELETE CASCADE, t TEXT)",
    );
    for _ in 0..4 {
        run(&session, "INSERT INTO c VALUES (1, repeat('x', 8000))");
    }
    fails(&session, "DELETE FROM p", "53200");
    check(&session, "SELECT count(*) FROM c", &["4"]);
}

#[test]
fn dropping_several_indexes_of_a_table_drops_them_all() {
    each(|session| {
        run(
            session,
            "CREATE TABLE p (a INTEGER, b INTEGER); CREATE UNIQUE INDEX pa ON p (a); CREATE INDEX pb ON p (b);
             CREATE TABLE c (a INTEGER REFERENCES p (a)); DROP INDEX pa, pb CASCADE;
             INSERT INTO c VALUES (5); INSERT INTO p VALUES (1, 1), (1, 1)",
        );
        assert_eq!(text(session, "SELECT a FROM p WHERE a = 1").len(), 2);
    });
}

#[test]
fn no_child_is_left_alone_by_many_at_once() {
    let database = Database::open_in_memory().unwrap();
    let session = database.connect().unwrap();
    run(
        &session,
        "CREATE TABLE parent (id INTEGER PRIMARY KEY, name TEXT UNIQUE);
         CREATE TABLE by_id (parent INTEGER REFERENCES parent);
         CREATE TABLE by_name (parent TEXT REFERENCES parent (name) ON DELETE CASCADE ON UPDATE CASCADE)",
    );
    std::thread::scope(|scope| {
        for thread in 0..4usize {
            let database = &database;
            scope.spawn(move || {
                let session = database.connect().unwrap();
                run(&session, "SET lock_timeout = 5000");
                for step in 0..120usize {
                    let level = LEVELS[(step + thread) % 3];
                    let key = (step * 7 + thread * 3) % 5;
                    let sql = match (step * 5 + thread) % 6 {
                        0 | 1 => format!("INSERT INTO parent VALUES ({key}, 'n{key}')"),
                        2 => format!("INSERT INTO by_id VALUES ({key})"),
                        3 => format!("INSERT INTO by_name VALUES ('n{key}')"),
                        4 => format!("DELETE FROM parent WHERE id = {key}"),
                        _ => format!("DELETE FROM by_id WHERE parent = {key}"),
                    };
                    let whole = format!("BEGIN ISOLATION LEVEL {level}; {sql}; COMMIT");
                    if let Err(error) = session.run(&whole) {
                        let expected = ["23503", "23505", "40001", "40P01"];
                        assert!(expected.contains(&error.sqlstate()), "{whole}\n{error:?}");
                        run(&session, "ROLLBACK");
                    }
                }
            });
        }
    });
    assert_eq!(database.check().unwrap().problems, Vec::<String>::new());
}
