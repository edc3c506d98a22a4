//! Properties of structures, each a function that takes an arbitrary input and panics when the property is broken.
//!
//! The same function is called by a test with random bytes, by a test with the seeds of the fuzz targets, and by a fuzz target
//! with bytes that a fuzzer found; those of the storage core also by `quanta-sim property`, with bytes that a seed makes:
//!
//! ```text
//!   bytes ──arbitrary──▶ LogInput           check_log            every record that was flushed comes back, nothing else does
//!                        TreeInput          check_tree           a tree is an ordered map
//!                        TransactionsInput  check_transactions   sessions see what the model says
//!                        ForgottenInput     check_forgotten      what a failed sync forgot is told, and no old page read
//!                        PageInput          check_page           any bytes as a page, any bytes as changes of it
//!                        FileInput          check_file           any bytes as a database: an answer or an error
//!                        LogDamage          check_log_damage     any bytes as its log
//!                        RowInput           check_rows           a row is its values; any bytes as a row
//!                        KeyInput           check_keys           the order of keys is that of values; any bytes as a key
//!                        ValueText          check_value_text     any text as a value; its text is the value again
//!                        &str               check_sql            any text as SQL: a bound statement or an error
//!                        ExpressionInput    check_expression     an expression has the value that the reference says
//!                        QueryInput         check_query          a query gives the same rows whatever the plan is
//!                        CopyInput          check_copy           any bytes as the data of COPY; what is written is read
//!                        ScenarioInput      check_scenario       any decisions in any scenario: no violation
//! ```

mod copies;
mod decisions;
mod expressions;
mod files;
mod forgotten;
mod hostile;
mod input;
mod log;
mod named;
mod pages;
mod plans;
mod session;
mod sql;
mod transactions;
mod tree;
mod values;

pub use copies::{CopyInput, check_copy};
pub use decisions::{
    ScenarioInput, check_scenario, draw_decisions, mutate_decisions, run_decisions,
    scenario_of_decisions,
};
pub use expressions::{ExpressionInput, check_expression};
pub use files::{DatabaseFiles, tight};
pub use forgotten::{ForgottenInput, check_forgotten};
pub use hostile::{Claim, FileInput, LogDamage, Patch, check_file, check_log_damage};
pub use input::{Bytes, Rest, input_of};
pub use log::{LogInput, LogStep, check_log};
pub use named::{PROPERTIES, Property, property_by_name};
pub use pages::{PageInput, check_page};
pub use plans::{QueryInput, check_query};
pub use sql::check_sql;
pub use transactions::{TransactionsInput, check_transactions};
pub use tree::{Key, TreeInput, TreeStep, check_tree};
pub use values::{
    ColumnType, KeyColumn, KeyInput, RowInput, ValueText, check_keys, check_rows, check_value_text,
};
