//! Loops over columns of NUMERIC.
//!
//! Nearly all numbers have coefficients of 64 bits: those are read, computed with and written as machine words, and only
//! what does not fit goes through [`Decimal`].

use super::operand::{Operand, result_rows, strict_nulls};
use crate::Result;
use crate::sql::bound::ArithmeticOp;
use crate::types::array::check_room;
use crate::types::{Decimal, numeric};
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BinaryArray};
use arrow_buffer::{NullBufferBuilder, OffsetBuffer, ScalarBuffer};
use std::sync::Arc;

/// A column of NUMERIC; a scalar is decoded once.
pub(super) struct NumericColumn<'a> {
    array: &'a BinaryArray,
    scalar: Option<Decimal>,
    short_scalar: Option<(i64, u32)>,
}

impl<'a> NumericColumn<'a> {
    pub(super) fn new(operand: &'a Operand) -> Result<Self> {
        let mut column = Self::of(&operand.array);
        if operand.scalar && column.array.is_valid(0) {
            let scalar = numeric::decode_decimal(column.array.value(0))?;
            let small = scalar.small();
            column.short_scalar =
                small.and_then(|(c, scale)| Some((i64::try_from(c).ok()?, scale)));
            column.scalar = Some(scalar);
        }
        Ok(column)
    }

    /// A column of as many values as it has rows.
    pub(super) fn of(array: &'a ArrayRef) -> Self {
        Self {
            array: array.as_binary::<i32>(),
            scalar: None,
            short_scalar: None,
        }
    }

    /// The value of a row that is not NULL.
    #[inline]
    pub(super) fn value(&self, row: usize) -> Result<Decimal> {
        match &self.scalar {
            Some(value) => Ok(value.clone()),
            None => numeric::decode_decimal(self.array.value(row)),
        }
    }

    /// Coefficient and scale of a row that is not NULL. Perhaps `None` where 64 bits would hold the coefficient, always
    /// where they would not.
    #[inline]
    pub(super) fn short(&self, row: usize) -> Option<(i64, u32)> {
        if self.scalar.is_some() {
            return self.short_scalar;
        }
        let offsets = self.array.value_offsets();
        let (start, end) = (*offsets.get(row)?, *offsets.get(row + 1)?);
        numeric::decode_short(self.array.value_data(), start as usize, end as usize)
    }
}

/// Builds a column of NUMERIC.
pub(super) struct NumericBuilder {
    values: Vec<u8>,
    offsets: Vec<i32>,
    nulls: NullBufferBuilder,
}

impl NumericBuilder {
    pub(super) fn new(rows: usize) -> Self {
        let mut offsets = Vec::with_capacity(rows + 1);
        offsets.push(0);
        Self {
            values: Vec::with_capacity(rows * 10),
            offsets,
            nulls: NullBufferBuilder::new(rows),
        }
    }

    pub(super) fn push(&mut self, value: &Decimal) -> Result<()> {
        numeric::encode_decimal(value, &mut self.values);
        self.end_value()
    }

    /// `coefficient / 10^scale`, of a scale that NUMERIC can have.
    #[inline]
    fn push_small(&mut self, coefficient: i128, scale: u32) -> Result<()> {
        match i64::try_from(coefficient) {
            Ok(short) => {
                numeric::encode_short(short, scale, &mut self.values);
                self.end_value()
            }
            Err(_) => self.push(&Decimal::new(coefficient, scale)),
        }
    }

    #[inline]
    fn end_value(&mut self) -> Result<()> {
        check_room(self.values.len(), 0)?;
        self.offsets.push(self.values.len() as i32);
        self.nulls.append_non_null();
        Ok(())
    }

    pub(super) fn push_null(&mut self) {
        self.offsets.push(self.values.len() as i32);
        self.nulls.append_null();
    }

    pub(super) fn finish(mut self) -> ArrayRef {
        let offsets = OffsetBuffer::new(ScalarBuffer::from(self.offsets));
        let nulls = self.nulls.finish();
        Arc::new(BinaryArray::new(offsets, self.values.into(), nulls))
    }
}

/// A column computed row by row where no operand is NULL.
pub(super) fn build(
    operands: &[&Operand],
    rows: usize,
    mut compute: impl FnMut(usize) -> Result<Decimal>,
) -> Result<Operand> {
    build_with(operands, rows, |row, builder| builder.push(&compute(row)?))
}

/// The same, by a function that pushes the value of a row.
fn build_with(
    operands: &[&Operand],
    rows: usize,
    mut push: impl FnMut(usize, &mut NumericBuilder) -> Result<()>,
) -> Result<Operand> {
    let (rows, scalar) = result_rows(operands, rows);
    let nulls = strict_nulls(operands, rows);
    let mut builder = NumericBuilder::new(rows);
    for row in 0..rows {
        if nulls.as_ref().is_none_or(|n| n.is_valid(row)) {
            push(row, &mut builder)?;
        } else {
            builder.push_null();
        }
    }
    Ok(Operand::computed(builder.finish(), scalar))
}

/// `left op right`.
pub(super) fn binary(op: ArithmeticOp, left: &Operand, right: &Operand) -> Result<Operand> {
    let rows = left.array.len().max(right.array.len());
    let (a, b) = (NumericColumn::new(left)?, NumericColumn::new(right)?);
    build_with(&[left, right], rows, |row, builder| {
        if let (Some(x), Some(y)) = (a.short(row), b.short(row))
            && let Some((coefficient, scale)) = short(op, x, y)
        {
            return builder.push_small(coefficient, scale);
        }
        builder.push(&calculate(op, &a.value(row)?, &b.value(row)?)?)
    })
}

/// Powers of ten that 64 bits hold.
const POWERS: [i64; 19] = {
    let mut powers = [1; 19];
    let mut exponent = 1;
    while exponent < powers.len() {
        powers[exponent] = powers[exponent - 1] * 10;
        exponent += 1;
    }
    powers
};

/// One operation on coefficients and scales; `None` where that takes more.
#[inline]
fn short(op: ArithmeticOp, a: (i64, u32), b: (i64, u32)) -> Option<(i128, u32)> {
    let product = |x: i64, y: i64| i128::from(x) * i128::from(y);
    let scale = a.1.max(b.1);
    let at_scale = |(coefficient, own): (i64, u32)| {
        let power = POWERS.get((scale - own) as usize)?;
        Some(product(coefficient, *power))
    };
    match op {
        ArithmeticOp::Add => Some((at_scale(a)? + at_scale(b)?, scale)),
        ArithmeticOp::Subtract => Some((at_scale(a)? - at_scale(b)?, scale)),
        ArithmeticOp::Multiply => {
            let scale = a.1 + b.1;
            (scale <= numeric::SCALE_MAX).then(|| (product(a.0, b.0), scale))
        }
        ArithmeticOp::Divide | ArithmeticOp::Modulo => None,
    }
}

/// One operation.
pub(super) fn calculate(op: ArithmeticOp, a: &Decimal, b: &Decimal) -> Result<Decimal> {
    match op {
        ArithmeticOp::Add => a.add(b),
        ArithmeticOp::Subtract => a.subtract(b),
        ArithmeticOp::Multiply => a.multiply(b),
        ArithmeticOp::Divide => a.divide(b),
        ArithmeticOp::Modulo => a.remainder(b),
    }
}

/// A column computed from one.
pub(super) fn unary(
    operand: &Operand,
    compute: impl Fn(&Decimal) -> Result<Decimal>,
) -> Result<Operand> {
    let column = NumericColumn::new(operand)?;
    build(&[operand], operand.array.len(), |row| {
        compute(&column.value(row)?)
    })
}
