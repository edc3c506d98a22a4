//! `infinity` and `-infinity`: what is later, or earlier, than any day or moment.
//!
//! A DATE or timestamp is kept as a number, and the infinities are the greatest and the least that there is:
//!
//! | | DATE | TIMESTAMP, with and without time zone |
//! |---|---|---|
//! | `infinity` | `i32::MAX` | `i64::MAX` |
//! | `-infinity` | `i32::MIN` | `i64::MIN` |
//!
//! So whatever only compares, hashes or stores values needs to know nothing of them. Whoever computes with one asks here
//! first; the ranges of [`check_date`](super::check_date) and [`check_timestamp`](super::check_timestamp) do not
//! contain them, so that no computation leads to one unnoticed.

/// One of the two infinities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Infinite {
    /// `-infinity`, before everything.
    Past,
    /// `infinity`, after everything.
    Future,
}

impl Infinite {
    /// Which one a DATE is, if any: `Value::Date(days)`.
    pub const fn of_date(days: i32) -> Option<Self> {
        match days {
            i32::MIN => Some(Self::Past),
            i32::MAX => Some(Self::Future),
            _ => None,
        }
    }

    /// Which one a timestamp is, if any: `Value::Timestamp(micros)` or `Value::TimestampTz(micros)`.
    pub const fn of_stamp(micros: i64) -> Option<Self> {
        match micros {
            i64::MIN => Some(Self::Past),
            i64::MAX => Some(Self::Future),
            _ => None,
        }
    }

    /// As a DATE: `Value::Date(infinite.date())`.
    pub const fn date(self) -> i32 {
        match self {
            Self::Past => i32::MIN,
            Self::Future => i32::MAX,
        }
    }

    /// As a timestamp: `Value::Timestamp(infinite.stamp())`, `Value::TimestampTz(infinite.stamp())`.
    pub const fn stamp(self) -> i64 {
        match self {
            Self::Past => i64::MIN,
            Self::Future => i64::MAX,
        }
    }

    /// As a DOUBLE PRECISION: a number of seconds or years.
    pub const fn float(self) -> f64 {
        match self {
            Self::Past => f64::NEG_INFINITY,
            Self::Future => f64::INFINITY,
        }
    }

    /// As it is written.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Past => "-infinity",
            Self::Future => "infinity",
        }
    }
}
