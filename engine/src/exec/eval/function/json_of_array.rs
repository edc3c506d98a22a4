//! JSON made of arrays.

use super::super::operand::Operand;
use super::dispatch::Arguments;
use super::json::as_json;
use crate::error::{Error, Result};
use crate::sql::function::ScalarFunction as F;
use crate::types::{SqlType, Value, data_error, jsonb_text, write_json_string};

/// `array_to_json`, `json_object`, `jsonb_object`.
pub(super) fn call(name: F, arguments: &Arguments, result: SqlType) -> Result<Operand> {
    arguments.each_row(result, |values| {
        if values.iter().any(Value::is_null) {
            return Ok(Value::Null);
        }
        let text = match (name, values) {
            (F::ArrayToJson, [Value::Array(array), lines @ ..]) => {
                let between = match lines {
                    [Value::Bool(true)] => ",\n ",
                    _ => ",",
                };
                let items: Vec<String> = array
                    .values()
                    .iter()
                    .map(|v| as_json(v, arguments.zone))
                    .collect();
                format!("[{}]", items.join(between))
            }
            (F::JsonOfTexts, [Value::Array(both)]) => {
                let pairs = both.values().chunks(2);
                object(pairs.map(|pair| match pair {
                    [key, value] => Ok((key, value)),
                    _ => Err(data_error(
                        "2202E",
                        "array must have even number of elements",
                    )),
                }))?
            }
            (F::JsonOfTexts, [Value::Array(keys), Value::Array(values)]) => {
                if keys.values().len() != values.values().len() {
                    return Err(data_error("2202E", "mismatched array dimensions"));
                }
                object(keys.values().iter().zip(values.values()).map(Ok))?
            }
            _ => return Err(Error::misuse("a JSON is made of arrays")),
        };
        match result {
            SqlType::Jsonb => jsonb_text(&text).map(Value::Jsonb),
            _ => Ok(Value::Json(text)),
        }
    })
}

/// An object with these keys and texts. Errors: `22004` for a NULL as a key.
fn object<'a>(pairs: impl Iterator<Item = Result<(&'a Value, &'a Value)>>) -> Result<String> {
    let mut out = String::from("{");
    for (at, pair) in pairs.enumerate() {
        let (key, value) = pair?;
        let Value::Text(key) = key else {
            let message = "null value not allowed for object key";
            return Err(data_error("22004", message));
        };
        out.push_str(if at > 0 { ", " } else { "" });
        write_json_string(key, &mut out);
        out.push_str(" : ");
        match value {
            Value::Text(text) => write_json_string(text, &mut out),
            _ => out.push_str("null"),
        }
    }
    out.push('}');
    Ok(out)
}
