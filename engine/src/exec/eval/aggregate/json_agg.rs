//! `json_agg(any)`, `json_object_agg(key, any)`, and those of JSONB.

use super::accumulator::{State, argument, copy, grow};
use crate::exec::eval::function::{as_json, key_text};
use crate::types::array::{ColumnBuilder, value_at};
use crate::types::{
    SqlType, VALUE_BYTES_MAX, Value, Zone, data_error, jsonb_text, write_json_string,
};
use crate::{Error, ErrorKind, Result};
use arrow_array::ArrayRef;

/// The text of each group without its last bracket.
pub(super) struct JsonAgg {
    /// Of the arguments: a value, or a key and a value.
    types: Vec<SqlType>,
    result: SqlType,
    zone: Zone,
    texts: Vec<Option<String>>,
    bytes: usize,
}

impl JsonAgg {
    /// Of arguments of `types`, for a session in `zone`; `result` is JSON or JSONB.
    pub(super) fn new(types: Vec<SqlType>, result: SqlType, zone: Zone) -> Self {
        Self {
            types,
            result,
            zone,
            texts: Vec::new(),
            bytes: 0,
        }
    }

    fn is_object(&self) -> bool {
        self.types.len() == 2
    }
}

impl State for JsonAgg {
    fn update(&mut self, indices: &[u32], groups: usize, arguments: &[ArrayRef]) -> Result<()> {
        grow(&mut self.texts, groups, None);
        let is_object = self.is_object();
        for (row, group) in indices.iter().enumerate() {
            let group = if groups == 1 { 0 } else { *group as usize };
            let text = self.texts[group].get_or_insert_default();
            let before = text.len();
            if text.is_empty() {
                text.push_str(if is_object { "{ " } else { "[" });
            } else {
                text.push_str(", ");
            }
            let at = |position: usize| -> Result<Value> {
                let sql_type = self.types.get(position).copied();
                let sql_type = sql_type.unwrap_or(SqlType::Unknown);
                Ok(value_at(argument(arguments, position)?, row, sql_type))
            };
            if is_object {
                let Some(key) = key_text(&at(0)?, self.zone)? else {
                    return Err(data_error("22023", "field name must not be null"));
                };
                write_json_string(&key, text);
                text.push_str(" : ");
                text.push_str(&as_json(&at(1)?, self.zone));
            } else {
                text.push_str(&as_json(&at(0)?, self.zone));
            }
            if text.len() > VALUE_BYTES_MAX {
                let message = "the result of an aggregate of JSON passes 1 GiB";
                return Err(Error::new(ErrorKind::Limit, "54000", message));
            }
            self.bytes += text.len() - before;
        }
        Ok(())
    }

    fn finish(&mut self, groups: usize) -> Result<ArrayRef> {
        let mut texts = std::mem::take(&mut self.texts);
        texts.resize(groups, None);
        let mut builder = ColumnBuilder::new(self.result, groups);
        for text in texts {
            let Some(mut text) = text else {
                builder.push_null();
                continue;
            };
            text.push_str(if self.is_object() { " }" } else { "]" });
            builder.push(&match self.result {
                SqlType::Jsonb => Value::Jsonb(jsonb_text(&text)?),
                _ => Value::Json(text),
            })?;
        }
        Ok(builder.finish())
    }

    fn fork(&mut self, from: usize, to: usize) {
        copy(&mut self.texts, from, to, None);
        self.bytes += self.texts[to].as_ref().map_or(0, String::len);
    }

    fn size_bytes(&self) -> usize {
        self.texts.capacity() * size_of::<Option<String>>() + self.bytes
    }
}
