//! What an expression may refer to beside the columns of its batch.

use super::random::RandomNumbers;
use super::row_set::RowSet;
use super::value_set::ValueSet;
use crate::interrupt::Interrupt;
use crate::sql::bound::Query;
use crate::types::{Value, Zone};
use crate::{Error, Result};
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
    /// What time it is.
    pub clock: Clock,
    /// What the functions ask that no argument decides; without it they are refused.
    pub outside: Option<Outside<'a>>,
}

/// What time it is for a statement, and where.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// `CURRENT_TIMESTAMP`, the start of the transaction: microseconds since 1970-01-01 00:00:00 UTC.
    pub now_micros: i64,
    /// The time zone of the session.
    pub zone: Zone,
}

impl<'a> EvalContext<'a> {
    /// The world around. Errors: `0A000` where there is none.
    pub(super) fn outside(&self) -> Result<Outside<'a>> {
        let refused =
            || Error::unsupported("a value of the clock, of chance or of the session here");
        self.outside.ok_or_else(refused)
    }
}

/// The world around a statement: clock, chance, sequences and session.
#[derive(Clone, Copy)]
pub struct Outside<'a> {
    /// Clock and entropy, and whether the statement is to stop.
    pub interrupt: &'a Interrupt,
    /// `statement_timestamp()`: microseconds since 1970-01-01 00:00:00.
    pub statement_micros: i64,
    /// Where `random()` takes its numbers from.
    pub random: &'a RandomNumbers,
    /// Where values of sequences come from.
    pub sequences: &'a dyn SequenceValues,
    /// What the session says of itself.
    pub session: &'a dyn SessionValues,
}

/// What a session says of itself.
pub trait SessionValues {
    /// Its number among the connections of the database.
    fn number(&self) -> u64;
    /// The value of a setting, as `SHOW` gives it. Errors: `42704` for one that there is not.
    fn setting(&self, name: &str) -> Result<String>;
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
