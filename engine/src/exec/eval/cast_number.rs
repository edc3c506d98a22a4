//! Conversions between numbers: integers check their range, floats round half to even, NUMERIC half away from zero.

use super::arithmetic::{map, overflow, underflow};
use super::numeric_kernel::{NumericColumn, build, unary};
use super::operand::Operand;
use crate::types::{Decimal, SqlType, data_error, out_of_range};
use crate::{Error, Result};
use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Float64Type, Int16Type, Int32Type, Int64Type};
use arrow_array::{Array, ArrowPrimitiveType, PrimitiveArray};
use std::sync::Arc;

/// Significant decimal digits that PostgreSQL takes from a REAL and a DOUBLE PRECISION.
const FLOAT4_DIGITS: usize = 6;
const FLOAT8_DIGITS: usize = 15;

/// `operand` of one type of number as another.
pub(super) fn cast(operand: &Operand, from: SqlType, to: SqlType) -> Result<Operand> {
    match from {
        SqlType::Int2 => from_integer::<Int16Type>(operand, to),
        SqlType::Int4 => from_integer::<Int32Type>(operand, to),
        SqlType::Int8 => from_integer::<Int64Type>(operand, to),
        SqlType::Float4 => from_float::<Float32Type>(operand, to, FLOAT4_DIGITS),
        SqlType::Float8 => from_float::<Float64Type>(operand, to, FLOAT8_DIGITS),
        _ => from_numeric(operand, to),
    }
}

fn from_integer<T>(operand: &Operand, to: SqlType) -> Result<Operand>
where
    T: ArrowPrimitiveType,
    T::Native: Into<i64>,
{
    fn narrow<T, O>(operand: &Operand, to: SqlType) -> Result<Operand>
    where
        T: ArrowPrimitiveType,
        T::Native: Into<i64>,
        O: ArrowPrimitiveType,
        O::Native: TryFrom<i64> + Default,
    {
        map::<T, O>(
            operand,
            |a| match O::Native::try_from(a.into()) {
                Ok(value) => (value, false),
                Err(_) => (O::Native::default(), true),
            },
            |_| Some(out_of_range(to)),
        )
    }
    match to {
        SqlType::Int2 => narrow::<T, Int16Type>(operand, to),
        SqlType::Int4 => narrow::<T, Int32Type>(operand, to),
        SqlType::Int8 => narrow::<T, Int64Type>(operand, to),
        SqlType::Float4 => map::<T, Float32Type>(operand, |a| (a.into() as f32, false), |_| None),
        SqlType::Float8 => map::<T, Float64Type>(operand, |a| (a.into() as f64, false), |_| None),
        _ => {
            let values = operand.array.as_primitive::<T>().values();
            build(&[operand], operand.array.len(), |row| {
                fit(Decimal::from(values[row].into()), to)
            })
        }
    }
}

fn from_float<T>(operand: &Operand, to: SqlType, digits: usize) -> Result<Operand>
where
    T: ArrowPrimitiveType,
    T::Native: Into<f64>,
{
    /// Bounds are powers of two, so that both are exact: `-2^(bits-1) <= value < 2^(bits-1)`.
    fn round<T, O>(
        operand: &Operand,
        to: SqlType,
        bits: i32,
        narrow: impl Fn(f64) -> O::Native,
    ) -> Result<Operand>
    where
        T: ArrowPrimitiveType,
        T::Native: Into<f64>,
        O: ArrowPrimitiveType,
    {
        let bound = 2f64.powi(bits - 1);
        map::<T, O>(
            operand,
            |a| {
                let rounded = a.into().round_ties_even();
                let fits = (-bound..bound).contains(&rounded);
                (narrow(rounded), !fits)
            },
            |_| Some(out_of_range(to)),
        )
    }
    match to {
        SqlType::Int2 => round::<T, Int16Type>(operand, to, 16, |v| v as i16),
        SqlType::Int4 => round::<T, Int32Type>(operand, to, 32, |v| v as i32),
        SqlType::Int8 => round::<T, Int64Type>(operand, to, 64, |v| v as i64),
        SqlType::Float8 => map::<T, Float64Type>(operand, |a| (a.into(), false), |_| None),
        SqlType::Float4 => map::<T, Float32Type>(
            operand,
            |a| {
                let narrow = a.into() as f32;
                (narrow, narrow.is_infinite() || narrow == 0.0)
            },
            |a| {
                let wide: f64 = a.into();
                if (wide as f32).is_infinite() {
                    wide.is_finite().then(overflow)
                } else {
                    (wide != 0.0).then(underflow)
                }
            },
        ),
        _ => {
            let values = operand.array.as_primitive::<T>().values();
            build(&[operand], operand.array.len(), |row| {
                fit(Decimal::from_f64(values[row].into(), digits)?, to)
            })
        }
    }
}

fn from_numeric(operand: &Operand, to: SqlType) -> Result<Operand> {
    match to {
        SqlType::Int2 => collect::<Int16Type>(operand, |v| Ok(v.to_integer(to)? as i16)),
        SqlType::Int4 => collect::<Int32Type>(operand, |v| Ok(v.to_integer(to)? as i32)),
        SqlType::Int8 => collect::<Int64Type>(operand, |v| v.to_integer(to)),
        SqlType::Float8 => collect::<Float64Type>(operand, Decimal::to_f64),
        SqlType::Float4 => collect::<Float32Type>(operand, |value| {
            let text = value.to_string();
            match text.parse::<f32>() {
                Ok(narrow) if narrow.is_finite() && (narrow != 0.0 || value.is_zero()) => {
                    Ok(narrow)
                }
                _ => Err(data_error(
                    "22003",
                    format!("\"{text}\" is out of range for type real"),
                )),
            }
        }),
        SqlType::Numeric(_) => unary(operand, |value| fit(value.clone(), to)),
        _ => Err(Error::unsupported(format!("a cast of numeric to {to}"))),
    }
}

/// A NUMERIC fitted to the declared precision and scale of `to`, if any.
fn fit(value: Decimal, to: SqlType) -> Result<Decimal> {
    match to {
        SqlType::Numeric(Some((precision, scale))) => value.fit(precision, scale),
        _ => Ok(value),
    }
}

/// A primitive column from a column of NUMERIC.
pub(super) fn collect<O: ArrowPrimitiveType>(
    operand: &Operand,
    convert: impl Fn(&Decimal) -> Result<O::Native>,
) -> Result<Operand>
where
    O::Native: Default,
{
    let column = NumericColumn::new(operand)?;
    let mut values = Vec::with_capacity(operand.array.len());
    for row in 0..operand.array.len() {
        values.push(if operand.array.is_null(row) {
            O::Native::default()
        } else {
            convert(&column.value(row)?)?
        });
    }
    let array = PrimitiveArray::<O>::new(values.into(), operand.array.nulls().cloned());
    Ok(Operand::computed(Arc::new(array), operand.scalar))
}
