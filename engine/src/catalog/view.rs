//! Views.

use super::relation_name::RelationName;
use super::stored_query::StoredQuery;
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
    /// What it shows.
    pub query: StoredQuery,
    /// `WITH CHECK OPTION`
    pub check_option: Option<CheckOption>,
    /// `COMMENT ON VIEW`
    pub comment: Option<String>,
}
