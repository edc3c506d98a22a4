//! Shrinking: what is left fails for the same reason, is much shorter, reads back as it was written, and repeats itself.

mod common;

use common::{limits, shrunk};
use quantadb::planted::Mistake;
use quantadb_sim::course::{Course, CourseCell, Kind};
use quantadb_sim::scenario::{Request, SCENARIOS, run_course, run_seed, scenario_by_name};
use quantadb_sim::shrink::{Case, NotShrunk, shrink};

fn no_script(path: &str) -> Result<String, String> {
    Err(format!("no script is called {path}"))
}

/// Runs the course of a run again: the same calls of the disk, to the last byte.
#[test]
fn a_course_repeats_the_run_that_it_was_taken_from() {
    for scenario in SCENARIOS {
        for seed in 0..3 {
            let request = Request::default();
            let cell = CourseCell::recording();
            let plain = run_seed(scenario, seed, &request).expect("nothing is planted");
            let recorded = run_course(scenario, seed, &request, &cell).expect("nor here");
            assert_eq!(plain, recorded, "taking the course down changes nothing");
            if scenario.name == "every-call" {
                // Many runs; the course is that of the last.
                continue;
            }
            let again = CourseCell::replaying(cell.made());
            let replayed = run_course(scenario, seed, &request, &again).expect("nor here");
            assert_eq!(plain, replayed, "{} of seed {seed}", scenario.name);
            assert_eq!(cell.made(), again.made());
        }
    }
}

/// Mistakes of several parts of the engine, and how many steps and incidents their cases may have together.
const PLANTED: &[(Mistake, usize)] = &[
    (Mistake::UndoSkipped, 12),
    (Mistake::LogRecycledEarly, 18),
    (Mistake::ScanSkipsFence, 8),
    (Mistake::ParentUpdateUnchecked, 5),
    (Mistake::NullKeysJoin, 5),
    (Mistake::FollowerNotSynced, 12),
    (Mistake::PendingNotValidated, 10),
    // The first seed that finds it is a hard one: others come down to 8.
    (Mistake::OlderPageAccepted, 20),
    (Mistake::DirtyForgottenOnError, 25),
];

#[test]
fn a_shrunk_case_fails_for_the_same_reason_and_is_much_shorter() {
    for &(mistake, parts_max) in PLANTED {
        let shrunk = shrunk(mistake, 1_500);
        let parts = |course: &Course| {
            let kinds = [Kind::Steps, Kind::Incidents];
            kinds.map(|kind| course.count(kind)).iter().sum::<usize>()
        };
        let (before, after) = (parts(&shrunk.before), parts(&shrunk.case.course));
        println!(
            "{mistake:?}: {before} to {after} in {} runs\n{}",
            shrunk.attempts, shrunk.case
        );
        assert!(
            after <= parts_max.min(before),
            "{mistake:?}: {before} to {after}\n{}",
            shrunk.case
        );

        let text = shrunk.case.to_string();
        let case = Case::parse(&text, &no_script).expect("it is a case");
        assert_eq!(case.to_string(), text, "it reads back as it was written");
        let replayed = case.replay();
        assert!(
            replayed.is_same_reason && replayed.drifted.is_none(),
            "{mistake:?}: {:?}",
            replayed.drifted
        );

        // What the case finds is the mistake and nothing of its own making.
        let mut sound = case;
        sound.request.mistake = None;
        if let Err(violation) = sound.replay().outcome {
            panic!("{mistake:?} is not planted, and yet: {violation}\n{text}");
        }
    }
}

#[test]
fn shrinking_is_deterministic_and_bounded() {
    let one = shrunk(Mistake::UndoSkipped, 60);
    let two = shrunk(Mistake::UndoSkipped, 60);
    assert_eq!(one.case.to_string(), two.case.to_string());
    assert_eq!((one.attempts, one.is_minimal), (60, false));
}

#[test]
fn what_does_not_fail_is_not_shrunk() {
    let storage = scenario_by_name("storage").expect("it is registered");
    let found = shrink(storage, 1, &Request::default(), &limits(10));
    assert_eq!(found.err(), Some(NotShrunk::Clean));
}

#[test]
fn a_case_that_is_none_is_refused_with_its_line() {
    let refused = |text: &str| Case::parse(text, &no_script).expect_err("it is no case");
    assert_eq!(
        refused(""),
        "line 1: expected \"quanta-sim case \" and a version"
    );
    assert!(refused("quanta-sim case 7").starts_with("line 1: cases of version \"7\""));
    let head = "quanta-sim case 1\nscenario storage\nseed 1\n";
    let line_4 = [
        "scenario nowhere",
        "seed x",
        "mistake None",
        "set steps 5",
        "crash in leg 0 call 1 at 2",
        "step 1",
        "step x at 1",
        "script gone.slt",
        "faults rust",
    ];
    for line in line_4 {
        let error = refused(&format!("{head}{line}"));
        assert!(error.starts_with("line 4: "), "{line}: {error}");
    }
    assert!(refused(&format!("{head}step 1 at 0\n  crash in leg 0")).starts_with("line 5: "));
    assert_eq!(
        refused("quanta-sim case 1\nseed 1"),
        "the case names no scenario"
    );
    assert!(refused(&format!("{head}reason r\nset steps = many")).contains("no value"));
}
