//! Functions of DOUBLE PRECISION alone: roots, angles, hyperbolic functions.

use super::super::arithmetic::{overflow, underflow, zip};
use super::super::operand::Operand;
use super::degrees;
use super::dispatch::Arguments;
use super::math::checked;
use crate::error::{Error, Result};
use crate::sql::function::FloatFunction as F;
use crate::types::data_error;
use arrow_array::types::Float64Type;

/// Degrees to radians, as PostgreSQL has it.
pub(super) const RADIANS_PER_DEGREE: f64 = std::f64::consts::PI / 180.0;

/// `function(float)`. Errors: `22003` outside of its domain and beyond the range of floats.
pub(super) fn call(function: F, arguments: &Arguments) -> Result<Operand> {
    let of_two: Option<fn(f64, f64) -> f64> = match function {
        F::Atan2 => Some(f64::atan2),
        F::Atan2D => Some(degrees::atan2),
        _ => None,
    };
    if let Some(of_two) = of_two {
        let (y, x) = (arguments.get(0)?, arguments.get(1)?);
        return zip::<Float64Type, Float64Type, Float64Type>(
            y,
            x,
            |y, x| (of_two(y, x), false),
            |_, _| None,
        );
    }
    checked(arguments.get(0)?, |x| value(function, x))
}

fn value(function: F, x: f64) -> Result<f64> {
    if x.is_nan() {
        return Ok(x);
    }
    let angle = |of: fn(f64) -> f64| match x.is_infinite() {
        true => Err(out_of_domain()),
        false => Ok(of(x)),
    };
    match function {
        F::Cbrt => Ok(x.cbrt()),
        F::Degrees => match x / RADIANS_PER_DEGREE {
            result if result.is_infinite() && x.is_finite() => Err(overflow()),
            result => Ok(result),
        },
        F::Radians => match x * RADIANS_PER_DEGREE {
            0.0 if x != 0.0 => Err(underflow()),
            result => Ok(result),
        },
        F::Sin => angle(f64::sin),
        F::Cos => angle(f64::cos),
        F::Tan => angle(f64::tan),
        F::Cot => angle(|x| 1.0 / x.tan()),
        F::SinD => angle(degrees::sin),
        F::CosD => angle(degrees::cos),
        F::TanD => angle(degrees::tan),
        F::CotD => angle(degrees::cot),
        F::Asin | F::Acos | F::AsinD | F::AcosD if !(-1.0..=1.0).contains(&x) => {
            Err(out_of_domain())
        }
        F::Asin => Ok(x.asin()),
        F::Acos => Ok(x.acos()),
        F::Atan | F::Atan2 => Ok(x.atan()),
        F::AsinD => Ok(degrees::asin(x)),
        F::AcosD => Ok(degrees::acos(x)),
        F::AtanD | F::Atan2D => Ok(degrees::atan(x)),
        F::Sinh => Ok(x.sinh()),
        F::Cosh => Ok(x.cosh()),
        F::Tanh => Ok(x.tanh()),
        F::Asinh => Ok(x.asinh()),
        F::Acosh if x < 1.0 => Err(out_of_domain()),
        F::Acosh => Ok(x.acosh()),
        F::Atanh if !(-1.0..=1.0).contains(&x) => Err(out_of_domain()),
        F::Atanh => Ok(x.atanh()),
    }
}

/// SQLSTATE `22003`.
fn out_of_domain() -> Error {
    data_error("22003", "input is out of range")
}
