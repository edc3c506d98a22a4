//! What the planner knows of the contents of a table.

/// What `ANALYZE` found.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct TableStatistics {
    /// Rows.
    pub rows: u64,
    /// Mean bytes of a row with its key.
    pub row_bytes: u64,
    /// For each column.
    pub columns: Vec<ColumnStatistics>,
}

/// What `ANALYZE` found of a column.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ColumnStatistics {
    /// Fraction of NULLs, 0 to 1.
    pub null_fraction: f64,
    /// Distinct values that are not NULL.
    pub distinct: f64,
    /// Most common values as index keys, with their fraction of all rows.
    pub most_common: Vec<(Vec<u8>, f64)>,
    /// Bounds of buckets of equal numbers of rows, as index keys, ascending.
    pub histogram: Vec<Vec<u8>>,
}
