//! Operators and functions of arrays. Most look at one value after the other: arrays are short.

use super::super::compare::booleans;
use super::super::operand::{Operand, kernel_error, result_rows};
use super::super::value_set::ValueSet;
use super::array_change;
use super::dispatch::Arguments;
use super::text::too_long;
use crate::sql::bound::CompareOp;
use crate::sql::function::ScalarFunction as F;
use crate::types::array::{ColumnBuilder, value_at};
use crate::types::{
    ElementType, SqlArray, SqlType, VALUE_BYTES_MAX, Value, Zone, data_error, push_element,
};
use crate::{Error, ErrorKind, Result};
use arrow_array::cast::AsArray;
use arrow_array::{BooleanArray, UInt32Array};
use std::ops::Range;
use std::sync::Arc;

/// Elements of an array that is made at once, as in PostgreSQL.
const ELEMENTS_MAX: usize = 134_217_727;

/// The function of that name.
pub(super) fn call(name: F, arguments: &Arguments, result: SqlType) -> Result<Operand> {
    if let F::AnyElement(op) = name {
        return any_element(op, arguments);
    }
    arguments.each_row(result, |values| value(name, values, result, arguments.zone))
}

/// The value for one row, to a session in `zone`.
fn value(name: F, arguments: &[Value], result: SqlType, zone: Zone) -> Result<Value> {
    match name {
        F::EnumFirst | F::EnumLast => enum_end(name, result),
        F::EnumRange => enum_range(arguments, result),
        F::MakeArray => array(arguments.to_vec(), result),
        F::StringToArray => string_to_array(arguments, result),
        F::ArraySetElement | F::ArraySetSlice => array_change::set(name, arguments, result),
        F::ArrayFill => filled(arguments, result),
        F::ArrayAppend | F::ArrayPrepend | F::ArrayCat => joined(name, arguments, result),
        _ => match arguments {
            [Value::Array(array), rest @ ..] => of_array(name, array, rest, (result, zone)),
            _ => Ok(Value::Null),
        },
    }
}

/// The first or the last value of an ENUM type. Errors: `55000` for one without labels.
fn enum_end(name: F, result: SqlType) -> Result<Value> {
    let SqlType::Enum(of) = result else {
        return Err(Error::misuse("an end of an ENUM type is a value of it"));
    };
    let numbers = of.numbers();
    let found = match name {
        F::EnumFirst => numbers.first(),
        _ => numbers.last(),
    };
    match found {
        Some((number, _)) => Ok(Value::Enum(of, *number)),
        None => {
            let message = format!("enum {} contains no values", of.name());
            Err(Error::new(ErrorKind::Sql, "55000", message))
        }
    }
}

/// The values of an ENUM type from one to another; a NULL is no bound.
fn enum_range(bounds: &[Value], result: SqlType) -> Result<Value> {
    let SqlType::Array(element) = result else {
        return Err(Error::misuse("a range of an ENUM type is an array"));
    };
    let SqlType::Enum(of) = element.sql_type() else {
        return Err(Error::misuse("a range of an ENUM type is an array of it"));
    };
    let bound = |at: usize| match bounds.get(at) {
        Some(Value::Enum(_, number)) => Some(*number),
        _ => None,
    };
    let (low, high) = (bound(0), bound(1));
    let numbers = of.numbers().iter().map(|(number, _)| *number);
    let inside = numbers.filter(|n| low.is_none_or(|l| l <= *n) && high.is_none_or(|h| *n <= h));
    array(
        inside.map(|number| Value::Enum(of, number)).collect(),
        result,
    )
}

/// The functions that are NULL for the array NULL.
fn of_array(
    name: F,
    of: &SqlArray,
    rest: &[Value],
    (result, zone): (SqlType, Zone),
) -> Result<Value> {
    let values = of.values();
    let length = i32::try_from(values.len()).unwrap_or(i32::MAX);
    Ok(match (name, rest) {
        (F::ArrayElement, [Value::Int4(index)]) => element(values, *index),
        (F::ArraySlice, [Value::Int4(lower), Value::Int4(upper)]) => {
            array(slice(values, *lower, *upper).to_vec(), result)?
        }
        (F::ArrayContains, [Value::Array(other)]) => {
            Value::Bool(other.values().iter().all(|v| has(values, v)))
        }
        (F::ArrayOverlaps, [Value::Array(other)]) => {
            Value::Bool(other.values().iter().any(|v| has(values, v)))
        }
        // The array that is empty has no dimensions, and so no bounds.
        (F::ArrayLength, [Value::Int4(1)]) if length > 0 => Value::Int4(length),
        (F::ArrayLower, [Value::Int4(1)]) if length > 0 => Value::Int4(1),
        (F::ArrayDimensions, []) if length > 0 => Value::Int4(1),
        (F::ArrayBounds, []) if length > 0 => Value::Text(format!("[1:{length}]")),
        (F::Cardinality, []) => Value::Int4(length),
        (F::ArrayPosition, [_, Value::Null]) => {
            return Err(data_error("22004", "initial position must not be null"));
        }
        (F::ArrayPosition, [sought, start @ ..]) => {
            let start = match start {
                [Value::Int4(start)] => usize::try_from(*start).unwrap_or(0).max(1),
                _ => 1,
            };
            positions(values, sought)
                .find(|p| *p >= start)
                .map_or(Value::Null, number)
        }
        (F::ArrayPositions, [sought]) => {
            array(positions(values, sought).map(number).collect(), result)?
        }
        (F::ArrayRemove, [sought]) => {
            let kept = values.iter().filter(|v| !same(v, sought));
            array(kept.cloned().collect(), result)?
        }
        (F::ArrayReplace, [from, to]) => {
            let replaced = values.iter().map(|v| if same(v, from) { to } else { v });
            array(replaced.cloned().collect(), result)?
        }
        (F::ArrayToString, [Value::Text(delimiter), null @ ..]) => {
            let shown = values.iter().filter_map(|v| match v {
                Value::Null => null.first().and_then(Value::to_text),
                v => v.to_text_in(zone),
            });
            Value::Text(shown.collect::<Vec<_>>().join(delimiter))
        }
        (F::TrimArray, [Value::Int4(count)]) => {
            let kept = usize::try_from(*count).ok();
            let kept = kept.and_then(|count| values.len().checked_sub(count));
            let Some(kept) = kept else {
                let message = format!("number of elements to trim must be between 0 and {length}");
                return Err(data_error("2202E", message));
            };
            array(values[..kept].to_vec(), result)?
        }
        _ => Value::Null,
    })
}

/// An array of the type of `result`.
pub(super) fn array(values: Vec<Value>, result: SqlType) -> Result<Value> {
    match result {
        SqlType::Array(element) => Ok(Value::Array(SqlArray::new(element, values))),
        _ => Err(Error::misuse("a function of arrays gives an array")),
    }
}

fn number(position: usize) -> Value {
    Value::Int4(i32::try_from(position).unwrap_or(i32::MAX))
}

/// An array of so many times the same. Errors: `22004` for a NULL among the lengths, `54000` beyond what an array may have,
/// `0A000` for one of several dimensions or that does not begin at 1.
fn filled(arguments: &[Value], result: SqlType) -> Result<Value> {
    let null = |what: &str| data_error("22004", format!("{what} cannot be null"));
    let (of, lengths, bounds) = match arguments {
        [of, Value::Array(lengths)] => (of, lengths, None),
        [of, Value::Array(lengths), Value::Array(bounds)] => (of, lengths, Some(bounds)),
        _ => return Err(null("dimension array or low bound array")),
    };
    let all = lengths
        .values()
        .iter()
        .chain(bounds.into_iter().flat_map(SqlArray::values));
    if all.clone().any(Value::is_null) {
        return Err(null("dimension values"));
    }
    if let Some(bounds) = bounds
        && bounds.values().len() != lengths.values().len()
    {
        let message = "wrong number of array subscripts";
        return Err(data_error("2202E", message));
    }
    let length = match lengths.values() {
        [] => 0,
        [Value::Int4(length)] => *length,
        _ => return Err(Error::unsupported("an array of several dimensions")),
    };
    if bounds.is_some_and(|b| b.values().iter().any(|bound| *bound != Value::Int4(1))) {
        return Err(Error::unsupported("an array that does not begin at 1"));
    }
    let mut one = Vec::new();
    push_element(of, &mut one);
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    if length > ELEMENTS_MAX {
        let message = format!("array size exceeds the maximum allowed ({ELEMENTS_MAX})");
        return Err(Error::new(ErrorKind::Limit, "54000", message));
    }
    if length * one.len() > VALUE_BYTES_MAX {
        return Err(too_long());
    }
    array(vec![of.clone(); length], result)
}

/// The element at `index`, NULL outside.
fn element(values: &[Value], index: i32) -> Value {
    let index = usize::try_from(index).ok().and_then(|i| i.checked_sub(1));
    index
        .and_then(|i| values.get(i))
        .cloned()
        .unwrap_or(Value::Null)
}

/// From `lower` to `upper`, as far as there are elements.
fn slice(values: &[Value], lower: i32, upper: i32) -> &[Value] {
    let first = usize::try_from(lower.max(1)).unwrap_or(1) - 1;
    let end = usize::try_from(upper.max(0)).unwrap_or(0).min(values.len());
    values.get(first..end).unwrap_or_default()
}

/// Whether one value is not distinct from another.
fn same(a: &Value, b: &Value) -> bool {
    a.total_cmp(b).is_eq()
}

/// Whether the value, which is not NULL, is one of `values`.
fn has(values: &[Value], value: &Value) -> bool {
    !value.is_null() && values.iter().any(|v| same(v, value))
}

fn positions(values: &[Value], sought: &Value) -> impl Iterator<Item = usize> {
    let numbered = values.iter().enumerate();
    let found = numbered.filter(move |(_, v)| same(v, sought));
    found.map(|(at, _)| at + 1)
}

/// `array_append`, `array_prepend`, `array_cat`: the array NULL is one without elements, but of two.
fn joined(name: F, arguments: &[Value], result: SqlType) -> Result<Value> {
    let [first, second] = arguments else {
        return Err(Error::misuse("two arguments are joined"));
    };
    let elements = |value: &Value| match value {
        Value::Array(array) => array.values().to_vec(),
        _ => Vec::new(),
    };
    let (mut left, right) = match name {
        F::ArrayAppend => (elements(first), vec![second.clone()]),
        F::ArrayPrepend => (vec![first.clone()], elements(second)),
        _ if first.is_null() && second.is_null() => return Ok(Value::Null),
        _ => (elements(first), elements(second)),
    };
    left.extend(right);
    array(left, result)
}

/// The parts between delimiters; without a delimiter the characters. A part that is equal to the third argument is NULL.
fn string_to_array(arguments: &[Value], result: SqlType) -> Result<Value> {
    let [Value::Text(text), delimiter, null @ ..] = arguments else {
        return Ok(Value::Null);
    };
    let parts: Vec<&str> = match delimiter {
        _ if text.is_empty() => Vec::new(),
        Value::Text(delimiter) if delimiter.is_empty() => vec![text],
        Value::Text(delimiter) => text.split(delimiter.as_str()).collect(),
        _ => text.split_inclusive(|_| true).collect(),
    };
    let parts = parts.into_iter().map(|part| match null {
        [Value::Text(null)] if null == part => Value::Null,
        _ => Value::Text(part.to_owned()),
    });
    array(parts.collect(), result)
}

/// `left op ANY (array)`. NULL where the array is, or where no element decides and one of them, or the left, is NULL.
fn any_element(op: CompareOp, arguments: &Arguments) -> Result<Operand> {
    let (left, arrays) = (arguments.get(0)?, arguments.get(1)?);
    let SqlType::Array(element) = arguments.sql_type(1) else {
        return Err(Error::misuse("ANY has an array"));
    };
    let sql_type = element.sql_type();
    if arrays.scalar && op == CompareOp::Eq && !arrays.is_null(0) {
        let elements = flattened(arrays, 0..1, element)?.1;
        return ValueSet::new(&[elements.array], sql_type)?.contains(left, sql_type, false);
    }
    let (rows, scalar) = result_rows(&[left, arrays], arguments.rows);
    let mut found = Vec::with_capacity(rows);
    // A piece of the rows at a time: the elements of all are compared at once.
    let mut first = 0;
    while first < rows {
        let mut end = first;
        let mut bytes = 0;
        while end < rows && bytes < PIECE_BYTES {
            bytes += arrays.array.as_binary::<i32>().value(arrays.at(end)).len() + 1;
            end += 1;
        }
        let (of_rows, elements) = flattened(arrays, first..end, element)?;
        let places = of_rows.iter().map(|row| left.at(*row) as u32);
        let places = UInt32Array::from_iter_values(places);
        let sides = arrow_select::take::take(&left.array, &places, None).map_err(kernel_error)?;
        let holds = booleans(op, &Operand::array(sides), &elements, sql_type)?;
        let mut answers = vec![Some(false); end - first];
        for (row, holds) in of_rows.iter().zip(holds.iter()) {
            let answer = &mut answers[*row - first];
            *answer = match (*answer, holds) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), holds) => holds,
                (None, _) => None,
            };
        }
        let answers = answers.into_iter().enumerate();
        found.extend(answers.map(|(at, answer)| answer.filter(|_| !arrays.is_null(first + at))));
        first = end;
    }
    Ok(Operand::computed(
        Arc::new(BooleanArray::from(found)),
        scalar,
    ))
}

/// Bytes of arrays whose elements are compared at once.
const PIECE_BYTES: usize = 1 << 20;

/// All elements of the arrays of some rows, and of which row each is.
fn flattened(
    arrays: &Operand,
    rows: Range<usize>,
    element: ElementType,
) -> Result<(Vec<usize>, Operand)> {
    let mut elements = ColumnBuilder::new(element.sql_type(), rows.len());
    let mut of_rows = Vec::new();
    for row in rows {
        let value = value_at(&arrays.array, arrays.at(row), SqlType::Array(element));
        if let Value::Array(array) = value {
            for value in array.values() {
                elements.push(value)?;
                of_rows.push(row);
            }
        }
    }
    Ok((of_rows, Operand::array(elements.finish())))
}
