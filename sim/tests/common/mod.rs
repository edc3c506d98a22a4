//! What several tests of this folder do first.

use quantadb::planted::Mistake;
use quantadb_sim::hunt::{hunt, scenarios_of};
use quantadb_sim::scenario::{Request, scenario_by_name};
use quantadb_sim::shrink::{Limits, Reason, Shrunk, shrink};

/// Bounds of shrinking by attempts alone.
pub(crate) fn limits(attempts_max: u64) -> Limits<'static> {
    Limits {
        attempts_max,
        is_enough: &|| false,
    }
}

/// What the first run from `first` on that notices `mistake` shrinks to.
pub(crate) fn shrunk_from(first: u64, mistake: Mistake, attempts_max: u64) -> Shrunk {
    // A panic is one way of noticing.
    std::panic::set_hook(Box::new(|_| {}));
    let found = hunt(mistake, &scenarios_of(mistake), first, 200);
    let violation = found.caught.expect("it is noticed");
    let scenario = scenario_by_name(violation.scenario).expect("it is registered");
    let request = Request {
        mistake: Some(mistake),
        ..Request::default()
    };
    match shrink(scenario, violation.seed, &request, &limits(attempts_max)) {
        Ok(shrunk) => {
            assert_eq!(Reason::of(&violation), Reason::of(&shrunk.violation));
            shrunk
        }
        Err(why) => panic!("{mistake:?}: {why}"),
    }
}

/// What the first run of all that notices `mistake` shrinks to.
pub(crate) fn shrunk(mistake: Mistake, attempts_max: u64) -> Shrunk {
    shrunk_from(0, mistake, attempts_max)
}
