//! Units of time, and `date_trunc`.

use super::super::operand::{Operand, result_rows, strict_nulls};
use super::dispatch::Arguments;
use crate::Result;
use crate::types::{
    MICROS_PER_DAY, SqlType, check_timestamp, civil_from_days, data_error, days_from_civil,
};
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
            "timezone" | "timezone_h" | "timezone_hour" | "timezone_m" | "timezone_minute" => {
                Self::TimeZone
            }
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

/// `date_trunc(unit, timestamp)`. Errors: `22023`, `22008`.
pub(super) fn date_trunc(arguments: &Arguments) -> Result<Operand> {
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
        let name = arguments.text(0, row)?;
        let unit = Unit::parse(name, SqlType::Timestamp)?;
        let stamp = stamps.value(operand.at(row));
        values.push(match truncate(unit, stamp)? {
            Some(value) => value,
            None => return Err(not_recognized(&name.to_lowercase(), SqlType::Timestamp)),
        });
    }
    let array = PrimitiveArray::<TimestampMicrosecondType>::new(values.into(), nulls);
    Ok(Operand::computed(Arc::new(array), scalar))
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
