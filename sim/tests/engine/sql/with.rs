//! WITH: which queries are merged and which are kept, and how much memory a recursion may take.

use crate::common::{each, fails, plan, run, small_memory, text};

const TABLES: &str = "
    CREATE TABLE a (id INTEGER PRIMARY KEY, n INTEGER);
    INSERT INTO a VALUES (1, 10), (2, 10), (3, 20);
";

#[test]
fn merged_when_used_once_and_kept_otherwise() {
    each(|c| {
        run(c, TABLES);
        // The condition reaches the table.
        let once = plan(
            c,
            "WITH w AS (SELECT * FROM a) SELECT n FROM w WHERE id = 2",
        );
        assert!(
            once.iter()
                .any(|line| line.contains("Index Cond: (id = 2)")),
            "{once:?}"
        );
        assert_eq!(
            plan(
                c,
                "WITH w AS MATERIALIZED (SELECT * FROM a) SELECT n FROM w WHERE id = 2"
            ),
            [
                "Project",
                "  ->  Filter",
                "        Filter: (w.column1 = 2)",
                "        ->  CTE Scan on w",
                "  CTE w",
                "  ->  Seq Scan on a",
            ]
        );
        let twice = "SELECT x.id FROM w x JOIN w y ON x.n = y.n";
        let kept = plan(c, &format!("WITH w AS (SELECT * FROM a) {twice}"));
        assert!(kept.contains(&"  CTE w".to_owned()), "{kept:?}");
        let merged = plan(
            c,
            &format!("WITH w AS NOT MATERIALIZED (SELECT * FROM a) {twice}"),
        );
        assert!(!merged.contains(&"  CTE w".to_owned()), "{merged:?}");
        let recursive = plan(
            c,
            "WITH RECURSIVE r (n) AS (SELECT 1 UNION SELECT n + 1 FROM r WHERE n < 3) SELECT n FROM r",
        );
        for node in ["Recursive Union", "WorkTable Scan on r"] {
            assert!(
                recursive.iter().any(|line| line.ends_with(node)),
                "{recursive:?}"
            );
        }
    });
}

#[test]
fn a_recursion_without_end_runs_out_of_its_memory() {
    let database = small_memory();
    let c = database.connect().unwrap();
    // Rows that are asked for come at once.
    let endless = "WITH RECURSIVE r (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r)";
    assert_eq!(
        text(&c, &format!("{endless} SELECT n FROM r LIMIT 3")),
        ["1", "2", "3"]
    );
    fails(&c, &format!("{endless} SELECT n FROM r"), "53200");
    // The working table doubles.
    fails(
        &c,
        "WITH RECURSIVE r (n) AS (SELECT 1 UNION ALL SELECT n FROM r, (VALUES (1), (2)) v) \
         SELECT count(*) FROM r",
        "53200",
    );
    // What came before is held.
    fails(
        &c,
        "WITH RECURSIVE r (n) AS (SELECT 1 UNION SELECT n + 1 FROM r) SELECT count(*) FROM r",
        "53200",
    );
}
