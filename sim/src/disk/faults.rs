//! What may go wrong, and how often.

use std::io;

/// What ends the machine's or the process's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrashKind {
    /// What was not synced is decided sector by sector.
    PowerLoss,
    /// The process dies; the operating system keeps what it was given, still unsynced.
    Process,
}

/// What a failed sync does to the data it held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncFailure {
    /// Forgotten: marked clean without having been written.
    Dropped,
    /// Kept: a later sync writes it.
    Kept,
    /// Written, forgotten or kept, each sector by chance.
    Mixed,
}

/// One injected failure of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The device failed.
    Io,
    /// No space; only calls that need new space can meet it, others meet [`Fault::Io`].
    Full,
    /// Interrupted by a signal; only transfers, others go on.
    Interrupted,
    /// Fewer bytes than asked; only transfers, others go on.
    Short,
}

/// What a power loss may do to what was not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PowerLoss {
    /// Whether it takes anything back; else all of it is there.
    pub loses: bool,
    /// Whether a part of a write may survive; else all of it or nothing.
    pub tears: bool,
    /// Whether a write may survive one before it; else those up to some moment survive.
    pub reorders: bool,
    /// Whether a sector that it hits may become garbage.
    pub garbage: bool,
    /// Whether changes of names survive independently; else a prefix of them does.
    pub names_disordered: bool,
}

/// Chances, each out of a million calls, of what no disk may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Betrayal {
    /// A write is acknowledged, as is the sync after it, and is not there.
    pub lost_write_ppm: u32,
    /// A write goes to another place of the file.
    pub misdirected_ppm: u32,
    /// A read gives what was there before the last sync.
    pub stale_ppm: u32,
}

/// Chances, each out of a million calls, and models of failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiskFaults {
    /// A read fails.
    pub read_error_ppm: u32,
    /// A write fails, having written a part.
    pub write_error_ppm: u32,
    /// A sync fails.
    pub sync_error_ppm: u32,
    /// Another call (open, rename, …) fails.
    pub metadata_error_ppm: u32,
    /// A call that needs space finds none.
    pub full_ppm: u32,
    /// A transfer is interrupted.
    pub interrupted_ppm: u32,
    /// A transfer is short.
    pub short_ppm: u32,
    /// A call takes up to a second.
    pub slow_ppm: u32,
    /// What a failed sync does.
    pub sync_failure: SyncFailure,
    /// What a power loss may do.
    pub power: PowerLoss,
    /// What no disk may do.
    pub betrayal: Betrayal,
    /// Bytes that all files together may have.
    pub capacity_bytes: u64,
}

impl DiskFaults {
    /// Nothing fails by chance; a power loss still loses what was not synced.
    pub const NONE: DiskFaults = DiskFaults {
        read_error_ppm: 0,
        write_error_ppm: 0,
        sync_error_ppm: 0,
        metadata_error_ppm: 0,
        full_ppm: 0,
        interrupted_ppm: 0,
        short_ppm: 0,
        slow_ppm: 0,
        sync_failure: SyncFailure::Dropped,
        power: PowerLoss {
            loses: true,
            tears: true,
            reorders: true,
            garbage: false,
            names_disordered: false,
        },
        betrayal: Betrayal {
            lost_write_ppm: 0,
            misdirected_ppm: 0,
            stale_ppm: 0,
        },
        capacity_bytes: u64::MAX,
    };
}

/// The device's error.
pub(super) fn io_error() -> io::Error {
    io::Error::other("simulated I/O error")
}

/// What every call gives between a crash and the restart, and dead files for ever.
pub(super) fn dead() -> io::Error {
    io::Error::other("simulated crash: the machine is off")
}
