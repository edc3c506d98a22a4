//! The simulator on trial: a mistake is planted, and seeds are run until one notices it.
//!
//! ```text
//!   mistake ─▶ the scenarios that reach its part of the engine ─▶ seed 0, 1, 2, … by turns ─▶ a violation: caught
//! ```

use crate::report::Violation;
use crate::scenario::{Request, Scenario, run_seed, scenario_by_name};
use quantadb::planted::{Area, Mistake};

/// How a hunt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hunt {
    /// What was planted.
    pub mistake: Mistake,
    /// Runs that were made, the one that noticed it included; each is one seed of one scenario.
    pub runs: u64,
    /// What was noticed; `None`: the bound was reached.
    pub caught: Option<Box<Violation>>,
}

/// The scenarios that can reach a mistake.
pub fn scenarios_of(mistake: Mistake) -> Vec<&'static Scenario> {
    let names = names_of(mistake).iter();
    names.filter_map(|name| scenario_by_name(name)).collect()
}

fn names_of(mistake: Mistake) -> &'static [&'static str] {
    match mistake {
        Mistake::FailedSyncIgnored | Mistake::TailBelieved | Mistake::DirtyForgottenOnError => {
            &["io-errors"]
        }
        Mistake::FollowerNotSynced | Mistake::VisibleBeforeDurable => {
            &["sessions", "read-committed"]
        }
        Mistake::ChecksumSkipped
        | Mistake::OlderPageAccepted
        | Mistake::DamageTakenForEnd
        | Mistake::LostPagesAccepted => &["damage"],
        Mistake::ScanEndsOverRemoved => &["removals"],
        Mistake::SequenceNotLogged | Mistake::SequenceLogNotAwaited => &["sequences"],
        Mistake::PendingNotValidated | Mistake::ForgottenHistoryTrusted => &["serializable"],
        Mistake::InterruptedTooLate | Mistake::EndedBeforeUndone | Mistake::LockGivenBackEarly => {
            &["sessions"]
        }
        Mistake::WriterPassesSchemaChange | Mistake::LongCircleOverlooked => &["sessions"],
        Mistake::PartnersCutAtBatch => &["logic"],
        _ => match mistake.area() {
            Area::Catalog | Area::Integrity | Area::Planner | Area::Executor => &["queries"],
            _ => &["storage"],
        },
    }
}

/// Plants `mistake` and runs seeds from `first` on, at most `runs_max` of them, of these scenarios by turns.
pub fn hunt(mistake: Mistake, scenarios: &[&Scenario], first: u64, runs_max: u64) -> Hunt {
    let request = Request {
        mistake: Some(mistake),
        ..Request::default()
    };
    for run in 0..runs_max {
        let scenario = scenarios[(run % scenarios.len() as u64) as usize];
        let seed = first.wrapping_add(run);
        if let Err(violation) = run_seed(scenario, seed, &request) {
            return Hunt {
                mistake,
                runs: run + 1,
                caught: Some(violation),
            };
        }
    }
    Hunt {
        mistake,
        runs: runs_max,
        caught: None,
    }
}

/// The middle one of several numbers of runs, which are not none.
pub fn median(runs: &[u64]) -> u64 {
    let mut sorted = runs.to_vec();
    sorted.sort_unstable();
    sorted[sorted.len() / 2]
}
