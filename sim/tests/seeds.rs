//! The seeds of the fuzz targets, and what they have found, on any compiler.

use arbitrary::{Arbitrary, Unstructured};
use quantadb_sim::property::{
    CopyInput, ExpressionInput, FileInput, KeyInput, LogDamage, LogInput, PageInput, QueryInput,
    RowInput, ScenarioInput, TransactionsInput, TreeInput, ValueText, check_copy, check_expression,
    check_file, check_keys, check_log, check_log_damage, check_page, check_query, check_rows,
    check_scenario, check_sql, check_transactions, check_tree, check_value_text,
};
use std::path::{Path, PathBuf};

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz")
}

/// The bytes of each seed of a target, with its name.
#[allow(clippy::disallowed_methods)] // the seeds are files of this machine
fn seeds(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = fuzz().join("seeds").join(target);
    let entries = std::fs::read_dir(&folder).expect("each target has seeds");
    let files = entries.map(|entry| entry.expect("it can be read").path());
    let read = |path: PathBuf| {
        (
            path.display().to_string(),
            std::fs::read(path).expect("it can be read"),
        )
    };
    files.map(read).collect()
}

macro_rules! seeds_hold {
    ($($target:ident: $input:ty, $check:expr;)*) => {
        /// Every fuzz target has a test here, or in the package whose property it is.
        const TARGETS: &[&str] = &[$(stringify!($target),)* "script_text"];

        $(
            #[test]
            fn $target() {
                let mut inputs = 0;
                for (name, bytes) in seeds(stringify!($target)) {
                    println!("{name}");
                    // As the fuzz target makes an input of bytes.
                    if let Ok(input) = <$input>::arbitrary_take_rest(Unstructured::new(&bytes)) {
                        ($check)(input);
                        inputs += 1;
                    }
                }
                assert!(inputs > 0, "no seed is an input");
            }
        )*
    };
}

seeds_hold! {
    database_file: FileInput, check_file;
    log_bytes: LogDamage, check_log_damage;
    log_life: LogInput, check_log;
    tree_operations: TreeInput, check_tree;
    transactions: TransactionsInput, check_transactions;
    page_bytes: PageInput, check_page;
    row_bytes: RowInput, check_rows;
    key_bytes: KeyInput, check_keys;
    expressions: ExpressionInput, check_expression;
    query_plans: QueryInput, check_query;
    simulator_scenario: ScenarioInput, |input| check_scenario(input, None);
    sql_text: &str, check_sql;
    value_text: ValueText<'_>, check_value_text;
    copy_input: CopyInput<'_>, check_copy;
}

#[test]
#[allow(clippy::disallowed_methods)] // the targets are files of this machine
fn every_target_has_seeds_that_are_run() {
    let entries = std::fs::read_dir(fuzz().join("fuzz_targets")).expect("there are targets");
    let mut targets: Vec<String> = entries
        .map(|entry| entry.expect("it can be read").path())
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .collect();
    targets.sort_unstable();
    let mut expected = TARGETS.to_vec();
    expected.sort_unstable();
    assert_eq!(targets, expected);
}
