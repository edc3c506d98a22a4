//! Statements with the types that few other statements ask for: columns m TIME, u UUID, k CHAR(4), j JSONB,
//! y BYTEA and n of an ENUM type.

use super::generator::{Generator, pick};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// The columns as they are defined.
const COLUMNS: [(&str, &[&str]); 6] = [
    ("m", &["TIME", "TIME(1)", "TIME NOT NULL DEFAULT '12:00'"]),
    ("u", &["UUID", "UUID", "UUID UNIQUE"]),
    ("k", &["CHAR(4)", "CHAR(4)", "CHAR(4) DEFAULT 'd'"]),
    (
        "j",
        &["JSONB", "JSONB", "JSONB CHECK (j IS NULL OR j <> '[]')"],
    ),
    ("y", &["BYTEA", "BYTEA", "BYTEA UNIQUE"]),
    (
        "n",
        &[
            "mood",
            "mood",
            "mood DEFAULT 'ok'::mood CHECK (n <> 'bored')",
        ],
    ),
];

/// Draws what has to do with them.
pub(super) struct Typed<'a>(pub(super) &'a Generator);

impl Typed<'_> {
    /// The columns, for the end of a list of columns of a new table.
    pub(super) fn columns(rng: &mut ChaCha8Rng) -> String {
        let column = |(name, types): (&str, &[&str])| format!(", {name} {}", pick(rng, types));
        COLUMNS.map(column).concat()
    }

    /// A constant of the type of a column.
    fn literal(&self, column: &str, rng: &mut ChaCha8Rng) -> String {
        if rng.random_bool(0.15) {
            return "NULL".to_owned();
        }
        let n = rng.random_range(0..10);
        match column {
            "m" if n == 9 => "'24:00:00'".to_owned(),
            "m" => format!("'0{n}:30:00.{}'", self.0.key(rng)),
            "u" => format!("'{:08}-0000-4000-8000-00000000000{n}'", self.0.key(rng)),
            "k" => pick(rng, &["'a'", "'a  '", "'ab'", "''", "'éé'", "'it''s'"]).to_owned(),
            "j" => match n {
                0 => "'null'".to_owned(),
                1 => "'[]'".to_owned(),
                2 => format!("'[{n}, null, \"x\", 1.{n}0]'"),
                _ => format!("'{{\"b\": [{n}, true], \"a\": {}}}'", self.0.key(rng)),
            },
            "n" => pick(
                rng,
                &["'sad'", "'ok'", "'ok'", "'happy'", "'bored'", "'none'"],
            )
            .to_owned(),
            _ => match n {
                0 => "'\\x'".to_owned(),
                1 => "'\\x00'".to_owned(),
                _ => format!("'\\x0{n}00{:04x}ff'", self.0.key(rng)),
            },
        }
    }

    /// Columns for a list of them, and constants for a row: those of the types here.
    pub(super) fn row(&self, rng: &mut ChaCha8Rng) -> (String, String) {
        let (mut names, mut values) = (String::new(), String::new());
        for (name, _) in COLUMNS {
            if rng.random_bool(0.7) {
                names += &format!(", {name}");
                values += &format!(", {}", self.literal(name, rng));
            }
        }
        (names, values)
    }

    /// The statement that makes the ENUM type.
    pub(super) fn create_type() -> &'static str {
        "CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy')"
    }

    /// A statement that changes the ENUM type, or tries to.
    pub(super) fn alter_type(rng: &mut ChaCha8Rng) -> String {
        match rng.random_range(0..8) {
            0 => Self::create_type().to_owned(),
            1 => "DROP TYPE mood".to_owned(),
            2 => "ALTER TYPE mood RENAME VALUE 'happy' TO 'glad'".to_owned(),
            3 => "ALTER TYPE mood RENAME VALUE 'glad' TO 'happy'".to_owned(),
            4 => format!(
                "ALTER TYPE mood ADD VALUE 'l{}' AFTER 'sad'",
                rng.random_range(0..50)
            ),
            _ => pick(
                rng,
                &[
                    "ALTER TYPE mood ADD VALUE 'bored' BEFORE 'ok'",
                    "ALTER TYPE mood ADD VALUE IF NOT EXISTS 'bored'",
                    "ALTER TYPE mood ADD VALUE 'first' BEFORE 'sad'",
                ],
            )
            .to_owned(),
        }
    }

    /// A condition on a table that has no alias.
    pub(super) fn condition(&self, rng: &mut ChaCha8Rng) -> String {
        let (column, _) = COLUMNS[rng.random_range(0..COLUMNS.len())];
        let operator = pick(rng, &["=", "<", ">=", "<>", "IS NOT DISTINCT FROM"]);
        match rng.random_range(0..8) {
            0 => pick(rng, &["j @> '{\"b\": [true]}'", "j @? '$.b[*] ? (@ > 4)'"]).to_owned(),
            1 => format!("j ->> 'a' {operator} '{}'", self.0.key(rng)),
            2 => format!("k {operator} 'a '::text"),
            3 => format!("{column} IS NULL"),
            4 => format!(
                "{column} IN ({}, {})",
                self.literal(column, rng),
                self.literal(column, rng)
            ),
            _ => format!("{column} {operator} {}", self.literal(column, rng)),
        }
    }

    /// What an UPDATE sets.
    pub(super) fn change(&self, rng: &mut ChaCha8Rng) -> String {
        let (column, _) = COLUMNS[rng.random_range(0..COLUMNS.len())];
        match rng.random_range(0..8) {
            0 => "m = m + interval '5 hours'".to_owned(),
            1 => "k = upper(k) || 'b'".to_owned(),
            2 => "j = j || '{\"z\": [null]}'".to_owned(),
            4 => "n = enum_last(n)".to_owned(),
            3 => "j = jsonb_set(j, '{a}', to_jsonb(id)), y = y || '\\x00'".to_owned(),
            _ => format!("{column} = {}", self.literal(column, rng)),
        }
    }

    /// A query; its rows come in no order, unless two that share it are equal.
    pub(super) fn query(&self, rng: &mut ChaCha8Rng) -> String {
        let (table, other, condition) = (self.0.table(rng), self.0.table(rng), self.condition(rng));
        let (column, _) = COLUMNS[rng.random_range(0..COLUMNS.len())];
        match rng.random_range(0..9) {
            0 => format!(
                "SELECT {column}, count(*) FROM {table} WHERE {condition} GROUP BY {column}"
            ),
            1 => format!(
                "SELECT x.id, y.id FROM {table} x JOIN {other} y ON x.{column} = y.{column}"
            ),
            2 => format!("SELECT {column} FROM {table} ORDER BY {column} DESC NULLS LAST LIMIT 5"),
            3 => format!("SELECT DISTINCT {column} FROM {table} WHERE {condition}"),
            4 => format!(
                "SELECT min(m), max(m), min(k), max(k), min(n), max(n), count(DISTINCT {column}) FROM {table}"
            ),
            5 => format!(
                "SELECT id, j -> 'b' -> 0, j #>> '{{b,1}}', j - 'a', jsonb_typeof(j), jsonb_path_query_array(j, '$.**') FROM {table}"
            ),
            6 => format!(
                "SELECT id, length(y), encode(y, 'hex'), k || '|', m - time '01:00', n || '', enum_range(n, 'ok') FROM {table}"
            ),
            7 => format!(
                "SELECT {column} FROM {table} WHERE {condition} EXCEPT SELECT {column} FROM {other}"
            ),
            _ => format!("SELECT id, m, u, k, j, y, n FROM {table} WHERE {condition}"),
        }
    }
}
