//! What is inside of a JSON, as rows.

use crate::error::Result;
use crate::sql::bound::TableFunction;
use crate::types::{Item, Json, SqlType, Value, data_error};

/// The rows of a function for its argument; `types` are those of its columns. Errors: `22023` for a JSON of another kind.
pub(super) fn json_rows(
    function: TableFunction,
    arguments: &[Value],
    types: &[SqlType],
) -> Result<Vec<Vec<Value>>> {
    let (text, prefix) = match arguments {
        [Value::Json(text)] => (text, "json"),
        [Value::Jsonb(text)] => (text, "jsonb"),
        _ => return Ok(Vec::new()),
    };
    let json = Json::parse(text)?;
    let as_text = |at: usize| types.get(at) == Some(&SqlType::Text);
    let value = |item: &Item, at: usize| {
        let written = &text[item.place.clone()];
        match (&item.json, as_text(at)) {
            (Json::Null, true) => Value::Null,
            (Json::Text(text), true) => Value::Text(text.clone()),
            (_, true) => Value::Text(written.to_owned()),
            (_, false) if prefix == "json" => Value::Json(written.to_owned()),
            (_, false) => Value::Jsonb(written.to_owned()),
        }
    };
    match (function, &json) {
        (TableFunction::JsonElements, Json::Array(items)) => {
            Ok(items.iter().map(|item| vec![value(item, 0)]).collect())
        }
        (TableFunction::JsonKeys, Json::Object(fields)) => {
            let keys = fields.iter().map(|(key, _)| Value::Text(key.clone()));
            Ok(keys.map(|key| vec![key]).collect())
        }
        (TableFunction::JsonFields, Json::Object(fields)) => {
            let pairs = fields.iter();
            let pairs = pairs.map(|(key, item)| vec![Value::Text(key.clone()), value(item, 1)]);
            Ok(pairs.collect())
        }
        _ => {
            let value = usize::from(function == TableFunction::JsonFields);
            let message = refusal(function, &json, prefix, as_text(value));
            Err(data_error("22023", message))
        }
    }
}

/// PostgreSQL's words for what is no array or no object.
fn refusal(function: TableFunction, json: &Json, prefix: &str, as_text: bool) -> String {
    let is_container = matches!(json, Json::Array(_) | Json::Object(_));
    let suffix = if as_text { "_text" } else { "" };
    match (function, prefix) {
        (TableFunction::JsonElements, "json") => {
            let kind = if is_container {
                "a non-array"
            } else {
                "a scalar"
            };
            format!("cannot call json_array_elements{suffix} on {kind}")
        }
        (TableFunction::JsonElements, _) => {
            let kind = if is_container {
                "an object"
            } else {
                "a scalar"
            };
            format!("cannot extract elements from {kind}")
        }
        (TableFunction::JsonKeys, _) => {
            let kind = if is_container { "an array" } else { "a scalar" };
            format!("cannot call {prefix}_object_keys on {kind}")
        }
        (_, "json") if is_container => "cannot deconstruct an array as an object".to_owned(),
        (_, "json") => "cannot deconstruct a scalar".to_owned(),
        _ => format!("cannot call jsonb_each{suffix} on a non-object"),
    }
}
