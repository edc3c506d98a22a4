//! Any expression has the value that the reference evaluates by hand.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quantadb_sim::property::{ExpressionInput, check_expression};

fuzz_target!(|input: ExpressionInput| check_expression(input));
