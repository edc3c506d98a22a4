//! What the disk was asked and what it did, by call and by phase.

use super::kind::{FaultKind, KindCounts};
use crate::phase::Phase;
use std::fmt;

/// The calls of `Vfs` and `File`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Call {
    /// `Vfs::open`.
    Open,
    /// `Vfs::exists`.
    Exists,
    /// `Vfs::remove`.
    Remove,
    /// `Vfs::rename`.
    Rename,
    /// `Vfs::sync_dir`.
    SyncDir,
    /// `File::read_at`.
    Read,
    /// `File::write_at`.
    Write,
    /// `File::set_len`.
    SetLen,
    /// `File::len`.
    Len,
    /// `File::sync`.
    Sync,
    /// `File::lock_exclusive`.
    Lock,
}

impl Call {
    /// All of them, in the order of their numbers.
    pub const ALL: [Call; 11] = [
        Call::Open,
        Call::Exists,
        Call::Remove,
        Call::Rename,
        Call::SyncDir,
        Call::Read,
        Call::Write,
        Call::SetLen,
        Call::Len,
        Call::Sync,
        Call::Lock,
    ];
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Call::Open => "open",
            Call::Exists => "exists",
            Call::Remove => "remove",
            Call::Rename => "rename",
            Call::SyncDir => "sync_dir",
            Call::Read => "read_at",
            Call::Write => "write_at",
            Call::SetLen => "set_len",
            Call::Len => "len",
            Call::Sync => "sync",
            Call::Lock => "lock_exclusive",
        })
    }
}

/// Counts by call and phase.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallCounts([[u64; Phase::ALL.len()]; Call::ALL.len()]);

impl CallCounts {
    pub(super) fn count(&mut self, call: Call, phase: Phase) {
        self.0[call as usize][phase as usize] += 1;
    }

    /// How often `call` in `phase`.
    pub fn of(&self, call: Call, phase: Phase) -> u64 {
        self.0[call as usize][phase as usize]
    }

    /// How often `call`.
    pub fn of_call(&self, call: Call) -> u64 {
        self.0[call as usize].iter().sum()
    }

    /// How often in `phase`.
    pub fn of_phase(&self, phase: Phase) -> u64 {
        self.0.iter().map(|phases| phases[phase as usize]).sum()
    }

    /// How often in all.
    pub fn total(&self) -> u64 {
        self.0.iter().flatten().sum()
    }

    /// Adds another's counts.
    pub fn add(&mut self, other: &CallCounts) {
        let pairs = self.0.iter_mut().flatten().zip(other.0.iter().flatten());
        pairs.for_each(|(mine, theirs)| *mine += theirs);
    }
}

/// Everything that is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DiskCounters {
    /// Calls.
    pub calls: CallCounts,
    /// Calls that a fault failed, shortened or interrupted.
    pub faults: CallCounts,
    /// Crashes, by the call that met them.
    pub crashes: CallCounts,
    /// Power losses among the crashes.
    pub power_losses: u64,
    /// Unsynced sectors that a power loss took back.
    pub sectors_lost: u64,
    /// Unsynced sectors that survived one.
    pub sectors_kept: u64,
    /// Unsynced sectors that became garbage.
    pub sectors_garbage: u64,
    /// Blocks of 4 KiB of which a part of the unsynced sectors survived: torn writes.
    pub blocks_torn: u64,
    /// Sectors that a failed sync forgot.
    pub sectors_forgotten: u64,
    /// Changes of names that a power loss took back.
    pub names_lost: u64,
    /// Lengths that a power loss took back.
    pub lengths_lost: u64,
    /// Faults by name, but those that the counts above tell.
    pub(super) kinds: KindCounts,
}

impl DiskCounters {
    /// How often a fault has struck: sectors, blocks, calls or power losses.
    pub fn of_kind(&self, kind: FaultKind) -> u64 {
        match kind {
            FaultKind::Torn => self.blocks_torn,
            FaultKind::Lost => self.sectors_lost + self.names_lost + self.lengths_lost,
            FaultKind::Garbage => self.sectors_garbage,
            _ => self.kinds.of(kind),
        }
    }

    /// Adds another's counts.
    pub fn add(&mut self, other: &DiskCounters) {
        self.calls.add(&other.calls);
        self.faults.add(&other.faults);
        self.crashes.add(&other.crashes);
        self.power_losses += other.power_losses;
        self.sectors_lost += other.sectors_lost;
        self.sectors_kept += other.sectors_kept;
        self.sectors_garbage += other.sectors_garbage;
        self.blocks_torn += other.blocks_torn;
        self.sectors_forgotten += other.sectors_forgotten;
        self.names_lost += other.names_lost;
        self.lengths_lost += other.lengths_lost;
        self.kinds.add(&other.kinds);
    }
}
