//! EXPLAIN ANALYZE: what was found stands beside what was expected.

mod common;

use common::{each, fails, run, text};
use quantadb::params;

const TABLES: &str = "
    CREATE TABLE a (id INTEGER PRIMARY KEY, n INTEGER);
    CREATE TABLE b (id INTEGER PRIMARY KEY, a INTEGER);
    INSERT INTO a SELECT g, g % 10 FROM generate_series(1, 300) g;
    INSERT INTO b SELECT g, g % 40 FROM generate_series(1, 900) g;
    ANALYZE;
";

#[test]
fn rows_and_loops_are_counted() {
    each(|c| {
        run(c, TABLES);
        let lines = |sql: &str| text(c, &format!("EXPLAIN (ANALYZE, COSTS OFF) {sql}"));
        assert_eq!(
            lines("SELECT n, count(*) FROM a JOIN b ON b.a = a.id WHERE n < 3 GROUP BY n"),
            [
                "HashAggregate  (actual rows=3 loops=1)",
                "  Group Key: a.n",
                "  ->  Hash Join  (actual rows=248 loops=1)",
                "        Hash Cond: (b.a = a.id)",
                "        ->  Seq Scan on b  (actual rows=900 loops=1)",
                "        ->  Seq Scan on a  (actual rows=90 loops=1)",
                "              Filter: (n < 3)",
            ]
        );
        assert_eq!(
            lines(
                "SELECT id FROM a WHERE id < 4 AND n > (SELECT count(*) FROM b WHERE b.a = a.n + 100)"
            ),
            [
                "Project  (actual rows=3 loops=1)",
                "  ->  Index Scan using a_pkey on a  (actual rows=3 loops=1)",
                "        Index Cond: (id < 4)",
                "        Filter: ((n)::bigint > (SubPlan 1))",
                "  SubPlan 1",
                "  ->  Aggregate  (actual rows=1 loops=3)",
                "        ->  Seq Scan on b  (actual rows=0 loops=3)",
                "              Filter: (a = ($1 + 100))",
            ]
        );
        assert_eq!(
            lines("SELECT id FROM a WHERE n > 5 AND n < 5 UNION ALL SELECT id FROM b LIMIT 2"),
            [
                "Limit  (actual rows=2 loops=1)",
                "  ->  Append  (actual rows=4 loops=1)",
                "        ->  Project  (actual rows=0 loops=1)",
                "              ->  Seq Scan on a  (actual rows=0 loops=1)",
                "                    Filter: ((n > 5) AND (n < 5))",
                "        ->  Seq Scan on b  (actual rows=4 loops=1)",
            ]
        );
        let with_costs = text(c, "EXPLAIN ANALYZE SELECT id FROM a WHERE id = 7");
        assert_eq!(
            with_costs[0],
            "Index Scan using a_pkey on a  (cost=0.00..0.31 rows=1 width=4) (actual rows=1 loops=1)"
        );
    });
}

#[test]
fn the_elements_of_an_array_are_looked_up() {
    each(|c| {
        run(c, TABLES);
        run(c, "ANALYZE");
        let is_there = |sql: &str, line: &str| {
            let lines = text(c, &format!("EXPLAIN (COSTS OFF) {sql}"));
            let found = lines.iter().any(|l| l.contains(line));
            assert!(found, "{sql}\n{}", lines.join("\n"));
        };
        let array = "(SELECT array_agg(id) FROM b WHERE id < 3)::integer[]";
        let by_id = format!("SELECT n FROM a WHERE id = ANY ({array})");
        is_there(&by_id, "Index Scan using a_pkey on a");
        is_there(&by_id, "Index Cond: (id = ANY (");
        let rows = c.query(
            "SELECT id FROM a WHERE id = ANY ($1)",
            params!["{5,7,NULL,900,5}"],
        );
        assert_eq!(rows.unwrap().count(), 2);
    });
}

#[test]
fn the_statement_is_run() {
    each(|c| {
        run(c, TABLES);
        run(c, "EXPLAIN ANALYZE DELETE FROM b WHERE id > 100");
        run(c, "EXPLAIN DELETE FROM b");
        run(c, "EXPLAIN (ANALYZE off) DELETE FROM b");
        run(
            c,
            "EXPLAIN ANALYZE WITH x AS (INSERT INTO b VALUES (1000, 1) RETURNING id) SELECT * FROM x",
        );
        assert_eq!(text(c, "SELECT count(*), max(id) FROM b"), ["101|1000"]);
        fails(c, "EXPLAIN ANALYZE SELECT 1 / (id - 5) FROM a", "22012");
        fails(c, "EXPLAIN (ANALYZE maybe) SELECT 1", "42601");
        run(c, "BEGIN READ ONLY");
        fails(c, "EXPLAIN ANALYZE DELETE FROM b", "25006");
        run(c, "ROLLBACK");
        run(c, "BEGIN READ ONLY");
        run(c, "EXPLAIN DELETE FROM b");
        fails(
            c,
            "EXPLAIN (COSTS, ANALYZE) WITH x AS (DELETE FROM b RETURNING id) SELECT * FROM x",
            "25006",
        );
        run(c, "ROLLBACK");
    });
}

#[test]
fn a_join_over_keys_gives_as_many_rows_as_it_has() {
    each(|c| {
        run(
            c,
            "CREATE TABLE k (x INTEGER PRIMARY KEY, y INTEGER);
             CREATE TABLE pair (p INTEGER, q INTEGER, PRIMARY KEY (p, q));
             INSERT INTO k SELECT g, g FROM generate_series(1, 1000) g;
             INSERT INTO pair SELECT g / 30, g % 30 FROM generate_series(0, 999) g;
             ANALYZE;",
        );
        let estimate = |sql: &str| {
            let lines = text(c, &format!("EXPLAIN {sql}"));
            let rows = lines[0].split("rows=").nth(1);
            let rows = rows.and_then(|rest| rest.split(' ').next());
            rows.map(str::to_owned)
        };
        // Each of the equalities alone lets a thousandth through, and all together still one row for each row.
        assert_eq!(
            estimate(
                "SELECT * FROM k a, k b, k c, k d, k e WHERE a.x = b.x AND b.x = c.x AND c.x = d.x AND d.x = e.x"
            )
            .as_deref(),
            Some("1000")
        );
        // No column is a key, both together are.
        assert_eq!(
            estimate("SELECT * FROM pair a JOIN pair b ON a.p = b.p AND a.q = b.q").as_deref(),
            Some("1000")
        );
    });
}
