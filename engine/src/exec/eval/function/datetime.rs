//! Units of time, and `date_trunc`.

use super::super::context::Clock;
use super::super::evaluate::constant;
use super::super::operand::{Operand, result_rows, strict_nulls};
use super::super::time_arithmetic::{interval_at, rowwise};
use super::dispatch::Arguments;
use crate::types::{
    Interval, MICROS_PER_DAY, SqlType, Value, Zone, check_timestamp, civil_from_days, data_error,
    days_from_civil, rounded_stamp,
};
use crate::{Error, ErrorKind, Result};
use arrow_array::PrimitiveArray;
use arrow_array::cast::AsArray;
use arrow_array::types::TimestampMicrosecondType;
use std::sync::Arc;

/// What `extract` and `date_trunc` can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Microsecond,
    Millisecond,
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
    Decade,
    Century,
    Millennium,
    DayOfWeek,
    DayOfYear,
    IsoDayOfWeek,
    IsoYear,
    Julian,
    Epoch,
    TimeZone,
    TimeZoneHour,
    TimeZoneMinute,
}

impl Unit {
    /// By one of PostgreSQL's names. Errors: `22023`.
    pub(super) fn parse(name: &str, sql_type: SqlType) -> Result<Self> {
        let name = name.to_lowercase();
        Ok(match name.as_str() {
            "us" | "usec" | "usecs" | "usecond" | "useconds" | "microsecond" | "microseconds"
            | "microsecon" => Self::Microsecond,
            "ms" | "msec" | "msecs" | "msecond" | "mseconds" | "millisecond" | "milliseconds"
            | "millisecon" => Self::Millisecond,
            "s" | "sec" | "secs" | "second" | "seconds" => Self::Second,
            "m" | "min" | "mins" | "minute" | "minutes" => Self::Minute,
            "h" | "hr" | "hrs" | "hour" | "hours" => Self::Hour,
            "d" | "day" | "days" => Self::Day,
            "w" | "week" | "weeks" => Self::Week,
            "mon" | "mons" | "month" | "months" => Self::Month,
            "qtr" | "quarter" => Self::Quarter,
            "y" | "yr" | "yrs" | "year" | "years" => Self::Year,
            "dec" | "decs" | "decade" | "decades" => Self::Decade,
            "c" | "cent" | "century" | "centuries" => Self::Century,
            "mil" | "mils" | "millennium" | "millennia" => Self::Millennium,
            "dow" => Self::DayOfWeek,
            "doy" => Self::DayOfYear,
            "isodow" => Self::IsoDayOfWeek,
            "isoyear" => Self::IsoYear,
            "j" | "jd" | "julian" => Self::Julian,
            "epoch" => Self::Epoch,
            "timezone" => Self::TimeZone,
            "timezone_h" | "timezone_hour" => Self::TimeZoneHour,
            "timezone_m" | "timezone_minute" => Self::TimeZoneMinute,
            _ => return Err(not_recognized(&name, sql_type)),
        })
    }
}

fn not_recognized(name: &str, sql_type: SqlType) -> crate::Error {
    data_error(
        "22023",
        format!("unit \"{name}\" not recognized for type {sql_type}"),
    )
}

/// Monday is 1, Sunday is 7.
pub(super) fn iso_day_of_week(days: i64) -> i64 {
    (days + 3).rem_euclid(7) + 1
}

/// ISO 8601: the year of the Thursday of the week, and the week's number in it.
pub(super) fn iso_week(days: i64) -> (i64, i64) {
    let thursday = days - iso_day_of_week(days) + 4;
    let (year, ..) = civil_from_days(thursday);
    let first = days_from_civil(year, 1, 1);
    (year, (thursday - first) / 7 + 1)
}

/// `now()` and its like, `current_date` too: the transaction's start, its seconds with as many digits as the type has.
/// Errors: `22008`.
pub(super) fn now(clock: Clock, sql_type: SqlType) -> Result<Operand> {
    let now = rounded_stamp(clock.now_micros, sql_type.second_digits())?;
    let local = clock.zone.to_local(now)?;
    let value = match sql_type {
        SqlType::TimestampTz(_) => Value::TimestampTz(now),
        SqlType::Date => Value::Date(local.div_euclid(MICROS_PER_DAY) as i32),
        SqlType::Time(_) => Value::Time(local.rem_euclid(MICROS_PER_DAY)),
        _ => Value::Timestamp(local),
    };
    constant(&value, sql_type)
}

/// `date_trunc(unit, timestamp or interval)`; an infinite timestamp stays, whatever the unit. Errors: `22023`, `22008`,
/// `0A000`.
pub(super) fn date_trunc(arguments: &Arguments) -> Result<Operand> {
    if matches!(arguments.sql_type(1), SqlType::Interval(_)) {
        return date_trunc_interval(arguments);
    }
    let operands = arguments.all();
    let (rows, scalar) = result_rows(&operands, arguments.rows);
    let nulls = strict_nulls(&operands, rows);
    let operand = arguments.get(1)?;
    let stamps = operand.array.as_primitive::<TimestampMicrosecondType>();
    let mut values = Vec::with_capacity(rows);
    for row in 0..rows {
        if nulls.as_ref().is_some_and(|n| n.is_null(row)) {
            values.push(0);
            continue;
        }
        let stamp = stamps.value(operand.at(row));
        if arguments.infinite(1, row)?.is_some() {
            values.push(stamp);
            continue;
        }
        let name = arguments.text(0, row)?;
        let sql_type = arguments.sql_type(1);
        let unit = Unit::parse(name, sql_type)?;
        let zone = match arguments.len() {
            3 => Zone::parse(arguments.text(2, row)?)?,
            _ => arguments.zone.of_type(sql_type),
        };
        let local = zone.to_local(stamp)?;
        values.push(match truncate(unit, local)? {
            // Within a day the clocks are not asked again: an hour that they show twice stays the one that it is.
            Some(start) if is_within_day(unit) => check_timestamp(0, stamp - (local - start))?,
            Some(start) => zone.to_utc(start)?,
            None => return Err(not_truncated(unit, name, sql_type)),
        });
    }
    let array = PrimitiveArray::<TimestampMicrosecondType>::new(values.into(), nulls);
    Ok(Operand::computed(Arc::new(array), scalar))
}

fn date_trunc_interval(arguments: &Arguments) -> Result<Operand> {
    rowwise(&arguments.all(), SqlType::Interval(None), |row| {
        let name = arguments.text(0, row)?;
        let unit = Unit::parse(name, SqlType::Interval(None))?;
        let interval = interval_at(arguments.get(1)?, row);
        match truncate_interval(unit, interval) {
            Some(value) => Ok(Value::Interval(value)),
            None => Err(not_truncated(unit, name, SqlType::Interval(None))),
        }
    })
}

fn truncate_interval(unit: Unit, interval: Interval) -> Option<Interval> {
    let Interval {
        months,
        days,
        micros,
    } = interval;
    let whole = |of: i32| Some(Interval::new(months / of * of, 0, 0));
    let time = |of: i64| Some(Interval::new(months, days, micros / of * of));
    match unit {
        Unit::Microsecond => time(1),
        Unit::Millisecond => time(1_000),
        Unit::Second => time(1_000_000),
        Unit::Minute => time(60_000_000),
        Unit::Hour => time(3_600_000_000),
        Unit::Day => Some(Interval::new(months, days, 0)),
        Unit::Month => whole(1),
        Unit::Quarter => whole(3),
        Unit::Year => whole(12),
        Unit::Decade => whole(120),
        Unit::Century => whole(1_200),
        Unit::Millennium => whole(12_000),
        _ => None,
    }
}

/// A unit that nothing is cut to: some are unknown to `date_trunc`.
fn not_truncated(unit: Unit, name: &str, sql_type: SqlType) -> Error {
    match unit {
        Unit::Week | Unit::TimeZone | Unit::TimeZoneHour | Unit::TimeZoneMinute => {
            not_supported(name, sql_type)
        }
        _ => not_recognized(&name.to_lowercase(), sql_type),
    }
}

/// `0A000` for a unit that the type does not have.
pub(super) fn not_supported(name: &str, sql_type: SqlType) -> Error {
    let message = format!(
        "unit \"{}\" not supported for type {sql_type}",
        name.to_lowercase()
    );
    Error::new(ErrorKind::Unsupported, "0A000", message)
}

fn is_within_day(unit: Unit) -> bool {
    use Unit::{Hour, Microsecond, Millisecond, Minute, Second};
    matches!(unit, Microsecond | Millisecond | Second | Minute | Hour)
}

/// The start of the unit that holds the timestamp; `None` for what is no such unit.
fn truncate(unit: Unit, stamp: i64) -> Result<Option<i64>> {
    let micros = match unit {
        Unit::Microsecond => Some(1),
        Unit::Millisecond => Some(1_000),
        Unit::Second => Some(1_000_000),
        Unit::Minute => Some(60_000_000),
        Unit::Hour => Some(3_600_000_000),
        Unit::Day => Some(MICROS_PER_DAY),
        _ => None,
    };
    if let Some(micros) = micros {
        return Ok(Some(stamp - stamp.rem_euclid(micros)));
    }
    let days = stamp.div_euclid(MICROS_PER_DAY);
    let (year, month, _) = civil_from_days(days);
    let start = match unit {
        Unit::Week => days - iso_day_of_week(days) + 1,
        Unit::Month => days_from_civil(year, month, 1),
        Unit::Quarter => days_from_civil(year, (month - 1) / 3 * 3 + 1, 1),
        Unit::Year => days_from_civil(year, 1, 1),
        // Decades count from the year 0, centuries and millennia from the year 1.
        Unit::Decade => days_from_civil(year.div_euclid(10) * 10, 1, 1),
        Unit::Century => days_from_civil((year - 1).div_euclid(100) * 100 + 1, 1, 1),
        Unit::Millennium => days_from_civil((year - 1).div_euclid(1000) * 1000 + 1, 1, 1),
        _ => return Ok(None),
    };
    check_timestamp(start, 0).map(Some)
}
