//! What the SQL tests share: the same statements over the model and over a disk in memory.
#![allow(dead_code)] // each test file uses a part of it

use quantadb::api::{Connection, Database};
use quantadb::env::OsEnv;
use quantadb::types::Value;
use quantadb_sim::model::ModelBackend;
use std::sync::Arc;

/// A database over the model.
pub(crate) fn model() -> Database {
    Database::from_backend(Arc::new(ModelBackend::new()), Arc::new(OsEnv)).unwrap()
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
