//! What functions that give rows give, one row after the other.

use crate::error::{Error, Result};
use crate::exec::eval::regexp_matches;
use crate::exec::json_path::json_path_rows;
use crate::exec::json_rows::json_rows;
use crate::exec::series::Series;
use crate::sql::bound::TableFunction;
use crate::types::{SqlType, Value, Zone};

/// The rows of a call that are to come.
pub(crate) enum FunctionRows {
    Series(Series, SqlType),
    /// All at once: they come out of a value that is in memory.
    Ready(std::vec::IntoIter<Vec<Value>>),
}

impl FunctionRows {
    /// The rows of `function` for these arguments, for a session in `zone`; its columns have these types. Errors: those of the function.
    pub(crate) fn new(
        function: TableFunction,
        arguments: Vec<Value>,
        types: &[SqlType],
        zone: Zone,
    ) -> Result<Self> {
        let rows = match function {
            TableFunction::GenerateSeries => {
                let sql_type = types.first().copied();
                let sql_type =
                    sql_type.ok_or_else(|| Error::misuse("EXEC-1: a series is a column"))?;
                return Ok(Self::Series(Series::new(&arguments, zone)?, sql_type));
            }
            TableFunction::Unnest => unnest(arguments),
            TableFunction::Subscripts => subscripts(&arguments),
            TableFunction::RegexpMatches => match arguments.as_slice() {
                [Value::Text(text), Value::Text(pattern)] => regexp_matches(text, pattern, "")?,
                [Value::Text(text), Value::Text(pattern), Value::Text(flags)] => {
                    regexp_matches(text, pattern, flags)?
                }
                _ => Vec::new(),
            },
            TableFunction::JsonPathQuery => json_path_rows(&arguments)?,
            function => json_rows(function, &arguments, types)?,
        };
        Ok(Self::Ready(rows.into_iter()))
    }

    /// The next row; `None` at the end, and ever after. Errors: those of the function.
    pub(crate) fn next(&mut self) -> Result<Option<Vec<Value>>> {
        match self {
            Self::Series(series, sql_type) => Ok(series.next(*sql_type)?.map(|value| vec![value])),
            Self::Ready(rows) => Ok(rows.next()),
        }
    }
}

/// One row for each element of the longest array; those of a shorter one go on with NULL.
fn unnest(arrays: Vec<Value>) -> Vec<Vec<Value>> {
    let elements = arrays.into_iter().map(|array| match array {
        Value::Array(array) => array.into_values(),
        _ => Vec::new(),
    });
    let mut columns: Vec<_> = elements.map(Vec::into_iter).collect();
    let rows = columns
        .iter()
        .map(ExactSizeIterator::len)
        .max()
        .unwrap_or(0);
    let row = |_| {
        columns
            .iter_mut()
            .map(|c| c.next().unwrap_or(Value::Null))
            .collect()
    };
    (0..rows).map(row).collect()
}

/// The numbers of the elements of the first dimension, which is the only one.
fn subscripts(arguments: &[Value]) -> Vec<Vec<Value>> {
    let (length, backwards) = match arguments {
        [Value::Array(array), Value::Int4(1)] => (array.values().len(), false),
        [Value::Array(array), Value::Int4(1), Value::Bool(reverse)] => {
            (array.values().len(), *reverse)
        }
        _ => return Vec::new(),
    };
    let mut rows: Vec<Vec<Value>> = (1..=length as i32).map(|n| vec![Value::Int4(n)]).collect();
    if backwards {
        rows.reverse();
    }
    rows
}
