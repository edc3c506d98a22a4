//! What the tests share: the same statements over the model and over a disk in memory, and a database whose parts are small.

use quantadb::api::{Connection, Database, DatabaseOptions, SessionOptions};
use quantadb::env::{Env, OsEnv};
use quantadb::storage::DiskOptions;
use quantadb::types::Value;
use quantadb::vfs::{MemoryVfs, Vfs};
use quantadb_sim::model::ModelBackend;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes of a page of a [`tight`] database.
pub(crate) const PAGE_BYTES: usize = 4096;

/// Small pages, as few of them in memory as there can be, and a log of small segments.
pub(crate) fn tight(vfs: Arc<dyn Vfs>) -> DatabaseOptions {
    DatabaseOptions {
        vfs,
        disk: DiskOptions {
            page_bytes: PAGE_BYTES,
            cache_bytes: 0,
            log_segment_bytes: 8192,
            ..DiskOptions::default()
        },
        ..DatabaseOptions::default()
    }
}

/// A database over the model.
pub(crate) fn model() -> Database {
    Database::from_backend(Arc::new(ModelBackend::new()), Arc::new(OsEnv)).unwrap()
}

/// A database over the model whose statements may hold 20,000 bytes before they spill and 30,000 in all, with 1,000 rows
/// in a table `n (i, t)`, which is more.
pub(crate) fn small_memory() -> Database {
    let options = SessionOptions {
        work_mem_bytes: 20_000,
        memory_limit_bytes: 30_000,
        ..SessionOptions::default()
    };
    let backend = Arc::new(ModelBackend::new());
    let database = Database::from_backend_with(backend, Arc::new(OsEnv), options).unwrap();
    let c = database.connect().unwrap();
    run(&c, "CREATE TABLE n (i INTEGER PRIMARY KEY, t TEXT)");
    for start in (0..1000).step_by(50) {
        let rows: Vec<String> = (start..start + 50)
            .map(|i| format!("({i}, 'some text that takes room {i}')"))
            .collect();
        run(&c, &format!("INSERT INTO n VALUES {}", rows.join(", ")));
    }
    database
}

/// The database in a file of `vfs`, made where there is none.
pub(crate) fn kept(vfs: &Arc<MemoryVfs>) -> Database {
    let options = DatabaseOptions {
        vfs: vfs.clone(),
        ..DatabaseOptions::default()
    };
    Database::open_with("kept.qdb", options).unwrap()
}

/// A clock that goes on by a millisecond each time it is looked at.
#[derive(Default)]
pub(crate) struct Steps(AtomicU64);

impl Env for Steps {
    fn now_micros(&self) -> i64 {
        0
    }

    fn monotonic_micros(&self) -> u64 {
        self.0.fetch_add(1000, Ordering::Relaxed)
    }

    fn pause(&self, _: u64) {}

    fn entropy(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}

/// Runs `test` on a new database over each backend.
pub(crate) fn each_backend(test: impl Fn(&Database)) {
    for (name, database) in [
        ("model", model()),
        ("disk", Database::open_in_memory().unwrap()),
    ] {
        println!("backend: {name}");
        test(&database);
        let report = database.check().unwrap();
        assert_eq!(report.problems, Vec::<String>::new(), "backend {name}");
    }
}

/// Runs `test` on a connection to a new database over each backend.
pub(crate) fn each(test: impl Fn(&Connection)) {
    each_backend(|database| test(&database.connect().unwrap()));
}

/// Runs statements that must succeed.
#[track_caller]
pub(crate) fn run(connection: &Connection, sql: &str) {
    if let Err(error) = connection.run(sql) {
        panic!("{sql}\n{error:?}");
    }
}

/// The rows as text: values joined by `|`, rows by line.
#[track_caller]
pub(crate) fn text(connection: &Connection, sql: &str) -> Vec<String> {
    match connection.query(sql, []) {
        Ok(rows) => rows
            .map(|row| {
                let values: Vec<String> = row.values().iter().map(Value::to_string).collect();
                values.join("|")
            })
            .collect(),
        Err(error) => panic!("{sql}\n{error:?}"),
    }
}

/// The lines of EXPLAIN, without estimates.
#[track_caller]
pub(crate) fn plan(connection: &Connection, sql: &str) -> Vec<String> {
    text(connection, &format!("EXPLAIN {sql}"))
        .iter()
        .map(|line| line.split("  (cost").next().unwrap_or_default().to_owned())
        .collect()
}

/// The rows of `sql` are these, in this order.
#[track_caller]
pub(crate) fn check(connection: &Connection, sql: &str, expected: &[&str]) {
    assert_eq!(text(connection, sql), expected, "{sql}");
}

/// `sql` fails with that SQLSTATE.
#[track_caller]
pub(crate) fn fails(connection: &Connection, sql: &str, sqlstate: &str) -> String {
    match connection.query(sql, []) {
        Ok(rows) => panic!(
            "{sql}\ngave {} rows instead of {sqlstate}",
            rows.remaining()
        ),
        Err(error) => {
            assert_eq!(error.sqlstate(), sqlstate, "{sql}\n{error:?}");
            error.message().to_owned()
        }
    }
}
