//! Statements that need more than `work_mem`: the same rows, in the same order, by way of the disk, and nothing left there.

mod faults;
mod vfs;

use crate::common::{fails, run, text};
use proptest::prelude::*;
use quantadb::api::{Connection, Database, DatabaseOptions, SessionOptions};
use quantadb::vfs::{MemoryVfs, Vfs};
use std::path::Path;
use std::sync::Arc;

/// The file that spilled rows are in.
const TEMP: &str = "spill.qdb-tmp";

/// A database whose sessions spill whatever they can, on that file system.
fn database_on(vfs: Arc<dyn Vfs>) -> Database {
    let options = DatabaseOptions {
        vfs,
        session: SessionOptions {
            work_mem_bytes: 0,
            ..SessionOptions::default()
        },
        ..DatabaseOptions::default()
    };
    Database::open_with("spill.qdb", options).unwrap()
}

/// A session that has memory.
fn with_memory(database: &Database) -> Connection {
    let connection = database.connect().unwrap();
    run(&connection, "SET work_mem = '64MB'");
    connection
}

/// What a property inserts into `a (k, t, x)`: key, length of the text, number.
type Rows = Vec<(Option<i32>, Option<usize>, i32)>;

fn fill(connection: &Connection, table: &str, rows: &Rows) {
    run(
        connection,
        &format!(
            "CREATE TABLE {table} (id INTEGER PRIMARY KEY, k INTEGER, t TEXT, x NUMERIC, b BOOLEAN, f FLOAT8)"
        ),
    );
    let or_null = |text: Option<String>| text.unwrap_or_else(|| "NULL".to_owned());
    for (start, rows) in rows.chunks(100).enumerate() {
        let values: Vec<String> = rows
            .iter()
            .enumerate()
            .map(|(i, (k, t, x))| {
                let id = start * 100 + i;
                let k = or_null(k.map(|k| k.to_string()));
                let text = or_null(t.map(|t| format!("repeat('{}', {t})", t % 7)));
                format!(
                    "({id}, {k}, {text}, {x}.{:02}, {}, {x} / 8.0)",
                    id % 3 * 10,
                    x % 2 == 0
                )
            })
            .collect();
        run(
            connection,
            &format!("INSERT INTO {table} VALUES {}", values.join(", ")),
        );
    }
}

/// Rows of few keys, of many, of one, some NULL.
fn rows(count_max: usize) -> impl Strategy<Value = Rows> {
    let keys = prop_oneof![Just(0..1), Just(0..5), Just(-100_000..100_000)];
    (keys, 0..count_max).prop_flat_map(|(keys, count)| {
        let row = (
            proptest::option::weighted(0.9, keys),
            proptest::option::weighted(0.9, 0usize..60),
            -50..50,
        );
        proptest::collection::vec(row, count)
    })
}

/// The same rows in the same order; shows the first that differs.
fn same(found: &[String], expected: &[String], query: &str) {
    let rows = found.iter().zip(expected).enumerate();
    for (row, (found, expected)) in rows {
        assert_eq!(found, expected, "row {row} of {query}");
    }
    assert_eq!(found.len(), expected.len(), "{query}");
}

/// Each query gives the same rows in the same order with memory and without, spills, and leaves nothing.
fn same_rows(vfs: &MemoryVfs, database: &Database, queries: &[&str]) {
    let (small, large) = (database.connect().unwrap(), with_memory(database));
    // What fits in one batch need not spill.
    run(&small, "SET batch_rows = 50");
    for query in queries {
        let before = database.temp_stats();
        let expected = text(&large, query);
        assert_eq!(
            database.temp_stats(),
            before,
            "{query} spills with memory too"
        );
        let found = text(&small, query);
        same(&found, &expected, query);
        assert_eq!(database.temp_stats().bytes_held, 0, "{query}");
        assert!(!vfs.exists(Path::new(TEMP)).unwrap(), "{query}");
    }
}

/// Each query spills when there are more rows than a batch has.
fn spills(database: &Database, batch_rows: u32, queries: &[&str]) {
    let connection = database.connect().unwrap();
    run(&connection, &format!("SET batch_rows = {batch_rows}"));
    for query in queries {
        let before = database.temp_stats();
        text(&connection, query);
        let after = database.temp_stats();
        assert!(after.runs > before.runs, "{query}");
        assert!(after.bytes_written > before.bytes_written, "{query}");
        assert_eq!(after.bytes_held, 0, "{query}");
    }
}

const SORTS: &[&str] = &[
    "SELECT * FROM a ORDER BY k",
    "SELECT * FROM a ORDER BY t DESC, x",
    "SELECT k, x, b, f FROM a ORDER BY b, f NULLS FIRST, x DESC, k DESC NULLS LAST",
    "SELECT id FROM a ORDER BY t NULLS FIRST OFFSET 3",
    "SELECT id FROM a ORDER BY x, k LIMIT 7 OFFSET 5",
    "SELECT id FROM a ORDER BY k LIMIT 0",
    "SELECT id FROM a ORDER BY k OFFSET 100000",
    "SELECT id, (SELECT count(*) FROM (SELECT k FROM a b WHERE b.k = a.k ORDER BY x LIMIT 2) c) FROM a WHERE id < 5",
];

const GROUPS: &[&str] = &[
    "SELECT k, count(*), sum(x), min(t), avg(f), bool_or(b) FROM a GROUP BY k",
    "SELECT t, x % 7, count(*), count(DISTINCT k), string_agg(t, '+'), max(id) FROM a GROUP BY t, x % 7",
    "SELECT id, sum(x) FILTER (WHERE b), count(t) FILTER (WHERE k > 0) FROM a GROUP BY id",
    "SELECT count(DISTINCT t), count(DISTINCT x), sum(DISTINCT k), string_agg(DISTINCT t, ',') FROM a",
    "SELECT t, k FROM a GROUP BY t, k HAVING count(*) < 3",
    "SELECT DISTINCT t, b FROM a",
    "SELECT DISTINCT k, x, f FROM a LIMIT 50 OFFSET 2",
    "SELECT count(*), sum(c) FROM (SELECT x, t, count(*) AS c FROM a GROUP BY x, t) d",
    "SELECT id, (SELECT count(DISTINCT k) FROM a b WHERE b.x = a.x) FROM a WHERE id < 5",
];

const SETS: &[&str] = &[
    "SELECT t, k FROM a UNION SELECT t, k FROM b",
    "SELECT t FROM a INTERSECT SELECT t FROM b",
    "SELECT t FROM a INTERSECT ALL SELECT t FROM b",
    "SELECT k, t FROM a EXCEPT SELECT k, t FROM b",
    "SELECT k FROM a EXCEPT ALL SELECT k FROM b",
    "SELECT id, t FROM a EXCEPT SELECT 1, 'x'",
    "SELECT id FROM a INTERSECT SELECT x::integer FROM b",
];

const JOINS: &[&str] = &[
    "SELECT a.id, b.id, a.t FROM a JOIN b ON a.k = b.k",
    "SELECT a.id, b.id, b.x FROM a LEFT JOIN b ON a.k = b.k AND a.t = b.t",
    "SELECT a.id, b.id FROM a LEFT JOIN b ON a.k = b.k AND a.x < b.x",
    "SELECT a.id, b.id FROM a JOIN b ON a.x = b.x AND a.t <> b.t",
    "SELECT a.id FROM a WHERE EXISTS (SELECT 1 FROM b WHERE b.k = a.k)",
    "SELECT a.id FROM a WHERE NOT EXISTS (SELECT 1 FROM b WHERE b.k = a.k AND b.t <> a.t)",
    "SELECT a.id FROM a WHERE a.x IN (SELECT b.x FROM b WHERE b.k < a.k)",
    "SELECT a.id, b.id FROM a FULL JOIN b ON a.k = b.k + 3 ORDER BY 1, 2",
    "SELECT a.id, b.id FROM a FULL JOIN b ON a.k = b.k AND a.x < b.x ORDER BY 1, 2",
    "SELECT a.id, b.id, c.id FROM a LEFT JOIN b ON a.k = b.k LEFT JOIN a c ON c.t = b.t AND c.b",
    "SELECT a.k, count(*), count(b.id) FROM a RIGHT JOIN b ON a.k + 1 = b.k GROUP BY a.k ORDER BY 2, 1",
    "SELECT id FROM a WHERE k IN (SELECT k FROM b WHERE b.b)",
    "SELECT id FROM a WHERE NOT EXISTS (SELECT 1 FROM b WHERE b.t = a.t)",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn groups_spill_without_a_trace(rows in rows(400)) {
        let vfs = Arc::new(MemoryVfs::new());
        let database = database_on(vfs.clone());
        fill(&with_memory(&database), "a", &rows);
        same_rows(&vfs, &database, GROUPS);
    }

    #[test]
    fn set_operations_spill_without_a_trace(left in rows(300), right in rows(300)) {
        let vfs = Arc::new(MemoryVfs::new());
        let database = database_on(vfs.clone());
        fill(&with_memory(&database), "a", &left);
        fill(&with_memory(&database), "b", &right);
        same_rows(&vfs, &database, SETS);
    }

    #[test]
    fn hash_joins_spill_without_a_trace(left in rows(200), right in rows(80)) {
        let vfs = Arc::new(MemoryVfs::new());
        let database = database_on(vfs.clone());
        fill(&with_memory(&database), "a", &left);
        fill(&with_memory(&database), "b", &right);
        same_rows(&vfs, &database, JOINS);
    }

    #[test]
    fn sorts_spill_without_a_trace(rows in rows(400)) {
        let vfs = Arc::new(MemoryVfs::new());
        let database = database_on(vfs.clone());
        fill(&with_memory(&database), "a", &rows);
        same_rows(&vfs, &database, SORTS);
    }
}

#[test]
fn every_type_survives() {
    let vfs = Arc::new(MemoryVfs::new());
    let database = database_on(vfs.clone());
    let c = with_memory(&database);
    run(
        &c,
        "CREATE TABLE e (i INTEGER PRIMARY KEY, a SMALLINT, b BIGINT, c REAL, d DATE, e TIMESTAMP, f TIMESTAMPTZ,
           g TIME, h INTERVAL, j UUID, k BYTEA, l VARCHAR(9), m NUMERIC(9, 3), n BOOLEAN, o DOUBLE PRECISION)",
    );
    for i in 0..80 {
        let value = |column: i32, text: String| match (i + column) % 5 {
            0 => "NULL".to_owned(),
            _ => format!("'{text}'"),
        };
        let day = format!("{}-03-{:02}", 1990 + i, i % 28 + 1);
        let time = format!("{:02}:{:02}:07.00{i:02}", i % 24, i % 60);
        let values = [
            value(1, (i - 40).to_string()),
            value(2, format!("-{i}000000007")),
            value(3, format!("{i}.5")),
            value(4, day.clone()),
            value(5, format!("{day} {time}")),
            value(6, format!("{day} {time}+00")),
            value(7, time),
            value(8, format!("{} mons {i} days", i % 7)),
            value(9, format!("00000000-0000-4000-8000-0000000000{i:02}")),
            value(10, format!("\\x00ff{i:02}")),
            value(11, "ü".repeat(i as usize % 9)),
            value(12, format!("{i}.125")),
            value(13, (i % 2 == 0).to_string()),
            value(14, format!("1e{i}")),
        ];
        run(
            &c,
            &format!("INSERT INTO e VALUES ({i}, {})", values.join(", ")),
        );
    }
    let queries = [
        "SELECT * FROM e ORDER BY a DESC, i",
        "SELECT DISTINCT * FROM e",
        "SELECT * FROM e x JOIN e y ON x.h = y.h AND x.g = y.g AND x.j = y.j",
        "SELECT d, e, f, g, h, j, k, l, count(*), min(f), max(h), max(g) FROM e GROUP BY d, e, f, g, h, j, k, l",
        "SELECT a, b, c, d, e, f, g, h, j, k, l, m, n, o FROM e EXCEPT SELECT a, b, c, d, e, f, g, h, j, k, l, m, n, o FROM e WHERE i > 60",
    ];
    same_rows(&vfs, &database, &queries);
    spills(&database, 50, &queries);
}

/// A database with 20,000 rows in `a` and 3,000 in `b`, wide enough to spill at 64 kB.
fn many_rows() -> Database {
    let database = database_on(Arc::new(MemoryVfs::new()));
    let connection = with_memory(&database);
    run(
        &connection,
        "CREATE TABLE d (i INTEGER PRIMARY KEY);
         INSERT INTO d VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9);
         CREATE TABLE a (id INTEGER PRIMARY KEY, k INTEGER, t TEXT);
         INSERT INTO a SELECT n, n * 7919 % 5003, 'text ' || n * 31 % 1009 FROM
           (SELECT o.i * 10000 + p.i * 1000 + q.i * 100 + r.i * 10 + s.i AS n FROM d o, d p, d q, d r, d s WHERE o.i < 2) x;
         CREATE TABLE b (id INTEGER PRIMARY KEY, k INTEGER, t TEXT);
         INSERT INTO b SELECT id, k % 1000, t FROM a WHERE id < 3000",
    );
    database
}

#[test]
fn sorts_of_many_rows_spill() {
    let database = many_rows();
    spills(
        &database,
        2048,
        &[
            "SELECT * FROM a ORDER BY t, k",
            "SELECT * FROM a ORDER BY t DESC LIMIT 9000",
        ],
    );
    let (small, large) = (database.connect().unwrap(), with_memory(&database));
    run(&small, "SET work_mem = '64kB'");
    for query in [
        "SELECT id, k, t FROM a ORDER BY t, k",
        "SELECT id FROM a ORDER BY t LIMIT 10",
        "SELECT id FROM a ORDER BY t DESC OFFSET 19990",
    ] {
        assert_eq!(text(&small, query), text(&large, query), "{query}");
    }
    // What comes first needs no more than its own room.
    let before = database.temp_stats();
    text(&small, "SELECT id FROM a ORDER BY k, id LIMIT 10");
    assert_eq!(database.temp_stats(), before);
}

#[test]
fn hash_tables_of_many_rows_spill() {
    let database = many_rows();
    let queries = [
        "SELECT k, t, count(*), min(id) FROM a GROUP BY k, t",
        "SELECT DISTINCT t, k FROM a",
        "SELECT t, k FROM a UNION SELECT t, k FROM b",
        "SELECT k, t FROM a EXCEPT ALL SELECT k, t FROM b",
        "SELECT k, t FROM a INTERSECT SELECT k, t FROM b",
        "SELECT k, t FROM b EXCEPT SELECT 1, 'one'",
        "SELECT a.id, b.id FROM b JOIN a ON a.t = b.t AND a.k = b.k",
        "SELECT a.id, b.id, b.t FROM b LEFT JOIN a ON a.k = b.k + 4500",
        "SELECT a.id, b.id FROM b FULL JOIN a ON a.k * 0 = b.k * 0 AND a.id = b.id + 19500 ORDER BY 1, 2",
        "SELECT n.id, a.id FROM (SELECT * FROM b WHERE id < 0) n FULL JOIN a ON a.k = n.k ORDER BY 2",
        "SELECT b.id FROM b WHERE EXISTS (SELECT 1 FROM b c WHERE c.k * 0 = b.k * 0 AND c.id > b.id + 2990)",
        "SELECT b.id FROM b WHERE NOT EXISTS (SELECT 1 FROM b c WHERE c.k * 0 = b.k * 0 AND c.id > b.id + 2990)",
        // One key for all: no partition is smaller than the whole.
        "SELECT count(*), sum(a.id), sum(b.id) FROM b LEFT JOIN a ON a.k * 0 = b.k * 0 AND a.id = b.id + 19500",
    ];
    let (small, large) = (database.connect().unwrap(), with_memory(&database));
    for work_mem in ["64kB", "300kB"] {
        run(&small, &format!("SET work_mem = '{work_mem}'"));
        for query in queries {
            let before = database.temp_stats();
            let found = text(&small, query);
            let after = database.temp_stats();
            let has_spilled = after.bytes_written > before.bytes_written;
            assert!(has_spilled || work_mem == "300kB", "{query}");
            assert_eq!(after.bytes_held, 0, "{query}");
            let expected = text(&large, query);
            same(&found, &expected, query);
        }
    }
    // Many rows of few keys need no more than their own room.
    let before = database.temp_stats();
    text(
        &small,
        "SELECT k % 100, count(*), sum(id) FROM a GROUP BY k % 100",
    );
    text(&small, "SELECT DISTINCT k % 100 FROM a");
    text(
        &small,
        "SELECT count(*) FROM (SELECT k % 100 FROM a EXCEPT SELECT k FROM b WHERE k < 50) x",
    );
    assert_eq!(database.temp_stats(), before);
}

#[test]
fn the_disk_has_a_limit_too() {
    let database = many_rows();
    let c = database.connect().unwrap();
    for (limit, shown) in [("100kB", "100kB"), ("0", "0"), ("1MB", "1MB"), ("-1", "-1")] {
        run(&c, &format!("SET temp_file_limit = '{limit}'"));
        assert_eq!(text(&c, "SHOW temp_file_limit"), [shown]);
    }
    let message = fails(&c, "SET temp_file_limit = -2", "22023");
    assert_eq!(
        message,
        "-2 kB is outside the valid range for parameter \"temp_file_limit\" (-1 .. 2147483647)"
    );
    run(&c, "SET temp_file_limit = '100kB'");
    let sort = "SELECT count(*) FROM (SELECT t FROM a ORDER BY t) x";
    let message = fails(&c, sort, "53400");
    assert_eq!(
        message,
        "temporary file size exceeds temp_file_limit (100kB)"
    );
    assert_eq!(database.temp_stats().bytes_held, 0);
    run(&c, "RESET temp_file_limit");
    assert_eq!(text(&c, sort), ["20000"]);
}

#[test]
fn all_statements_together_have_a_limit() {
    let options = DatabaseOptions {
        vfs: Arc::new(MemoryVfs::new()),
        session: SessionOptions {
            memory_limit_bytes: 2 << 20,
            ..SessionOptions::default()
        },
        ..DatabaseOptions::default()
    };
    let database = Database::open_with("spill.qdb", options).unwrap();
    let c = database.connect().unwrap();
    run(&c, "CREATE TABLE t (i INTEGER PRIMARY KEY, t TEXT)");
    for i in 0..100 {
        run(
            &c,
            &format!("INSERT INTO t VALUES ({i}, repeat('x', 40000))"),
        );
    }
    // It spills before it fails, though work_mem has room.
    let before = database.temp_stats();
    let sort = "SELECT count(*) FROM (SELECT t, i FROM t ORDER BY t DESC, i DESC) x";
    assert_eq!(text(&c, sort), ["100"]);
    assert!(database.temp_stats().bytes_written > before.bytes_written);
    for query in [
        "SELECT count(*), sum(c) FROM (SELECT t || i, count(*) AS c FROM t GROUP BY t || i) x (t, c)",
        "SELECT count(*), max(i) FROM (SELECT DISTINCT t, i FROM t) x",
        "SELECT count(*), count(t) FROM (SELECT t, i FROM t EXCEPT SELECT t, i + 100 FROM t) x",
    ] {
        assert_eq!(text(&c, query).len(), 1, "{query}");
    }
    // A result cannot spill.
    let message = fails(&c, "SELECT * FROM t", "53200");
    assert_eq!(
        message,
        "out of memory: the result needs more than memory_limit = 2097152 bytes"
    );
    // What failed and what succeeded have given all back.
    for _ in 0..10 {
        assert_eq!(
            text(
                &c,
                "SELECT count(*) FROM (SELECT t FROM t WHERE i < 20 ORDER BY t) x"
            ),
            ["20"]
        );
    }
}
