//! Rounding and conversion of decimals: to a scale, to a declared precision, to and from integers, floats and text.

use super::decimal::{Coefficient, SCALE_MAX, WHOLE_DIGITS_MAX, big_power_of_ten, power_of_ten};
use super::fault::{data_error, invalid_text, numeric_format_overflow};
use super::{Decimal, SqlType, out_of_range};
use crate::{Error, Result};
use num_bigint::{BigInt, Sign};
use std::fmt;
use std::str::FromStr;

/// `a / b` rounded half away from zero; `b` is not zero.
pub(super) fn divide_half_away(a: &BigInt, b: &BigInt) -> BigInt {
    let quotient = a / b;
    let rest = a - &quotient * b;
    if rest.magnitude() * 2u8 < *b.magnitude() {
        quotient
    } else if (a.sign() == Sign::Minus) == (b.sign() == Sign::Minus) {
        quotient + 1
    } else {
        quotient - 1
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    HalfAway,
    Truncate,
    Floor,
    Ceiling,
}

impl Decimal {
    /// Rounded half away from zero to `scale` digits after the point; a negative scale rounds before the point. More
    /// digits than there are become zeros.
    #[must_use]
    pub fn round(&self, scale: i32) -> Self {
        self.rescale(scale, Mode::HalfAway)
    }

    /// Like [`Decimal::round`], towards zero.
    #[must_use]
    pub fn truncate(&self, scale: i32) -> Self {
        self.rescale(scale, Mode::Truncate)
    }

    /// The greatest integer that is not greater.
    #[must_use]
    pub fn floor(&self) -> Self {
        self.rescale(0, Mode::Floor)
    }

    /// The smallest integer that is not smaller.
    #[must_use]
    pub fn ceiling(&self) -> Self {
        self.rescale(0, Mode::Ceiling)
    }

    fn rescale(&self, scale: i32, mode: Mode) -> Self {
        // Beyond these there is nothing left to round away, and the powers of ten stay small.
        let scale = scale.clamp(-(WHOLE_DIGITS_MAX as i32) - 1, SCALE_MAX as i32);
        let result_scale = scale.max(0) as u32;
        if i64::from(scale) >= i64::from(self.scale) {
            let coefficient = match self.coefficient_at(result_scale) {
                Some(small) => Coefficient::Small(small),
                None => Coefficient::from_big(self.big_coefficient_at(result_scale)),
            };
            return Self {
                coefficient,
                scale: result_scale,
            };
        }
        let drop = (i64::from(self.scale) - i64::from(scale)) as u64;
        if let (Coefficient::Small(small), Some(power)) = (&self.coefficient, power_of_ten(drop)) {
            let kept = *small / power;
            let step = step_of(mode, *small % power, power);
            let kept = kept + step;
            if scale >= 0 {
                return Self::new(kept, result_scale);
            }
            if let Some(small) =
                power_of_ten(u64::from(scale.unsigned_abs())).and_then(|p| kept.checked_mul(p))
            {
                return Self::new(small, 0);
            }
        }
        let coefficient = self.coefficient.to_big();
        let power = big_power_of_ten(drop);
        let kept = &coefficient / &power;
        let rest = coefficient - &kept * &power;
        let kept = kept + big_step_of(mode, &rest, &power);
        let kept = if scale < 0 {
            kept * big_power_of_ten(u64::from(scale.unsigned_abs()))
        } else {
            kept
        };
        Self::from_parts(kept, result_scale)
    }

    /// Fitted into a declared NUMERIC(precision, scale). Errors: `22003` when it has too many digits before the point.
    pub fn fit(&self, precision: u16, scale: i16) -> Result<Self> {
        let rounded = self.round(i32::from(scale));
        let whole = i64::from(precision) - i64::from(scale);
        match rounded.exponent() {
            Some(exponent) if exponent >= whole => Err(data_error(
                "22003",
                format!(
                    "numeric field overflow: a field with precision {precision}, scale {scale} must round to an \
                     absolute value less than {}",
                    if whole == 0 {
                        "1".to_owned()
                    } else {
                        format!("10^{whole}")
                    }
                ),
            )),
            _ => Ok(rounded),
        }
    }

    /// Rounded half away from zero to an integer; `None` when 64 bits do not hold it.
    pub fn to_i64(&self) -> Option<i64> {
        let (small, _) = self.round(0).small()?;
        i64::try_from(small).ok()
    }

    /// The nearest double. Errors: `22003` when it is out of range.
    pub fn to_f64(&self) -> Result<f64> {
        // Both are exact in a double, so that the division is rounded once.
        if let Some((small, scale)) = self.small()
            && small.unsigned_abs() < 1 << 53
            && scale <= 22
        {
            return Ok(small as f64 / 10f64.powi(scale as i32));
        }
        let text = self.to_string();
        match f64::from_str(&text) {
            Ok(value) if value.is_finite() && (value != 0.0 || self.is_zero()) => Ok(value),
            _ => Err(data_error(
                "22003",
                format!("\"{text}\" is out of range for type double precision"),
            )),
        }
    }

    /// From a float as PostgreSQL converts it: 15 significant digits for a double, 6 for a real. Errors: `0A000` for NaN
    /// and infinities, which NUMERIC has no room for here.
    pub fn from_f64(value: f64, significant_digits: usize) -> Result<Self> {
        if !value.is_finite() {
            return Err(Error::unsupported(format!(
                "{} in numeric",
                super::float8_to_text(value)
            )));
        }
        let text = format!("{value:.*e}", significant_digits - 1);
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let mantissa = if mantissa.contains('.') {
            mantissa.trim_end_matches('0').trim_end_matches('.')
        } else {
            mantissa
        };
        Self::parse(&format!("{mantissa}e{exponent}"))
    }

    /// The number of a SMALLINT, INTEGER or BIGINT range. Errors: `22003`.
    pub fn to_integer(&self, sql_type: SqlType) -> Result<i64> {
        let value = self.to_i64().ok_or_else(|| out_of_range(sql_type))?;
        let fits = match sql_type {
            SqlType::Int2 => i16::try_from(value).is_ok(),
            SqlType::Int4 => i32::try_from(value).is_ok(),
            _ => true,
        };
        fits.then_some(value).ok_or_else(|| out_of_range(sql_type))
    }

    /// From text by PostgreSQL's rules for NUMERIC. Errors: `22P02`, `22003`, and `0A000` for NaN and infinities.
    pub fn parse(text: &str) -> Result<Self> {
        let invalid = || invalid_text("numeric", text);
        let trimmed = text.trim_matches(|c: char| c.is_ascii_whitespace() || c == '\x0b');
        let (negative, body) = match trimmed.as_bytes().first() {
            Some(b'-') => (true, &trimmed[1..]),
            Some(b'+') => (false, &trimmed[1..]),
            _ => (false, trimmed),
        };
        if ["nan", "inf", "infinity"].contains(&body.to_ascii_lowercase().as_str()) {
            return Err(Error::unsupported(format!("{trimmed} in numeric")));
        }
        let (mantissa, exponent) = match body.find(['e', 'E']) {
            Some(at) => (
                &body[..at],
                parse_exponent(&body[at + 1..]).ok_or_else(invalid)?,
            ),
            None => (body, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if whole.len() + fraction.len() == 0 || !all_digits(whole) || !all_digits(fraction) {
            return Err(invalid());
        }
        let whole = whole.trim_start_matches('0');
        let scale = fraction.len() as i64 - exponent;
        if scale > i64::from(SCALE_MAX)
            || whole.len() as i64 + exponent > WHOLE_DIGITS_MAX as i64
                && !(whole.is_empty() && fraction.bytes().all(|b| b == b'0'))
        {
            return Err(numeric_format_overflow());
        }
        let digits = format!("{}0{whole}{fraction}", if negative { "-" } else { "" });
        let coefficient = match digits.parse::<i128>() {
            Ok(small) => Coefficient::Small(small),
            Err(_) => Coefficient::from_big(digits.parse().map_err(|_| invalid())?),
        };
        let unscaled = Self {
            coefficient,
            scale: scale.max(0) as u32,
        };
        if scale >= 0 || unscaled.is_zero() {
            return unscaled.check_limits();
        }
        let power = big_power_of_ten(scale.unsigned_abs());
        Self::from_parts(unscaled.coefficient.to_big() * power, 0).check_limits()
    }
}

fn parse_exponent(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    // Anything this large overflows NUMERIC; the exact value does not matter.
    let magnitude = digits.parse::<i64>().unwrap_or(i64::MAX).min(1 << 30);
    Some(if text.starts_with('-') {
        -magnitude
    } else {
        magnitude
    })
}

fn step_of(mode: Mode, rest: i128, power: i128) -> i128 {
    let away = rest.signum();
    match mode {
        Mode::HalfAway if rest.unsigned_abs() >= power.unsigned_abs() - rest.unsigned_abs() => away,
        Mode::Floor => away.min(0),
        Mode::Ceiling => away.max(0),
        Mode::HalfAway | Mode::Truncate => 0,
    }
}

fn big_step_of(mode: Mode, rest: &BigInt, power: &BigInt) -> i32 {
    let away = match rest.sign() {
        Sign::Minus => -1,
        Sign::NoSign => 0,
        Sign::Plus => 1,
    };
    match mode {
        Mode::HalfAway if rest.magnitude() * 2u8 >= *power.magnitude() => away,
        Mode::Floor => away.min(0),
        Mode::Ceiling => away.max(0),
        Mode::HalfAway | Mode::Truncate => 0,
    }
}

impl fmt::Display for Decimal {
    /// All digits, never an exponent.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = match &self.coefficient {
            Coefficient::Small(small) => small.unsigned_abs().to_string(),
            Coefficient::Big(big) => big.magnitude().to_str_radix(10),
        };
        if self.is_negative() {
            f.write_str("-")?;
        }
        let scale = self.scale as usize;
        if scale == 0 {
            return f.write_str(&digits);
        }
        match digits.len().checked_sub(scale) {
            Some(at) if at > 0 => write!(f, "{}.{}", &digits[..at], &digits[at..]),
            _ => write!(f, "0.{digits:0>scale$}"),
        }
    }
}
