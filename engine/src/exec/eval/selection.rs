//! Evaluation over a part of the rows, and how parts become a whole again.

use super::evaluate::Evaluator;
use super::operand::{Operand, kernel_error};
use crate::Result;
use crate::sql::bound::{Expr, ExprKind};
use crate::types::SqlType;
use crate::types::array::null_array;
use arrow_array::builder::BooleanBufferBuilder;
use arrow_array::{Array, ArrayRef, BooleanArray};
use arrow_buffer::{BooleanBuffer, NullBuffer};
use arrow_select::filter::FilterBuilder;

/// The rows that are true, without NULLs.
pub(super) fn true_rows(array: &BooleanArray) -> BooleanArray {
    match array.nulls() {
        None => array.clone(),
        Some(nulls) => BooleanArray::new(array.values() & nulls.inner(), None),
    }
}

/// Columns at the rows of `mask`; those that no expression refers to are left as they are.
pub(super) fn select_columns(
    columns: &[ArrayRef],
    mask: &BooleanArray,
    expressions: &[&Expr],
) -> Result<Vec<ArrayRef>> {
    let mut used = vec![false; columns.len()];
    for expr in expressions {
        mark_columns(expr, &mut used);
    }
    let filter = FilterBuilder::new(mask).optimize().build();
    columns
        .iter()
        .zip(used)
        .map(|(column, used)| {
            if used {
                filter.filter(column).map_err(kernel_error)
            } else {
                Ok(column.clone())
            }
        })
        .collect()
}

/// Marks the columns that evaluating `expr` may look at: with a subquery, all of them.
fn mark_columns(expr: &Expr, used: &mut [bool]) {
    match &expr.kind {
        ExprKind::Literal(_) | ExprKind::Parameter(_) | ExprKind::OuterColumn { .. } => {}
        ExprKind::Column(column) => {
            if let Some(used) = used.get_mut(*column) {
                *used = true;
            }
        }
        ExprKind::ScalarSubquery(_)
        | ExprKind::Rows(_)
        | ExprKind::Exists { .. }
        | ExprKind::InSubquery { .. }
        | ExprKind::AnySubquery { .. }
        | ExprKind::RowSubquery { .. } => {
            used.fill(true);
        }
        ExprKind::Cast { input, .. }
        | ExprKind::Not(input)
        | ExprKind::Negate(input)
        | ExprKind::IsNull { input, .. }
        | ExprKind::IsBool { input, .. } => mark_columns(input, used),
        ExprKind::And(list)
        | ExprKind::Or(list)
        | ExprKind::Coalesce(list)
        | ExprKind::Call(_, list) => list.iter().for_each(|e| mark_columns(e, used)),
        ExprKind::Compare(_, left, right)
        | ExprKind::Distinct { left, right, .. }
        | ExprKind::Arithmetic(_, left, right)
        | ExprKind::Like {
            input: left,
            pattern: right,
            ..
        } => {
            mark_columns(left, used);
            mark_columns(right, used);
        }
        ExprKind::InList { input, list, .. } => {
            mark_columns(input, used);
            list.iter().for_each(|e| mark_columns(e, used));
        }
        ExprKind::Case {
            branches,
            otherwise,
        } => {
            for (condition, result) in branches {
                mark_columns(condition, used);
                mark_columns(result, used);
            }
            if let Some(otherwise) = otherwise {
                mark_columns(otherwise, used);
            }
        }
    }
}

/// Evaluates a boolean expression at the rows of `mask` only; the other rows get `filler`.
pub(super) fn evaluate_where(
    evaluator: &Evaluator<'_>,
    expr: &Expr,
    mask: &BooleanArray,
    filler: bool,
) -> Result<BooleanArray> {
    let columns = select_columns(evaluator.columns, mask, &[expr])?;
    let selected = evaluator.over(&columns, mask.true_count()).operand(expr)?;
    let booleans = selected.booleans();
    let mut values = BooleanBufferBuilder::new(mask.len());
    values.append_n(mask.len(), filler);
    let mut valid = BooleanBufferBuilder::new(mask.len());
    valid.append_n(mask.len(), true);
    for (position, row) in mask.values().set_indices().enumerate() {
        let at = selected.at(position);
        values.set_bit(row, booleans.value(at));
        valid.set_bit(row, !booleans.is_null(at));
    }
    let nulls = (booleans.null_count() > 0).then(|| NullBuffer::new(valid.finish()));
    Ok(BooleanArray::new(values.finish(), nulls))
}

/// A column put together from parts, each of which knows the value of some rows.
pub(super) struct Assembly {
    parts: Vec<ArrayRef>,
    choice: Vec<(usize, usize)>,
}

impl Assembly {
    /// Of `rows` rows that are NULL until a part covers them.
    pub(super) fn new(sql_type: SqlType, rows: usize) -> Self {
        Self {
            parts: vec![null_array(sql_type, 1)],
            choice: vec![(0, 0); rows],
        }
    }

    /// The rows get the values of `part`, in order.
    pub(super) fn cover(&mut self, part: Operand, rows: impl Iterator<Item = u32>) {
        let number = self.parts.len();
        for (position, row) in rows.enumerate() {
            self.choice[row as usize] = (number, part.at(position));
        }
        self.parts.push(part.array);
    }

    pub(super) fn finish(self) -> Result<ArrayRef> {
        let parts: Vec<&dyn Array> = self.parts.iter().map(AsRef::as_ref).collect();
        arrow_select::interleave::interleave(&parts, &self.choice).map_err(kernel_error)
    }
}

/// The rows of a mask as a mask of the others.
pub(super) fn inverted(mask: &BooleanArray) -> BooleanArray {
    BooleanArray::new(!mask.values(), None)
}

/// All rows.
pub(super) fn all_rows(rows: usize) -> BooleanArray {
    BooleanArray::new(BooleanBuffer::new_set(rows), None)
}
