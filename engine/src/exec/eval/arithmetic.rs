//! `+ - * / %` and unary minus over columns.
//!
//! The loops compute all rows without a branch and gather one flag; only when it is set are the rows looked at one by
//! one, since the row that overflowed may be a NULL's.

use super::operand::{Operand, result_rows, strict_nulls};
use super::{numeric_kernel, time_arithmetic};
use crate::sql::bound::ArithmeticOp;
use crate::types::{Infinite, SqlType, Zone, check_date, data_error, out_of_range};
use crate::{Error, Result};
use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type};
use arrow_array::{Array, ArrowPrimitiveType, PrimitiveArray};
use arrow_buffer::NullBuffer;
use std::sync::Arc;

/// `left op right`; the types are equal but for DATE with INTEGER.
pub(super) fn arithmetic(
    op: ArithmeticOp,
    (left, left_type): (&Operand, SqlType),
    (right, right_type): (&Operand, SqlType),
    zone: Zone,
) -> Result<Operand> {
    use ArithmeticOp::{Add, Subtract};
    match (left_type, op, right_type) {
        (SqlType::Int2, _, SqlType::Int2) => integers::<Int16Type>(op, left, right, left_type),
        (SqlType::Int4, _, SqlType::Int4) => integers::<Int32Type>(op, left, right, left_type),
        (SqlType::Int8, _, SqlType::Int8) => integers::<Int64Type>(op, left, right, left_type),
        (SqlType::Float4, _, SqlType::Float4) => floats::<Float32Type>(op, left, right),
        (SqlType::Float8, _, SqlType::Float8) => floats::<Float64Type>(op, left, right),
        (SqlType::Numeric(_), _, SqlType::Numeric(_)) => numeric_kernel::binary(op, left, right),
        (SqlType::Date, Add, SqlType::Int4) => add_days(left, right, 1),
        (SqlType::Int4, Add, SqlType::Date) => add_days(right, left, 1),
        (SqlType::Date, Subtract, SqlType::Int4) => add_days(left, right, -1),
        (SqlType::Date, Subtract, SqlType::Date) => zip::<Date32Type, Date32Type, Int32Type>(
            left,
            right,
            |a, b| (a.wrapping_sub(b), is_infinite(a) || is_infinite(b)),
            |_, _| Some(data_error("22008", "cannot subtract infinite dates")),
        ),
        _ => time_arithmetic::arithmetic(op, (left, left_type), (right, right_type), zone),
    }
}

/// `-operand`.
pub(super) fn negate(operand: &Operand, sql_type: SqlType) -> Result<Operand> {
    fn integer<T: ArrowPrimitiveType>(operand: &Operand, sql_type: SqlType) -> Result<Operand>
    where
        T::Native: Integer,
    {
        let overflow =
            |a: T::Native| T::Native::overflowing(ArithmeticOp::Subtract, T::Native::ZERO, a);
        map::<T, T>(operand, overflow, |_| Some(out_of_range(sql_type)))
    }
    match sql_type {
        SqlType::Int2 => integer::<Int16Type>(operand, sql_type),
        SqlType::Int4 => integer::<Int32Type>(operand, sql_type),
        SqlType::Int8 => integer::<Int64Type>(operand, sql_type),
        SqlType::Float4 => map::<Float32Type, Float32Type>(operand, |a| (-a, false), |_| None),
        SqlType::Float8 => map::<Float64Type, Float64Type>(operand, |a| (-a, false), |_| None),
        SqlType::Numeric(_) => numeric_kernel::unary(operand, |value| Ok(value.negate())),
        SqlType::Interval(_) => time_arithmetic::negate(operand),
        _ => Err(Error::unsupported(format!("minus on {sql_type}"))),
    }
}

/// The integers of the loops below.
pub(super) trait Integer: Copy + PartialEq {
    const ZERO: Self;
    /// The wrapped result, and whether it is wrong: overflow or a division by zero.
    fn overflowing(op: ArithmeticOp, a: Self, b: Self) -> (Self, bool);
    fn absolute(self) -> (Self, bool);
}

macro_rules! integer {
    ($($native:ty),*) => {$(
        impl Integer for $native {
            const ZERO: Self = 0;
            #[inline(always)]
            fn overflowing(op: ArithmeticOp, a: Self, b: Self) -> (Self, bool) {
                match op {
                    ArithmeticOp::Add => a.overflowing_add(b),
                    ArithmeticOp::Subtract => a.overflowing_sub(b),
                    ArithmeticOp::Multiply => a.overflowing_mul(b),
                    ArithmeticOp::Divide if b == 0 => (0, true),
                    ArithmeticOp::Divide => a.overflowing_div(b),
                    ArithmeticOp::Modulo if b == 0 => (0, true),
                    // The remainder by -1 is zero also where the quotient would overflow.
                    ArithmeticOp::Modulo => (a.wrapping_rem(b), false),
                }
            }
            fn absolute(self) -> (Self, bool) {
                self.overflowing_abs()
            }
        }
    )*};
}
integer!(i16, i32, i64);

fn integers<T>(
    op: ArithmeticOp,
    left: &Operand,
    right: &Operand,
    sql_type: SqlType,
) -> Result<Operand>
where
    T: ArrowPrimitiveType,
    T::Native: Integer,
{
    use ArithmeticOp::{Add, Divide, Modulo, Multiply, Subtract};
    let explain = |_, b: T::Native| {
        Some(if matches!(op, Divide | Modulo) && b == T::Native::ZERO {
            division_by_zero()
        } else {
            out_of_range(sql_type)
        })
    };
    // One loop for each operator, so that each is compiled without a branch on it.
    macro_rules! run {
        ($op:expr) => {
            zip::<T, T, T>(
                left,
                right,
                |a, b| T::Native::overflowing($op, a, b),
                explain,
            )
        };
    }
    match op {
        Add => run!(Add),
        Subtract => run!(Subtract),
        Multiply => run!(Multiply),
        Divide => run!(Divide),
        Modulo => run!(Modulo),
    }
}

/// The floats of the loops below.
trait Float: Copy + PartialEq {
    fn calculate(op: ArithmeticOp, a: Self, b: Self) -> Self;
    fn is_infinite(self) -> bool;
    fn is_nan(self) -> bool;
    fn is_zero(self) -> bool;
}

macro_rules! float {
    ($($native:ty),*) => {$(
        impl Float for $native {
            #[inline(always)]
            fn calculate(op: ArithmeticOp, a: Self, b: Self) -> Self {
                match op {
                    ArithmeticOp::Add => a + b,
                    ArithmeticOp::Subtract => a - b,
                    ArithmeticOp::Multiply => a * b,
                    ArithmeticOp::Divide => a / b,
                    ArithmeticOp::Modulo => a % b,
                }
            }
            #[inline(always)]
            fn is_infinite(self) -> bool {
                <$native>::is_infinite(self)
            }
            #[inline(always)]
            fn is_nan(self) -> bool {
                <$native>::is_nan(self)
            }
            #[inline(always)]
            fn is_zero(self) -> bool {
                self == 0.0
            }
        }
    )*};
}
float!(f32, f64);

fn floats<T>(op: ArithmeticOp, left: &Operand, right: &Operand) -> Result<Operand>
where
    T: ArrowPrimitiveType,
    T::Native: Float,
{
    use ArithmeticOp::{Add, Divide, Modulo, Multiply, Subtract};
    // What the loop flags may be right after all: infinity plus one is infinite without an overflow.
    let explain = |a: T::Native, b: T::Native| {
        let result = T::Native::calculate(op, a, b);
        let finite = !a.is_infinite() && !b.is_infinite();
        match op {
            Divide | Modulo if b.is_zero() => (!a.is_nan()).then(division_by_zero),
            _ if result.is_infinite() && (finite || op == Divide && !a.is_infinite()) => {
                Some(overflow())
            }
            Multiply if result.is_zero() && !a.is_zero() && !b.is_zero() => Some(underflow()),
            Divide if result.is_zero() && !a.is_zero() && !b.is_infinite() => Some(underflow()),
            _ => None,
        }
    };
    macro_rules! run {
        ($op:expr, $suspect:expr) => {
            zip::<T, T, T>(
                left,
                right,
                |a, b| {
                    let result = T::Native::calculate($op, a, b);
                    (result, $suspect(result, b))
                },
                explain,
            )
        };
    }
    match op {
        Add => run!(Add, |r: T::Native, _: T::Native| r.is_infinite()),
        Subtract => run!(Subtract, |r: T::Native, _: T::Native| r.is_infinite()),
        Multiply => run!(Multiply, |r: T::Native, _: T::Native| r.is_infinite()
            | r.is_zero()),
        Divide => run!(Divide, |r: T::Native, b: T::Native| {
            r.is_infinite() | r.is_zero() | b.is_zero()
        }),
        Modulo => Err(Error::unsupported("% on floats")),
    }
}

fn is_infinite(date: i32) -> bool {
    Infinite::of_date(date).is_some()
}

/// A date, which stays infinite, and days, `sign` times.
fn add_days(date: &Operand, days: &Operand, sign: i64) -> Result<Operand> {
    let sum = move |a: i32, b: i32| match is_infinite(a) {
        true => Ok(a),
        false => check_date(i64::from(a) + sign * i64::from(b)),
    };
    zip::<Date32Type, Int32Type, Date32Type>(
        date,
        days,
        |a, b| match sum(a, b) {
            Ok(date) => (date, false),
            Err(_) => (0, true),
        },
        |a, b| sum(a, b).err(),
    )
}

/// A column computed from two, strictly. `compute` gives a value and whether `explain` is to be asked about it, which
/// says what is wrong, if anything.
pub(super) fn zip<A, B, O>(
    left: &Operand,
    right: &Operand,
    compute: impl Fn(A::Native, B::Native) -> (O::Native, bool),
    explain: impl Fn(A::Native, B::Native) -> Option<Error>,
) -> Result<Operand>
where
    A: ArrowPrimitiveType,
    B: ArrowPrimitiveType,
    O: ArrowPrimitiveType,
{
    let a = left.array.as_primitive::<A>().values();
    let b = right.array.as_primitive::<B>().values();
    let (rows, scalar) = result_rows(&[left, right], a.len().max(b.len()));
    let mut suspect = false;
    let mut step = |a, b| {
        let (value, flag) = compute(a, b);
        suspect |= flag;
        value
    };
    let values: Vec<O::Native> = match (left.scalar, right.scalar) {
        (false, true) => {
            let b = b[0];
            a.iter().map(|a| step(*a, b)).collect()
        }
        (true, false) => {
            let a = a[0];
            b.iter().map(|b| step(a, *b)).collect()
        }
        _ => a.iter().zip(b.iter()).map(|(a, b)| step(*a, *b)).collect(),
    };
    let nulls = strict_nulls(&[left, right], rows);
    if suspect {
        for row in known(nulls.as_ref(), rows) {
            let (a, b) = (a[left.at(row)], b[right.at(row)]);
            if compute(a, b).1
                && let Some(error) = explain(a, b)
            {
                return Err(error);
            }
        }
    }
    let array = PrimitiveArray::<O>::new(values.into(), nulls);
    Ok(Operand::computed(Arc::new(array), scalar))
}

/// A column computed from one, strictly; as [`zip`].
pub(super) fn map<A, O>(
    operand: &Operand,
    compute: impl Fn(A::Native) -> (O::Native, bool),
    explain: impl Fn(A::Native) -> Option<Error>,
) -> Result<Operand>
where
    A: ArrowPrimitiveType,
    O: ArrowPrimitiveType,
{
    let array = operand.array.as_primitive::<A>();
    let mut suspect = false;
    let values: Vec<O::Native> = array
        .values()
        .iter()
        .map(|a| {
            let (value, flag) = compute(*a);
            suspect |= flag;
            value
        })
        .collect();
    if suspect {
        for row in known(array.nulls(), array.len()) {
            let a = array.value(row);
            if compute(a).1
                && let Some(error) = explain(a)
            {
                return Err(error);
            }
        }
    }
    let result = PrimitiveArray::<O>::new(values.into(), array.nulls().cloned());
    Ok(Operand::computed(Arc::new(result), operand.scalar))
}

/// The rows that are not NULL.
fn known(nulls: Option<&NullBuffer>, rows: usize) -> impl Iterator<Item = usize> {
    (0..rows).filter(move |row| nulls.is_none_or(|n| n.is_valid(*row)))
}

/// `division by zero`: SQLSTATE `22012`.
pub(super) fn division_by_zero() -> Error {
    data_error("22012", "division by zero")
}

/// A float too large: SQLSTATE `22003`.
pub(super) fn overflow() -> Error {
    data_error("22003", "value out of range: overflow")
}

/// A float too small: SQLSTATE `22003`.
pub(super) fn underflow() -> Error {
    data_error("22003", "value out of range: underflow")
}
