//! What can happen in a run.

use crate::course::Moment;
use crate::disk::{Call, CrashKind, Fault};
use crate::phase::Phase;
use crate::report::Violation;
use std::fmt;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A step begins.
    Begins(Moment),
    /// The disk was called.
    Calls(DiskCall),
    /// A session has done something.
    Done {
        /// Which session.
        lane: usize,
        /// What, and what came of it.
        text: String,
    },
    /// The machine, or the process, is started again.
    Restarts {
        /// What has ended its life.
        kind: CrashKind,
        /// What became of each sector that was written and not synced.
        sectors: Vec<SectorFate>,
    },
}

/// A call of the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiskCall {
    /// The session for which it was made, as far as that is known.
    pub lane: usize,
    /// What the engine was asked.
    pub phase: Phase,
    /// Which call.
    pub call: Call,
    /// The name of the file, without its directory.
    pub file: String,
    /// Where it begins, and for how many bytes; of `set_len` the length.
    pub place: (u64, u64),
    /// What came of it.
    pub outcome: Outcome,
    /// What was written, and the number of that write.
    pub written: Option<(u64, Vec<u8>)>,
}

/// What came of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Done,
    /// It failed, or did a part of what was asked.
    Failed(Fault),
    /// The machine went off in the middle of it.
    Crashed,
}

/// What became of a sector in a power loss.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SectorFate {
    /// The name of the file, without its directory.
    pub file: String,
    /// Which sector of the file.
    pub sector: u64,
    /// The number of the write that made it what reads saw.
    pub write: u64,
    /// What became of it.
    pub fate: Fate,
}

/// What can become of a sector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is as it was written.
    Kept,
    /// It is as it was before.
    Lost,
    /// It is neither.
    Garbage,
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Fate::Kept => "kept",
            Fate::Lost => "lost",
            Fate::Garbage => "garbage",
        })
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Done => f.pad("done"),
            Outcome::Failed(fault) => f.pad(&format!("failed: {fault:?}").to_lowercase()),
            Outcome::Crashed => f.pad("crash"),
        }
    }
}

impl fmt::Display for DiskCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.call, self.file)?;
        match (self.call, self.place) {
            (Call::Read | Call::Write, (offset, len)) => write!(f, ", {len} bytes at {offset}")?,
            (Call::SetLen, (len, _)) => write!(f, ", {len} bytes")?,
            _ => {}
        }
        match self.outcome {
            Outcome::Done => write!(f, " ({})", self.phase),
            outcome => write!(f, " ({}): {outcome}", self.phase),
        }
    }
}

/// A run, watched.
#[derive(Clone, Debug)]
pub struct Trace {
    /// What it is the run of, in a line.
    pub title: String,
    /// All that happened, in order.
    pub events: Vec<Event>,
    /// What was found in the end, if something was.
    pub violation: Option<Box<Violation>>,
}
