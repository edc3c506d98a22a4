//! Subqueries as values: scalar, EXISTS, IN, ANY.
//!
//! A subquery that is not correlated runs once for a batch, any other once for each row.

use super::compare::booleans;
use super::context::{SubqueryRows, SubqueryRunner};
use super::evaluate::Evaluator;
use super::operand::{Operand, kernel_error};
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
                input,
                query,
                negated,
            } => self.with_rows(input, query, |rows, operand| {
                in_result(rows, operand, input.sql_type, *negated)
            }),
            ExprKind::AnySubquery { input, op, query } => {
                self.with_rows(input, query, |rows, operand| {
                    any_result(rows, operand, *op, input.sql_type)
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

    /// What `compare` says of `input` and the rows of a subquery.
    fn with_rows(
        &self,
        input: &Expr,
        query: &Query,
        compare: impl Fn(&Rc<SubqueryRows>, &Operand) -> Result<Operand>,
    ) -> Result<Operand> {
        let runner = self.runner()?;
        let operand = self.operand(input)?;
        if !runner.is_correlated(query) {
            let result = runner.run(query, self.columns, 0, usize::MAX)?;
            return compare(&result, &operand);
        }
        let operand = operand.into_array(self.rows)?;
        let mut values = Vec::with_capacity(self.rows);
        for row in 0..self.rows {
            let result = runner.run(query, self.columns, row, usize::MAX)?;
            let found = compare(&result, &Operand::scalar(operand.slice(row, 1)))?;
            values.push(found.array.as_boolean().iter().next().flatten());
        }
        Ok(Operand::array(Arc::new(BooleanArray::from(values))))
    }
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
    let has_null = result.column.iter().any(|piece| piece.null_count() > 0);
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
    for piece in &result.column {
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
            let set = ValueSet::new(&result.column, sql_type)?;
            result.set.get_or_init(|| set)
        }
    };
    set.contains(operand, sql_type, negated)
}

fn single_value(result: &SubqueryRows, sql_type: SqlType) -> Result<ArrayRef> {
    if result.rows > 1 {
        return Err(Error::new(
            ErrorKind::Data,
            "21000",
            "more than one row returned by a subquery used as an expression",
        ));
    }
    match result.column.iter().find(|piece| !piece.is_empty()) {
        Some(piece) => Ok(piece.slice(0, 1)),
        None => Ok(null_array(sql_type, 1)),
    }
}
