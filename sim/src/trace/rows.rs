//! Events gathered into the rows of a page: what a session did, with the calls that were made for it.

use super::event::{DiskCall, Event, SectorFate, Trace};
use crate::disk::CrashKind;
use crate::phase::Phase;
use std::collections::BTreeMap;

/// A mark for a call, with the number of its event.
pub(super) type Mark<'a> = (usize, &'a DiskCall);

/// One row.
pub(super) enum Row<'a> {
    /// A step, or what is done without a session: creation, recovery, checks, close.
    Heading(String),
    /// What was done, and the calls made for it.
    Work {
        /// The session; none where the engine is opened or checked.
        lane: Option<usize>,
        /// What was done.
        text: &'a str,
        /// The calls.
        marks: Vec<Mark<'a>>,
    },
    /// A restart.
    Restart {
        /// What has ended the life.
        kind: CrashKind,
        /// What became of the unsynced sectors.
        sectors: &'a [SectorFate],
    },
}

/// Calls that no row has yet.
#[derive(Default)]
struct Pending<'a> {
    of_lanes: BTreeMap<usize, Vec<Mark<'a>>>,
    of_phase: Option<(Phase, Vec<Mark<'a>>)>,
}

/// Whether a phase is one in which no session does anything.
fn is_without_session(phase: Phase) -> bool {
    matches!(
        phase,
        Phase::Creation | Phase::Recovery | Phase::Check | Phase::Close
    )
}

fn phase_text(phase: Phase) -> &'static str {
    match phase {
        Phase::Creation => "the database is created",
        Phase::Recovery => "recovery",
        Phase::Check => "everything is compared",
        Phase::Close => "close",
        _ => "interrupted",
    }
}

impl<'a> Pending<'a> {
    fn flush_phase(&mut self, rows: &mut Vec<Row<'a>>) {
        if let Some((phase, marks)) = self.of_phase.take() {
            rows.push(Row::Work {
                lane: None,
                text: phase_text(phase),
                marks,
            });
        }
    }

    fn flush(&mut self, rows: &mut Vec<Row<'a>>) {
        self.flush_phase(rows);
        for (lane, marks) in std::mem::take(&mut self.of_lanes) {
            rows.push(Row::Work {
                lane: Some(lane),
                text: phase_text(Phase::Running),
                marks,
            });
        }
    }

    fn add(&mut self, mark: Mark<'a>, rows: &mut Vec<Row<'a>>) {
        let (_, call) = mark;
        if !is_without_session(call.phase) {
            self.of_lanes.entry(call.lane).or_default().push(mark);
            return;
        }
        let same = self
            .of_phase
            .as_ref()
            .is_some_and(|(p, _)| *p == call.phase);
        if !same {
            self.flush_phase(rows);
        }
        let (_, marks) = self.of_phase.get_or_insert((call.phase, Vec::new()));
        marks.push(mark);
    }
}

/// The rows of a run.
pub(super) fn rows(trace: &Trace) -> Vec<Row<'_>> {
    let (mut rows, mut pending) = (Vec::new(), Pending::default());
    for (at, event) in trace.events.iter().enumerate() {
        match event {
            Event::Begins(moment) => {
                pending.flush(&mut rows);
                rows.push(Row::Heading(moment.to_string()));
            }
            Event::Calls(call) => pending.add((at, call), &mut rows),
            Event::Done { lane, text } => {
                pending.flush_phase(&mut rows);
                rows.push(Row::Work {
                    lane: Some(*lane),
                    text,
                    marks: pending.of_lanes.remove(lane).unwrap_or_default(),
                });
            }
            Event::Restarts { kind, sectors } => {
                pending.flush(&mut rows);
                rows.push(Row::Restart {
                    kind: *kind,
                    sectors,
                });
            }
        }
    }
    pending.flush(&mut rows);
    rows
}

/// How many sessions have a lane.
pub(super) fn lanes(trace: &Trace) -> usize {
    let lanes = trace.events.iter().filter_map(|event| match event {
        Event::Done { lane, .. } => Some(lane + 1),
        Event::Calls(call) if !is_without_session(call.phase) => Some(call.lane + 1),
        _ => None,
    });
    lanes.max().unwrap_or(1)
}

/// The files that were called, in the order of their names.
pub(super) fn files(trace: &Trace) -> Vec<&str> {
    let mut files: Vec<&str> = trace
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Calls(call) => Some(call.file.as_str()),
            _ => None,
        })
        .collect();
    files.sort_unstable();
    files.dedup();
    files
}
