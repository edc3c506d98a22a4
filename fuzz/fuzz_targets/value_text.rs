//! Any text as a value of any type: its text is the value again, or it is an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quantadb_sim::property::{ValueText, check_value_text};

fuzz_target!(|input: ValueText<'_>| check_value_text(input));
