//! Expressions over Arrow batches: evaluation, casts, functions, aggregates.
//!
//! ```text
//!   a + 1 > b AND s LIKE 'x%'          columns a, b, s of one batch
//!        │
//!   evaluate ── operand: an array of all rows, or one value for all of them (literals, parameters)
//!        │
//!   logic ─ compare ─ arithmetic ─ cast ─ like ─ function ─ subquery        one kernel call for a whole column
//! ```
//!
//! What a row does not reach must not fail for it: the later operands of AND and OR, the branches of CASE and the later
//! arguments of COALESCE are evaluated over a selection of the rows, unless they cannot fail.

pub mod aggregate;
mod arithmetic;
mod cast;
mod cast_number;
mod compare;
mod context;
mod evaluate;
mod fallible;
mod function;
mod like;
mod like_pattern;
mod logic;
mod mask;
mod numeric_kernel;
mod operand;
mod random;
mod regexp;
mod row_set;
mod selection;
mod subquery;
mod time_arithmetic;
mod value_set;

#[cfg(test)]
mod tests;

pub use context::{
    Clock, EvalContext, Outside, SequenceValues, SessionValues, SubqueryRows, SubqueryRunner,
};
pub use evaluate::{evaluate, evaluate_constant, evaluate_predicate};
pub(crate) use fallible::never_fails;
pub(crate) use function::regexp_matches;
pub use random::RandomNumbers;
