//! UNION, INTERSECT and EXCEPT through the front door: plans, limits, and large inputs.

use crate::common::{check, each, fails, plan, run, small_memory};
use quantadb::params;
use quantadb::types::Value;

const TABLES: &str = "
    CREATE TABLE a (id INTEGER PRIMARY KEY, n INTEGER, s VARCHAR(5));
    CREATE TABLE b (id BIGINT PRIMARY KEY, n SMALLINT, m NUMERIC(8,2));
    INSERT INTO a VALUES (1, 10, 'x'), (2, 10, 'x'), (3, 20, NULL), (4, NULL, 'y'), (5, NULL, 'y');
    INSERT INTO b VALUES (1, 10, 1.50), (2, 30, 2.00), (3, NULL, 3.25), (4, 10, 10);
";

#[test]
fn plans_in_the_words_of_postgresql() {
    each(|c| {
        run(c, TABLES);
        assert_eq!(
            plan(c, "SELECT n FROM a UNION SELECT id FROM a WHERE id > 2"),
            [
                "HashAggregate",
                "  Group Key: a.n",
                "  ->  Append",
                "        ->  Seq Scan on a",
                "        ->  Index Scan using a_pkey on a",
                "              Index Cond: (id > 2)",
            ]
        );
        assert_eq!(
            plan(c, "SELECT n FROM a EXCEPT ALL SELECT id FROM a LIMIT 1"),
            [
                "Limit",
                "  ->  HashSetOp Except All",
                "        ->  Seq Scan on a",
                "        ->  Seq Scan on a",
            ]
        );
        let intersect = plan(c, "SELECT n FROM a INTERSECT SELECT id FROM a");
        assert_eq!(intersect[0], "HashSetOp Intersect");
        // A chain is one Append, whatever its length.
        let chain = plan(
            c,
            "SELECT id FROM a UNION ALL SELECT n FROM a UNION ALL SELECT id FROM a",
        );
        assert_eq!(chain[0], "Append");
        assert_eq!(chain.len(), 4, "{chain:?}");
    });
}

#[test]
fn conditions_reach_the_branches_of_union_all_alone() {
    each(|c| {
        run(c, TABLES);
        let inside = |operator: &str| {
            plan(
                c,
                &format!(
                    "SELECT id FROM (SELECT id, s FROM a {operator} SELECT n, 'c' FROM a) x WHERE id = 4"
                ),
            )
            .join("\n")
        };
        let all = inside("UNION ALL");
        assert!(all.contains("Index Cond: (id = 4)"), "{all}");
        assert!(!all.contains("->  Filter"), "{all}");
        for operator in ["UNION", "EXCEPT", "EXCEPT ALL", "INTERSECT"] {
            let plan = inside(operator);
            assert!(plan.contains("->  Filter"), "{operator}: {plan}");
        }
        // Over constants it is decided at once, and a branch that gives nothing is left out.
        let constants = plan(
            c,
            "SELECT x FROM (SELECT 1 AS x UNION ALL SELECT 2 UNION ALL SELECT id FROM a WHERE false) y WHERE x = 2",
        );
        assert!(
            constants
                .iter()
                .all(|l| !l.contains("Append") && !l.contains("Filter")),
            "{constants:?}"
        );
        check(
            c,
            "SELECT x FROM (SELECT 1 AS x UNION ALL SELECT 2 UNION ALL SELECT id FROM a WHERE false) y WHERE x = 2",
            &["2"],
        );
        check(
            c,
            "SELECT x FROM (SELECT 1 AS x UNION ALL SELECT 2) y WHERE x = 3",
            &[],
        );
        check(
            c,
            "SELECT id FROM a WHERE false EXCEPT (SELECT 1 WHERE false UNION SELECT 2 WHERE false)",
            &[],
        );
        // One branch has a LIMIT: the condition stays above all of them.
        check(
            c,
            "SELECT id FROM ((SELECT id FROM a ORDER BY id LIMIT 1) UNION ALL SELECT id FROM a) x WHERE id = 2",
            &["2"],
        );
        check(
            c,
            "SELECT k, q FROM (SELECT n AS k, count(*) AS q FROM a GROUP BY n UNION ALL SELECT id, 7 FROM b) x
             WHERE k = 10 AND q = 2 OR k = 1 AND q = 7 ORDER BY k",
            &["1|7", "10|2"],
        );
        // What nothing reads is pruned where rows are not compared, and only there.
        check(
            c,
            "SELECT count(*) FROM (SELECT n, s FROM a UNION SELECT n, s FROM a) x",
            &["3"],
        );
        check(
            c,
            "SELECT count(*) FROM (SELECT n, s FROM a UNION ALL SELECT n, s FROM a) x",
            &["10"],
        );
        check(
            c,
            "SELECT s FROM (SELECT n, s FROM a EXCEPT SELECT 10, 'x') x ORDER BY s",
            &["y", "NULL"],
        );
    });
}

#[test]
fn types_of_parameters_come_from_the_other_branch() {
    each(|c| {
        run(c, TABLES);
        let rows: Vec<String> = c
            .query(
                "SELECT id FROM a WHERE id = 1 UNION ALL SELECT $1 UNION ALL SELECT $2 ORDER BY 1 DESC",
                params![7, 9],
            )
            .unwrap()
            .map(|row| row.values().iter().map(Value::to_string).collect())
            .collect();
        assert_eq!(rows, ["9", "7", "1"]);
        assert_eq!(
            c.query("SELECT $1 UNION SELECT $2 UNION SELECT 1", params![7, 9])
                .err()
                .map(|e| e.sqlstate()),
            Some("42804")
        );
    });
}

#[test]
fn correlated_branches() {
    each(|c| {
        run(c, TABLES);
        check(
            c,
            "SELECT id, (SELECT max(v) FROM (SELECT a.n AS v UNION ALL SELECT b.n FROM b WHERE b.id = a.id) x)
             FROM a ORDER BY id",
            &["1|10", "2|30", "3|20", "4|10", "5|NULL"],
        );
        check(
            c,
            "SELECT id FROM a WHERE EXISTS (SELECT n FROM b WHERE b.id = a.id INTERSECT SELECT a.n) ORDER BY id",
            &["1"],
        );
        check(
            c,
            "SELECT id FROM a WHERE n IN (SELECT b.n FROM b WHERE b.id > a.id UNION SELECT 20) ORDER BY id",
            &["1", "2", "3"],
        );
        check(
            c,
            "SELECT id FROM a WHERE id = ANY (SELECT id FROM b EXCEPT SELECT a.id + 1) ORDER BY id",
            &["1", "2", "3", "4"],
        );
        check(
            c,
            "SELECT id FROM a WHERE (SELECT 1 WHERE a.id = 3 UNION SELECT 2 WHERE a.id = 3 ORDER BY 1 DESC LIMIT 1) = 2",
            &["3"],
        );
        fails(c, "SELECT (SELECT 1 UNION SELECT 2)", "21000");
        fails(c, "SELECT 1 IN (SELECT 1, 2 UNION SELECT 2, 3)", "42601");
    });
}

#[test]
fn inserted_rows_are_those_of_the_operation() {
    each(|c| {
        run(c, TABLES);
        run(
            c,
            "CREATE TABLE sink (id INTEGER PRIMARY KEY, v NUMERIC(6,1) NOT NULL)",
        );
        run(
            c,
            "INSERT INTO sink SELECT id, n FROM a WHERE n IS NOT NULL UNION SELECT id + 100, m FROM b",
        );
        check(
            c,
            "SELECT * FROM sink ORDER BY id",
            &[
                "1|10.0", "2|10.0", "3|20.0", "101|1.5", "102|2.0", "103|3.3", "104|10.0",
            ],
        );
        run(
            c,
            "INSERT INTO sink (v, id) (SELECT 1, 200 EXCEPT SELECT 1, 201) UNION ALL VALUES (2, 201)",
        );
        check(c, "SELECT count(*) FROM sink", &["9"]);
        fails(c, "INSERT INTO sink SELECT 1 UNION SELECT 2", "23502");
        fails(
            c,
            "INSERT INTO sink SELECT '300', 1 UNION SELECT '301', 2",
            "42804",
        );
        fails(
            c,
            "INSERT INTO sink SELECT 1, 1 UNION ALL SELECT 1, 2",
            "23505",
        );
        // What is read is what was there before.
        run(
            c,
            "INSERT INTO sink SELECT id + 1000, v FROM sink UNION ALL SELECT id + 2000, v FROM sink",
        );
        check(c, "SELECT count(*) FROM sink", &["27"]);
    });
}

#[test]
fn many_rows_and_many_branches() {
    each(|c| {
        run(c, "CREATE TABLE n (i INTEGER PRIMARY KEY, r INTEGER)");
        for start in (0..6000).step_by(1000) {
            let rows: Vec<String> = (start..start + 1000)
                .map(|i| format!("({i}, {})", i % 700))
                .collect();
            run(c, &format!("INSERT INTO n VALUES {}", rows.join(", ")));
        }
        let count = |query: &str, expected: &str| {
            check(c, &format!("SELECT count(*) FROM ({query}) x"), &[expected]);
        };
        count("SELECT r FROM n UNION SELECT i FROM n", "6000");
        count("SELECT i FROM n UNION ALL SELECT r FROM n", "12000");
        count("SELECT r FROM n INTERSECT SELECT i FROM n", "700");
        // 0 to 399 nine times, 400 to 699 eight times, all with one partner.
        count("SELECT r FROM n INTERSECT ALL SELECT i FROM n", "700");
        count("SELECT r FROM n EXCEPT ALL SELECT i FROM n", "5300");
        count("SELECT i FROM n EXCEPT SELECT r FROM n", "5300");
        count("SELECT r FROM n EXCEPT SELECT i FROM n", "0");
        count("SELECT r, i FROM n EXCEPT SELECT i, r FROM n", "5300");
        check(
            c,
            "SELECT i FROM n UNION ALL SELECT r FROM n ORDER BY i DESC LIMIT 2 OFFSET 1",
            &["5998", "5997"],
        );
        let chain = |word: &str, branches: usize| {
            (0..branches)
                .map(|i| format!("SELECT {}", i % 50))
                .collect::<Vec<_>>()
                .join(&format!(" {word} "))
        };
        count(&chain("UNION ALL", 1500), "1500");
        count(&chain("UNION", 1500), "50");
        run(c, &format!("CREATE VIEW v AS {}", chain("UNION", 1500)));
        check(c, "SELECT count(*) FROM v", &["50"]);
        for branches in [30, 60, 95, 200, 1500] {
            for word in ["EXCEPT", "EXCEPT ALL", "INTERSECT", "INTERSECT ALL"] {
                match c.query(&chain(word, branches), []) {
                    Ok(rows) => assert_eq!(
                        rows.count(),
                        usize::from(word.starts_with("EXCEPT") && branches <= 50),
                        "{branches} {word}"
                    ),
                    Err(error) => assert_eq!(error.sqlstate(), "54001", "{branches} {word}"),
                }
            }
        }
    });
}

#[test]
fn what_memory_does_not_hold_is_spilled() {
    let database = small_memory();
    let c = &database.connect().unwrap();
    let both = |operator: &str, right: &str| {
        format!("SELECT count(*) FROM (SELECT t FROM n {operator} {right}) x")
    };
    check(c, &both("UNION ALL", "SELECT t FROM n"), &["2000"]);
    check(c, &both("UNION", "SELECT 'one'"), &["1001"]);
    for (operator, rows) in [
        ("INTERSECT", "1000"),
        ("INTERSECT ALL", "1000"),
        ("EXCEPT", "0"),
        ("EXCEPT ALL", "0"),
    ] {
        check(c, &both(operator, "SELECT t FROM n"), &[rows]);
    }
    check(c, &both("EXCEPT", "SELECT 'one'"), &["1000"]);
    check(c, &both("EXCEPT ALL", "SELECT 'one'"), &["1000"]);
    check(c, &both("INTERSECT", "SELECT 'one'"), &["0"]);
}
