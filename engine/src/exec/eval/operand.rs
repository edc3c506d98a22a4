//! A column of a running evaluation: one value for each row, or one for all.

use crate::types::data_error;
use crate::{Error, ErrorKind, Result};
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BooleanArray, Datum, UInt32Array};
use arrow_buffer::NullBuffer;
use arrow_schema::ArrowError;

/// Values of an expression: an array of all rows, or, when `scalar`, an array of the one value of all rows.
#[derive(Clone, Debug)]
pub(super) struct Operand {
    pub(super) array: ArrayRef,
    pub(super) scalar: bool,
}

impl Operand {
    pub(super) fn array(array: ArrayRef) -> Self {
        Self {
            array,
            scalar: false,
        }
    }

    pub(super) fn scalar(array: ArrayRef) -> Self {
        assert_eq!(array.len(), 1, "a scalar operand has one value");
        Self {
            array,
            scalar: true,
        }
    }

    /// Of a result of `length` values that was computed from scalars alone or not.
    pub(super) fn computed(array: ArrayRef, scalar: bool) -> Self {
        Self { array, scalar }
    }

    /// The column in full.
    pub(super) fn into_array(self, rows: usize) -> Result<ArrayRef> {
        if !self.scalar || rows == 1 {
            return Ok(self.array);
        }
        let zeros = UInt32Array::from(vec![0; rows]);
        arrow_select::take::take(&self.array, &zeros, None).map_err(kernel_error)
    }

    pub(super) fn booleans(&self) -> &BooleanArray {
        self.array.as_boolean()
    }

    /// Position in the array of a row's value.
    #[inline]
    pub(super) fn at(&self, row: usize) -> usize {
        if self.scalar { 0 } else { row }
    }

    pub(super) fn is_null(&self, row: usize) -> bool {
        self.array.is_null(self.at(row))
    }
}

impl Datum for Operand {
    fn get(&self) -> (&dyn Array, bool) {
        (self.array.as_ref(), self.scalar)
    }
}

/// How many rows the result of strict operands has, and whether it is a scalar.
pub(super) fn result_rows(operands: &[&Operand], rows: usize) -> (usize, bool) {
    if operands.iter().all(|o| o.scalar) {
        (1, true)
    } else {
        (rows, false)
    }
}

/// The NULLs of a strict operator's result: where any operand is NULL.
pub(super) fn strict_nulls(operands: &[&Operand], rows: usize) -> Option<NullBuffer> {
    operands.iter().fold(None, |nulls, operand| {
        let own = if operand.scalar && rows != 1 {
            operand.array.is_null(0).then(|| NullBuffer::new_null(rows))
        } else {
            operand.array.nulls().cloned()
        };
        NullBuffer::union(nulls.as_ref(), own.as_ref())
    })
}

/// An error of an Arrow kernel: overflow and division by zero as PostgreSQL reports them, anything else is a mistake of
/// the engine (`XX000`).
pub(crate) fn kernel_error(error: ArrowError) -> Error {
    match error {
        ArrowError::ArithmeticOverflow(message) => data_error("22003", message),
        ArrowError::DivideByZero => data_error("22012", "division by zero"),
        other => Error::new(
            ErrorKind::Misuse,
            "XX000",
            format!("vector kernel: {other}"),
        ),
    }
}
