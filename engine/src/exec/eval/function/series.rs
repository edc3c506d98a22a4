//! Logarithm and exponential of decimals to any number of digits, in fixed point.
//!
//! A fixed-point number of `digits` is an integer that counts units of `10^-digits`. Both functions bring their argument
//! near the point where their series converges fast, sum it, and undo the step; extra digits take up the roundings.

use num_bigint::{BigInt, BigUint, Sign};

/// Digits computed beyond those asked for.
const GUARD_DIGITS: u32 = 20;
/// Square roots taken before the series of the logarithm, and halvings before that of the exponential.
const REDUCTIONS: u32 = 12;

fn power_of_ten(exponent: u32) -> BigInt {
    BigInt::from(10u8).pow(exponent)
}

/// `ln(mantissa * 10^exponent)` in fixed point of `digits`; the mantissa is positive.
pub(super) fn ln(mantissa: &BigUint, exponent: i64, digits: u32) -> BigInt {
    let work = digits + GUARD_DIGITS;
    let unit = power_of_ten(work);
    // Between 1 and 10: the first digit of the mantissa before the point.
    let length = mantissa.to_str_radix(10).len() as i64;
    let mantissa = BigInt::from_biguint(Sign::Plus, mantissa.clone());
    let shift = i64::from(work) - (length - 1);
    let normal = if shift >= 0 {
        mantissa * power_of_ten(shift as u32)
    } else {
        mantissa / power_of_ten(shift.unsigned_abs() as u32)
    };
    let mut result = ln_near_one(normal, &unit);
    let tens = exponent + length - 1;
    if tens != 0 {
        result += ln_near_one(&unit * 10, &unit) * tens;
    }
    divide_rounded(&result, &power_of_ten(GUARD_DIGITS))
}

/// `ln` of a fixed-point number from 1 to 10, by roots and `2 artanh((x - 1) / (x + 1))`.
fn ln_near_one(mut x: BigInt, unit: &BigInt) -> BigInt {
    for _ in 0..REDUCTIONS {
        x = (x * unit).sqrt();
    }
    let ratio = (&x - unit) * unit / (&x + unit);
    let square = &ratio * &ratio / unit;
    let (mut term, mut sum, mut divisor) = (ratio.clone(), ratio, 1u32);
    while term.sign() != Sign::NoSign {
        term = term * &square / unit;
        divisor += 2;
        sum += &term / divisor;
    }
    sum << (REDUCTIONS as usize + 1)
}

/// `e^(x / 10^digits)` in fixed point of `digits`, for an exponential of at most `10^whole_max`.
pub(super) fn exp(x: &BigInt, digits: u32, whole_max: u32) -> BigInt {
    let work = digits + whole_max + GUARD_DIGITS;
    let unit = power_of_ten(work);
    let x = x * power_of_ten(work - digits);
    let ln_ten = ln(&BigUint::from(10u8), 0, work);
    let tens = &x / &ln_ten;
    let rest = &x - &tens * &ln_ten;
    let small = rest >> REDUCTIONS as usize;
    let (mut term, mut sum, mut divisor) = (unit.clone(), unit.clone(), 0u32);
    loop {
        divisor += 1;
        term = term * &small / &unit / divisor;
        // A negative term is rounded towards zero by the division, so that it ends there as well.
        if term.sign() == Sign::NoSign {
            break;
        }
        sum += &term;
    }
    for _ in 0..REDUCTIONS {
        sum = &sum * &sum / &unit;
    }
    let tens = i64::try_from(tens).unwrap_or(0);
    let drop = i64::from(work - digits) - tens;
    if drop >= 0 {
        divide_rounded(&sum, &power_of_ten(drop as u32))
    } else {
        sum * power_of_ten(drop.unsigned_abs() as u32)
    }
}

/// The quotient by a positive number, rounded half away from zero.
pub(super) fn divide_rounded(a: &BigInt, b: &BigInt) -> BigInt {
    let half: BigInt = b / 2;
    if a.sign() == Sign::Minus {
        (a - half) / b
    } else {
        (a + half) / b
    }
}
