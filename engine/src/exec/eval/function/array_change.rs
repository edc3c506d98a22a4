//! Arrays of which an element or a slice is set.

use super::array::array;
use super::text::too_long;
use crate::error::{Error, Result};
use crate::sql::function::ScalarFunction as F;
use crate::types::{SqlArray, SqlType, VALUE_BYTES_MAX, Value, data_error};

/// The array with what is set. What lies between its end and the place is filled with NULLs. Errors: `22004` for a subscript
/// that is NULL, `2202E` for a slice that cannot be, `0A000` for a place before the first element, and for one behind it in an
/// array that is empty: it would not begin at 1.
pub(super) fn set(name: F, arguments: &[Value], result: SqlType) -> Result<Value> {
    let [own, subscripts @ .., new] = arguments else {
        return Err(Error::misuse("an array is changed at a place"));
    };
    let subscripts: Vec<i32> = subscripts.iter().map(subscript).collect::<Result<_>>()?;
    let mut values = match own {
        Value::Array(own) => own.values().to_vec(),
        _ => Vec::new(),
    };
    match (name, subscripts.as_slice(), new) {
        (F::ArraySetElement, [index], new) => {
            let at = place(&mut values, *index, *index)?;
            values[at] = new.clone();
        }
        (F::ArraySetSlice, _, Value::Null) => return Ok(own.clone()),
        (F::ArraySetSlice, [lower, upper], Value::Array(new)) => {
            let missing = *lower == SqlArray::NO_LOWER || *upper == SqlArray::NO_UPPER;
            if missing && values.is_empty() {
                let message = "array slice subscript must provide both boundaries";
                return Err(data_error("2202E", message));
            }
            let lower = match *lower {
                SqlArray::NO_LOWER => 1,
                lower => lower,
            };
            let upper = match *upper {
                SqlArray::NO_UPPER => values.len() as i32,
                upper => upper,
            };
            if lower > upper {
                let message = "upper bound cannot be less than lower bound";
                return Err(data_error("2202E", message));
            }
            let count = (i64::from(upper) - i64::from(lower) + 1) as usize;
            let Some(new) = new.values().get(..count) else {
                return Err(data_error("2202E", "source array too small"));
            };
            let at = place(&mut values, lower, upper)?;
            values[at..at + count].clone_from_slice(new);
        }
        _ => return Err(Error::misuse("an array is changed at a place")),
    }
    array(values, result)
}

fn subscript(value: &Value) -> Result<i32> {
    match value {
        Value::Int4(subscript) => Ok(*subscript),
        _ => {
            let message = "array subscript in assignment must not be null";
            Err(data_error("22004", message))
        }
    }
}

/// Makes `values` as long as the subscripts ask for; where the first of them is.
fn place(values: &mut Vec<Value>, lower: i32, upper: i32) -> Result<usize> {
    if lower < 1 || values.is_empty() && lower > 1 {
        return Err(Error::unsupported("an array that does not begin at 1"));
    }
    let (first, length) = (lower as usize - 1, upper as usize);
    if length > values.len() {
        if length > VALUE_BYTES_MAX {
            return Err(too_long());
        }
        values.resize(length, Value::Null);
    }
    Ok(first)
}
