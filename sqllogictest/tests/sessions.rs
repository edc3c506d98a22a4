//! Scripts of several sessions: what the runner says when they do not wait and go on as they should.

use quantadb_sqllogictest::{Options, ScriptReport, Target, run_file};
use std::io::Write;

/// A row that the session `one` has changed and not committed.
const HELD: &str = "statement ok\nCREATE TABLE t (id integer PRIMARY KEY, a integer)\n\n\
    statement ok\nINSERT INTO t VALUES (1, 0), (2, 0)\n\n\
    connection one\nstatement ok\nBEGIN ISOLATION LEVEL REPEATABLE READ\n\n\
    connection one\nstatement ok\nUPDATE t SET a = 1 WHERE id = 1\n\n";
const COMMIT: &str = "connection one\nstatement ok\nCOMMIT\n\n";
const UPDATE: &str = "statement ok\nUPDATE t SET a = a + 10 WHERE id = 1\n\n";

fn run(parts: &[&str], target: Target) -> ScriptReport {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(parts.concat().as_bytes()).unwrap();
    let options = Options {
        target,
        ..Options::default()
    };
    run_file(file.path(), &options, &|| {})
}

/// The one failure: its line, what was expected, what came.
fn failure(parts: &[&str]) -> (u32, String, String) {
    let report = run(parts, Target::Memory);
    let [failure] = report.failures.as_slice() else {
        panic!("one failure was expected: {report:?}");
    };
    (failure.line, failure.expected.clone(), failure.got.clone())
}

#[test]
fn a_session_waits_and_goes_on() {
    let two = "connection two\nwaits\n";
    let check = "query I\nSELECT a FROM t WHERE id = 1\n----\n11\n\n";
    for target in [Target::Memory, Target::File] {
        let parts = [HELD, two, UPDATE, COMMIT, "resumes two\n\n", check];
        let report = run(&parts, target);
        assert_eq!((report.passed, report.failures), (7, Vec::new()));
    }
}

#[test]
fn two_that_wait_for_one_go_on_in_their_order() {
    let parts = [
        HELD,
        "connection two\nwaits\n",
        UPDATE,
        "connection three\nwaits\nquery I\nUPDATE t SET a = a * 2 WHERE id = 1 RETURNING a\n----\n22\n\n",
        COMMIT,
        "resumes two\n\nresumes three\n\n",
    ];
    let report = run(&parts, Target::Memory);
    assert_eq!((report.passed, report.failures), (7, Vec::new()));
}

#[test]
fn who_should_wait_and_does_not_is_told() {
    let other = "statement ok\nUPDATE t SET a = 1 WHERE id = 2\n\n";
    let (line, expected, got) = failure(&[HELD, "connection two\nwaits\n", other, COMMIT]);
    assert_eq!(
        (line, expected.as_str(), got.as_str()),
        (17, "to wait for another session", "success, 1 rows")
    );
}

#[test]
fn who_goes_on_unsaid_is_told_and_who_does_not_though_said() {
    let begin = [HELD, "connection two\nwaits\n", UPDATE];
    let (_, expected, got) = failure(&[&begin[..], &[COMMIT]].concat());
    assert_eq!(expected, "the session two to wait still");
    assert_eq!(got, "success, 1 rows");
    let early = failure(&[&begin[..], &["resumes two\n\n", COMMIT, "resumes two\n"]].concat());
    let told = (
        20,
        "the session two goes on".to_owned(),
        "it still waits".to_owned(),
    );
    assert_eq!(early, told);
}

#[test]
fn who_waits_at_the_end_is_told_and_the_script_ends() {
    let (_, expected, got) = failure(&[HELD, "connection two\nwaits\n", UPDATE]);
    assert_eq!(
        (expected.as_str(), got.as_str()),
        ("to be resumed", "it waits at the end")
    );
}

#[test]
fn who_waits_cannot_be_asked_something_else() {
    let parts = [
        HELD,
        "connection two\nwaits\n",
        UPDATE,
        "connection two\nstatement ok\nSELECT 1\n\n",
        COMMIT,
        "resumes two\n",
    ];
    let (line, expected, _) = failure(&parts);
    assert_eq!((line, expected.as_str()), (21, "a session that is free"));
}
