//! `nextval` and its like.

use super::super::evaluate::Evaluator;
use super::super::operand::Operand;
use super::dispatch::Arguments;
use crate::sql::function::ScalarFunction;
use crate::types::array::{ColumnBuilder, value_at};
use crate::types::{SqlType, Value};
use crate::{Error, Result};

/// The values of a function of sequences, row by row in order.
pub(super) fn call(
    evaluator: &Evaluator<'_>,
    name: ScalarFunction,
    arguments: &Arguments,
) -> Result<Operand> {
    let sequences = evaluator.context.outside()?.sequences;
    let mut builder = ColumnBuilder::new(SqlType::Int8, arguments.rows);
    for row in 0..arguments.rows {
        let operands = arguments.operands.iter().zip(&arguments.types);
        let given: Vec<Value> = operands
            .map(|(operand, sql_type)| value_at(&operand.array, operand.at(row), *sql_type))
            .collect();
        let value = match (name, given.as_slice()) {
            (_, values) if values.iter().any(Value::is_null) => None,
            (ScalarFunction::NextVal, [Value::Text(name)]) => Some(sequences.next(name)?),
            (ScalarFunction::CurrVal, [Value::Text(name)]) => Some(sequences.current(name)?),
            (ScalarFunction::LastVal, []) => Some(sequences.last()?),
            (ScalarFunction::SetVal, [Value::Text(name), Value::Int8(value)]) => {
                Some(sequences.set(name, *value, true)?)
            }
            (
                ScalarFunction::SetVal,
                [Value::Text(name), Value::Int8(value), Value::Bool(called)],
            ) => Some(sequences.set(name, *value, *called)?),
            _ => {
                return Err(Error::misuse(
                    "a function of sequences without its arguments",
                ));
            }
        };
        builder.push(&value.map_or(Value::Null, Value::Int8))?;
    }
    Ok(Operand::array(builder.finish()))
}
