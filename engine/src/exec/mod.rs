//! Floor 8: operators and expressions over Arrow batches.
//!
//! ```text
//!   plan ──build──▶ operators ──next()──▶ batches of about `batch_rows` ──▶ result
//!                       │ expressions: eval (vectorised), scalar (one row)
//!                       ▼
//!                   StorageTxn: scan, get                    change ──▶ write ──▶ insert, put, delete
//! ```
//!
//! Operators are pulled. Those that must hold rows (`sort`, `hash_join`, `merge_join`, `loop_join`, `aggregate`, `window`, `distinct`,
//! `set_operation`, `recursive`) count what they hold in the statement's `memory`. Where that is not enough, `sort`,
//! `hash_join`, `merge_join`, `aggregate`, `distinct` and `set_operation` go on by way of the disk (`spill`). A statement that touches a few rows by key takes the `short` path, without batches. Changes read and compute everything first and write afterwards, row by row with all indexes
//! (`entry`); `pending` knows what of it is to come. `copy` does so a batch of lines at a time. What foreign keys ask for then (`integrity`) comes last.
//!
//! - EXEC-1: a function that gives rows has at least one column.
//! - EXEC-2: the value of an integer primary key is an integer, and not NULL once NOT NULL was checked.
//! - EXEC-3: rows to change end with their row id.
//! - EXEC-4: a short scan looks up keys, not ranges.
//! - EXEC-5: a statement without a plan is not run here, and a change of WITH is made before it is read.
//! - EXEC-6: every subquery in an expression of a plan is planned.
//! - EXEC-7: a subquery is given columns of the row that it is run for.
//! - EXEC-8: a row to lock comes with its row id.
//! - EXEC-9: a row that is changed or removed comes with the columns that foreign keys to be looked at are over.
//! - EXEC-10: a table that an action changes is one that the binder has found.
//! - EXEC-15: each kind of operator is opened in one place.
//!
//! Needs from below: a plan, whose expressions are over positions, and the storage door.

mod aggregate;
mod alter_rows;
mod analyze;
mod batch;
mod build;
mod change;
mod check_table;
mod conflict;
mod copy;
mod distinct;
mod entry;
pub mod eval;
mod expression;
mod fill_index;
mod filter;
mod function_rows;
mod function_scan;
mod grouping_sets;
mod hash_join;
mod index_join;
mod integrity;
mod json_path;
mod json_rows;
mod keys;
mod last;
mod lateral;
mod limit;
mod lock_rows;
mod lookup;
mod loop_join;
mod memory;
mod merge;
mod merge_join;
mod operator;
mod pending;
mod profile;
mod project_set;
mod recursive;
mod run;
mod scalar;
mod scan;
mod series;
mod set_operation;
mod short;
mod sort;
mod spill;
mod subquery;
mod ties;
mod window;
mod write;

pub(crate) use alter_rows::{alter_rows, build_index};
pub(crate) use analyze::analyze;
pub(crate) use batch::Batch;
pub(crate) use check_table::check_table;
pub(crate) use copy::{CopyIo, Reading, Writing};
pub(crate) use eval::{Clock, Outside, RandomNumbers, SequenceValues, SessionValues};
pub(crate) use expression::Folder;
pub(crate) use fill_index::fill_index;
pub(crate) use integrity::{
    ConstraintId, Deferral, check_deferred, check_foreign_key, check_references,
};
pub(crate) use memory::MemoryPool;
pub(crate) use run::{Executed, ResultRows, Settings, execute};
pub(crate) use short::is_short;
pub(crate) use spill::TempSpace;
pub use spill::TempStats;
