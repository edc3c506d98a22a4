//! Not a sample of crashes but all of them: a short workload is crashed before each of its calls of the disk, and for each
//! crash every state is tried in which the disk may be found.
//!
//! ```text
//!   set up ─▶ fork ─▶ the workload, stopped before call 0, 1, 2, … n
//!                        │
//!                        ▼
//!             unsynced sectors, lengths and names, each old or new (or between)
//!                        │  all combinations, up to a bound          the same files as before? not again
//!                        ▼
//!             recover ─▶ check() ─▶ what queries answer: as after the last step that was done, or after the one under way
//! ```
//!
//! What queries must answer is noted in a run that nothing disturbs. The bound is a number of binary choices: where there
//! are more, neighbours in the order of the file are decided together, and beside that each choice alone against all others.

mod explore;
mod workload;

pub use explore::{Explored, explore};
pub use workload::{WORKLOADS, Workload, workload_by_name};
