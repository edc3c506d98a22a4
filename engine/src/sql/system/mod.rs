//! What SQL can ask about the schema: `information_schema` and the parts of `pg_catalog` that tools read.
//!
//! ```text
//!   FROM information_schema.columns ──find──▶ SystemTable ──rows(Schema)──▶ VALUES of constants
//! ```
//!
//! No table of these is stored. Each is a function of the [`Schema`] that the statement is bound against, and its rows
//! become constants of the statement: so they say what the statement's own transaction sees, uncommitted definitions of
//! its own among it, and a plan with them is used no longer than its schema is.
//!
//! - [`table`] is such a table and finds it by name; [`numbered`] gives each object the number by which the tables of `pg_catalog` refer to each other, [`constraint`]
//!   has the constraints of a table in one list, [`definition`] writes objects as the statements that make them,
//!   [`type_row`] describes types; [`rows`] makes a row of the values of its columns by their names.
//! - [`information`] and [`information_keys`] have the tables of the SQL standard, [`class`] and [`class_keys`] those of
//!   `pg_catalog` that refer to each other by number, [`listing`] those for people to read.
//!
//! Columns are PostgreSQL 15's, in its order, NULL where there is nothing to say. `oid` is BIGINT here, `name` and
//! `"char"` are TEXT, `int2vector` is SMALLINT[]. Numbers are those of one schema: a definition may change them.

mod class;
mod class_keys;
mod constraint;
mod definition;
mod information;
mod information_keys;
mod listing;
mod numbered;
mod rows;
mod table;
mod type_row;

pub(super) use numbered::number_of;
pub(super) use table::{CATALOG, DATABASE, INFORMATION, ROLE, SystemTable, find, is_system};
pub(super) use type_row::type_name;

use numbered::Numbered;
use table::listed;
