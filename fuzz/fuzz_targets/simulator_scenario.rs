//! Any decisions in any scenario of the simulator: no violation. `QUANTA_MISTAKE` plants a mistake, which then may be
//! found, in a build with the feature `planted-bugs`.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use quantadb_sim::property::{ScenarioInput, check_scenario, mutate_decisions};
use quantadb_sim::scenario::mistake_by_name;
use quantadb_sim::streams::Streams;

fuzz_target!(|input: ScenarioInput| {
    let mistake = std::env::var("QUANTA_MISTAKE").ok();
    let mistake = mistake.map(|name| mistake_by_name(&name).expect("this build has it"));
    check_scenario(input, mistake);
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let mut rng = Streams::new(seed.into()).workload();
    match mutate_decisions(data, size, &mut rng) {
        Some(size) => size,
        None => fuzzer_mutate(data, size, max_size),
    }
});
