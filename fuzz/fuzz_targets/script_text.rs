//! Any text as a sqllogictest script: a report, and no panic and no hang.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quantadb_sqllogictest::check_script;

fuzz_target!(|text: &str| check_script(text));
