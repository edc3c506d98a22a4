//! Queries that must agree with each other: they do, and where the planner or an operator errs they do not.

use quantadb::planted::Mistake;
use quantadb_sim::hunt::hunt;
use quantadb_sim::results::Shard;
use quantadb_sim::scenario::{Request, scenario_by_name};
use quantadb_sim::sweep::Sweep;

#[test]
fn partitions_other_plans_and_no_optimizer_agree() {
    let sweep = Sweep {
        seeds: 0..40,
        shard: Shard::default(),
        scenario: scenario_by_name("logic"),
        request: Request::default(),
        jobs: 1,
        stops_at_violation: true,
    };
    let found = sweep.run(&|_| {});
    if let Some(violation) = found.violations.first() {
        panic!("{violation}");
    }
    let (work, disk) = (found.totals.work, found.totals.disk);
    assert!(work.entries_compared > 10_000, "{work:?}");
    assert!(
        work.spilled_bytes > 0 && disk.crashes.total() > 0,
        "{work:?}"
    );
}

/// Mistakes that no model is needed for.
const NOTICED: &[Mistake] = &[Mistake::SecondBoundDropped, Mistake::PartnersCutAtBatch];

#[test]
fn mistakes_of_the_planner_are_noticed_without_a_model() {
    std::panic::set_hook(Box::new(|_| {}));
    let logic = scenario_by_name("logic").expect("it is registered");
    for &mistake in NOTICED {
        let found = hunt(mistake, &[logic], 0, 60);
        let violation = found
            .caught
            .unwrap_or_else(|| panic!("{mistake:?} went unnoticed"));
        println!("{mistake:?}: run {}: {}", found.runs, violation.mismatch);
    }
}
