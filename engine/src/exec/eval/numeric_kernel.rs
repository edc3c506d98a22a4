//! Loops over columns of NUMERIC.

use super::operand::{Operand, result_rows, strict_nulls};
use crate::Result;
use crate::sql::bound::ArithmeticOp;
use crate::types::array::check_room;
use crate::types::{Decimal, numeric};
use arrow_array::builder::BinaryBuilder;
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BinaryArray};
use std::sync::Arc;

/// A column of NUMERIC; a scalar is decoded once.
pub(super) struct NumericColumn<'a> {
    array: &'a BinaryArray,
    scalar: Option<Decimal>,
}

impl<'a> NumericColumn<'a> {
    pub(super) fn new(operand: &'a Operand) -> Result<Self> {
        let array = operand.array.as_binary::<i32>();
        let scalar = if operand.scalar && array.is_valid(0) {
            Some(numeric::decode_decimal(array.value(0))?)
        } else {
            None
        };
        Ok(Self { array, scalar })
    }

    /// The value of a row that is not NULL.
    #[inline]
    pub(super) fn value(&self, row: usize) -> Result<Decimal> {
        match &self.scalar {
            Some(value) => Ok(value.clone()),
            None => numeric::decode_decimal(self.array.value(row)),
        }
    }
}

/// Builds a column of NUMERIC.
pub(super) struct NumericBuilder {
    inner: BinaryBuilder,
    buffer: Vec<u8>,
}

impl NumericBuilder {
    pub(super) fn new(rows: usize) -> Self {
        Self {
            inner: BinaryBuilder::with_capacity(rows, rows * 8),
            buffer: Vec::new(),
        }
    }

    #[inline]
    pub(super) fn push(&mut self, value: &Decimal) -> Result<()> {
        self.buffer.clear();
        numeric::encode_decimal(value, &mut self.buffer);
        check_room(self.inner.values_slice().len(), self.buffer.len())?;
        self.inner.append_value(&self.buffer);
        Ok(())
    }

    pub(super) fn push_null(&mut self) {
        self.inner.append_null();
    }

    pub(super) fn finish(mut self) -> ArrayRef {
        Arc::new(self.inner.finish())
    }
}

/// A column computed row by row where no operand is NULL.
pub(super) fn build(
    operands: &[&Operand],
    rows: usize,
    mut compute: impl FnMut(usize) -> Result<Decimal>,
) -> Result<Operand> {
    let (rows, scalar) = result_rows(operands, rows);
    let nulls = strict_nulls(operands, rows);
    let mut builder = NumericBuilder::new(rows);
    for row in 0..rows {
        if nulls.as_ref().is_none_or(|n| n.is_valid(row)) {
            builder.push(&compute(row)?)?;
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
    build(&[left, right], rows, |row| {
        let (a, b) = (a.value(row)?, b.value(row)?);
        calculate(op, &a, &b)
    })
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
