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
        if !matches!(own.json, Json::Array(_) | Json::Object(_)) {
            return Err(data_error("22023", "cannot set path in scalar"));
        }
        let path = texts_of(arguments, 1, row)?;
        if path.is_empty() {
            return Ok(Value::Jsonb(text));
        }
        let change = Change {
            path: &path,
            new,
            place,
        };
        let mut out = String::new();
        change.at(own.json, 0)?.sorted().write(&mut out);
        Ok(Value::Jsonb(out))
    })
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
            Some(at) if last => fields[at].1 = self.new.clone(),
            Some(at) => {
                let inner = std::mem::replace(&mut fields[at].1.json, Json::Null);
                fields[at].1.json = self.at(inner, level + 1)?;
            }
            None if last && self.place != Place::Replace => {
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
                Place::Before => items.insert(at, self.new.clone()),
                Place::After => items.insert(at + 1, self.new.clone()),
            },
            Some(at) => {
                let inner = std::mem::replace(&mut items[at].json, Json::Null);
                items[at].json = self.at(inner, level + 1)?;
            }
            None if last && self.place != Place::Replace => {
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
