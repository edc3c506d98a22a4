//! Floor 8: operators and expressions over Arrow batches.

pub mod eval;
