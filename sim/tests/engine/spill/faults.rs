//! The temporary file fails, or is damaged, at each of its calls; a crash leaves it; a statement is stopped in its midst.

use super::vfs::{Fault, FaultyVfs};
use super::{TEMP, database_on, fill, with_memory};
use crate::common::{run, text};
use quantadb::api::Database;
use quantadb::vfs::{MemoryVfs, OpenMode, Vfs};
use std::path::Path;
use std::sync::Arc;

/// One query of each kind.
const QUERIES: &[&str] = &[
    "SELECT k, t FROM a ORDER BY t, k",
    "SELECT t, count(*) FROM a GROUP BY t",
    "SELECT DISTINCT k, t FROM a",
    "SELECT k FROM a INTERSECT ALL SELECT k + 0 FROM a",
    "SELECT c.id, a.t FROM a c LEFT JOIN a ON a.k = c.k + 70",
];

fn small(vfs: Arc<dyn Vfs>) -> Database {
    let database = database_on(vfs);
    let rows: Vec<_> = (0..600i32)
        .map(|i| {
            let text = (i % 11 > 0).then_some(i as usize * 37 % 90);
            ((i % 9 > 0).then_some(i * 31 % 83), text, i % 20)
        })
        .collect();
    fill(&with_memory(&database), "a", &rows);
    database
}

/// At each call of each query the fault; then the statement fails with that state, or never needed the call. Returns how
/// many failed.
fn at_each_call(fault: Fault, state: &str) -> usize {
    let mut failures = 0;
    for query in QUERIES {
        let vfs = Arc::new(FaultyVfs::new(fault));
        let database = small(vfs.clone());
        let expected = text(&with_memory(&database), query);
        let c = database.connect().unwrap();
        for call in 0.. {
            vfs.fail_at(call);
            let result = c.query(query, []);
            let has_failed = vfs.has_failed();
            vfs.fail_at(u64::MAX);
            match result {
                Ok(rows) => assert_eq!(rows.count(), expected.len(), "{query}, call {call}"),
                Err(error) => {
                    assert_eq!(error.sqlstate(), state, "{query}, call {call}: {error:?}");
                    failures += 1;
                }
            }
            assert_eq!(database.temp_stats().bytes_held, 0, "{query}, call {call}");
            // The database is none the worse.
            if call % 16 == 0 {
                assert_eq!(text(&c, query), expected, "{query}, after call {call}");
                assert!(!vfs.inner.exists(Path::new(TEMP)).unwrap());
            }
            if !has_failed {
                break;
            }
        }
        run(&c, "INSERT INTO a VALUES (1000, 1, 'x', 1, true, 1)");
        assert!(database.check().unwrap().problems.is_empty());
        assert_eq!(vfs.syncs(), 0);
    }
    failures
}

#[test]
fn a_full_disk_at_each_call() {
    assert!(at_each_call(Fault::Full, "53100") > 8 * QUERIES.len());
}

#[test]
fn a_broken_disk_at_each_call() {
    assert!(at_each_call(Fault::Broken, "58030") > 8 * QUERIES.len());
}

#[test]
fn a_flipped_bit_is_found() {
    assert!(at_each_call(Fault::Flip, "XX001") > 4 * QUERIES.len());
}

#[test]
fn what_a_crash_left_is_removed() {
    let vfs = Arc::new(MemoryVfs::new());
    drop(small(vfs.clone()));
    let file = vfs.open(Path::new(TEMP), OpenMode::CreateNew).unwrap();
    file.write_at(&[7; 20_000], 0).unwrap();
    drop(file);
    let database = database_on(vfs.clone());
    assert!(!vfs.exists(Path::new(TEMP)).unwrap());
    let c = database.connect().unwrap();
    assert_eq!(
        text(&c, "SELECT count(*) FROM (SELECT t FROM a ORDER BY t) x"),
        ["600"]
    );
}

#[test]
fn a_statement_that_is_stopped_leaves_nothing() {
    let vfs = Arc::new(MemoryVfs::new());
    let database = small(vfs.clone());
    let c = database.connect().unwrap();
    let mut stopped = 0;
    // A division by zero late in the rows, below and above what spills.
    let failing = "SELECT k + 0 / (id - 599) AS k, t || (0 / (id - 599))::text AS t, id FROM a";
    for query in QUERIES {
        let inner = query.replacen("FROM a", &format!("FROM ({failing}) a"), 1);
        let inner = inner.replace(") a c ", ") c ");
        let outer = format!("SELECT 1 / (count(*) - count(*)) FROM ({query}) z");
        for query in [inner, outer] {
            let error = c.query(&query, []).expect_err(&query);
            assert_eq!(error.sqlstate(), "22012", "{query}");
            assert_eq!(database.temp_stats().bytes_held, 0, "{query}");
            assert!(!vfs.exists(Path::new(TEMP)).unwrap(), "{query}");
            stopped += 1;
        }
    }
    assert_eq!(stopped, 2 * QUERIES.len());
}
