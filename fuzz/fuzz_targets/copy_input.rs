//! Any bytes as the data of COPY: rows or an error; what is written of them is read as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quantadb_sim::property::{CopyInput, check_copy};

fuzz_target!(|input: CopyInput<'_>| check_copy(input));
