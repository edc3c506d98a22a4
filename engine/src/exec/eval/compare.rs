//! Comparisons, `IS DISTINCT FROM`, `IN (list)`.
//!
//! Arrow's kernels compare everything but floats, whose total order tells -0 from 0 and NaNs from each other, NUMERIC,
//! whose bytes have no order, and INTERVAL and JSONB, of which comparable forms are compared.

use super::evaluate::Evaluator;
use super::operand::{Operand, kernel_error, result_rows, strict_nulls};
use super::value_set::ValueSet;
use crate::Result;
use crate::sql::bound::{CompareOp, Expr};
use crate::types::{SqlType, comparable, numeric};
use arrow_arith::boolean::{is_not_null, not, or_kleene};
use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Float64Type};
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

fn floats<T>(op: CompareOp, left: &Operand, right: &Operand) -> BooleanArray
where
    T: ArrowPrimitiveType,
    T::Native: Into<f64>,
{
    let nan = |a: f64| a.is_nan();
    match op {
        CompareOp::Eq => test_floats::<T>(left, right, |a, b| (a == b) | (nan(a) & nan(b))),
        CompareOp::Ne => test_floats::<T>(left, right, |a, b| !((a == b) | (nan(a) & nan(b)))),
        CompareOp::Lt => test_floats::<T>(left, right, |a, b| (a < b) | (!nan(a) & nan(b))),
        CompareOp::Le => test_floats::<T>(left, right, |a, b| (a <= b) | nan(b)),
        CompareOp::Gt => test_floats::<T>(left, right, |a, b| (a > b) | (nan(a) & !nan(b))),
        CompareOp::Ge => test_floats::<T>(left, right, |a, b| (a >= b) | nan(a)),
    }
}

fn test_floats<T>(left: &Operand, right: &Operand, test: impl Fn(f64, f64) -> bool) -> BooleanArray
where
    T: ArrowPrimitiveType,
    T::Native: Into<f64>,
{
    let a = left.array.as_primitive::<T>().values();
    let b = right.array.as_primitive::<T>().values();
    let rows = if left.scalar { b.len() } else { a.len() };
    let values = match (left.scalar, right.scalar) {
        (false, true) => {
            let b: f64 = b[0].into();
            BooleanBuffer::collect_bool(rows, |i| test(a[i].into(), b))
        }
        (true, false) => {
            let a: f64 = a[0].into();
            BooleanBuffer::collect_bool(rows, |i| test(a, b[i].into()))
        }
        _ => BooleanBuffer::collect_bool(rows, |i| test(a[i].into(), b[i].into())),
    };
    BooleanArray::new(values, strict_nulls(&[left, right], rows))
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
