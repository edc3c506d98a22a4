//! What `quanta-sim` can do beside running seeds: one file a command.

mod bench;
mod exhaustive;
mod merge;
mod planted;
mod property;
mod replay;
mod request;
mod search;
mod shrink;
mod sweep;

pub(crate) use bench::{BenchArguments, bench};
pub(crate) use exhaustive::{ExhaustiveArguments, exhaustive};
pub(crate) use merge::{MergeArguments, merge};
pub(crate) use planted::{PlantedArguments, planted};
pub(crate) use property::{PropertyArguments, property};
pub(crate) use replay::{ReplayArguments, replay};
pub(crate) use request::{RequestArguments, usage};
pub(crate) use search::{SearchArguments, search};
pub(crate) use shrink::{ShrinkArguments, shrink};
pub(crate) use sweep::{SweepArguments, sweep};
