//! Views.

use crate::types::SqlType;

/// A view: a query under a name.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// Its name, folded as PostgreSQL folds.
    pub name: String,
    /// Names and types of its columns, in order.
    pub columns: Vec<(String, SqlType)>,
    /// SQL text of the query.
    pub query: String,
    /// The tables and views that the query names: they cannot be dropped without it.
    pub depends_on: Vec<String>,
    /// `COMMENT ON VIEW`
    pub comment: Option<String>,
}
