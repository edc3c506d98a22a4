//! A search through the decisions of scenarios: what reaches something that nothing has reached is kept, and changed further.
//!
//! ```text
//!   kept ──one of them, changed──▶ run ──▶ its counters, by their orders of magnitude ──something new?──▶ kept
//! ```
//!
//! What is known of a run is its report: how often each call was made, failed or crashed in each phase, what the crash took,
//! what was refused, and so on. A fuzzer looks at the engine's branches instead, for which the engine must be built anew; this
//! needs no other build, and can tell what the same time of plain seeds reaches.

use crate::property::{draw_decisions, mutate_decisions, run_decisions, scenario_of_decisions};
use crate::report::{Report, Violation};
use crate::scenario::{Request, run_seed};
use crate::streams::Streams;
use quantadb::planted::Mistake;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use std::collections::BTreeSet;

/// How the next run is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// By what the runs before it have reached.
    Guided,
    /// Decisions are drawn anew each time.
    Decisions,
    /// A seed is drawn, as a sweep takes one.
    Seeds,
}

/// A counter of a scenario, and how many bits it has.
pub type Reached = (String, u32);

/// Decisions that were kept, and what they reach.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The decisions.
    pub bytes: Vec<u8>,
    /// All that they reach.
    pub reached: BTreeSet<Reached>,
}

/// A search under way.
#[derive(Debug)]
pub struct Search {
    way: Way,
    mistake: Option<Mistake>,
    rng: ChaCha8Rng,
    kept: Vec<Kept>,
    reached: BTreeSet<Reached>,
    runs: u64,
}

/// Changes of one input before it is run, at most.
const CHANGES_MAX: u32 = 4;
/// How often decisions are drawn anew in a guided search.
const DRAWN_SHARE: f64 = 0.2;
/// Room for decisions.
const BYTES_MAX: usize = 1504;

/// What a run has reached.
pub fn reached(report: &Report) -> BTreeSet<Reached> {
    let mut found = BTreeSet::new();
    gather(&report.to_json()["counts"], report.scenario, &mut found);
    found
}

fn gather(value: &Value, name: &str, found: &mut BTreeSet<Reached>) {
    match value {
        Value::Object(fields) => fields
            .iter()
            .for_each(|(field, value)| gather(value, &format!("{name}.{field}"), found)),
        Value::Number(number) => {
            let bits = u64::BITS - number.as_u64().unwrap_or(0).leading_zeros();
            if bits > 0 {
                found.insert((name.to_owned(), bits));
            }
        }
        _ => {}
    }
}

impl Search {
    /// Begins with what is known to be worth keeping.
    pub fn new(way: Way, mistake: Option<Mistake>, seed: u64, known: Vec<Vec<u8>>) -> Self {
        let mut search = Self {
            way,
            mistake,
            rng: Streams::new(seed).workload(),
            kept: Vec::new(),
            reached: BTreeSet::new(),
            runs: 0,
        };
        for bytes in known {
            if let Some(Ok(report)) = run_decisions(&bytes, None) {
                search.note(bytes, &report);
            }
        }
        search
    }

    /// Runs so far, but for those of what was known.
    pub fn runs(&self) -> u64 {
        self.runs
    }

    /// How many different things were reached.
    pub fn reached(&self) -> usize {
        self.reached.len()
    }

    /// One run.
    ///
    /// # Errors
    /// The violation.
    pub fn step(&mut self) -> Result<(), Box<Violation>> {
        self.runs += 1;
        if self.way == Way::Seeds {
            let seed = self.rng.random();
            let request = Request {
                mistake: self.mistake,
                ..Request::default()
            };
            let report = run_seed(scenario_of_decisions(seed), seed, &request)?;
            self.reached.extend(reached(&report));
            return Ok(());
        }
        let bytes = self.next();
        match run_decisions(&bytes, self.mistake) {
            Some(report) => self.note(bytes, &report?),
            None => return Ok(()),
        }
        Ok(())
    }

    fn next(&mut self) -> Vec<u8> {
        let rng = &mut self.rng;
        if self.way == Way::Decisions || self.kept.is_empty() || rng.random_bool(DRAWN_SHARE) {
            return draw_decisions(rng);
        }
        let mut data = self.kept[rng.random_range(0..self.kept.len())]
            .bytes
            .clone();
        let mut size = data.len();
        data.resize(BYTES_MAX.max(size), 0);
        for _ in 0..rng.random_range(1..=CHANGES_MAX) {
            match mutate_decisions(&mut data, size, rng) {
                Some(changed) => size = changed,
                // Another seed, of the same scenario or not.
                None => data[usize::from(rng.random_bool(0.8))] = rng.random(),
            }
        }
        data.truncate(size);
        data
    }

    fn note(&mut self, bytes: Vec<u8>, report: &Report) {
        let reached = reached(report);
        if !reached.is_subset(&self.reached) {
            self.reached.extend(reached.iter().cloned());
            self.kept.push(Kept { bytes, reached });
        }
    }

    /// Of what was kept, at most so many that together reach the most: each adds more than any other would.
    pub fn cover(&self, count_max: usize) -> Vec<&Kept> {
        let mut covered = BTreeSet::new();
        let mut chosen = Vec::new();
        while chosen.len() < count_max {
            let gain = |kept: &&Kept| kept.reached.difference(&covered).count();
            let best = self
                .kept
                .iter()
                .max_by_key(|kept| (gain(kept), usize::MAX - kept.bytes.len()));
            let Some(best) = best.filter(|best| gain(best) > 0) else {
                break;
            };
            covered.extend(best.reached.iter().cloned());
            chosen.push(best);
        }
        chosen
    }
}
