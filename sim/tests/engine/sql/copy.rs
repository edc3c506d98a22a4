//! COPY through the library: what a line is, how much is held, and what a failure leaves.

use crate::common::{check, each, each_backend, fails, run, small_memory, text};
use quantadb::api::{Connection, CopyData};

const TABLE: &str = "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)";

/// The SQLSTATE and the message of a COPY that must fail.
#[track_caller]
fn refused(c: &Connection, sql: &str, input: &[u8]) -> (&'static str, String) {
    let error = c.copy_in(sql, input).expect_err(sql);
    (error.sqlstate(), error.message().to_owned())
}

fn copied(c: &Connection, sql: &str) -> String {
    let mut out = Vec::new();
    c.copy_out(sql, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn lines_end_as_the_first_one_does() {
    each(|c| {
        run(c, TABLE);
        for (input, rows) in [
            ("1\tx\n2\ty", 2),
            ("3\tx\r\n4\ty\r\n", 2),
            ("5\tx\r6\ty\r", 2),
            ("7\tx\n\\.\nthis is\tno\tline", 1),
            ("8\tx\\.\n", 1),
            ("9\tone\\\nline\n", 1),
            ("", 0),
        ] {
            let found = c.copy_in("COPY t FROM STDIN", input.as_bytes());
            assert_eq!(found.unwrap(), rows, "{input:?}");
        }
        check(c, "SELECT count(*) FROM t WHERE b IN ('x', 'y')", &["8"]);
        check(c, "SELECT b = E'one\\nline' FROM t WHERE a = 9", &["t"]);
        for (input, message) in [
            ("10\tx\n11\ty\r\n", "literal carriage return found in data"),
            ("10\tx\r\n11\ty\n", "literal newline found in data"),
            ("10\tx\\.y\n", "end-of-copy marker corrupt"),
            ("10\tx\n\n", "invalid input syntax for type integer: \"\""),
        ] {
            let (_, found) = refused(c, "COPY t FROM STDIN", input.as_bytes());
            assert!(found.ends_with(message), "{input:?}: {found}");
        }
        let csv = "COPY t FROM STDIN (FORMAT csv)";
        let input = b"20,\"a\r\nb\"\n\\.\n21,c\n";
        assert_eq!(c.copy_in(csv, input.as_slice()).unwrap(), 1);
        assert_eq!(
            refused(c, csv, b"22,x\n23,y\r\n").1,
            "COPY t, line 2: unquoted carriage return found in data"
        );
    });
}

#[test]
fn what_fails_says_where_and_leaves_nothing() {
    each(|c| {
        run(c, TABLE);
        let lines: String = (0..3000).map(|a| format!("{a}\tn{a}\n")).collect();
        for (last, sqlstate, message) in [
            (
                "x\ty\n",
                "22P02",
                "COPY t, line 3001, column a: \"x\": invalid input syntax for type integer: \"x\"",
            ),
            (
                "1\n",
                "22P04",
                "COPY t, line 3001: missing data for column \"b\"",
            ),
            (
                "1\t2\t3\n",
                "22P04",
                "COPY t, line 3001: extra data after last expected column",
            ),
            (
                "7\tagain\n",
                "23505",
                "COPY t, line 3001: duplicate key value violates unique constraint \"t_pkey\"",
            ),
        ] {
            let input = format!("{lines}{last}");
            let (state, found) = refused(c, "COPY t FROM STDIN", input.as_bytes());
            assert!(found.starts_with(message), "{found}");
            assert_eq!(state, sqlstate);
            check(c, "SELECT count(*) FROM t", &["0"]);
        }
        let invalid = refused(c, "COPY t FROM STDIN", b"1\t\xc3(\n");
        assert_eq!(invalid.0, "22021");
        assert!(
            invalid
                .1
                .ends_with("invalid byte sequence for encoding \"UTF8\": 0xc3 0x28"),
            "{}",
            invalid.1
        );
        assert_eq!(refused(c, "COPY t FROM STDIN", b"1\t\\000\n").0, "22021");

        let tx = c.begin().unwrap();
        assert_eq!(
            tx.copy_in("COPY t FROM STDIN", lines.as_bytes()).unwrap(),
            3000
        );
        tx.savepoint("s").unwrap();
        assert!(
            tx.copy_in("COPY t FROM STDIN", "7\tagain\n".as_bytes())
                .is_err()
        );
        assert_eq!(tx.query("SELECT 1", []).unwrap_err().sqlstate(), "25P02");
        tx.rollback_to("s").unwrap();
        tx.commit().unwrap();
        check(c, "SELECT count(*), max(b) FROM t", &["3000|n999"]);
    });
}

#[test]
fn rows_come_back_as_they_were() {
    each(|c| {
        run(
            c,
            "CREATE TABLE v (a INTEGER, b TEXT, c NUMERIC(9, 3), d BYTEA, e TIMESTAMPTZ, f JSONB, g TEXT[], h CHAR(4))",
        );
        run(
            c,
            r#"INSERT INTO v VALUES
            (1, E'a\tb\\c\n\r', 1.5, '\x00ff', '2024-02-29 12:00:00.5+00', '{"k": [1, null]}', '{"x,y",NULL,"\"q\""}', 'ab'),
            (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL), (3, '\N', 0, '', NULL, '""', '{}', ''), (4, '', -1, NULL, NULL, NULL, NULL, 'abcd')"#,
        );
        let all = text(c, "SELECT * FROM v ORDER BY a");
        for format in [
            "(FORMAT text)",
            "(FORMAT csv)",
            "(FORMAT csv, HEADER, DELIMITER ';', QUOTE '''', ESCAPE '\\', NULL 'none')",
            "(DELIMITER ',', NULL '', HEADER)",
        ] {
            let out = copied(c, &format!("COPY v TO STDOUT {format}"));
            run(c, "DELETE FROM v");
            let sql = format!("COPY v FROM STDIN {format}");
            assert_eq!(c.copy_in(&sql, out.as_bytes()).unwrap(), 4, "{out}");
            // The format text with NULL '' takes the empty text for NULL, as PostgreSQL does.
            if !format.contains("NULL ''") {
                assert_eq!(text(c, "SELECT * FROM v ORDER BY a"), all, "{out}");
            }
        }
    });
}

#[test]
fn a_load_takes_the_memory_of_a_batch() {
    let c = small_memory().connect().unwrap();
    run(&c, "CREATE TABLE many (a INTEGER PRIMARY KEY, b TEXT)");
    // More than all statements may hold together.
    let lines: String = (0..3000).map(|a| format!("{a}\tsome text\n")).collect();
    assert!(lines.len() > 30_000);
    let found = c.copy_in("COPY many FROM STDIN", lines.as_bytes());
    assert_eq!(found.unwrap(), 3000);
    let mut out = Vec::new();
    c.copy_out("COPY n TO STDOUT", &mut out).unwrap();
    assert!(out.len() > 30_000);
}

#[test]
fn files_are_those_of_the_database() {
    each_backend(|database| {
        let c = &database.connect().unwrap();
        run(c, TABLE);
        run(c, "INSERT INTO t VALUES (1, 'one'), (2, NULL)");
        run(c, "COPY t TO '/rows' (FORMAT csv)");
        run(c, "COPY (SELECT 3, 'three') TO '/more' (FORMAT csv)");
        run(c, "DELETE FROM t");
        run(
            c,
            "COPY t FROM '/rows' (FORMAT csv); COPY t FROM '/more' (FORMAT csv)",
        );
        check(
            c,
            "SELECT a, b FROM t ORDER BY a",
            &["1|one", "2|NULL", "3|three"],
        );
        fails(c, "COPY t FROM '/nothing'", "58P01");
        // A file is not in the operating system's folders.
        assert!(!std::path::Path::new("/rows").exists());
    });
}

#[test]
fn data_go_through_the_functions_for_them() {
    each(|c| {
        run(c, TABLE);
        fails(c, "COPY t FROM STDIN", "08P01");
        fails(c, "COPY t TO STDOUT", "08P01");
        assert_eq!(refused(c, "SELECT 1", b"").0, "08P01");
        assert_eq!(refused(c, "COPY t TO STDOUT", b"").0, "08P01");
        assert_eq!(
            c.copy_out("COPY t FROM STDIN", Vec::new())
                .unwrap_err()
                .sqlstate(),
            "08P01"
        );
        assert_eq!(
            CopyData::wanted("COPY t FROM STDIN;"),
            Some(CopyData::Input)
        );
        assert_eq!(
            CopyData::wanted("copy (select 1) to stdout csv"),
            Some(CopyData::Output)
        );
        assert_eq!(CopyData::wanted("COPY t FROM '/file'"), None);
        assert_eq!(CopyData::wanted("SELECT 1"), None);
    });
}
