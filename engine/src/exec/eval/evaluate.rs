//! From an expression and a batch to a column.

use super::context::EvalContext;
use super::operand::Operand;
use super::{arithmetic, cast, compare, function, like};
use crate::sql::bound::{Expr, ExprKind};
use crate::types::array::{repeat, value_at};
use crate::types::{SqlType, Value};
use crate::{Error, ErrorKind, Result};
use arrow_array::{ArrayRef, BooleanArray, new_empty_array};

/// Nesting that an expression may have.
const DEPTH_MAX: usize = 1_000;

/// The values of `expr` for each of the `rows` rows of a batch of `columns`.
///
/// Errors: those of class 22 that PostgreSQL gives, `21000` for a scalar subquery of several rows, `54001` for an
/// expression nested too deeply, and what the subquery runner gives.
pub fn evaluate(
    expr: &Expr,
    columns: &[ArrayRef],
    rows: usize,
    context: &EvalContext<'_>,
) -> Result<ArrayRef> {
    Evaluator::new(columns, rows, context).array(expr)
}

/// The value of an expression without columns. Errors: as [`evaluate`].
pub fn evaluate_constant(expr: &Expr, context: &EvalContext<'_>) -> Result<Value> {
    if let ExprKind::Literal(value) = &expr.kind {
        return Ok(value.clone());
    }
    let array = Evaluator::new(&[], 1, context).array(expr)?;
    Ok(value_at(&array, 0, expr.sql_type))
}

/// For which rows all conditions are true; NULL is false. The result has no NULLs. One that can fail sees only the rows
/// for which those before it do not decide. Errors: as [`evaluate`].
pub fn evaluate_predicate(
    conditions: &[Expr],
    columns: &[ArrayRef],
    rows: usize,
    context: &EvalContext<'_>,
) -> Result<BooleanArray> {
    let evaluator = Evaluator::new(columns, rows, context);
    let array = match conditions {
        [condition] => evaluator.array(condition)?,
        conditions => evaluator.connective(conditions, true)?.into_array(rows)?,
    };
    Ok(super::selection::true_rows(
        arrow_array::cast::AsArray::as_boolean(&array),
    ))
}

/// A batch under evaluation.
#[derive(Clone, Copy)]
pub(super) struct Evaluator<'a> {
    pub(super) columns: &'a [ArrayRef],
    pub(super) rows: usize,
    pub(super) context: &'a EvalContext<'a>,
    depth: usize,
}

impl<'a> Evaluator<'a> {
    fn new(columns: &'a [ArrayRef], rows: usize, context: &'a EvalContext<'a>) -> Self {
        Self {
            columns,
            rows,
            context,
            depth: 0,
        }
    }

    /// The same evaluation over other rows.
    pub(super) fn over<'b>(&self, columns: &'b [ArrayRef], rows: usize) -> Evaluator<'b>
    where
        'a: 'b,
    {
        Evaluator {
            columns,
            rows,
            context: self.context,
            depth: self.depth,
        }
    }

    /// All values of `expr`.
    pub(super) fn array(&self, expr: &Expr) -> Result<ArrayRef> {
        self.operand(expr)?.into_array(self.rows)
    }

    /// The values of `expr`, one only when they are the same for all rows.
    pub(super) fn operand(&self, expr: &Expr) -> Result<Operand> {
        if self.rows == 0 {
            return Ok(Operand::array(new_empty_array(
                &crate::types::array::arrow_type(expr.sql_type),
            )));
        }
        if self.depth >= DEPTH_MAX {
            return Err(Error::new(
                ErrorKind::Limit,
                "54001",
                "stack depth limit exceeded",
            ));
        }
        let deeper = Self {
            depth: self.depth + 1,
            ..*self
        };
        deeper.dispatch(expr)
    }

    fn dispatch(&self, expr: &Expr) -> Result<Operand> {
        match &expr.kind {
            ExprKind::Literal(value) => constant(value, expr.sql_type),
            ExprKind::Parameter(number) => self.parameter(*number, expr.sql_type),
            ExprKind::Column(column) => self.column(*column),
            ExprKind::OuterColumn { depth, column } => {
                self.outer_column(*depth, *column, expr.sql_type)
            }
            ExprKind::Cast { input, explicit } => self.cast(input, expr.sql_type, *explicit),
            ExprKind::And(list) => self.connective(list, true),
            ExprKind::Or(list) => self.connective(list, false),
            ExprKind::Not(input) => self.not(input),
            ExprKind::Compare(op, left, right) => {
                let (l, r) = (self.operand(left)?, self.operand(right)?);
                compare::compare(*op, &l, &r, left.sql_type)
            }
            ExprKind::Distinct {
                left,
                right,
                negated,
            } => {
                let (l, r) = (self.operand(left)?, self.operand(right)?);
                compare::distinct(&l, &r, left.sql_type, *negated)
            }
            ExprKind::IsNull { input, negated } => self.is_null(input, *negated),
            ExprKind::IsBool {
                input,
                value,
                negated,
            } => self.is_bool(input, *value, *negated),
            ExprKind::Arithmetic(op, left, right) => {
                let (l, r) = (self.operand(left)?, self.operand(right)?);
                let zone = self.context.clock.zone;
                arithmetic::arithmetic(*op, (&l, left.sql_type), (&r, right.sql_type), zone)
            }
            ExprKind::Negate(input) => arithmetic::negate(&self.operand(input)?, input.sql_type),
            ExprKind::InList {
                input,
                list,
                negated,
            } => self.in_list(input, list, *negated),
            ExprKind::Like {
                input,
                pattern,
                escape,
                case_insensitive,
                negated,
            } => {
                let (text, pattern) = (self.operand(input)?, self.operand(pattern)?);
                like::like(&text, &pattern, *escape, *case_insensitive, *negated)
            }
            ExprKind::Case {
                branches,
                otherwise,
            } => self.case(branches, otherwise.as_deref(), expr.sql_type),
            ExprKind::Coalesce(list) => self.coalesce(list, expr.sql_type),
            ExprKind::Call(name, arguments) => {
                function::call(self, *name, arguments, expr.sql_type)
            }
            ExprKind::ScalarSubquery(_)
            | ExprKind::Rows(_)
            | ExprKind::Exists { .. }
            | ExprKind::InSubquery { .. }
            | ExprKind::AnySubquery { .. }
            | ExprKind::RowSubquery { .. } => self.subquery(expr),
        }
    }

    fn cast(&self, input: &Expr, sql_type: SqlType, explicit: bool) -> Result<Operand> {
        let target = cast::Target {
            sql_type,
            explicit,
            zone: self.context.clock.zone,
        };
        cast::cast(&self.operand(input)?, input.sql_type, target)
    }

    fn column(&self, column: usize) -> Result<Operand> {
        match self.columns.get(column) {
            Some(array) => Ok(Operand::array(array.clone())),
            None => Err(missing("column", column)),
        }
    }

    fn parameter(&self, number: usize, sql_type: SqlType) -> Result<Operand> {
        match self.context.parameters.get(number) {
            Some(value) => constant(value, sql_type),
            None => Err(Error::new(
                ErrorKind::Sql,
                "42P02",
                format!("there is no parameter ${}", number + 1),
            )),
        }
    }

    fn outer_column(&self, depth: usize, column: usize, sql_type: SqlType) -> Result<Operand> {
        let rows = self.context.outer_rows;
        let row = rows.len().checked_sub(depth).and_then(|at| rows.get(at));
        match row.and_then(|row| row.get(column)) {
            Some(value) => constant(value, sql_type),
            None => Err(missing("outer column", column)),
        }
    }
}

/// One value for all rows.
pub(super) fn constant(value: &Value, sql_type: SqlType) -> Result<Operand> {
    Ok(Operand::scalar(repeat(value, sql_type, 1)?))
}

/// A plan refers to something that its input does not have: a mistake of the engine.
fn missing(what: &str, number: usize) -> Error {
    Error::new(
        ErrorKind::Misuse,
        "XX000",
        format!("an expression refers to {what} {number}, which its input does not have"),
    )
}
