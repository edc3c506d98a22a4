//! Not a sample of the crash points but all of them: a short workload is run once to count its disk calls, then again for
//! each of them, crashing there.

use super::registry::Task;
use super::run::CrashRun;
use super::storage::Trees;
use crate::lockstep::Mismatch;
use crate::report::Report;

/// Crash points of one seed at most; a run that has more is crashed at that many, evenly spread.
const POINTS_MAX: u64 = 400;

/// Runs the workload on trees, then once more for each of its calls.
pub(super) fn run(task: &Task<'_>) -> Result<Report, Mismatch> {
    let once = |crash_at| CrashRun::<Trees>::new(task, crash_at)?.run(task);
    let course = task.progress.phase.course();
    if course.is_followed() {
        return once(course.point());
    }
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
