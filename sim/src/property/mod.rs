//! Properties of structures, each a function that takes an arbitrary input and panics when the property is broken.
//!
//! The same function is called by a test with random bytes and by a fuzz target with bytes that a fuzzer found:
//!
//! ```text
//!   bytes ──arbitrary──▶ LogInput  ──▶ check_log      every record that was flushed comes back, nothing else does
//!                        TreeInput ──▶ check_tree     a tree is an ordered map
//!                        FileInput ──▶ check_files    any bytes as a database or its log: an answer or an error
//!                        SqlInput  ──▶ check_sql      any text as SQL: a bound statement or an error
//! ```

mod files;
mod hostile;
mod input;
mod log;
mod sql;
mod tree;

pub use files::{DatabaseFiles, tight};
pub use hostile::{Claim, FileInput, LogDamage, Patch, check_file, check_log_damage};
pub use input::{Bytes, Rest, input_of};
pub use log::{LogInput, LogStep, check_log};
pub use sql::{ScenarioInput, check_scenario, check_sql};
pub use tree::{Key, TreeInput, TreeStep, check_tree};
