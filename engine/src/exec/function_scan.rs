//! Functions in FROM: `generate_series`, and those that give what is inside of a value.

use crate::error::{Error, Result};
use crate::exec::batch::{BATCH_ROWS, Batch};
use crate::exec::json_rows::json_rows;
use crate::exec::operator::{Context, Operator};
use crate::exec::series::Series;
use crate::sql::bound::{Function, TableFunction};
use crate::types::{SqlType, Value};

/// The rows of a function.
pub(crate) struct FunctionScan<'a> {
    context: Context<'a>,
    function: &'a Function,
    rows: Option<Rows>,
    /// Rows given so far.
    given: i64,
}

/// What comes next.
enum Rows {
    Series(Series, SqlType),
    /// All at once: they come out of a value that is in memory.
    Ready(std::vec::IntoIter<Vec<Value>>),
}

impl<'a> FunctionScan<'a> {
    /// The rows of `function`.
    pub(crate) fn new(context: Context<'a>, function: &'a Function) -> Self {
        Self {
            context,
            function,
            rows: None,
            given: 0,
        }
    }

    fn start(&self) -> Result<Rows> {
        let values = self.function.arguments.iter();
        let values: Vec<Value> = values
            .map(|e| self.context.constant(e))
            .collect::<Result<_>>()?;
        let rows = match self.function.function {
            TableFunction::GenerateSeries => {
                let sql_type = self.function.types.first().copied();
                let sql_type =
                    sql_type.ok_or_else(|| Error::misuse("EXEC-1: a series is a column"))?;
                return Ok(Rows::Series(Series::new(&values)?, sql_type));
            }
            TableFunction::Unnest => unnest(values),
            TableFunction::Subscripts => subscripts(&values),
            function => json_rows(function, &values, &self.function.types)?,
        };
        Ok(Rows::Ready(rows.into_iter()))
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

impl Operator for FunctionScan<'_> {
    fn next(&mut self) -> Result<Option<Batch>> {
        self.context.interrupt.check()?;
        let mut source = match self.rows.take() {
            Some(rows) => rows,
            None => self.start()?,
        };
        let mut rows: Vec<Vec<Value>> = Vec::new();
        while rows.len() < BATCH_ROWS {
            let next = match &mut source {
                Rows::Series(series, sql_type) => series.next(*sql_type)?.map(|value| vec![value]),
                Rows::Ready(rows) => rows.next(),
            };
            let Some(mut row) = next else {
                break;
            };
            self.given += 1;
            if self.function.ordinality {
                row.push(Value::Int8(self.given));
            }
            rows.push(row);
        }
        self.rows = Some(source);
        if rows.is_empty() {
            return Ok(None);
        }
        let rows = rows.iter().map(Vec::as_slice);
        Ok(Some(Batch::from_rows(&self.function.types, rows)?))
    }
}
