//! Window functions over an input that comes partition by partition, in the order of the window.
//!
//! ```text
//!   rows in order     p  o          gather ──▶ chunk: whole partitions, at least a batch of rows
//!                     1  3  ┐
//!                     1  3  ┘ peers    frame ──▶ for each row, from which row on and up to which it sees
//!                     1  5             rank, value ──▶ positions, and values of other rows
//!                     2  1             aggregate ──▶ over the frame, by the cheapest way that is exact:
//! ```
//!
//! | frame | aggregate | way | time |
//! |---|---|---|---|
//! | the whole partition | any | once for each partition | n |
//! | any | count, sum and avg of integers, bool_and, bool_or | `prefix`: differences of running totals | n |
//! | begins with the partition | any | `aggregate`: a state for each end, made of the one before | n |
//! | any | min, max, sum and avg of NUMERIC | `tree`: of partial results | n log n |
//! | any | the others | over each frame anew | sum of the frames |
//!
//! A chunk is held in memory, so that one partition must fit into what all statements may hold; the sort below spills.
//!
//! The last way is for sums of floats, whose result depends on the order of the rows, and for what grows with its rows
//! anyway.

mod aggregate;
mod chunk;
mod distance;
mod frame;
mod operator;
mod prefix;
mod rank;
mod tree;
mod value;

pub(crate) use operator::WindowAggregation;
