//! Arithmetic operators of dates, times and intervals, chosen as PostgreSQL chooses among the operators of one name.

use super::call::{no_function, not_unique as not_unique_function};
use super::coerce::{Context, can_cast, latest, literal};
use super::context::Binder;
use super::data_type::second_digits;
use super::literal::string;
use super::names::sql_error;
use super::operator::no_operator;
use crate::error::{Error, Result};
use crate::sql::bound::{ArithmeticOp, Expr, ExprKind};
use crate::sql::function::ScalarFunction;
use crate::sql::parse::located;
use crate::types::SqlType::{Date, Float8, Int4, Unknown};
use crate::types::{Fields, IntervalForm, SqlType, Value};
use ArithmeticOp::{Add, Divide, Multiply, Subtract};
use sqlparser::ast;

type Operator = (SqlType, ArithmeticOp, SqlType, SqlType);

const I: SqlType = SqlType::Interval(None);
const TS: SqlType = SqlType::Timestamp(None);
const TZ: SqlType = SqlType::TimestampTz(None);
const TI: SqlType = SqlType::Time(None);

/// Left operand, operator, right operand, result.
const OPERATORS: [Operator; 26] = [
    (Date, Add, Int4, Date),
    (Int4, Add, Date, Date),
    (Date, Subtract, Int4, Date),
    (Date, Subtract, Date, Int4),
    (Date, Add, I, TS),
    (I, Add, Date, TS),
    (Date, Subtract, I, TS),
    (Date, Add, TI, TS),
    (TI, Add, Date, TS),
    (TS, Add, I, TS),
    (I, Add, TS, TS),
    (TS, Subtract, I, TS),
    (TS, Subtract, TS, I),
    (TZ, Add, I, TZ),
    (I, Add, TZ, TZ),
    (TZ, Subtract, I, TZ),
    (TZ, Subtract, TZ, I),
    (TI, Add, I, TI),
    (I, Add, TI, TI),
    (TI, Subtract, I, TI),
    (TI, Subtract, TI, I),
    (I, Add, I, I),
    (I, Subtract, I, I),
    (I, Multiply, Float8, I),
    (Float8, Multiply, I, I),
    (I, Divide, Float8, I),
];

/// Whether operators of that type are chosen here.
pub(super) fn is_temporal(sql_type: SqlType) -> bool {
    sql_type.is_datetime() || matches!(sql_type, SqlType::Time(_) | SqlType::Interval(_))
}

impl Binder<'_> {
    /// `left op right`. Errors: `42883`, `42725`, and what reading an unknown literal gives.
    pub(super) fn time_arithmetic(
        &mut self,
        op: ArithmeticOp,
        symbol: &str,
        left: Expr,
        right: Expr,
    ) -> Result<Expr> {
        let (l, r) = (left.sql_type, right.sql_type);
        let (left_type, _, right_type, result) = choose(op, symbol, l, r)?;
        // A day and an interval meet at midnight.
        let at_midnight = |own: SqlType, other: SqlType| match (own, other) {
            (Date, SqlType::Interval(_)) => TS,
            _ => own,
        };
        let to_left = at_midnight(left_type, right_type);
        let to_right = at_midnight(right_type, left_type);
        let left = self.cast(left, left_type, Context::Implicit)?;
        let right = self.cast(right, right_type, Context::Implicit)?;
        let left = self.cast(left, to_left, Context::Implicit)?;
        let right = self.cast(right, to_right, Context::Implicit)?;
        Ok(Expr {
            kind: ExprKind::Arithmetic(op, Box::new(left), Box::new(right)),
            sql_type: result,
        })
    }
}

fn choose(op: ArithmeticOp, symbol: &str, l: SqlType, r: SqlType) -> Result<Operator> {
    let known = match (l, r) {
        (Unknown, known) | (known, Unknown) => known.base(),
        _ => Unknown,
    };
    let of_op = || OPERATORS.into_iter().filter(|operator| operator.1 == op);
    let exact = |l: SqlType, r: SqlType| of_op().find(|o| o.0 == l.base() && o.2 == r.base());
    // An unknown operand is first taken for one of the other's type.
    let same = match (l, r) {
        (Unknown, r) => exact(r, r),
        (l, Unknown) => exact(l, l),
        (l, r) => exact(l, r),
    };
    if let Some(found) = same {
        return Ok(found);
    }
    let takes = |from: SqlType, to: SqlType| can_cast(from, to, Context::Implicit);
    let exactness = |o: &Operator| usize::from(o.0 == l.base()) + usize::from(o.2 == r.base());
    let usable: Vec<Operator> = of_op().filter(|o| takes(l, o.0) && takes(r, o.2)).collect();
    let best = usable.iter().map(exactness).max().unwrap_or(0);
    let mut usable: Vec<Operator> = usable
        .into_iter()
        .filter(|o| exactness(o) == best)
        .collect();
    if usable.len() > 1 && known != Unknown {
        let both: Vec<Operator> = usable
            .iter()
            .copied()
            .filter(|o| takes(known, o.0) && takes(known, o.2))
            .collect();
        if both.len() == 1 {
            usable = both;
        }
    }
    match usable.as_slice() {
        [one] => Ok(*one),
        [] => Err(no_operator(symbol, l, r)),
        _ => Err(not_unique(symbol, l, r)),
    }
}

fn not_unique(symbol: &str, l: SqlType, r: SqlType) -> Error {
    let message = format!(
        "operator is not unique: {} {symbol} {}",
        l.base_name(),
        r.base_name()
    );
    sql_error("42725", message)
}

impl Binder<'_> {
    /// `(start, end) OVERLAPS (start, end)`, where an end may be an interval. Errors: `42601`, `42883`, `42725`.
    pub(super) fn overlaps(&mut self, left: &[&ast::Expr], right: &[&ast::Expr]) -> Result<Expr> {
        let mut bound = Vec::new();
        for (side, row) in [("left", left), ("right", right)] {
            if row.len() != 2 {
                let message =
                    format!("wrong number of parameters on {side} side of OVERLAPS expression");
                return Err(sql_error("42601", message));
            }
            for expr in row {
                bound.push(self.bind_expr(expr)?);
            }
        }
        let refused = no_function("pg_catalog.overlaps", &bound);
        let ends = |at: usize| at % 2 == 1;
        let mut common = Unknown;
        for (at, expr) in bound.iter().enumerate() {
            common = match (common, expr.sql_type.base()) {
                (common, Unknown) => common,
                (common, SqlType::Interval(_)) if ends(at) => common,
                (Unknown, t) if t.is_datetime() || t == TI => t,
                (a, b) if a.is_datetime() && b.is_datetime() => latest(a, b),
                (TI, TI) => TI,
                _ => return Err(refused),
            };
        }
        let common = match common {
            Unknown => return Err(not_unique_function("pg_catalog.overlaps", &bound)),
            Date => TS,
            other => other,
        };
        let mut arguments: Vec<Expr> = Vec::new();
        for (at, expr) in bound.into_iter().enumerate() {
            let argument = match (expr.sql_type, arguments.last().cloned()) {
                (SqlType::Interval(_), Some(start)) if ends(at) => {
                    let start = self.duplicate(&start);
                    self.time_arithmetic(Add, "+", start, expr)?
                }
                _ => self.cast(expr, common, Context::Implicit)?,
            };
            arguments.push(argument);
        }
        Ok(Expr {
            kind: ExprKind::Call(ScalarFunction::Overlaps, arguments),
            sql_type: SqlType::Bool,
        })
    }

    /// `INTERVAL '1-2' YEAR TO MONTH`, `INTERVAL '1 day'`. Errors: those of reading it.
    pub(super) fn bind_interval(&mut self, interval: &ast::Interval) -> Result<Expr> {
        let ast::Interval {
            value,
            leading_field,
            leading_precision,
            last_field,
            fractional_seconds_precision,
        } = interval;
        let ast::Expr::Value(value) = value.as_ref() else {
            return Err(Error::unsupported("INTERVAL of what is not a literal"));
        };
        let text = string(&value.value)?;
        let fields = interval_fields(leading_field.as_ref(), last_field.as_ref())?;
        let seconds = matches!(leading_field, Some(ast::DateTimeField::Second));
        let precision = match (leading_precision, fractional_seconds_precision) {
            (None, precision) => *precision,
            (Some(precision), None) if seconds => Some(*precision),
            _ => return Err(sql_error("42601", "syntax error at or near \"(\"")),
        };
        let sql_type = SqlType::Interval(IntervalForm::new(fields, second_digits(precision)));
        let parsed = Value::from_text(&text, sql_type);
        let parsed = parsed.map_err(|e| located(e, value.span.start))?;
        Ok(literal(parsed, sql_type))
    }
}

fn interval_fields(
    first: Option<&ast::DateTimeField>,
    last: Option<&ast::DateTimeField>,
) -> Result<Fields> {
    use ast::DateTimeField as F;
    let refused = |field: &F| sql_error("42601", format!("syntax error at or near \"{field}\""));
    Ok(match (first, last) {
        (None, _) => Fields::All,
        (Some(F::Year | F::Years), None) => Fields::Year,
        (Some(F::Month | F::Months), None) => Fields::Month,
        (Some(F::Year), Some(F::Month)) => Fields::YearToMonth,
        (Some(F::Day | F::Days), None) => Fields::Day,
        (Some(F::Hour | F::Hours), None) => Fields::Hour,
        (Some(F::Day), Some(F::Hour)) => Fields::DayToHour,
        (Some(F::Minute | F::Minutes), None) => Fields::Minute,
        (Some(F::Day), Some(F::Minute)) => Fields::DayToMinute,
        (Some(F::Hour), Some(F::Minute)) => Fields::HourToMinute,
        (Some(F::Second | F::Seconds), None) => Fields::Second,
        (Some(F::Day), Some(F::Second)) => Fields::DayToSecond,
        (Some(F::Hour), Some(F::Second)) => Fields::HourToSecond,
        (Some(F::Minute), Some(F::Second)) => Fields::MinuteToSecond,
        (Some(_), Some(field)) | (Some(field), None) => return Err(refused(field)),
    })
}
