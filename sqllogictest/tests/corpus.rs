//! Our own scripts, and the first files of SQLite's corpus where they are at hand.

use quantadb::api::SessionOptions;
use quantadb_sqllogictest::{Differences, Options, Summary, Target, find_files, run_files};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Runs `files` and fails with every record that failed.
fn run(files: &[PathBuf], target: Target) -> Summary {
    let options = Options {
        jobs: 2,
        target,
        ..Options::default()
    };
    run_with(files, &options)
}

fn run_with(files: &[PathBuf], options: &Options) -> Summary {
    let summary = run_files(files, options, &|_| {});
    let failures: Vec<String> = summary.failures.iter().map(ToString::to_string).collect();
    assert!(failures.is_empty(), "{summary}\n{}", failures.join("\n"));
    summary
}

fn scripts_in(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    find_files(&[folder]).unwrap()
}

#[test]
fn our_own_scripts_pass_in_memory() {
    let summary = run(&scripts_in("scripts"), Target::Memory);
    assert!(summary.files >= 16 && summary.passed > 500, "{summary}");
}

#[test]
fn our_own_scripts_pass_in_files() {
    let summary = run(&scripts_in("scripts"), Target::File);
    // What is skipped is what PostgreSQL does otherwise, by the word of its script.
    assert!(summary.passed > 50 * summary.skipped, "{summary}");
}

/// How many rows operators hand on at once is nobody's business.
#[test]
fn our_own_scripts_pass_in_batches_of_few_rows() {
    let options = Options {
        jobs: 2,
        session: SessionOptions {
            batch_rows: 3,
            ..SessionOptions::default()
        },
        ..Options::default()
    };
    run_with(&scripts_in("scripts"), &options);
}

/// Each record of these scripts that is not refused by name gives what PostgreSQL gives: what is not supported is never
/// half supported. A script of which nothing is refused any more belongs to the others.
#[test]
fn what_may_be_missing_is_refused_or_right() {
    for path in scripts_in("ahead") {
        let summary = run_files(&[path], &Options::default(), &|_| {});
        let refused = summary
            .failures
            .iter()
            .filter(|f| f.got.starts_with("0A000: "));
        assert!(refused.count() > 0, "nothing is refused: {summary}");
        let wrong = summary
            .failures
            .iter()
            .filter(|f| !f.got.starts_with("0A000: "));
        let wrong: Vec<String> = wrong.map(ToString::to_string).collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

/// SQLite's corpus is no part of this repository. It is looked for beside the workspace.
#[test]
fn the_corpus_of_sqlite_passes_but_for_what_postgresql_differs_in() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let corpus = here.join("../../shared/sqllogictest/sqlite");
    if !corpus.is_dir() {
        println!("skipped: no {}", corpus.display());
        return;
    }
    let rules = std::fs::read_to_string(here.join("sqlite.differences")).unwrap();
    let options = Options {
        jobs: 2,
        differences: Differences::parse(&rules).unwrap(),
        ..Options::default()
    };
    let summary = run_with(&find_files(&[corpus]).unwrap(), &options);
    assert!(summary.passed > 100 * summary.differing, "{summary}");
}

fn script_of(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

#[test]
fn a_record_that_fails_is_told_with_all_there_is_to_know() {
    let text = "query IT nosort\nSELECT 1, 'a'\n----\n1\nb\n\nstatement error (42P01)\nSELECT 1/0\n\n\
        onlyif sqlite\nstatement ok\nPRAGMA x\n\nquery I\nSELECT 2\n----\n2\n\nstatement ok\nSELECT x\n";
    let script = script_of(text);
    let path = script.path().to_owned();
    let options = Options::default();
    let summary = run_files(std::slice::from_ref(&path), &options, &|_| {});
    assert_eq!(
        (summary.passed, summary.skipped, summary.files_failed),
        (1, 1, 1)
    );
    let told: Vec<(u32, &str, &str, &str)> = summary
        .failures
        .iter()
        .map(|f| (f.line, f.sql.as_str(), f.expected.as_str(), f.got.as_str()))
        .collect();
    assert_eq!(told[0], (1, "SELECT 1, 'a'", "1\nb", "1 a"));
    assert_eq!(told[1].0, 7);
    assert!(told[1].3.starts_with("22012: division by zero"), "{told:?}");
    assert_eq!((told[2].0, told[2].2), (19, "success"));
    assert!(told[2].3.starts_with("42703: "), "{told:?}");

    let options = Options {
        keep_going: false,
        ..options
    };
    let summary = run_files(&[path.clone(), path], &options, &|_| {});
    assert_eq!((summary.files, summary.failures.len()), (1, 1));
}

#[test]
fn a_hashed_result_is_compared_by_its_hash() {
    // The hash of "1\n2\n3\n".
    let record = |values: &str| {
        format!(
            "query I rowsort\nVALUES {values}\n----\n3 values hashing to c0710d6b4f15dfa88f600b0e6b624077\n\n"
        )
    };
    let text = record("(3), (1), (2)") + &record("(3), (1), (4)");
    let script = script_of(&text);
    let summary = run_files(&[script.path().to_owned()], &Options::default(), &|_| {});
    assert_eq!((summary.passed, summary.failures.len()), (1, 1));
}
