//! The working form of a NUMERIC: a coefficient and the number of digits after the point.
//!
//! Most coefficients fit 128 bits and are computed with there; [`BigInt`] takes over when one does not. Result scales
//! follow PostgreSQL (`numeric.c`): the larger one for `+`, `-` and `%`, the sum for `*`, and for `/` enough digits for 16
//! significant ones, counted in groups of four digits as PostgreSQL stores them.

use super::fault::{data_error, numeric_format_overflow};
use crate::Result;
use bigdecimal::BigDecimal;
use num_bigint::{BigInt, Sign};
use std::cmp::Ordering;

/// Digits after the point that a NUMERIC can have.
pub(crate) const SCALE_MAX: u32 = 16_383;
/// Digits before the point that a NUMERIC can have.
pub(super) const WHOLE_DIGITS_MAX: u64 = 131_072;
/// Digits after the point to which a division or a function may extend its result.
const DISPLAY_SCALE_MAX: i64 = 1_000;
/// Significant digits that a division or a function gives at least.
const SIGNIFICANT_DIGITS_MIN: i64 = 16;
/// Decimal digits in one of PostgreSQL's base-10000 digits.
const GROUP_DIGITS: i64 = 4;

/// A finite decimal number with its own scale.
///
/// Equality and order are by value: `1.10` equals `1.1`.
#[derive(Clone, Debug)]
pub struct Decimal {
    pub(super) coefficient: Coefficient,
    pub(super) scale: u32,
}

/// The digits as an integer; `Big` only when 128 bits do not hold it.
#[derive(Clone, Debug)]
pub(super) enum Coefficient {
    Small(i128),
    Big(BigInt),
}

impl Coefficient {
    pub(super) fn from_big(value: BigInt) -> Self {
        match i128::try_from(&value) {
            Ok(small) => Self::Small(small),
            Err(_) => Self::Big(value),
        }
    }

    pub(super) fn to_big(&self) -> BigInt {
        match self {
            Self::Small(small) => BigInt::from(*small),
            Self::Big(big) => big.clone(),
        }
    }

    fn is_zero(&self) -> bool {
        matches!(self, Self::Small(0))
    }

    fn is_negative(&self) -> bool {
        match self {
            Self::Small(small) => *small < 0,
            Self::Big(big) => big.sign() == Sign::Minus,
        }
    }

    /// Number of decimal digits; 0 for zero.
    fn digits(&self) -> u64 {
        match self {
            Self::Small(0) => 0,
            Self::Small(small) => u64::from(small.unsigned_abs().ilog10()) + 1,
            Self::Big(big) => big.magnitude().to_str_radix(10).len() as u64,
        }
    }
}

/// `10^exponent`, when 128 bits hold it.
pub(super) fn power_of_ten(exponent: u64) -> Option<i128> {
    u32::try_from(exponent)
        .ok()
        .and_then(|e| 10i128.checked_pow(e))
}

/// `10^exponent`.
pub(super) fn big_power_of_ten(exponent: u64) -> BigInt {
    debug_assert!(
        exponent < 1 << 20,
        "exponents are bounded by the limits of NUMERIC"
    );
    BigInt::from(10u8).pow(exponent as u32)
}

impl Decimal {
    /// Zero.
    pub const ZERO: Self = Self {
        coefficient: Coefficient::Small(0),
        scale: 0,
    };

    /// `coefficient / 10^scale`.
    pub fn new(coefficient: i128, scale: u32) -> Self {
        Self {
            coefficient: Coefficient::Small(coefficient),
            scale,
        }
    }

    pub(super) fn from_parts(coefficient: BigInt, scale: u32) -> Self {
        Self {
            coefficient: Coefficient::from_big(coefficient),
            scale,
        }
    }

    /// Digits after the point.
    pub fn scale(&self) -> u32 {
        self.scale
    }

    /// Coefficient and scale, when 128 bits hold the coefficient.
    pub fn small(&self) -> Option<(i128, u32)> {
        match self.coefficient {
            Coefficient::Small(small) => Some((small, self.scale)),
            Coefficient::Big(_) => None,
        }
    }

    /// Whether the value is zero.
    pub fn is_zero(&self) -> bool {
        self.coefficient.is_zero()
    }

    /// Whether the value is below zero.
    pub fn is_negative(&self) -> bool {
        self.coefficient.is_negative()
    }

    /// The number with the other sign.
    #[must_use]
    pub fn negate(&self) -> Self {
        let coefficient = match &self.coefficient {
            Coefficient::Small(small) if *small != i128::MIN => Coefficient::Small(-small),
            other => Coefficient::from_big(-other.to_big()),
        };
        Self {
            coefficient,
            scale: self.scale,
        }
    }

    /// The number without its sign.
    #[must_use]
    pub fn abs(&self) -> Self {
        if self.is_negative() {
            self.negate()
        } else {
            self.clone()
        }
    }

    /// The same number, itself, or `22003` when it has more digits than a NUMERIC can have.
    pub fn check_limits(self) -> Result<Self> {
        let fits = match &self.coefficient {
            Coefficient::Small(_) => self.scale <= SCALE_MAX,
            // A decimal digit has more than 3 bits, so most numbers need no counting of digits.
            Coefficient::Big(big) => {
                self.scale <= SCALE_MAX
                    && (big.bits() / 3 <= WHOLE_DIGITS_MAX
                        || self.coefficient.digits() <= WHOLE_DIGITS_MAX + u64::from(self.scale))
            }
        };
        if fits {
            Ok(self)
        } else {
            Err(numeric_format_overflow())
        }
    }

    /// The sum. Errors: `22003` beyond the limits of NUMERIC.
    pub fn add(&self, other: &Self) -> Result<Self> {
        let scale = self.scale.max(other.scale);
        if let (Some(a), Some(b)) = (self.coefficient_at(scale), other.coefficient_at(scale))
            && let Some(sum) = a.checked_add(b)
        {
            return Ok(Self::new(sum, scale));
        }
        let sum = self.big_coefficient_at(scale) + other.big_coefficient_at(scale);
        Self::from_parts(sum, scale).check_limits()
    }

    /// The difference. Errors: `22003` beyond the limits of NUMERIC.
    pub fn subtract(&self, other: &Self) -> Result<Self> {
        self.add(&other.negate())
    }

    /// The product. Errors: `22003` beyond the limits of NUMERIC.
    pub fn multiply(&self, other: &Self) -> Result<Self> {
        let scale = self.scale + other.scale;
        let product = match (&self.coefficient, &other.coefficient) {
            (Coefficient::Small(a), Coefficient::Small(b)) => {
                a.checked_mul(*b).map(Coefficient::Small)
            }
            _ => None,
        }
        .unwrap_or_else(|| {
            Coefficient::from_big(self.coefficient.to_big() * other.coefficient.to_big())
        });
        let product = Self {
            coefficient: product,
            scale,
        };
        product.round(scale.min(SCALE_MAX) as i32).check_limits()
    }

    /// The quotient, rounded at PostgreSQL's scale. Errors: `22012` for a division by zero, `22003` beyond the limits of
    /// NUMERIC.
    pub fn divide(&self, other: &Self) -> Result<Self> {
        self.divide_at_scale(other, self.quotient_scale(other))
    }

    /// The quotient with `scale` digits after the point, rounded half away from zero.
    pub(crate) fn divide_at_scale(&self, other: &Self, scale: u32) -> Result<Self> {
        if other.is_zero() {
            return Err(division_by_zero());
        }
        let shift = i64::from(scale) + i64::from(other.scale) - i64::from(self.scale);
        if let (Some((a, _)), Some((b, _))) = (self.small(), other.small())
            && let Some(power) = power_of_ten(shift.unsigned_abs())
            && let Some((a, b)) = if shift >= 0 {
                a.checked_mul(power).map(|a| (a, b))
            } else {
                b.checked_mul(power).map(|b| (a, b))
            }
            && let (Some(quotient), Some(rest)) = (a.checked_div(b), a.checked_rem(b))
        {
            let up = rest.unsigned_abs() >= b.unsigned_abs() - rest.unsigned_abs();
            let step = if up && rest != 0 {
                if (a < 0) == (b < 0) { 1 } else { -1 }
            } else {
                0
            };
            return Ok(Self::new(quotient + step, scale));
        }
        let power = big_power_of_ten(shift.unsigned_abs());
        let (mut a, mut b) = (self.coefficient.to_big(), other.coefficient.to_big());
        if shift >= 0 {
            a *= power;
        } else {
            b *= power;
        }
        Self::from_parts(super::decimal_rounding::divide_half_away(&a, &b), scale).check_limits()
    }

    /// The remainder of a division that truncates; it has the sign of `self`. Errors: `22012`.
    pub fn remainder(&self, other: &Self) -> Result<Self> {
        if other.is_zero() {
            return Err(division_by_zero());
        }
        let scale = self.scale.max(other.scale);
        if let (Some(a), Some(b)) = (self.coefficient_at(scale), other.coefficient_at(scale)) {
            return Ok(Self::new(a.checked_rem(b).unwrap_or(0), scale));
        }
        let rest = self.big_coefficient_at(scale) % other.big_coefficient_at(scale);
        Ok(Self::from_parts(rest, scale))
    }

    /// The scale of PostgreSQL's `select_div_scale`.
    fn quotient_scale(&self, divisor: &Self) -> u32 {
        let (weight, first) = self.leading_group();
        let (divisor_weight, divisor_first) = divisor.leading_group();
        let mut quotient_weight = weight - divisor_weight;
        if first <= divisor_first {
            quotient_weight -= 1;
        }
        (SIGNIFICANT_DIGITS_MIN - quotient_weight * GROUP_DIGITS)
            .max(i64::from(self.scale))
            .max(i64::from(divisor.scale))
            .clamp(0, DISPLAY_SCALE_MAX) as u32
    }

    /// Exponent in groups of four digits of the first group that is not zero, and that group; zeros for zero.
    pub(crate) fn leading_group(&self) -> (i64, i128) {
        let digits = self.coefficient.digits() as i64;
        if digits == 0 {
            return (0, 0);
        }
        let weight = (digits - i64::from(self.scale) - 1).div_euclid(GROUP_DIGITS);
        let drop = i64::from(self.scale) + weight * GROUP_DIGITS;
        let first = match &self.coefficient {
            Coefficient::Small(small) => {
                let power = power_of_ten(drop.unsigned_abs()).unwrap_or(1);
                let magnitude = small.unsigned_abs();
                if drop >= 0 {
                    magnitude / power as u128
                } else {
                    magnitude * power as u128
                }
            }
            // More than 38 digits and a scale, so that there is always something to drop.
            Coefficient::Big(big) => {
                let first = big.magnitude() / big_power_of_ten(drop.unsigned_abs()).magnitude();
                u128::try_from(first).unwrap_or(0)
            }
        };
        (weight, first as i128)
    }

    /// Exponent of ten of the first digit that is not zero; `None` for zero.
    pub(crate) fn exponent(&self) -> Option<i64> {
        let digits = self.coefficient.digits() as i64;
        (digits > 0).then(|| digits - i64::from(self.scale) - 1)
    }

    /// The coefficient that goes with a scale that is not smaller, when 128 bits hold it.
    pub(crate) fn coefficient_at(&self, scale: u32) -> Option<i128> {
        let (small, own) = self.small()?;
        if scale == own {
            return Some(small);
        }
        small.checked_mul(power_of_ten(u64::from(scale - own))?)
    }

    pub(super) fn big_coefficient_at(&self, scale: u32) -> BigInt {
        self.coefficient.to_big() * big_power_of_ten(u64::from(scale - self.scale))
    }
}

/// `division by zero`: SQLSTATE `22012`.
pub(crate) fn division_by_zero() -> crate::Error {
    data_error("22012", "division by zero")
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Decimal {}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let scale = self.scale.max(other.scale);
        match (self.coefficient_at(scale), other.coefficient_at(scale)) {
            (Some(a), Some(b)) => a.cmp(&b),
            _ if self.is_negative() != other.is_negative() => {
                other.is_negative().cmp(&self.is_negative())
            }
            _ => self
                .big_coefficient_at(scale)
                .cmp(&other.big_coefficient_at(scale)),
        }
    }
}

impl From<i64> for Decimal {
    fn from(value: i64) -> Self {
        Self::new(i128::from(value), 0)
    }
}

impl From<&BigDecimal> for Decimal {
    /// Digits beyond the limits of NUMERIC are kept; [`Decimal::check_limits`] refuses them.
    fn from(value: &BigDecimal) -> Self {
        let (coefficient, scale) = value.as_bigint_and_scale();
        if scale >= 0 {
            Self {
                coefficient: Coefficient::from_big(coefficient.into_owned()),
                scale: u32::try_from(scale).unwrap_or(u32::MAX),
            }
        } else {
            Self::from_parts(
                coefficient.into_owned() * big_power_of_ten(scale.unsigned_abs()),
                0,
            )
        }
    }
}

impl From<&Decimal> for BigDecimal {
    fn from(value: &Decimal) -> Self {
        Self::new(value.coefficient.to_big(), i64::from(value.scale))
    }
}
