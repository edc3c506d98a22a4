//! Changes of one table by what stands in others: joined ones, MERGE, and those in WITH.
//!
//! Where a row may meet several others, what becomes of it does not depend on which of them.

use super::generator::{Generator, pick};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// Draws changes.
pub(super) struct Changes<'a>(pub(super) &'a Generator);

impl Changes<'_> {
    /// What an INSERT into `table` does when a key is taken.
    pub(super) fn conflict(&self, table: &str, rng: &mut ChaCha8Rng) -> String {
        match rng.random_range(0..14) {
            0..=3 => " ON CONFLICT DO NOTHING".to_owned(),
            4 => " ON CONFLICT (id) DO UPDATE SET b = 'conflict'".to_owned(),
            5 => format!(
                " ON CONFLICT (id) DO UPDATE SET a = excluded.a, c = {table}.c + 1 WHERE {table}.a < {}",
                self.0.key(rng)
            ),
            6 => " ON CONFLICT (a) DO UPDATE SET id = excluded.id, b = excluded.b".to_owned(),
            7 => format!(
                " ON CONFLICT ON CONSTRAINT {table}_pkey DO UPDATE SET (b, c) = (SELECT '!', count(*) FROM {table})"
            ),
            8 => " ON CONFLICT (b, a) DO NOTHING".to_owned(),
            _ => String::new(),
        }
    }

    /// One of them.
    pub(super) fn statement(&self, rng: &mut ChaCha8Rng) -> String {
        let (table, other) = (self.0.table(rng), self.0.table(rng));
        let (key, small) = (self.0.key(rng), rng.random_range(0..50));
        let returning = pick(rng, &["", "", " RETURNING x.id, x.b"]);
        match rng.random_range(0..10) {
            0 => format!(
                "UPDATE {table} x SET b = 'from', a = x.a + 1 FROM {other} y WHERE x.id = y.id AND y.a < {small}{returning}"
            ),
            1 => format!(
                "UPDATE {table} x SET (a, b) = (SELECT max(a), 'row' FROM {other}) \
                 FROM {other} y LEFT JOIN {table} z ON z.a = y.a WHERE x.a = y.a AND y.id = '{key}'{returning}"
            ),
            2 => format!(
                "DELETE FROM {table} x USING {other} y WHERE x.a = y.a AND y.id = '{key}'{returning}"
            ),
            3 => format!(
                "DELETE FROM {table} x USING {other} y, {other} z WHERE x.id = y.id AND y.a = z.a AND z.c < {key}"
            ),
            4 => format!(
                "MERGE INTO {table} x USING {other} y ON x.id = y.id AND y.a < {small} \
                 WHEN MATCHED AND x.a > y.a THEN DELETE WHEN MATCHED THEN UPDATE SET a = y.a, b = 'merged' \
                 WHEN NOT MATCHED AND y.a = {small} THEN INSERT (id, a, b) VALUES (y.id, y.a, 'new')"
            ),
            5 => format!(
                "MERGE INTO {table} x USING (VALUES ('{key}', {small}), ('{small}', {key})) AS y (k, n) ON x.a = y.n \
                 WHEN MATCHED THEN UPDATE SET c = y.n WHEN NOT MATCHED THEN INSERT (id, a) VALUES ({key}, y.n)"
            ),
            6 => format!(
                "WITH w AS (DELETE FROM {table} WHERE a = {small} RETURNING id, a) \
                 INSERT INTO {other} (id, a, b) SELECT id, a, 'moved' FROM w ON CONFLICT DO NOTHING"
            ),
            7 => format!(
                "WITH w AS (UPDATE {table} SET b = 'first' WHERE id = '{key}' RETURNING id), \
                 v AS (DELETE FROM {other} WHERE a = {small} RETURNING a) \
                 SELECT (SELECT count(*) FROM w), (SELECT sum(a) FROM v), count(*) FROM {table}"
            ),
            8 => format!(
                "WITH w AS (INSERT INTO {table} (id, a) VALUES ('{key}', {small}) RETURNING a) \
                 UPDATE {other} SET a = w.a FROM w WHERE {other}.id = '{key}'"
            ),
            _ => format!(
                "WITH w AS (DELETE FROM {table} WHERE id = '{key}' RETURNING id) \
                 DELETE FROM {other} USING w WHERE {other}.id = w.id"
            ),
        }
    }
}
