//! The binder: resolves names, chooses operators and functions, makes implicit casts explicit.
//!
//! - `statement` picks the binder of each statement; `insert` with `conflict`, `update`, `merge` (over `change`, and `updatable`, which finds
//!   the table behind a view), `truncate`, `copy`, `table`, `table_as`, `generated`, `index` and `view` bind what is not a query; `foreign_key` defines foreign keys, `integrity` finds those that a change can touch.
//! - `clauses`, `query`, `from`, `order`, `group` and `set_call` bind `SELECT` in the order of its evaluation, `sample` TABLESAMPLE, `system` tables about the schema, `set_operation` binds `UNION` and
//!   its like, `with` the queries of WITH. Every query in an expression is a *level* with a `scope` of its own; names that its scope does not know
//!   are looked for in the levels around it.
//! - `expr` binds expressions with the help of `literal`, `operator`, `predicate`, `row_value`, `call`, `information`, `aggregate`, `window` and
//!   `frame`; all changes
//!   of type go through `coerce`.
//!
//! A string literal, NULL or parameter has the type *unknown* until its context decides; `coerce` then reads the literal
//! as a value of that type, or notes the type of the parameter.

mod aggregate;
mod alter;
mod alter_column;
mod alter_view;
mod array;
mod call;
mod change;
mod clauses;
mod coerce;
mod comment;
mod conflict;
mod context;
mod copy;
mod data_type;
mod drop;
mod enum_type;
mod explain;
mod expr;
mod figure_name;
mod foreign_key;
mod frame;
mod from;
mod generated;
mod group;
mod grouping_sets;
mod index;
mod information;
mod insert;
mod integrity;
mod join;
mod json;
mod lateral;
mod like;
mod literal;
mod merge;
mod names;
mod namespace;
mod operator;
mod order;
mod overload;
mod pin;
mod predicate;
mod privilege;
mod quantified;
mod query;
mod relation;
mod relocate;
mod relocation;
mod row_locks;
mod row_value;
mod sample;
mod scope;
mod sequence;
mod set_call;
mod set_operation;
mod special_call;
mod statement;
mod statistical;
mod stored;
mod system;
mod table;
mod table_as;
mod table_function;
#[cfg(test)]
mod tests;
mod time_operator;
mod truncate;
mod updatable;
mod update;
mod view;
mod window;
mod with;

pub(crate) use explain::explain_options;
pub use integrity::reference;
pub(super) use literal::{number, number_type};
pub use statement::{Bound, bind, bind_as};
pub use stored::bind_expression;
pub(super) use stored::{bind_index_expression, bind_index_predicate};
pub(super) use updatable::settable_columns;
