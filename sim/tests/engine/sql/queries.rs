//! Queries through the front door.

use crate::common::{check, each, fails, run, small_memory, text};

const SHOP: &str = "
    CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT NOT NULL, city TEXT);
    CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER, amount NUMERIC(10,2), note TEXT);
    CREATE INDEX orders_customer ON orders (customer);
    INSERT INTO customer VALUES (1, 'Ada', 'London'), (2, 'Bob', 'Paris'), (3, 'Cid', NULL), (4, 'Dot', 'Paris');
    INSERT INTO orders VALUES (10, 1, 5.00, 'a'), (11, 1, 7.50, NULL), (12, 2, 1.25, 'b'), (13, NULL, 9.99, 'c'),
                              (14, 4, 2.00, 'a'), (15, 9, 3.00, 'd');
";

#[test]
fn expressions_without_a_table() {
    each(|c| {
        check(c, "SELECT 1 + 2, 'a' || 'b', NULL IS NULL", &["3|ab|t"]);
        check(
            c,
            "SELECT 7 / 2, 7 % 2, 7.0 / 2",
            &["3|1|3.5000000000000000"],
        );
        check(c, "VALUES (1, 'x'), (2, 'y')", &["1|x", "2|y"]);
        check(c, "SELECT 1 WHERE false", &[]);
        fails(c, "SELECT 1 / 0", "22012");
        fails(c, "SELECT nothing", "42703");
        fails(c, "SELECT FROM WHERE", "42601");
    });
}

#[test]
fn filters_and_order() {
    each(|c| {
        run(c, SHOP);
        check(
            c,
            "SELECT name FROM customer WHERE city = 'Paris' ORDER BY name DESC",
            &["Dot", "Bob"],
        );
        check(
            c,
            "SELECT id FROM customer ORDER BY city, id",
            &["1", "2", "4", "3"],
        );
        check(
            c,
            "SELECT id FROM customer ORDER BY city DESC, id",
            &["3", "2", "4", "1"],
        );
        check(
            c,
            "SELECT id FROM customer ORDER BY city NULLS FIRST, id",
            &["3", "1", "2", "4"],
        );
        check(
            c,
            "SELECT id FROM customer ORDER BY id LIMIT 2 OFFSET 1",
            &["2", "3"],
        );
        check(
            c,
            "SELECT id FROM customer ORDER BY id DESC LIMIT 1",
            &["4"],
        );
        check(
            c,
            "SELECT DISTINCT city FROM customer ORDER BY city",
            &["London", "Paris", "NULL"],
        );
        check(
            c,
            "SELECT id FROM orders WHERE amount > 2 AND note <> 'a' ORDER BY id",
            &["13", "15"],
        );
        check(
            c,
            "SELECT id FROM orders WHERE id IN (15, 10, 99, 10) ORDER BY id",
            &["10", "15"],
        );
        check(
            c,
            "SELECT id FROM orders WHERE id BETWEEN 11 AND 13 ORDER BY id",
            &["11", "12", "13"],
        );
        fails(c, "SELECT id FROM orders LIMIT -1", "2201W");
        fails(c, "SELECT id FROM orders OFFSET -1", "2201X");
    });
}

#[test]
fn joins() {
    each(|c| {
        run(c, SHOP);
        check(
            c,
            "SELECT name, o.id FROM customer c JOIN orders o ON o.customer = c.id ORDER BY o.id",
            &["Ada|10", "Ada|11", "Bob|12", "Dot|14"],
        );
        check(
            c,
            "SELECT name, o.id FROM customer c LEFT JOIN orders o ON o.customer = c.id AND o.amount > 2 ORDER BY c.id, o.id",
            &["Ada|10", "Ada|11", "Bob|NULL", "Cid|NULL", "Dot|NULL"],
        );
        check(
            c,
            "SELECT o.id, name FROM orders o LEFT JOIN customer c ON o.customer = c.id WHERE c.id IS NULL ORDER BY o.id",
            &["13|NULL", "15|NULL"],
        );
        check(c, "SELECT count(*) FROM customer, orders", &["24"]);
        check(
            c,
            "SELECT a.id, b.id FROM customer a, customer b WHERE a.city = b.city AND a.id < b.id",
            &["2|4"],
        );
        check(
            c,
            "SELECT a.id, b.id FROM customer a JOIN customer b ON a.id + 1 = b.id AND a.id <> 2 ORDER BY 1",
            &["1|2", "3|4"],
        );
        check(
            c,
            "SELECT count(*) FROM customer a LEFT JOIN (customer b JOIN orders o ON o.customer = b.id) ON a.id = b.id",
            &["5"],
        );
    });
}

#[test]
fn groups() {
    each(|c| {
        run(c, SHOP);
        check(
            c,
            "SELECT city, count(*), min(name), max(id) FROM customer GROUP BY city ORDER BY city",
            &["London|1|Ada|1", "Paris|2|Bob|4", "NULL|1|Cid|3"],
        );
        check(
            c,
            "SELECT count(*), sum(amount), avg(id) FROM orders WHERE id > 99",
            &["0|NULL|NULL"],
        );
        check(
            c,
            "SELECT count(customer), count(DISTINCT customer), sum(amount) FROM orders",
            &["5|4|28.74"],
        );
        check(
            c,
            "SELECT customer, sum(amount) FROM orders GROUP BY customer HAVING sum(amount) > 5 ORDER BY 2",
            &["NULL|9.99", "1|12.50"],
        );
        check(c, "SELECT min(id), max(id) FROM orders", &["10|15"]);
        check(c, "SELECT max(customer) FROM orders", &["9"]);
        check(
            c,
            "SELECT min(customer) FROM orders WHERE customer > 1",
            &["2"],
        );
        check(
            c,
            "SELECT id % 2, count(*) FROM orders GROUP BY id % 2 ORDER BY 1",
            &["0|3", "1|3"],
        );
        check(
            c,
            "SELECT count(*) FILTER (WHERE note = 'a') FROM orders",
            &["2"],
        );
        fails(c, "SELECT name, count(*) FROM customer", "42803");
    });
}

#[test]
fn subqueries() {
    each(|c| {
        run(c, SHOP);
        check(
            c,
            "SELECT name, (SELECT count(*) FROM orders o WHERE o.customer = c.id) FROM customer c ORDER BY id",
            &["Ada|2", "Bob|1", "Cid|0", "Dot|1"],
        );
        check(
            c,
            "SELECT name FROM customer c WHERE EXISTS (SELECT 1 FROM orders o WHERE o.customer = c.id AND o.amount > 2) ORDER BY id",
            &["Ada"],
        );
        check(
            c,
            "SELECT name FROM customer c WHERE NOT EXISTS (SELECT * FROM orders WHERE customer = c.id)",
            &["Cid"],
        );
        check(
            c,
            "SELECT id FROM orders WHERE customer IN (SELECT id FROM customer) ORDER BY id",
            &["10", "11", "12", "14"],
        );
        check(
            c,
            "SELECT id FROM customer WHERE id NOT IN (SELECT customer FROM orders)",
            &[],
        );
        check(
            c,
            "SELECT id FROM customer WHERE id NOT IN (SELECT customer FROM orders WHERE customer IS NOT NULL)",
            &["3"],
        );
        check(
            c,
            "SELECT id FROM orders WHERE amount = (SELECT max(amount) FROM orders)",
            &["13"],
        );
        check(
            c,
            "SELECT x.n FROM (SELECT city AS n, count(*) AS k FROM customer GROUP BY city) x WHERE x.k > 1",
            &["Paris"],
        );
        check(
            c,
            "SELECT id FROM customer c WHERE (SELECT sum(amount) FROM orders o WHERE o.customer = c.id AND o.id IN
             (SELECT id FROM orders i WHERE i.customer = c.id AND i.note IS NOT NULL)) >= 2 ORDER BY id",
            &["1", "4"],
        );
        fails(c, "SELECT (SELECT id FROM customer)", "21000");
    });
}

#[test]
fn many_relations() {
    each(|c| {
        let count = 14;
        for i in 0..count {
            run(
                c,
                &format!("CREATE TABLE t{i} (a INTEGER PRIMARY KEY, b INTEGER)"),
            );
            run(
                c,
                &format!("INSERT INTO t{i} VALUES (1, 2), (2, 3), (3, 1)"),
            );
        }
        for used in [3, 8, count] {
            let from: Vec<String> = (0..used).map(|i| format!("t{i}")).collect();
            let on: Vec<String> = (1..used)
                .map(|i| format!("t{}.b = t{i}.a", i - 1))
                .collect();
            let sql = format!(
                "SELECT t0.a, t{}.a FROM {} WHERE {} ORDER BY 1",
                used - 1,
                from.join(", "),
                on.join(" AND ")
            );
            let expected: Vec<String> = (0..3)
                .map(|a| format!("{}|{}", a + 1, (a + used - 1) % 3 + 1))
                .collect();
            assert_eq!(text(c, &sql), expected, "{sql}");
        }
    });
}

#[test]
fn batches_are_not_a_limit() {
    each(|c| {
        run(
            c,
            "CREATE TABLE n (i INTEGER PRIMARY KEY, k INTEGER, t TEXT)",
        );
        for start in (0..10_000).step_by(1000) {
            let rows: Vec<String> = (start..start + 1000)
                .map(|i| format!("({i}, {}, 'text {i}')", i % 7))
                .collect();
            run(c, &format!("INSERT INTO n VALUES {}", rows.join(", ")));
        }
        check(
            c,
            "SELECT count(*), sum(i), min(t) FROM n",
            &["10000|49995000|text 0"],
        );
        check(
            c,
            "SELECT k, count(*) FROM n GROUP BY k ORDER BY k LIMIT 2",
            &["0|1429", "1|1429"],
        );
        check(
            c,
            "SELECT i FROM n ORDER BY t DESC LIMIT 2",
            &["9999", "9998"],
        );
        check(
            c,
            "SELECT i FROM n ORDER BY k, i OFFSET 9998",
            &["9988", "9995"],
        );
        check(
            c,
            "SELECT count(*) FROM n a JOIN n b ON a.i = b.i + 1",
            &["9999"],
        );
        check(
            c,
            "SELECT count(*) FROM n a JOIN n b ON a.t = b.t AND a.k <> b.k",
            &["0"],
        );
        check(c, "SELECT count(DISTINCT t) FROM n", &["10000"]);
        check(
            c,
            "SELECT count(*) FROM (SELECT DISTINCT k, i % 10 FROM n) d",
            &["70"],
        );
    });
}

#[test]
fn memory_has_a_limit() {
    let database = small_memory();
    let c = &database.connect().unwrap();
    check(c, "SELECT count(*) FROM n", &["1000"]);
    let sort = "SELECT count(*) FROM (SELECT t FROM n ORDER BY t) x";
    check(c, sort, &["1000"]);
    check(
        c,
        "SELECT count(*) FROM (SELECT t, count(*) FROM n GROUP BY t) x",
        &["1000"],
    );
    check(
        c,
        "SELECT count(*) FROM n a, n b WHERE a.t = b.t",
        &["1000"],
    );
    // The states of one group, and what is not looked up by a key, cannot spill.
    let message = fails(c, "SELECT count(DISTINCT t) FROM n", "53200");
    assert!(message.contains("Aggregate"), "{message}");
    let message = fails(c, "SELECT count(*) FROM n a, n b WHERE a.t < b.t", "53200");
    assert!(message.contains("Nested Loop"), "{message}");
}

#[test]
fn a_value_of_any_type_is_read_as_its_text() {
    each(|c| {
        run(c, "CREATE TYPE mood AS ENUM ('sad', 'ok')");
        let sql = "SELECT 19.90::numeric(10, 2), DATE '2024-02-29', 7, true, 'ok'::mood, ARRAY[1, NULL], NULL::text";
        for row in c.query(sql, []).unwrap() {
            let text = |at: usize| row.get::<String>(at).unwrap();
            let texts: Vec<String> = (0..6).map(text).collect();
            assert_eq!(texts, ["19.90", "2024-02-29", "7", "t", "ok", "{1,NULL}"]);
            assert_eq!(row.get::<String>(6).unwrap_err().sqlstate(), "22002");
        }
        // A label goes in as a text, too.
        let label = quantadb::params!["ok"];
        let rows = c.query(
            "SELECT count(*) FROM (VALUES ('ok'::mood), ('sad')) AS m (v) WHERE v = $1",
            label,
        );
        let counts: Vec<i64> = rows.unwrap().map(|row| row.get(0).unwrap()).collect();
        assert_eq!(counts, [1]);
        run(c, "DROP TYPE mood");
    });
}
