//! Digits of a second that are declared: `TIMESTAMP(3)`.

use super::datetime::check_timestamp;
use super::fault::data_error;
use super::infinite::Infinite;
use crate::Result;

/// Digits of a second that there are.
pub(crate) const DIGITS_MAX: u8 = 6;

/// 2000-01-01, from where PostgreSQL counts, and so where halves are rounded away from.
const ROUNDED_FROM: i64 = 946_684_800_000_000;

/// Microseconds with that many digits of a second, halves away from zero.
pub(crate) fn rounded(micros: i64, digits: u8) -> i64 {
    let scale = 10i64.pow(u32::from(DIGITS_MAX.saturating_sub(digits)));
    let half = if micros < 0 { -scale / 2 } else { scale / 2 };
    micros.saturating_add(half) / scale * scale
}

/// A timestamp with that many digits of a second, which an infinite one has anyhow, or with all that it has. Errors: `22008`
/// beyond the last one.
pub(crate) fn rounded_stamp(stamp: i64, digits: Option<u8>) -> Result<i64> {
    let Some(digits) = digits.filter(|_| Infinite::of_stamp(stamp).is_none()) else {
        return Ok(stamp);
    };
    let from_there = stamp.checked_sub(ROUNDED_FROM);
    from_there
        .and_then(|micros| rounded(micros, digits).checked_add(ROUNDED_FROM))
        .ok_or_else(|| data_error("22008", "timestamp out of range"))
        .and_then(|stamp| check_timestamp(0, stamp))
}
