//! Aggregates whose value over any rows is a difference of running totals, exactly: counts, sums of integers, and what
//! can be told from counts.

use crate::error::{Error, Result};
use crate::exec::eval::aggregate::integer_sums;
use crate::exec::memory::Reservation;
use crate::exec::window::aggregate::Argued;
use crate::exec::window::frame::Frames;
use crate::sql::bound::AggregateFunction;
use crate::types::SqlType;
use arrow_array::cast::AsArray;
use arrow_array::types::{Int16Type, Int32Type, Int64Type};
use arrow_array::{ArrayRef, BooleanArray, Int64Array};
use std::ops::{AddAssign, Sub};
use std::sync::Arc;

/// Whether the aggregate is one of them.
pub(super) fn applies(argued: &Argued) -> bool {
    use AggregateFunction as F;
    match argued.call.function {
        F::CountStar | F::Count | F::BoolAnd | F::BoolOr => true,
        F::Sum | F::Avg => argued.argument_type().is_integer(),
        _ => false,
    }
}

/// For each place the total of what comes before it.
struct Totals<T>(Vec<T>);

impl<T: Copy + Default + AddAssign + Sub<Output = T>> Totals<T> {
    fn of(values: impl Iterator<Item = T>) -> Self {
        let mut totals = vec![T::default()];
        let mut total = T::default();
        for value in values {
            total += value;
            totals.push(total);
        }
        Self(totals)
    }

    /// The total over the frame of a row.
    fn over(&self, frames: &Frames<'_>, row: usize) -> T {
        let mut total = T::default();
        for part in frames.parts(row) {
            total += self.0[part.end] - self.0[part.start];
        }
        total
    }
}

/// The results for all rows.
pub(super) fn results(
    argued: &Argued,
    frames: &Frames<'_>,
    reservation: &mut Reservation<'_>,
) -> Result<ArrayRef> {
    use AggregateFunction as F;
    let rows = argued.arguments.rows;
    reservation.grow(rows * 48)?;
    let counted = argued.counted();
    let counts = Totals::of(counted.iter().map(|c| i64::from(*c)));
    let counts = (0..rows).map(|row| counts.over(frames, row));
    Ok(match argued.call.function {
        F::CountStar | F::Count => Arc::new(counts.collect::<Int64Array>()),
        F::BoolAnd | F::BoolOr => {
            let values = argued.arguments.columns[0].as_boolean();
            let true_at = |row: usize| i64::from(counted[row] && values.value(row));
            let trues = Totals::of((0..rows).map(true_at));
            let all = argued.call.function == F::BoolAnd;
            let decided = counts.enumerate().map(|(row, count)| {
                let trues = trues.over(frames, row);
                (count > 0).then_some(if all { trues == count } else { trues > 0 })
            });
            Arc::new(decided.collect::<BooleanArray>())
        }
        _ => {
            let values = integers(argued)?;
            let value_at = |row: usize| {
                if counted[row] {
                    i128::from(values[row])
                } else {
                    0
                }
            };
            let sums = Totals::of((0..rows).map(value_at));
            let states = counts.enumerate();
            let states = states.map(|(row, count)| (sums.over(frames, row), count));
            let average = argued.call.function == F::Avg;
            integer_sums(average, argued.call.sql_type, states)?
        }
    })
}

fn integers(argued: &Argued) -> Result<Vec<i64>> {
    let column = &argued.arguments.columns[0];
    Ok(match argued.argument_type() {
        SqlType::Int2 => {
            let values = column.as_primitive::<Int16Type>().values();
            values.iter().map(|v| i64::from(*v)).collect()
        }
        SqlType::Int4 => {
            let values = column.as_primitive::<Int32Type>().values();
            values.iter().map(|v| i64::from(*v)).collect()
        }
        SqlType::Int8 => column.as_primitive::<Int64Type>().values().to_vec(),
        other => return Err(Error::misuse(format!("a running total of {other}"))),
    })
}
