//! What the two columns of a foreign key are compared as, where their types differ: as PostgreSQL's operators do.
//!
//! ```text
//!   SMALLINT, INTEGER, BIGINT        as BIGINT
//!   REAL, DOUBLE PRECISION           as DOUBLE PRECISION
//!   DATE, TIMESTAMP, TIMESTAMPTZ     as TIMESTAMP, in UTC
//!   anything else                    as the referenced column's type, to which the referencing one is cast
//! ```
//!
//! To that type a value of either side is *widened*. Back from it leads at most one value to the referenced column, for
//! no two of its values are equal there; the same holds for the referencing column unless its cast brings values together
//! (BIGINT to REAL, TEXT to CHAR).

use crate::sql::Reference;
use crate::types::{Decimal, Interval, SqlType, Value, day_of, midnight};
use bigdecimal::{BigDecimal, ToPrimitive};

/// The types of one column of a foreign key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Compared {
    child: SqlType,
    parent: SqlType,
    /// What both are compared as.
    common: SqlType,
}

impl Compared {
    /// Of the column at `position` of the foreign key.
    pub(super) fn of(reference: &Reference, position: usize) -> Self {
        let Reference { child, parent, .. } = reference;
        let child = child.columns[reference.key.columns[position]].sql_type;
        let parent = parent.columns[reference.parent_columns[position]].sql_type;
        let both = |is: fn(SqlType) -> bool| is(child) && is(parent);
        let common = if both(SqlType::is_integer) {
            SqlType::Int8
        } else if both(SqlType::is_float) {
            SqlType::Float8
        } else if both(SqlType::is_datetime) && child.base() != parent.base() {
            SqlType::Timestamp(None)
        } else {
            parent
        };
        Self {
            child,
            parent,
            common,
        }
    }

    /// A value of either side as it is compared; itself when there is no such: then it equals none of the other side.
    pub(super) fn widened(self, value: &Value) -> Value {
        widened(value, self.common).unwrap_or_else(|| value.clone())
    }

    /// The value of the referenced column that equals a value of either side.
    pub(super) fn of_parent(self, value: &Value) -> Option<Value> {
        narrowed(&widened(value, self.common)?, self.parent)
    }

    /// Whether no two values of the referencing column are compared as equal.
    pub(super) fn is_exact(self) -> bool {
        let is_cast_to_float = self.common.is_float() && !self.child.is_float();
        let is_cast_to_char = matches!(self.common, SqlType::Char(_)) && self.child.is_text();
        let is_cast_to_interval = matches!(self.common, SqlType::Interval(_))
            && !matches!(self.child, SqlType::Interval(_));
        !is_cast_to_float && !is_cast_to_char && !is_cast_to_interval
    }

    /// The value of the referencing column, if it [is exact](Self::is_exact), that equals a widened value.
    pub(super) fn of_child(self, widened: &Value) -> Option<Value> {
        narrowed(widened, self.child)
    }
}

fn widened(value: &Value, to: SqlType) -> Option<Value> {
    if let Some(number) = value.as_integer() {
        return Some(match to {
            SqlType::Numeric(_) => Value::Numeric(BigDecimal::from(number)),
            SqlType::Float4 => Value::Float4(number as f32),
            SqlType::Float8 => Value::Float8(number as f64),
            _ => Value::Int8(number),
        });
    }
    Some(match (value, to) {
        (Value::Float4(v), SqlType::Float8) => Value::Float8(f64::from(*v)),
        (Value::Numeric(v), SqlType::Float8) => Value::Float8(Decimal::from(v).to_f64().ok()?),
        (Value::Numeric(v), SqlType::Float4) => {
            let narrow: f32 = v.to_string().parse().ok()?;
            Value::Float4(Some(narrow).filter(|narrow| narrow.is_finite())?)
        }
        (Value::Date(days), SqlType::Timestamp(_)) => Value::Timestamp(midnight(*days).ok()?),
        (Value::TimestampTz(micros), SqlType::Timestamp(_)) => Value::Timestamp(*micros),
        (Value::Time(micros), SqlType::Interval(_)) => Value::Interval(Interval {
            micros: *micros,
            ..Interval::default()
        }),
        (Value::Text(text), SqlType::Char(_)) => Value::Text(text.trim_end_matches(' ').to_owned()),
        _ => value.clone(),
    })
}

/// The value of type `to` that widens to this one.
fn narrowed(value: &Value, to: SqlType) -> Option<Value> {
    let whole = match value {
        Value::Int8(number) => Some(*number),
        Value::Numeric(number) if to.is_integer() => {
            let whole = number.to_i64();
            Some(whole.filter(|whole| *number == *whole)?)
        }
        _ => None,
    };
    if let Some(whole) = whole {
        return match to {
            SqlType::Int2 => i16::try_from(whole).ok().map(Value::Int2),
            SqlType::Int4 => i32::try_from(whole).ok().map(Value::Int4),
            _ => Some(Value::Int8(whole)),
        };
    }
    match (value, to) {
        (Value::Float8(wide), SqlType::Float4) => {
            let narrow = *wide as f32;
            let is_same = f64::from(narrow) == *wide || wide.is_nan();
            is_same.then_some(Value::Float4(narrow))
        }
        (Value::Timestamp(micros), SqlType::Date) => {
            let days = day_of(*micros);
            let is_midnight = midnight(days).is_ok_and(|midnight| midnight == *micros);
            is_midnight.then_some(Value::Date(days))
        }
        (Value::Timestamp(micros), SqlType::TimestampTz(_)) => Some(Value::TimestampTz(*micros)),
        _ => Some(value.clone()),
    }
}
