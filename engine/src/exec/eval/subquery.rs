//! Subqueries as values: scalar, EXISTS, IN, ANY.
//!
//! A subquery that is not correlated runs once for a batch, any other once for each row.

use super::compare::booleans;
use super::context::{SubqueryRows, SubqueryRunner};
use super::evaluate::Evaluator;
use super::operand::{Operand, kernel_error};
use super::row_set::{RowSet, compare_rows, compares_with_any, pieces};
use super::value_set::ValueSet;
use crate::sql::bound::{CompareOp, Expr, ExprKind, Query};
use crate::types::array::{ColumnBuilder, null_array, value_at};
use crate::types::{SqlType, Value};
use crate::{Error, ErrorKind, Result};
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BooleanArray};
use std::rc::Rc;
use std::sync::Arc;

impl Evaluator<'_> {
    fn runner(&self) -> Result<&dyn SubqueryRunner> {
        self.context
            .subqueries
            .ok_or_else(|| Error::unsupported("a subquery in this place"))
    }

    /// What an expression makes of its subquery.
    pub(super) fn subquery(&self, expr: &Expr) -> Result<Operand> {
        match &expr.kind {
            ExprKind::ScalarSubquery(query) => self.scalar_subquery(query, expr.sql_type),
            ExprKind::Exists { query, negated } => self.exists(query, *negated),
            ExprKind::InSubquery {
                inputs,
                query,
                negated,
            } => self.with_rows(inputs, query, usize::MAX, |rows, operands, types| {
                match (operands, types) {
                    ([operand], [sql_type]) => in_result(rows, operand, *sql_type, *negated),
                    _ => row_in_result(rows, operands, types, *negated),
                }
            }),
            ExprKind::AnySubquery { inputs, op, query } => {
                self.with_rows(inputs, query, usize::MAX, |rows, operands, types| {
                    match (operands, types) {
                        ([operand], [sql_type]) => any_result(rows, operand, *op, *sql_type),
                        _ => any_row_result(rows, operands, *op, types),
                    }
                })
            }
            ExprKind::RowSubquery { inputs, op, query } => {
                self.with_rows(inputs, query, 2, |rows, operands, types| {
                    row_result(rows, operands, *op, types)
                })
            }
            _ => Err(Error::misuse("only some expressions have a subquery")),
        }
    }

    /// The only value of a subquery, NULL without rows. Errors: `21000` with several.
    fn scalar_subquery(&self, query: &Query, sql_type: SqlType) -> Result<Operand> {
        let runner = self.runner()?;
        if !runner.is_correlated(query) {
            let result = runner.run(query, self.columns, 0, 2)?;
            return Ok(Operand::scalar(single_value(&result, sql_type)?));
        }
        let values: Vec<ArrayRef> = (0..self.rows)
            .map(|row| single_value(&*runner.run(query, self.columns, row, 2)?, sql_type))
            .collect::<Result<_>>()?;
        let parts: Vec<&dyn Array> = values.iter().map(AsRef::as_ref).collect();
        let joined = arrow_select::concat::concat(&parts).map_err(kernel_error)?;
        Ok(Operand::array(joined))
    }

    fn exists(&self, query: &Query, negated: bool) -> Result<Operand> {
        let runner = self.runner()?;
        let test = |row| Ok((runner.run(query, self.columns, row, 1)?.rows > 0) != negated);
        if !runner.is_correlated(query) {
            let result = BooleanArray::from(vec![test(0)?]);
            return Ok(Operand::scalar(Arc::new(result)));
        }
        let result: Vec<bool> = (0..self.rows).map(test).collect::<Result<_>>()?;
        Ok(Operand::array(Arc::new(BooleanArray::from(result))))
    }

    /// What `compare` says of `inputs`, of which it gets the values and types, and the rows of a subquery.
    fn with_rows(
        &self,
        inputs: &[Expr],
        query: &Query,
        rows_max: usize,
        compare: impl Fn(&Rc<SubqueryRows>, &[Operand], &[SqlType]) -> Result<Operand>,
    ) -> Result<Operand> {
        let runner = self.runner()?;
        let types: Vec<SqlType> = inputs.iter().map(|e| e.sql_type).collect();
        let operands: Vec<Operand> = inputs
            .iter()
            .map(|e| self.operand(e))
            .collect::<Result<_>>()?;
        if !runner.is_correlated(query) {
            let result = runner.run(query, self.columns, 0, rows_max)?;
            return compare(&result, &operands, &types);
        }
        let mut values = Vec::with_capacity(self.rows);
        for row in 0..self.rows {
            let result = runner.run(query, self.columns, row, rows_max)?;
            let found = compare(&result, &row_of(&operands, row), &types)?;
            values.push(found.array.as_boolean().iter().next().flatten());
        }
        Ok(Operand::array(Arc::new(BooleanArray::from(values))))
    }
}

/// Row `row` of `operands`, as scalars.
fn row_of(operands: &[Operand], row: usize) -> Vec<Operand> {
    let one = |operand: &Operand| Operand::scalar(operand.array.slice(operand.at(row), 1));
    operands.iter().map(one).collect()
}

/// `operand op ANY` of the rows: each comparison is decided by the least or the greatest of them.
fn any_result(
    result: &SubqueryRows,
    operand: &Operand,
    op: CompareOp,
    sql_type: SqlType,
) -> Result<Operand> {
    if result.rows == 0 {
        return Ok(Operand::scalar(Arc::new(BooleanArray::from(vec![false]))));
    }
    let extremes = result.extremes.get_or_init(|| extremes(result, sql_type));
    let Some((least, greatest)) = extremes else {
        return Ok(Operand::scalar(Arc::new(BooleanArray::new_null(1))));
    };
    let constant = |value: &Value| -> Result<Operand> {
        let mut column = ColumnBuilder::new(sql_type, 1);
        column.push(value)?;
        Ok(Operand::scalar(column.finish()))
    };
    let holds = |value: &Value| booleans(op, operand, &constant(value)?, sql_type);
    let found = match op {
        CompareOp::Lt | CompareOp::Le => holds(greatest)?,
        CompareOp::Gt | CompareOp::Ge => holds(least)?,
        CompareOp::Eq => return Err(Error::misuse("= ANY of a subquery is IN")),
        CompareOp::Ne => {
            let (least, greatest) = (holds(least)?, holds(greatest)?);
            arrow_arith::boolean::or_kleene(&least, &greatest).map_err(kernel_error)?
        }
    };
    // A NULL among the rows leaves open what no other decides.
    let mut pieces = result.first_column().iter();
    let has_null = pieces.any(|piece| piece.null_count() > 0);
    let found = if has_null {
        found.iter().map(|v| v.filter(|v| *v)).collect()
    } else {
        found
    };
    Ok(Operand::computed(Arc::new(found), operand.scalar))
}

/// The least and the greatest value of the rows.
fn extremes(result: &SubqueryRows, sql_type: SqlType) -> Option<(Value, Value)> {
    let mut extremes: Option<(Value, Value)> = None;
    for piece in result.first_column() {
        for row in (0..piece.len()).filter(|row| piece.is_valid(*row)) {
            let value = value_at(piece, row, sql_type);
            match &mut extremes {
                None => extremes = Some((value.clone(), value)),
                Some((least, _)) if value.total_cmp(least).is_lt() => *least = value,
                Some((_, greatest)) if value.total_cmp(greatest).is_gt() => *greatest = value,
                Some(_) => {}
            }
        }
    }
    extremes
}

/// `operand [NOT] IN` the rows of a subquery; their set is kept with them.
fn in_result(
    result: &Rc<SubqueryRows>,
    operand: &Operand,
    sql_type: SqlType,
    negated: bool,
) -> Result<Operand> {
    let set = match result.set.get() {
        Some(set) => set,
        None => {
            let set = ValueSet::new(result.first_column(), sql_type)?;
            result.set.get_or_init(|| set)
        }
    };
    set.contains(operand, sql_type, negated)
}

/// The row of `operands [NOT] IN` the rows of a subquery; their set is kept with them.
fn row_in_result(
    result: &Rc<SubqueryRows>,
    operands: &[Operand],
    types: &[SqlType],
    negated: bool,
) -> Result<Operand> {
    let set = match result.row_set.get() {
        Some(set) => set,
        None => {
            let set = RowSet::new(&result.columns, types)?;
            result.row_set.get_or_init(|| set)
        }
    };
    let (columns, scalar) = in_full(operands)?;
    let found = set.contains(&columns, types, negated)?;
    Ok(Operand::computed(Arc::new(found), scalar))
}

/// Rows as columns of one length, and whether they are one row for all.
fn in_full(operands: &[Operand]) -> Result<(Vec<ArrayRef>, bool)> {
    let column = operands.iter().find(|operand| !operand.scalar);
    let rows = column.map_or(1, |operand| operand.array.len());
    let columns = operands.iter().cloned().map(|o| o.into_array(rows));
    Ok((columns.collect::<Result<_>>()?, column.is_none()))
}

/// The row of `operands op ANY` of the rows.
fn any_row_result(
    result: &SubqueryRows,
    operands: &[Operand],
    op: CompareOp,
    types: &[SqlType],
) -> Result<Operand> {
    let (columns, scalar) = in_full(operands)?;
    let rows = columns.first().map_or(0, |c| c.len());
    let operands: Vec<Operand> = columns.into_iter().map(Operand::array).collect();
    let found = (0..rows)
        .map(|row| compares_with_any(op, &row_of(&operands, row), &result.columns, types))
        .collect::<Result<BooleanArray>>()?;
    Ok(Operand::computed(Arc::new(found), scalar))
}

/// The row of `operands op` the only row.
fn row_result(
    result: &SubqueryRows,
    operands: &[Operand],
    op: CompareOp,
    types: &[SqlType],
) -> Result<Operand> {
    check_single(result)?;
    let mut pieces = pieces(&result.columns).into_iter();
    let Some(piece) = pieces.find(|piece| piece.iter().all(|column| !column.is_empty())) else {
        return Ok(Operand::scalar(Arc::new(BooleanArray::new_null(1))));
    };
    let row: Vec<Operand> = piece.into_iter().map(Operand::scalar).collect();
    let scalar = operands.iter().all(|operand| operand.scalar);
    let columns = in_full(operands)?.0.into_iter();
    let columns: Vec<Operand> = columns.map(|c| Operand::computed(c, scalar)).collect();
    let found = compare_rows(op, &columns, &row, types)?;
    Ok(Operand::computed(Arc::new(found), scalar))
}

fn check_single(result: &SubqueryRows) -> Result<()> {
    if result.rows > 1 {
        return Err(Error::new(
            ErrorKind::Data,
            "21000",
            "more than one row returned by a subquery used as an expression",
        ));
    }
    Ok(())
}

fn single_value(result: &SubqueryRows, sql_type: SqlType) -> Result<ArrayRef> {
    check_single(result)?;
    match result.first_column().iter().find(|p| !p.is_empty()) {
        Some(piece) => Ok(piece.slice(0, 1)),
        None => Ok(null_array(sql_type, 1)),
    }
}
