//! Floor 5: what the database knows of its own tables, kept in an ordinary tree of the database itself.
//!
//! The root tree has an entry for each type, table, view, sequence and schema: its key is the kind of the entry and the name; its value is made
//! of fields, each with a tag and a length, so that a later version can add some (see `field`):
//!
//! ```text
//!   00 "m"  ->  type { name, number, label { number, text } … }
//!   01 "t"  ->  table { name, tree, column { name, type, … } …, index { name, tree, … } …, check …,
//!                    foreign key …, statistics { … }, materialized { query, depends on …, populated } }
//!   02 "v"  ->  view { name, column { name, type } …, query, depends on … }
//!   04 "s"  ->  sequence { name, tree, number, type, start, increment, … }
//!   05 "n"  ->  (nothing): a schema of SQL other than public, whose relations are under "n" 00 "t"
//! ```
//!
//! Since it is an ordinary tree, a change of the schema is part of its transaction like any other change, and a snapshot
//! sees the schema of its time.
//!
//! - CAT-1: what is stored can be read again: columns and expressions that an index, a foreign key or the row id names exist.
//! - CAT-3: an index that belongs to a constraint has an entry for each row, made of columns.
//! - CAT-2: what a foreign key refers to is a unique key of a table.

mod decode;
mod decoded;
mod encode;
mod field;
mod foreign_key;
mod relation_name;
mod schema;
mod sequence;
mod statistics;
mod store;
mod stored_query;
mod table;
#[cfg(test)]
mod tests;
mod types;
mod view;

pub(crate) use decoded::Decoded;
pub use foreign_key::{ConstraintTiming, ForeignKey, ReferencedKey, ReferentialAction};
pub use relation_name::{PUBLIC, RelationName};
pub use schema::{Dependent, Schema};
pub use sequence::{Counting, Sequence, SequenceState};
pub use statistics::{ColumnStatistics, TableStatistics};
pub(crate) use store::{CatalogReader, load_knowing};
pub use store::{
    has_sequence, load, put_namespace, put_sequence, put_setting, put_table, put_type, put_view,
    remove_namespace, remove_sequence, remove_table, remove_type, remove_view, store_statistics,
};
pub use stored_query::StoredQuery;
pub use table::{Column, EXPRESSION_BASE, Identity, Index, IndexExpression, Materialized, Table};
pub use types::Types;
pub use view::{CheckOption, View};
