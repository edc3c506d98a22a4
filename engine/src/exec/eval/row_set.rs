//! Rows of several columns: compared with each other, and as a set for `IN`.
//!
//! A row is compared as PostgreSQL does: `=` and `<>` look at every pair of values, the others at the first pair that
//! differs. NULL stands for "it depends": the answer is NULL where a value that is not known could turn it.

use super::compare::booleans;
use super::operand::{Operand, kernel_error};
use super::value_set::{Keys, keys};
use crate::planted::{Mistake, makes};
use crate::sql::bound::CompareOp;
use crate::types::SqlType;
use crate::{Error, Result};
use arrow_arith::boolean::{and_kleene, or_kleene};
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BooleanArray};
use foldhash::fast::FixedState;
use hashbrown::HashSet;

/// A row as values that are equal in SQL exactly when equal here; `None` is NULL.
type Row = Box<[Option<Box<[u8]>>]>;

/// The rows of a subquery.
pub(super) struct RowSet {
    /// Those without NULL.
    whole: HashSet<Row, FixedState>,
    /// Those with one.
    partial: HashSet<Row, FixedState>,
}

impl RowSet {
    /// Of the rows in the pieces of `columns`, which have these types.
    pub(super) fn new(columns: &[Vec<ArrayRef>], types: &[SqlType]) -> Result<Self> {
        let mut set = Self {
            whole: HashSet::with_hasher(FixedState::default()),
            partial: HashSet::with_hasher(FixedState::default()),
        };
        for piece in pieces(columns) {
            for row in rows(&piece, types)? {
                match row.iter().all(Option::is_some) {
                    true => set.whole.insert(row),
                    false => !makes(Mistake::NotInNullIgnored) && set.partial.insert(row),
                };
            }
        }
        Ok(set)
    }

    /// Whether each of the rows in `columns` is one of the set, or not with `negated`.
    pub(super) fn contains(
        &self,
        columns: &[ArrayRef],
        types: &[SqlType],
        negated: bool,
    ) -> Result<BooleanArray> {
        let answer = |row: Row| {
            let is_whole = row.iter().all(Option::is_some);
            if is_whole && self.whole.contains(&row) {
                return Some(!negated);
            }
            let possible = self.partial.iter().any(|other| may_equal(&row, other))
                || (!is_whole && self.whole.iter().any(|other| may_equal(&row, other)));
            (!possible).then_some(negated)
        };
        Ok(rows(columns, types)?.into_iter().map(answer).collect())
    }
}

/// Whether two rows are equal as far as both are known.
fn may_equal(a: &Row, b: &Row) -> bool {
    let mut pairs = a.iter().zip(b);
    pairs.all(|(a, b)| a.is_none() || b.is_none() || a == b)
}

/// The pieces in which rows came, each with all of its columns.
pub(super) fn pieces(columns: &[Vec<ArrayRef>]) -> Vec<Vec<ArrayRef>> {
    let count = columns.iter().map(Vec::len).min().unwrap_or(0);
    let piece = |at: usize| columns.iter().map(|column| column[at].clone()).collect();
    (0..count).map(piece).collect()
}

fn rows(columns: &[ArrayRef], types: &[SqlType]) -> Result<Vec<Row>> {
    let count = columns.first().map_or(0, |c| c.len());
    let mut rows: Vec<Vec<Option<Box<[u8]>>>> = vec![Vec::with_capacity(columns.len()); count];
    for (column, sql_type) in columns.iter().zip(types) {
        let keys = keys(column, *sql_type)?;
        for (at, row) in rows.iter_mut().enumerate() {
            let value = column.is_valid(at).then(|| match &keys {
                Keys::Integers(values) => Box::from(values[at].to_le_bytes().as_slice()),
                Keys::Text(values) => Box::from(values.as_string::<i32>().value(at).as_bytes()),
                Keys::Binary(values) => Box::from(values.as_binary::<i32>().value(at)),
            });
            row.push(value);
        }
    }
    Ok(rows.into_iter().map(Vec::into_boxed_slice).collect())
}

/// `left op right` of rows whose columns have these types.
pub(super) fn compare_rows(
    op: CompareOp,
    left: &[Operand],
    right: &[Operand],
    types: &[SqlType],
) -> Result<BooleanArray> {
    let pair = |op: CompareOp, at: usize| booleans(op, &left[at], &right[at], types[at]);
    let strict = match op {
        CompareOp::Le => CompareOp::Lt,
        CompareOp::Ge => CompareOp::Gt,
        other => other,
    };
    let Some(last) = types.len().checked_sub(1) else {
        return Err(Error::misuse("a row has at least one column"));
    };
    let mut decided = pair(op, last)?;
    for at in (0..last).rev() {
        decided = match op {
            CompareOp::Eq => and_kleene(&pair(op, at)?, &decided),
            CompareOp::Ne => or_kleene(&pair(op, at)?, &decided),
            _ => {
                let further = and_kleene(&pair(CompareOp::Eq, at)?, &decided);
                or_kleene(&pair(strict, at)?, &further.map_err(kernel_error)?)
            }
        }
        .map_err(kernel_error)?;
    }
    Ok(decided)
}

/// Whether one row, given as scalars, compares so with any of those in the pieces of `columns`.
pub(super) fn compares_with_any(
    op: CompareOp,
    row: &[Operand],
    columns: &[Vec<ArrayRef>],
    types: &[SqlType],
) -> Result<Option<bool>> {
    let mut has_null = false;
    for piece in pieces(columns) {
        if piece.iter().all(|column| column.is_empty()) {
            continue;
        }
        let others: Vec<Operand> = piece.into_iter().map(Operand::array).collect();
        let found = compare_rows(op, row, &others, types)?;
        if found.true_count() > 0 {
            return Ok(Some(true));
        }
        has_null |= found.null_count() > 0;
    }
    Ok((!has_null).then_some(false))
}
