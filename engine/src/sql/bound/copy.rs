//! The bound tree of `COPY`.

use super::{Expr, Insert, Query};

/// `COPY … TO`.
#[derive(Clone, Debug)]
pub struct CopyTo {
    /// What gives the rows.
    pub query: Query,
    /// Where they go, and how.
    pub form: CopyForm,
}

/// `COPY … FROM`.
#[derive(Clone, Debug)]
pub struct CopyFrom {
    /// What a row goes through: an INSERT without rows.
    pub insert: Insert,
    /// The columns of the table that a line has values for, in its order.
    pub columns: Vec<usize>,
    /// What the others get.
    pub defaults: Vec<(usize, Expr)>,
    /// `WHERE`, over the columns of the table.
    pub filter: Option<Expr>,
    /// Where rows come from, and how.
    pub form: CopyForm,
}

/// The file and the format of a `COPY`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyForm {
    /// The file; `None` for what the caller gives or takes.
    pub file: Option<String>,
    /// `FORMAT csv`, not `text`.
    pub is_csv: bool,
    /// What stands between two values.
    pub delimiter: u8,
    /// What NULL is written as.
    pub null: String,
    /// Whether the first line has the names of the columns.
    pub header: CopyHeader,
    /// What stands around values of CSV.
    pub quote: u8,
    /// What stands before a quote in a value of CSV.
    pub escape: u8,
    /// The columns, with what is special about each.
    pub columns: Vec<CopyColumn>,
}

/// Whether the first line has the names of the columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CopyHeader {
    /// It does not.
    Absent,
    /// It is written, or passed over.
    Present,
    /// It must have the names of the columns.
    Match,
}

/// A column of a `COPY`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CopyColumn {
    /// Its name.
    pub name: String,
    /// `FORCE_QUOTE`: values that are not NULL are always quoted.
    pub force_quote: bool,
    /// `FORCE_NOT_NULL`: what NULL is written as is a value where it is not quoted, too.
    pub force_not_null: bool,
    /// `FORCE_NULL`: what NULL is written as is NULL where it is quoted, too.
    pub force_null: bool,
}
