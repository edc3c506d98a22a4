//! Aggregates over frames: which way is taken, and the ways that use the states of [`crate::exec::eval::aggregate`].

use crate::error::Result;
use crate::exec::batch::Batch;
use crate::exec::eval::aggregate::{Accumulator, accumulator};
use crate::exec::memory::Reservation;
use crate::exec::window::frame::Frames;
use crate::exec::window::operator::Input;
use crate::exec::window::value::gathered;
use crate::exec::window::{prefix, tree};
use crate::sql::bound::{AggregateCall, AggregateFunction};
use crate::types::SqlType;
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BooleanArray, UInt32Array};

/// Rows that are given to a state at once, about.
const FED_ROWS: usize = 8192;

/// An aggregate, its arguments and its filter evaluated for the rows of the chunk.
pub(super) struct Argued {
    pub(super) call: AggregateCall,
    pub(super) arguments: Batch,
    pub(super) filter: Option<BooleanArray>,
}

impl Argued {
    /// The type of its first argument.
    pub(super) fn argument_type(&self) -> SqlType {
        let first = self.call.arguments.first();
        first.map_or(SqlType::Unknown, |a| a.sql_type)
    }

    /// For each row whether it counts: the filter is true, and the first argument is not NULL.
    pub(super) fn counted(&self) -> Vec<bool> {
        let nulls = self.arguments.columns.first();
        let nulls = nulls.and_then(|column| column.logical_nulls());
        let filter = self.filter.as_ref();
        (0..self.arguments.rows)
            .map(|row| {
                nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row))
                    && filter.is_none_or(|f| f.is_valid(row) && f.value(row))
            })
            .collect()
    }

    /// Gives `rows`, which lie one behind the other, to the state of `group`, the last one.
    fn feed(
        &self,
        state: &mut dyn Accumulator,
        group: u32,
        rows: std::ops::Range<usize>,
    ) -> Result<()> {
        let (first, count) = (rows.start, rows.len());
        let arguments = self.arguments.slice(first, count).columns;
        let filter = self.filter.as_ref().map(|f| f.slice(first, count));
        let groups = vec![group; count];
        state.update(&groups, group as usize + 1, &arguments, filter.as_ref())
    }
}

/// The results of `function` for all rows.
pub(super) fn over_frames(
    input: &Input<'_, '_>,
    function: AggregateFunction,
    frames: &Frames<'_>,
    reservation: &mut Reservation<'_>,
) -> Result<ArrayRef> {
    use AggregateFunction as F;
    let evaluate = |expr| input.context.evaluate(expr, &input.chunk.rows);
    let call = input.call;
    let columns = call.arguments.iter().map(evaluate);
    let filter = call.filter.as_ref().map(evaluate).transpose()?;
    let argued = Argued {
        call: AggregateCall {
            function,
            arguments: call.arguments.clone(),
            order_by: Vec::new(),
            distinct: false,
            filter: None,
            sql_type: call.sql_type,
        },
        arguments: Batch::new(columns.collect::<Result<_>>()?, input.chunk.rows.rows),
        filter: filter.map(|f| f.as_boolean().clone()),
    };
    reservation.grow(argued.arguments.size_bytes())?;
    let mut starts_with_partition = frames.are_whole();
    let mut is_partition = frames.are_whole();
    for partition in input.chunk.shape.partitions() {
        for row in partition.rows.clone() {
            let frame = frames.whole(row);
            starts_with_partition &= frame.start == partition.rows.start;
            is_partition &= frame == partition.rows;
        }
    }
    let sums = matches!(function, F::Sum | F::Avg);
    if is_partition {
        return over_partitions(input, &argued, reservation);
    }
    if prefix::applies(&argued) {
        return prefix::results(&argued, frames, reservation);
    }
    if starts_with_partition {
        return growing(input, &argued, frames, reservation);
    }
    if matches!(function, F::Min | F::Max) {
        return tree::extremes(&argued, frames, reservation);
    }
    if sums && argued.argument_type().is_numeric() {
        return tree::numeric_sums(&argued, frames, reservation);
    }
    anew(input, &argued, frames, reservation)
}

/// One result for each partition.
fn over_partitions(
    input: &Input<'_, '_>,
    argued: &Argued,
    reservation: &mut Reservation<'_>,
) -> Result<ArrayRef> {
    let mut state = accumulator(&argued.call, input.context.clock.zone)?;
    let mut groups = Vec::with_capacity(argued.arguments.rows);
    let mut count = 0;
    for partition in input.chunk.shape.partitions() {
        groups.resize(partition.rows.end, count as u32);
        count += 1;
    }
    let arguments = &argued.arguments.columns;
    state.update(&groups, count, arguments, argued.filter.as_ref())?;
    spread(state.as_mut(), count, groups, reservation)
}

/// Frames that begin with the partition: a state for each end of a frame, which begins as the one before.
fn growing(
    input: &Input<'_, '_>,
    argued: &Argued,
    frames: &Frames<'_>,
    reservation: &mut Reservation<'_>,
) -> Result<ArrayRef> {
    let mut state = accumulator(&argued.call, input.context.clock.zone)?;
    let mut groups: Vec<u32> = Vec::with_capacity(argued.arguments.rows);
    let mut count = 0u32;
    let mut counted = 0;
    for partition in input.chunk.shape.partitions() {
        let mut fed: Option<usize> = None;
        for row in partition.rows.clone() {
            let end = frames.whole(row).end;
            if fed != Some(end) {
                let from = match fed {
                    Some(before) => {
                        state.fork(count - 1, count)?;
                        before
                    }
                    None => partition.rows.start,
                };
                argued.feed(state.as_mut(), count, from..end)?;
                fed = Some(end);
                count += 1;
                let held = state.size_bytes();
                reservation.grow(held.saturating_sub(counted))?;
                counted = counted.max(held);
                if count.is_multiple_of(1024) {
                    input.context.interrupt.check()?;
                }
            }
            groups.push(count - 1);
        }
    }
    spread(state.as_mut(), count as usize, groups, reservation)
}

/// Each frame by itself.
fn anew(
    input: &Input<'_, '_>,
    argued: &Argued,
    frames: &Frames<'_>,
    reservation: &mut Reservation<'_>,
) -> Result<ArrayRef> {
    let mut state = accumulator(&argued.call, input.context.clock.zone)?;
    let count = argued.arguments.rows;
    let (mut groups, mut rows): (Vec<u32>, Vec<u32>) = (Vec::new(), Vec::new());
    let mut counted = 0;
    for row in 0..count {
        for part in frames.parts(row) {
            let mut part = part;
            while !part.is_empty() {
                let length = part.len().min(FED_ROWS);
                rows.extend((part.start..part.start + length).map(|r| r as u32));
                groups.resize(rows.len(), row as u32);
                part.start += length;
                if rows.len() >= FED_ROWS {
                    input.context.interrupt.check()?;
                    feed_all(argued, state.as_mut(), count, &mut groups, &mut rows)?;
                    let held = state.size_bytes();
                    reservation.grow(held.saturating_sub(counted))?;
                    counted = counted.max(held);
                }
            }
        }
    }
    feed_all(argued, state.as_mut(), count, &mut groups, &mut rows)?;
    state.finish(count)
}

/// Gives `rows` to the states of their groups.
fn feed_all(
    argued: &Argued,
    state: &mut dyn Accumulator,
    count: usize,
    groups: &mut Vec<u32>,
    rows: &mut Vec<u32>,
) -> Result<()> {
    let rows = UInt32Array::from(std::mem::take(rows));
    let arguments = argued.arguments.take(&rows)?.columns;
    let filter = match &argued.filter {
        Some(filter) => {
            let filter = Batch::new(vec![std::sync::Arc::new(filter.clone())], filter.len());
            Some(filter.take(&rows)?.columns.remove(0))
        }
        None => None,
    };
    let filter = filter.as_ref().map(|f| f.as_boolean());
    state.update(groups, count, &arguments, filter)?;
    groups.clear();
    Ok(())
}

/// For each row the result of its group.
fn spread(
    state: &mut dyn Accumulator,
    count: usize,
    groups: Vec<u32>,
    reservation: &mut Reservation<'_>,
) -> Result<ArrayRef> {
    let results = state.finish(count)?;
    if count == groups.len() {
        return Ok(results);
    }
    let sources: Vec<(usize, usize)> = groups.into_iter().map(|g| (0, g as usize)).collect();
    gathered(&[results], &sources, reservation)
}
