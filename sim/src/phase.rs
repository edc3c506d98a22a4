//! What the engine is asked to do at the moment: crashes and faults are counted by it.

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

/// The current phase, told by the driver and read by the disk.
#[derive(Clone, Debug, Default)]
pub struct PhaseCell(Arc<AtomicU8>);

impl PhaseCell {
    /// Tells what is being called from now on.
    pub fn set(&self, phase: Phase) {
        self.0.store(phase as u8, Ordering::Relaxed);
    }

    /// What is being called.
    pub fn get(&self) -> Phase {
        Phase::ALL[usize::from(self.0.load(Ordering::Relaxed))]
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
