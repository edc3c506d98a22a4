//! Time zones: those of the IANA database by name, some abbreviations, and fixed distances from UTC.

use super::datetime::check_timestamp;
use super::fault::data_error;
use crate::Result;
use chrono::{DateTime, MappedLocalTime, NaiveDateTime, Offset, TimeDelta, TimeZone};
use chrono_tz::{TZ_VARIANTS, Tz};

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

/// A time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Zone {
    /// Seconds east of UTC.
    Fixed(i64),
    /// By its name.
    Named(Tz),
}

impl Zone {
    /// By an abbreviation, a name, or as POSIX writes it: `UTC+3` and `+3` are three hours west. Errors: `22023`.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let abbreviation = ABBREVIATIONS
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(text));
        if let Some((_, hours)) = abbreviation {
            return Ok(Self::Fixed(hours * 3600));
        }
        Self::named(text)
            .or_else(|| posix(text).map(Self::Fixed))
            .ok_or_else(|| data_error("22023", format!("time zone \"{text}\" not recognized")))
    }

    /// By its name in the IANA database, in any case.
    pub(super) fn named(text: &str) -> Option<Self> {
        let found = TZ_VARIANTS
            .iter()
            .find(|tz| tz.name().eq_ignore_ascii_case(text));
        found.map(|tz| Self::Named(*tz))
    }

    /// What the clocks of the zone show at `stamp`, in microseconds UTC. Errors: `22008`.
    pub(crate) fn to_local(self, stamp: i64) -> Result<i64> {
        let seconds = match self {
            Self::Fixed(seconds) => seconds,
            Self::Named(tz) => offset_at(tz, naive(stamp)),
        };
        shifted(stamp, seconds)
    }

    /// When the clocks of the zone show `local`: where they were put forward over it, by the time before; where they
    /// show it twice, the second time. Errors: `22008`.
    pub(crate) fn to_utc(self, local: i64) -> Result<i64> {
        let seconds = match self {
            Self::Fixed(seconds) => seconds,
            Self::Named(tz) => {
                let clock = naive(local);
                match tz.offset_from_local_datetime(&clock) {
                    MappedLocalTime::Single(offset) | MappedLocalTime::Ambiguous(_, offset) => {
                        i64::from(offset.fix().local_minus_utc())
                    }
                    MappedLocalTime::None => offset_at(tz, clock - TimeDelta::days(1)),
                }
            }
        };
        shifted(local, -seconds)
    }
}

fn shifted(stamp: i64, seconds: i64) -> Result<i64> {
    let shifted = stamp.checked_add(seconds * 1_000_000);
    shifted
        .ok_or_else(|| data_error("22008", "timestamp out of range"))
        .and_then(|stamp| check_timestamp(0, stamp))
}

/// As `chrono` has it, which knows fewer years; no zone changes that far away.
fn naive(stamp: i64) -> NaiveDateTime {
    const FAR: i64 = 8_000_000_000_000_000_000;
    DateTime::from_timestamp_micros(stamp.clamp(-FAR, FAR))
        .unwrap_or_default()
        .naive_utc()
}

fn offset_at(tz: Tz, utc: NaiveDateTime) -> i64 {
    i64::from(tz.offset_from_utc_datetime(&utc).fix().local_minus_utc())
}

/// Letters or none, then hours, minutes and seconds west of UTC.
fn posix(text: &str) -> Option<i64> {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let letters = text.len() - rest.len();
    if letters > 0 && letters < 3 {
        return None;
    }
    let (sign, digits) = match rest.strip_prefix(['+', '-']) {
        Some(digits) if rest.starts_with('-') => (1, digits),
        Some(digits) => (-1, digits),
        None => (-1, rest),
    };
    let mut seconds = 0;
    for (at, part) in digits.split(':').enumerate() {
        let is_number = (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        let value: i64 = part.parse().ok().filter(|_| is_number)?;
        let (unit, most) = *[(3600, 167), (60, 59), (1, 59)].get(at)?;
        if value > most {
            return None;
        }
        seconds += value * unit;
    }
    Some(sign * seconds)
}
