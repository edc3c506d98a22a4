//! Floor 6: from SQL text to a bound, typed tree.
//!
//! ```text
//!   "SELECT a + 1 FROM t" ──parse──▶ Parsed ──bind(schema)──▶ Bound
//!        sqlparser's tree, names as written ┘                 └ positions and types, implicit casts made explicit
//! ```
//!
//! [`parse`] turns a text into statements, with `42601` and a position for what is no SQL. [`bind`] resolves names
//! against a [`crate::catalog::Schema`], chooses operators and functions by PostgreSQL's rules, and infers the types of
//! parameters. What it does not know it refuses by name with `0A000`; nothing is parsed and then ignored. Both are pure
//! functions; nesting is bounded (`54001`).

mod action_columns;
mod bind;
pub mod bound;
mod change;
mod check_option;
mod column_origins;
mod condition;
mod conflict_target;
mod copy;
mod dialect;
mod element_targets;
mod frame_exclusion;
pub mod function;
mod identifier;
mod immutable;
mod index_keys;
mod integrity;
mod interval_digits;
mod lift;
mod locking;
mod nested_sets;
mod parse;
mod reading;
mod respell;
mod scan;
mod search_path;
mod sequence;
mod set_schema;
mod setting;
mod substring_similar;
mod system;
mod table_as;
mod table_command;
mod visit;
pub(crate) mod walk;

pub(crate) use bind::explain_options;
pub use bind::{Bound, bind, bind_as, bind_expression, reference};
pub(crate) use identifier::push_quoted;
pub use index_keys::{ComputedKey, IndexKeys};
pub use integrity::{Affected, Integrity, Reference};
pub(crate) use lift::{Lifted, lift};
pub use parse::{Parsed, parse};
pub(crate) use parse::{ParsedKind, parse_lifted, parse_one};
pub use reading::Reading;
pub use search_path::SearchPath;
pub(crate) use sequence::{takes_values_of, with_sequences_renamed};
pub(crate) use setting::Recognised;
