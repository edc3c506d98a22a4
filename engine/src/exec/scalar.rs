//! Expressions over one row of values, without batches: for statements that touch a handful of rows.
//!
//! What OLTP statements are made of is computed right here; everything else goes through the vectorised evaluator with
//! a batch of one row, so there is one truth for each function.

use crate::error::Result;
use crate::exec::batch::Batch;
use crate::exec::operator::Context;
use crate::plan::{KeyValue, coerce};
use crate::sql::bound::{ArithmeticOp, CompareOp, Expr, ExprKind};
use crate::types::array::value_at;
use crate::types::{SqlType, Value};
use std::borrow::Cow;
use std::cmp::Ordering;

/// What `value` gives for each of `items`. A plain `collect` of results does not know how many there will be, and grows
/// its vector step by step.
pub(crate) fn each<T, V>(items: &[T], mut value: impl FnMut(&T) -> Result<V>) -> Result<Vec<V>> {
    let mut values = Vec::with_capacity(items.len());
    for item in items {
        values.push(value(item)?);
    }
    Ok(values)
}

/// A row of values and their types.
#[derive(Clone, Copy)]
pub(crate) struct RowView<'r> {
    pub(crate) values: &'r [Value],
    pub(crate) types: &'r [SqlType],
}

impl RowView<'_> {
    /// No columns.
    pub(crate) const EMPTY: RowView<'static> = RowView {
        values: &[],
        types: &[],
    };
}

impl Context<'_> {
    /// The value of `expr` over `row`.
    pub(crate) fn scalar(&self, expr: &Expr, row: RowView<'_>) -> Result<Value> {
        if let Some(value) = self.quick(expr, row)? {
            return Ok(value.into_owned());
        }
        let batch = Batch::from_rows(row.types, std::iter::once(row.values))?;
        let array = self.evaluate(expr, &batch)?;
        Ok(value_at(&array, 0, expr.sql_type))
    }

    /// The value of `expr`, which refers to no column.
    pub(crate) fn constant(&self, expr: &Expr) -> Result<Value> {
        self.scalar(expr, RowView::EMPTY)
    }

    /// The value where it is quickly found; `None` where the evaluator must be asked, also for its errors.
    fn quick<'r>(&'r self, expr: &'r Expr, row: RowView<'r>) -> Result<Option<Cow<'r, Value>>> {
        Ok(match &expr.kind {
            ExprKind::Literal(value) => Some(Cow::Borrowed(value)),
            ExprKind::Parameter(slot) => self.slots.get(*slot).map(Cow::Borrowed),
            ExprKind::Column(column) => row.values.get(*column).map(Cow::Borrowed),
            ExprKind::Cast { input, .. } => {
                let to = expr.sql_type;
                self.quick(input, row)?
                    .and_then(|v| cast(v, input.sql_type, to))
            }
            ExprKind::Arithmetic(op, left, right) => {
                let (Some(l), Some(r)) = (self.quick(left, row)?, self.quick(right, row)?) else {
                    return Ok(None);
                };
                arithmetic(*op, &l, &r).map(Cow::Owned)
            }
            ExprKind::Compare(op, left, right) => {
                let (Some(l), Some(r)) = (self.quick(left, row)?, self.quick(right, row)?) else {
                    return Ok(None);
                };
                Some(Cow::Owned(compare(*op, &l, &r)))
            }
            ExprKind::IsNull { input, negated } => self
                .quick(input, row)?
                .map(|v| Cow::Owned(Value::Bool(v.is_null() != *negated))),
            ExprKind::And(list) => self.conjunction(list, row)?.map(Cow::Owned),
            _ => None,
        })
    }

    fn conjunction(&self, list: &[Expr], row: RowView<'_>) -> Result<Option<Value>> {
        let mut result = Value::Bool(true);
        for operand in list {
            let Some(value) = self.quick(operand, row)? else {
                return Ok(None);
            };
            match *value {
                Value::Bool(false) => return Ok(Some(Value::Bool(false))),
                Value::Bool(true) => {}
                _ => result = Value::Null,
            }
        }
        Ok(Some(result))
    }
}

/// `value` as `to` where no digit or character changes.
fn cast(value: Cow<'_, Value>, from: SqlType, to: SqlType) -> Option<Cow<'_, Value>> {
    if value.is_null() || from == to {
        return Some(value);
    }
    match to {
        SqlType::Int2 | SqlType::Int4 | SqlType::Int8 if from.is_integer() => {
            match coerce(value.into_owned(), to) {
                KeyValue::Value(value) => Some(Cow::Owned(value)),
                _ => None,
            }
        }
        SqlType::Float8 => match *value {
            Value::Int2(v) => Some(Cow::Owned(Value::Float8(f64::from(v)))),
            Value::Int4(v) => Some(Cow::Owned(Value::Float8(f64::from(v)))),
            Value::Float4(v) => Some(Cow::Owned(Value::Float8(f64::from(v)))),
            _ => None,
        },
        SqlType::Text | SqlType::Varchar(None) if from.is_text() => Some(value),
        SqlType::Varchar(Some(length)) if from.is_text() => {
            let fits = matches!(&*value, Value::Text(t) if t.len() <= length as usize);
            fits.then_some(value)
        }
        _ => None,
    }
}

/// Integer arithmetic that does not overflow, and float arithmetic that stays finite.
fn arithmetic(op: ArithmeticOp, left: &Value, right: &Value) -> Option<Value> {
    if left.is_null() || right.is_null() {
        return Some(Value::Null);
    }
    if let (Value::Float8(l), Value::Float8(r)) = (left, right) {
        let value = match op {
            ArithmeticOp::Add => l + r,
            ArithmeticOp::Subtract => l - r,
            _ => return None,
        };
        return value.is_finite().then_some(Value::Float8(value));
    }
    let (l, r) = (left.as_integer()?, right.as_integer()?);
    let value = match op {
        ArithmeticOp::Add => l.checked_add(r),
        ArithmeticOp::Subtract => l.checked_sub(r),
        ArithmeticOp::Multiply => l.checked_mul(r),
        ArithmeticOp::Divide => l.checked_div(r),
        ArithmeticOp::Modulo => l.checked_rem(r),
    }?;
    match (left, right) {
        (Value::Int2(_), Value::Int2(_)) => i16::try_from(value).ok().map(Value::Int2),
        (Value::Int4(_), Value::Int4(_)) => i32::try_from(value).ok().map(Value::Int4),
        (Value::Int8(_), Value::Int8(_)) => Some(Value::Int8(value)),
        _ => None,
    }
}

fn compare(op: CompareOp, left: &Value, right: &Value) -> Value {
    if left.is_null() || right.is_null() {
        return Value::Null;
    }
    let order = left.total_cmp(right);
    Value::Bool(match op {
        CompareOp::Eq => order == Ordering::Equal,
        CompareOp::Ne => order != Ordering::Equal,
        CompareOp::Lt => order == Ordering::Less,
        CompareOp::Le => order != Ordering::Greater,
        CompareOp::Gt => order == Ordering::Greater,
        CompareOp::Ge => order != Ordering::Less,
    })
}
