//! Statements drawn from a small universe of names, so that they meet each other often.
//!
//! What is drawn may fail (no such table, a duplicate key): both sides must then fail alike. Nothing is drawn whose
//! result depends on the order in which rows are visited, because two plans of one statement may differ in it.

use super::arrays::Arrays;
use super::changes::Changes;
use super::copies::Copies;
use super::definitions::Definitions;
use super::queries::Queries;
use super::typed::Typed;
use super::zones::Zones;
use rand::Rng;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;

/// Which kinds of statements a run draws.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generator {
    /// Tables `t0`, `t1`, …
    pub tables: usize,
    /// Distinct values of keys.
    pub keys: u32,
    /// Most rows of an `INSERT`.
    pub rows_max: usize,
    /// Longest text.
    pub text_bytes_max: usize,
    /// Whether tables, indexes and views are defined and dropped after the start.
    pub definitions: bool,
    /// Whether statements are grouped into transactions.
    pub transactions: bool,
}

/// One of the choices.
pub(super) fn pick<'a>(rng: &mut ChaCha8Rng, choices: &[&'a str]) -> &'a str {
    choices.choose(rng).copied().unwrap_or_default()
}

/// What a query may lock.
const LOCKING: [&str; 8] = [
    "",
    "",
    "",
    " FOR UPDATE",
    " FOR NO KEY UPDATE",
    " FOR SHARE SKIP LOCKED",
    " FOR KEY SHARE NOWAIT",
    " FOR UPDATE SKIP LOCKED",
];

impl Generator {
    /// All tables and views that statements may create.
    pub fn relations(&self) -> Vec<String> {
        let tables = (0..self.tables).map(|t| format!("t{t}"));
        let others = (0..self.tables)
            .flat_map(|t| ["v", "m", "s0.t", "s0.v", "s0.m"].map(|kind| format!("{kind}{t}")));
        tables.chain(others).collect()
    }

    /// The first statements of a run, as one string.
    pub fn first(&self, rng: &mut ChaCha8Rng) -> String {
        let table = Definitions(self).create_table(0, rng);
        format!("{}; CREATE SCHEMA s0; {table}", Typed::create_type())
    }

    /// The next statement of a session.
    pub fn next(&self, in_transaction: bool, rng: &mut ChaCha8Rng) -> String {
        let roll = rng.random_range(0..100);
        if self.transactions {
            let control = match (in_transaction, roll) {
                (true, 0..=11) => "COMMIT",
                (true, 12..=14) => "ROLLBACK",
                (true, 15..=17) => "SAVEPOINT s",
                (true, 18..=19) => "ROLLBACK TO SAVEPOINT s",
                (true, 20) => "RELEASE SAVEPOINT s",
                (true, 21) => "SET CONSTRAINTS ALL DEFERRED",
                (true, 22) => "SET CONSTRAINTS ALL IMMEDIATE",
                (false, 0..=14) => "BEGIN",
                (false, 15) => "BEGIN ISOLATION LEVEL READ COMMITTED",
                (false, 16) => "BEGIN ISOLATION LEVEL REPEATABLE READ",
                _ => "",
            };
            if !control.is_empty() {
                return control.to_owned();
            }
        }
        match rng.random_range(0..100) {
            0..=29 => self.insert(rng),
            30..=31 => Zones::set(rng),
            32..=34 => Copies(self).statement(rng),
            35..=48 => self.update(rng),
            49..=58 => self.delete(rng),
            59..=66 => Changes(self).statement(rng),
            67..=87 => self.select(rng),
            _ if self.definitions => Definitions(self).statement(rng),
            88..=89 => Definitions(self).create_table(rng.random_range(0..self.tables), rng),
            90..=91 => Definitions(self).create_index(rng),
            _ => self.insert(rng),
        }
    }

    pub(super) fn table(&self, rng: &mut ChaCha8Rng) -> String {
        format!("t{}", rng.random_range(0..self.tables))
    }

    pub(super) fn key(&self, rng: &mut ChaCha8Rng) -> u32 {
        rng.random_range(0..self.keys)
    }

    /// A text literal: mostly short, out of few, sometimes long.
    fn text(&self, rng: &mut ChaCha8Rng) -> String {
        match rng.random_range(0..12) {
            0 => "NULL".to_owned(),
            1 => "''".to_owned(),
            2 => {
                let len = rng.random_range(0..=self.text_bytes_max);
                let letter = char::from(rng.random_range(b'a'..=b'z'));
                let tail = self.key(rng);
                format!("'{}{tail}'", letter.to_string().repeat(len))
            }
            3 => "'it''s — ünïcode'".to_owned(),
            _ => format!("'text {}'", rng.random_range(0..20)),
        }
    }

    fn number(&self, rng: &mut ChaCha8Rng) -> String {
        match rng.random_range(0..8) {
            0 => "NULL".to_owned(),
            1 => format!("-{}.25", self.key(rng)),
            _ => self.key(rng).to_string(),
        }
    }

    fn small(&self, rng: &mut ChaCha8Rng) -> String {
        match rng.random_range(0..10) {
            0 => "NULL".to_owned(),
            1 => (-i64::from(self.key(rng))).to_string(),
            _ => rng.random_range(0..50).to_string(),
        }
    }

    fn row(&self, rng: &mut ChaCha8Rng) -> String {
        format!(
            "('{}', {}, {}, {})",
            self.key(rng),
            self.small(rng),
            self.text(rng),
            self.number(rng)
        )
    }

    /// An interval: often one that equals another of a different make.
    fn interval(&self, rng: &mut ChaCha8Rng) -> String {
        let n = rng.random_range(-3..4);
        match rng.random_range(0..6) {
            0 => "NULL".to_owned(),
            1 => format!("interval '{n} mons {} days'", self.key(rng)),
            2 => format!("interval '{} days'", n * 30),
            3 => format!("interval '{} hours'", n * 24),
            4 => format!("interval '{n} days 00:00:0{}.5'", self.key(rng) % 10),
            _ => format!("interval '{n} mons'"),
        }
    }

    fn typed_moment(&self, rng: &mut ChaCha8Rng) -> String {
        let sql_type = pick(rng, &["date", "timestamp", "timestamptz"]);
        format!("{sql_type} {}", self.moment(rng))
    }

    /// A constant that fits a DATE and a timestamp.
    fn moment(&self, rng: &mut ChaCha8Rng) -> String {
        match rng.random_range(1..10) {
            8 => "'infinity'".to_owned(),
            9 => "'-infinity'".to_owned(),
            month => format!("'2020-0{month}-28'"),
        }
    }

    fn insert(&self, rng: &mut ChaCha8Rng) -> String {
        let table = self.table(rng);
        if rng.random_bool(0.08) {
            let (from, where_) = (self.table(rng), self.condition(rng));
            return format!(
                "INSERT INTO {table} (id, a, b) SELECT '{}', a, b FROM {from} WHERE {where_}",
                self.key(rng)
            );
        }
        if rng.random_bool(0.25) {
            let (row, interval, moment) = (self.row(rng), self.interval(rng), self.moment(rng));
            let (row, array) = (row.trim_end_matches(')'), Arrays(self).literal(rng));
            let (names, values) = Typed(self).row(rng);
            return format!(
                "INSERT INTO {table} (id, a, b, c, d, t, g{names}) VALUES {row}, {interval}, {moment}, {array}{values}) \
                 ON CONFLICT DO NOTHING"
            );
        }
        let count = match rng.random_bool(0.3) {
            true => rng.random_range(1..=self.rows_max),
            false => rng.random_range(1..=2),
        };
        let rows: Vec<String> = (0..count).map(|_| self.row(rng)).collect();
        let conflict = Changes(self).conflict(&table, rng);
        let returning = if rng.random_bool(0.15) {
            " RETURNING id, a"
        } else {
            ""
        };
        format!(
            "INSERT INTO {table} (id, a, b, c) VALUES {}{conflict}{returning}",
            rows.join(", ")
        )
    }

    /// A condition on a table that has no alias.
    pub(super) fn condition(&self, rng: &mut ChaCha8Rng) -> String {
        let key = self.key(rng);
        match rng.random_range(0..19) {
            18 => Zones(self).condition(rng),
            15 => Arrays(self).condition(rng),
            16..=17 => Typed(self).condition(rng),
            0..=3 => format!("id = '{key}'"),
            12 => format!("lower(b) = {}", self.text(rng)),
            13 => format!("a % 7 = {} AND a > {}", key % 7, rng.random_range(0..8)),
            14 => format!("a + 1 IN ({key}, 8, 9) AND upper(b) > 'TEXT 1'"),
            10 => format!("d >= {}", self.interval(rng)),
            11 => format!("t < {} + {}", self.typed_moment(rng), self.interval(rng)),
            4 => {
                let low = rng.random_range(-20..50);
                format!("a BETWEEN {low} AND {}", low + rng.random_range(0..15))
            }
            5 => format!("b = {}", self.text(rng)),
            6 => pick(rng, &["a IS NULL", "b IS NULL", "c IS NOT NULL", "true"]).to_owned(),
            7 => format!("c < {}", self.key(rng)),
            8 => format!("a = {} AND b LIKE 'text 1%'", rng.random_range(0..50)),
            _ => format!(
                "a IN (SELECT a FROM {} WHERE id = '{key}')",
                self.table(rng)
            ),
        }
    }

    fn update(&self, rng: &mut ChaCha8Rng) -> String {
        if rng.random_bool(0.08) {
            let (view, key) = (rng.random_range(0..self.tables), self.key(rng));
            return match rng.random_range(0..4) {
                0 => {
                    let conflict = [
                        "",
                        " ON CONFLICT (id) DO UPDATE SET a = excluded.a + 2 RETURNING a",
                    ];
                    let (small, conflict) = (self.small(rng), pick(rng, &conflict));
                    format!("INSERT INTO v{view} VALUES ('{key}', {small}){conflict}")
                }
                1 => format!("DELETE FROM v{view} WHERE id = '{key}'"),
                2 => format!("UPDATE v{view} SET a = a - 2 WHERE id = '{key}'"),
                _ => format!("UPDATE v{view} SET a = a + 1 WHERE a % 3 = 1 OR id = '{key}'"),
            };
        }
        let (table, condition) = (self.table(rng), self.condition(rng));
        let set = match rng.random_range(0..12) {
            11 => Zones(self).change(rng),
            8 => Arrays(self).change(rng),
            9..=10 => Typed(self).change(rng),
            6 => format!("d = d + {}, t = {}", self.interval(rng), self.moment(rng)),
            7 => "d = d * 2 - interval '1 hour', t = t + interval '1 day'".to_owned(),
            0 | 1 => format!("a = {}", self.small(rng)),
            2 => format!("b = {}, c = {}", self.text(rng), self.number(rng)),
            3 => "c = c + 1".to_owned(),
            4 => "b = b || '!'".to_owned(),
            _ => format!("id = '{}'", self.key(rng)),
        };
        format!("UPDATE {table} SET {set} WHERE {condition}")
    }

    fn delete(&self, rng: &mut ChaCha8Rng) -> String {
        let (table, condition) = (self.table(rng), self.condition(rng));
        format!("DELETE FROM {table} WHERE {condition}")
    }

    fn select(&self, rng: &mut ChaCha8Rng) -> String {
        if self.definitions && rng.random_bool(0.05) {
            return Queries(self).about_the_schema(rng);
        }
        let (table, other) = (self.table(rng), self.table(rng));
        let condition = self.condition(rng);
        match rng.random_range(0..24) {
            22..=23 => Zones(self).query(rng),
            20..=21 => Typed(self).query(rng),
            18 => format!(
                "SELECT a, stddev(a), bit_xor(a), percentile_disc(0.5) WITHIN GROUP (ORDER BY b), mode() WITHIN GROUP \
                 (ORDER BY d), jsonb_agg(b ORDER BY b) FROM {table} WHERE {condition} GROUP BY a"
            ),
            19 => format!(
                "SELECT id, regexp_replace(b, '(t|x)', '[\\1]', 'g'), split_part(b, ' ', 2) FROM {table} WHERE b ~ '{}'",
                pick(rng, &["^text 1", "[0-7]$", "it''s|x+", "z*$", "a{2,}.*\\d"])
            ),
            17 => Arrays(self).query(rng),
            15 => format!(
                "SELECT sum(d), avg(d), count(DISTINCT d), min(t), max(t) FROM {table} WHERE {condition}"
            ),
            16 => format!(
                "SELECT x.id, y.id, y.d - x.d, age(x.t, y.t) FROM {table} x JOIN {other} y ON x.d = y.d \
                 WHERE x.t >= {} AND isfinite(x.t) AND isfinite(y.t)",
                self.typed_moment(rng)
            ),
            0 => format!("SELECT * FROM {table} WHERE {condition}"),
            1 => format!("SELECT count(*), min(a), max(a), sum(a) FROM {table} WHERE {condition}"),
            2 => {
                format!("SELECT a, count(*), count(b) FROM {table} GROUP BY a HAVING count(*) > 1")
            }
            3 => format!(
                "SELECT x.id, y.id, x.a FROM {table} x JOIN {other} y ON x.a = y.a WHERE x.a < 10"
            ),
            4 => self.locking(&table, &condition, rng),
            5 => format!("SELECT DISTINCT b FROM {table} WHERE {condition}"),
            6 => format!(
                "SELECT x.id, y.b FROM {table} x LEFT JOIN {other} y ON x.id = y.id AND y.a > 5"
            ),
            7 => format!(
                "SELECT id FROM {table} WHERE a = {}",
                rng.random_range(0..50)
            ),
            8 | 9 => self.set_operation(rng),
            10 => Queries(self).with(rng),
            11 => Queries(self).windows(rng),
            12 => Queries(self).subqueries(rng),
            13 => Queries(self).grouping_sets(rng),
            _ => {
                let number = rng.random_range(0..self.tables);
                let condition = pick(rng, &["", "", " WHERE a = 5", " WHERE a > 3 AND id = '2'"]);
                format!(
                    "SELECT * FROM {}{number}{condition}",
                    pick(rng, &["v", "v", "m", "s0.t", "s0.v"])
                )
            }
        }
    }

    /// A query that may lock rows, of a table or of something over one.
    fn locking(&self, table: &str, condition: &str, rng: &mut ChaCha8Rng) -> String {
        let source = match rng.random_range(0..6) {
            0 => format!("(SELECT * FROM {table}) s WHERE {condition}"),
            1 => format!("(SELECT * FROM {table} ORDER BY a, id LIMIT 7) s WHERE {condition}"),
            2 => format!("v{} WHERE a % 2 = 1", rng.random_range(0..self.tables)),
            _ => format!("{table} WHERE {condition}"),
        };
        let limit = format!(" LIMIT {}", rng.random_range(0..20));
        let locking = LOCKING[rng.random_range(0..LOCKING.len())];
        let end = match rng.random_bool(0.5) {
            true => format!("{limit}{locking}"),
            false => format!("{locking}{limit}"),
        };
        format!("SELECT a, id FROM {source} ORDER BY a, id{end}")
    }

    /// UNION and its like. No NUMERIC: which of two equal ones with different scales is given, is for the plan to choose.
    fn set_operation(&self, rng: &mut ChaCha8Rng) -> String {
        const OPERATORS: [&str; 6] = [
            "UNION",
            "UNION ALL",
            "INTERSECT",
            "INTERSECT ALL",
            "EXCEPT",
            "EXCEPT ALL",
        ];
        let columns = pick(rng, &["a", "id", "b", "a, b", "id, a"]);
        let mut branches = String::new();
        for branch in 0..rng.random_range(2..=4) {
            if branch > 0 {
                branches += &format!(" {} ", pick(rng, &OPERATORS));
            }
            let (table, condition) = (self.table(rng), self.condition(rng));
            branches += &format!("SELECT {columns} FROM {table} WHERE {condition}");
        }
        match rng.random_range(0..4) {
            0 => format!("SELECT count(*) FROM ({branches}) s"),
            1 => format!(
                "{branches} ORDER BY {columns} LIMIT {}",
                rng.random_range(0..20)
            ),
            _ => branches,
        }
    }
}
