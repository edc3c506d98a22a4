//! Any query of a grammar binds, runs, and gives the same rows whatever its plan is.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quantadb_sim::property::{QueryInput, check_query};

fuzz_target!(|input: QueryInput| check_query(input));
