//! The simulator notices every mistake that can be planted in the engine.

use quantadb::planted::{AVAILABLE, Area, Mistake, plant, planted};
use quantadb::sync::Mutex;
use quantadb_sim::hunt::{hunt, scenarios_of};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Runs within which each planted mistake must be noticed.
const RUNS_MAX: u64 = 1_000;
/// Mistakes that are hunted at the same time.
const JOBS: usize = 2;

#[test]
fn every_planted_mistake_is_noticed() {
    // A panic is one way of noticing.
    std::panic::set_hook(Box::new(|_| {}));
    let next = AtomicUsize::new(0);
    let missed = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..JOBS {
            scope.spawn(|| {
                while let Some(&mistake) = Mistake::ALL.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let found = hunt(mistake, &scenarios_of(mistake), 0, RUNS_MAX);
                    match &found.caught {
                        Some(violation) => println!(
                            "{mistake:?}: run {} of {}: {}",
                            found.runs, violation.scenario, violation.mismatch
                        ),
                        None => missed.lock().push(mistake),
                    }
                }
            });
        }
    });
    assert_eq!(*missed.lock(), [], "unnoticed in {RUNS_MAX} runs");
}

#[test]
fn the_catalogue_covers_every_part_of_the_engine() {
    for area in Area::ALL {
        let count = Mistake::ALL.iter().filter(|m| m.area() == area).count();
        assert!(count >= 4, "{area:?} has {count} mistakes");
    }
}

#[test]
fn what_is_planted_is_taken_back() {
    const { assert!(AVAILABLE) };
    let outer = plant(Some(Mistake::UndoSkipped));
    {
        let _inner = plant(None);
        assert_eq!(planted(), None);
    }
    assert_eq!(planted(), Some(Mistake::UndoSkipped));
    let elsewhere = std::thread::scope(|scope| scope.spawn(planted).join().ok());
    assert_eq!(elsewhere, Some(None), "it holds for one thread");
    drop(outer);
    assert_eq!(planted(), None);
}
