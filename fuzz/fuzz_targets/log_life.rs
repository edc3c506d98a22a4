//! A log written, torn, recycled and reopened: what was flushed comes back, and nothing else.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quantadb_sim::property::{LogInput, check_log};

fuzz_target!(|input: LogInput| check_log(input));
