//! `SIMILAR TO` and `SUBSTRING … SIMILAR`.

use super::super::operand::Operand;
use super::super::regexp::{Flags, Pattern, similar};
use super::dispatch::Arguments;
use crate::error::{Error, Result};
use crate::exec::last::Last;
use crate::sql::function::ScalarFunction as F;
use crate::types::{SqlType, Value};

/// The function of that name. Errors: those of the pattern.
pub(super) fn call(name: F, arguments: &Arguments, result: SqlType) -> Result<Operand> {
    let mut last = Last::new();
    arguments.each_row(result, |values| {
        let [Value::Text(text), Value::Text(pattern), Value::Text(escape)] = values else {
            return match values.iter().any(Value::is_null) {
                true => Ok(Value::Null),
                false => Err(Error::misuse("SIMILAR is about texts")),
            };
        };
        let compiled = last.get([pattern, escape], || {
            Pattern::new(&similar(pattern, escape)?, Flags::default())
        })?;
        Ok(match name {
            F::SimilarTo => Value::Bool(compiled.is_match(text)),
            _ => {
                let found = compiled.part_of_whole(text);
                found.map_or(Value::Null, |range| Value::Text(text[range].to_owned()))
            }
        })
    })
}
