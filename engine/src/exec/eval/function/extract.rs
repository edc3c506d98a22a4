//! `extract(field FROM …)` and `date_part`.

use super::super::numeric_kernel::NumericBuilder;
use super::super::operand::{Operand, result_rows, strict_nulls};
use super::super::time_arithmetic::interval_at;
use super::datetime::{Unit, iso_day_of_week, iso_week, not_supported};
use super::dispatch::Arguments;
use crate::types::{
    Decimal, Infinite, Interval, MICROS_PER_DAY, SqlType, civil_from_days, days_from_civil,
};
use crate::{Error, Result};
use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Time64MicrosecondType, TimestampMicrosecondType};
use arrow_array::{Array, Float64Array};
use std::sync::Arc;

/// The Julian day of 1970-01-01.
const JULIAN_OF_EPOCH: i64 = 2_440_588;

/// `extract` as NUMERIC, `date_part` as DOUBLE PRECISION. Of an infinite date or timestamp, what comes again and again is
/// NULL, what only grows is infinite. Errors: `22023` for an unknown field, `0A000` for one that the type does not have and
/// for what is infinite as NUMERIC.
pub(super) fn extract(arguments: &Arguments, sql_type: SqlType) -> Result<Operand> {
    let operands = arguments.all();
    let (rows, scalar) = result_rows(&operands, arguments.rows);
    let nulls = strict_nulls(&operands, rows);
    let from = arguments.sql_type(1);
    let mut numbers = NumericBuilder::new(rows);
    let mut floats = Vec::with_capacity(rows);
    for row in 0..rows {
        if nulls.as_ref().is_some_and(|n| n.is_null(row)) {
            numbers.push_null();
            floats.push(None);
            continue;
        }
        let name = arguments.text(0, row)?;
        let unit = Unit::parse(name, from)?;
        let value = match arguments.infinite(1, row)? {
            Some(infinite) => infinite_field(unit, infinite, from),
            None => field(unit, arguments, row)?.map(Field::Number),
        };
        match value.ok_or_else(|| not_supported(name, from))? {
            Field::Null => {
                numbers.push_null();
                floats.push(None);
            }
            Field::Infinite(infinite) if sql_type == SqlType::Float8 => {
                floats.push(Some(infinite.float()));
            }
            Field::Infinite(infinite) => {
                return Err(Error::unsupported(format!(
                    "{} in numeric",
                    infinite.text()
                )));
            }
            Field::Number(value) if sql_type == SqlType::Float8 => {
                floats.push(Some(value.to_f64()?));
            }
            Field::Number(value) => numbers.push(&value)?,
        }
    }
    let array: Arc<dyn Array> = if sql_type == SqlType::Float8 {
        Arc::new(Float64Array::from(floats))
    } else {
        numbers.finish()
    };
    Ok(Operand::computed(array, scalar))
}

/// What a unit is of a value.
enum Field {
    Number(Decimal),
    Infinite(Infinite),
    Null,
}

/// Of an infinite date or timestamp; `None` for what a date does not have. A timestamp without time zone is not asked for
/// the zone's distance here.
fn infinite_field(unit: Unit, infinite: Infinite, from: SqlType) -> Option<Field> {
    use Unit::{Century, Decade, Epoch, IsoYear, Julian, Millennium, Year};
    match unit {
        Year | Decade | Century | Millennium | IsoYear | Julian | Epoch => {
            Some(Field::Infinite(infinite))
        }
        // Whatever the day.
        _ if from == SqlType::Date => day_field(unit, 0).map(|_| Field::Null),
        _ => Some(Field::Null),
    }
}

fn field(unit: Unit, arguments: &Arguments, row: usize) -> Result<Option<Decimal>> {
    let (operand, from) = (arguments.get(1)?, arguments.sql_type(1));
    if from == SqlType::Date {
        let days = operand
            .array
            .as_primitive::<Date32Type>()
            .value(operand.at(row));
        let days = i64::from(days);
        return Ok(match unit {
            Unit::Epoch => Some(Decimal::from(days * (MICROS_PER_DAY / 1_000_000))),
            Unit::Julian => Some(Decimal::from(days + JULIAN_OF_EPOCH)),
            _ => day_field(unit, days).map(Decimal::from),
        });
    }
    if matches!(from, SqlType::Interval(_)) {
        return Ok(interval_field(unit, interval_at(operand, row)));
    }
    if matches!(from, SqlType::Time(_)) {
        let times = operand.array.as_primitive::<Time64MicrosecondType>();
        let time = times.value(operand.at(row));
        return Ok(match unit {
            Unit::Epoch => Some(Decimal::new(i128::from(time), 6)),
            _ => time_field(unit, time),
        });
    }
    let stamps = operand.array.as_primitive::<TimestampMicrosecondType>();
    let stamp = stamps.value(operand.at(row));
    if !matches!(from, SqlType::TimestampTz(_)) {
        return stamp_field(unit, stamp, stamp);
    }
    let east = arguments.zone.offset(stamp);
    Ok(match unit {
        Unit::TimeZone => Some(Decimal::from(east)),
        Unit::TimeZoneHour => Some(Decimal::from(east / 3600)),
        Unit::TimeZoneMinute => Some(Decimal::from(east / 60 % 60)),
        _ => stamp_field(unit, arguments.zone.to_local(stamp)?, stamp)?,
    })
}

/// A field of a timestamp, which clocks show as `local`.
fn stamp_field(unit: Unit, local: i64, stamp: i64) -> Result<Option<Decimal>> {
    let (days, time) = (
        local.div_euclid(MICROS_PER_DAY),
        local.rem_euclid(MICROS_PER_DAY),
    );
    if let Some(found) = time_field(unit, time) {
        return Ok(Some(found));
    }
    Ok(Some(match unit {
        Unit::Epoch => Decimal::new(i128::from(stamp), 6),
        Unit::Julian => {
            let fraction = Decimal::from(time).divide(&Decimal::from(MICROS_PER_DAY))?;
            Decimal::from(days + JULIAN_OF_EPOCH).add(&fraction)?
        }
        _ => match day_field(unit, days) {
            Some(value) => Decimal::from(value),
            None => return Ok(None),
        },
    }))
}

/// A field of a time of day, or of the time of an interval; `None` for others.
fn time_field(unit: Unit, time: i64) -> Option<Decimal> {
    Some(match unit {
        Unit::Microsecond => Decimal::from(time % 60_000_000),
        Unit::Millisecond => Decimal::new(i128::from(time % 60_000_000), 3),
        Unit::Second => Decimal::new(i128::from(time % 60_000_000), 6),
        Unit::Minute => Decimal::from(time / 60_000_000 % 60),
        Unit::Hour => Decimal::from(time / 3_600_000_000),
        _ => return None,
    })
}

fn interval_field(unit: Unit, interval: Interval) -> Option<Decimal> {
    let Interval {
        months,
        days,
        micros,
    } = interval;
    let years = |of: i32| Some(Decimal::from(i64::from(months / (12 * of))));
    match unit {
        Unit::Day => Some(Decimal::from(i64::from(days))),
        Unit::Month => Some(Decimal::from(i64::from(months % 12))),
        Unit::Quarter => Some(Decimal::from(i64::from(months % 12 / 3 + 1))),
        Unit::Year => years(1),
        Unit::Decade => years(10),
        Unit::Century => years(100),
        Unit::Millennium => years(1000),
        Unit::Epoch => {
            // A year has 365.25 days here: in quarters of a day, to stay whole.
            let quarters = i128::from(months / 12) * 1461
                + i128::from(months % 12) * 120
                + i128::from(days) * 4;
            let micros = quarters * i128::from(MICROS_PER_DAY / 4) + i128::from(micros);
            Some(Decimal::new(micros, 6))
        }
        _ => time_field(unit, micros),
    }
}

/// A field of a day; `None` for a field of the time of day.
fn day_field(unit: Unit, days: i64) -> Option<i64> {
    let (year, month, day) = civil_from_days(days);
    // PostgreSQL has no year 0: 1 BC is -1.
    let without_zero = |year: i64| if year > 0 { year } else { year - 1 };
    let counted = |length: i64| {
        if year > 0 {
            (year + length - 1) / length
        } else {
            -((length - year) / length)
        }
    };
    Some(match unit {
        Unit::Day => i64::from(day),
        Unit::Month => i64::from(month),
        Unit::Quarter => i64::from((month - 1) / 3 + 1),
        Unit::Year => without_zero(year),
        Unit::Decade => year.div_euclid(10),
        Unit::Century => counted(100),
        Unit::Millennium => counted(1000),
        Unit::Week => iso_week(days).1,
        Unit::IsoYear => without_zero(iso_week(days).0),
        Unit::DayOfWeek => iso_day_of_week(days) % 7,
        Unit::IsoDayOfWeek => iso_day_of_week(days),
        Unit::DayOfYear => days - days_from_civil(year, 1, 1) + 1,
        _ => return None,
    })
}
