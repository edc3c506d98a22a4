//! Any seed of any scenario of the simulator: no violation.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quantadb_sim::property::{ScenarioInput, check_scenario};

fuzz_target!(|input: ScenarioInput| check_scenario(input));
