//! Arithmetic on dates, times and intervals.

use super::arithmetic::zip;
use super::operand::{Operand, result_rows, strict_nulls};
use crate::sql::bound::ArithmeticOp;
use crate::types::array::{ColumnBuilder, sixteen, value_at};
use crate::types::{Infinite, Interval, MICROS_PER_DAY, SqlType, Value, Zone, check_timestamp};
use crate::{Error, Result};
use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Time64MicrosecondType, TimestampMicrosecondType};
use arrow_array::{Array, PrimitiveArray};
use std::sync::Arc;

/// `left op right`, at least one of which is of one of these types; DATE with INTEGER or DATE is not among them.
pub(super) fn arithmetic(
    op: ArithmeticOp,
    (left, left_type): (&Operand, SqlType),
    (right, right_type): (&Operand, SqlType),
    zone: Zone,
) -> Result<Operand> {
    use ArithmeticOp::{Add, Divide, Multiply, Subtract};
    use SqlType as T;
    match (left_type, op, right_type) {
        (T::Timestamp(_) | T::TimestampTz(_), Add, T::Interval(_)) => {
            move_stamps(left, right, true, zone.of_type(left_type))
        }
        (T::Interval(_), Add, T::Timestamp(_) | T::TimestampTz(_)) => {
            move_stamps(right, left, true, zone.of_type(right_type))
        }
        (T::Timestamp(_) | T::TimestampTz(_), Subtract, T::Interval(_)) => {
            move_stamps(left, right, false, zone.of_type(left_type))
        }
        (T::Date, Add, T::Time(_)) => date_and_time(left, right),
        (T::Time(_), Add, T::Date) => date_and_time(right, left),
        _ => {
            let result = match (left_type, op, right_type) {
                (T::Time(_), Add | Subtract, T::Interval(_))
                | (T::Interval(_), Add, T::Time(_)) => T::Time(None),
                _ => T::Interval(None),
            };
            rowwise(&[left, right], result, |row| {
                let a = value_at(&left.array, left.at(row), left_type);
                let b = value_at(&right.array, right.at(row), right_type);
                Ok(match (a, op, b) {
                    (Value::Interval(a), Add, Value::Interval(b)) => Value::Interval(a.add(b)?),
                    (Value::Interval(a), Subtract, Value::Interval(b)) => {
                        Value::Interval(a.subtract(b)?)
                    }
                    (Value::Interval(a), Multiply, Value::Float8(b))
                    | (Value::Float8(b), Multiply, Value::Interval(a)) => {
                        Value::Interval(a.multiply(b)?)
                    }
                    (Value::Interval(a), Divide, Value::Float8(b)) => Value::Interval(a.divide(b)?),
                    (Value::Timestamp(a), Subtract, Value::Timestamp(b))
                    | (Value::TimestampTz(a), Subtract, Value::TimestampTz(b)) => {
                        Value::Interval(Interval::between(a, b)?)
                    }
                    (Value::Time(a), Subtract, Value::Time(b)) => {
                        Value::Interval(Interval::new(0, 0, a - b))
                    }
                    (Value::Time(a), Add, Value::Interval(b))
                    | (Value::Interval(b), Add, Value::Time(a)) => Value::Time(turn(a, b.micros)),
                    (Value::Time(a), Subtract, Value::Interval(b)) => {
                        Value::Time(turn(a, -(b.micros % MICROS_PER_DAY)))
                    }
                    _ => {
                        return Err(Error::unsupported(format!(
                            "arithmetic on {left_type} and {right_type}"
                        )));
                    }
                })
            })
        }
    }
}

/// A time so much later, on the same clock.
fn turn(time: i64, by: i64) -> i64 {
    (time + by % MICROS_PER_DAY).rem_euclid(MICROS_PER_DAY)
}

/// `-operand`.
pub(super) fn negate(operand: &Operand) -> Result<Operand> {
    rowwise(&[operand], SqlType::Interval(None), |row| {
        interval_at(operand, row).negate().map(Value::Interval)
    })
}

/// The interval of a row that is not NULL.
pub(super) fn interval_at(operand: &Operand, row: usize) -> Interval {
    let intervals = operand.array.as_fixed_size_binary();
    Interval::from_bytes(sixteen(intervals.value(operand.at(row))))
}

/// A column computed row by row where no operand is NULL.
pub(super) fn rowwise(
    operands: &[&Operand],
    result: SqlType,
    mut compute: impl FnMut(usize) -> Result<Value>,
) -> Result<Operand> {
    let length = operands.iter().map(|o| o.array.len()).max().unwrap_or(1);
    let (rows, scalar) = result_rows(operands, length);
    let nulls = strict_nulls(operands, rows);
    let mut builder = ColumnBuilder::new(result, rows);
    for row in 0..rows {
        if nulls.as_ref().is_none_or(|n| n.is_valid(row)) {
            builder.push(&compute(row)?)?;
        } else {
            builder.push_null();
        }
    }
    Ok(Operand::computed(builder.finish(), scalar))
}

/// Timestamps so much later, or earlier, by the clocks of `zone`; infinite ones whatever the interval is.
fn move_stamps(stamps: &Operand, intervals: &Operand, later: bool, zone: Zone) -> Result<Operand> {
    let values = stamps.array.as_primitive::<TimestampMicrosecondType>();
    let operands = [stamps, intervals];
    let length = stamps.array.len().max(intervals.array.len());
    let (rows, scalar) = result_rows(&operands, length);
    let nulls = strict_nulls(&operands, rows);
    let mut moved = Vec::with_capacity(rows);
    for row in 0..rows {
        if nulls.as_ref().is_some_and(|n| n.is_null(row)) {
            moved.push(0);
            continue;
        }
        let stamp = values.value(stamps.at(row));
        if Infinite::of_stamp(stamp).is_some() {
            moved.push(stamp);
            continue;
        }
        let interval = interval_at(intervals, row);
        let interval = if later { interval } else { interval.negate()? };
        moved.push(zone.after(stamp, interval)?);
    }
    let array = PrimitiveArray::<TimestampMicrosecondType>::new(moved.into(), nulls);
    Ok(Operand::computed(Arc::new(array), scalar))
}

/// DATE + TIME.
fn date_and_time(dates: &Operand, times: &Operand) -> Result<Operand> {
    let sum = |date: i32, time: i64| match Infinite::of_date(date) {
        Some(infinite) => Ok(infinite.stamp()),
        None => check_timestamp(i64::from(date), time),
    };
    zip::<Date32Type, Time64MicrosecondType, TimestampMicrosecondType>(
        dates,
        times,
        |date, time| match sum(date, time) {
            Ok(stamp) => (stamp, false),
            Err(_) => (0, true),
        },
        |date, time| sum(date, time).err(),
    )
}
