//! Functions of intervals, and those that make dates, times and intervals.

use super::super::operand::Operand;
use super::super::time_arithmetic::{interval_at, rowwise};
use super::dispatch::Arguments;
use crate::sql::function::ScalarFunction;
use crate::types::array::value_at;
use crate::types::{
    Infinite, Interval, MICROS_PER_DAY, SqlType, Value, Zone, check_date, check_timestamp,
    data_error, days_from_civil, days_in_month, interval_out_of_range,
};
use crate::{Error, Result};

/// `justify_days`, `justify_hours`, `justify_interval`. Errors: `22008`.
pub(super) fn justify(name: ScalarFunction, arguments: &Arguments) -> Result<Operand> {
    let operand = arguments.get(0)?;
    rowwise(&[operand], SqlType::Interval(None), |row| {
        let interval = interval_at(operand, row);
        let justified = match name {
            ScalarFunction::JustifyDays => interval.justify_days(),
            ScalarFunction::JustifyHours => interval.justify_hours(),
            _ => interval.justify(),
        };
        justified.map(Value::Interval)
    })
}

/// `age(timestamp, timestamp)`; `age(timestamp)` counts from the midnight before `now_micros`. Errors: `22008`.
pub(super) fn age(arguments: &Arguments, now_micros: i64) -> Result<Operand> {
    let zone = arguments.zone.of_type(arguments.sql_type(0));
    let today = arguments.zone.to_local(now_micros)?;
    let today = today - today.rem_euclid(MICROS_PER_DAY);
    let operands = arguments.all();
    rowwise(&operands, SqlType::Interval(None), |row| {
        let first = arguments.micros(0, row)?;
        let (to, from) = match arguments.len() {
            1 => (zone.to_utc(today)?, first),
            _ => (first, arguments.micros(1, row)?),
        };
        let (late, early) = (zone.to_local(to.max(from))?, zone.to_local(to.min(from))?);
        let age = Interval::counted(late, early)?;
        Ok(Value::Interval(if to < from { age.negate()? } else { age }))
    })
}

/// `isfinite` of a date, a timestamp or an interval, which always is.
pub(super) fn is_finite(arguments: &Arguments) -> Result<Operand> {
    rowwise(&arguments.all(), SqlType::Bool, |row| {
        Ok(Value::Bool(arguments.infinite(0, row)?.is_none()))
    })
}

/// `to_timestamp(seconds)`. Errors: `22008`.
pub(super) fn to_timestamp(arguments: &Arguments) -> Result<Operand> {
    rowwise(&arguments.all(), SqlType::TimestampTz(None), |row| {
        let seconds = arguments.float(0, row)?;
        if seconds.is_nan() {
            return Err(data_error("22008", "timestamp cannot be NaN"));
        }
        let infinities = [Infinite::Past, Infinite::Future];
        if let Some(infinite) = infinities.into_iter().find(|i| i.float() == seconds) {
            return Ok(Value::TimestampTz(infinite.stamp()));
        }
        let micros = (seconds * 1_000_000.0).round_ties_even();
        let fits = micros >= i64::MIN as f64 && micros < -(i64::MIN as f64);
        let stamp = fits
            .then(|| check_timestamp(0, micros as i64).ok())
            .flatten();
        let message = || {
            let seconds = crate::types::float8_to_text(seconds);
            format!("timestamp out of range: \"{seconds}\"")
        };
        stamp
            .map(Value::TimestampTz)
            .ok_or_else(|| data_error("22008", message()))
    })
}

/// `date_bin(stride, timestamp, origin)`; an infinite timestamp begins where it is. Errors: `0A000` for months, `22008`.
pub(super) fn date_bin(arguments: &Arguments) -> Result<Operand> {
    let result = arguments.sql_type(1);
    rowwise(&arguments.all(), result, |row| {
        let stride = interval_at(arguments.get(0)?, row);
        let (stamp, origin) = (arguments.micros(1, row)?, arguments.micros(2, row)?);
        if arguments.infinite(1, row)?.is_some() {
            return Ok(moment(result, stamp));
        }
        if arguments.infinite(2, row)?.is_some() {
            return Err(data_error("22008", "origin out of range"));
        }
        if stride.months != 0 {
            let message = "timestamps cannot be binned into intervals containing months or years";
            return Err(Error::new(crate::ErrorKind::Unsupported, "0A000", message));
        }
        let stride = i64::try_from(stride.span()).map_err(|_| interval_out_of_range())?;
        if stride <= 0 {
            return Err(data_error("22008", "stride must be greater than zero"));
        }
        let behind = stamp
            .checked_sub(origin)
            .ok_or_else(interval_out_of_range)?;
        let start = check_timestamp(0, origin + (behind - behind.rem_euclid(stride)))?;
        Ok(moment(result, start))
    })
}

/// The TIMESTAMP, with a time zone or without as `of` has it, at that moment.
fn moment(of: SqlType, stamp: i64) -> Value {
    match of {
        SqlType::TimestampTz(_) => Value::TimestampTz(stamp),
        _ => Value::Timestamp(stamp),
    }
}

/// `make_date`, `make_time`, `make_timestamp`, `make_timestamptz`. Errors: `22008`.
pub(super) fn make(name: ScalarFunction, arguments: &Arguments) -> Result<Operand> {
    let result = match name {
        ScalarFunction::MakeDate => SqlType::Date,
        ScalarFunction::MakeTime => SqlType::Time(None),
        ScalarFunction::MakeTimestamp => SqlType::Timestamp(None),
        _ => SqlType::TimestampTz(None),
    };
    let integers = |from: usize, row: usize| {
        let part = |at: usize| arguments.integer(from + at, row);
        Ok::<_, Error>((part(0)?, part(1)?, part(2)?))
    };
    rowwise(&arguments.all(), result, |row| {
        let time = |from: usize| {
            let (hour, minute) = (
                arguments.integer(from, row)?,
                arguments.integer(from + 1, row)?,
            );
            time_of_day(hour, minute, arguments.float(from + 2, row)?)
        };
        if result == SqlType::Time(None) {
            return time(0).map(Value::Time);
        }
        let date = integers(0, row).and_then(|(year, month, day)| day_of(year, month, day))?;
        if result == SqlType::Date {
            return Ok(Value::Date(date));
        }
        let stamp = check_timestamp(i64::from(date), time(3)?)?;
        Ok(match result {
            SqlType::Timestamp(_) => Value::Timestamp(stamp),
            _ if arguments.len() == 7 => {
                Value::TimestampTz(Zone::parse(arguments.text(6, row)?)?.to_utc(stamp)?)
            }
            _ => Value::TimestampTz(arguments.zone.to_utc(stamp)?),
        })
    })
}

/// `timezone(zone, timestamp)`: with a time zone becomes without one, and the other way round; an infinite one is the same
/// in any zone, which is not even looked at. Errors: `22023`, `22008`.
pub(super) fn at_time_zone(arguments: &Arguments) -> Result<Operand> {
    let zoned = matches!(arguments.sql_type(1), SqlType::TimestampTz(_));
    let result = match zoned {
        true => SqlType::Timestamp(None),
        false => SqlType::TimestampTz(None),
    };
    let mut known: Option<(String, Zone)> = None;
    rowwise(&arguments.all(), result, |row| {
        let stamp = arguments.micros(1, row)?;
        if arguments.infinite(1, row)?.is_some() {
            return Ok(moment(result, stamp));
        }
        let zone = if matches!(arguments.sql_type(0), SqlType::Interval(_)) {
            let interval = interval_at(arguments.get(0)?, row);
            if interval.months != 0 || interval.days != 0 {
                let shown = Value::Interval(interval);
                let message =
                    format!("interval time zone \"{shown}\" must not include months or days");
                return Err(data_error("22023", message));
            }
            Zone::fixed(interval.micros / 1_000_000)
        } else {
            let name = arguments.text(0, row)?;
            match &known {
                Some((text, zone)) if text == name => *zone,
                _ => known.insert((name.to_owned(), Zone::parse(name)?)).1,
            }
        };
        let stamp = match zoned {
            true => zone.to_local(stamp)?,
            false => zone.to_utc(stamp)?,
        };
        Ok(moment(result, stamp))
    })
}

/// A negative year is one before Christ.
fn day_of(year: i64, month: i64, day: i64) -> Result<i32> {
    let astronomical = year + i64::from(year < 0);
    let known = (1..=12).contains(&month) && year != 0 && year > -4714 && year < 5_874_898;
    let last = if known {
        days_in_month(astronomical, month as u32)
    } else {
        0
    };
    if day < 1 || day > i64::from(last) {
        let message = format!("date field value out of range: {year}-{month:02}-{day:02}");
        return Err(data_error("22008", message));
    }
    check_date(days_from_civil(astronomical, month as u32, day as u32))
}

fn time_of_day(hour: i64, minute: i64, seconds: f64) -> Result<i64> {
    let known = (0..=24).contains(&hour) && (0..60).contains(&minute);
    let micros = (seconds * 1_000_000.0).round_ties_even();
    let whole = known && (0.0..=60_000_000.0).contains(&micros);
    let minutes = hour.clamp(0, 24) * 60 + minute.clamp(0, 59);
    let time = if whole {
        minutes * 60_000_000 + micros as i64
    } else {
        i64::MAX
    };
    if time > MICROS_PER_DAY {
        let seconds = crate::types::float8_to_text(seconds);
        let pad = if seconds.len() < 2 { "0" } else { "" };
        let message = format!("time field value out of range: {hour}:{minute:02}:{pad}{seconds}");
        return Err(data_error("22008", message));
    }
    Ok(time)
}

/// `make_interval(years, months, weeks, days, hours, mins, secs)`. Errors: `22008`.
pub(super) fn make_interval(arguments: &Arguments) -> Result<Operand> {
    rowwise(&arguments.all(), SqlType::Interval(None), |row| {
        let part = |at: usize| arguments.integer(at, row);
        let small = |value: i64| i32::try_from(value).map_err(|_| interval_out_of_range());
        let seconds = (arguments.float(6, row)? * 1_000_000.0).round_ties_even();
        if !(seconds >= i64::MIN as f64 && seconds < -(i64::MIN as f64)) {
            return Err(interval_out_of_range());
        }
        let time = (part(4)? * 60 + part(5)?) * 60_000_000;
        let micros = time.checked_add(seconds as i64);
        Ok(Value::Interval(Interval {
            months: small(part(0)? * 12 + part(1)?)?,
            days: small(part(2)? * 7 + part(3)?)?,
            micros: micros.ok_or_else(interval_out_of_range)?,
        }))
    })
}

/// `(start, end) OVERLAPS (start, end)` of four values of one type, each pair in any order; NULL ends as PostgreSQL has
/// them.
pub(super) fn overlaps(arguments: &Arguments) -> Result<Operand> {
    let operands = arguments.all();
    let length = operands.iter().map(|o| o.array.len()).max().unwrap_or(1);
    let (rows, scalar) = super::super::operand::result_rows(&operands, length);
    let mut builder = crate::types::array::ColumnBuilder::new(SqlType::Bool, rows);
    let sql_type = arguments.sql_type(0);
    for row in 0..rows {
        let at = |i: usize| value_at(&operands[i].array, operands[i].at(row), sql_type);
        let found = overlap((at(0), at(1)), (at(2), at(3)));
        builder.push(&found.map_or(Value::Null, Value::Bool))?;
    }
    Ok(Operand::computed(builder.finish(), scalar))
}

fn overlap(left: (Value, Value), right: (Value, Value)) -> Option<bool> {
    // A NULL goes to the end, and then the earlier of two known ends is the start.
    let sorted = |(a, b): (Value, Value)| match (a.is_null(), b.is_null()) {
        (true, true) => None,
        (true, false) => Some((b, None)),
        (false, true) => Some((a, None)),
        (false, false) if a.total_cmp(&b).is_gt() => Some((b, Some(a))),
        (false, false) => Some((a, Some(b))),
    };
    let ((start, end), (other_start, other_end)) = (sorted(left)?, sorted(right)?);
    let order = start.total_cmp(&other_start);
    if order.is_eq() {
        // Both begin together: they share that instant, if one of the ends is known.
        return (end.is_some() && other_end.is_some()).then_some(true);
    }
    let (early_end, late_start, late_end) = if order.is_gt() {
        (other_end, start, end)
    } else {
        (end, other_start, other_end)
    };
    // Nothing is known when the earlier one ends nowhere.
    let early_end = early_end?;
    if late_start.total_cmp(&early_end).is_lt() {
        return Some(true);
    }
    late_end.map(|_| false)
}
