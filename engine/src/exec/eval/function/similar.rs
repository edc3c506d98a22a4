//! `SIMILAR TO` and `SUBSTRING … SIMILAR`.

use super::super::operand::Operand;
use super::super::regexp::{Flags, Pattern, similar};
use super::dispatch::Arguments;
use crate::error::{Error, Result};
use crate::sql::function::ScalarFunction as F;
use crate::types::{SqlType, Value};

/// The function of that name. Errors: those of the pattern.
pub(super) fn call(name: F, arguments: &Arguments, result: SqlType) -> Result<Operand> {
    // The pattern compiled last, with its text and escape: mostly it is the same for all rows.
    let mut last: Option<(String, String, Pattern)> = None;
    arguments.each_row(result, |values| {
        let [Value::Text(text), Value::Text(pattern), Value::Text(escape)] = values else {
            return match values.iter().any(Value::is_null) {
                true => Ok(Value::Null),
                false => Err(Error::misuse("SIMILAR is about texts")),
            };
        };
        last.take_if(|(p, e, _)| p != pattern || e != escape);
        let (.., compiled) = match &mut last {
            Some(known) => known,
            none => {
                let compiled = Pattern::new(&similar(pattern, escape)?, Flags::default())?;
                none.insert((pattern.clone(), escape.clone(), compiled))
            }
        };
        Ok(match name {
            F::SimilarTo => Value::Bool(compiled.is_match(text)),
            _ => {
                let found = compiled.part_of_whole(text);
                found.map_or(Value::Null, |range| Value::Text(text[range].to_owned()))
            }
        })
    })
}
