//! Conversions between types.

use super::arithmetic::map;
use super::cast_number;
use super::function::json_scalar;
use super::operand::Operand;
use super::time_arithmetic::{interval_at, rowwise};
use crate::types::array::{ColumnBuilder, check_room, value_at};
use crate::types::{
    ElementType, Infinite, Interval as Span, MICROS_PER_DAY, SqlArray, SqlType, Value, Zone,
    data_error, day_of, fit_char, fit_varchar, midnight, rounded, rounded_stamp,
};
use crate::{Error, ErrorKind, Result};
use arrow_array::builder::StringBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Int32Type, Time64MicrosecondType, TimestampMicrosecondType};
use arrow_array::{Array, BooleanArray, Int32Array};
use arrow_buffer::BooleanBuffer;
use std::sync::Arc;

/// What becomes of a value.
#[derive(Clone, Copy)]
pub(super) struct Target {
    /// Of which type it is then.
    pub(super) sql_type: SqlType,
    /// By CAST, which cuts text to VARCHAR(n) where an assignment refuses it.
    pub(super) explicit: bool,
    /// The time zone of the session.
    pub(super) zone: Zone,
}

/// `operand` of type `from` as `target` says.
///
/// Errors: `22001`, `22003`, `22008`, `22P02` and what else PostgreSQL's input functions give; `42846` where there is no
/// such cast.
pub(super) fn cast(operand: &Operand, from: SqlType, target: Target) -> Result<Operand> {
    use SqlType::{
        Bool, Bytes, Char, Int4, Interval, Numeric, Text, Time, Timestamp, TimestampTz, Unknown,
        Varchar,
    };
    let to = target.sql_type;
    match (from, to) {
        _ if from == to => Ok(operand.clone()),
        (SqlType::Array(of), SqlType::Array(element)) => {
            cast_elements(operand, of, element, target)
        }
        (_, Timestamp(Some(_)) | TimestampTz(Some(_)) | Time(Some(_)) | Interval(Some(_))) => {
            let of_base = Target {
                sql_type: to.base(),
                ..target
            };
            fit_seconds(&cast(operand, from, of_base)?, to)
        }
        (Unknown | Text | Varchar(_) | Char(_), _) => from_text(operand, from, target),
        (_, Unknown | Text | Varchar(_) | Char(_)) => show(operand, from, target),
        (Bool, Int4) => {
            let booleans = operand.booleans();
            let values: Vec<i32> = booleans.values().iter().map(i32::from).collect();
            let array = Int32Array::new(values.into(), booleans.nulls().cloned());
            Ok(Operand::computed(Arc::new(array), operand.scalar))
        }
        (Int4, Bool) => {
            let integers = operand.array.as_primitive::<Int32Type>();
            let values = BooleanBuffer::collect_bool(integers.len(), |i| integers.value(i) != 0);
            let array = BooleanArray::new(values, integers.nulls().cloned());
            Ok(Operand::computed(Arc::new(array), operand.scalar))
        }
        (Timestamp(_), Timestamp(None))
        | (TimestampTz(_), TimestampTz(None))
        | (Time(_), Time(None))
        | (Interval(_), Interval(None)) => Ok(operand.clone()),
        (Numeric(_), Numeric(None)) => Ok(operand.clone()),
        (SqlType::Json | SqlType::Jsonb, _) => from_json(operand, from, to),
        (Bytes, _) | (_, Bytes) => Err(no_cast(from, to)),
        _ if from.is_number() && to.is_number() => cast_number::cast(operand, from, to),
        _ => of_time(operand, from, target),
    }
}

/// A date, a time or an interval as another of these. Errors: `22008`; `42846` for what is none.
fn of_time(operand: &Operand, from: SqlType, target: Target) -> Result<Operand> {
    use SqlType::{Date, Interval, Time, Timestamp, TimestampTz};
    let to = target.sql_type;
    match (from, to) {
        (Timestamp(_), TimestampTz(_)) => stamps(operand, |local| target.zone.to_utc(local)),
        (TimestampTz(_), Timestamp(_)) => stamps(operand, |stamp| target.zone.to_local(stamp)),
        (TimestampTz(_), Date | Time(_)) => {
            let local = stamps(operand, |stamp| target.zone.to_local(stamp))?;
            of_time(&local, Timestamp(None), target)
        }
        (Date, Timestamp(_)) => midnights(operand, Ok),
        (Date, TimestampTz(_)) => midnights(operand, |local| target.zone.to_utc(local)),
        (Timestamp(_), Date) => map::<TimestampMicrosecondType, Date32Type>(
            operand,
            |micros| (day_of(micros), false),
            |_| None,
        ),
        (Timestamp(_), Time(_)) => {
            let stamps = operand.array.as_primitive::<TimestampMicrosecondType>();
            rowwise(&[operand], to, |row| {
                let stamp = stamps.value(operand.at(row));
                let time = Value::Time(stamp.rem_euclid(MICROS_PER_DAY));
                Ok(Infinite::of_stamp(stamp).map_or(time, |_| Value::Null))
            })
        }
        (Interval(_), Time(_)) => rowwise(&[operand], to, |row| {
            let micros = interval_at(operand, row).micros;
            Ok(Value::Time(micros.rem_euclid(MICROS_PER_DAY)))
        }),
        (Time(_), Interval(_)) => {
            let times = operand.array.as_primitive::<Time64MicrosecondType>();
            rowwise(&[operand], to, |row| {
                Ok(Value::Interval(Span::new(0, 0, times.value(row))))
            })
        }
        _ => Err(no_cast(from, to)),
    }
}

/// Times with the digits of a second, and intervals with the fields, that `to` declares.
fn fit_seconds(operand: &Operand, to: SqlType) -> Result<Operand> {
    match to {
        SqlType::Timestamp(digits @ Some(_)) | SqlType::TimestampTz(digits @ Some(_)) => {
            stamps(operand, |stamp| rounded_stamp(stamp, digits))
        }
        SqlType::Time(Some(digits)) => map::<Time64MicrosecondType, Time64MicrosecondType>(
            operand,
            |time| (rounded(time, digits), false),
            |_| None,
        ),
        SqlType::Interval(Some(form)) => rowwise(&[operand], to, |row| {
            Ok(Value::Interval(form.fit(interval_at(operand, row))))
        }),
        _ => Ok(operand.clone()),
    }
}

/// Each timestamp as the one that `moved` makes of it.
fn stamps(operand: &Operand, moved: impl Fn(i64) -> Result<i64>) -> Result<Operand> {
    map::<TimestampMicrosecondType, TimestampMicrosecondType>(
        operand,
        |stamp| match moved(stamp) {
            Ok(stamp) => (stamp, false),
            Err(_) => (0, true),
        },
        |stamp| moved(stamp).err(),
    )
}

/// The beginnings of days, each as what `moved` makes of it.
fn midnights(operand: &Operand, moved: impl Fn(i64) -> Result<i64>) -> Result<Operand> {
    map::<Date32Type, TimestampMicrosecondType>(
        operand,
        |days| match midnight(days).and_then(&moved) {
            Ok(micros) => (micros, false),
            Err(_) => (0, true),
        },
        |_| Some(data_error("22008", "date out of range for timestamp")),
    )
}

/// Each element of the arrays by the cast of its type.
fn cast_elements(
    operand: &Operand,
    from: ElementType,
    to: ElementType,
    target: Target,
) -> Result<Operand> {
    let mut elements = ColumnBuilder::new(from.sql_type(), operand.array.len());
    // Where the elements of each array begin.
    let mut starts = vec![0];
    for row in 0..operand.array.len() {
        let array = match value_at(&operand.array, row, SqlType::Array(from)) {
            Value::Array(array) => array.into_values(),
            _ => Vec::new(),
        };
        for value in &array {
            elements.push(value)?;
        }
        starts.push(starts[row] + array.len());
    }
    let elements = Operand::array(elements.finish());
    let of_element = Target {
        sql_type: to.sql_type(),
        ..target
    };
    let elements = cast(&elements, from.sql_type(), of_element)?.array;
    rowwise(&[operand], SqlType::Array(to), |row| {
        let places = starts[row]..starts[row + 1];
        let values = places.map(|place| value_at(&elements, place, to.sql_type()));
        Ok(Value::Array(SqlArray::new(to, values.collect())))
    })
}

/// PostgreSQL has no cast between these: SQLSTATE `42846`.
fn no_cast(from: SqlType, to: SqlType) -> Error {
    Error::new(
        ErrorKind::Sql,
        "42846",
        format!(
            "cannot cast type {} to {}",
            from.base_name(),
            to.base_name()
        ),
    )
}

/// A column of text, written row by row where the operand is not NULL.
pub(super) fn text_column(
    operand: &Operand,
    mut write: impl FnMut(usize, &mut String) -> Result<()>,
) -> Result<Operand> {
    let rows = operand.array.len();
    let mut builder = StringBuilder::with_capacity(rows, rows * 8);
    let mut buffer = String::new();
    for row in 0..rows {
        if operand.array.is_null(row) {
            builder.append_null();
            continue;
        }
        buffer.clear();
        write(row, &mut buffer)?;
        check_room(builder.values_slice().len(), buffer.len())?;
        builder.append_value(&buffer);
    }
    Ok(Operand::computed(
        Arc::new(builder.finish()),
        operand.scalar,
    ))
}

/// JSON as JSONB and back, and a scalar of JSONB as what it is.
fn from_json(operand: &Operand, from: SqlType, to: SqlType) -> Result<Operand> {
    rowwise(&[operand], to, |row| {
        let value = value_at(&operand.array, operand.at(row), from);
        let text = value.to_text().unwrap_or_default();
        match to {
            SqlType::Json | SqlType::Jsonb => Value::from_text(&text, to),
            _ if from == SqlType::Jsonb => json_scalar(&text, to),
            _ => Err(no_cast(from, to)),
        }
    })
}

/// From a type of text to any other.
fn from_text(operand: &Operand, from: SqlType, target: Target) -> Result<Operand> {
    let to = target.sql_type;
    use SqlType::{Char, Text, Unknown, Varchar};
    match (from, to) {
        (_, Unknown | Text | Varchar(None)) | (Char(_), Char(None)) => Ok(operand.clone()),
        (Varchar(Some(own)), Varchar(Some(length))) | (Char(Some(own)), Char(Some(length)))
            if own <= length =>
        {
            Ok(operand.clone())
        }
        (_, Varchar(_) | Char(_)) => {
            let texts = operand.array.as_string::<i32>();
            text_column(operand, |row, text| {
                text.push_str(fit(texts.value(row), target)?);
                Ok(())
            })
        }
        _ => parse(operand, target),
    }
}

/// Text as a value of one of the types of text.
fn fit(text: &str, target: Target) -> Result<&str> {
    match target.sql_type {
        SqlType::Varchar(length) => fit_varchar(text, length, target.explicit),
        SqlType::Char(length) => fit_char(text, length, target.explicit),
        _ => Ok(text),
    }
}

/// From text by the input function of the type.
fn parse(operand: &Operand, target: Target) -> Result<Operand> {
    let to = target.sql_type;
    let texts = operand.array.as_string::<i32>();
    let mut builder = ColumnBuilder::new(to, texts.len());
    for text in texts {
        match text {
            None => builder.push_null(),
            Some(text) => builder.push(&Value::from_text_in(text, to, target.zone)?)?,
        }
    }
    Ok(Operand::computed(builder.finish(), operand.scalar))
}

/// To text by the output function of the type; a boolean is spelled out.
fn show(operand: &Operand, from: SqlType, target: Target) -> Result<Operand> {
    text_column(operand, |row, text| {
        let shown = match value_at(&operand.array, row, from) {
            Value::Bool(value) => value.to_string(),
            value => value.to_text_in(target.zone).unwrap_or_default(),
        };
        text.push_str(fit(&shown, target)?);
        Ok(())
    })
}
