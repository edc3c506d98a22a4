//! What an expression may refer to beside the columns of its batch.

use super::row_set::RowSet;
use super::value_set::ValueSet;
use crate::Result;
use crate::env::Env;
use crate::sql::bound::Query;
use crate::types::Value;
use arrow_array::ArrayRef;
use std::cell::OnceCell;
use std::rc::Rc;

/// What an expression may refer to beside the columns of its batch.
#[derive(Clone, Copy)]
pub struct EvalContext<'a> {
    /// Values of `$1`, `$2`, …
    pub parameters: &'a [Value],
    /// Current input rows of the enclosing queries, the nearest one last.
    pub outer_rows: &'a [&'a [Value]],
    /// Runs subqueries; without it they are refused.
    pub subqueries: Option<&'a dyn SubqueryRunner>,
    /// `CURRENT_TIMESTAMP`: microseconds since 1970-01-01 00:00:00.
    pub now_micros: i64,
    /// Where random values come from; without it they are refused.
    pub env: Option<&'a dyn Env>,
    /// Where values of sequences come from; without it they are refused.
    pub sequences: Option<&'a dyn SequenceValues>,
}

/// The sequences as a statement sees them. Errors: `42P01` and `42809` for a name that is no sequence's, `25006` in a
/// read-only transaction, `40001` for one that was changed since, and those of storage.
pub trait SequenceValues {
    /// `nextval`. Errors: `2200H` at the end.
    fn next(&self, name: &str) -> Result<i64>;
    /// `currval`. Errors: `55000` when the session has taken none.
    fn current(&self, name: &str) -> Result<i64>;
    /// `lastval`. Errors: `55000` when the session has taken none.
    fn last(&self) -> Result<i64>;
    /// `setval`. Errors: `22003` for a value that the sequence cannot have.
    fn set(&self, name: &str, value: i64, called: bool) -> Result<i64>;
}

/// Runs the subqueries of an expression.
pub trait SubqueryRunner {
    /// Whether the result of `query` may differ between rows of the batch.
    fn is_correlated(&self, query: &Query) -> bool;

    /// The result of `query` for row `row` of a batch of `columns`. No more than `rows_max` rows are looked at. For a
    /// query that is not correlated it is asked once for each batch, so it should keep the result.
    fn run(
        &self,
        query: &Query,
        columns: &[ArrayRef],
        row: usize,
        rows_max: usize,
    ) -> Result<Rc<SubqueryRows>>;
}

/// The result of a subquery.
#[derive(Default)]
pub struct SubqueryRows {
    /// How many rows there are.
    pub rows: usize,
    /// The columns, each in the same pieces; none for EXISTS.
    pub columns: Vec<Vec<ArrayRef>>,
    /// The values of the only column as a set, made at the first `IN` that asks.
    pub(super) set: OnceCell<ValueSet>,
    /// The rows as a set, made at the first `IN` of several columns that asks.
    pub(super) row_set: OnceCell<RowSet>,
    /// The least and the greatest value, found at the first `ANY` or `ALL` that asks; `None` without values.
    pub(super) extremes: OnceCell<Option<(Value, Value)>>,
}

impl SubqueryRows {
    /// Of `rows` rows with these columns, each in the same pieces.
    pub fn new(rows: usize, columns: Vec<Vec<ArrayRef>>) -> Self {
        Self {
            rows,
            columns,
            set: OnceCell::new(),
            row_set: OnceCell::new(),
            extremes: OnceCell::new(),
        }
    }

    /// The pieces of the first column; none without columns.
    pub(super) fn first_column(&self) -> &[ArrayRef] {
        self.columns.first().map_or(&[], Vec::as_slice)
    }
}
