//! Functions of numbers.

use super::super::arithmetic::{Integer, map, overflow, underflow, zip};
use super::super::numeric_kernel::{NumericColumn, build, unary};
use super::super::operand::Operand;
use super::dispatch::Arguments;
use super::math_numeric;
use crate::sql::function::ScalarFunction;
use crate::types::{Decimal, SqlType, data_error, out_of_range};
use crate::{Error, Result};
use arrow_array::ArrowPrimitiveType;
use arrow_array::types::{Float32Type, Float64Type, Int16Type, Int32Type, Int64Type};

/// `abs`, `ceil`, `floor`, `round`, `trunc`, `sign`.
pub(super) fn rounding(name: ScalarFunction, arguments: &Arguments) -> Result<Operand> {
    let operand = arguments.get(0)?;
    match arguments.sql_type(0) {
        SqlType::Numeric(_) => numeric_rounding(name, arguments),
        SqlType::Float8 => {
            let function: fn(f64) -> f64 = match name {
                ScalarFunction::Abs => f64::abs,
                ScalarFunction::Ceil => f64::ceil,
                ScalarFunction::Floor => f64::floor,
                ScalarFunction::Round => f64::round_ties_even,
                ScalarFunction::Trunc => f64::trunc,
                _ => |x| {
                    if x > 0.0 {
                        1.0
                    } else if x < 0.0 {
                        -1.0
                    } else {
                        0.0
                    }
                },
            };
            map::<Float64Type, Float64Type>(operand, |x| (function(x), false), |_| None)
        }
        SqlType::Float4 if name == ScalarFunction::Abs => {
            map::<Float32Type, Float32Type>(operand, |x| (x.abs(), false), |_| None)
        }
        sql_type if name == ScalarFunction::Abs => match sql_type {
            SqlType::Int2 => integer_abs::<Int16Type>(operand, sql_type),
            SqlType::Int4 => integer_abs::<Int32Type>(operand, sql_type),
            SqlType::Int8 => integer_abs::<Int64Type>(operand, sql_type),
            _ => Err(refused(name, sql_type)),
        },
        sql_type => Err(refused(name, sql_type)),
    }
}

fn refused(name: ScalarFunction, sql_type: SqlType) -> Error {
    Error::unsupported(format!("{name:?} of {sql_type}").to_lowercase())
}

fn integer_abs<T: ArrowPrimitiveType>(operand: &Operand, sql_type: SqlType) -> Result<Operand>
where
    T::Native: Integer,
{
    map::<T, T>(operand, Integer::absolute, |_| Some(out_of_range(sql_type)))
}

fn numeric_rounding(name: ScalarFunction, arguments: &Arguments) -> Result<Operand> {
    let operand = arguments.get(0)?;
    if arguments.len() > 1 {
        let column = NumericColumn::new(operand)?;
        return build(&arguments.all(), arguments.rows, |row| {
            let digits = arguments.integer(1, row)? as i32;
            let value = column.value(row)?;
            let value = match name {
                ScalarFunction::Round => value.round(digits.clamp(-2000, 2000)),
                _ => value.truncate(digits.clamp(-2000, 2000)),
            };
            value.check_limits()
        });
    }
    unary(operand, |value| match name {
        ScalarFunction::Abs => Ok(value.abs()),
        ScalarFunction::Ceil => value.ceiling().check_limits(),
        ScalarFunction::Floor => value.floor().check_limits(),
        ScalarFunction::Round => value.round(0).check_limits(),
        ScalarFunction::Trunc => Ok(value.truncate(0)),
        _ => Ok(Decimal::from(if value.is_zero() {
            0
        } else if value.is_negative() {
            -1
        } else {
            1
        })),
    })
}

/// `sqrt`, `power`, `exp`, `ln`, `log`. Errors: `22012` for logarithms to base 1, `2201E` for logarithms and `2201F` for powers outside of their domain.
pub(super) fn transcendental(name: ScalarFunction, arguments: &Arguments) -> Result<Operand> {
    let operand = arguments.get(0)?;
    if arguments.sql_type(0).is_numeric() {
        return match name {
            ScalarFunction::Sqrt => unary(operand, math_numeric::sqrt),
            ScalarFunction::Exp => unary(operand, math_numeric::exp),
            ScalarFunction::Ln => unary(operand, math_numeric::ln),
            ScalarFunction::Log10 => unary(operand, math_numeric::log10),
            _ => {
                let (base, exponent) = (operand, arguments.get(1)?);
                let (x, y) = (NumericColumn::new(base)?, NumericColumn::new(exponent)?);
                let function = match name {
                    ScalarFunction::Log => math_numeric::log,
                    _ => math_numeric::power,
                };
                build(&[base, exponent], arguments.rows, |row| {
                    function(&x.value(row)?, &y.value(row)?)
                })
            }
        };
    }
    if arguments.sql_type(0) != SqlType::Float8 {
        return Err(refused(name, arguments.sql_type(0)));
    }
    match name {
        ScalarFunction::Sqrt => checked(operand, |x| {
            if x < 0.0 {
                return Err(negative_root());
            }
            Ok(x.sqrt())
        }),
        ScalarFunction::Exp => checked(operand, |x| {
            let result = x.exp();
            if result.is_infinite() && x.is_finite() {
                Err(overflow())
            } else if result == 0.0 && x.is_finite() {
                Err(underflow())
            } else {
                Ok(result)
            }
        }),
        ScalarFunction::Ln => checked(operand, |x| Ok(logarithm_domain(x)?.ln())),
        ScalarFunction::Log10 => checked(operand, |x| Ok(logarithm_domain(x)?.log10())),
        _ => {
            let exponent = arguments.get(1)?;
            zip::<Float64Type, Float64Type, Float64Type>(
                operand,
                exponent,
                |x, y| match float_power(x, y) {
                    Ok(result) => (result, false),
                    Err(_) => (0.0, true),
                },
                |x, y| float_power(x, y).err(),
            )
        }
    }
}

/// A column of floats computed by a function that can fail.
pub(super) fn checked(operand: &Operand, function: impl Fn(f64) -> Result<f64>) -> Result<Operand> {
    map::<Float64Type, Float64Type>(
        operand,
        |x| match function(x) {
            Ok(result) => (result, false),
            Err(_) => (0.0, true),
        },
        |x| function(x).err(),
    )
}

fn float_power(x: f64, y: f64) -> Result<f64> {
    if x == 0.0 && y < 0.0 {
        return Err(zero_to_negative());
    }
    if x < 0.0 && x.is_finite() && y.is_finite() && y.fract() != 0.0 {
        return Err(complex_power());
    }
    let result = x.powf(y);
    let finite = x.is_finite() && y.is_finite();
    if result.is_infinite() && finite {
        Err(overflow())
    } else if result == 0.0 && x != 0.0 && finite {
        Err(underflow())
    } else {
        Ok(result)
    }
}

fn logarithm_domain(x: f64) -> Result<f64> {
    if x == 0.0 {
        Err(logarithm_of("zero"))
    } else if x < 0.0 {
        Err(logarithm_of("a negative number"))
    } else {
        Ok(x)
    }
}

/// SQLSTATE `2201E`.
pub(super) fn logarithm_of(what: &str) -> Error {
    data_error("2201E", format!("cannot take logarithm of {what}"))
}

/// SQLSTATE `2201F`.
pub(super) fn negative_root() -> Error {
    data_error("2201F", "cannot take square root of a negative number")
}

/// SQLSTATE `2201F`.
pub(super) fn zero_to_negative() -> Error {
    data_error("2201F", "zero raised to a negative power is undefined")
}

/// SQLSTATE `2201F`.
pub(super) fn complex_power() -> Error {
    data_error(
        "2201F",
        "a negative number raised to a non-integer power yields a complex result",
    )
}
