//! `HashAggregate`: a group for each different key, a state of each aggregate for each group.
//!
//! ```text
//!   row ─▶ keys, arguments and filters ─▶ key bytes ─▶ group number ─▶ its states
//! ```
//!
//! Groups come out in the order in which their first rows came. Without keys there is one group, even without rows. What
//! spills are the rows, evaluated, of groups that there was no room for; the states of a group stay in memory, so that it
//! fails whose states alone pass `memory_limit_bytes`.

use crate::error::Result;
use crate::exec::batch::Batch;
use crate::exec::eval::aggregate::{Accumulator, accumulator};
use crate::exec::keys::KeyEncoder;
use crate::exec::memory::Reservation;
use crate::exec::operator::Context;
use crate::exec::spill::{Hashing, KeyTable, Partitions, Pass, with_number};
use crate::sql::bound::{AggregateCall, Expr};
use crate::types::SqlType;
use arrow_array::UInt32Array;
use arrow_array::cast::AsArray;
use std::ops::Range;
use std::rc::Rc;

/// What it is called.
const NAME: &str = "HashAggregate";

/// Groups and aggregates its input.
pub(crate) struct Aggregation<'a> {
    context: Context<'a>,
    keys: &'a [Expr],
    calls: &'a [AggregateCall],
    shape: Rc<Shape>,
}

/// Where what is in the rows of a pass.
struct Shape {
    encoder: KeyEncoder,
    key_types: Vec<SqlType>,
    /// For each call.
    arguments: Vec<Range<usize>>,
    filters: Vec<Option<usize>>,
}

/// The groups of one pass.
pub(crate) struct Groups<'a> {
    shape: Rc<Shape>,
    table: KeyTable<'a>,
    is_numbered: bool,
    /// Key columns of the groups, in order of their numbers; then the numbers of their first rows if those have one.
    first_rows: Vec<Batch>,
    first_rows_bytes: usize,
    states: Vec<Box<dyn Accumulator>>,
    reservation: Reservation<'a>,
    /// What there was no room for any more when the table was closed.
    uncounted_bytes: Option<usize>,
}

impl<'a> Aggregation<'a> {
    /// By `keys`.
    pub(crate) fn new(
        context: Context<'a>,
        keys: &'a [Expr],
        calls: &'a [AggregateCall],
    ) -> Result<Self> {
        let key_types: Vec<SqlType> = keys.iter().map(|e| e.sql_type).collect();
        let mut next = keys.len();
        let mut take = |count: usize| {
            next += count;
            next - count..next
        };
        let (mut arguments, mut filters) = (Vec::new(), Vec::new());
        for call in calls {
            arguments.push(take(call.arguments.len()));
            filters.push(call.filter.as_ref().map(|_| take(1).start));
        }
        let shape = Shape {
            encoder: KeyEncoder::new(&key_types)?,
            key_types,
            arguments,
            filters,
        };
        Ok(Self {
            context,
            keys,
            calls,
            shape: Rc::new(shape),
        })
    }

    /// What is evaluated of each row, in the order of its columns.
    fn expressions(&self) -> impl Iterator<Item = &'a Expr> + use<'a> {
        let of_calls = |c: &'a AggregateCall| c.arguments.iter().chain(&c.filter);
        self.keys.iter().chain(self.calls.iter().flat_map(of_calls))
    }
}

impl<'a> Hashing<'a> for Aggregation<'a> {
    type Pass = Groups<'a>;

    fn row_types(&self) -> Vec<SqlType> {
        self.expressions().map(|e| e.sql_type).collect()
    }

    fn result_types(&self) -> Vec<SqlType> {
        let calls = self.calls.iter().map(|c| c.sql_type);
        self.shape.key_types.iter().copied().chain(calls).collect()
    }

    fn rows(&mut self, input: Batch) -> Result<Batch> {
        let columns = self
            .expressions()
            .map(|e| self.context.evaluate(e, &input))
            .collect::<Result<_>>()?;
        Ok(Batch::new(columns, input.rows))
    }

    fn begin(&self, depth: u32) -> Result<Groups<'a>> {
        Ok(Groups {
            shape: self.shape.clone(),
            table: KeyTable::new(&self.context, NAME, depth),
            is_numbered: depth > 0,
            first_rows: Vec::new(),
            first_rows_bytes: 0,
            states: self
                .calls
                .iter()
                .map(|call| accumulator(call, self.context.clock.zone))
                .collect::<Result<_>>()?,
            reservation: self.context.memory.reservation(NAME),
            uncounted_bytes: None,
        })
    }
}

impl<'a> Groups<'a> {
    fn count(&self) -> usize {
        if self.shape.key_types.is_empty() {
            1
        } else {
            self.table.count()
        }
    }

    /// The group of each row that has one, and those rows; the others are handed on.
    fn numbers(
        &mut self,
        rows: &Batch,
        partitions: &mut Partitions<'a>,
    ) -> Result<(Vec<u32>, Batch)> {
        let width = self.shape.key_types.len();
        if width == 0 {
            return Ok((vec![0; rows.rows], rows.clone()));
        }
        let keys = &rows.columns[..width];
        let keys = self.shape.encoder.encode(keys, rows.rows)?;
        let mut numbers = Vec::with_capacity(rows.rows);
        let (mut firsts, mut others) = (Vec::new(), Vec::new());
        for row in 0..rows.rows as u32 {
            let next = self.table.count();
            match self.table.number(keys.key(row as usize))? {
                None => others.push(row),
                Some(number) => {
                    if number as usize == next {
                        firsts.push(row);
                    }
                    numbers.push(number);
                }
            }
        }
        if !firsts.is_empty() {
            self.keep(rows, firsts)?;
        }
        if others.is_empty() {
            return Ok((numbers, rows.clone()));
        }
        partitions.push(rows, &keys, &others)?;
        let mut others = others.into_iter().peekable();
        let known = (0..rows.rows as u32).filter(|row| others.next_if_eq(row).is_none());
        let known = UInt32Array::from_iter_values(known);
        Ok((numbers, rows.take(&known)?))
    }

    fn keep(&mut self, rows: &Batch, firsts: Vec<u32>) -> Result<()> {
        let mut columns = rows.columns[..self.shape.key_types.len()].to_vec();
        if self.is_numbered {
            columns.extend(rows.columns.last().cloned());
        }
        let first_rows = Batch::new(columns, rows.rows).take(&UInt32Array::from(firsts))?;
        self.first_rows_bytes += first_rows.size_bytes();
        self.first_rows.push(first_rows);
        Ok(())
    }

    /// Counts what is held. When it is too much, there are no more groups; those that there are may still grow.
    fn reserve(&mut self) -> Result<()> {
        let states: usize = self.states.iter().map(|s| s.size_bytes()).sum();
        let held = states + self.first_rows_bytes;
        if self.reservation.try_resize(held) {
            return Ok(());
        }
        if self.count() > 1 {
            self.table.close();
        }
        if self.table.is_closed() && self.uncounted_bytes.is_none() {
            self.uncounted_bytes = Some(held.saturating_sub(self.reservation.bytes()));
        }
        let counted = held.saturating_sub(self.uncounted_bytes.unwrap_or(0));
        self.reservation.resize(counted)
    }
}

impl<'a> Pass<'a> for Groups<'a> {
    fn push(&mut self, rows: &Batch, partitions: &mut Partitions<'a>) -> Result<Option<Batch>> {
        let (numbers, rows) = self.numbers(rows, partitions)?;
        if rows.rows > 0 {
            let (shape, groups) = (self.shape.clone(), self.count());
            let columns = shape.arguments.iter().zip(&shape.filters);
            for (state, (arguments, filter)) in self.states.iter_mut().zip(columns) {
                let filter = filter.map(|f| rows.columns[f].as_boolean());
                let arguments = &rows.columns[arguments.clone()];
                state.update(&numbers, groups, arguments, filter)?;
            }
        }
        self.reserve()?;
        Ok(None)
    }

    fn finish(&mut self) -> Result<Option<Batch>> {
        let count = self.count();
        let key_types = &self.shape.key_types;
        let first_rows = std::mem::take(&mut self.first_rows);
        let mut output = if self.is_numbered {
            Batch::concat(&first_rows, &with_number(key_types))?
        } else {
            Batch::concat(&first_rows, key_types)?
        };
        let numbers = output.columns.split_off(key_types.len());
        for state in &mut self.states {
            output.columns.push(state.finish(count)?);
        }
        output.columns.extend(numbers);
        Ok(Some(Batch::new(output.columns, count)))
    }
}
