//! Bringing a value to the type of a key's column, so that it can be looked up in the column's order.
//!
//! The binder compares two types in the wider one: `int4_column = $1::int8` reads `CAST(int4_column AS BIGINT) = $1`.
//! For integers and text the cast changes no order, so the comparison can go to the key itself once the value has the
//! key's type; a value that does not fit lies before or behind all keys.

use crate::sql::bound::{Expr, ExprKind};
use crate::types::{SqlType, Value};

/// A value as the column of a key sees it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum KeyValue {
    /// NULL: no comparison with it is true.
    Null,
    /// A value of the column's type.
    Value(Value),
    /// Less than every value of the type.
    Below,
    /// Greater than every value of the type.
    Above,
}

/// `value`, of a type that [`key_column`] let pass, as a value of `to`.
pub(crate) fn coerce(value: Value, to: SqlType) -> KeyValue {
    let wide = match value {
        Value::Null => return KeyValue::Null,
        Value::Int2(v) => i64::from(v),
        Value::Int4(v) => i64::from(v),
        Value::Int8(v) => v,
        other => return KeyValue::Value(other),
    };
    let narrow = match to {
        SqlType::Int2 => i16::try_from(wide).ok().map(Value::Int2),
        SqlType::Int4 => i32::try_from(wide).ok().map(Value::Int4),
        _ => Some(Value::Int8(wide)),
    };
    match narrow {
        Some(value) => KeyValue::Value(value),
        None if wide < 0 => KeyValue::Below,
        None => KeyValue::Above,
    }
}

/// The column that `expr` is, seen through casts that keep order and equality.
pub(crate) fn key_column(expr: &Expr) -> Option<usize> {
    match &expr.kind {
        ExprKind::Column(column) => Some(*column),
        ExprKind::Cast { input, .. } if keeps_order(input.sql_type, expr.sql_type) => {
            key_column(input)
        }
        _ => None,
    }
}

/// Whether `expr` is `key`, seen through casts that keep order and equality.
pub(crate) fn is_key(expr: &Expr, key: &Expr) -> bool {
    expr == key
        || match &expr.kind {
            ExprKind::Cast { input, .. } => {
                keeps_order(input.sql_type, expr.sql_type) && is_key(input, key)
            }
            _ => false,
        }
}

fn keeps_order(from: SqlType, to: SqlType) -> bool {
    use SqlType::{Char, Int2, Int4, Int8, Text, Varchar};
    matches!(
        (from, to),
        (Int2, Int2 | Int4 | Int8)
            | (Int4, Int4 | Int8)
            | (Int8, Int8)
            | (Text | Varchar(_), Text | Varchar(None))
            | (Char(_), Text | Varchar(None) | Char(None))
    )
}
