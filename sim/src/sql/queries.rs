//! Queries of more than one table or more than one step.
//!
//! Where their order decides, no two rows share it; and nothing is asked for that the plan may choose.

use super::generator::{Generator, pick};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// Draws queries.
pub(super) struct Queries<'a>(pub(super) &'a Generator);

impl Queries<'_> {
    /// What the engine says of its own schema, which recovery must have put together again.
    pub(super) fn about_the_schema(&self, rng: &mut ChaCha8Rng) -> String {
        let table = self.0.table(rng);
        match rng.random_range(0..6) {
            0 => format!(
                "SELECT obj_description('{table}'::regclass), col_description('{table}'::regclass, 2)"
            ),
            1 => "SELECT * FROM information_schema.columns WHERE table_schema = 'public'".to_owned(),
            2 => "SELECT constraint_name, constraint_type, column_name FROM information_schema.table_constraints \
                  LEFT JOIN information_schema.key_column_usage USING (table_name, constraint_name)"
                .to_owned(),
            3 => "SELECT relname, relkind, relnatts, relchecks, relhasindex, oid FROM pg_class".to_owned(),
            4 => "SELECT indexname, indexdef, pg_get_constraintdef(c.oid) FROM pg_indexes \
                  LEFT JOIN pg_constraint c ON conname = indexname"
                .to_owned(),
            _ => format!(
                "SELECT attname, format_type(atttypid, atttypmod), pg_get_expr(adbin, adrelid) FROM pg_attribute \
                 LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum \
                 WHERE attrelid = '{table}'::regclass"
            ),
        }
    }

    /// Full joins, LATERAL, and subqueries that may become joins.
    pub(super) fn subqueries(&self, rng: &mut ChaCha8Rng) -> String {
        let (table, other) = (self.0.table(rng), self.0.table(rng));
        let condition = self.0.condition(rng);
        let (not, op) = (
            pick(rng, &["", "NOT "]),
            pick(rng, &["=", "<>", "<", "<=", ">", ">="]),
        );
        let quantifier = pick(rng, &["ANY", "ALL"]);
        let residual = pick(rng, &["", " AND y.id > x.id", " AND y.b <> x.b"]);
        match rng.random_range(0..13) {
            0 => format!(
                "SELECT id FROM {table} x WHERE {not}EXISTS (SELECT 1 FROM {other} y WHERE y.a = x.a{residual})"
            ),
            1 => format!(
                "SELECT id, a FROM {table} x WHERE a IN (SELECT y.a FROM {other} y WHERE y.b = x.b{residual})"
            ),
            2 => format!(
                "SELECT id FROM {table} x WHERE a {op} (SELECT max(y.a) FROM {other} y WHERE y.b = x.b)"
            ),
            3 => format!(
                "SELECT id FROM {table} WHERE a {op} {quantifier} (SELECT a FROM {other} WHERE {condition})"
            ),
            4 => format!(
                "SELECT x.id, y.id FROM {table} x FULL JOIN {other} y ON x.a = y.a{residual}"
            ),
            5 => format!(
                "SELECT id, x.b, y.c FROM {table} x FULL JOIN {other} y USING (id) WHERE x.b IS NULL OR {condition_of_x}",
                condition_of_x = pick(rng, &["x.a > 5", "y.a < 9", "y.id IS NULL"])
            ),
            6 => format!(
                "SELECT x.id, y.id FROM {table} x, LATERAL (SELECT id FROM {other} z WHERE z.a {op} x.a ORDER BY id \
                 LIMIT 2) y"
            ),
            7 => format!(
                "SELECT id, g, n FROM {table} x LEFT JOIN generate_series(1, x.a % 4) WITH ORDINALITY AS s (g, n) \
                 ON g {op} 2 WHERE id = '{}'",
                self.0.key(rng)
            ),
            8 => format!(
                "SELECT id FROM {table} x WHERE (a, b) {not}IN (SELECT y.a, y.b FROM {other} y WHERE y.c = x.c{residual})"
            ),
            9 => format!(
                "SELECT id FROM {table} WHERE (a, b) {op} {quantifier} (SELECT a, b FROM {other} WHERE {condition})"
            ),
            10 => format!(
                "SELECT id FROM {table} WHERE (a, b) {op} (SELECT a, b FROM {other} WHERE id = '{}')",
                self.0.key(rng)
            ),
            11 => format!(
                "SELECT id FROM {table} TABLESAMPLE BERNOULLI (100) WHERE {condition} UNION ALL \
                 SELECT id FROM {other} TABLESAMPLE SYSTEM (0) REPEATABLE (7)"
            ),
            _ => format!(
                "SELECT DISTINCT ON (b) b, id FROM {table} WHERE {condition} ORDER BY b, id"
            ),
        }
    }

    /// Grouping sets, and rows that tie with the last one.
    pub(super) fn grouping_sets(&self, rng: &mut ChaCha8Rng) -> String {
        let (table, condition) = (self.0.table(rng), self.0.condition(rng));
        let sets = pick(
            rng,
            &[
                "ROLLUP (a % 3, b)",
                "CUBE (a % 3, b)",
                "GROUPING SETS ((a % 3), (b), ())",
                "GROUPING SETS (ROLLUP (b, a % 3), GROUPING SETS (CUBE (a % 3), b))",
                "b, ROLLUP (a % 3)",
            ],
        );
        match rng.random_range(0..3) {
            0 => format!(
                "SELECT a % 3, b, count(*), sum(a), grouping(a % 3, b) FROM {table} WHERE {condition} GROUP BY {sets}"
            ),
            1 => format!(
                "SELECT b, min(id) FROM {table} GROUP BY ROLLUP (b) HAVING grouping(b) = 1 OR count(*) > 1"
            ),
            _ => format!(
                "SELECT a FROM {table} WHERE {condition} ORDER BY a FETCH FIRST 3 ROWS WITH TIES"
            ),
        }
    }

    /// Window functions. The frames of ROWS are over an order that no two rows share, and nothing is summed whose result
    /// depends on the order of the rows.
    pub(super) fn windows(&self, rng: &mut ChaCha8Rng) -> String {
        let (table, condition) = (self.0.table(rng), self.0.condition(rng));
        let call = pick(
            rng,
            &[
                "count(*)", "sum(a)", "avg(a)", "min(a)", "max(b)", "sum(c)", "count(b)",
            ],
        );
        let exclude = pick(
            rng,
            &[
                "",
                " EXCLUDE CURRENT ROW",
                " EXCLUDE GROUP",
                " EXCLUDE TIES",
            ],
        );
        let partition = pick(rng, &["", "PARTITION BY b ", "PARTITION BY a % 3 "]);
        let (before, after) = (rng.random_range(0..4), rng.random_range(0..4));
        match rng.random_range(0..6) {
            5 => format!(
                "SELECT id, {call} OVER ({partition}ORDER BY t RANGE BETWEEN interval '{before} mons' PRECEDING AND \
                 interval '{after} days' FOLLOWING{exclude}) FROM {table} WHERE {condition}"
            ),
            0 => format!(
                "SELECT id, rank() OVER w, {call} OVER w FROM {table} WINDOW w AS ({partition}ORDER BY a)"
            ),
            1 => format!(
                "SELECT id, lag(a) OVER w, first_value(b) OVER w, {call} OVER w FROM {table} WINDOW w AS \
                 ({partition}ORDER BY id ROWS BETWEEN {before} PRECEDING AND {after} FOLLOWING{exclude})"
            ),
            2 => format!(
                "SELECT id, {call} OVER ({partition}ORDER BY a DESC RANGE BETWEEN {before} PRECEDING AND \
                 {after} FOLLOWING{exclude}) FROM {table} WHERE {condition}"
            ),
            3 => format!(
                "SELECT a, count(*), sum(count(*)) OVER (ORDER BY a GROUPS BETWEEN {before} PRECEDING AND \
                 CURRENT ROW{exclude}) FROM {table} GROUP BY a"
            ),
            _ => format!(
                "SELECT * FROM (SELECT id, a, row_number() OVER ({partition}ORDER BY a, id) n FROM {table}) s \
                 WHERE n <= {after} AND a % 3 = 1"
            ),
        }
    }

    /// Queries of WITH, merged, kept or recursive.
    pub(super) fn with(&self, rng: &mut ChaCha8Rng) -> String {
        let (table, other) = (self.0.table(rng), self.0.table(rng));
        let condition = self.0.condition(rng);
        let how = pick(rng, &["", "MATERIALIZED ", "NOT MATERIALIZED "]);
        let all = pick(rng, &["", " ALL"]);
        let key = self.0.key(rng);
        match rng.random_range(0..6) {
            0 => format!(
                "WITH w AS {how}(SELECT id, a FROM {table} WHERE {condition}) SELECT * FROM w WHERE a < 9"
            ),
            1 => format!(
                "WITH w AS {how}(SELECT id, a FROM {table} WHERE {condition}) \
                 SELECT x.id, y.a FROM w x JOIN w y ON x.id = y.id WHERE x.a IN (SELECT a FROM w)"
            ),
            2 => format!(
                "SELECT id, (WITH w AS {how}(SELECT id FROM {other} y WHERE y.a = x.a) \
                 SELECT count(*) FROM w p, w q) FROM {table} x WHERE {condition}"
            ),
            3 => format!(
                "WITH RECURSIVE r (n, i) AS (SELECT a, 0 FROM {table} WHERE id = '{key}' UNION{all} \
                 SELECT y.a + 1, i + 1 FROM r JOIN {other} y ON y.a = n WHERE i < 3) SELECT n, i FROM r"
            ),
            4 => format!(
                "WITH w AS {how}(SELECT id FROM {table} WHERE a < 5) \
                 UPDATE {other} SET b = 'with' WHERE id IN (SELECT id FROM w)"
            ),
            _ => format!(
                "WITH w AS {how}(SELECT id FROM {table} WHERE {condition}) \
                 DELETE FROM {other} WHERE id = '{key}' AND id IN (SELECT id FROM w)"
            ),
        }
    }
}
