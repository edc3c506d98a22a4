//! Comparisons, `IS DISTINCT FROM`, `IN (list)`.
//!
//! Numbers are compared by loops of ours (`mask`), floats also because the total order of Arrow's kernels tells -0 from 0 and
//! NaNs from each other. NUMERIC's bytes have no order; of INTERVAL, JSONB and arrays comparable forms are compared, and what
//! is left is for Arrow's kernels.

use super::evaluate::Evaluator;
use super::mask::{mask, mask_of_pairs};
use super::operand::{Operand, kernel_error, result_rows, strict_nulls};
use super::value_set::ValueSet;
use crate::Result;
use crate::sql::bound::{CompareOp, Expr};
use crate::types::{SqlType, comparable, numeric};
use arrow_arith::boolean::{is_not_null, not, or_kleene};
use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type, Time64MicrosecondType,
    TimestampMicrosecondType,
};
use arrow_array::{Array, ArrowPrimitiveType, BooleanArray, Datum};
use arrow_buffer::{BooleanBuffer, BooleanBufferBuilder};
use arrow_ord::cmp;
use std::cmp::Ordering;
use std::sync::Arc;

/// More constants than this in a list are looked up in a set.
const LIST_SCAN_MAX: usize = 6;

/// `left op right`, both of `sql_type`.
pub(super) fn compare(
    op: CompareOp,
    left: &Operand,
    right: &Operand,
    sql_type: SqlType,
) -> Result<Operand> {
    let result = booleans(op, left, right, sql_type)?;
    Ok(Operand::computed(
        Arc::new(result),
        left.scalar && right.scalar,
    ))
}

/// `left IS DISTINCT FROM right`, inverted by `negated`.
pub(super) fn distinct(
    left: &Operand,
    right: &Operand,
    sql_type: SqlType,
    negated: bool,
) -> Result<Operand> {
    let rows = if left.scalar {
        right.array.len()
    } else {
        left.array.len()
    };
    let differ = booleans(CompareOp::Ne, left, right, sql_type)?;
    let both_known = differ.nulls().cloned();
    let values = match both_known {
        None => differ.values().clone(),
        // NULL is not distinct from NULL, and distinct from everything else.
        Some(known) => {
            let one_null =
                BooleanBuffer::collect_bool(rows, |row| left.is_null(row) != right.is_null(row));
            &(differ.values() & known.inner()) | &one_null
        }
    };
    let values = if negated { !&values } else { values };
    Ok(Operand::computed(
        Arc::new(BooleanArray::new(values, None)),
        left.scalar && right.scalar,
    ))
}

pub(super) fn booleans(
    op: CompareOp,
    left: &Operand,
    right: &Operand,
    sql_type: SqlType,
) -> Result<BooleanArray> {
    match sql_type {
        SqlType::Int2 => Ok(numbers::<Int16Type>(op, left, right)),
        SqlType::Int4 => Ok(numbers::<Int32Type>(op, left, right)),
        SqlType::Int8 => Ok(numbers::<Int64Type>(op, left, right)),
        SqlType::Date => Ok(numbers::<Date32Type>(op, left, right)),
        SqlType::Time(_) => Ok(numbers::<Time64MicrosecondType>(op, left, right)),
        SqlType::Timestamp(_) | SqlType::TimestampTz(_) => {
            Ok(numbers::<TimestampMicrosecondType>(op, left, right))
        }
        SqlType::Float4 => Ok(floats::<Float32Type>(op, left, right)),
        SqlType::Float8 => Ok(floats::<Float64Type>(op, left, right)),
        SqlType::Numeric(_) => numerics(op, left, right),
        SqlType::Interval(_) | SqlType::Jsonb | SqlType::Array(_) => {
            let keys = |operand: &Operand| {
                let array = comparable(&operand.array, sql_type)?;
                Ok::<_, crate::Error>(Operand::computed(array, operand.scalar))
            };
            booleans(op, &keys(left)?, &keys(right)?, SqlType::Bytes)
        }
        _ => {
            let kernel: fn(&dyn Datum, &dyn Datum) -> _ = match op {
                CompareOp::Eq => cmp::eq,
                CompareOp::Ne => cmp::neq,
                CompareOp::Lt => cmp::lt,
                CompareOp::Le => cmp::lt_eq,
                CompareOp::Gt => cmp::gt,
                CompareOp::Ge => cmp::gt_eq,
            };
            kernel(left, right).map_err(kernel_error)
        }
    }
}

/// The operator with its operands exchanged.
fn flipped(op: CompareOp) -> CompareOp {
    match op {
        CompareOp::Lt => CompareOp::Gt,
        CompareOp::Le => CompareOp::Ge,
        CompareOp::Gt => CompareOp::Lt,
        CompareOp::Ge => CompareOp::Le,
        CompareOp::Eq | CompareOp::Ne => op,
    }
}

/// The operators that there are loops for.
enum Basic {
    Lt,
    Le,
    Eq,
}

/// The basic operator that says the same as `op`, or the contrary, and whether it is the contrary.
fn reduced(op: CompareOp) -> (Basic, bool) {
    match op {
        CompareOp::Lt => (Basic::Lt, false),
        CompareOp::Le => (Basic::Le, false),
        CompareOp::Eq => (Basic::Eq, false),
        CompareOp::Gt => (Basic::Le, true),
        CompareOp::Ge => (Basic::Lt, true),
        CompareOp::Ne => (Basic::Eq, true),
    }
}

/// Comparing numbers of a total order.
fn numbers<T>(op: CompareOp, left: &Operand, right: &Operand) -> BooleanArray
where
    T: ArrowPrimitiveType,
    T::Native: Ord,
{
    let values = match sides::<T>(op, left, right) {
        Sides::One(op, values, constant) => with_constant(op, values, constant),
        Sides::Both(op, a, b) => match op {
            (Basic::Lt, not) => mask_of_pairs(a, b, not, |a, b| a < b),
            (Basic::Le, not) => mask_of_pairs(a, b, not, |a, b| a <= b),
            (Basic::Eq, not) => mask_of_pairs(a, b, not, |a, b| a == b),
        },
    };
    let rows = values.len();
    BooleanArray::new(values, strict_nulls(&[left, right], rows))
}

/// Comparing floats: NaN is equal to itself, and greater than all else.
fn floats<T>(op: CompareOp, left: &Operand, right: &Operand) -> BooleanArray
where
    T: ArrowPrimitiveType,
    T::Native: Into<f64>,
{
    let is_nan = |value: T::Native| Into::<f64>::into(value).is_nan();
    let values = match sides::<T>(op, left, right) {
        // What is not less than, and so on, may be a NaN.
        Sides::One(op, values, constant) if !is_nan(constant) => {
            with_constant(op, values, constant)
        }
        Sides::One(op, values, _) => match op {
            (Basic::Lt, not) => mask(values, !not, is_nan),
            (Basic::Le, not) => mask(values, not, |_| true),
            (Basic::Eq, not) => mask(values, not, is_nan),
        },
        Sides::Both(op, a, b) => match op {
            (Basic::Lt, not) => mask_of_pairs(a, b, not, |a, b| (a < b) | (!is_nan(a) & is_nan(b))),
            (Basic::Le, not) => mask_of_pairs(a, b, not, |a, b| (a <= b) | is_nan(b)),
            (Basic::Eq, not) => mask_of_pairs(a, b, not, |a, b| (a == b) | (is_nan(a) & is_nan(b))),
        },
    };
    let rows = values.len();
    BooleanArray::new(values, strict_nulls(&[left, right], rows))
}

/// Each of `values` compared with a number that is not NaN.
fn with_constant<T: PartialOrd + Copy>(
    op: (Basic, bool),
    values: &[T],
    constant: T,
) -> BooleanBuffer {
    match op {
        (Basic::Lt, not) => mask(values, not, |value| value < constant),
        (Basic::Le, not) => mask(values, not, |value| value <= constant),
        (Basic::Eq, not) => mask(values, not, |value| value == constant),
    }
}

/// What is compared with what, and how.
enum Sides<'a, T> {
    /// A column with a constant on its right.
    One((Basic, bool), &'a [T], T),
    /// Two columns, or two constants.
    Both((Basic, bool), &'a [T], &'a [T]),
}

fn sides<'a, T: ArrowPrimitiveType>(
    op: CompareOp,
    left: &'a Operand,
    right: &'a Operand,
) -> Sides<'a, T::Native> {
    let values =
        |operand: &'a Operand| -> &'a [T::Native] { operand.array.as_primitive::<T>().values() };
    let (a, b) = (values(left), values(right));
    match (left.scalar, right.scalar) {
        (false, true) => Sides::One(reduced(op), a, b[0]),
        (true, false) => Sides::One(reduced(flipped(op)), b, a[0]),
        _ => Sides::Both(reduced(op), a, b),
    }
}

/// Whether an order is what the operator asks for.
pub(super) fn holds(op: CompareOp, order: Ordering) -> bool {
    match op {
        CompareOp::Eq => order.is_eq(),
        CompareOp::Ne => order.is_ne(),
        CompareOp::Lt => order.is_lt(),
        CompareOp::Le => order.is_le(),
        CompareOp::Gt => order.is_gt(),
        CompareOp::Ge => order.is_ge(),
    }
}

fn numerics(op: CompareOp, left: &Operand, right: &Operand) -> Result<BooleanArray> {
    let a = left.array.as_binary::<i32>();
    let b = right.array.as_binary::<i32>();
    let rows = if left.scalar { b.len() } else { a.len() };
    let nulls = strict_nulls(&[left, right], rows);
    let mut values = BooleanBufferBuilder::new(rows);
    for row in 0..rows {
        let known = nulls.as_ref().is_none_or(|n| n.is_valid(row));
        values.append(
            known
                && holds(
                    op,
                    numeric::compare_encoded(a.value(left.at(row)), b.value(right.at(row)))?,
                ),
        );
    }
    Ok(BooleanArray::new(values.finish(), nulls))
}

impl Evaluator<'_> {
    /// `input [NOT] IN (list)`.
    pub(super) fn in_list(&self, input: &Expr, list: &[Expr], negated: bool) -> Result<Operand> {
        let operand = self.operand(input)?;
        let list: Vec<Operand> = list
            .iter()
            .map(|e| self.operand(e))
            .collect::<Result<_>>()?;
        if list.len() > LIST_SCAN_MAX && list.iter().all(|o| o.scalar) {
            let arrays: Vec<_> = list.iter().map(|o| o.array.clone()).collect();
            let set = ValueSet::new(&arrays, input.sql_type)?;
            return set.contains(&operand, input.sql_type, negated);
        }
        let inputs: Vec<&Operand> = list.iter().chain([&operand]).collect();
        let (rows, scalar) = result_rows(&inputs, self.rows);
        let mut found = BooleanArray::new(BooleanBuffer::new_unset(rows), None);
        for item in &list {
            let equal = compare(CompareOp::Eq, &operand, item, input.sql_type)?;
            let equal = equal.into_array(rows)?;
            found = or_kleene(&found, equal.as_boolean()).map_err(kernel_error)?;
        }
        let result = if negated {
            not(&found).map_err(kernel_error)?
        } else {
            found
        };
        Ok(Operand::computed(Arc::new(result), scalar))
    }
}

/// The rows where `operand` is not NULL.
pub(super) fn known_rows(operand: &Operand) -> Result<BooleanArray> {
    is_not_null(&operand.array).map_err(kernel_error)
}
