//! Dates and timestamps: the proleptic Gregorian calendar, ranges, ISO output.
//!
//! Years are astronomical: year 0 is 1 BC, year -1 is 2 BC.

use super::fault::data_error;
use super::infinite::Infinite;
use super::zone::{Zone, offset_text};
use crate::Result;

/// Microseconds in a day.
pub(crate) const MICROS_PER_DAY: i64 = 86_400_000_000;

/// 4714-11-24 BC, Julian day 0.
const DATE_MIN: i64 = -2_440_588;
/// 5874897-12-31.
const DATE_MAX: i64 = 2_145_042_905;

/// Days since 1970-01-01 of a day of the proleptic Gregorian calendar (Howard Hinnant's `days_from_civil`). The month is
/// 1 to 12, the year within ±10 million.
pub fn days_from_civil(year: i64, month: u32, day: u32) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let shifted_month = i64::from((month + 9) % 12);
    let day_of_year = (153 * shifted_month + 2) / 5 + i64::from(day) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Year, month and day of days since 1970-01-01.
pub fn civil_from_days(days: i64) -> (i64, u32, u32) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * shifted_month + 2) / 5 + 1) as u32;
    let month = (if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    }) as u32;
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// The days of a month.
pub(crate) fn days_in_month(year: i64, month: u32) -> u32 {
    match month {
        2 if year.rem_euclid(4) == 0
            && (year.rem_euclid(100) != 0 || year.rem_euclid(400) == 0) =>
        {
            29
        }
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The days as a finite DATE. Errors: `22008` outside of 4714-11-24 BC to 5874897-12-31.
pub(crate) fn check_date(days: i64) -> Result<i32> {
    match i32::try_from(days) {
        Ok(date) if (DATE_MIN..=DATE_MAX).contains(&days) => Ok(date),
        _ => Err(data_error("22008", "date out of range")),
    }
}

/// Day and microsecond of the day as a finite TIMESTAMP. Errors: `22008` before 4714-11-24 BC or beyond 64 bits.
pub(crate) fn check_timestamp(days: i64, micros: i64) -> Result<i64> {
    days.checked_mul(MICROS_PER_DAY)
        .and_then(|day| day.checked_add(micros))
        .filter(|total| *total >= DATE_MIN * MICROS_PER_DAY)
        .filter(|total| Infinite::of_stamp(*total).is_none())
        .ok_or_else(|| data_error("22008", "timestamp out of range"))
}

/// The midnight with which a day begins; an infinity of a DATE is that of a TIMESTAMP. Errors: `22008`.
pub(crate) fn midnight(days: i32) -> Result<i64> {
    match Infinite::of_date(days) {
        Some(infinite) => Ok(infinite.stamp()),
        None => check_timestamp(i64::from(days), 0)
            .map_err(|_| data_error("22008", "date out of range for timestamp")),
    }
}

/// The day of a TIMESTAMP; an infinity of it is that of a DATE.
pub(crate) fn day_of(micros: i64) -> i32 {
    match Infinite::of_stamp(micros) {
        Some(infinite) => infinite.date(),
        None => micros.div_euclid(MICROS_PER_DAY) as i32,
    }
}

/// `2020-01-31`, `0044-03-15 BC`, `infinity`.
pub(crate) fn date_to_text(days: i32) -> String {
    if let Some(infinite) = Infinite::of_date(days) {
        return infinite.text().to_owned();
    }
    let (year, month, day) = civil_from_days(i64::from(days));
    let (year, era) = display_year(year);
    format!("{year:04}-{month:02}-{day:02}{era}")
}

/// `12:00:00.5`
pub(crate) fn time_to_text(micros: i64) -> String {
    let mut text = String::new();
    push_time(&mut text, micros.unsigned_abs());
    text
}

/// `2020-01-31 12:00:00.5`, `0044-03-15 12:00:00 BC`, `infinity`.
pub(crate) fn timestamp_to_text(micros: i64) -> String {
    stamp_to_text(micros, ' ', None, false)
}

/// `2020-01-31 12:00:00.5+00`, `0044-03-15 12:00:00+00:53:28 BC` as the clocks of `zone` show it.
pub(crate) fn timestamp_tz_to_text(micros: i64, zone: Zone) -> String {
    stamp_to_text(micros, ' ', Some(zone), false)
}

/// `2020-01-31T12:00:00.5`, as JSON has it.
pub(crate) fn timestamp_to_json(micros: i64) -> String {
    stamp_to_text(micros, 'T', None, false)
}

/// `2020-01-31T12:00:00.5+00:00`, as JSON has it.
pub(crate) fn timestamp_tz_to_json(micros: i64, zone: Zone) -> String {
    stamp_to_text(micros, 'T', Some(zone), true)
}

/// Day and time as the clocks of `zone` show them, with its distance from UTC, if there is one.
fn stamp_to_text(micros: i64, between: char, zone: Option<Zone>, minutes: bool) -> String {
    if let Some(infinite) = Infinite::of_stamp(micros) {
        return infinite.text().to_owned();
    }
    let east = zone.map(|zone| zone.offset(micros));
    let zone = east.map_or(String::new(), |east| offset_text(east, minutes));
    // What clocks show may be beyond the last TIMESTAMP.
    let micros = i128::from(micros) + i128::from(east.unwrap_or(0)) * 1_000_000;
    let day = i128::from(MICROS_PER_DAY);
    let (year, month, date) = civil_from_days(micros.div_euclid(day) as i64);
    let (year, era) = display_year(year);
    let mut text = format!("{year:04}-{month:02}-{date:02}{between}");
    push_time(&mut text, micros.rem_euclid(day) as u64);
    text.push_str(&zone);
    text.push_str(era);
    text
}

/// Appends `12:00:00.5` for microseconds.
pub(super) fn push_time(text: &mut String, micros: u64) {
    let (seconds, fraction) = (micros / 1_000_000, micros % 1_000_000);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    text.push_str(&format!("{hour:02}:{minute:02}:{second:02}"));
    if fraction != 0 {
        text.push_str(format!(".{fraction:06}").trim_end_matches('0'));
    }
}

fn display_year(year: i64) -> (i64, &'static str) {
    if year > 0 {
        (year, "")
    } else {
        (1 - year, " BC")
    }
}
