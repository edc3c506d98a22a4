//! Statements with arrays: column `g` of each table.

use super::generator::{Generator, pick};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// Draws what has to do with arrays.
pub(super) struct Arrays<'a>(pub(super) &'a Generator);

impl Arrays<'_> {
    /// A constant of numbers, which is one of texts too.
    pub(super) fn literal(&self, rng: &mut ChaCha8Rng) -> String {
        if rng.random_bool(0.1) {
            return "NULL".to_owned();
        }
        let elements = (0..rng.random_range(0..5)).map(|_| match rng.random_range(0..8) {
            0 => "NULL".to_owned(),
            _ => rng.random_range(0..6).to_string(),
        });
        format!("'{{{}}}'", elements.collect::<Vec<_>>().join(","))
    }

    /// A condition on a table that has no alias.
    pub(super) fn condition(&self, rng: &mut ChaCha8Rng) -> String {
        let (array, n) = (self.literal(rng), rng.random_range(0..6));
        match rng.random_range(0..6) {
            0 => format!("g @> {array}"),
            1 => format!("g && {array}"),
            2 => format!("'{n}' = ANY (g)"),
            3 => format!("g[{n}] < '3'"),
            4 => format!("g {} {array}", pick(rng, &["=", "<", ">="])),
            _ => format!("id = ANY ('{{{n},{}}}')", self.0.key(rng)),
        }
    }

    /// What an UPDATE sets.
    pub(super) fn change(&self, rng: &mut ChaCha8Rng) -> String {
        let (array, n) = (self.literal(rng), rng.random_range(1..5));
        pick(
            rng,
            &[
                &format!("g = {array}"),
                &format!("g[{n}] = g[1]"),
                &format!("g[1] = '{n}', g[2:3] = '{{{n},NULL,7}}'"),
                &format!("g[:{n}] = {array}"),
                &format!("g = g || {array}"),
                "g = g[2:]",
                "g = array_remove(g, g[1])",
                "g = array_append(g, g[2]), a = cardinality(g)",
            ],
        )
        .to_owned()
    }

    /// A query; its rows come in no order.
    pub(super) fn query(&self, rng: &mut ChaCha8Rng) -> String {
        let (table, other, condition) = (self.0.table(rng), self.0.table(rng), self.condition(rng));
        match rng.random_range(0..9) {
            0 => format!(
                "SELECT id, x, n FROM {table}, unnest(g) WITH ORDINALITY AS u (x, n) WHERE {condition}"
            ),
            1 => format!("SELECT g, count(*) FROM {table} GROUP BY g"),
            2 => format!(
                "SELECT a, array_agg(id ORDER BY id DESC) FROM {table} WHERE {condition} GROUP BY a"
            ),
            3 => format!("SELECT x.id, y.id FROM {table} x JOIN {other} y ON x.g = y.g"),
            4 => {
                format!("SELECT DISTINCT g[1:2], array_length(g, 1) FROM {table} WHERE {condition}")
            }
            5 => format!(
                "SELECT id, ARRAY(SELECT y.id FROM {other} y WHERE y.a = {table}.a ORDER BY y.id) FROM {table}"
            ),
            6 => format!(
                "SELECT id, unnest(g), generate_series(1, a % 4) FROM {table} WHERE {condition}"
            ),
            7 => format!("SELECT unnest(g), count(*), max(id) FROM {table} GROUP BY 1"),
            _ => {
                format!("SELECT x, count(*) FROM {table}, unnest(g, g[2:]) AS u (x, y) GROUP BY x")
            }
        }
    }
}
