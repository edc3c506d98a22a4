//! Operators and functions of JSON and JSONB.

use super::super::operand::Operand;
use super::super::time_arithmetic::rowwise;
use super::dispatch::Arguments;
use crate::Result;
use crate::sql::function::ScalarFunction as F;
use crate::types::array::value_at;
use crate::types::{
    Item, Json, SqlType, Value, Zone, data_error, jsonb_text, timestamp_to_json,
    timestamp_tz_to_json, write_json_string,
};

/// The function of that name.
pub(super) fn call(name: F, arguments: &Arguments, result: SqlType) -> Result<Operand> {
    match name {
        F::JsonGet => extract(arguments, result),
        F::JsonPath => extract_path(arguments, result),
        F::JsonContains | F::JsonHasAny | F::JsonHasAll => test(name, arguments),
        F::JsonConcat | F::JsonWithout => change(name, arguments),
        F::JsonTypeof | F::JsonLength | F::JsonPretty => describe(name, arguments, result),
        _ => build(name, arguments, result),
    }
}

fn of_type(text: String, sql_type: SqlType) -> Value {
    match sql_type {
        SqlType::Json => Value::Json(text),
        SqlType::Jsonb => Value::Jsonb(text),
        _ => Value::Text(text),
    }
}

/// The JSON or JSONB of a row that is not NULL, and its text.
pub(super) fn parsed(arguments: &Arguments, position: usize, row: usize) -> Result<(Item, String)> {
    let operand = arguments.get(position)?;
    let value = value_at(
        &operand.array,
        operand.at(row),
        arguments.sql_type(position),
    );
    let text = value.to_text().unwrap_or_default();
    Ok((Json::parse_item(&text)?, text))
}

/// What was found in `text`: of the type of a result, or as text.
fn found(item: Option<&Item>, text: &str, sql_type: SqlType) -> Value {
    match item {
        None => Value::Null,
        Some(item) if sql_type == SqlType::Text => match &item.json {
            Json::Null => Value::Null,
            Json::Text(text) => Value::Text(text.clone()),
            _ => Value::Text(text[item.place.clone()].to_owned()),
        },
        Some(item) => of_type(text[item.place.clone()].to_owned(), sql_type),
    }
}

/// The steps or keys behind the JSON: an array's elements, or one an argument. None for NULL.
fn texts(arguments: &Arguments, row: usize) -> Vec<Option<String>> {
    let mut texts = Vec::new();
    for (operand, sql_type) in arguments.operands.iter().zip(&arguments.types).skip(1) {
        match value_at(&operand.array, operand.at(row), *sql_type) {
            Value::Array(array) => texts.extend(array.values().iter().map(Value::to_text)),
            value => texts.push(value.to_text()),
        }
    }
    texts
}

/// The elements of the array of texts at `position`.
pub(super) fn texts_of(
    arguments: &Arguments,
    position: usize,
    row: usize,
) -> Result<Vec<Option<String>>> {
    let operand = arguments.get(position)?;
    let value = value_at(
        &operand.array,
        operand.at(row),
        arguments.sql_type(position),
    );
    Ok(match value {
        Value::Array(array) => array.values().iter().map(Value::to_text).collect(),
        _ => Vec::new(),
    })
}

/// `->` and `->>`.
fn extract(arguments: &Arguments, result: SqlType) -> Result<Operand> {
    rowwise(&arguments.all(), result, |row| {
        let (item, text) = parsed(arguments, 0, row)?;
        let here = match arguments.sql_type(1) {
            SqlType::Int4 => item.json.element(arguments.integer(1, row)?),
            _ => item.json.field(arguments.text(1, row)?),
        };
        Ok(found(here, &text, result))
    })
}

/// `#>` and `#>>`: a step is a key, or the number of an element.
fn extract_path(arguments: &Arguments, result: SqlType) -> Result<Operand> {
    rowwise(&arguments.all(), result, |row| {
        let (item, text) = parsed(arguments, 0, row)?;
        let mut here = Some(&item);
        for step in texts(arguments, row) {
            here = here
                .zip(step)
                .and_then(|(item, step)| item.json.step(&step));
        }
        Ok(found(here, &text, result))
    })
}

/// `@>`, `?`, `?|`, `?&`.
fn test(name: F, arguments: &Arguments) -> Result<Operand> {
    rowwise(&arguments.all(), SqlType::Bool, |row| {
        let (item, _) = parsed(arguments, 0, row)?;
        if name == F::JsonContains {
            let (other, _) = parsed(arguments, 1, row)?;
            let element = match (&item.json, &other.json) {
                // An array contains a scalar that is an element.
                (
                    Json::Array(items),
                    scalar @ (Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_)),
                ) => items.iter().any(|i| i.json == *scalar),
                _ => false,
            };
            return Ok(Value::Bool(element || item.json.contains(&other.json)));
        }
        let has = |key: &str| match &item.json {
            Json::Object(_) => item.json.field(key).is_some(),
            Json::Array(items) => items
                .iter()
                .any(|i| matches!(&i.json, Json::Text(t) if t == key)),
            Json::Text(text) => text == key,
            _ => false,
        };
        let (mut any, mut all) = (false, true);
        for key in texts(arguments, row).into_iter().flatten() {
            let found = has(&key);
            any |= found;
            all &= found;
        }
        Ok(Value::Bool(if name == F::JsonHasAll { all } else { any }))
    })
}

/// `json_typeof`, `json_array_length`, `jsonb_pretty`. Errors: `22023`.
fn describe(name: F, arguments: &Arguments, result: SqlType) -> Result<Operand> {
    rowwise(&arguments.all(), result, |row| {
        let (item, _) = parsed(arguments, 0, row)?;
        Ok(match name {
            F::JsonTypeof => Value::Text(item.json.type_name().to_owned()),
            F::JsonPretty => {
                let mut text = String::new();
                item.json.write_pretty(0, &mut text);
                Value::Text(text)
            }
            _ => match &item.json {
                Json::Array(items) => Value::Int4(items.len() as i32),
                Json::Object(_) => {
                    let message = "cannot get array length of a non-array";
                    return Err(data_error("22023", message));
                }
                _ => return Err(data_error("22023", "cannot get array length of a scalar")),
            },
        })
    })
}

/// `jsonb || jsonb`, and `jsonb - key` or index. Errors: `22023`.
fn change(name: F, arguments: &Arguments) -> Result<Operand> {
    rowwise(&arguments.all(), SqlType::Jsonb, |row| {
        let (own, _) = parsed(arguments, 0, row)?;
        let changed = if name == F::JsonConcat {
            let (other, _) = parsed(arguments, 1, row)?;
            concat(own, other)?
        } else if arguments.sql_type(1) == SqlType::Int4 {
            without_element(own.json, arguments.integer(1, row)?)?
        } else {
            without_key(own.json, arguments.text(1, row)?)?
        };
        let mut text = String::new();
        changed.sorted().write(&mut text);
        Ok(Value::Jsonb(text))
    })
}

fn concat(left: Item, right: Item) -> Result<Json> {
    let items = |item: Item| match item.json {
        Json::Array(items) => items,
        _ => vec![item],
    };
    Ok(match (left.json, right.json) {
        (Json::Object(mut own), Json::Object(other)) => {
            own.extend(other);
            Json::Object(own)
        }
        (left, right) => {
            let place = 0..0;
            let wrap = |json: Json| {
                items(Item {
                    json,
                    place: place.clone(),
                })
            };
            let mut all = wrap(left);
            all.extend(wrap(right));
            Json::Array(all)
        }
    })
}

fn without_key(json: Json, key: &str) -> Result<Json> {
    Ok(match json {
        Json::Object(mut fields) => {
            fields.retain(|(name, _)| name != key);
            Json::Object(fields)
        }
        Json::Array(mut items) => {
            items.retain(|item| !matches!(&item.json, Json::Text(text) if text == key));
            Json::Array(items)
        }
        _ => return Err(data_error("22023", "cannot delete from scalar")),
    })
}

fn without_element(json: Json, index: i64) -> Result<Json> {
    match json {
        Json::Array(mut items) => {
            let at = if index < 0 {
                index + items.len() as i64
            } else {
                index
            };
            if let Some(at) = usize::try_from(at).ok().filter(|at| *at < items.len()) {
                items.remove(at);
            }
            Ok(Json::Array(items))
        }
        Json::Object(_) => {
            let message = "cannot delete from object using integer index";
            Err(data_error("22023", message))
        }
        _ => Err(data_error("22023", "cannot delete from scalar")),
    }
}

/// A value as JSON, to a session in `zone`.
pub(in super::super) fn as_json(value: &Value, zone: Zone) -> String {
    let quoted = |text: &str| {
        let mut out = String::new();
        write_json_string(text, &mut out);
        out
    };
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Json(text) | Value::Jsonb(text) => text.clone(),
        Value::Array(array) => {
            let items: Vec<String> = array.values().iter().map(|v| as_json(v, zone)).collect();
            format!("[{}]", items.join(","))
        }
        Value::Float4(v) if !v.is_finite() => quoted(&value.to_string()),
        Value::Float8(v) if !v.is_finite() => quoted(&value.to_string()),
        Value::Int2(_)
        | Value::Int4(_)
        | Value::Int8(_)
        | Value::Float4(_)
        | Value::Float8(_)
        | Value::Numeric(_) => value.to_string(),
        Value::Timestamp(stamp) => quoted(&timestamp_to_json(*stamp)),
        Value::TimestampTz(stamp) => quoted(&timestamp_tz_to_json(*stamp, zone)),
        _ => quoted(&value.to_string()),
    }
}

/// `to_json`, `json_build_array`, `json_build_object`, and those of JSONB; NULLs are values here. Errors: `22023`.
fn build(name: F, arguments: &Arguments, result: SqlType) -> Result<Operand> {
    let zone = arguments.zone;
    arguments.each_row(result, |values| {
        let text = match (name, values) {
            (F::ToJson, [Value::Null]) => return Ok(Value::Null),
            (F::ToJson, [value]) => as_json(value, zone),
            (F::JsonArray, items) => {
                let items: Vec<String> = items.iter().map(|v| as_json(v, zone)).collect();
                format!("[{}]", items.join(", "))
            }
            (_, fields) => object(fields, zone)?,
        };
        Ok(match result {
            SqlType::Jsonb => Value::Jsonb(jsonb_text(&text)?),
            _ => Value::Json(text),
        })
    })
}

fn object(values: &[Value], zone: Zone) -> Result<String> {
    if values.len() % 2 == 1 {
        let message = "argument list must have even number of elements";
        return Err(data_error("22023", message));
    }
    let mut fields = Vec::new();
    for key in (0..values.len()).step_by(2) {
        let Some(name) = key_text(&values[key], zone)? else {
            let message = format!("argument {} cannot be null", key + 1);
            return Err(data_error("22023", message));
        };
        let mut field = String::new();
        write_json_string(&name, &mut field);
        fields.push(format!("{field} : {}", as_json(&values[key + 1], zone)));
    }
    Ok(format!("{{{}}}", fields.join(", ")))
}

/// The key of an object that a value is to a session in `zone`; `None` for NULL. Errors: `22023`.
pub(in super::super) fn key_text(value: &Value, zone: Zone) -> Result<Option<String>> {
    match value {
        Value::Null => Ok(None),
        Value::Json(_) | Value::Jsonb(_) | Value::Array(_) => {
            let message = "key value must be scalar, not array, composite, or json";
            Err(data_error("22023", message))
        }
        Value::Bool(value) => Ok(Some(value.to_string())),
        Value::Timestamp(stamp) => Ok(Some(timestamp_to_json(*stamp))),
        Value::TimestampTz(stamp) => Ok(Some(timestamp_tz_to_json(*stamp, zone))),
        other => Ok(other.to_text_in(zone)),
    }
}

/// A scalar of JSONB as a BOOLEAN or a number: what `CAST` does. Errors: `22023`, `22003`.
pub(in super::super) fn scalar(text: &str, to: SqlType) -> Result<Value> {
    let json = Json::parse(text)?;
    match (&json, to) {
        (Json::Bool(value), SqlType::Bool) => Ok(Value::Bool(*value)),
        (Json::Number(value), to) if to.is_number() => {
            let rounded = if to.is_integer() {
                value.round(0)
            } else {
                value.clone()
            };
            Value::from_text(&rounded.to_string(), to).map_err(|error| match to.is_integer() {
                true => crate::types::out_of_range(to),
                false => error,
            })
        }
        _ => {
            let kind = match &json {
                Json::Null => "null",
                Json::Bool(_) => "boolean",
                Json::Number(_) => "numeric",
                Json::Text(_) => "string",
                Json::Array(_) => "array",
                Json::Object(_) => "object",
            };
            let message = format!("cannot cast jsonb {kind} to type {}", to.base_name());
            Err(data_error("22023", message))
        }
    }
}
