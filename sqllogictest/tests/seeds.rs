//! The seeds of the fuzz target for scripts, on any compiler.

use quantadb_sqllogictest::check_script;
use std::path::Path;

#[test]
#[allow(clippy::disallowed_methods)] // the seeds are files of this machine
fn script_text() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds/script_text");
    let mut scripts = 0;
    for entry in std::fs::read_dir(folder).expect("the target has seeds") {
        let path = entry.expect("it can be read").path();
        println!("{}", path.display());
        let bytes = std::fs::read(&path).expect("it can be read");
        check_script(&String::from_utf8_lossy(&bytes));
        scripts += 1;
    }
    assert!(scripts > 0, "there is no seed");
}
