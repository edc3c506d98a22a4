//! Every crash of short workloads, with everything that it may leave, as far as a small bound goes.

use quantadb::planted::{Mistake, plant};
use quantadb_sim::exhaustive::{WORKLOADS, explore, workload_by_name};

/// Binary choices that are tried in all combinations.
const BOUND: u32 = 4;

#[test]
fn recovery_explains_every_state() {
    for workload in WORKLOADS {
        let explored = explore(workload, BOUND).unwrap_or_else(|mismatch| panic!("{mismatch}"));
        println!("{}: {explored:?}", workload.name);
        let (points, states) = (explored.crash_points, explored.states);
        assert!(points > 2 && states > 2, "{}: {explored:?}", workload.name);
        assert!(explored.pruned > 0, "{}: {explored:?}", workload.name);
    }
}

#[test]
fn what_crashes_could_break_is_seen() {
    // A panic is one way of noticing.
    std::panic::set_hook(Box::new(|_| {}));
    let mut missed = Vec::new();
    for (mistake, workload) in [
        (Mistake::CommitWithoutSync, "commit"),
        (Mistake::NoPageImages, "merge"),
        (Mistake::LogRecycledEarly, "checkpoint"),
        (Mistake::UndoSkipped, "recovery"),
        (Mistake::TailBelieved, "failed-sync"),
    ] {
        let _planted = plant(Some(mistake));
        let workload = workload_by_name(workload).expect("it is listed");
        if let Ok(explored) = explore(workload, BOUND) {
            missed.push((mistake, workload.name, explored));
        }
    }
    drop(std::panic::take_hook());
    assert_eq!(missed, []);
}
