//! SQL through the library, mostly over the model and over a disk.

mod changes;
mod copy;
mod explain;
mod foreign_keys;
mod indexes;
mod isolation;
mod kept_columns;
mod limits;
mod maintenance;
mod old_snapshot;
mod queries;
mod row_locks;
mod set_operations;
mod settings;
mod subqueries;
mod transactions;
mod vacuum;
mod with;
