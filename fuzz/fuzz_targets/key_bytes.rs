//! Any two keys are in the order of their values; any bytes as a key are values or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quantadb_sim::property::{KeyInput, check_keys};

fuzz_target!(|input: KeyInput| check_keys(input));
