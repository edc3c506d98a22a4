//! The bound tree of functions that give rows in the SELECT list.
//!
//! ```text
//!   SELECT a, unnest(b) || 'x' FROM t      projection   Column(0), Column(2) || 'x'
//!                                          FROM         SetRows: t's a and b as columns 0 and 1, unnest(1) as column 2
//! ```

use super::{Query, TableFunction};
use crate::types::SqlType;

/// For each row of a query the rows of functions of it, side by side: as many as the longest gives, those of the others
/// go on with NULL. Its columns are those of the query, then one for each function.
#[derive(Clone, Debug, PartialEq)]
pub struct SetRows {
    /// What gives the arguments.
    pub query: Box<Query>,
    /// The functions, at least one.
    pub calls: Vec<SetRowsCall>,
    /// Column types.
    pub types: Vec<SqlType>,
}

/// A function of [`SetRows`].
#[derive(Clone, Debug, PartialEq)]
pub struct SetRowsCall {
    /// Which, giving one column.
    pub function: TableFunction,
    /// The columns of the query that are its arguments.
    pub arguments: Vec<usize>,
    /// The type of what it gives.
    pub sql_type: SqlType,
}
