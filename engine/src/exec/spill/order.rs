//! An order of rows, as bytes that compare like the rows.

use crate::error::Result;
use crate::exec::batch::{Batch, arrow};
use crate::interrupt::Interrupt;
use crate::planted::{Mistake, makes};
use crate::sql::bound::OrderKey;
use crate::types::array::arrow_type;
use crate::types::{SqlType, comparable};
use arrow_array::{ArrayRef, UInt32Array};
use arrow_row::{RowConverter, Rows, SortField};
use arrow_schema::SortOptions;
use std::cmp::Ordering;

/// Columns to order by.
pub(crate) struct KeyOrder {
    columns: Vec<(usize, SqlType)>,
    converter: RowConverter,
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
        let fields = keys.iter().map(|k| {
            let nulls_first = k.nulls_first ^ makes(Mistake::SortNullsMisplaced);
            let options = SortOptions::new(k.descending, nulls_first);
            SortField::new_with_options(arrow_type(types[k.column]), options)
        });
        Ok(Self {
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
