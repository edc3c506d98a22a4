//! `EXPLAIN`: a plan as PostgreSQL shows it.
//!
//! ```text
//!   plan, what was seen ──tree──▶ operators as they are shown ──text──▶ lines, details indented below each operator
//!                                                             └─structured─▶ one JSON or YAML
//! ```
//!
//! `title` says what an operator is called and what it is of, `names` how its columns are called, `actual` what it was
//! seen to do. Keys and words are PostgreSQL's; an operator that PostgreSQL does not have goes by the name that the text
//! gives it.

mod actual;
mod names;
mod structured;
mod text;
mod title;
mod tree;

pub(crate) use actual::{Actual, Spent};
pub(crate) use tree::{Explain, Part, Ran, show};
