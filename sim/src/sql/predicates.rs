//! Conditions of any make over two tables of the columns id, a, b and c: true, false or NULL, and seldom an error.

use super::generator::pick;
use quantadb::Error;
use quantadb::api::Connection;
use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// The rows of a query as texts, values between commas.
///
/// # Errors
/// The database's.
pub fn rows_of(connection: &Connection, sql: &str) -> Result<Vec<String>, Error> {
    let rows = connection.query(sql, [])?;
    let text = |value: &quantadb::types::Value| match value.to_text() {
        Some(text) => text.to_string(),
        None => "NULL".to_owned(),
    };
    Ok(rows
        .map(|row| row.values().iter().map(text).collect::<Vec<_>>().join(", "))
        .collect())
}

/// A condition on the table `x`, and on `y` where there is one, nested at most so deep.
pub fn predicate(joined: bool, depth: u32, rng: &mut ChaCha8Rng) -> String {
    if depth == 0 || rng.random_bool(0.3) {
        return leaf(joined, rng);
    }
    let mut inner = || predicate(joined, depth - 1, rng);
    let (p, q) = (inner(), inner());
    match rng.random_range(0..10) {
        0..=2 => format!("({p} AND {q})"),
        3..=5 => format!("({p} OR {q})"),
        6 => format!("NOT ({p})"),
        7 => format!(
            "({p}) IS {}",
            pick(
                rng,
                &["TRUE", "NOT TRUE", "FALSE", "NOT FALSE", "NULL", "NOT NULL"]
            )
        ),
        8 => format!("coalesce({p}, {q})"),
        _ => format!("CASE WHEN {p} THEN {q} ELSE {} END", leaf(joined, rng)),
    }
}

fn leaf(joined: bool, rng: &mut ChaCha8Rng) -> String {
    let of = |rng: &mut ChaCha8Rng| match joined && rng.random_bool(0.4) {
        true => "y",
        false => "x",
    };
    let (t, u) = (of(rng), of(rng));
    let op = pick(rng, &["=", "<>", "<", "<=", ">", ">="]);
    let n = rng.random_range(-3..10);
    let text = pick(rng, &["'x'", "'y'", "''", "'xy'", "NULL"]);
    match rng.random_range(0..16) {
        0..=1 => format!("{t}.a {op} {n}"),
        2 => format!("{t}.id {op} {}", n * 4),
        3 => format!("{t}.a {op} {u}.id"),
        4 => format!("{t}.b {op} {text}"),
        5 => format!("{t}.c {op} {u}.a"),
        6 => format!(
            "{t}.{} IS {}NULL",
            pick(rng, &["a", "b", "c"]),
            pick(rng, &["", "NOT "])
        ),
        7 => format!("{t}.a BETWEEN {n} AND {}", n + 4),
        8 => format!(
            "{t}.a {}IN ({n}, {}, NULL)",
            pick(rng, &["", "NOT "]),
            n + 1
        ),
        9 => format!(
            "{t}.b {}{}",
            pick(rng, &["", "NOT "]),
            pick(
                rng,
                &[
                    "LIKE 'x%'",
                    "LIKE '%y'",
                    "LIKE '_'",
                    "LIKE '%'",
                    "SIMILAR TO '(x|y)+_?'",
                    "SIMILAR TO '%[w-y]' ESCAPE '#'",
                ]
            )
        ),
        10 => format!(
            "{t}.a {}IN (SELECT z.a FROM l1 z WHERE z.id {op} {})",
            pick(rng, &["", "NOT "]),
            n * 4
        ),
        11 => format!(
            "{}EXISTS (SELECT 1 FROM l1 z WHERE z.a = {t}.a AND z.id {op} {})",
            pick(rng, &["", "NOT "]),
            n * 4
        ),
        12 => format!("({t}.a, {t}.b) {} ({n}, {text})", pick(rng, &["=", "<>"])),
        13 => format!("{t}.a IS {}DISTINCT FROM {u}.a", pick(rng, &["", "NOT "])),
        14 => format!("{t}.a + {u}.id {op} {t}.c * {n}"),
        _ => pick(rng, &["TRUE", "FALSE", "NULL::boolean"]).to_owned(),
    }
}
