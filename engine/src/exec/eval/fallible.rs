//! Which expressions cannot fail, so that they may be evaluated for rows that do not need them.

use crate::sql::bound::{Expr, ExprKind};
use crate::sql::function::ScalarFunction;
use crate::types::SqlType;

/// Whether evaluating `expr` cannot give an error and costs about as much as selecting rows would.
pub(crate) fn never_fails(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Literal(_) | ExprKind::Column(_) => true,
        ExprKind::Parameter(_) | ExprKind::OuterColumn { .. } => true,
        ExprKind::Cast { input, .. } => widens(input.sql_type, expr.sql_type) && never_fails(input),
        ExprKind::And(list) | ExprKind::Or(list) | ExprKind::Coalesce(list) => {
            list.iter().all(never_fails)
        }
        ExprKind::Not(input) => never_fails(input),
        ExprKind::Compare(_, left, right) | ExprKind::Distinct { left, right, .. } => {
            never_fails(left) && never_fails(right)
        }
        ExprKind::IsNull { input, .. } | ExprKind::IsBool { input, .. } => never_fails(input),
        ExprKind::InList { input, list, .. } => never_fails(input) && list.iter().all(never_fails),
        ExprKind::Case {
            branches,
            otherwise,
        } => {
            branches
                .iter()
                .all(|(c, r)| never_fails(c) && never_fails(r))
                && otherwise.as_deref().is_none_or(never_fails)
        }
        ExprKind::Call(
            ScalarFunction::Length | ScalarFunction::OctetLength | ScalarFunction::NullIf,
            arguments,
        ) => arguments.iter().all(never_fails),
        ExprKind::Arithmetic(..)
        | ExprKind::Negate(_)
        | ExprKind::Like { .. }
        | ExprKind::Call(..)
        | ExprKind::ScalarSubquery(_)
        | ExprKind::Rows(_)
        | ExprKind::Exists { .. }
        | ExprKind::InSubquery { .. }
        | ExprKind::AnySubquery { .. }
        | ExprKind::RowSubquery { .. } => false,
    }
}

/// Whether every value of `from` has a value of `to`.
fn widens(from: SqlType, to: SqlType) -> bool {
    use SqlType::{
        Char, Date, Float4, Float8, Int2, Int4, Int8, Numeric, Text, Time, Timestamp, Varchar,
    };
    from == to
        || matches!(
            (from, to),
            (Int2, Int4 | Int8 | Float4 | Float8 | Numeric(None))
                | (Int4, Int8 | Float4 | Float8 | Numeric(None))
                | (Int8, Float4 | Float8 | Numeric(None))
                | (Float4, Float8)
                | (Numeric(_), Numeric(None))
                | (Text | Varchar(_) | Char(_), Text | Varchar(None))
                | (Char(_), Char(None))
                | (Timestamp(_), Date | Time(None))
        )
}
