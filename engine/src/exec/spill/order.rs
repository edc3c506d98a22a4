//! An order of rows, as bytes that compare like the rows.

use crate::error::Result;
use crate::exec::batch::{Batch, arrow};
use crate::interrupt::Interrupt;
use crate::planted::{Mistake, makes};
use crate::sql::bound::OrderKey;
use crate::types::array::arrow_type;
use crate::types::{SqlType, comparable};
use arrow_arith::boolean::{is_null, or_kleene};
use arrow_array::{Array, ArrayRef, Scalar, UInt32Array};
use arrow_ord::cmp;
use arrow_row::{RowConverter, Rows, SortField};
use arrow_schema::SortOptions;
use arrow_select::take::take;
use std::cmp::Ordering;

/// Columns to order by.
pub(crate) struct KeyOrder {
    columns: Vec<(usize, SqlType)>,
    /// How the first of them is ordered.
    first: SortOptions,
    converter: RowConverter,
}

/// A value of the first column: what comes after it has no chance any more.
pub(crate) struct Cutoff {
    column: (usize, SqlType),
    order: SortOptions,
    /// One value, comparable.
    value: ArrayRef,
}

/// Rows in order, and their keys.
pub(super) struct Sorted {
    pub(super) batch: Batch,
    pub(super) keys: Rows,
}

/// Rows, and the order in which they are given.
pub(crate) struct InOrder {
    batch: Batch,
    order: Vec<u32>,
    next: usize,
}

/// Rows that are sorted between two questions whether to stop.
const CHUNK_ROWS: usize = 1 << 15;

impl KeyOrder {
    /// By `keys`, positions among columns of `types`.
    pub(crate) fn new(keys: &[OrderKey], types: &[SqlType]) -> Result<Self> {
        let options = |k: &OrderKey| {
            let nulls_first = k.nulls_first ^ makes(Mistake::SortNullsMisplaced);
            SortOptions::new(k.descending, nulls_first)
        };
        let fields = keys
            .iter()
            .map(|k| SortField::new_with_options(arrow_type(types[k.column]), options(k)));
        Ok(Self {
            first: keys.first().map(options).unwrap_or_default(),
            columns: keys.iter().map(|k| (k.column, types[k.column])).collect(),
            converter: RowConverter::new(fields.collect()).map_err(arrow)?,
        })
    }

    /// By the last of `types`, ascending.
    pub(super) fn by_last(types: &[SqlType]) -> Result<Self> {
        let last = OrderKey {
            column: types.len() - 1,
            descending: false,
            nulls_first: false,
        };
        Self::new(&[last], types)
    }

    fn keys(&self, batch: &Batch) -> Result<Rows> {
        let columns: Vec<ArrayRef> = self
            .columns
            .iter()
            .map(|(column, sql_type)| comparable(&batch.columns[*column], *sql_type))
            .collect::<Result<_>>()?;
        self.converter.convert_columns(&columns).map_err(arrow)
    }

    /// What is known once the rows of `best`, in order, are the first of those seen so far; nothing where the last of them
    /// begins with a NULL.
    pub(crate) fn cutoff(&self, best: &Batch) -> Result<Option<Cutoff>> {
        let (Some(column), Some(last)) = (self.columns.first(), best.rows.checked_sub(1)) else {
            return Ok(None);
        };
        // A slice would hold all of them.
        let last = UInt32Array::from(vec![last as u32]);
        let value = take(&best.columns[column.0], &last, None).map_err(arrow)?;
        if value.is_null(0) {
            return Ok(None);
        }
        Ok(Some(Cutoff {
            column: *column,
            order: self.first,
            value: comparable(&value, column.1)?,
        }))
    }

    /// Rows that are in order already.
    pub(super) fn in_order(&self, batch: Batch) -> Result<Sorted> {
        let keys = self.keys(&batch)?;
        Ok(Sorted { batch, keys })
    }

    /// The first `keep` of the rows of `batch`, in order; equal ones as they were. Errors: `57014`.
    pub(crate) fn sort(&self, batch: Batch, keep: usize, interrupt: &Interrupt) -> Result<InOrder> {
        let keys = self.keys(&batch)?;
        let mut order: Vec<u32> = (0..batch.rows as u32).collect();
        let by_key = |a: &u32, b: &u32| {
            keys.row(*a as usize)
                .cmp(&keys.row(*b as usize))
                .then(a.cmp(b))
        };
        if keep < order.len() {
            if keep > 0 {
                order.select_nth_unstable_by(keep - 1, by_key);
            }
            order.truncate(keep);
        }
        for chunk in order.chunks_mut(CHUNK_ROWS) {
            interrupt.check()?;
            chunk.sort_unstable_by(by_key);
        }
        let order = merge_chunks(order, by_key, interrupt)?;
        Ok(InOrder {
            batch,
            order,
            next: 0,
        })
    }
}

impl Cutoff {
    /// The rows of `batch` that may still be among the first.
    pub(crate) fn apply(&self, batch: &Batch) -> Result<Batch> {
        let (column, sql_type) = self.column;
        let values = comparable(&batch.columns[column], sql_type)?;
        let value = Scalar::new(&self.value);
        let keep = match self.order.descending {
            false => cmp::lt_eq(&values, &value),
            true => cmp::gt_eq(&values, &value),
        };
        let mut keep = keep.map_err(arrow)?;
        if self.order.nulls_first && values.null_count() > 0 {
            keep = or_kleene(&keep, &is_null(&values).map_err(arrow)?).map_err(arrow)?;
        }
        batch.filter(&keep)
    }
}

/// One order of chunks that are in order.
fn merge_chunks(
    mut order: Vec<u32>,
    compare: impl Fn(&u32, &u32) -> Ordering,
    interrupt: &Interrupt,
) -> Result<Vec<u32>> {
    let mut length = CHUNK_ROWS;
    while length < order.len() {
        let mut merged: Vec<u32> = Vec::with_capacity(order.len());
        for pair in order.chunks(length * 2) {
            let (mut left, mut right) = pair.split_at(length.min(pair.len()));
            while let ([a, left_rest @ ..], [b, right_rest @ ..]) = (left, right) {
                if merged.len().is_multiple_of(CHUNK_ROWS) {
                    interrupt.check()?;
                }
                if compare(a, b) == Ordering::Greater {
                    merged.push(*b);
                    right = right_rest;
                } else {
                    merged.push(*a);
                    left = left_rest;
                }
            }
            merged.extend_from_slice(left);
            merged.extend_from_slice(right);
        }
        order = merged;
        length *= 2;
    }
    Ok(order)
}

impl InOrder {
    /// The next rows, at most `rows_max` and never zero of them.
    pub(crate) fn next(&mut self, rows_max: usize) -> Result<Option<Batch>> {
        let rest = &self.order[self.next..];
        if rest.is_empty() {
            return Ok(None);
        }
        let now = rest[..rest.len().min(rows_max)].to_vec();
        self.next += now.len();
        self.batch.take(&UInt32Array::from(now)).map(Some)
    }

    /// All that was not given yet.
    pub(crate) fn rest(mut self) -> Result<Batch> {
        let order = self.order.split_off(self.next);
        self.batch.take(&UInt32Array::from(order))
    }
}
