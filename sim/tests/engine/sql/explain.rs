//! EXPLAIN ANALYZE: what was found stands beside what was expected.

use crate::common::{Steps, each, fails, run, text};
use quantadb::api::{Connection, Database, DatabaseOptions};
use quantadb::params;
use quantadb::vfs::MemoryVfs;
use quantadb_sim::model::ModelBackend;
use std::sync::Arc;

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
        let options = "ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF";
        let lines = |sql: &str| text(c, &format!("EXPLAIN ({options}) {sql}"));
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
        let with_costs = text(
            c,
            "EXPLAIN (ANALYZE, TIMING OFF) SELECT id FROM a WHERE id = 7",
        );
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

/// The lines of `sql` by that clock.
fn by_steps(sql: &str) -> Vec<String> {
    let env = Arc::new(Steps::default());
    let database = Database::from_backend(Arc::new(ModelBackend::new()), env).unwrap();
    let c = database.connect().unwrap();
    run(&c, TABLES);
    text(&c, sql)
}

#[test]
fn times_are_those_of_the_clock() {
    let lines = by_steps("EXPLAIN (ANALYZE, COSTS OFF) SELECT n FROM a ORDER BY n");
    assert_eq!(
        lines,
        [
            "Sort  (actual time=8.000..9.000 rows=300 loops=1)",
            "  Sort Key: a.n",
            "  ->  Seq Scan on a  (actual time=2.000..3.000 rows=300 loops=1)",
            "Planning Time: 1.000 ms",
            "Execution Time: 13.000 ms",
        ]
    );
    // Nobody looks at the clock for what is not asked for.
    let lines = by_steps("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) SELECT n FROM a");
    assert_eq!(
        lines,
        [
            "Seq Scan on a  (actual rows=300 loops=1)",
            "Planning Time: 1.000 ms",
            "Execution Time: 1.000 ms",
        ]
    );
    assert_eq!(
        by_steps("EXPLAIN (COSTS OFF, SUMMARY) SELECT n FROM a"),
        ["Seq Scan on a", "Planning Time: 1.000 ms"]
    );
    // A change takes what its source takes, and more.
    let lines = by_steps("EXPLAIN (ANALYZE, COSTS OFF, SUMMARY OFF) DELETE FROM a WHERE id < 5");
    let total = |line: usize| -> f64 {
        let time = lines[line].split("..").nth(1).unwrap();
        time.split(' ').next().unwrap().parse().unwrap()
    };
    assert!(
        lines[0].starts_with("Delete on a  (actual time="),
        "{lines:?}"
    );
    assert!(lines[0].ends_with(" rows=0 loops=1)"), "{lines:?}");
    assert!(lines[1].ends_with(" rows=4 loops=1)"), "{lines:?}");
    assert!(total(0) > total(1) && total(1) > 0.0, "{lines:?}");
}

/// The counts behind `label` in a line of `Buffers`.
fn count(lines: &[String], line: usize, label: &str) -> u64 {
    let found = lines[line].split([' ', ',']);
    let mut found = found.filter_map(|word| word.strip_prefix(label)?.strip_prefix('='));
    found.next().map_or(0, |digits| digits.parse().unwrap())
}

fn disk(cache_bytes: usize) -> Database {
    let mut options = DatabaseOptions {
        vfs: Arc::new(MemoryVfs::new()),
        ..DatabaseOptions::default()
    };
    options.disk.cache_bytes = cache_bytes;
    Database::open_with("explain.qdb", options).unwrap()
}

const LARGE: &str = "
    CREATE TABLE large (id INTEGER PRIMARY KEY, n INTEGER, t TEXT);
    INSERT INTO large SELECT g, g * 7 % 10007, repeat('x', 200) FROM generate_series(1, 5000) g;
    ANALYZE;
";

#[test]
fn pages_are_counted_where_they_are_asked_for() {
    let database = disk(1 << 25);
    let c = database.connect().unwrap();
    run(&c, LARGE);
    let options = "ANALYZE, BUFFERS, WAL, COSTS OFF, TIMING OFF, SUMMARY OFF";
    let explain = |sql: &str| text(&c, &format!("EXPLAIN ({options}) {sql}"));
    let lines = explain("SELECT n FROM large ORDER BY n");
    assert!(lines[2].starts_with("  Buffers: shared hit="), "{lines:?}");
    assert!(
        lines[4].starts_with("        Buffers: shared hit="),
        "{lines:?}"
    );
    assert_eq!(count(&lines, 2, "hit"), count(&lines, 4, "hit"));
    let pages = count(&lines, 4, "hit");
    assert!((5000 * 200 / 8192..400).contains(&pages), "{pages}");
    // A row by its key is a way down the tree.
    let lines = explain("SELECT n FROM large WHERE id = 77");
    let pages = lines.iter().find(|line| line.contains("Buffers"));
    assert!(count(&[pages.unwrap().clone()], 0, "hit") < 6, "{lines:?}");
    // What does not fit goes to blocks of the temporary file.
    run(&c, "SET work_mem = '64kB'");
    let lines = explain("SELECT n, t FROM large ORDER BY n");
    let (read, written) = (count(&lines, 2, "read"), count(&lines, 2, "written"));
    assert!(written >= 5000 * 200 / 8192 && read >= written, "{lines:?}");
    assert_eq!(count(&lines, 4, "written"), 0, "{lines:?}");
    // A change makes pages dirty, and writes log.
    run(&c, "CHECKPOINT");
    let lines = explain("UPDATE large SET n = 0 WHERE id = 77");
    assert_eq!(count(&lines, 1, "dirtied"), 1, "{lines:?}");
    assert_eq!(count(&lines, 2, "records"), 1, "{lines:?}");
    assert_eq!(count(&lines, 2, "fpi"), 1, "{lines:?}");
    assert!(count(&lines, 2, "bytes") > 4096, "{lines:?}");
    assert!(lines[3].contains("Index Scan"), "{lines:?}");
}

#[test]
fn pages_that_are_not_in_memory_are_read() {
    let database = disk(1 << 18);
    let c = database.connect().unwrap();
    run(&c, LARGE);
    let explain = "EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF, SUMMARY OFF)";
    let lines = text(&c, &format!("{explain} SELECT count(*), max(n) FROM large"));
    assert!(count(&lines, 1, "read") > 50, "{lines:?}");
    // By default nobody is told.
    let lines = text(&c, "EXPLAIN ANALYZE SELECT n FROM large");
    assert!(
        !lines.iter().any(|line| line.contains("Buffers")),
        "{lines:?}"
    );
}

#[test]
fn verbose_names_what_comes_out() {
    each(|c| {
        run(c, TABLES);
        let explain = |sql: &str| text(c, &format!("EXPLAIN (VERBOSE, COSTS OFF) {sql}"));
        assert_eq!(
            explain("SELECT n, count(*) FROM a x JOIN b ON b.a = x.id WHERE n < 3 GROUP BY n"),
            [
                "HashAggregate",
                "  Output: x.n, count(*)",
                "  Group Key: x.n",
                "  ->  Hash Join",
                "        Output: b.a, x.id, x.n",
                "        Hash Cond: (b.a = x.id)",
                "        ->  Seq Scan on public.b",
                "              Output: b.a",
                "        ->  Seq Scan on public.a x",
                "              Output: x.id, x.n",
                "              Filter: (x.n < 3)",
            ]
        );
        let lines = explain("DELETE FROM b WHERE id = 3 RETURNING a + 1");
        assert_eq!(lines[..2], ["Delete on public.b", "  Output: (b.a + 1)"]);
    });
}

#[test]
fn changed_settings_are_shown() {
    each(|c| {
        let explain = |of: &str| text(c, &format!("EXPLAIN (COSTS OFF, {of}) SELECT 1"));
        assert_eq!(explain("SETTINGS").len(), 2);
        run(c, "SET work_mem = '64kB'");
        let lines = explain("SETTINGS, SUMMARY");
        assert_eq!(lines[2], "Settings: work_mem = '64kB'");
        assert!(lines[3].starts_with("Planning Time: "), "{lines:?}");
        assert_eq!(explain("SETTINGS OFF").len(), 2);
    });
}

/// The JSON that `EXPLAIN (options) sql` gives, as a literal.
fn json(c: &Connection, options: &str, sql: &str) -> String {
    let rows = c.query(&format!("EXPLAIN (FORMAT JSON, {options}) {sql}"), []);
    let rows = rows.unwrap();
    let columns = rows.columns().to_vec();
    assert_eq!(columns[0].name, "QUERY PLAN");
    assert_eq!(columns[0].sql_type, quantadb::types::SqlType::Json);
    let mut rows: Vec<_> = rows.collect();
    assert_eq!(rows.len(), 1);
    let json = rows.remove(0).into_values().remove(0).to_text().unwrap();
    format!("'{}'::json", json.replace('\'', "''"))
}

#[test]
fn json_has_the_keys_of_postgresql() {
    each(|c| {
        run(c, TABLES);
        let sql = "SELECT n FROM a JOIN b ON b.a = a.id WHERE n < 3 ORDER BY n";
        let whole = json(c, "ANALYZE, BUFFERS, WAL, VERBOSE", sql);
        let at = |path: &str| text(c, &format!("SELECT {whole} #>> '{{{path}}}'")).remove(0);
        assert_eq!(at("0,Plan,Node Type"), "Sort");
        assert_eq!(at("0,Plan,Sort Key"), r#"["a.n"]"#);
        assert_eq!(at("0,Plan,Output"), r#"["a.n"]"#);
        assert_eq!(at("0,Plan,Actual Rows"), "248");
        assert_eq!(at("0,Plan,Actual Loops"), "1");
        let number = |path: &str| -> f64 { at(path).parse().unwrap() };
        assert!(number("0,Plan,Startup Cost") <= number("0,Plan,Total Cost"));
        assert!(number("0,Plan,Actual Startup Time") <= number("0,Plan,Actual Total Time"));
        assert!(number("0,Plan,Plan Rows") >= 1.0 && number("0,Plan,Plan Width") == 4.0);
        for key in ["Shared Hit", "Shared Dirtied", "Local Read", "Temp Written"] {
            assert!(number(&format!("0,Plan,{key} Blocks")) >= 0.0);
        }
        assert_eq!(number("0,Plan,WAL Bytes"), 0.0);
        assert!(number("0,Planning Time") >= 0.0 && number("0,Execution Time") >= 0.0);
        assert_eq!(number("0,Planning,Shared Hit Blocks"), 0.0);
        let join = "0,Plan,Plans,0,Plans,0";
        assert_eq!(at(&format!("{join},Node Type")), "Hash Join");
        assert_eq!(at(&format!("{join},Join Type")), "Inner");
        assert_eq!(at(&format!("{join},Hash Cond")), "(b.a = a.id)");
        let table = |n: u32, key: &str| at(&format!("{join},Plans,{n},{key}"));
        assert_eq!(table(0, "Relation Name"), "b");
        assert_eq!(table(0, "Parent Relationship"), "Outer");
        assert_eq!(table(1, "Parent Relationship"), "Inner");
        assert_eq!(table(1, "Schema"), "public");
        assert_eq!(table(1, "Filter"), "(a.n < 3)");

        let sql = "UPDATE b SET a = 0 WHERE id = (SELECT 7)";
        let whole = json(c, "COSTS OFF", sql);
        let at = |path: &str| text(c, &format!("SELECT {whole} #>> '{{{path}}}'")).remove(0);
        assert_eq!(at("0,Plan,Node Type"), "ModifyTable");
        assert_eq!(at("0,Plan,Operation"), "Update");
        assert_eq!(at("0,Plan,Startup Cost"), "NULL");
        assert_eq!(at("0,Plan,Plans,1,Subplan Name"), "InitPlan 1");
        assert_eq!(at("0,Plan,Plans,1,Parent Relationship"), "InitPlan");
    });
}

#[test]
fn formats_are_laid_out_as_postgresql_does() {
    each(|c| {
        run(c, TABLES);
        let explain = |format: &str| {
            let options = format!("VERBOSE, COSTS OFF, FORMAT {format}");
            let sql = "SELECT n FROM a WHERE n < 3 ORDER BY n DESC";
            text(c, &format!("EXPLAIN ({options}) {sql}")).join("|")
        };
        let json = explain("JSON");
        let lines: Vec<&str> = json.lines().collect();
        assert_eq!(
            lines[..4],
            [
                "[",
                "  {",
                "    \"Plan\": {",
                "      \"Node Type\": \"Sort\","
            ]
        );
        assert_eq!(lines[4], "      \"Parallel Aware\": false,");
        assert_eq!(lines[6], "      \"Output\": [\"a.n\"],");
        assert_eq!(lines[7], "      \"Sort Key\": [\"a.n DESC\"],");
        assert_eq!(lines[8..10], ["      \"Plans\": [", "        {"]);
        assert_eq!(
            lines[lines.len() - 5..],
            ["        }", "      ]", "    }", "  }", "]"]
        );
        assert_eq!(
            explain("YAML").lines().collect::<Vec<_>>(),
            [
                "- Plan: ",
                "    Node Type: \"Sort\"",
                "    Parallel Aware: false",
                "    Async Capable: false",
                "    Output: ",
                "      - \"a.n\"",
                "    Sort Key: ",
                "      - \"a.n DESC\"",
                "    Plans: ",
                "      - Node Type: \"Seq Scan\"",
                "        Parent Relationship: \"Outer\"",
                "        Parallel Aware: false",
                "        Async Capable: false",
                "        Relation Name: \"a\"",
                "        Schema: \"public\"",
                "        Alias: \"a\"",
                "        Output: ",
                "          - \"a.n\"",
                "        Filter: \"(a.n < 3)\"",
            ]
        );
    });
}

/// The lines of a plan without estimates.
fn plan(c: &Connection, sql: &str) -> Vec<String> {
    text(c, &format!("EXPLAIN (COSTS OFF) {sql}"))
}

const SORTED: &str = "
    CREATE TABLE a (id INTEGER PRIMARY KEY, n INTEGER);
    CREATE TABLE b (id INTEGER PRIMARY KEY, n INTEGER);
    CREATE TABLE c (id BIGINT PRIMARY KEY, n INTEGER);
    INSERT INTO a SELECT g, g % 10 FROM generate_series(1, 3000) g;
    INSERT INTO b SELECT g * 2, g % 7 FROM generate_series(1, 3000) g;
    INSERT INTO c SELECT g * 3, g % 7 FROM generate_series(1, 3000) g;
    ANALYZE;
";

#[test]
fn sides_that_come_in_order_are_merged() {
    each(|c| {
        run(c, SORTED);
        let has = |lines: &[String], what: &str| lines.iter().any(|line| line.contains(what));
        // And what comes out is in order too, by either of the keys.
        for key in ["a.id", "b.id"] {
            let sql = format!("SELECT a.n, b.n FROM a JOIN b ON a.id = b.id ORDER BY {key}");
            let lines = plan(c, &sql);
            assert!(has(&lines, "->  Merge Join"), "{lines:?}");
            assert!(has(&lines, "Merge Cond: (b.id = a.id)"), "{lines:?}");
            assert!(!has(&lines, "Sort"), "{lines:?}");
        }
        let three = "SELECT x.n FROM a x JOIN b y ON x.id = y.id JOIN a z ON z.id = y.id";
        let lines = plan(c, &format!("{three} ORDER BY x.id"));
        let merges = lines.iter().filter(|line| line.contains("Merge Join"));
        assert_eq!(merges.count(), 2, "{lines:?}");
        assert!(!lines.iter().any(|line| line.contains("Sort")), "{lines:?}");
        let left = "SELECT a.id, b.n FROM a LEFT JOIN b ON a.id = b.id ORDER BY a.id";
        let lines = plan(c, left);
        assert!(has(&lines, "Merge Left Join"), "{lines:?}");
        assert!(!has(&lines, "Sort"), "{lines:?}");
        // Left rows without a partner come later here.
        let left = "SELECT a.id FROM a LEFT JOIN b ON a.id < b.id AND b.id < 9 ORDER BY a.id";
        assert!(has(&plan(c, left), "Sort"));
        // What else is asked of a pair comes after.
        let lines = plan(c, "SELECT 1 FROM a JOIN b ON a.id = b.id AND a.n < b.n");
        assert!(has(&lines, "Merge Join"), "{lines:?}");
        assert!(has(&lines, "        Join Filter: (a.n < b.n)"), "{lines:?}");
    });
}

#[test]
fn what_comes_in_another_order_is_not_merged() {
    each(|c| {
        run(c, SORTED);
        let merges = |sql: &str| plan(c, sql).iter().any(|line| line.contains("Merge"));
        assert!(merges("SELECT 1 FROM a JOIN b ON a.id = b.id"));
        assert!(!merges("SELECT 1 FROM a JOIN b ON a.id = b.n"));
        assert!(!merges("SELECT 1 FROM a JOIN b ON a.n = b.n"));
        // Of different types.
        assert!(!merges("SELECT 1 FROM a JOIN c ON a.id = c.id"));
        // One row is looked up.
        assert!(!merges(
            "SELECT 1 FROM a JOIN b ON a.id = b.id WHERE a.id = 7"
        ));
        assert!(!merges("SELECT 1 FROM a FULL JOIN b ON a.id = b.id"));
        assert!(!merges(
            "SELECT 1 FROM a LEFT JOIN b ON a.id = b.id AND a.n < b.n"
        ));
        run(c, "SET enable_mergejoin = off");
        assert!(!merges("SELECT 1 FROM a JOIN b ON a.id = b.id"));
        run(c, "SET enable_mergejoin = on");
        assert!(merges("SELECT 1 FROM a JOIN b ON a.id = b.id"));
        // The other direction still needs a sort.
        let lines = plan(
            c,
            "SELECT a.id FROM a JOIN b ON a.id = b.id ORDER BY a.id DESC",
        );
        assert!(lines.iter().any(|line| line.contains("Sort")), "{lines:?}");
    });
}

#[test]
fn many_rows_of_one_key_are_merged_by_way_of_the_disk() {
    let database = disk(1 << 25);
    let c = database.connect().unwrap();
    run(
        &c,
        "CREATE TABLE l (id INTEGER PRIMARY KEY, k INTEGER NOT NULL);
         CREATE TABLE r (id INTEGER PRIMARY KEY, k INTEGER NOT NULL, t TEXT);
         INSERT INTO l SELECT g, g / 3 FROM generate_series(1, 30) g;
         INSERT INTO r SELECT g, CASE WHEN g < 9000 THEN 4 ELSE g / 1000 END, repeat('x', 50) FROM generate_series(1, 12000) g;
         ANALYZE;
         SET work_mem = '64kB';",
    );
    let side = |table: &str| format!("(SELECT * FROM {table} ORDER BY k LIMIT 100000)");
    for join in ["JOIN", "LEFT JOIN"] {
        let from = format!("{} l {join} {} r ON l.k = r.k", side("l"), side("r"));
        let sql = format!("SELECT l.id, r.id, r.t FROM {from}");
        let mut answers = Vec::new();
        for switch in ["on", "off"] {
            run(&c, &format!("SET enable_mergejoin = {switch}"));
            let lines = plan(&c, &sql);
            let merges = lines.iter().any(|line| line.contains("Merge"));
            assert_eq!(merges, switch == "on", "{lines:?}");
            let mut rows = text(&c, &sql);
            rows.sort_unstable();
            answers.push(rows);
        }
        assert!(answers[0].len() > 3 * 9000, "{}", answers[0].len());
        assert_eq!(answers[0], answers[1]);
    }
}
