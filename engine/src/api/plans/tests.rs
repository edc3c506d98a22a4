//! Plans that are used again.

use crate::api::{Connection, Database};

fn database() -> Database {
    let database = Database::open_in_memory().unwrap();
    let table = "CREATE TABLE t (k BIGINT PRIMARY KEY, name VARCHAR(5), day DATE, price NUMERIC(6, 2), more JSONB)";
    database.connect().unwrap().run(table).unwrap();
    database
}

/// Shapes that have a plan, and texts that are kept.
fn kept(connection: &Connection) -> (usize, usize) {
    let session = connection.session.borrow();
    session.plans.as_ref().map_or((0, 0), |plans| {
        let shapes = plans.shapes.iter().filter(|(_, known)| known.is_some());
        (shapes.count(), plans.texts.len())
    })
}

/// The rows of a statement, or its error with the position.
fn outcome(connection: &Connection, sql: &str) -> String {
    match connection.query(sql, []) {
        Ok(rows) => format!(
            "{:?}",
            rows.map(|row| row.values().to_vec()).collect::<Vec<_>>()
        ),
        Err(error) => format!("{} {error} {:?}", error.sqlstate(), error.position()),
    }
}

#[test]
fn statements_that_differ_in_literals_share_a_plan() {
    let connection = database().connect().unwrap();
    for k in 0..5 {
        let insert = format!(
            "INSERT INTO t (k, name, day) VALUES ({k}, 'n{k}', '2020-01-0{}')",
            k + 1
        );
        connection.execute(&insert, []).unwrap();
    }
    assert_eq!(kept(&connection), (1, 0));
    for k in 0..5 {
        let select = format!("SELECT name FROM t WHERE k = {k}");
        let row = connection.query(&select, []).unwrap().next().unwrap();
        assert_eq!(row.get::<String>(0).unwrap(), format!("n{k}"));
        connection
            .run(&format!("UPDATE t SET name = '{k}' WHERE k = {k};"))
            .unwrap();
    }
    assert_eq!(kept(&connection), (3, 0));
}

#[test]
fn a_text_is_kept_when_it_comes_again() {
    let connection = database().connect().unwrap();
    let scan = "SELECT count(*) FROM t WHERE price > 3";
    connection.query(scan, []).unwrap();
    assert_eq!(kept(&connection), (0, 0));
    connection.query(scan, []).unwrap();
    assert_eq!(kept(&connection), (0, 1), "its plan depends on the literal");
    for bound in 0..2000 {
        let scan = format!("SELECT count(*) FROM t WHERE price > {bound}");
        connection.query(&scan, []).unwrap();
        connection.query(&scan, []).unwrap();
    }
    assert_eq!(kept(&connection), (0, 256));
}

#[test]
fn a_shape_does_what_the_text_does() {
    let database = database();
    let one = database.connect().unwrap();
    for k in 0..4 {
        one.execute(
            &format!("INSERT INTO t VALUES ({k}, 'a', '2020-01-01', {k}.5, '{{\"a\": [{k}]}}')"),
            [],
        )
        .unwrap();
    }
    let statements = [
        "SELECT name, 7, 'x', -2 FROM t WHERE k = #",
        "SELECT more->'a', more->>'a', more->'a'->0 FROM t WHERE k = #",
        "SELECT price * 2, price / 3, k / 2, - 5 / 2 FROM t WHERE k = #",
        "SELECT day + 1, day - '2019-12-31', name || '!' FROM t WHERE k = #",
        "SELECT CASE WHEN k > 1 THEN 'big' ELSE 'small' END FROM t WHERE k IN (#, 1, 3)",
        "SELECT k FROM t WHERE k = '#'",
        "SELECT k FROM t WHERE k = #.0",
        "SELECT k FROM t WHERE k = # AND name LIKE 'a%' AND price BETWEEN 0 AND 3",
        "SELECT k, 2147483647 + k, -2147483648 FROM t WHERE k = #",
        "SELECT 2147483647 + 1 FROM t WHERE k = #",
        "SELECT 1 / (k - 2) FROM t WHERE k = #",
        "SELECT CAST('#' AS INTEGER), '1'::numeric(3, 1), 'abcdef'::varchar(2) FROM t WHERE k = 1",
        "SELECT k FROM t WHERE k = # AND nowhere = 3",
        "SELECT k FROM t WHERE k = # AND day = 'no day'",
        "UPDATE t SET price = 10000.# WHERE k = 1 RETURNING price",
        "UPDATE t SET name = 'too long #' WHERE k = 1 RETURNING name",
        "UPDATE t SET price = #, name = NULL WHERE k = 1 RETURNING price, name",
        "INSERT INTO t VALUES (#, 'a') ON CONFLICT (k) DO UPDATE SET name = 'b' RETURNING name, 'c'",
    ];
    for statement in statements {
        for k in 0..4 {
            let sql = statement.replace('#', &k.to_string());
            // Who has just come knows no shape.
            let alone = database.connect().unwrap();
            assert_eq!(outcome(&one, &sql), outcome(&alone, &sql), "{sql}");
        }
    }
    assert!(kept(&one).0 > 10, "{:?}", kept(&one));
}

#[test]
fn errors_are_those_of_the_text() {
    let connection = database().connect().unwrap();
    for k in 0..3 {
        let insert = format!("INSERT INTO t (k, day) VALUES ({k}, '2020-01-01')");
        connection.execute(&insert, []).unwrap();
    }
    let bad = outcome(
        &connection,
        "INSERT INTO t (k, day) VALUES (7, '2020-13-01')",
    );
    let expected = "22008 date/time field value out of range: \"2020-13-01\"";
    assert!(bad.starts_with(expected), "{bad}");
}

#[test]
fn a_shape_of_an_old_schema_does_not_run() {
    let database = database();
    let (one, other) = (database.connect().unwrap(), database.connect().unwrap());
    for k in 0..3 {
        one.execute(&format!("INSERT INTO t (k, name) VALUES ({k}, '{k}')"), [])
            .unwrap();
    }
    assert_eq!(kept(&one), (1, 0));
    other.run("ALTER TABLE t DROP COLUMN name").unwrap();
    let gone = outcome(&one, "INSERT INTO t (k, name) VALUES (3, '3')");
    assert!(
        gone.starts_with("42703 column \"name\" of relation \"t\" does not exist"),
        "{gone}"
    );
    assert_eq!(kept(&one), (0, 0));
    other.run("ALTER TABLE t ADD COLUMN name INTEGER").unwrap();
    for k in 3..6 {
        one.execute(&format!("INSERT INTO t (k, name) VALUES ({k}, '{k}')"), [])
            .unwrap();
    }
    // Its own changes of the schema, which others do not see.
    one.run("BEGIN; ALTER TABLE t ALTER COLUMN name TYPE TEXT")
        .unwrap();
    one.execute("INSERT INTO t (k, name) VALUES (6, 'six')", [])
        .unwrap();
    one.run("ROLLBACK").unwrap();
    let no_number = outcome(&one, "INSERT INTO t (k, name) VALUES (6, 'six')");
    assert!(no_number.starts_with("22P02"), "{no_number}");
    let sum = one
        .query("SELECT sum(name) FROM t", [])
        .unwrap()
        .next()
        .unwrap();
    assert_eq!(sum.get::<i64>(0).unwrap(), 12);
}

#[test]
fn a_failed_shape_fails_the_transaction() {
    let connection = database().connect().unwrap();
    for k in 0..3 {
        connection
            .execute(&format!("INSERT INTO t (k) VALUES ({k})"), [])
            .unwrap();
    }
    connection.run("BEGIN").unwrap();
    let twice = outcome(&connection, "INSERT INTO t (k) VALUES (1)");
    assert!(twice.starts_with("23505"), "{twice}");
    assert!(connection.has_failed_transaction());
    let refused = outcome(&connection, "INSERT INTO t (k) VALUES (9)");
    assert!(refused.starts_with("25P02"), "{refused}");
}
