//! Changes of type: which are allowed where, and how they are made.

use super::context::Binder;
use super::names::sql_error;
use crate::error::{Error, Result};
use crate::sql::bound::{Expr, ExprKind};
use crate::sql::function::ScalarFunction;
use crate::types::{SqlArray, SqlType, Value, array_of};
use bigdecimal::{BigDecimal, ToPrimitive};

/// Why a type is changed; each context allows what the ones before it allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Context {
    /// An operand or argument.
    Implicit,
    /// A value for a column.
    Assignment,
    /// `CAST`.
    Explicit,
}

/// A constant.
pub(super) fn literal(value: Value, sql_type: SqlType) -> Expr {
    Expr {
        kind: ExprKind::Literal(value),
        sql_type,
    }
}

/// Whether the two are one type but for length and precision; TEXT and VARCHAR are.
pub(super) fn same(a: SqlType, b: SqlType) -> bool {
    match (a, b) {
        (SqlType::Array(a), SqlType::Array(b)) => same(a.sql_type(), b.sql_type()),
        _ => a.base() == b.base() || a.is_text() && b.is_text(),
    }
}

/// Place in `SMALLINT < INTEGER < BIGINT < NUMERIC < REAL < DOUBLE PRECISION`, the direction of implicit casts.
fn number_rank(sql_type: SqlType) -> Option<u8> {
    Some(match sql_type {
        SqlType::Int2 => 0,
        SqlType::Int4 => 1,
        SqlType::Int8 => 2,
        SqlType::Numeric(_) => 3,
        SqlType::Float4 => 4,
        SqlType::Float8 => 5,
        _ => return None,
    })
}

/// Whether PostgreSQL has a cast from `from` to `to` that `context` may use.
pub(super) fn can_cast(from: SqlType, to: SqlType, context: Context) -> bool {
    if same(from, to) || from == SqlType::Unknown {
        return true;
    }
    let needed = match (from, to) {
        (SqlType::Array(from), SqlType::Array(to)) => {
            return can_cast(from.sql_type(), to.sql_type(), context);
        }
        _ if number_rank(from).is_some() && number_rank(to).is_some() => {
            if number_rank(from) < number_rank(to) {
                Context::Implicit
            } else {
                Context::Assignment
            }
        }
        (SqlType::Date, SqlType::Timestamp(_) | SqlType::TimestampTz(_))
        | (SqlType::Timestamp(_), SqlType::TimestampTz(_))
        | (SqlType::Time(_), SqlType::Interval(_)) => Context::Implicit,
        (SqlType::Timestamp(_) | SqlType::TimestampTz(_), SqlType::Date | SqlType::Time(_))
        | (SqlType::TimestampTz(_), SqlType::Timestamp(_))
        | (SqlType::Json, SqlType::Jsonb)
        | (SqlType::Jsonb, SqlType::Json)
        | (SqlType::Interval(_), SqlType::Time(_)) => Context::Assignment,
        (SqlType::Jsonb, to) if to.is_number() || to == SqlType::Bool => Context::Explicit,
        (SqlType::Int4, SqlType::Bool) | (SqlType::Bool, SqlType::Int4) => Context::Explicit,
        (SqlType::Text | SqlType::Varchar(_), SqlType::Char(_))
        | (SqlType::Char(_), SqlType::Text | SqlType::Varchar(_)) => Context::Implicit,
        (_, SqlType::Text | SqlType::Varchar(_) | SqlType::Char(_)) => Context::Assignment,
        (SqlType::Text | SqlType::Varchar(_) | SqlType::Char(_), _) => Context::Explicit,
        _ => return false,
    };
    needed <= context
}

/// The type to which PostgreSQL brings the branches of a CASE, a COALESCE, a UNION, a VALUES column; `None` when they do
/// not match. All unknown is TEXT. Length and precision stay only when all agree on them.
pub(super) fn common_type(types: impl IntoIterator<Item = SqlType>) -> Option<SqlType> {
    let mut common = SqlType::Unknown;
    let mut unknown = false;
    for next in types {
        unknown |= next == SqlType::Unknown;
        common = match (common, next) {
            (_, SqlType::Unknown) => common,
            (SqlType::Unknown, _) => next,
            (a, b) if a == b => a,
            (a, b) if a.base() == b.base() => a.base(),
            (a, b) if a.is_text() && b.is_text() => SqlType::Text,
            (SqlType::Char(_), SqlType::Text) | (SqlType::Text, SqlType::Char(_)) => SqlType::Text,
            // Of two that go both ways, the first.
            (SqlType::Char(_), SqlType::Varchar(_)) | (SqlType::Varchar(_), SqlType::Char(_)) => {
                common.base()
            }
            (a, b) if number_rank(a).is_some() && number_rank(b).is_some() => {
                if number_rank(a) < number_rank(b) {
                    b.base()
                } else {
                    a.base()
                }
            }
            (a, b) if a.is_datetime() && b.is_datetime() => latest(a, b),
            (SqlType::Array(a), SqlType::Array(b)) => {
                array_of(common_type([a.sql_type(), b.sql_type()])?)?
            }
            _ => return None,
        };
    }
    Some(match (common, unknown) {
        (SqlType::Unknown, _) => SqlType::Text,
        (known, true) => known.base(),
        (known, false) => known,
    })
}

/// The wider of two types of DATE, TIMESTAMP, TIMESTAMP WITH TIME ZONE.
pub(super) fn latest(a: SqlType, b: SqlType) -> SqlType {
    if a == b {
        a
    } else if [a.base(), b.base()].contains(&SqlType::TimestampTz(None)) {
        SqlType::TimestampTz(None)
    } else {
        SqlType::Timestamp(None)
    }
}

impl Binder<'_> {
    /// `expr` as a value of type `to`, which [`can_cast`] allows. An unknown literal is read as one (class 22 when it is
    /// none), an unknown parameter gets the type, a number's literal is converted here and now.
    pub(super) fn cast(&mut self, expr: Expr, to: SqlType, context: Context) -> Result<Expr> {
        let from = expr.sql_type;
        if from == to {
            return Ok(expr);
        }
        if from == SqlType::Unknown {
            return self.cast_unknown(expr, to, context);
        }
        if same(from, to) && to == to.base() && (context != Context::Explicit || from.base() == to)
        {
            return Ok(expr);
        }
        if let ExprKind::Literal(value) = &expr.kind
            && let Some(value) = converted(value, to)
        {
            return Ok(literal(value, to));
        }
        Ok(cast_node(expr, to, context))
    }

    fn cast_unknown(&mut self, mut expr: Expr, to: SqlType, context: Context) -> Result<Expr> {
        match &mut expr.kind {
            ExprKind::Literal(Value::Null) => Ok(literal(Value::Null, to)),
            ExprKind::Literal(Value::Text(text)) => match to {
                // A cast cuts where an assignment refuses.
                SqlType::Varchar(Some(_)) | SqlType::Char(Some(_)) => {
                    let text = std::mem::take(text);
                    Ok(cast_node(
                        literal(Value::Text(text), SqlType::Text),
                        to,
                        context,
                    ))
                }
                SqlType::Array(_) if to != to.base() => {
                    let base = to.base();
                    let array = literal(Value::from_text_in(text, base, self.reading.zone)?, base);
                    self.cast(array, to, context)
                }
                _ => {
                    let value = Value::from_text_in(text, to, self.reading.zone)?;
                    Ok(literal(value, to))
                }
            },
            ExprKind::Parameter(index) => {
                expr.sql_type = self.parameter_type(*index, to)?;
                self.cast(expr, to, context)
            }
            // A column of a query whose own unknowns stayed so.
            _ => Ok(cast_node(expr, to, context)),
        }
    }

    /// An operand of type `to`, or else the error that `mismatch` makes.
    pub(super) fn implicit(
        &mut self,
        expr: Expr,
        to: SqlType,
        mismatch: impl FnOnce() -> Error,
    ) -> Result<Expr> {
        if can_cast(expr.sql_type, to, Context::Implicit) {
            self.cast(expr, to, Context::Implicit)
        } else {
            Err(mismatch())
        }
    }

    /// A condition. `42804` naming `place` when it is not a BOOLEAN.
    pub(super) fn condition(&mut self, expr: Expr, place: &str) -> Result<Expr> {
        let sql_type = expr.sql_type;
        self.implicit(expr, SqlType::Bool, || {
            let message = format!(
                "argument of {place} must be type boolean, not type {}",
                sql_type.base_name()
            );
            sql_error("42804", message)
        })
    }

    /// All of one type. `42804` when they do not match.
    pub(super) fn unify(&mut self, exprs: Vec<Expr>, place: &str) -> Result<(Vec<Expr>, SqlType)> {
        let Some(common) = common_type(exprs.iter().map(|e| e.sql_type)) else {
            return Err(unmatched(&exprs, place));
        };
        let exprs = exprs
            .into_iter()
            .map(|e| self.cast(e, common, Context::Implicit))
            .collect::<Result<_>>()?;
        Ok((exprs, common))
    }

    /// The text of a CHAR with its trailing blanks, which functions of any type and LIKE see.
    pub(super) fn padded(&mut self, expr: Expr) -> Result<Expr> {
        let length = match expr.sql_type {
            SqlType::Char(length) => length,
            _ => None,
        };
        let text = self.cast(expr, SqlType::Text, Context::Assignment)?;
        Ok(match length.and_then(|length| i32::try_from(length).ok()) {
            None => text,
            Some(length) => {
                let length = literal(Value::Int4(length), SqlType::Int4);
                Expr {
                    kind: ExprKind::Call(ScalarFunction::RPad, vec![text, length]),
                    sql_type: SqlType::Text,
                }
            }
        })
    }

    /// TEXT for what is still unknown, as in a result.
    pub(super) fn resolve_unknown(&mut self, expr: Expr) -> Result<Expr> {
        if expr.sql_type == SqlType::Unknown {
            self.cast(expr, SqlType::Text, Context::Implicit)
        } else {
            Ok(expr)
        }
    }
}

/// `42804` for two of `exprs`.
fn unmatched(exprs: &[Expr], place: &str) -> Error {
    let mut seen = SqlType::Unknown;
    for expr in exprs {
        match common_type([seen, expr.sql_type]) {
            None => {
                let message = format!(
                    "{place} types {} and {} cannot be matched",
                    seen.base_name(),
                    expr.sql_type.base_name()
                );
                return sql_error("42804", message);
            }
            Some(common) if expr.sql_type != SqlType::Unknown => seen = common,
            Some(_) => {}
        }
    }
    sql_error("42804", format!("{place} types cannot be matched"))
}

fn cast_node(input: Expr, to: SqlType, context: Context) -> Expr {
    Expr {
        kind: ExprKind::Cast {
            input: Box::new(input),
            explicit: context == Context::Explicit,
        },
        sql_type: to,
    }
}

/// The number `value` as a number of type `to`, where that is exact and needs no rule of rounding.
fn converted(value: &Value, to: SqlType) -> Option<Value> {
    if value.is_null() {
        return Some(Value::Null);
    }
    if let (Value::Array(array), SqlType::Array(element)) = (value, to) {
        let values = array.values().iter();
        let values = values.map(|v| converted(v, element.sql_type()));
        let values = values.collect::<Option<_>>()?;
        return Some(Value::Array(SqlArray::new(element, values)));
    }
    let integer = match value {
        Value::Int2(v) => i64::from(*v),
        Value::Int4(v) => i64::from(*v),
        Value::Int8(v) => *v,
        Value::Numeric(v) if to == SqlType::Float8 => {
            // Through its text, as PostgreSQL does.
            return v
                .to_plain_string()
                .parse()
                .ok()
                .filter(|f: &f64| f.is_finite())
                .map(Value::Float8);
        }
        _ => return None,
    };
    match to {
        SqlType::Int2 => i16::try_from(integer).ok().map(Value::Int2),
        SqlType::Int4 => i32::try_from(integer).ok().map(Value::Int4),
        SqlType::Int8 => Some(Value::Int8(integer)),
        SqlType::Numeric(None) => Some(Value::Numeric(BigDecimal::from(integer))),
        SqlType::Float8 => integer.to_f64().map(Value::Float8),
        _ => None,
    }
}

/// An integer's literal as one of the narrower type `to`, when it fits: so that a comparison with a SMALLINT column
/// compares the column itself.
pub(super) fn narrowed(expr: &Expr, to: SqlType) -> Option<Expr> {
    let ExprKind::Literal(value) = &expr.kind else {
        return None;
    };
    if !to.is_integer() || !expr.sql_type.is_integer() || value.is_null() {
        return None;
    }
    converted(value, to).map(|value| literal(value, to))
}
