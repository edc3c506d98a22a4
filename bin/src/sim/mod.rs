//! What `quanta-sim` can do beside running seeds: one file a command.

mod bench;
mod exhaustive;
mod planted;
mod replay;
mod request;
mod shrink;

pub(crate) use bench::{BenchArguments, bench};
pub(crate) use exhaustive::{ExhaustiveArguments, exhaustive};
pub(crate) use planted::{PlantedArguments, planted};
pub(crate) use replay::{ReplayArguments, replay};
pub(crate) use request::{RequestArguments, usage};
pub(crate) use shrink::{ShrinkArguments, shrink};
