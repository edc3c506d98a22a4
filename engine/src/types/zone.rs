//! Time zones: those of the IANA database by name, some abbreviations, and fixed distances from UTC.
//!
//! ```text
//!   'Europe/Berlin'     by its name, in any case
//!   'CEST'              an abbreviation that says a distance, in timestamps and in AT TIME ZONE
//!   'XYZ+3', '+3'       as POSIX writes it: three hours west
//! ```

use super::datetime::{check_timestamp, civil_from_days, days_from_civil, days_in_month};
use super::fault::data_error;
use super::infinite::Infinite;
use super::{Interval, MICROS_PER_DAY, SqlType};
use crate::{Error, Result};
use chrono::{DateTime, NaiveDateTime, Offset, TimeZone};
use chrono_tz::{TZ_VARIANTS, Tz, TzOffset};

/// Abbreviations, with hours east of UTC.
pub(super) const ABBREVIATIONS: [(&str, i64); 20] = [
    ("z", 0),
    ("zulu", 0),
    ("utc", 0),
    ("gmt", 0),
    ("ut", 0),
    ("est", -5),
    ("edt", -4),
    ("cst", -6),
    ("cdt", -5),
    ("mst", -7),
    ("mdt", -6),
    ("pst", -8),
    ("pdt", -7),
    ("cet", 1),
    ("cest", 2),
    ("eet", 2),
    ("eest", 3),
    ("bst", 1),
    ("wet", 0),
    ("msk", 3),
];

const SECONDS_PER_HOUR: i64 = 3600;
const MICROS_PER_SECOND: i64 = 1_000_000;
/// 2100-01-01 00:00:00: where the tables of `chrono-tz` end.
const TABLES_END: i64 = 4_102_444_800 * MICROS_PER_SECOND;

/// A time zone: what clocks show at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone(Rules);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rules {
    /// Always as many seconds east of UTC.
    Fixed(i64, Written),
    /// Of the IANA database.
    Named(Tz),
}

/// A zone of a fixed distance as POSIX writes it, `XYZ+3` or `<+02>-02`; empty where there was no room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Written {
    bytes: [u8; Self::MAX],
    length: usize,
}

impl Written {
    const MAX: usize = 24;

    /// `None` for more than there is room for.
    fn new(text: &str) -> Option<Self> {
        let mut bytes = [0; Self::MAX];
        bytes
            .get_mut(..text.len())?
            .copy_from_slice(text.as_bytes());
        let length = text.len();
        Some(Self { bytes, length })
    }

    fn text(&self) -> &str {
        str::from_utf8(&self.bytes[..self.length]).unwrap_or_default()
    }

    /// What stands before the distance.
    fn letters(&self) -> &str {
        let text = self.text();
        match text.strip_prefix('<').and_then(|rest| rest.split_once('>')) {
            Some((letters, _)) => letters,
            None => &text[..text.len() - text.trim_start_matches(is_letter).len()],
        }
    }
}

impl Default for Zone {
    fn default() -> Self {
        Self::UTC
    }
}

impl Zone {
    /// The zone that a session begins with.
    pub const UTC: Self = Self(Rules::Named(Tz::UTC));

    /// Always as many seconds east of UTC.
    pub(crate) fn fixed(seconds: i64) -> Self {
        let (own, west) = (offset_text(seconds, false), offset_text(-seconds, false));
        // Zero has both signs.
        let west = if seconds == 0 { "-00" } else { &west };
        let written = Written::new(&format!("<{own}>{west}"));
        Self(Rules::Fixed(seconds, written.unwrap_or_default()))
    }

    /// The zone that many hours east of UTC; `None` beyond what POSIX knows.
    pub(crate) fn of_hours(hours: f64) -> Option<Self> {
        let seconds = hours * SECONDS_PER_HOUR as f64;
        if seconds.is_nan() {
            return None;
        }
        Self::within(seconds as i64)
    }

    /// The zone that far east of UTC; `None` for months and days, and beyond what POSIX knows.
    pub(crate) fn of_interval(east: Interval) -> Option<Self> {
        match (east.months, east.days) {
            (0, 0) => Self::within(east.micros / MICROS_PER_SECOND),
            _ => None,
        }
    }

    fn within(seconds: i64) -> Option<Self> {
        let most = (HOURS_MAX + 1) * SECONDS_PER_HOUR;
        (-most < seconds && seconds < most).then(|| Self::fixed(seconds))
    }

    /// By an abbreviation, a name, or as POSIX writes it, as `AT TIME ZONE` takes it. Errors: `22023`; `0A000` for one
    /// that says its rules itself.
    pub fn parse(text: &str) -> Result<Self> {
        let abbreviation = ABBREVIATIONS
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(text));
        if let Some((_, hours)) = abbreviation {
            return Ok(Self::fixed(hours * SECONDS_PER_HOUR));
        }
        Self::of_name(text)?
            .ok_or_else(|| data_error("22023", format!("time zone \"{text}\" not recognized")))
    }

    /// By a name, or as POSIX writes it, as the setting `timezone` takes it; `None` for what is neither. Errors: `0A000`
    /// for one that says its rules itself.
    pub(crate) fn of_name(text: &str) -> Result<Option<Self>> {
        match Self::named(text) {
            None => posix(text),
            found => Ok(found),
        }
    }

    /// The zone whose clocks tell of values of a type: UTC, where each day has 24 hours, for those that have none.
    pub(crate) fn of_type(self, sql_type: SqlType) -> Self {
        match sql_type {
            SqlType::TimestampTz(_) => self,
            _ => Self::UTC,
        }
    }

    /// By its name in the IANA database, in any case.
    pub(super) fn named(text: &str) -> Option<Self> {
        let found = TZ_VARIANTS
            .iter()
            .find(|tz| tz.name().eq_ignore_ascii_case(text));
        found.map(|tz| Self(Rules::Named(*tz)))
    }

    /// What it is called: by this name it is found.
    pub fn name(&self) -> &str {
        match &self.0 {
            Rules::Fixed(_, written) => written.text(),
            Rules::Named(tz) => tz.name(),
        }
    }

    /// Seconds east of UTC at `stamp`, in microseconds UTC.
    pub(crate) fn offset(self, stamp: i64) -> i64 {
        match self.0 {
            Rules::Fixed(seconds, _) => seconds,
            Rules::Named(tz) => seconds(offset_at(tz, stamp)),
        }
    }

    /// What the zone is called at `stamp`: `CEST`.
    pub(crate) fn abbreviation(self, stamp: i64) -> String {
        match self.0 {
            Rules::Fixed(_, written) => written.letters().to_owned(),
            Rules::Named(tz) => offset_at(tz, stamp).to_string(),
        }
    }

    /// What the clocks of the zone show at `stamp`, in microseconds UTC; infinities are the same everywhere. Errors:
    /// `22008`.
    pub(crate) fn to_local(self, stamp: i64) -> Result<i64> {
        shifted(stamp, self.offset(stamp))
    }

    /// When the clocks of the zone show `local`: where they were put forward over it, by the time before; where they
    /// show it twice, the second time. Errors: `22008`.
    pub(crate) fn to_utc(self, local: i64) -> Result<i64> {
        let seconds = match self.0 {
            Rules::Fixed(seconds, _) => seconds,
            Rules::Named(tz) => local_offset(tz, local),
        };
        shifted(local, -seconds)
    }

    /// The moment that is so far after `stamp`, which stays infinite: months and days by calendar and clocks of the zone,
    /// where a day may have 23 hours. Errors: `22008`.
    pub(crate) fn after(self, stamp: i64, by: Interval) -> Result<i64> {
        let mut stamp = stamp;
        let steps = [Interval::new(by.months, 0, 0), Interval::new(0, by.days, 0)];
        for step in steps
            .into_iter()
            .filter(|step| *step != Interval::default())
        {
            stamp = self.to_utc(step.after(self.to_local(stamp)?)?)?;
        }
        Interval::new(0, 0, by.micros).after(stamp)
    }
}

/// `+02`, `-03:30`, `+00:53:28`: a distance from UTC; the minutes also where there are none if `minutes`.
pub(crate) fn offset_text(seconds: i64, minutes: bool) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let east = seconds.abs();
    let (hour, minute, second) = (east / SECONDS_PER_HOUR, east / 60 % 60, east % 60);
    match (minute, second) {
        (0, 0) if !minutes => format!("{sign}{hour:02}"),
        (_, 0) => format!("{sign}{hour:02}:{minute:02}"),
        _ => format!("{sign}{hour:02}:{minute:02}:{second:02}"),
    }
}

/// A finite timestamp so many seconds later; an infinite one as it is.
fn shifted(stamp: i64, seconds: i64) -> Result<i64> {
    if Infinite::of_stamp(stamp).is_some() {
        return Ok(stamp);
    }
    let shifted = stamp.checked_add(seconds * MICROS_PER_SECOND);
    shifted
        .ok_or_else(|| data_error("22008", "timestamp out of range"))
        .and_then(|stamp| check_timestamp(0, stamp))
}

fn seconds(offset: TzOffset) -> i64 {
    i64::from(offset.fix().local_minus_utc())
}

fn offset_at(tz: Tz, stamp: i64) -> TzOffset {
    let stamp = if stamp < TABLES_END {
        stamp
    } else {
        alike(tz, stamp)
    };
    tz.offset_from_utc_datetime(&naive(stamp))
}

fn naive(stamp: i64) -> NaiveDateTime {
    DateTime::from_timestamp_micros(stamp)
        .unwrap_or_default()
        .naive_utc()
}

/// The moment within the tables when the clocks were as they are at `stamp`, by the rules that held last: that of a year
/// with the same days of the week.
fn alike(tz: Tz, stamp: i64) -> i64 {
    let (days, time) = (
        stamp.div_euclid(MICROS_PER_DAY),
        stamp.rem_euclid(MICROS_PER_DAY),
    );
    let (year, month, day) = civil_from_days(days);
    let kind = |year: i64| {
        let first = days_from_civil(year, 1, 1);
        (first.rem_euclid(7), days_in_month(year, 2))
    };
    let last = (2072..2100).rev().find(|y| kind(*y) == kind(year));
    let within = |year: i64| days_from_civil(year, month, day) * MICROS_PER_DAY + time;
    let summer = |month: u32| {
        let stamp = days_from_civil(2099, month, 15) * MICROS_PER_DAY;
        tz.offset_from_utc_datetime(&naive(stamp))
    };
    match last {
        Some(year) if summer(1) != summer(7) => within(year),
        // Some zones change for the last time before their rules are the last ones.
        _ => TABLES_END - 1,
    }
}

/// Seconds east of UTC of clocks that show `local`, by PostgreSQL's choice where none or two fit. No zone changes twice
/// within two days.
fn local_offset(tz: Tz, local: i64) -> i64 {
    let east = |stamp: i64| seconds(offset_at(tz, stamp));
    let before = east(local.saturating_sub(MICROS_PER_DAY));
    let after = east(local.saturating_add(MICROS_PER_DAY));
    let fits = |seconds: i64| east(local.saturating_sub(seconds * MICROS_PER_SECOND)) == seconds;
    if before != after && fits(after) {
        after
    } else {
        before
    }
}

/// Hours that POSIX knows at most.
const HOURS_MAX: i64 = 167;

fn is_letter(c: char) -> bool {
    c.is_ascii_alphabetic()
}

/// Letters or what stands in `<…>`, or none, then hours, minutes and seconds west of UTC.
fn posix(text: &str) -> Result<Option<Zone>> {
    let rest = match text.strip_prefix('<') {
        Some(inner) => inner.split_once('>').map(|(_, rest)| rest),
        None => Some(text.trim_start_matches(is_letter)),
    };
    let Some(rest) = rest.filter(|rest| !matches!(text.len() - rest.len(), 1 | 2)) else {
        return Ok(None);
    };
    let (sign, digits) = match rest.strip_prefix(['+', '-']) {
        Some(digits) if rest.starts_with('-') => (1, digits),
        Some(digits) => (-1, digits),
        None => (-1, rest),
    };
    let end = digits.find(|c: char| !c.is_ascii_digit() && c != ':');
    let (digits, more) = digits.split_at(end.unwrap_or(digits.len()));
    let Some(west) = distance(digits) else {
        return Ok(None);
    };
    if more.starts_with(|c| is_letter(c) || c == '<') {
        return Err(Error::unsupported("a time zone that says its rules itself"));
    }
    if !more.is_empty() {
        return Ok(None);
    }
    match Written::new(&text.to_ascii_uppercase()) {
        Some(written) => Ok(Some(Zone(Rules::Fixed(sign * west, written)))),
        None => Err(Error::unsupported("a time zone whose name is as long")),
    }
}

/// Seconds of hours, minutes and seconds with colons between them.
fn distance(digits: &str) -> Option<i64> {
    let mut seconds = 0;
    for (at, part) in digits.split(':').enumerate() {
        let is_number = (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        let value: i64 = part.parse().ok().filter(|_| is_number)?;
        let (unit, most) = *[(SECONDS_PER_HOUR, HOURS_MAX), (60, 59), (1, 59)].get(at)?;
        if value > most {
            return None;
        }
        seconds += value * unit;
    }
    Some(seconds)
}
