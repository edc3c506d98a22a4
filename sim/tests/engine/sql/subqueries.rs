//! Subqueries of conditions that become joins give the rows that they give when run for each row.

use crate::common::{each, plan, run, text};
use proptest::prelude::*;
use quantadb::types::Value;

/// Conditions over `x`, whose subqueries may be joined.
const CONDITIONS: [&str; 10] = [
    "EXISTS (SELECT 1 FROM r WHERE r.k = x.k)",
    "NOT EXISTS (SELECT 1 FROM r WHERE r.k = x.k)",
    "EXISTS (SELECT 1 FROM r WHERE r.k = x.k AND r.v > x.v)",
    "NOT EXISTS (SELECT 1 FROM r WHERE r.k = x.k AND r.v <> x.v AND r.v > 1)",
    "EXISTS (SELECT 1 FROM r JOIN l ON r.v = l.v WHERE r.k = x.k AND l.k + 1 > x.v)",
    "x.v IN (SELECT r.v FROM r WHERE r.k = x.k)",
    "x.v IN (SELECT DISTINCT r.v + 1 FROM r WHERE r.k = x.k AND r.v < x.k)",
    "x.v > (SELECT avg(r.v) FROM r WHERE r.k = x.k)",
    "x.v + 1 >= (SELECT max(r.v) + min(r.v) FROM r WHERE r.k = x.k AND r.v > 0)",
    "x.v >= (SELECT count(*) FROM r WHERE r.k = x.k)",
];

fn table(rows: &[(Option<i8>, Option<i8>)], name: &str) -> String {
    let value = |v: Option<i8>| v.map_or("NULL".to_owned(), |v| v.to_string());
    let rows = rows
        .iter()
        .map(|(k, v)| format!("({}, {})", value(*k), value(*v)));
    let rows: Vec<String> = rows.collect();
    let mut sql = format!("CREATE TABLE {name} (k INTEGER, v INTEGER);");
    if !rows.is_empty() {
        sql += &format!("INSERT INTO {name} VALUES {};", rows.join(", "));
    }
    sql
}

fn rows() -> impl Strategy<Value = Vec<(Option<i8>, Option<i8>)>> {
    let small = || prop::option::weighted(0.9, 0i8..6);
    prop::collection::vec((small(), small()), 0..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_joined_subquery_gives_what_one_for_each_row_gives(l in rows(), r in rows()) {
        each(|c| {
            run(c, &table(&l, "l"));
            run(c, &table(&r, "r"));
            for condition in CONDITIONS {
                let ask = |condition: &str| {
                    let sql = format!("SELECT k, v FROM l x WHERE {condition} ORDER BY k, v");
                    let rows = c.query(&sql, []).expect("a right query");
                    let rows: Vec<Vec<Value>> = rows.map(|row| row.values().to_vec()).collect();
                    rows
                };
                // A condition inside of another stays where it is.
                let by_row = format!("({condition}) IS TRUE");
                assert_eq!(ask(condition), ask(&by_row), "{condition}");
            }
        });
    }
}

#[test]
fn the_plan_joins_where_that_costs_less() {
    each(|c| {
        run(
            c,
            "CREATE TABLE o (k INTEGER PRIMARY KEY, v INTEGER);
             CREATE TABLE r (k INTEGER, v INTEGER);
             INSERT INTO o SELECT g, g % 7 FROM generate_series(1, 2000) g;
             INSERT INTO r SELECT g % 500, g % 11 FROM generate_series(1, 2000) g;
             ANALYZE;",
        );
        let first = |sql: &str| plan(c, sql)[0].clone();
        let exists = "EXISTS (SELECT 1 FROM r WHERE r.k = o.k AND r.v > o.v)";
        assert_eq!(
            first(&format!("SELECT * FROM o WHERE {exists}")),
            "Hash Semi Join"
        );
        assert_eq!(
            first(&format!("SELECT * FROM o WHERE NOT {exists}")),
            "Hash Anti Join"
        );
        let average = plan(
            c,
            "SELECT * FROM r WHERE v > (SELECT avg(v) FROM r i WHERE i.k = r.k)",
        );
        assert!(
            average.iter().any(|l| l.contains("Hash Left Join")),
            "{average:?}"
        );
        // The key finds the few rows that are asked for.
        let few = plan(
            c,
            "SELECT * FROM r WHERE v = 3 AND k = 5 AND EXISTS (SELECT 1 FROM o WHERE o.k = r.v)",
        );
        assert!(few.iter().any(|l| l.contains("SubPlan")), "{few:?}");
    });
}

#[test]
fn what_all_alternatives_ask_for_joins() {
    each(|c| {
        run(
            c,
            "CREATE TABLE l (k INTEGER, v INTEGER);
             CREATE TABLE r (k INTEGER, v INTEGER);
             INSERT INTO l SELECT g % 50, g % 7 FROM generate_series(1, 300) g;
             INSERT INTO r SELECT g % 60, g % 11 FROM generate_series(1, 300) g;
             INSERT INTO l VALUES (NULL, 1), (3, NULL);
             ANALYZE;",
        );
        let alternatives = "(l.k = r.k AND l.v = 1 AND r.v > 3) OR (r.v < 2 AND l.k = r.k) OR (l.k = r.k AND l.v IS NULL)";
        let sql = format!("SELECT count(*), sum(l.v), sum(r.v) FROM l, r WHERE {alternatives}");
        let lines = plan(c, &sql);
        assert!(lines.iter().any(|l| l.contains("Hash Join")), "{lines:?}");
        let by_pair = sql.replace("WHERE ", "WHERE NOT NOT (") + ")";
        assert_eq!(text(c, &sql), text(c, &by_pair));
        // The third alternative asks for nothing more than what all do.
        let absorbed = "SELECT count(*) FROM l, r WHERE (l.k = r.k AND l.v = 1) OR l.k = r.k";
        assert_eq!(
            text(c, absorbed),
            text(c, "SELECT count(*) FROM l, r WHERE l.k = r.k")
        );
    });
}
