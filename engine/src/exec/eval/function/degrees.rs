//! Functions of angles in degrees, exact where their values are: at multiples of 30, 45 and 90 degrees.
//!
//! An angle is brought into the first quadrant without rounding, for `%` of floats is exact. There the sine is computed up to
//! 30 degrees and the cosine up to 60, each as a part of what the same function gives at that end: so the errors of both cancel
//! out at the end, where the value is one half. The inverse functions go the same way back, so that PostgreSQL gives the same
//! bits.

use super::float::RADIANS_PER_DEGREE;
use std::hint::black_box;

/// An angle in the first quadrant, and the signs that were lost on the way there.
struct Folded {
    angle: f64,
    /// Of the sine.
    sine: f64,
    /// Of the cosine.
    cosine: f64,
}

fn fold(degrees: f64) -> Folded {
    let mut folded = Folded {
        angle: degrees.abs() % 360.0,
        sine: if degrees < 0.0 { -1.0 } else { 1.0 },
        cosine: 1.0,
    };
    if folded.angle > 180.0 {
        folded.angle = 360.0 - folded.angle;
        folded.sine = -folded.sine;
    }
    if folded.angle > 90.0 {
        folded.angle = 180.0 - folded.angle;
        folded.cosine = -1.0;
    }
    folded
}

/// The sine of an angle that is finite.
pub(super) fn sin(degrees: f64) -> f64 {
    let Folded { angle, sine, .. } = fold(degrees);
    sine * sin_of_quadrant(angle)
}

/// The cosine of an angle that is finite.
pub(super) fn cos(degrees: f64) -> f64 {
    let Folded { angle, cosine, .. } = fold(degrees);
    cosine * cos_of_quadrant(angle)
}

/// The tangent of an angle that is finite.
pub(super) fn tan(degrees: f64) -> f64 {
    let folded = fold(degrees);
    let quotient = |angle| sin_of_quadrant(angle) / cos_of_quadrant(angle);
    signed(&folded, quotient(folded.angle) / quotient(45.0))
}

/// The cotangent of an angle that is finite.
pub(super) fn cot(degrees: f64) -> f64 {
    let folded = fold(degrees);
    let quotient = |angle| cos_of_quadrant(angle) / sin_of_quadrant(angle);
    signed(&folded, quotient(folded.angle) / quotient(45.0))
}

/// `value` with the sign of a quotient of sine and cosine; a zero has none.
fn signed(folded: &Folded, value: f64) -> f64 {
    folded.sine * folded.cosine * value + 0.0
}

/// The angle with the sine `x`, which is between -1 and 1.
pub(super) fn asin(x: f64) -> f64 {
    match x >= 0.0 {
        true => asin_of_quadrant(x),
        false => -asin_of_quadrant(-x),
    }
}

/// The angle with the cosine `x`, which is between -1 and 1.
pub(super) fn acos(x: f64) -> f64 {
    match x >= 0.0 {
        true => acos_of_quadrant(x),
        false => 90.0 + asin_of_quadrant(-x),
    }
}

/// The angle with the tangent `x`.
pub(super) fn atan(x: f64) -> f64 {
    x.atan() / one().atan() * 45.0
}

/// The angle of the point `(x, y)`.
pub(super) fn atan2(y: f64, x: f64) -> f64 {
    y.atan2(x) / one().atan() * 45.0
}

fn sin_of_quadrant(degrees: f64) -> f64 {
    match degrees <= 30.0 {
        true => sin_to_30(degrees),
        false => cos_to_60(90.0 - degrees),
    }
}

fn cos_of_quadrant(degrees: f64) -> f64 {
    match degrees <= 60.0 {
        true => cos_to_60(degrees),
        false => sin_to_30(90.0 - degrees),
    }
}

fn sin_to_30(degrees: f64) -> f64 {
    let sin = |degrees: f64| (degrees * RADIANS_PER_DEGREE).sin();
    sin(degrees) / sin(at_run_time(30.0)) / 2.0
}

fn cos_to_60(degrees: f64) -> f64 {
    let distance = |degrees: f64| 1.0 - (degrees * RADIANS_PER_DEGREE).cos();
    1.0 - distance(degrees) / distance(at_run_time(60.0)) / 2.0
}

fn asin_of_quadrant(x: f64) -> f64 {
    match x <= 0.5 {
        true => x.asin() / at_run_time(0.5).asin() * 30.0,
        false => 90.0 - x.acos() / at_run_time(0.5).acos() * 60.0,
    }
}

fn acos_of_quadrant(x: f64) -> f64 {
    match x <= 0.5 {
        true => 90.0 - x.asin() / at_run_time(0.5).asin() * 30.0,
        false => x.acos() / at_run_time(0.5).acos() * 60.0,
    }
}

fn one() -> f64 {
    at_run_time(1.0)
}

/// A constant of which the compiler computes nothing: its errors may be others than those that are to cancel out.
fn at_run_time(constant: f64) -> f64 {
    black_box(constant)
}
