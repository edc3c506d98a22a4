//! Any file as a database: an answer or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quantadb_sim::property::{FileInput, check_file};

fuzz_target!(|input: FileInput| check_file(input));
