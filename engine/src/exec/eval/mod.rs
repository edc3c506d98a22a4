//! Expressions over Arrow batches: evaluation, casts, functions, aggregates.
