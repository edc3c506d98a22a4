//! The shell as a user has it: SQL through a pipe, `-c`, files.

use quantadb::vfs::{OpenMode, OsVfs, Vfs, read_exact_at, write_all_at};
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::process::{Command, Stdio};

/// What a run of the shell gave: its exit status, standard output and standard error, without blanks at line ends.
fn quanta(arguments: &[&str], input: &str) -> (Option<i32>, String, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_quanta"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A shell that refuses its arguments ends without reading.
    match child.stdin.take().unwrap().write_all(input.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => panic!("{error}"),
        _ => {}
    }
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| {
        let text = String::from_utf8(bytes).unwrap();
        let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
        lines.join("\n")
    };
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

fn path_text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn piped_sql_runs_to_its_end_in_spite_of_errors() {
    let input = "CREATE TABLE t (a integer PRIMARY KEY,\n  b text);\n\
        INSERT INTO t VALUES (1, 'one;'), (22, NULL);\nSELECT * FROM\n nothing;\n\
        SELECT a, b FROM t ORDER BY a; SELECT count(*) FROM t";
    let (status, out, err) = quanta(&[], input);
    assert_eq!(
        out,
        "CREATE TABLE\nINSERT 0 2\n a  |  b\n----+------\n  1 | one;\n 22 |\n(2 rows)\n\n \
        count\n-------\n     2\n(1 row)\n"
    );
    assert_eq!(
        err,
        "ERROR:  42P01: relation \"nothing\" does not exist\nLINE 2:  nothing;\n         ^"
    );
    assert_eq!(status, Some(0));
}

#[test]
fn a_command_that_fails_shows_in_the_exit_status_and_undoes_all_of_itself() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.qdb");
    let path = path_text(&path);
    let (status, out, _) = quanta(&[path, "-c", "CREATE TABLE t (a integer)"], "");
    assert_eq!((status, out.as_str()), (Some(0), "CREATE TABLE"));
    let (status, _, err) = quanta(&[path, "-c", "INSERT INTO t VALUES (1); SELECT 1/0"], "");
    assert_eq!(status, Some(1));
    assert!(err.starts_with("ERROR:  22012: division by zero"), "{err}");
    let (status, out, _) = quanta(&[path, "-c", "SELECT count(*) FROM t"], "");
    assert_eq!(
        (status, out.as_str()),
        (Some(0), " count\n-------\n     0\n(1 row)\n")
    );
}

#[test]
fn what_is_no_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (status, _, err) = quanta(&[path_text(folder.path())], "SELECT 1;");
    assert_eq!(status, Some(2));
    assert!(err.starts_with("quanta: error: "), "{err}");
}

#[test]
fn what_is_left_of_a_database_is_salvaged() {
    let folder = tempfile::tempdir().unwrap();
    let paths = ["old.qdb", "new.qdb", "newer.qdb"].map(|name| folder.path().join(name));
    let [old, new, newer] = paths.each_ref().map(|path| path_text(path));
    let sql = "CREATE TABLE t (a integer PRIMARY KEY, b text); \
               INSERT INTO t SELECT i, repeat('x', 100) FROM generate_series(1, 1000) i";
    let (status, ..) = quanta(&[old, "-c", sql], "");
    assert_eq!(status, Some(0));
    let (status, out, err) = quanta(&["--salvage", old, new], "");
    assert_eq!(status, Some(0), "{err}");
    assert_eq!(
        out,
        "| schema | table | rows | rows lost |\n|--------|-------|------|-----------|\n| public | t     | 1000 | 0         |"
    );
    let (status, _, err) = quanta(&["--salvage", old, new], "");
    assert_eq!(status, Some(2));
    assert!(err.contains("58P02"), "{err}");

    let file = OsVfs.open(Path::new(old), OpenMode::Existing).unwrap();
    let middle = file.len().unwrap() / 2;
    let mut byte = [0];
    read_exact_at(&*file, &mut byte, middle).unwrap();
    write_all_at(&*file, &[byte[0] ^ 1], middle).unwrap();
    drop(file);
    let (status, out, _) = quanta(&["--salvage", old, newer], "");
    assert_eq!(status, Some(1), "{out}");
    assert!(out.contains("wrong checksum (PAGE-1)"), "{out}");
    let (_, out, _) = quanta(&[newer, "-c", "SELECT count(*) > 800 AS most FROM t"], "");
    assert!(out.contains(" t\n"), "{out}");
}

#[test]
fn the_schema_is_described() {
    let input = "\\d\nCREATE TABLE t (id integer PRIMARY KEY, n numeric(8,2) DEFAULT 1.5, \
        s text NOT NULL UNIQUE, CHECK (n > 0));\nCREATE INDEX t_n ON t (n DESC, s);\n\
        CREATE INDEX t_low ON t (lower(s), (n + 1)) WHERE n > 1;\n\
        \\dt\n\\d t\n\\d t_n\n\\d t_low\n\\d nothing\n";
    let (status, out, err) = quanta(&[], input);
    assert_eq!(status, Some(0));
    assert_eq!(
        err,
        "Did not find any relations.\nDid not find any relation named \"nothing\"."
    );
    for line in [
        " public | t    | table",
        "Table \"public.t\"",
        " id     | integer      | not null |",
        "Indexes:",
        "    \"t_pkey\" PRIMARY KEY, btree (id)",
        "    \"t_s_key\" UNIQUE CONSTRAINT, btree (s)",
        "    \"t_n\" btree (n DESC, s)",
        "    \"t_low\" btree (lower(s), (n + 1)) WHERE n > 1",
        "Index \"public.t_low\"",
        "Check constraints:",
        "Index \"public.t_n\"",
    ] {
        assert!(out.lines().any(|l| l == line), "no {line:?} in\n{out}");
    }
}

#[test]
fn scripts_are_included_and_their_errors_have_a_place() {
    let mut script = tempfile::NamedTempFile::new().unwrap();
    script
        .write_all(b"SELECT 1 AS one;\n\nSELECT\n  nothing;\n\\q\nSELECT 2;\n")
        .unwrap();
    let path = path_text(script.path());
    let (status, out, err) = quanta(&[], &format!("\\i {path}\n\\i {path}.gone\nSELECT 3;\n"));
    assert_eq!(status, Some(0));
    assert_eq!(
        out,
        " one\n-----\n   1\n(1 row)\n\n ?column?\n----------\n        3\n(1 row)\n"
    );
    let place = format!("quanta:{path}:3: ERROR:  42703: column \"nothing\" does not exist\n");
    assert!(err.starts_with(&place), "{err}");
    assert!(err.contains(&format!("{path}.gone: ")), "{err}");
}

#[test]
fn commands_are_understood_or_refused() {
    let (status, out, err) = quanta(
        &[],
        "\\timing on\nSELECT 1;\n\\nonsense\n\\?\n\\q\nSELECT 2;\n",
    );
    assert_eq!(status, Some(0));
    assert!(out.starts_with("Timing is on.\n"), "{out}");
    assert!(out.contains("\nTime: ") && out.contains("\\dt "), "{out}");
    assert!(!out.contains("    2"), "{out}");
    assert_eq!(err, "invalid command \\nonsense\nTry \\? for help.");
}

#[test]
fn whose_snapshot_keeps_versions_and_log_is_listed() {
    let input = "\\snapshots\nCREATE TABLE t (a integer);\nBEGIN;\nINSERT INTO t VALUES (1);\n\\snapshots\n";
    let (status, out, _) = quanta(&[], input);
    assert_eq!(status, Some(0));
    let rows: Vec<&str> = out.lines().filter(|line| line.contains('|')).collect();
    assert!(out.contains("(0 rows)") && out.contains("(1 row)"), "{out}");
    let cells: Vec<&str> = rows[2].split('|').map(str::trim).collect();
    assert_eq!(cells[..3], ["1", "0", "0"]);
    assert!(cells[3].parse::<u64>().unwrap() > 0, "{out}");
}

#[test]
fn data_of_copy_follow_the_statement_up_to_a_dot_and_go_to_files() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rows.csv");
    let file = path_text(&file);
    let input = format!(
        "CREATE TABLE t (a integer, b text);\nCOPY t FROM STDIN;\n1\tone\n2\t\\N\n\\.\n\
         COPY t FROM STDIN (FORMAT csv);\nx,y\nleft,over\n\\.\n\
         COPY (SELECT a, b FROM t ORDER BY a) TO STDOUT (FORMAT csv, HEADER);\n\
         \\copy t TO '{file}' (FORMAT csv)\n\\copy t FROM '{file}' (FORMAT csv)\n\
         SELECT count(*) AS n FROM t;\n\\copy t FROM '{file}.none'\n"
    );
    let (status, out, err) = quanta(&[], &input);
    assert_eq!(
        out,
        "CREATE TABLE\nCOPY 2\na,b\n1,one\n2,\nCOPY 2\nCOPY 2\n n\n---\n 4\n(1 row)\n"
    );
    let errors: Vec<&str> = err.lines().collect();
    assert_eq!(
        errors[0],
        "ERROR:  22P02: COPY t, line 1, column a: \"x\": invalid input syntax for type integer: \"x\""
    );
    assert!(errors[1].contains("rows.csv.none: No such file"), "{err}");
    assert_eq!((status, errors.len()), (Some(0), 2));
}
