//! Functions of integers and NUMERICs that are looked at one by one.

use super::super::operand::Operand;
use super::super::time_arithmetic::rowwise;
use super::dispatch::Arguments;
use crate::error::{Error, Result};
use crate::sql::function::ScalarFunction as F;
use crate::types::array::value_at;
use crate::types::{Decimal, SqlType, Value, data_error, out_of_range};
use bigdecimal::BigDecimal;
use num_bigint::BigInt;

/// Largest argument of `factorial`, beyond which the result has more digits than a NUMERIC.
const FACTORIAL_MAX: i64 = 32_177;

/// `div`, `gcd`, `lcm`, `factorial`, `scale`, `min_scale`, `trim_scale`, `width_bucket`, `to_hex`.
pub(super) fn call(name: F, arguments: &Arguments, result: SqlType) -> Result<Operand> {
    rowwise(&arguments.all(), result, |row| {
        let values: Vec<Value> = (0..arguments.len())
            .map(|i| {
                let operand = &arguments.operands[i];
                value_at(&operand.array, operand.at(row), arguments.sql_type(i))
            })
            .collect();
        value(name, &values, result)
    })
}

fn value(name: F, arguments: &[Value], result: SqlType) -> Result<Value> {
    let numeric = |value: Decimal| Ok(Value::Numeric((&value.check_limits()?).into()));
    match (name, arguments) {
        (F::Div, [Value::Numeric(a), Value::Numeric(b)]) => {
            let (a, b) = (Decimal::from(a), Decimal::from(b));
            let whole = a.subtract(&a.remainder(&b)?)?;
            numeric(whole.divide_at_scale(&b, 0)?)
        }
        (F::Scale, [Value::Numeric(a)]) => Ok(Value::Int4(Decimal::from(a).scale() as i32)),
        (F::MinScale, [Value::Numeric(a)]) => {
            Ok(Value::Int4(trimmed(&Decimal::from(a)).scale() as i32))
        }
        (F::TrimScale, [Value::Numeric(a)]) => numeric(trimmed(&Decimal::from(a))),
        (F::Factorial, [Value::Int8(n)]) => factorial(*n),
        (F::Gcd, [Value::Numeric(a), Value::Numeric(b)]) => numeric(gcd_of(a, b)?),
        (F::Lcm, [Value::Numeric(a), Value::Numeric(b)]) => numeric(lcm_of(a, b)?),
        (F::Gcd | F::Lcm, [a, b]) => {
            let (Some(a), Some(b)) = (a.as_integer(), b.as_integer()) else {
                return Err(Error::misuse("gcd and lcm are of integers"));
            };
            let gcd = gcd(a.unsigned_abs(), b.unsigned_abs());
            let found = match name {
                F::Gcd => Some(u128::from(gcd)),
                _ if gcd == 0 => Some(0),
                _ => Some(u128::from(a.unsigned_abs() / gcd) * u128::from(b.unsigned_abs())),
            };
            integer_of(found, result)
        }
        (F::WidthBucket, [value, low, high, Value::Int4(count)]) => {
            width_bucket(value, low, high, *count)
        }
        (F::ToHex, [Value::Int4(n)]) => Ok(Value::Text(format!("{n:x}"))),
        (F::ToHex, [Value::Int8(n)]) => Ok(Value::Text(format!("{n:x}"))),
        _ => Err(Error::misuse("a function of numbers has other arguments")),
    }
}

fn integer_of(value: Option<u128>, sql_type: SqlType) -> Result<Value> {
    let value = value.and_then(|v| i64::try_from(v).ok());
    match sql_type {
        SqlType::Int4 => value
            .and_then(|v| i32::try_from(v).ok())
            .map(Value::Int4)
            .ok_or_else(|| out_of_range(sql_type)),
        _ => value.map(Value::Int8).ok_or_else(|| out_of_range(sql_type)),
    }
}

/// The greatest common divisor (Euclid).
fn gcd(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// The greatest number of which both are multiples, with as many digits after the point as they have.
fn gcd_of(a: &BigDecimal, b: &BigDecimal) -> Result<Decimal> {
    let (mut a, mut b) = (Decimal::from(a), Decimal::from(b));
    let scale = a.scale().max(b.scale());
    while !b.is_zero() {
        let rest = a.remainder(&b)?;
        (a, b) = (b, rest);
    }
    Ok(a.abs().round(scale as i32))
}

/// The smallest number that is a multiple of both.
fn lcm_of(a: &BigDecimal, b: &BigDecimal) -> Result<Decimal> {
    let gcd = gcd_of(a, b)?;
    if gcd.is_zero() {
        return Ok(gcd);
    }
    let times = Decimal::from(a).divide_at_scale(&gcd, 0)?;
    let product = times.multiply(&Decimal::from(b))?.abs();
    Ok(product.round(gcd.scale() as i32))
}

fn factorial(n: i64) -> Result<Value> {
    if n < 0 {
        let message = "factorial of a negative number is undefined";
        return Err(data_error("22003", message));
    }
    if n > FACTORIAL_MAX {
        return Err(data_error("22003", "value overflows numeric format"));
    }
    let product = (2..=n).fold(BigInt::from(1), |product, factor| product * factor);
    Ok(Value::Numeric(product.into()))
}

/// The same number without zeros at its end.
fn trimmed(value: &Decimal) -> Decimal {
    let mut scale = value.scale() as i32;
    while scale > 0 && value.truncate(scale - 1) == *value {
        scale -= 1;
    }
    value.truncate(scale)
}

/// In which of `count` parts of equal width a value lies. Errors: `2201G`.
fn width_bucket(value: &Value, low: &Value, high: &Value, count: i32) -> Result<Value> {
    let wrong = |message: &str| Err(data_error("2201G", message));
    if count <= 0 {
        return wrong("count must be greater than zero");
    }
    let past = || {
        count
            .checked_add(1)
            .ok_or_else(|| out_of_range(SqlType::Int4))
    };
    let bucket = match (value, low, high) {
        (Value::Float8(value), Value::Float8(low), Value::Float8(high)) => {
            if value.is_nan() || low.is_nan() || high.is_nan() {
                return wrong("operand, lower bound, and upper bound cannot be NaN");
            }
            if low.is_infinite() || high.is_infinite() {
                return wrong("lower and upper bounds must be finite");
            }
            if low == high {
                return wrong("lower bound cannot equal upper bound");
            }
            let (from_low, width) = match low < high {
                true => (value - low, high - low),
                false => (low - value, low - high),
            };
            if from_low < 0.0 {
                0
            } else if from_low >= width {
                past()?
            } else {
                ((f64::from(count) * (from_low / width)) as i32).min(count - 1) + 1
            }
        }
        (Value::Numeric(value), Value::Numeric(low), Value::Numeric(high)) => {
            let (value, low, high) = (value.into(), low.into(), Decimal::from(high));
            let value: Decimal = value;
            if low == high {
                return wrong("lower bound cannot equal upper bound");
            }
            let (from_low, width) = match low < high {
                true => (value.subtract(&low)?, high.subtract(&low)?),
                false => (low.subtract(&value)?, low.subtract(&high)?),
            };
            if from_low.is_negative() {
                0
            } else if from_low >= width {
                past()?
            } else {
                let product = from_low.multiply(&Decimal::from(i64::from(count)))?;
                let whole = product.subtract(&product.remainder(&width)?)?;
                let part = whole.divide_at_scale(&width, 0)?.to_i64().unwrap_or(0);
                (part as i32).min(count - 1) + 1
            }
        }
        _ => return Err(Error::misuse("width_bucket is of numbers of one type")),
    };
    Ok(Value::Int4(bucket))
}
