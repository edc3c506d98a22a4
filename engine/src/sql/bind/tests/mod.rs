//! The binder, by what it makes of SQL: a compact print of the bound tree, or the error.

mod functions;
mod fuzz;
mod print;

use crate::catalog::Schema;
use crate::sql::bound::Statement;
use crate::sql::{bind, parse};
use crate::types::EnumType;
use std::sync::Arc;

/// The tables of the tests.
const TABLES: &str = "
    CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, b TEXT NOT NULL DEFAULT 'x', c NUMERIC(10,2) CHECK (c > 0));
    CREATE TABLE u (id BIGINT, t_id INTEGER, v VARCHAR(3), d DATE, ts TIMESTAMP, f DOUBLE PRECISION, PRIMARY KEY (t_id, id));
    CREATE TABLE k (s SMALLINT, r REAL, ok BOOLEAN, raw BYTEA, UNIQUE (s))";

fn schema() -> Schema {
    let mut tables = Vec::new();
    for parsed in parse(TABLES).expect("the tables of the tests are SQL") {
        match bind(&parsed, &Schema::default())
            .expect("the tables of the tests can be bound")
            .statement
        {
            Statement::CreateTable(create) => tables.push(Arc::new(create.table)),
            other => panic!("not a table: {other:?}"),
        }
    }
    let labels = ["sad", "ok"].map(str::to_owned);
    let mood = EnumType::new(1, "mood", labels.to_vec()).expect("it has two labels");
    Schema::new(tables).with_types([mood].into_iter().collect())
}

/// The print of the last statement of `sql`, or its error.
fn show(sql: &str) -> String {
    let schema = schema();
    let result = parse(sql).and_then(|statements| {
        let mut printed = String::new();
        for parsed in &statements {
            printed = print::bound(&bind(parsed, &schema)?);
        }
        Ok(printed)
    });
    match result {
        Ok(printed) => printed,
        Err(error) => format!("{} {}", error.sqlstate(), error),
    }
}

/// A script has a statement on each line that does not begin with a blank or `--`, and below it, indented, its print.
fn check(script: &str) {
    let mut wrong = String::new();
    let mut lines = script
        .lines()
        .filter(|l| !l.is_empty() && !l.starts_with("--"))
        .peekable();
    while let Some(sql) = lines.next() {
        let mut expected = Vec::new();
        while let Some(line) = lines.next_if(|l| l.starts_with("    ")) {
            expected.push(line.trim_start());
        }
        let shown = show(sql);
        if shown.lines().ne(expected.iter().copied()) {
            wrong += &format!("{sql}\n    {}\n", shown.replace('\n', "\n    "));
        }
    }
    assert!(wrong.is_empty(), "these statements now give:\n{wrong}");
}

#[test]
fn queries() {
    check(include_str!("queries.txt"));
}

#[test]
fn changes() {
    check(include_str!("changes.txt"));
}

#[test]
fn definitions() {
    check(include_str!("definitions.txt"));
}

#[test]
fn errors() {
    check(include_str!("errors.txt"));
}
