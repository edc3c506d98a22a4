//! `Sort`: all rows in order, or with a limit the first ones only (Top-N).
//!
//! Rows are gathered as batches; their sort keys are encoded by `arrow-row`, whose bytes compare like the keys. Equal
//! keys stay in the order in which they came. With a limit, whatever has no chance is dropped each time that the number
//! of rows held has grown to a multiple of the limit.

use crate::error::Result;
use crate::exec::batch::{BATCH_ROWS, Batch, arrow};
use crate::exec::memory::Reservation;
use crate::exec::operator::{BoxOperator, Context, Operator, Pieces};
use crate::sql::bound::OrderKey;
use crate::types::array::arrow_type;
use crate::types::{SqlType, comparable};
use arrow_array::{ArrayRef, UInt32Array};
use arrow_row::{RowConverter, SortField};
use arrow_schema::SortOptions;

/// A multiple of the limit that is held before it is cut back.
const HELD_FACTOR: usize = 4;

/// Sorts its input.
pub(crate) struct Sort<'a> {
    input: BoxOperator<'a>,
    types: &'a [SqlType],
    keys: &'a [OrderKey],
    skip: usize,
    /// Rows that are wanted, the skipped ones included.
    keep: usize,
    left: usize,
    reservation: Reservation<'a>,
    output: Option<Pieces>,
}

impl<'a> Sort<'a> {
    /// Of rows of `types`; `skip` and `limit` are OFFSET and LIMIT.
    pub(crate) fn new(
        context: Context<'a>,
        input: BoxOperator<'a>,
        types: &'a [SqlType],
        keys: &'a [OrderKey],
        (skip, limit): (usize, usize),
    ) -> Self {
        Self {
            input,
            types,
            keys,
            skip,
            keep: skip.saturating_add(limit),
            left: limit,
            reservation: context.memory.reservation("Sort"),
            output: None,
        }
    }

    fn run(&mut self) -> Result<Pieces> {
        let mut held: Vec<Batch> = Vec::new();
        let mut rows = 0usize;
        let cut_at = self.keep.saturating_mul(HELD_FACTOR).max(BATCH_ROWS * 2);
        while self.keep > 0 {
            let Some(batch) = self.input.next()? else {
                break;
            };
            rows += batch.rows;
            self.reservation.grow(batch.size_bytes())?;
            held.push(batch);
            if rows > cut_at {
                let best = self.sorted(&held)?;
                rows = best.rows;
                self.reservation.resize(best.size_bytes())?;
                held = vec![best];
            }
        }
        let sorted = self.sorted(&held)?;
        let from = self.skip.min(sorted.rows);
        let length = self.left.min(sorted.rows - from);
        Ok(Pieces::new(sorted.slice(from, length)))
    }

    /// The first `keep` rows of `batches` in order.
    fn sorted(&mut self, batches: &[Batch]) -> Result<Batch> {
        let all = Batch::concat(batches, self.types)?;
        let fields = self
            .keys
            .iter()
            .map(|k| {
                let options = SortOptions::new(k.descending, k.nulls_first);
                SortField::new_with_options(arrow_type(self.types[k.column]), options)
            })
            .collect();
        let columns: Vec<ArrayRef> = self
            .keys
            .iter()
            .map(|k| comparable(&all.columns[k.column], self.types[k.column]))
            .collect::<Result<_>>()?;
        let converter = RowConverter::new(fields).map_err(arrow)?;
        let keys = converter.convert_columns(&columns).map_err(arrow)?;
        let held = self.reservation_size(&all, keys.size() + all.rows * 4)?;
        let mut order: Vec<u32> = (0..all.rows as u32).collect();
        let by_key = |a: &u32, b: &u32| {
            keys.row(*a as usize)
                .cmp(&keys.row(*b as usize))
                .then(a.cmp(b))
        };
        if self.keep < order.len() {
            if self.keep > 0 {
                order.select_nth_unstable_by(self.keep - 1, by_key);
            }
            order.truncate(self.keep);
        }
        order.sort_unstable_by(by_key);
        let sorted = all.take(&UInt32Array::from(order))?;
        self.reservation.resize(held)?;
        Ok(sorted)
    }

    /// Counts what sorting needs beside the rows for a moment; returns what is held without it.
    fn reservation_size(&mut self, all: &Batch, more: usize) -> Result<usize> {
        let held = all.size_bytes();
        self.reservation.resize(held.saturating_add(more))?;
        Ok(held)
    }
}

impl Operator for Sort<'_> {
    fn next(&mut self) -> Result<Option<Batch>> {
        if self.output.is_none() {
            self.output = Some(self.run()?);
        }
        Ok(self.output.as_mut().and_then(Pieces::next))
    }
}
