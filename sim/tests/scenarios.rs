//! The simulator on itself: it repeats itself exactly, finds nothing in a sound engine, reaches every state it claims
//! to reach, and notices every planted mistake.

use quantadb::planted::Mistake;
use quantadb_sim::disk::Call;
use quantadb_sim::phase::Phase;
use quantadb_sim::results::Shard;
use quantadb_sim::scenario::{Request, SCENARIOS, run_seed, scenario_by_name};
use quantadb_sim::sweep::{Found, Sweep};
use std::ops::Range;

fn sweep(scenario: &str, seeds: Range<u64>, mistake: Option<Mistake>) -> Found {
    let sweep = Sweep {
        seeds,
        shard: Shard::default(),
        scenario: scenario_by_name(scenario),
        request: Request {
            mistake,
            ..Request::default()
        },
        jobs: 1,
        stops_at_violation: true,
    };
    sweep.run(&|_| {})
}

fn expect_clean(found: &Found) {
    if let Some(violation) = found.violations.first() {
        panic!("{violation}");
    }
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    for scenario in SCENARIOS {
        for seed in 0..6 {
            let run = || run_seed(scenario, seed, &Request::default());
            let (one, two) = (run(), run());
            match (one, two) {
                (Ok(one), Ok(two)) => assert_eq!(one, two, "{} of seed {seed}", scenario.name),
                (Err(violation), _) | (_, Err(violation)) => panic!("{violation}"),
            }
        }
        let hash = |seed| run_seed(scenario, seed, &Request::default()).map(|r| r.trace_hash);
        assert_ne!(hash(1), hash(2), "{}: seeds differ", scenario.name);
    }
}

/// What else a power loss could have left is looked at, and the run goes on as if nobody had.
#[test]
fn other_outcomes_change_nothing() {
    let request = |others: &str| Request {
        switches: vec![("other outcomes".to_owned(), others.to_owned())],
        ..Request::default()
    };
    for scenario in SCENARIOS {
        let run = |seed, others| match run_seed(scenario, seed, &request(others)) {
            Ok(report) => report,
            Err(violation) => panic!("{violation}"),
        };
        let mut aside = 0;
        for seed in 0..8 {
            let (without, with) = (run(seed, "0"), run(seed, "4"));
            assert_eq!(
                without.trace_hash, with.trace_hash,
                "{} {seed}",
                scenario.name
            );
            let mut counts = with.work.recoveries;
            aside += std::mem::take(&mut counts.aside);
            assert_eq!(counts, without.work.recoveries, "{} {seed}", scenario.name);
            assert_eq!(with.work.statements, without.work.statements);
        }
        let loses_power = scenario.name != "damage";
        assert_eq!(aside > 0, loses_power, "{}: {aside} aside", scenario.name);
    }
}

#[test]
fn storage_survives_crashes_in_every_phase() {
    let found = sweep("storage", 0..250, None);
    expect_clean(&found);
    let (disk, work) = (found.totals.disk, found.totals.work);
    for phase in [
        Phase::Creation,
        Phase::Running,
        Phase::Commit,
        Phase::Checkpoint,
        Phase::Vacuum,
        Phase::Recovery,
        Phase::Close,
    ] {
        let crashes = disk.crashes.of_phase(phase);
        assert!(crashes > 0, "no crash during {phase}");
    }
    assert!(disk.blocks_torn > 0 && disk.sectors_garbage > 0, "{disk:?}");
    assert!(disk.names_lost > 0 && disk.lengths_lost > 0, "{disk:?}");
    assert!(work.recoveries.repeated > 0, "{work:?}");
    assert!(
        0 < work.commits_unknown_found && work.commits_unknown_found < work.commits_unknown,
        "commits of unknown fate are sometimes there and sometimes not: {work:?}"
    );
}

#[test]
fn failing_calls_lose_nothing() {
    let found = sweep("io-errors", 0..250, None);
    expect_clean(&found);
    let disk = found.totals.disk;
    for call in Call::ALL {
        // The engine removes no file.
        let expected = call != Call::Remove;
        let fails = disk.faults.of_call(call) > 0;
        assert_eq!(fails, expected, "{call} was made to fail");
    }
    assert!(disk.sectors_forgotten > 0, "{disk:?}");
}

/// Seeds that have found something: a record that seemed whole without its last sector, because it ended in zeros (the
/// workload draws more kinds of operation since); a lock that was asked for without end, of a writer that had failed with
/// the engine; a full join that spilled and whose left side had no row; a page whose rows a snapshot did not see, taken for
/// one without rows.
const KEPT: [(&str, u64); 5] = [
    ("every-call", 7367),
    ("every-call", 7420),
    ("sessions", 73),
    ("sql", 199),
    ("sql-errors", 724),
];

#[test]
fn what_was_found_once_is_not_found_again() {
    for (scenario, seed) in KEPT {
        expect_clean(&sweep(scenario, seed..seed + 1, None));
    }
}

#[test]
fn a_violation_names_the_command_that_shows_it_again() {
    let found = sweep("storage", 0..24, Some(Mistake::UndoSkipped));
    let violation = found.violations.first().expect("it is noticed");
    let command = format!(
        "quanta-sim --scenario storage --seed {} --mistake UndoSkipped",
        violation.seed
    );
    assert_eq!(violation.replay, command);
    let request = Request {
        mistake: Some(Mistake::UndoSkipped),
        ..Request::default()
    };
    let storage = scenario_by_name("storage").expect("it is registered");
    let again = run_seed(storage, violation.seed, &request).expect_err("the same seed");
    assert_eq!(*again, *violation);
}

/// What a level allows must be seen there, or nobody knows that it would be seen where it is forbidden.
#[test]
fn each_level_shows_what_it_allows_and_nothing_else() {
    let seen = |scenario| {
        let found = sweep(scenario, 0..40, None);
        expect_clean(&found);
        let work = found.totals.work;
        assert!(
            0 < work.commits_unknown_found && work.commits_unknown_found < work.commits_unknown,
            "{scenario}: interrupted commits are sometimes there and sometimes not: {work:?}"
        );
        let seen = work.anomalies;
        let counts = [
            seen.lost_updates,
            seen.one_read_write,
            seen.skews,
            seen.phantoms,
        ];
        counts.map(|count| count > 0)
    };
    assert_eq!(seen("serializable"), [false, false, false, false]);
    assert_eq!(seen("repeatable-read"), [false, false, true, true]);
    assert_eq!(seen("read-committed"), [true, true, true, true]);
}
