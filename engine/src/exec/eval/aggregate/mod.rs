//! Aggregates over groups of rows.
//!
//! ```text
//! group of each row   0 1 0 2 1 …        found by the operator, by hashing the keys
//! argument column     7 3 5 8 2 …        one update for a batch, one state for each group
//! states              [12, 5, 8]  ──finish──►  a column with a row for each group
//! ```
//!
//! With a single group the numbers are summed without looking at the groups of the rows.

mod accumulator;
mod array_agg;
mod bits;
mod boolean;
mod count;
mod distinct;
mod extreme;
mod extreme_bytes;
mod interval;
mod json_agg;
mod ordered;
mod percentile;
mod regression;
mod string_agg;
mod sum_float;
mod sum_integer;
mod sum_numeric;
mod variance;

#[cfg(test)]
mod tests;

pub use accumulator::{Accumulator, accumulator};
pub(crate) use sum_integer::integer_sums;
pub(crate) use sum_numeric::numeric_sums;
