//! What `quanta-sim` can do beside running seeds: one file a command.

mod planted;

pub(crate) use planted::{PlantedArguments, planted};
