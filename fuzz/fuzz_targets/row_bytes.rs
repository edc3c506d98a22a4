//! Any rows come back as they were; any bytes as a row are values or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quantadb_sim::property::{RowInput, check_rows};

fuzz_target!(|input: RowInput| check_rows(input));
