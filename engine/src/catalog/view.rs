//! Views.

use super::relation_name::RelationName;
use crate::types::SqlType;

/// What rows that are written through a view must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckOption {
    /// `LOCAL`: rows that the view's own condition lets through.
    Local,
    /// `CASCADED`: rows that it and all views below show.
    Cascaded,
}

/// A view: a query under a name.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// Its name.
    pub name: RelationName,
    /// Names and types of its columns, in order.
    pub columns: Vec<(String, SqlType)>,
    /// SQL text of the query.
    pub query: String,
    /// The tables and views that the query names: they cannot be dropped without it.
    pub depends_on: Vec<RelationName>,
    /// Where the query looks for names that say no schema.
    pub search_path: Vec<String>,
    /// `WITH CHECK OPTION`
    pub check_option: Option<CheckOption>,
    /// `COMMENT ON VIEW`
    pub comment: Option<String>,
}
