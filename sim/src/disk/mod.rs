//! A disk that grants the disk contract of `quantadb::vfs` and nothing more.
//!
//! Between the engine and the platter lies a cache that a power loss empties sector by sector:
//!
//! ```text
//!   write_at ─▶ bytes (what reads see)
//!               dirty: sector 3 ─▶ [durable, older, …]   at a power loss any of these, or the newest
//!               lost:  sector 7 ─▶ durable               a failed sync forgot it: gone at the next power loss
//!   sync     ─▶ forgets `dirty`: the newest is durable
//!
//!   open/rename/remove ─▶ names (what lookups see) and a list of changes, forgotten by sync_dir
//! ```
//!
//! - A *power loss* decides for each dirty sector, each unsynced length and each unsynced change of a name whether it
//!   is there. Sectors may be garbage, if [`PowerLoss::garbage`] says so. A *process crash* keeps everything, still
//!   unsynced.
//! - What else the same power loss could have left is looked at on disks of their own ([`SimDisk::restart_each`]), which
//!   share with this one all that neither has written since.
//! - A crash is armed for the n-th call from now; that call and all after it fail until [`SimDisk::restart`]. Files
//!   opened before stay dead.
//! - Faults (I/O error, full disk, interruption, short transfer, failed sync) come by chance or at the n-th call.
//! - Faults have names ([`FaultKind`]). Those beyond the contract ([`Betrayal`], and [`SimDisk::rot_somewhere`]) strike only
//!   where a scenario asks for them.
//! - Everything random comes from one stream given at creation, and every call is folded into a trace hash.

mod content;
mod counters;
mod directory;
mod faults;
mod inode;
mod kind;
mod settle;
mod sim;
mod state;
mod survivors;

pub use counters::{Call, CallCounts, DiskCounters};
pub use faults::{Betrayal, CrashKind, DiskFaults, Fault, PowerLoss, SyncFailure};
pub use kind::{FaultKind, FaultSet, KindCounts};
pub use sim::{OtherOutcome, SimDisk};
