//! Statements that define things: tables, indexes, views, columns.

use super::generator::{Generator, pick};
use super::typed::Typed;
use super::zones::Zones;
use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// Types of column d.
const INTERVALS: [&str; 3] = ["INTERVAL", "INTERVAL DAY TO SECOND(1)", "INTERVAL UNIQUE"];

/// Types of column t.
const MOMENTS: [&str; 5] = [
    "TIMESTAMPTZ",
    "TIMESTAMPTZ(1)",
    "TIMESTAMP",
    "TIMESTAMP(0)",
    "DATE",
];

/// Draws definitions.
pub(super) struct Definitions<'a>(pub(super) &'a Generator);

impl Definitions<'_> {
    pub(super) fn create_table(&self, number: usize, rng: &mut ChaCha8Rng) -> String {
        let id = pick(
            rng,
            &[
                "INTEGER PRIMARY KEY",
                "INTEGER PRIMARY KEY",
                "BIGINT PRIMARY KEY",
                "NUMERIC PRIMARY KEY",
                "TEXT PRIMARY KEY",
                "INTEGER PRIMARY KEY DEFERRABLE INITIALLY DEFERRED",
                "INTEGER",
            ],
        );
        let a = pick(
            rng,
            &[
                "INTEGER",
                "INTEGER",
                "INTEGER UNIQUE",
                "INTEGER UNIQUE DEFERRABLE",
                "INTEGER NOT NULL",
                "BIGINT CHECK (a > -400)",
                "INTEGER DEFAULT 7",
            ],
        );
        let b = pick(
            rng,
            &["TEXT", "TEXT", "VARCHAR", "TEXT NOT NULL DEFAULT 'none'"],
        );
        let c = pick(
            rng,
            &[
                "NUMERIC(12, 2)",
                "NUMERIC",
                "NUMERIC UNIQUE",
                "DOUBLE PRECISION",
                "BIGINT",
            ],
        );
        let more = pick(
            rng,
            &[
                "",
                "",
                "",
                ", UNIQUE (a, b)",
                ", UNIQUE (a, b) DEFERRABLE INITIALLY DEFERRED",
            ],
        );
        let foreign = match rng.random_bool(0.2) {
            true => self.foreign_key(rng),
            false => String::new(),
        };
        let generated = pick(
            rng,
            &[
                "",
                "",
                ", h INTEGER GENERATED ALWAYS AS (a * 2) STORED",
                ", h TEXT GENERATED ALWAYS AS (lower(b) || a) STORED UNIQUE",
            ],
        );
        let (d, t) = (pick(rng, &INTERVALS), pick(rng, &MOMENTS));
        let g = pick(rng, &["INTEGER[]", "INTEGER[]", "TEXT[]", "NUMERIC[]"]);
        format!(
            "CREATE TABLE t{number} (id {id}, a {a}, b {b}, c {c}, d {d}, t {t}, g {g}{}{generated}{more}{foreign})",
            Typed::columns(rng)
        )
    }

    /// A foreign key to a table of which nothing is known: often it has no such key, or another type.
    fn foreign_key(&self, rng: &mut ChaCha8Rng) -> String {
        const ACTIONS: [&str; 5] = [
            "NO ACTION",
            "RESTRICT",
            "CASCADE",
            "SET NULL",
            "SET DEFAULT",
        ];
        let table = self.0.table(rng);
        let reference = match rng.random_range(0..8) {
            0 | 1 => format!("(a, b) REFERENCES {table} (a, b)"),
            2 => format!("(a) REFERENCES {table} (a)"),
            3 => format!("(a) REFERENCES {table} (c)"),
            _ => format!("(a) REFERENCES {table}"),
        };
        let matching = pick(rng, &["", "", " MATCH FULL"]);
        let (on_delete, on_update) = (pick(rng, &ACTIONS), pick(rng, &ACTIONS));
        let on_delete = match on_delete.starts_with("SET") && rng.random_bool(0.4) {
            true => format!("{on_delete} (a)"),
            false => on_delete.to_owned(),
        };
        let timing = pick(
            rng,
            &["", "", " DEFERRABLE", " DEFERRABLE INITIALLY DEFERRED"],
        );
        format!(
            ", FOREIGN KEY {reference}{matching} ON DELETE {on_delete} ON UPDATE {on_update}{timing}"
        )
    }

    fn alteration(&self, rng: &mut ChaCha8Rng) -> String {
        const ACTIONS: [&str; 25] = [
            "ALTER COLUMN k TYPE CHAR(6)",
            "ALTER COLUMN k TYPE TEXT",
            "ALTER COLUMN m TYPE INTERVAL",
            "ALTER COLUMN j TYPE TEXT, ALTER COLUMN y SET DEFAULT '\\x01'",
            "ADD COLUMN h BIGINT GENERATED ALWAYS AS (a + 7) STORED",
            "ALTER COLUMN h DROP EXPRESSION",
            "DROP COLUMN a CASCADE",
            "ADD COLUMN e INTEGER DEFAULT 5",
            "ADD COLUMN e INTEGER",
            "DROP COLUMN e",
            "DROP COLUMN IF EXISTS e, ADD COLUMN e TEXT DEFAULT 'e' NOT NULL",
            "ALTER COLUMN c TYPE TEXT",
            "ALTER COLUMN c TYPE NUMERIC(12, 3) USING c::TEXT::NUMERIC",
            "ALTER COLUMN id TYPE BIGINT",
            "ALTER COLUMN a SET NOT NULL, ALTER COLUMN a SET DEFAULT 4",
            "ALTER COLUMN a DROP NOT NULL",
            "ALTER COLUMN b SET DEFAULT 'given'",
            "ADD UNIQUE (a, b)",
            "ADD CONSTRAINT small CHECK (a < 40)",
            "ADD CONSTRAINT small UNIQUE (a) DEFERRABLE",
            "DROP CONSTRAINT small",
            "ADD PRIMARY KEY (id)",
            "RENAME COLUMN c TO f",
            "RENAME COLUMN f TO c",
            "RENAME CONSTRAINT small TO little",
        ];
        match rng.random_range(0..6) {
            0 => format!(
                "ADD FOREIGN KEY (a) REFERENCES {} ON DELETE SET NULL",
                self.0.table(rng)
            ),
            1 => {
                let key = pick(rng, &["pkey", "a_b_key", "a_fkey"]);
                format!("DROP CONSTRAINT {}_{key} CASCADE", self.0.table(rng))
            }
            _ => pick(rng, &ACTIONS).to_owned(),
        }
    }

    pub(super) fn create_index(&self, rng: &mut ChaCha8Rng) -> String {
        let table = self.0.table(rng);
        let number = rng.random_range(0..3);
        let unique = if rng.random_bool(0.2) { "UNIQUE " } else { "" };
        let columns = pick(
            rng,
            &[
                "a",
                "b",
                "a, b",
                "c",
                "b, id",
                "d",
                "t, d",
                "lower(b)",
                "(a % 7), id",
                "upper(b), (a + 1) DESC",
                "m",
                "u DESC, m",
                "k, id",
                "y DESC",
                "(j ->> 'a'), k",
                "d DESC, y",
                "n DESC, id",
            ],
        );
        let rows = pick(
            rng,
            &[
                "",
                "",
                "",
                " WHERE a > 3",
                " WHERE b IS NOT NULL",
                " WHERE a IS NULL OR c > 5",
                " WHERE m > '05:00'",
                " WHERE n >= 'ok'::mood",
            ],
        );
        format!("CREATE {unique}INDEX {table}_i{number} ON {table} ({columns}){rows}")
    }

    pub(super) fn statement(&self, rng: &mut ChaCha8Rng) -> String {
        let number = rng.random_range(0..self.0.tables);
        let table = format!("t{number}");
        match rng.random_range(0..20) {
            0..=4 => self.create_table(number, rng),
            5 if rng.random_bool(0.5) => format!(
                "CREATE TABLE t{number} AS SELECT id, a, b, c, d, t, g, m, u, k, j, y, n FROM {} WHERE {}{}",
                self.0.table(rng),
                self.0.condition(rng),
                pick(rng, &["", "", " WITH NO DATA"])
            ),
            5 => format!("DROP TABLE {table}"),
            6 => format!("DROP TABLE IF EXISTS {table} CASCADE"),
            7..=10 => self.create_index(rng),
            11 | 12 => format!("DROP INDEX {table}_i{}", rng.random_range(0..3)),
            14 if rng.random_bool(0.3) => Zones(self.0).definition(rng),
            13 | 14 => format!("ALTER TABLE {table} {}", self.alteration(rng)),
            15 => format!("TRUNCATE TABLE {table}{}", pick(rng, &["", " CASCADE"])),
            16 | 17 => {
                let checked = pick(rng, &["", "", " WITH CHECK OPTION"]);
                format!("CREATE VIEW v{number} AS SELECT id, a FROM {table} WHERE a > 3{checked}")
            }
            18 if rng.random_bool(0.5) => {
                let what = pick(rng, &["TABLE t#", "COLUMN t#.a", "INDEX t#_i0", "VIEW v#"]);
                let text = pick(rng, &["'said'", "'said again'", "NULL"]);
                format!(
                    "COMMENT ON {} IS {text}",
                    what.replace('#', &number.to_string())
                )
            }
            18 => format!("DROP VIEW v{number}"),
            19 if rng.random_bool(0.3) => self.namespace(number, rng),
            19 if rng.random_bool(0.3) => Typed::alter_type(rng),
            19 if rng.random_bool(0.5) => self.materialized(number, rng),
            _ => format!("ANALYZE {table}"),
        }
    }

    /// A statement about the schema beside `public`, or about where names are looked for.
    fn namespace(&self, number: usize, rng: &mut ChaCha8Rng) -> String {
        let of = self.0.table(rng);
        match rng.random_range(0..20) {
            0 => "CREATE SCHEMA s0".to_owned(),
            1 => "DROP SCHEMA s0".to_owned(),
            2 => "DROP SCHEMA s0 CASCADE".to_owned(),
            3 => format!("CREATE TABLE s0.t{number} AS SELECT * FROM public.{of}"),
            4 => format!("CREATE VIEW s0.v{number} AS SELECT id, a FROM {of} WHERE a > 3"),
            5 => format!("CREATE INDEX t{number}_i1 ON s0.t{number} (a)"),
            6 => format!(
                "INSERT INTO s0.t{number} (id, a, b) SELECT id, a, b FROM public.{of} ORDER BY id, a LIMIT 5"
            ),
            7 => format!("DROP TABLE s0.t{number}"),
            8 => "RESET search_path".to_owned(),
            9 | 10 => format!("ALTER TABLE t{number} SET SCHEMA s0"),
            11 | 12 => format!("ALTER TABLE s0.t{number} SET SCHEMA public"),
            13 => {
                let kind = pick(rng, &["VIEW v", "MATERIALIZED VIEW m"]);
                format!("ALTER {kind}{number} SET SCHEMA s0")
            }
            14 => {
                let kind = pick(rng, &["VIEW s0.v", "MATERIALIZED VIEW s0.m"]);
                format!("ALTER {kind}{number} SET SCHEMA public")
            }
            15 => "ALTER SCHEMA s0 RENAME TO s1".to_owned(),
            16 => "ALTER SCHEMA s1 RENAME TO s0".to_owned(),
            _ => "SET search_path TO s0, public".to_owned(),
        }
    }

    /// A statement about a materialized view.
    fn materialized(&self, number: usize, rng: &mut ChaCha8Rng) -> String {
        let of = self.0.table(rng);
        match rng.random_range(0..9) {
            0 => format!("CREATE MATERIALIZED VIEW m{number} AS SELECT id, a FROM v{number}"),
            1 => format!(
                "CREATE MATERIALIZED VIEW m{number} AS SELECT a, count(*) AS id, max(b) AS b FROM {of} GROUP BY a"
            ),
            2 => format!(
                "CREATE MATERIALIZED VIEW m{number} AS SELECT id, a, b FROM {of} WHERE {}{}",
                self.0.condition(rng),
                pick(rng, &["", " WITH NO DATA"])
            ),
            3 => format!(
                "CREATE {}INDEX m{number}_i0 ON m{number} ({})",
                pick(rng, &["", "UNIQUE "]),
                pick(rng, &["a", "id, a"])
            ),
            4 => format!(
                "DROP MATERIALIZED VIEW m{number}{}",
                pick(rng, &["", " CASCADE"])
            ),
            5 => format!("REFRESH MATERIALIZED VIEW CONCURRENTLY m{number}"),
            _ => format!(
                "REFRESH MATERIALIZED VIEW m{number}{}",
                pick(rng, &["", "", "", " WITH NO DATA"])
            ),
        }
    }
}
