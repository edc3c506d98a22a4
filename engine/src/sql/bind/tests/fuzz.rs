//! Whatever the text is, the answer is a statement or an error.

use super::{schema, show};
use crate::sql::{bind, parse};
use proptest::prelude::*;

const WORDS: &[&str] = &[
    "SELECT",
    "FROM",
    "WHERE",
    "t",
    "u",
    "k",
    "a",
    "b",
    "c",
    "id",
    "t.id",
    "u.*",
    "*",
    "(",
    ")",
    ",",
    ";",
    "+",
    "-",
    "/",
    "||",
    "=",
    "<>",
    "<",
    "1",
    "2.5",
    "1e400",
    "'x'",
    "'2024-01-01'",
    "NULL",
    "TRUE",
    "$1",
    "$2",
    "AND",
    "OR",
    "NOT",
    "IN",
    "IS",
    "LIKE",
    "ESCAPE",
    "BETWEEN",
    "CASE",
    "WHEN",
    "THEN",
    "ELSE",
    "END",
    "CAST",
    "AS",
    "::",
    "INTEGER",
    "TEXT",
    "NUMERIC(3,1)",
    "VARCHAR(2)",
    "DATE",
    "TIMESTAMP",
    "count",
    "sum",
    "max",
    "string_agg",
    "coalesce",
    "lower",
    "substring",
    "extract",
    "trim",
    "position",
    "GROUP",
    "BY",
    "HAVING",
    "ORDER",
    "LIMIT",
    "OFFSET",
    "DISTINCT",
    "FILTER",
    "EXISTS",
    "ANY",
    "ALL",
    "JOIN",
    "LEFT",
    "RIGHT",
    "CROSS",
    "NATURAL",
    "ON",
    "USING",
    "VALUES",
    "INSERT",
    "INTO",
    "UPDATE",
    "SET",
    "DELETE",
    "RETURNING",
    "CONFLICT",
    "DO",
    "NOTHING",
    "excluded",
    "MERGE",
    "WHEN",
    "MATCHED",
    "THEN",
    "TRUNCATE",
    "DEFAULT",
    "CREATE",
    "TABLE",
    "INDEX",
    "UNIQUE",
    "PRIMARY",
    "KEY",
    "CHECK",
    "CONSTRAINT",
    "DROP",
    "IF",
    "EXPLAIN",
    "ANALYZE",
    "VACUUM",
    "SHOW",
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "SAVEPOINT",
    "UNION",
    "INTERSECT",
    "EXCEPT",
    "ALL",
    "WITH",
    "OVER",
    "ROW",
    "INTERVAL",
    "ARRAY",
    "[",
    "]",
    "FETCH",
    "FIRST",
    "ROWS",
    "ONLY",
    "NULLS",
    "DESC",
    "LATERAL",
    "\"Q\"",
    "E'\\n'",
    "$$d$$",
];

/// Texts that begin like a statement and go on at random.
fn soup() -> impl Strategy<Value = String> {
    let starts = vec![
        "",
        "SELECT",
        "SELECT a FROM t WHERE",
        "SELECT * FROM t ORDER BY",
        "SELECT count(*) FROM t GROUP BY",
        "INSERT INTO t",
        "INSERT INTO t VALUES (",
        "UPDATE t SET a =",
        "DELETE FROM t WHERE",
        "INSERT INTO t VALUES (1) ON CONFLICT",
        "INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE SET",
        "UPDATE t SET a = 1 FROM",
        "DELETE FROM t USING",
        "MERGE INTO t USING u ON t.a = u.a WHEN",
        "WITH w AS (DELETE FROM t RETURNING a)",
        "CREATE TABLE n (",
        "SELECT CASE",
        "SELECT * FROM t JOIN u",
        "SELECT a FROM t UNION SELECT",
        "(SELECT a, b FROM t) EXCEPT ALL",
        "SELECT (SELECT",
        "CREATE INDEX",
    ];
    let words = proptest::collection::vec(proptest::sample::select(WORDS.to_vec()), 0..24);
    (proptest::sample::select(starts), words)
        .prop_map(|(start, words)| format!("{start} {}", words.join(" ")))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 4000, ..ProptestConfig::default() })]

    #[test]
    fn random_words_never_panic(sql in soup()) {
        let schema = schema();
        match parse(&sql) {
            Ok(statements) => {
                for parsed in &statements {
                    if let Err(error) = bind(parsed, &schema) {
                        prop_assert_eq!(error.sqlstate().len(), 5);
                    }
                }
            }
            Err(error) => prop_assert_eq!(error.sqlstate().len(), 5),
        }
    }

    #[test]
    fn random_characters_never_panic(sql in "[ -~\\n\u{e9}\u{0}]{0,60}") {
        if let Err(error) = parse(&sql) {
            prop_assert_eq!(error.sqlstate().len(), 5);
        }
    }
}

/// Deep and long texts, on the stack of a test.
#[test]
fn depth_is_bounded() {
    let nested = |open: &str, inner: &str, close: &str, n: usize| {
        format!("SELECT {}{inner}{}", open.repeat(n), close.repeat(n))
    };
    let texts = [
        nested("(", "1", ")", 100_000),
        nested("NOT ", "TRUE", "", 50_000),
        nested("- ", "a", "", 50_000),
        nested("(SELECT ", "1", ")", 10_000),
        nested("lower(", "'x'", ")", 10_000),
        nested("CASE WHEN TRUE THEN ", "1", " END", 10_000),
        format!("SELECT 1{}", " + 1".repeat(4_000)),
        format!("SELECT 1{}", " + 1".repeat(400_000)),
        format!("SELECT 1{}", "::int".repeat(4_000)),
        format!("SELECT TRUE{}", " IS NULL".repeat(3_000)),
        format!("SELECT 1::int{}", "[]".repeat(100_000)),
        format!(
            "SELECT 1 FROM t{}",
            (0..1_000)
                .map(|i| format!(" JOIN t j{i} ON TRUE"))
                .collect::<String>()
        ),
        format!(
            "SELECT * FROM {}t{}",
            "(".repeat(10_000),
            ")".repeat(10_000)
        ),
        format!("SELECT 1{}", " EXCEPT SELECT 1".repeat(3_000)),
        format!(
            "SELECT 1{}",
            " UNION SELECT 1 UNION ALL SELECT 1".repeat(1_000)
        ),
        format!("SELECT 1{}", " UNION SELECT 1".repeat(30_000)),
        nested("1 UNION (SELECT ", "1", ")", 10_000),
        format!(
            "CREATE TABLE n (a int CHECK (a > 0{}))",
            " + 1".repeat(3_000)
        ),
    ];
    for sql in texts {
        let shown = show(&sql);
        assert!(shown.starts_with("54001"), "{}: {shown}", &sql[..60]);
    }
}

#[test]
fn what_is_long_but_flat_is_allowed() {
    let or = format!("SELECT 1 FROM t WHERE a = 0{}", " OR a = 1".repeat(2_000));
    assert!(show(&or).starts_with("select 1 ?column?:int4 from t where ((#1 = 0) or"));
    let list = format!("SELECT 1 FROM t WHERE a IN (0{})", ", 1".repeat(50_000));
    assert!(show(&list).starts_with("select 1 ?column?:int4 from t where (#1 in 0,1,1"));
    let rows = format!("INSERT INTO k (s) VALUES (0){}", ", (1)".repeat(20_000));
    assert!(show(&rows).starts_with("insert k"));
    let union = format!("SELECT 1{}", " UNION ALL SELECT 1".repeat(2_400));
    assert!(
        show(&union)
            .starts_with("select #0 ?column?:int4 from (select 1 ?column?:int4) union all (select")
    );
    let nested = format!("SELECT {}1{}", "(".repeat(60), ")".repeat(60));
    assert_eq!(show(&nested), "select 1 ?column?:int4");
    let sum = format!("SELECT 1{}", " + 1".repeat(100));
    assert!(show(&sum).starts_with("select ((((("));
}
