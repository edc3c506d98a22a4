//! Deep, wide and contended: limits are errors, and nothing is lost between threads.

use crate::common::{check, each, each_backend, fails, run};
use quantadb::params;

/// Either answer is right: rows, or the error of a limit; never a crash.
#[track_caller]
fn bounded(connection: &quantadb::api::Connection, sql: &str) {
    match connection.query(sql, []) {
        Ok(rows) => drop(rows.count()),
        Err(error) => assert!(
            ["54001", "54000", "42601"].contains(&error.sqlstate()),
            "{error:?}"
        ),
    }
}

/// The parser takes a word behind a period for an operator first and for a name then: with each level twice as often.
#[test]
fn what_can_be_read_in_many_ways_is_refused_in_time() {
    each(|c| {
        let nested = |open: &str, levels| format!("SELECT {}1", open.repeat(levels));
        for open in ["a.not (", "NOT (f).a (b :c.d ("] {
            bounded(c, &nested(open, 5));
            bounded(c, &nested(open, 190));
        }
        fails(c, &nested("a.not (", 40), "54001");
        // Whoever comes after has operands of their own.
        run(c, "SELECT 1");
    });
}

#[test]
fn nesting_is_bounded() {
    each(|c| {
        run(
            c,
            "CREATE TABLE t (a INTEGER PRIMARY KEY, b INTEGER); INSERT INTO t VALUES (1, 2)",
        );
        for depth in [10, 40, 60, 90, 150, 190, 400, 5000] {
            let joins: Vec<String> = (0..depth.min(120))
                .map(|i| format!("LEFT JOIN t AS x{i} ON t.a = x{i}.a "))
                .collect();
            let wrapped = |open: &str, inner: &str, close: &str| {
                format!("{}{inner}{}", open.repeat(depth), close.repeat(depth))
            };
            bounded(c, &format!("SELECT {}", wrapped("(", "1", ")")));
            bounded(c, &format!("SELECT {}", wrapped("abs(", "1", ")")));
            bounded(
                c,
                &format!(
                    "SELECT {} FROM t",
                    wrapped("(SELECT max(a) + ", "1", " FROM t)")
                ),
            );
            bounded(
                c,
                &format!("SELECT {} FROM t", wrapped("NOT ", "a = 1", "")),
            );
            bounded(
                c,
                &format!(
                    "SELECT a FROM t WHERE {}",
                    wrapped("EXISTS (SELECT 1 FROM t WHERE ", "a = 1", ")")
                ),
            );
            bounded(c, &wrapped("SELECT * FROM (", "SELECT a FROM t", ") x"));
            bounded(
                c,
                &format!("SELECT a FROM t WHERE {} a = 1", "a = 2 OR ".repeat(depth)),
            );
            bounded(
                c,
                &format!("SELECT a FROM t WHERE a = 1 {}", "+ 1".repeat(depth)),
            );
            bounded(c, &format!("SELECT count(*) FROM t {}", joins.concat()));
        }
    });
}

#[test]
fn width_is_bounded() {
    each(|c| {
        run(
            c,
            "CREATE TABLE t (a INTEGER PRIMARY KEY, b INTEGER); INSERT INTO t VALUES (1, 2)",
        );
        let from: Vec<String> = (0..200).map(|i| format!("t AS t{i}")).collect();
        fails(
            c,
            &format!("SELECT count(*) FROM {}", from.join(", ")),
            "54000",
        );
        check(
            c,
            &format!("SELECT count(*) FROM {}", from[..60].join(", ")),
            &["1"],
        );
        let list: Vec<String> = (0..5000).map(|i| i.to_string()).collect();
        check(
            c,
            &format!("SELECT a FROM t WHERE b IN ({})", list.join(",")),
            &["1"],
        );
        check(
            c,
            &format!("SELECT a FROM t WHERE a IN ({})", list.join(",")),
            &["1"],
        );
        let columns: Vec<String> = (0..1000).map(|i| format!("c{i} INTEGER")).collect();
        run(c, &format!("CREATE TABLE wide ({})", columns.join(", ")));
        run(c, "INSERT INTO wide (c999) VALUES (7)");
        check(
            c,
            "SELECT c0, c999 FROM wide WHERE c998 IS NULL",
            &["NULL|7"],
        );
    });
}

#[test]
fn threads_lose_no_update() {
    each_backend(|database| {
        let c = database.connect().unwrap();
        run(
            &c,
            "CREATE TABLE t (a INTEGER PRIMARY KEY, b INTEGER); INSERT INTO t VALUES (1, 0), (2, 0)",
        );
        run(&c, "CREATE INDEX t_b ON t (b)");
        std::thread::scope(|scope| {
            for _ in 0..4 {
                let mine = database.connect().unwrap();
                scope.spawn(move || {
                    for i in 0..50 {
                        mine.execute("UPDATE t SET b = b + 1 WHERE a = $1", params![1 + i % 2])
                            .unwrap();
                        mine.transaction(|tx| {
                            let row = tx.query("SELECT b FROM t WHERE a = 1", [])?.next().unwrap();
                            let b: i32 = row.get(0)?;
                            tx.execute("UPDATE t SET b = $1 WHERE a = 1", params![b + 1])
                        })
                        .unwrap();
                    }
                });
            }
        });
        check(&c, "SELECT a, b FROM t ORDER BY a", &["1|300", "2|100"]);
        check(&c, "SELECT a FROM t WHERE b = 300", &["1"]);
    });
}

#[test]
fn settings_can_be_shown() {
    each(|c| {
        check(c, "SHOW server_encoding", &["UTF8"]);
        check(c, "SHOW transaction_isolation", &["serializable"]);
        run(c, "BEGIN ISOLATION LEVEL READ COMMITTED");
        check(c, "SHOW transaction_isolation", &["read committed"]);
        run(c, "COMMIT");
        fails(c, "SHOW nothing_of_that_name", "42704");
    });
}

#[test]
fn paths_of_json_are_bounded() {
    each(|c| {
        for depth in [2, 5, 6, 10, 60, 125, 200, 250, 400, 5000] {
            let wrapped = |open: &str, inner: &str, close: &str| {
                format!("{}{inner}{}", open.repeat(depth), close.repeat(depth))
            };
            let paths = [
                wrapped("(", "$", ")"),
                wrapped("-", "$", ""),
                format!("${}", ".a".repeat(depth)),
                format!("${}", "[0]".repeat(depth)),
                format!("$ ? ({})", wrapped("!(", "@ == 1", ")")),
                format!("1{}", " + 1".repeat(depth)),
                format!("$ ? (@ == 1{})", " && @ == 1".repeat(depth)),
                format!("${}", " ? (@ == 1)".repeat(depth)),
            ];
            for path in paths {
                bounded(c, &format!("SELECT jsonb_path_query('1', '{path}')"));
            }
            let deep = wrapped("[", "1", "]");
            bounded(c, &format!("SELECT jsonb_path_query('{deep}', '$.**')"));
        }
    });
}
