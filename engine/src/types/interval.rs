//! INTERVAL: months, days and microseconds, kept apart as PostgreSQL keeps them.
//!
//! A month has as many days as the date has to which it is added, and 30 where intervals are compared or scaled.

use super::datetime::{MICROS_PER_DAY, check_timestamp, civil_from_days, days_from_civil};
use super::datetime::{days_in_month, push_time};
use super::fault::data_error;
use super::infinite::Infinite;
use crate::{Error, Result};
use std::cmp::Ordering;

const DAYS_PER_MONTH: i32 = 30;
const SECONDS_PER_DAY: f64 = 86_400.0;

/// A span of time. Two that are unequal here may be equal in SQL; see [`Interval::span`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Interval {
    /// Twelve are a year.
    pub months: i32,
    /// Days of whatever length they have.
    pub days: i32,
    /// Microseconds.
    pub micros: i64,
}

/// `interval out of range`: SQLSTATE `22008`.
pub(crate) fn interval_out_of_range() -> Error {
    data_error("22008", "interval out of range")
}

/// The integer part of a float. Errors: `22008`.
fn to_i32(value: f64) -> Result<i32> {
    if value >= f64::from(i32::MIN) && value < -f64::from(i32::MIN) {
        Ok(value as i32)
    } else {
        Err(interval_out_of_range())
    }
}

/// Rounds to microseconds, as a number of seconds or days.
fn to_micros(value: f64) -> f64 {
    (value * 1_000_000.0).round_ties_even() / 1_000_000.0
}

impl Interval {
    /// Of its parts.
    pub const fn new(months: i32, days: i32, micros: i64) -> Self {
        Self {
            months,
            days,
            micros,
        }
    }

    /// The length by which intervals are compared, in microseconds: a month is 30 days, a day 24 hours.
    pub fn span(self) -> i128 {
        let days = i128::from(self.months) * i128::from(DAYS_PER_MONTH) + i128::from(self.days);
        days * i128::from(MICROS_PER_DAY) + i128::from(self.micros)
    }

    /// One of the intervals of that span; `None` where there is none.
    pub(crate) fn of_span(span: i128) -> Option<Self> {
        let day = i128::from(MICROS_PER_DAY);
        let clamp = |v: i128| v.clamp(i128::from(i32::MIN), i128::from(i32::MAX)) as i32;
        let months = clamp(span / (day * i128::from(DAYS_PER_MONTH)));
        let rest = span - i128::from(months) * i128::from(DAYS_PER_MONTH) * day;
        let days = clamp(rest / day);
        let micros = i64::try_from(rest - i128::from(days) * day).ok()?;
        Some(Self::new(months, days, micros))
    }

    /// PostgreSQL's order.
    pub fn total_cmp(self, other: Self) -> Ordering {
        self.span().cmp(&other.span())
    }

    /// The form in a row and in an Arrow array: months, days, microseconds, little-endian.
    pub fn to_bytes(self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&self.months.to_le_bytes());
        bytes[4..8].copy_from_slice(&self.days.to_le_bytes());
        bytes[8..].copy_from_slice(&self.micros.to_le_bytes());
        bytes
    }

    /// From [`Self::to_bytes`]; any sixteen bytes are an interval.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        let [a, b, c, d, e, f, g, h, micros @ ..] = bytes;
        Self {
            months: i32::from_le_bytes([a, b, c, d]),
            days: i32::from_le_bytes([e, f, g, h]),
            micros: i64::from_le_bytes(micros),
        }
    }

    /// Sixteen bytes whose order is that of intervals.
    pub(crate) fn comparable_bytes(self) -> [u8; 16] {
        ((self.span() as u128) ^ (1 << 127)).to_be_bytes()
    }

    /// The opposite of [`Self::comparable_bytes`].
    pub(crate) fn from_comparable_bytes(bytes: [u8; 16]) -> Option<Self> {
        Self::of_span((u128::from_be_bytes(bytes) ^ (1 << 127)) as i128)
    }

    fn combine(
        self,
        other: Self,
        small: impl Fn(i32, i32) -> Option<i32>,
        large: impl Fn(i64, i64) -> Option<i64>,
    ) -> Result<Self> {
        let parts = small(self.months, other.months)
            .zip(small(self.days, other.days))
            .zip(large(self.micros, other.micros));
        let ((months, days), micros) = parts.ok_or_else(interval_out_of_range)?;
        Ok(Self::new(months, days, micros))
    }

    /// `self + other`. Errors: `22008`.
    pub(crate) fn add(self, other: Self) -> Result<Self> {
        self.combine(other, i32::checked_add, i64::checked_add)
    }

    /// `self - other`. Errors: `22008`.
    pub fn subtract(self, other: Self) -> Result<Self> {
        self.combine(other, i32::checked_sub, i64::checked_sub)
    }

    /// `-self`. Errors: `22008`.
    pub fn negate(self) -> Result<Self> {
        Self::default().subtract(self)
    }

    /// `self * factor`; fractions of months and days cascade down. Errors: `22008`.
    pub fn multiply(self, factor: f64) -> Result<Self> {
        self.scale(|part| part * factor)
    }

    /// `self / divisor`. Errors: `22012`, `22008`.
    pub fn divide(self, divisor: f64) -> Result<Self> {
        if divisor == 0.0 {
            return Err(data_error("22012", "division by zero"));
        }
        self.scale(|part| part / divisor)
    }

    fn scale(self, by: impl Fn(f64) -> f64) -> Result<Self> {
        let (months, days) = (by(f64::from(self.months)), by(f64::from(self.days)));
        let whole = Self::new(to_i32(months)?, to_i32(days)?, 0);
        let days_of_month =
            to_micros((months - f64::from(whole.months)) * f64::from(DAYS_PER_MONTH));
        let fraction = days - f64::from(whole.days) + days_of_month - days_of_month.trunc();
        let mut seconds = to_micros(fraction * SECONDS_PER_DAY);
        let mut days = i64::from(whole.days);
        if seconds.abs() >= SECONDS_PER_DAY {
            let more = (seconds / SECONDS_PER_DAY).trunc();
            days += more as i64;
            seconds -= more * SECONDS_PER_DAY;
        }
        days += days_of_month.trunc() as i64;
        let micros = (by(self.micros as f64) + seconds * 1_000_000.0).round_ties_even();
        if !(micros >= i64::MIN as f64 && micros < -(i64::MIN as f64)) {
            return Err(interval_out_of_range());
        }
        Ok(Self {
            months: whole.months,
            days: i32::try_from(days).map_err(|_| interval_out_of_range())?,
            micros: micros as i64,
        })
    }

    /// `justify_hours`: every 24 hours are a day. Errors: `22008`.
    pub fn justify_hours(self) -> Result<Self> {
        let days = (self.micros / MICROS_PER_DAY) as i32;
        let days = self.days.checked_add(days);
        Ok(Self {
            months: self.months,
            days: days.ok_or_else(interval_out_of_range)?,
            micros: self.micros % MICROS_PER_DAY,
        }
        .agree_day())
    }

    /// `justify_days`: every 30 days are a month. Errors: `22008`.
    pub fn justify_days(self) -> Result<Self> {
        let mut result = self.days_to_months()?;
        if result.months > 0 && result.days < 0 {
            result.days += DAYS_PER_MONTH;
            result.months -= 1;
        } else if result.months < 0 && result.days > 0 {
            result.days -= DAYS_PER_MONTH;
            result.months += 1;
        }
        Ok(result)
    }

    /// `justify_interval`: both, and one sign for all parts. Errors: `22008`.
    pub fn justify(self) -> Result<Self> {
        let mut result = self;
        if i64::from(result.days.signum()) * result.micros.signum() > 0 {
            result = result.days_to_months()?;
        }
        // Either the days are few now, or they and the time have different signs.
        result.days += (result.micros / MICROS_PER_DAY) as i32;
        result.micros %= MICROS_PER_DAY;
        result = result.days_to_months()?;
        let rest = (result.days, result.micros);
        if result.months > 0 && (rest.0 < 0 || rest.0 == 0 && rest.1 < 0) {
            result.days += DAYS_PER_MONTH;
            result.months -= 1;
        } else if result.months < 0 && (rest.0 > 0 || rest.0 == 0 && rest.1 > 0) {
            result.days -= DAYS_PER_MONTH;
            result.months += 1;
        }
        Ok(result.agree_day())
    }

    fn days_to_months(self) -> Result<Self> {
        let months = self.months.checked_add(self.days / DAYS_PER_MONTH);
        Ok(Self {
            months: months.ok_or_else(interval_out_of_range)?,
            days: self.days % DAYS_PER_MONTH,
            micros: self.micros,
        })
    }

    /// Gives days and time, less than a day, one sign.
    fn agree_day(mut self) -> Self {
        if self.days > 0 && self.micros < 0 {
            self.micros += MICROS_PER_DAY;
            self.days -= 1;
        } else if self.days < 0 && self.micros > 0 {
            self.micros -= MICROS_PER_DAY;
            self.days += 1;
        }
        self
    }

    /// The timestamp that is so far after `stamp`, which stays infinite: first months, where a day that the month does
    /// not have becomes its last, then days, then the time. Errors: `22008`.
    pub fn after(self, stamp: i64) -> Result<i64> {
        if Infinite::of_stamp(stamp).is_some() {
            return Ok(stamp);
        }
        let mut days = stamp.div_euclid(MICROS_PER_DAY);
        let time = stamp.rem_euclid(MICROS_PER_DAY);
        if self.months != 0 {
            let (year, month, day) = civil_from_days(days);
            let months = year * 12 + i64::from(month) - 1 + i64::from(self.months);
            let (year, month) = (months.div_euclid(12), months.rem_euclid(12) as u32 + 1);
            days = days_from_civil(year, month, day.min(days_in_month(year, month)));
            check_timestamp(days, time)?;
        }
        check_timestamp(days + i64::from(self.days), time)?
            .checked_add(self.micros)
            .ok_or_else(|| data_error("22008", "timestamp out of range"))
            .and_then(|stamp| check_timestamp(0, stamp))
    }

    /// The timestamp that is so far before `stamp`. Errors: `22008`.
    pub fn before(self, stamp: i64) -> Result<i64> {
        self.negate()?.after(stamp)
    }

    /// `later - earlier`, in days and time. Errors: `22008`, as when one of them is infinite.
    pub fn between(later: i64, earlier: i64) -> Result<Self> {
        if is_infinite(later, earlier) {
            return Err(data_error("22008", "cannot subtract infinite timestamps"));
        }
        let micros = later.checked_sub(earlier);
        Self::new(0, 0, micros.ok_or_else(interval_out_of_range)?).justify_hours()
    }

    /// `age(to, from)`: the difference in years, months, days and time, as one would count on a calendar. Errors: `22008`.
    pub fn age(to: i64, from: i64) -> Result<Self> {
        let age = Self::counted(to.max(from), to.min(from))?;
        if to < from { age.negate() } else { Ok(age) }
    }

    /// [`Self::age`] of clocks that showed `early` before they showed `late`, though they may have been put back between.
    /// Errors: `22008`, as when one of them is infinite.
    pub(crate) fn counted(late: i64, early: i64) -> Result<Self> {
        if is_infinite(late, early) {
            return Err(data_error("22008", "timestamp out of range"));
        }
        let split = |stamp: i64| {
            let date = civil_from_days(stamp.div_euclid(MICROS_PER_DAY));
            (date, stamp.rem_euclid(MICROS_PER_DAY))
        };
        let ((year, month, day), time) = split(late);
        let ((year_before, month_before, day_before), time_before) = split(early);
        let mut months = (year - year_before) * 12 + i64::from(month) - i64::from(month_before);
        let mut days = i64::from(day) - i64::from(day_before);
        let mut micros = time - time_before;
        if micros < 0 {
            micros += MICROS_PER_DAY;
            days -= 1;
        }
        while days < 0 {
            days += i64::from(days_in_month(year_before, month_before));
            months -= 1;
        }
        let months = i32::try_from(months).map_err(|_| interval_out_of_range())?;
        Ok(Self::new(months, days as i32, micros))
    }
}

/// Whether one of two timestamps is.
fn is_infinite(later: i64, earlier: i64) -> bool {
    Infinite::of_stamp(later).is_some() || Infinite::of_stamp(earlier).is_some()
}

/// `1 year 2 mons -3 days +04:05:06.7`, the style `postgres`.
pub(crate) fn interval_to_text(interval: Interval) -> String {
    let mut text = String::new();
    let mut before_negative = false;
    let dates = [
        (interval.months / 12, "year"),
        (interval.months % 12, "mon"),
        (interval.days, "day"),
    ];
    for (value, unit) in dates {
        if value != 0 {
            let space = if text.is_empty() { "" } else { " " };
            let plus = if before_negative && value > 0 {
                "+"
            } else {
                ""
            };
            let plural = if value == 1 { "" } else { "s" };
            text += &format!("{space}{plus}{value} {unit}{plural}");
            before_negative = value < 0;
        }
    }
    if text.is_empty() || interval.micros != 0 {
        if !text.is_empty() {
            text.push(' ');
        }
        if interval.micros < 0 {
            text.push('-');
        } else if before_negative {
            text.push('+');
        }
        push_time(&mut text, interval.micros.unsigned_abs());
    }
    text
}
