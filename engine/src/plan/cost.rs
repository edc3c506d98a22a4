//! The cost model: PostgreSQL's unit (one page read in sequence) and, where they fit, its constants.

use crate::catalog::Table;
use crate::plan::physical::Cost;
use crate::types::SqlType;

/// Handling a row.
pub(crate) const ROW: f64 = 0.01;
/// Handling an index entry.
pub(crate) const ENTRY: f64 = 0.005;
/// Evaluating an operator.
pub(crate) const OPERATOR: f64 = 0.0025;
/// Descending a tree to a leaf: mostly cached pages, so about ten rows of a scan.
pub(crate) const DESCENT: f64 = 0.3;
/// Bytes of a page for the estimate; what is on disk may differ.
const PAGE_BYTES: f64 = 8192.0;
/// Rows of a table that was never analysed.
const ROWS_UNKNOWN: f64 = 1000.0;
/// Rows that a subquery in an expression is thought to be run for at most when its cost is added up.
const SUBQUERY: f64 = 100.0;

/// Rows of `table`, by its statistics.
pub(crate) fn table_rows(table: &Table) -> f64 {
    table
        .statistics
        .as_ref()
        .map_or(ROWS_UNKNOWN, |s| (s.rows as f64).max(1.0))
}

/// Pages of `table`.
pub(crate) fn table_pages(table: &Table) -> f64 {
    let row_bytes = table.statistics.as_ref().map_or_else(
        || table.columns.iter().map(|c| width(c.sql_type)).sum::<u64>() as f64 + 16.0,
        |s| s.row_bytes as f64,
    );
    (table_rows(table) * row_bytes / PAGE_BYTES).ceil().max(1.0)
}

/// Typical bytes of a value, as `EXPLAIN` shows them.
pub(crate) fn width(sql_type: SqlType) -> u64 {
    match sql_type {
        SqlType::Bool => 1,
        SqlType::Int2 => 2,
        SqlType::Int4 | SqlType::Float4 | SqlType::Date => 4,
        SqlType::Int8
        | SqlType::Enum(_)
        | SqlType::Float8
        | SqlType::Timestamp(_)
        | SqlType::TimestampTz(_)
        | SqlType::Time(_) => 8,
        SqlType::Interval(_) | SqlType::Uuid => 16,
        SqlType::Numeric(_) | SqlType::Unknown => 16,
        SqlType::Varchar(Some(n)) | SqlType::Char(Some(n)) => u64::from(n.min(32)),
        SqlType::Text | SqlType::Varchar(None) | SqlType::Char(None) | SqlType::Bytes => 32,
        SqlType::Json | SqlType::Jsonb | SqlType::Array(_) => 64,
    }
}

/// Sorting `rows` rows of an input; with `keep` only the first so many.
pub(crate) fn sort(input: Cost, rows: f64, keep: Option<f64>) -> Cost {
    let depth = keep.map_or(rows, |k| k.min(rows)).max(2.0).log2();
    let startup = input.total + rows * depth * OPERATOR * 2.0;
    let out = keep.map_or(rows, |k| k.min(rows));
    Cost {
        startup,
        total: startup + out * OPERATOR,
    }
}

/// Evaluating `predicates`, of which `subqueries` hold subqueries, for each of `rows` rows.
pub(crate) fn predicates(rows: f64, predicates: usize, subqueries: usize) -> f64 {
    rows * OPERATOR * predicates as f64 + rows * OPERATOR * SUBQUERY * subqueries as f64
}

/// The part of an input's cost that is spent when only `fraction` of its rows is asked for.
pub(crate) fn fraction(cost: Cost, fraction: f64) -> f64 {
    cost.startup + (cost.total - cost.startup) * fraction.clamp(0.0, 1.0)
}
