//! Runs of scenarios whose decisions are bytes: what each step does, and what goes wrong in it.
//!
//! A run follows a [course](crate::course) that the bytes describe, as the replay of a case does. A step is a record of fixed
//! length that names a place in the seed's stream of draws; what it does is drawn from there, so a record means the same
//! wherever it stands, and a mutation of one changes one step:
//!
//! ```text
//!   byte   0          1      2    3      4 … 13                            14 … 23        …
//!        ┌──────────┬──────┬───────────┬─────────────────────────────────┬──────────────┬───
//!        │ scenario │ seed │ not used  │ step 0                          │ step 1       │
//!        └──────────┴──────┴───────────┴─────────────────────────────────┴──────────────┴───
//!   step   0  1       2  3            4                   5 6 7         8 9
//!        ┌───────────┬──────────────┬───────────────────┬─────────────┬───────────────┐
//!        │ draws of  │ draws of     │ how many mishaps, │ leg and     │ leg and what, │
//!        │ the work  │ the crashes  │ power loss?       │ what, call… │ call          │
//!        └───────────┴──────────────┴───────────────────┴─────────────┴───────────────┘
//! ```
//!
//! A fuzzer that knows no records tears them apart; [`mutate_decisions`] keeps them whole.

use crate::course::{Course, CourseCell, Incident, Moment, Step, What};
use crate::disk::{CrashKind, Fault, FaultKind, FaultSet};
use crate::report::{Report, Violation};
use crate::scenario::{Request, SCENARIOS, Scenario, run_course};
use crate::shrink::{Case, Reason};
use arbitrary::{Arbitrary, Result, Unstructured};
use quantadb::planted::Mistake;
use rand::Rng;
use rand_chacha::ChaCha8Rng;

const HEAD_BYTES: usize = 4;
const STEP_BYTES: usize = 10;
const STEPS_MAX: usize = 150;
/// Streams of draws that a workload has at most, beside those of the crashes and of the disk.
const STREAMS_MAX: usize = 4;
/// Restarts of one step that a power loss is told for.
const RESTARTS_MAX: u64 = 4;

/// What a run decides.
#[derive(Clone, Debug)]
pub struct ScenarioInput {
    scenario: &'static Scenario,
    seed: u64,
    course: Course,
}

/// The scenarios that go step by step on a disk that keeps its contract.
fn scenarios() -> impl Iterator<Item = &'static Scenario> {
    SCENARIOS
        .iter()
        .filter(|s| !matches!(s.name, "slt" | "every-call" | "damage"))
}

/// Whether a scenario has a judgement for it.
fn is_judged(what: What, faults: FaultSet) -> bool {
    let kind = match what {
        What::Crash | What::Restart(_) => return true,
        What::Fault(Fault::Io) => FaultKind::Eio,
        What::Fault(Fault::Full) => FaultKind::Enospc,
        What::Fault(Fault::Interrupted) => FaultKind::Interrupted,
        What::Fault(Fault::Short) => FaultKind::Short,
        What::Strike(kind) => kind,
    };
    faults.has(kind)
}

/// One step, of the bytes of its record.
fn step(number: usize, bytes: &[u8; STEP_BYTES], faults: FaultSet) -> Step {
    let [a, b, c, d, flags, mishaps @ ..] = *bytes;
    let (work, chance) = (u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d]));
    let mut at = vec![chance.into(), chance.into()];
    at.extend([u64::from(work); STREAMS_MAX]);
    let mut step = Step::new(Moment::Step(number as u64), at);
    let all: Vec<What> = What::all()
        .filter(|what| !matches!(what, What::Restart(_)) && is_judged(*what, faults))
        .collect();
    // Of four steps three go well.
    let count = usize::from(flags & 63).saturating_sub(47).min(2);
    let [leg_and_what, call, ..] = mishaps;
    let second = [mishaps[3], mishaps[4]];
    for [leg_and_what, call] in [[leg_and_what, call], second].into_iter().take(count) {
        step.incidents.push(Incident {
            leg: u32::from(leg_and_what & 3),
            call: 1 + u64::from(call),
            // The first of them is a crash, and so is every other.
            what: match leg_and_what & 4 {
                0 => What::Crash,
                _ => all[usize::from(leg_and_what >> 3) % all.len()],
            },
            at: u64::from(mishaps[2]) << 4,
        });
    }
    if flags & 64 == 0 {
        let lost = |nth| Incident {
            leg: 0,
            call: nth,
            what: What::Restart(CrashKind::PowerLoss),
            at: u64::from(mishaps[2]) << 6,
        };
        step.incidents.extend((1..=RESTARTS_MAX).map(lost));
    }
    step
}

impl<'a> Arbitrary<'a> for ScenarioInput {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let [scenario, seed, _, _] = <[u8; HEAD_BYTES]>::arbitrary(u)?;
        let count = scenarios().count();
        let scenario = scenarios().nth(usize::from(scenario) % count);
        let scenario = scenario.ok_or(arbitrary::Error::IncorrectFormat)?;
        let mut steps = vec![Step::new(Moment::Start, Vec::new())];
        let (records, _) = u.bytes(u.len())?.as_chunks::<STEP_BYTES>();
        for (number, record) in records.iter().take(STEPS_MAX).enumerate() {
            steps.push(step(number, record, scenario.faults));
        }
        steps.push(Step::new(Moment::End, Vec::new()));
        Ok(Self {
            scenario,
            seed: seed.into(),
            course: Course {
                point: None,
                steps,
                draws_turns: true,
            },
        })
    }
}

/// Any decisions, in any scenario, lead to no violation; with a mistake planted in the engine, they may.
///
/// # Panics
/// When one is found, with a case that `quanta-sim replay` runs.
pub fn check_scenario(input: ScenarioInput, mistake: Option<Mistake>) {
    if let Err(violation) = run(input, mistake) {
        panic!("{violation}");
    }
}

/// Runs decisions; a violation is replayed from a case.
fn run(
    input: ScenarioInput,
    mistake: Option<Mistake>,
) -> std::result::Result<Report, Box<Violation>> {
    let request = Request {
        mistake,
        ..Request::default()
    };
    let cell = CourseCell::replaying(input.course);
    let ran = run_course(input.scenario, input.seed, &request, &cell);
    ran.map_err(|violation| {
        let case = Case {
            scenario: input.scenario,
            seed: input.seed,
            request,
            course: cell.made(),
            reason: Reason::of(&violation),
            violation: violation.mismatch.to_string(),
            comments: Vec::new(),
        };
        Box::new(Violation {
            replay: format!("quanta-sim replay FILE, where FILE holds\n{case}"),
            ..*violation
        })
    })
}

/// Runs the decisions that these bytes are; `None` when they are none.
///
/// # Errors
/// Within it, the violation.
pub fn run_decisions(
    bytes: &[u8],
    mistake: Option<Mistake>,
) -> Option<std::result::Result<Report, Box<Violation>>> {
    let input = ScenarioInput::arbitrary_take_rest(Unstructured::new(bytes)).ok()?;
    Some(run(input, mistake))
}

/// Draws decisions of any length.
pub fn draw_decisions(rng: &mut ChaCha8Rng) -> Vec<u8> {
    let steps = rng.random_range(1..=STEPS_MAX);
    let mut data = vec![0; HEAD_BYTES + steps * STEP_BYTES];
    rng.fill(&mut data[..]);
    data
}

/// The scenario that a seed chooses among those of decisions.
pub fn scenario_of_decisions(seed: u64) -> &'static Scenario {
    let nth = seed % scenarios().count() as u64;
    let found = scenarios().nth(nth as usize);
    found.expect("the number is below how many there are")
}

/// Changes `data`, of which `size` bytes are an input, into another input that is not longer than `data`, and gives how long
/// it is; `None` where a mutation that knows no steps is to be made.
pub fn mutate_decisions(data: &mut [u8], size: usize, rng: &mut ChaCha8Rng) -> Option<usize> {
    let count = size.checked_sub(HEAD_BYTES)? / STEP_BYTES;
    let room = (data.len() - HEAD_BYTES) / STEP_BYTES;
    if count == 0 || size > data.len() {
        return None;
    }
    let place = |step: usize| HEAD_BYTES + step * STEP_BYTES;
    let record = |step: usize| place(step)..place(step + 1);
    let (first, other) = (rng.random_range(0..count), rng.random_range(0..count));
    match rng.random_range(0..8) {
        // One more: a copy, or another one.
        kind @ 0..=2 if count < room => {
            data.copy_within(place(other)..place(count), place(other + 1));
            if kind > 0 {
                rng.fill(&mut data[record(other)]);
            }
            Some(place(count + 1))
        }
        3 if count > 1 => {
            data.copy_within(place(other + 1)..place(count), place(other));
            Some(place(count - 1))
        }
        4 => {
            data.copy_within(record(other), place(first));
            Some(place(count))
        }
        5 => {
            rng.fill(&mut data[record(other)]);
            Some(place(count))
        }
        // Only what goes wrong.
        6 => {
            rng.fill(&mut data[place(other) + 2..place(other + 1)]);
            Some(place(count))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::options_of_seed;
    use rand::SeedableRng;

    /// What a commit that does not wait for the disk is worth depends on it.
    #[test]
    fn a_seed_that_keeps_its_power_may_be_told_to_lose_it() {
        let request = Request::default();
        let keeps = |scenario, seed| {
            let options = options_of_seed(scenario, seed, &request).describe();
            options.contains(&("process crashes %", "100".to_owned()))
        };
        let (at, sessions) = (0..)
            .zip(scenarios())
            .find(|(_, scenario)| scenario.name == "sessions")
            .expect("it is one of them");
        let seeds = (0..=u8::MAX).filter(|&seed| keeps(sessions, seed.into()));
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let mut lost = 0;
        for seed in seeds.cycle().take(150) {
            let mut bytes = draw_decisions(&mut rng);
            (bytes[0], bytes[1]) = (at, seed);
            match run_decisions(&bytes, None) {
                Some(Ok(report)) => lost += report.disk.power_losses,
                Some(Err(violation)) => panic!("{violation}"),
                None => panic!("the bytes are decisions"),
            }
        }
        assert!(lost > 60, "{lost} power losses");
    }

    #[test]
    fn mutations_leave_whole_steps() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut data = [0_u8; HEAD_BYTES + 7 * STEP_BYTES];
        let mut size = HEAD_BYTES + 3 * STEP_BYTES;
        let mut sizes = std::collections::BTreeSet::new();
        for _ in 0..1000 {
            size = mutate_decisions(&mut data, size, &mut rng).unwrap_or(size);
            assert_eq!((size - HEAD_BYTES) % STEP_BYTES, 0);
            assert!(size <= data.len());
            sizes.insert(size);
        }
        assert!(sizes.len() >= 6, "of nearly every length: {sizes:?}");
    }
}
