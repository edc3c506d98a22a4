//! Which expressions have one value for given arguments, at any time and under any setting, as PostgreSQL has it
//! (`IMMUTABLE`): only such can be stored.
//!
//! A function is not immutable that looks at the clock, at the time zone, at settings of how dates are written, or at
//! chance, even where no setting of this database would change what it gives: what is asked here is what PostgreSQL asks.

use super::bound::{Expr, ExprKind};
use super::function::ScalarFunction;
use super::walk::any_part;
use crate::types::SqlType;

/// Whether the value of `expr` depends on nothing but its columns.
pub(crate) fn is_immutable(expr: &Expr) -> bool {
    !any_part(expr, &mut is_changeable)
}

/// Whether this node, seen without its operands, is not immutable.
fn is_changeable(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Cast { input, .. } => {
            !is_literal(input) && depends(input.sql_type, expr.sql_type)
        }
        ExprKind::Call(function, arguments) => call_changes(*function, arguments),
        ExprKind::Arithmetic(_, left, right) => {
            // A day of a zone may have 23 hours.
            let sides = [left.sql_type.base(), right.sql_type.base()];
            sides.contains(&SqlType::TimestampTz(None)) && sides.contains(&SqlType::Interval(None))
        }
        ExprKind::ScalarSubquery(_)
        | ExprKind::Rows(_)
        | ExprKind::Exists { .. }
        | ExprKind::InSubquery { .. }
        | ExprKind::AnySubquery { .. }
        | ExprKind::RowSubquery { .. }
        | ExprKind::Parameter(_) => true,
        _ => false,
    }
}

fn is_literal(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Literal(_))
}

fn is_text(sql_type: SqlType) -> bool {
    matches!(
        sql_type,
        SqlType::Text | SqlType::Varchar(_) | SqlType::Char(_)
    )
}

/// Whether a cast depends on the time zone, on how times are written, or on what labels are called. How arrays are written PostgreSQL never promises.
fn depends(from: SqlType, to: SqlType) -> bool {
    match (from, to) {
        (SqlType::Array(from), SqlType::Array(to)) => {
            return depends(from.sql_type(), to.sql_type());
        }
        (SqlType::Array(_), other) | (other, SqlType::Array(_)) => return is_text(other),
        _ => {}
    }
    let is_time = |t: SqlType| {
        matches!(
            t,
            SqlType::Date | SqlType::Time(_) | SqlType::Timestamp(_) | SqlType::TimestampTz(_)
        )
    };
    // A label may be called otherwise some day.
    if matches!(from, SqlType::Enum(_)) != matches!(to, SqlType::Enum(_)) {
        return true;
    }
    let is_zoned = |t: SqlType| matches!(t, SqlType::TimestampTz(_));
    let zoned = is_zoned(from) != is_zoned(to);
    let written = is_text(from) && (is_time(to) || matches!(to, SqlType::Interval(_)));
    zoned && is_time(from) && is_time(to) || written || is_time(from) && is_text(to)
}

fn call_changes(function: ScalarFunction, arguments: &[Expr]) -> bool {
    use ScalarFunction as F;
    let has = |sql_type| arguments.iter().any(|e| e.sql_type.base() == sql_type);
    match function {
        F::CurrentDate
        | F::CurrentTimestamp
        | F::ConcatSkipNull
        | F::ConcatWs
        | F::Format
        | F::ArrayToString
        | F::ToChar
        | F::ToNumber
        | F::ReadTime
        | F::MakeTimestampTz
        | F::ToJson
        | F::JsonArray
        | F::JsonObject
        | F::EnumFirst
        | F::EnumLast
        | F::EnumRange => true,
        volatile if volatile.is_volatile() => true,
        F::Age => arguments.len() == 1,
        F::DateTrunc | F::Extract | F::Overlaps => has(SqlType::TimestampTz(None)),
        _ => false,
    }
}
