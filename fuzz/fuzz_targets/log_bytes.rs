//! Any bytes as a log to recover from: an answer or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quantadb_sim::property::{LogDamage, check_log_damage};

fuzz_target!(|input: LogDamage| check_log_damage(input));
