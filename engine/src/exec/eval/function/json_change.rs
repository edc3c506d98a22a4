//! `jsonb_set`, `jsonb_insert`, and what takes NULLs out of a JSON.

use super::super::operand::Operand;
use super::super::time_arithmetic::rowwise;
use super::dispatch::Arguments;
use super::json::{parsed, texts_of};
use crate::error::{Error, Result};
use crate::sql::function::ScalarFunction as F;
use crate::types::{Item, Json, SqlType, Value, data_error, write_json_string};
use arrow_array::cast::AsArray;

/// What happens at the end of a path.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// `jsonb_set` without creating: what is there is replaced.
    Replace,
    /// `jsonb_set`: it is replaced or added.
    Create,
    /// `jsonb_insert`
    Before,
    /// `jsonb_insert` after the place.
    After,
    /// `#-`: what is there goes away.
    Nowhere,
}

/// `jsonb_set(json, path, new[, create])`, `jsonb_insert(json, path, new[, after])`. Errors: `22023`, `22004`, `22P02`.
pub(super) fn set(name: F, arguments: &Arguments) -> Result<Operand> {
    rowwise(&arguments.all(), SqlType::Jsonb, |row| {
        let (own, text) = parsed(arguments, 0, row)?;
        let (new, _) = parsed(arguments, 2, row)?;
        let flag = match arguments.len() {
            4 => {
                let operand = arguments.get(3)?;
                operand.array.as_boolean().value(operand.at(row))
            }
            _ => name == F::JsonSet,
        };
        let place = match (name, flag) {
            (F::JsonSet, true) => Place::Create,
            (F::JsonSet, false) => Place::Replace,
            (_, false) => Place::Before,
            (_, true) => Place::After,
        };
        changed(own, text, &texts_of(arguments, 1, row)?, new, place)
    })
}

/// `jsonb_set_lax(json, path, new, create, treatment)`. Errors: those of [`set`], `22023` for a treatment that there is not,
/// `22004` for a NULL that is to be one.
pub(super) fn set_lax(arguments: &Arguments) -> Result<Operand> {
    arguments.each_row(SqlType::Jsonb, |values| {
        let [
            Value::Jsonb(own),
            Value::Array(path),
            new,
            Value::Bool(creates),
            treatment,
        ] = values
        else {
            return Ok(Value::Null);
        };
        if treatment.is_null() {
            return Err(unknown_treatment());
        }
        let item = |text: &str| Json::parse_item(text);
        let path: Vec<Option<String>> = path.values().iter().map(Value::to_text).collect();
        let place = match creates {
            true => Place::Create,
            false => Place::Replace,
        };
        let (new, place) = match (new, treatment.to_text().as_deref()) {
            (Value::Jsonb(new), _) => (item(new)?, place),
            (_, Some("use_json_null")) => (item("null")?, place),
            (_, Some("delete_key")) => (item("null")?, Place::Nowhere),
            (_, Some("return_target")) => return Ok(Value::Jsonb(own.clone())),
            (_, Some("raise_exception")) => {
                return Err(data_error("22004", "JSON value must not be null"));
            }
            _ => return Err(unknown_treatment()),
        };
        changed(item(own)?, own.clone(), &path, new, place)
    })
}

fn unknown_treatment() -> Error {
    let message = "null_value_treatment must be \"delete_key\", \"return_target\", \"use_json_null\", or \
                   \"raise_exception\"";
    data_error("22023", message)
}

/// `jsonb #- path`. Errors: those of [`set`].
pub(super) fn without_path(arguments: &Arguments) -> Result<Operand> {
    rowwise(&arguments.all(), SqlType::Jsonb, |row| {
        let (own, text) = parsed(arguments, 0, row)?;
        let path = texts_of(arguments, 1, row)?;
        changed(own, text, &path, Json::parse_item("null")?, Place::Nowhere)
    })
}

/// The JSON `own`, which is written as `text`, with a change at the end of a path.
fn changed(
    own: Item,
    text: String,
    path: &[Option<String>],
    new: Item,
    place: Place,
) -> Result<Value> {
    if !matches!(own.json, Json::Array(_) | Json::Object(_)) {
        return Err(data_error(
            "22023",
            match place {
                Place::Nowhere => "cannot delete path in scalar",
                _ => "cannot set path in scalar",
            },
        ));
    }
    if path.is_empty() {
        return Ok(Value::Jsonb(text));
    }
    let change = Change { path, new, place };
    let mut out = String::new();
    change.at(own.json, 0)?.sorted().write(&mut out);
    Ok(Value::Jsonb(out))
}

struct Change<'a> {
    path: &'a [Option<String>],
    new: Item,
    place: Place,
}

impl Change<'_> {
    /// `json` with the change at what is left of the path from step `level` on.
    fn at(&self, json: Json, level: usize) -> Result<Json> {
        let last = level + 1 == self.path.len();
        match json {
            Json::Array(items) => self.in_array(items, level, last),
            Json::Object(fields) => self.in_object(fields, level, last),
            scalar => Ok(scalar),
        }
    }

    fn step(&self, level: usize) -> Result<&str> {
        self.path[level].as_deref().ok_or_else(|| {
            let message = format!("path element at position {} is null", level + 1);
            data_error("22004", message)
        })
    }

    fn in_object(&self, mut fields: Vec<(String, Item)>, level: usize, last: bool) -> Result<Json> {
        let key = self.step(level)?;
        let found = fields.iter().position(|(name, _)| name == key);
        match found {
            Some(_) if last && matches!(self.place, Place::Before | Place::After) => {
                return Err(data_error("22023", "cannot replace existing key"));
            }
            Some(at) if last && self.place == Place::Nowhere => {
                fields.remove(at);
            }
            Some(at) if last => fields[at].1 = self.new.clone(),
            Some(at) => {
                let inner = std::mem::replace(&mut fields[at].1.json, Json::Null);
                fields[at].1.json = self.at(inner, level + 1)?;
            }
            None if last && !matches!(self.place, Place::Replace | Place::Nowhere) => {
                fields.push((key.to_owned(), self.new.clone()));
            }
            None => {}
        }
        Ok(Json::Object(fields))
    }

    fn in_array(&self, mut items: Vec<Item>, level: usize, last: bool) -> Result<Json> {
        let step = self.step(level)?;
        let index: i64 = step.parse::<i32>().map(i64::from).map_err(|_| {
            let message = format!(
                "path element at position {} is not an integer: \"{step}\"",
                level + 1
            );
            data_error("22P02", message)
        })?;
        let count = items.len() as i64;
        // From the end when negative; before the first one there is a place, too.
        let at = if index < 0 { index + count } else { index };
        let inside = usize::try_from(at).ok().filter(|at| *at < items.len());
        match inside {
            Some(at) if last => match self.place {
                Place::Replace | Place::Create => items[at] = self.new.clone(),
                Place::Nowhere => {
                    items.remove(at);
                }
                Place::Before => items.insert(at, self.new.clone()),
                Place::After => items.insert(at + 1, self.new.clone()),
            },
            Some(at) => {
                let inner = std::mem::replace(&mut items[at].json, Json::Null);
                items[at].json = self.at(inner, level + 1)?;
            }
            None if last && !matches!(self.place, Place::Replace | Place::Nowhere) => {
                let place = if at < 0 { 0 } else { items.len() };
                items.insert(place, self.new.clone());
            }
            None => {}
        }
        Ok(Json::Array(items))
    }
}

/// `json_strip_nulls`, `jsonb_strip_nulls`: fields of objects that are null are left out, however deep.
pub(super) fn strip_nulls(arguments: &Arguments, result: SqlType) -> Result<Operand> {
    rowwise(&arguments.all(), result, |row| {
        let (own, text) = parsed(arguments, 0, row)?;
        let mut out = String::new();
        match result {
            SqlType::Jsonb => {
                stripped(own.json).write(&mut out);
                Ok(Value::Jsonb(out))
            }
            SqlType::Json => {
                write_stripped(&own, &text, &mut out);
                Ok(Value::Json(out))
            }
            _ => Err(Error::misuse("what is stripped of nulls is a JSON")),
        }
    })
}

fn stripped(json: Json) -> Json {
    let strip = |item: Item| Item {
        json: stripped(item.json),
        ..item
    };
    match json {
        Json::Array(items) => Json::Array(items.into_iter().map(strip).collect()),
        Json::Object(fields) => {
            let kept = fields
                .into_iter()
                .filter(|(_, item)| item.json != Json::Null);
            Json::Object(kept.map(|(key, item)| (key, strip(item))).collect())
        }
        other => other,
    }
}

/// The same of a JSON, whose scalars stay as they are written in `text`.
fn write_stripped(item: &Item, text: &str, out: &mut String) {
    match &item.json {
        Json::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at > 0 { "," } else { "" });
                write_stripped(item, text, out);
            }
            out.push(']');
        }
        Json::Object(fields) => {
            out.push('{');
            let kept = fields.iter().filter(|(_, item)| item.json != Json::Null);
            for (at, (key, item)) in kept.enumerate() {
                out.push_str(if at > 0 { "," } else { "" });
                write_json_string(key, out);
                out.push(':');
                write_stripped(item, text, out);
            }
            out.push('}');
        }
        _ => out.push_str(&text[item.place.clone()]),
    }
}
