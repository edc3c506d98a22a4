//! `sqrt`, `exp`, `ln`, `log`, `power` of NUMERIC, to the number of digits that PostgreSQL chooses.
//!
//! The rules for the scale are those of `numeric.c`: about sixteen significant digits, never fewer digits after the point
//! than the arguments have, at most a thousand.

use super::math::{complex_power, logarithm_of, negative_root, zero_to_negative};
use super::series;
use crate::Result;
use crate::types::{Decimal, data_error, division_by_zero};
use bigdecimal::BigDecimal;
use num_bigint::{BigInt, Sign};

const SIGNIFICANT_DIGITS_MIN: i64 = 16;
const DISPLAY_SCALE_MAX: i64 = 1_000;
/// Largest exponent of e whose power is computed.
const EXPONENT_MAX: f64 = 6_000.0;
const LOG10_E: f64 = std::f64::consts::LOG10_E;

fn parts(value: &Decimal) -> (BigInt, i64) {
    BigDecimal::from(value).into_bigint_and_scale()
}

fn from_fixed(value: BigInt, digits: u32, scale: u32) -> Result<Decimal> {
    Decimal::from(&BigDecimal::new(value, i64::from(digits)))
        .round(scale as i32)
        .check_limits()
}

fn zero_at(scale: u32) -> Decimal {
    Decimal::new(0, scale)
}

/// The scale of a result whose first digit is at `10^weight`.
fn result_scale(weight: i64, scales: &[u32]) -> u32 {
    scales
        .iter()
        .fold(SIGNIFICANT_DIGITS_MIN - weight, |scale, own| {
            scale.max(i64::from(*own))
        })
        .clamp(0, DISPLAY_SCALE_MAX) as u32
}

/// The square root. Errors: `2201F`.
pub(super) fn sqrt(value: &Decimal) -> Result<Decimal> {
    let (weight, _) = value.leading_group();
    let root_weight = if weight >= 0 {
        weight * 2 + 1
    } else {
        1 - (1 - weight * 4) / 2
    };
    sqrt_at_scale(value, result_scale(root_weight, &[value.scale()]))
}

/// The square root with `scale` digits after the point. Errors: `2201F`.
pub(in super::super) fn sqrt_at_scale(value: &Decimal, scale: u32) -> Result<Decimal> {
    if value.is_negative() {
        return Err(negative_root());
    }
    let (coefficient, own) = parts(value);
    // One digit more than shown, and a remainder sticks out in none of those, so that rounding sees which side it is.
    let digits = scale + 1 + own as u32;
    let squared = coefficient * BigInt::from(10u8).pow(2 * digits - own as u32);
    from_fixed(squared.sqrt(), digits, scale)
}

/// The power of e. Errors: `22003` beyond the limits of NUMERIC.
pub(super) fn exp(value: &Decimal) -> Result<Decimal> {
    let approximate = value.to_f64()?;
    let weight = (approximate * LOG10_E).clamp(-2_000.0, 2_000.0) as i64;
    let scale = result_scale(weight, &[value.scale()]);
    if approximate.abs() >= EXPONENT_MAX {
        return if approximate > 0.0 {
            Err(numeric_overflow())
        } else {
            Ok(zero_at(scale))
        };
    }
    exp_at(value, approximate, scale)
}

fn exp_at(value: &Decimal, approximate: f64, scale: u32) -> Result<Decimal> {
    let whole = (approximate * LOG10_E).max(0.0) as u32 + 1;
    let digits = value.scale().max(scale + whole) + 5;
    let (coefficient, own) = parts(value);
    let fixed = coefficient * BigInt::from(10u8).pow(digits - own as u32);
    from_fixed(series::exp(&fixed, digits, whole), digits, scale)
}

/// The natural logarithm. Errors: `2201E`.
pub(super) fn ln(value: &Decimal) -> Result<Decimal> {
    check_logarithm(value)?;
    let scale = result_scale(ln_weight(value)?, &[value.scale()]);
    let digits = scale + 10;
    from_fixed(ln_fixed(value, digits), digits, scale)
}

/// The logarithm to base 10. Errors: `2201E`.
pub(super) fn log10(value: &Decimal) -> Result<Decimal> {
    check_logarithm(value)?;
    // The weight of ln(10) is zero, so that of the quotient is the numerator's.
    let scale = result_scale(ln_weight(value)?, &[value.scale()]);
    let digits = scale + 20;
    let numerator = ln_fixed(value, digits) * BigInt::from(10u8).pow(digits);
    let denominator = ln_fixed(&Decimal::from(10), digits);
    from_fixed(numerator / denominator, digits, scale)
}

/// The logarithm to base `base`. Errors: `2201E`, `22012` for the base 1.
pub(super) fn log(base: &Decimal, value: &Decimal) -> Result<Decimal> {
    check_logarithm(base)?;
    check_logarithm(value)?;
    let (base_weight, value_weight) = (ln_weight(base)?, ln_weight(value)?);
    let scales = [base.scale(), value.scale()];
    let scale = result_scale(value_weight - base_weight, &scales);
    // The denominator's zeros behind the point, and the digits of the result before it, are digits that get lost.
    let lost = 2 * base_weight.unsigned_abs() + value_weight.unsigned_abs();
    let digits = scale + lost as u32 + 20;
    let denominator = ln_fixed(base, digits);
    if denominator == BigInt::ZERO {
        return Err(division_by_zero());
    }
    let numerator = ln_fixed(value, digits) * BigInt::from(10u8).pow(digits);
    from_fixed(numerator / denominator, digits, scale)
}

fn check_logarithm(value: &Decimal) -> Result<()> {
    if value.is_zero() {
        Err(logarithm_of("zero"))
    } else if value.is_negative() {
        Err(logarithm_of("a negative number"))
    } else {
        Ok(())
    }
}

fn ln_fixed(value: &Decimal, digits: u32) -> BigInt {
    let (coefficient, scale) = parts(value);
    series::ln(coefficient.magnitude(), -scale, digits)
}

/// An estimate of the exponent of ten of the logarithm's first digit (`estimate_ln_dweight`).
fn ln_weight(value: &Decimal) -> Result<i64> {
    let (low, high) = (Decimal::new(9, 1), Decimal::new(11, 1));
    if *value >= low && *value <= high {
        let distance = value.subtract(&Decimal::from(1))?;
        if distance.is_zero() {
            return Ok(0);
        }
        let (weight, first) = distance.leading_group();
        return Ok(weight * 4 + (first as f64).log10() as i64);
    }
    let exponent = value.exponent().unwrap_or(0);
    let (coefficient, _) = parts(value);
    let digits: String = coefficient
        .magnitude()
        .to_str_radix(10)
        .chars()
        .take(16)
        .collect();
    let first = format!("{digits}e-{}", digits.len() - 1);
    let first: f64 = first.parse().unwrap_or(1.0);
    let logarithm = first.ln() + exponent as f64 * std::f64::consts::LN_10;
    Ok(logarithm.abs().log10() as i64)
}

/// `base` to the power of `exponent`. Errors: `2201F`, `22003` beyond the limits of NUMERIC.
pub(super) fn power(base: &Decimal, exponent: &Decimal) -> Result<Decimal> {
    if base.is_zero() && exponent.is_negative() {
        return Err(zero_to_negative());
    }
    let is_integer = exponent.truncate(0) == *exponent;
    if base.is_negative() && !is_integer {
        return Err(complex_power());
    }
    if is_integer && let Some(integer) = exponent.to_i64().and_then(|e| i32::try_from(e).ok()) {
        return integer_power(base, integer);
    }
    if base.is_zero() {
        return Ok(zero_at(SIGNIFICANT_DIGITS_MIN as u32));
    }
    let magnitude = base.abs();
    let weight = ln_weight(&magnitude)?;
    let rough_digits = result_scale(weight, &[]).max(8);
    let rough = from_fixed(
        ln_fixed(&magnitude, rough_digits + 5),
        rough_digits + 5,
        rough_digits,
    )?;
    let approximate = rough.to_f64()? * exponent.to_f64()?;
    if approximate.abs() > EXPONENT_MAX {
        return if approximate > 0.0 {
            Err(numeric_overflow())
        } else {
            Ok(zero_at(DISPLAY_SCALE_MAX as u32))
        };
    }
    let result_weight = (approximate * LOG10_E) as i64;
    let scale = result_scale(result_weight, &[base.scale(), exponent.scale()]);
    let whole = result_weight.max(0) as u32;
    // The error of the logarithm is multiplied by the exponent.
    let digits = scale + whole + exponent.exponent().unwrap_or(0).max(0) as u32 + 10;
    let (coefficient, own) = parts(exponent);
    let product = ln_fixed(&magnitude, digits) * coefficient;
    let product = series::divide_rounded(&product, &BigInt::from(10u8).pow(own as u32));
    let result = from_fixed(series::exp(&product, digits, whole + 1), digits, scale)?;
    let odd = exponent.remainder(&Decimal::from(2))?;
    Ok(if base.is_negative() && !odd.is_zero() {
        result.negate()
    } else {
        result
    })
}

/// A whole power, by squaring, with as many digits as can matter.
fn integer_power(base: &Decimal, exponent: i32) -> Result<Decimal> {
    let scale = result_scale(0, &[base.scale()]);
    if exponent == 0 {
        return Ok(Decimal::from(1).round(scale as i32));
    }
    if base.is_zero() {
        return Ok(zero_at(scale));
    }
    let (coefficient, own) = parts(base);
    let digits: String = coefficient.magnitude().to_str_radix(10);
    let first: f64 = digits
        .chars()
        .take(16)
        .collect::<String>()
        .parse()
        .unwrap_or(1.0);
    let exponent_of_first = digits.len().saturating_sub(16) as f64 - own as f64;
    let weight = f64::from(exponent) * (first.log10() + exponent_of_first);
    if weight > 131_072.0 {
        return Err(numeric_overflow());
    }
    if weight + 1.0 < -f64::from(scale) {
        return Ok(zero_at(scale));
    }
    let precision = (weight.max(0.0) as u64) + u64::from(scale) + 30;
    let mut result = Float::new(BigInt::from(1u8), 0, precision);
    let square = Float::new(coefficient, -own, precision);
    let steps = exponent.unsigned_abs();
    for bit in (0..32 - steps.leading_zeros()).rev() {
        result = result.multiply(&result, precision);
        if steps >> bit & 1 == 1 {
            result = result.multiply(&square, precision);
        }
    }
    let result = if exponent < 0 {
        result.reciprocal(precision)
    } else {
        result
    };
    result.into_decimal(scale)
}

/// A number of bounded precision: `coefficient * 10^exponent`.
struct Float {
    coefficient: BigInt,
    exponent: i64,
}

impl Float {
    fn new(coefficient: BigInt, exponent: i64, precision: u64) -> Self {
        // A digit has at least 3.32 bits: cutting by bits keeps a few digits more than asked for.
        let digits = (coefficient.bits() as f64 / std::f64::consts::LOG2_10) as u64;
        if digits <= precision + 2 {
            return Self {
                coefficient,
                exponent,
            };
        }
        let drop = (digits - precision) as u32;
        Self {
            coefficient: series::divide_rounded(&coefficient, &BigInt::from(10u8).pow(drop)),
            exponent: exponent + i64::from(drop),
        }
    }

    fn multiply(&self, other: &Self, precision: u64) -> Self {
        Self::new(
            &self.coefficient * &other.coefficient,
            self.exponent + other.exponent,
            precision,
        )
    }

    fn reciprocal(&self, precision: u64) -> Self {
        let digits = (self.coefficient.bits() as f64 / std::f64::consts::LOG2_10) as u64;
        let shift = (digits + precision + 5) as u32;
        Self {
            coefficient: BigInt::from(10u8).pow(shift) / &self.coefficient,
            exponent: -self.exponent - i64::from(shift),
        }
    }

    fn into_decimal(self, scale: u32) -> Result<Decimal> {
        let drop = -self.exponent - i64::from(scale);
        let coefficient = if drop > 0 {
            let sign = self.coefficient.sign();
            let magnitude = BigInt::from_biguint(Sign::Plus, self.coefficient.into_parts().1);
            let rounded = series::divide_rounded(&magnitude, &BigInt::from(10u8).pow(drop as u32));
            if sign == Sign::Minus {
                -rounded
            } else {
                rounded
            }
        } else {
            self.coefficient * BigInt::from(10u8).pow(drop.unsigned_abs() as u32)
        };
        Decimal::from(&BigDecimal::new(coefficient, i64::from(scale))).check_limits()
    }
}

fn numeric_overflow() -> crate::Error {
    data_error("22003", "value overflows numeric format")
}
