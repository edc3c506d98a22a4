//! `to_char` of timestamps and intervals.

use super::super::operand::Operand;
use super::super::time_arithmetic::{interval_at, rowwise};
use super::datetime::{iso_day_of_week, iso_week};
use super::dispatch::Arguments;
use super::template::{Piece, ordinal, pieces, roman};
use crate::types::{
    Interval, MICROS_PER_DAY, SqlType, Value, Zone, civil_from_days, data_error, days_from_civil,
    offset_text,
};
use crate::{Error, Result};

/// All patterns; a lower-case one gives lower-case letters.
pub(super) static PATTERNS: &[&str] = &[
    "A.D.", "A.M.", "AD", "AM", "B.C.", "BC", "CC", "DAY", "DDD", "DD", "DY", "Day", "Dy", "D",
    "FF1", "FF2", "FF3", "FF4", "FF5", "FF6", "FX", "HH24", "HH12", "HH", "IDDD", "ID", "IW",
    "IYYY", "IYY", "IY", "I", "J", "MI", "MM", "MONTH", "MON", "MS", "Month", "Mon", "OF", "P.M.",
    "PM", "Q", "RM", "SSSSS", "SSSS", "SS", "TZH", "TZM", "TZ", "US", "WW", "W", "Y,YYY", "YYYY",
    "YYY", "YY", "Y", "a.d.", "a.m.", "ad", "am", "b.c.", "bc", "cc", "day", "ddd", "dd", "dy",
    "d", "ff1", "ff2", "ff3", "ff4", "ff5", "ff6", "fx", "hh24", "hh12", "hh", "iddd", "id", "iw",
    "iyyy", "iyy", "iy", "i", "j", "mi", "mm", "month", "mon", "ms", "of", "p.m.", "pm", "q", "rm",
    "sssss", "ssss", "ss", "tzh", "tzm", "tz", "us", "ww", "w", "y,yyy", "yyyy", "yyy", "yy", "y",
];

pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
pub(super) const DAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

/// What is shown: the parts of a timestamp or an interval.
struct Moment {
    /// As PostgreSQL counts, for an interval a number of years.
    year: i64,
    /// `None` where there is none, as in an interval of whole years.
    month: i64,
    day: i64,
    hour: i64,
    /// Microseconds of the hour.
    rest: i64,
    /// Days since 1970-01-01; `None` for an interval.
    date: Option<i64>,
    /// Seconds east of UTC, and what the time zone is called, if it has one.
    zone: Option<(i64, String)>,
}

impl Moment {
    /// Of a timestamp, which the clocks of `zone` show, if there is one. Errors: `22008`.
    fn of_stamp(stamp: i64, zone: Option<Zone>) -> Result<Self> {
        let named = zone.map(|zone| (zone.offset(stamp), zone.abbreviation(stamp)));
        let stamp = zone.map_or(Ok(stamp), |zone| zone.to_local(stamp))?;
        let date = stamp.div_euclid(MICROS_PER_DAY);
        let time = stamp.rem_euclid(MICROS_PER_DAY);
        let (year, month, day) = civil_from_days(date);
        Ok(Self {
            year,
            month: month.into(),
            day: day.into(),
            hour: time / 3_600_000_000,
            rest: time % 3_600_000_000,
            date: Some(date),
            zone: named,
        })
    }

    fn of_interval(interval: Interval) -> Self {
        Self {
            year: i64::from(interval.months / 12),
            month: i64::from(interval.months % 12),
            day: interval.days.into(),
            hour: interval.micros / 3_600_000_000,
            rest: interval.micros % 3_600_000_000,
            date: None,
            zone: None,
        }
    }

    fn day_of_year(&self) -> i64 {
        match self.date {
            Some(date) => date - days_from_civil(self.year, 1, 1) + 1,
            None => (self.year * 12 + self.month) * 30 + self.day,
        }
    }

    /// PostgreSQL has no year 0.
    fn shown_year(&self, year: i64) -> i64 {
        if self.date.is_some() && year <= 0 {
            1 - year
        } else {
            year
        }
    }
}

/// `to_char(timestamp or interval, template)`; NULL for an infinite one. Errors: `22007` for what an interval does not
/// have.
pub(super) fn to_char(arguments: &Arguments) -> Result<Operand> {
    let sql_type = arguments.sql_type(0);
    let operand = arguments.get(0)?;
    let mut known: Option<(String, Vec<Piece>)> = None;
    rowwise(&arguments.all(), SqlType::Text, |row| {
        let template = arguments.text(1, row)?;
        // PostgreSQL has it so.
        if template.is_empty() || arguments.infinite(0, row)?.is_some() {
            return Ok(Value::Null);
        }
        let mut text = String::new();
        if known.as_ref().is_none_or(|(t, _)| t != template) {
            known = Some((template.to_owned(), pieces(template, PATTERNS, true)));
        }
        let moment = match sql_type {
            SqlType::Interval(_) => Moment::of_interval(interval_at(operand, row)),
            SqlType::TimestampTz(_) => {
                Moment::of_stamp(arguments.micros(0, row)?, Some(arguments.zone))?
            }
            _ => Moment::of_stamp(arguments.micros(0, row)?, None)?,
        };
        for piece in known.iter().flat_map(|(_, pieces)| pieces) {
            match piece {
                Piece::Text(c) => text.push(*c),
                Piece::Pattern {
                    name,
                    fill,
                    ordinal: ending,
                } => {
                    let written = pattern(&moment, name, *fill)?;
                    text.push_str(&written);
                    if let Some(upper) = ending {
                        let is_number = written.ends_with(|c: char| c.is_ascii_digit());
                        text.push_str(if is_number {
                            ordinal(&written, *upper)
                        } else {
                            ""
                        });
                    }
                }
            }
        }
        Ok(Value::Text(text))
    })
}

fn not_of_an_interval() -> Error {
    data_error(
        "22007",
        "invalid format specification for an interval value",
    )
}

/// A number padded with zeros; a minus takes a place of its own.
fn padded(value: i64, width: usize, fill: bool) -> String {
    match (fill, value < 0) {
        (true, _) => value.to_string(),
        (false, true) => format!("{value:0width$}", width = width + 1),
        (false, false) => format!("{value:0width$}"),
    }
}

fn pattern(moment: &Moment, name: &str, fill: bool) -> Result<String> {
    let upper = name.to_ascii_uppercase();
    let minute = moment.rest / 60_000_000;
    let second = moment.rest / 1_000_000 % 60;
    let micros = moment.rest % 1_000_000;
    let fraction = |digits: u32| {
        let value = micros / 10i64.pow(6 - digits);
        format!("{value:0width$}", width = digits as usize)
    };
    Ok(match upper.as_str() {
        "HH24" => padded(moment.hour, 2, fill),
        "HH" | "HH12" => {
            let hour = moment.hour % 12;
            padded(if hour == 0 { 12 } else { hour }, 2, fill)
        }
        "MI" => padded(minute, 2, fill),
        "SS" => padded(second, 2, fill),
        "MS" => fraction(3),
        "US" => fraction(6),
        "FF1" | "FF2" | "FF3" | "FF4" | "FF5" | "FF6" => {
            fraction(u32::from(upper.as_bytes()[2] - b'0'))
        }
        "SSSS" | "SSSSS" => (moment.hour * 3600 + minute * 60 + second).to_string(),
        "AM" | "PM" | "A.M." | "P.M." => {
            let half = if moment.hour % 24 >= 12 { "P" } else { "A" };
            let text = if upper.len() == 4 {
                format!("{half}.M.")
            } else {
                format!("{half}M")
            };
            cased(&text, name)
        }
        "TZ" | "TZH" | "TZM" | "OF" => zone(moment, &upper, name)?,
        "AD" | "BC" | "A.D." | "B.C." => {
            moment.date.ok_or_else(not_of_an_interval)?;
            let era = if moment.year <= 0 {
                ["BC", "B.C."]
            } else {
                ["AD", "A.D."]
            };
            cased(era[usize::from(upper.len() == 4)], name)
        }
        "FX" => String::new(),
        _ => date_pattern(moment, &upper, name, fill)?,
    })
}

/// The text in the case of the pattern's letters.
fn cased(text: &str, pattern: &str) -> String {
    let mut letters = pattern.chars().filter(char::is_ascii_alphabetic);
    let first = letters.next().is_some_and(|c| c.is_ascii_uppercase());
    let second = letters.next().is_some_and(|c| c.is_ascii_uppercase());
    match (first, second) {
        (true, true) => text.to_ascii_uppercase(),
        (true, false) => text.to_owned(),
        _ => text.to_ascii_lowercase(),
    }
}

fn zone(moment: &Moment, upper: &str, name: &str) -> Result<String> {
    if moment.date.is_none() {
        return Err(not_of_an_interval());
    }
    let (east, letters) = match &moment.zone {
        Some((east, letters)) => (*east, letters.as_str()),
        None => (0, ""),
    };
    Ok(match upper {
        "TZ" if name == "TZ" => letters.to_owned(),
        "TZ" => letters.to_lowercase(),
        "TZM" => format!("{:02}", east.abs() / 60 % 60),
        "TZH" => offset_text(east / 3600 * 3600, false),
        _ => offset_text(east / 60 * 60, false),
    })
}

fn date_pattern(moment: &Moment, upper: &str, name: &str, fill: bool) -> Result<String> {
    let date = moment.date.ok_or_else(not_of_an_interval);
    let year = moment.shown_year(moment.year);
    let iso_year = |date: i64| moment.shown_year(iso_week(date).0);
    let last_digits =
        |year: i64, digits: u32| padded(year % 10i64.pow(digits), digits as usize, fill);
    Ok(match upper {
        "MONTH" | "MON" | "DAY" | "DY" => cased(&day_or_month(moment, date?, upper, fill), name),
        "MM" => padded(moment.month, 2, fill),
        "DDD" => padded(moment.day_of_year(), 3, fill),
        "IDDD" => {
            let date = date?;
            let (year, _) = iso_week(date);
            let fourth = days_from_civil(year, 1, 4);
            let monday = fourth - iso_day_of_week(fourth) + 1;
            padded(date - monday + 1, 3, fill)
        }
        "DD" if fill => moment.day.to_string(),
        "DD" => format!("{:02}", moment.day),
        "D" => (iso_day_of_week(date?) % 7 + 1).to_string(),
        "ID" => iso_day_of_week(date?).to_string(),
        "WW" => padded((moment.day_of_year() - 1) / 7 + 1, 2, fill),
        "IW" => padded(iso_week(date?).1, 2, fill),
        "W" => ((moment.day - 1) / 7 + 1).to_string(),
        "Q" if moment.month == 0 => String::new(),
        "Q" => ((moment.month - 1) / 3 + 1).to_string(),
        "CC" => {
            let century = match moment.date {
                None => moment.year / 100,
                Some(_) if moment.year > 0 => (moment.year - 1) / 100 + 1,
                Some(_) => moment.year / 100 - 1,
            };
            match (-99..=99).contains(&century) {
                true => padded(century, 2, fill),
                false => century.to_string(),
            }
        }
        "Y,YYY" => format!("{},{:03}", year / 1000, year % 1000),
        "YYYY" => padded(year, 4, fill),
        "YYY" => last_digits(year, 3),
        "YY" => last_digits(year, 2),
        "Y" => last_digits(year, 1),
        "IYYY" => padded(iso_year(date?), 4, fill),
        "IYY" => last_digits(iso_year(date?), 3),
        "IY" => last_digits(iso_year(date?), 2),
        "I" => last_digits(iso_year(date?), 1),
        "RM" => {
            let digits = roman(moment.month.rem_euclid(12)).unwrap_or_else(|| "XII".to_owned());
            let digits = if moment.month == 0 {
                String::new()
            } else {
                digits
            };
            cased(&if fill { digits } else { format!("{digits:<4}") }, name)
        }
        "J" => (date? + 2_440_588).to_string(),
        _ => String::new(),
    })
}

/// The name of the month or of the day of the week.
fn day_or_month(moment: &Moment, date: i64, upper: &str, fill: bool) -> String {
    let month = MONTHS[(moment.month.clamp(1, 12) - 1) as usize];
    let day = DAYS[(iso_day_of_week(date) % 7) as usize];
    match upper {
        "MON" => month[..3].to_owned(),
        "DY" => day[..3].to_owned(),
        _ => {
            let name = if upper == "MONTH" { month } else { day };
            match fill {
                true => name.to_owned(),
                false => format!("{name:<9}"),
            }
        }
    }
}
