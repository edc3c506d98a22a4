//! Any text as SQL: a bound statement or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quantadb_sim::property::check_sql;

fuzz_target!(|text: &str| check_sql(text));
