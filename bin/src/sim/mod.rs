//! What `quanta-sim` can do beside running seeds: one file a command.

mod bench;
mod exhaustive;
mod planted;

pub(crate) use bench::{BenchArguments, bench};
pub(crate) use exhaustive::{ExhaustiveArguments, exhaustive};
pub(crate) use planted::{PlantedArguments, planted};
