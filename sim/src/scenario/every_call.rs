//! Not a sample of the crash points but all of them: a short workload is run once to count its disk calls, then again for
//! each of them, crashing there.

use super::registry::{Progress, Request, Scenario};
use super::run::CrashRun;
use super::storage::Trees;
use super::swarm::SwarmOptions;
use crate::lockstep::Mismatch;
use crate::report::Report;

/// Crash points of one seed at most; a run that has more is crashed at that many, evenly spread.
const POINTS_MAX: u64 = 400;

/// A crash at every call.
pub(super) struct EveryCall;

impl Scenario for EveryCall {
    fn name(&self) -> &'static str {
        "every-call"
    }

    fn about(&self) -> &'static str {
        "a short workload on trees, once for each of its disk calls, with a crash at that call"
    }

    fn options(&self, seed: u64) -> SwarmOptions {
        SwarmOptions::every_call(seed)
    }

    fn run(
        &self,
        seed: u64,
        options: SwarmOptions,
        request: &Request,
        progress: Progress,
    ) -> Result<Report, Mismatch> {
        let once = |crash_at: Option<u64>| {
            let options = options.clone();
            let run = CrashRun::<Trees>::with_crash_at(seed, options, progress.clone(), crash_at)?;
            run.run(self.name(), seed, request)
        };
        let mut total = once(None)?;
        let calls = total.disk.calls.total();
        let stride = calls.div_ceil(POINTS_MAX).max(1);
        for crash_at in (1..=calls).step_by(stride as usize) {
            let report = once(Some(crash_at)).map_err(|mismatch| Mismatch {
                doing: format!("crashed at call {crash_at} of {calls}: {}", mismatch.doing),
                ..mismatch
            })?;
            total.work.add(&report.work);
            total.disk.add(&report.disk);
            total.trace_hash = total.trace_hash.rotate_left(1) ^ report.trace_hash;
        }
        Ok(total)
    }
}
