//! What may be declared of an INTERVAL: which fields it has, and how many digits of a second.
//!
//! ```text
//!   INTERVAL YEAR TO MONTH      INTERVAL DAY TO SECOND(3)      INTERVAL(3)
//! ```

use super::interval::Interval;
use super::time_digits::rounded;
use std::fmt;

const MINUTE: i64 = 60_000_000;
const HOUR: i64 = 60 * MINUTE;

/// The fields of `INTERVAL … YEAR TO MONTH` and its like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Fields {
    /// No fields are named.
    #[default]
    All,
    Year,
    Month,
    Day,
    Hour,
    Minute,
    Second,
    YearToMonth,
    DayToHour,
    DayToMinute,
    DayToSecond,
    HourToMinute,
    HourToSecond,
    MinuteToSecond,
}

impl Fields {
    /// By their numbers on disk, with their names.
    const ALL: [(Self, &'static str); 14] = [
        (Self::All, ""),
        (Self::Year, "year"),
        (Self::Month, "month"),
        (Self::Day, "day"),
        (Self::Hour, "hour"),
        (Self::Minute, "minute"),
        (Self::Second, "second"),
        (Self::YearToMonth, "year to month"),
        (Self::DayToHour, "day to hour"),
        (Self::DayToMinute, "day to minute"),
        (Self::DayToSecond, "day to second"),
        (Self::HourToMinute, "hour to minute"),
        (Self::HourToSecond, "hour to second"),
        (Self::MinuteToSecond, "minute to second"),
    ];

    /// Their number on disk.
    pub(crate) fn code(self) -> u8 {
        self as u8
    }

    /// The fields of that number; `None` when there are none.
    pub(crate) fn coded(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).map(|(fields, _)| *fields)
    }

    /// How PostgreSQL writes them; empty for all.
    pub(crate) fn name(self) -> &'static str {
        Self::ALL[usize::from(self.code())].1
    }

    /// From the first to the last one.
    const fn range(self) -> (Self, Self) {
        match self {
            Self::YearToMonth => (Self::Year, Self::Month),
            Self::DayToHour => (Self::Day, Self::Hour),
            Self::DayToMinute => (Self::Day, Self::Minute),
            Self::DayToSecond => (Self::Day, Self::Second),
            Self::HourToMinute => (Self::Hour, Self::Minute),
            Self::HourToSecond => (Self::Hour, Self::Second),
            Self::MinuteToSecond => (Self::Minute, Self::Second),
            Self::All => (Self::Year, Self::Second),
            one => (one, one),
        }
    }

    /// Whether a single field is among them.
    pub(crate) fn includes(self, field: Self) -> bool {
        let (first, last) = self.range();
        (first.code()..=last.code()).contains(&field.code())
    }

    /// The last one alone, or [`Fields::All`]; `MINUTE TO SECOND`, which says how a time is read, stays.
    pub(super) fn last(self) -> Self {
        match self {
            Self::All | Self::MinuteToSecond => self,
            other => other.range().1,
        }
    }

    /// An interval without what comes behind the last field.
    pub(super) fn cut(self, interval: Interval) -> Interval {
        let Interval {
            months,
            days,
            micros,
        } = interval;
        match self.last() {
            Self::Year => Interval::new(months / 12 * 12, 0, 0),
            Self::Month => Interval::new(months, 0, 0),
            Self::Day => Interval::new(months, days, 0),
            Self::Hour => Interval::new(months, days, micros / HOUR * HOUR),
            Self::Minute => Interval::new(months, days, micros / MINUTE * MINUTE),
            _ => interval,
        }
    }
}

/// Fields and digits that are declared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct IntervalForm {
    pub(crate) fields: Fields,
    /// Digits of a second; `None`: all six.
    pub(crate) digits: Option<u8>,
}

impl IntervalForm {
    /// `None` where nothing is declared.
    pub(crate) fn new(fields: Fields, digits: Option<u8>) -> Option<Self> {
        let form = Self { fields, digits };
        (form != Self::default()).then_some(form)
    }

    /// The interval as this form has it.
    pub(crate) fn fit(self, interval: Interval) -> Interval {
        let cut = self.fields.cut(interval);
        Interval {
            micros: self
                .digits
                .map_or(cut.micros, |digits| rounded(cut.micros, digits)),
            ..cut
        }
    }
}

impl fmt::Display for IntervalForm {
    /// What stands behind `interval`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.fields != Fields::All {
            write!(f, " {}", self.fields.name())?;
        }
        match self.digits {
            Some(digits) => write!(f, "({digits})"),
            None => Ok(()),
        }
    }
}
