//! What the engine is asked to do at the moment: crashes and faults are counted by it.

use crate::course::CourseCell;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// What the driver is calling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Phase {
    /// The first open, which creates the database.
    Creation,
    /// Statements and operations of transactions.
    Running,
    /// A commit.
    Commit,
    /// A checkpoint.
    Checkpoint,
    /// Vacuum and other maintenance.
    Vacuum,
    /// An open that recovers.
    Recovery,
    /// The checks after a recovery.
    Check,
    /// A clean close.
    Close,
}

impl Phase {
    /// All of them, in the order of their numbers.
    pub const ALL: [Phase; 8] = [
        Phase::Creation,
        Phase::Running,
        Phase::Commit,
        Phase::Checkpoint,
        Phase::Vacuum,
        Phase::Recovery,
        Phase::Check,
        Phase::Close,
    ];
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Phase::Creation => "creation",
            Phase::Running => "running",
            Phase::Commit => "commit",
            Phase::Checkpoint => "checkpoint",
            Phase::Vacuum => "vacuum",
            Phase::Recovery => "recovery",
            Phase::Check => "check",
            Phase::Close => "close",
        })
    }
}

/// Somebody who is told of each phase that ends, at its end.
#[derive(Clone)]
pub struct PhaseWatch(Arc<dyn Fn(Phase) + Send + Sync>);

impl PhaseWatch {
    /// One who does that.
    pub fn new(ends: impl Fn(Phase) + Send + Sync + 'static) -> Self {
        Self(Arc::new(ends))
    }
}

impl fmt::Debug for PhaseWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PhaseWatch").finish_non_exhaustive()
    }
}

/// The current phase, told by the driver and read by the disk, and the course of the run, which both take down.
#[derive(Clone, Debug, Default)]
pub struct PhaseCell {
    phase: Arc<AtomicU8>,
    course: CourseCell,
    watch: Option<PhaseWatch>,
}

impl PhaseCell {
    /// One whose run has that course, and is watched or not.
    pub fn of_run(course: CourseCell, watch: Option<PhaseWatch>) -> Self {
        Self {
            course,
            watch,
            ..Self::default()
        }
    }

    /// The course of the run.
    pub fn course(&self) -> &CourseCell {
        &self.course
    }

    /// Tells what is being called from now on.
    pub fn set(&self, phase: Phase) {
        let before = self.get();
        self.phase.store(phase as u8, Ordering::Relaxed);
        if let Some(PhaseWatch(ends)) = self.watch.as_ref().filter(|_| before != phase) {
            ends(before);
        }
    }

    /// What is being called.
    pub fn get(&self) -> Phase {
        Phase::ALL[usize::from(self.phase.load(Ordering::Relaxed))]
    }

    /// Calls `f` in `phase`, then goes back to the phase before.
    pub fn during<T>(&self, phase: Phase, f: impl FnOnce() -> T) -> T {
        let before = self.get();
        self.set(phase);
        let result = f();
        self.set(before);
        result
    }
}
