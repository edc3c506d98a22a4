//! What a course is made of.

use crate::disk::{CrashKind, Fault, FaultKind};
use std::fmt;

/// All parts of a run, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Course {
    /// The call at which the run was crashed, where a scenario tries each.
    pub point: Option<u64>,
    /// The steps: the start first, the end last if it was reached.
    pub steps: Vec<Step>,
    /// Whether each step has the turns that its own draws give it, and not those that it lists.
    pub draws_turns: bool,
}

/// When a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Moment {
    /// Creating the database and what the workload begins with.
    Start,
    /// The step of that number.
    Step(u64),
    /// The last close, and the checks after it.
    End,
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Moment::Start => f.write_str("start"),
            Moment::Step(number) => write!(f, "step {number}"),
            Moment::End => f.write_str("end"),
        }
    }
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// When it is.
    pub moment: Moment,
    /// Where each stream of draws stood when it began, in words of four bytes: that of crashes, that of the disk, those of
    /// the workload.
    pub at: Vec<u64>,
    /// What it consists of, where that is more than one thing.
    pub turns: Vec<Turn>,
    /// What went wrong in it.
    pub incidents: Vec<Incident>,
    /// What was done, for people.
    pub notes: Vec<String>,
}

impl Step {
    /// A step in which nothing has happened yet.
    pub fn new(moment: Moment, at: Vec<u64>) -> Self {
        Self {
            moment,
            at,
            turns: Vec::new(),
            incidents: Vec::new(),
            notes: Vec::new(),
        }
    }
}

/// One of many things of a step: a transaction of a session that has a thread, or a change of a burst.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Which session.
    pub session: usize,
    /// Which of its turns in this step.
    pub number: u32,
    /// Where its stream of draws stood.
    pub at: u64,
}

/// Something that went wrong with the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Incident {
    /// Which leg of the step, counted from 0.
    pub leg: u32,
    /// Which call of the leg, counted from 1; of a restart, how many there were.
    pub call: u64,
    /// What it was.
    pub what: What,
    /// Where the disk's stream of draws stood: how much of a write is there, and which sectors survive, follows from it.
    pub at: u64,
}

/// What can go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// The machine goes off in the middle of the call.
    Crash,
    /// The call fails.
    Fault(Fault),
    /// The call is slow, or the disk betrays its contract in it.
    Strike(FaultKind),
    /// The machine, or the process, is started again.
    Restart(CrashKind),
}

impl What {
    /// All that there can be.
    pub fn all() -> impl Iterator<Item = What> {
        let faults = [Fault::Io, Fault::Full, Fault::Interrupted, Fault::Short];
        let strikes = [
            FaultKind::Slow,
            FaultKind::Misdirected,
            FaultKind::LostWrites,
            FaultKind::Stale,
        ];
        let restarts = [CrashKind::PowerLoss, CrashKind::Process];
        [What::Crash]
            .into_iter()
            .chain(faults.map(What::Fault))
            .chain(strikes.map(What::Strike))
            .chain(restarts.map(What::Restart))
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            What::Crash => "crash",
            What::Fault(Fault::Io) => "error",
            What::Fault(Fault::Full) => "full",
            What::Fault(Fault::Interrupted) => "interrupted",
            What::Fault(Fault::Short) => "short",
            What::Strike(kind) => kind.name(),
            What::Restart(CrashKind::PowerLoss) => "power-loss",
            What::Restart(CrashKind::Process) => "process-end",
        })
    }
}

/// Which kind of part is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Steps, with all that is in them.
    Steps,
    /// Turns.
    Turns,
    /// Incidents.
    Incidents,
}

impl Course {
    /// How many parts of that kind could be left out.
    pub fn count(&self, kind: Kind) -> usize {
        let inside = |step: &Step| match kind {
            Kind::Steps => usize::from(matches!(step.moment, Moment::Step(_))),
            Kind::Turns => step.turns.len(),
            Kind::Incidents => step.incidents.len(),
        };
        self.steps.iter().map(inside).sum()
    }

    /// The same with those parts of that kind whose numbers, counted through all steps, are listed in ascending order.
    #[must_use]
    pub fn only(&self, kind: Kind, kept: &[usize]) -> Course {
        let mut number = 0..;
        let mut keeps = || {
            let number = number.next().unwrap_or(usize::MAX);
            kept.binary_search(&number).is_ok()
        };
        let mut course = self.clone();
        match kind {
            Kind::Steps => course
                .steps
                .retain(|step| !matches!(step.moment, Moment::Step(_)) || keeps()),
            Kind::Turns => {
                let steps = course.steps.iter_mut();
                steps.for_each(|step| step.turns.retain(|_| keeps()));
            }
            Kind::Incidents => {
                let steps = course.steps.iter_mut();
                steps.for_each(|step| step.incidents.retain(|_| keeps()));
            }
        }
        course
    }
}
