//! Many seeds, on several threads.

use crate::report::{Report, Totals, Violation};
use crate::results::Shard;
use crate::scenario::{Request, Scenario, run_seed, scenario_of_seed};
use quantadb::sync::Mutex;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Which seeds, and how.
#[derive(Clone)]
pub struct Sweep<'a> {
    /// The seeds.
    pub seeds: Range<u64>,
    /// Which part of them.
    pub shard: Shard,
    /// The scenario; without one, each seed chooses.
    pub scenario: Option<&'a Scenario>,
    /// What is asked of each run.
    pub request: Request,
    /// Threads.
    pub jobs: usize,
    /// Whether the first violation ends the sweep.
    pub stops_at_violation: bool,
}

/// What a sweep found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Counts of all clean runs.
    pub totals: Totals,
    /// Violations, by seed.
    pub violations: Vec<Violation>,
}

impl Found {
    /// Adds what another sweep found.
    pub fn add(&mut self, other: Found) {
        self.totals.runs += other.totals.runs;
        self.totals.work.add(&other.totals.work);
        self.totals.disk.add(&other.totals.disk);
        self.violations.extend(other.violations);
    }

    /// All of it as JSON.
    pub fn to_json(&self) -> serde_json::Value {
        let violations: Vec<_> = self.violations.iter().map(Violation::to_json).collect();
        serde_json::json!({ "totals": self.totals.to_json(), "violations": violations })
    }
}

impl Sweep<'_> {
    /// Runs all seeds; `tell` hears of each clean run and of each violation.
    pub fn run(&self, tell: &(dyn Fn(Result<&Report, &Violation>) + Sync)) -> Found {
        let next = AtomicU64::new(self.seeds.start);
        let stop = AtomicBool::new(false);
        let found = Mutex::new(Found::default());
        std::thread::scope(|scope| {
            for _ in 0..self.jobs.max(1) {
                scope.spawn(|| self.work(&next, &stop, &found, tell));
            }
        });
        let mut found = found.lock().clone();
        found.violations.sort_by_key(|v| v.seed);
        found
    }

    fn work(
        &self,
        next: &AtomicU64,
        stop: &AtomicBool,
        found: &Mutex<Found>,
        tell: &(dyn Fn(Result<&Report, &Violation>) + Sync),
    ) {
        while !stop.load(Ordering::Relaxed) {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= self.seeds.end {
                return;
            }
            if !self.shard.has(seed) {
                continue;
            }
            let scenario = self.scenario.unwrap_or_else(|| scenario_of_seed(seed));
            match run_seed(scenario, seed, &self.request) {
                Ok(report) => {
                    found.lock().totals.add(&report);
                    tell(Ok(&report));
                }
                Err(violation) => {
                    stop.fetch_or(self.stops_at_violation, Ordering::Relaxed);
                    tell(Err(&violation));
                    found.lock().violations.push(*violation);
                }
            }
        }
    }
}
