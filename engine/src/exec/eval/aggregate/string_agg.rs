//! `string_agg(text, delimiter)`.

use super::accumulator::{State, argument, copy, grow};
use crate::types::VALUE_BYTES_MAX;
use crate::types::array::check_room;
use crate::{Error, ErrorKind, Result};
use arrow_array::builder::StringBuilder;
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef};
use std::sync::Arc;

/// The text of each group, in the order of the rows.
#[derive(Default)]
pub(super) struct StringAgg {
    texts: Vec<Option<String>>,
    bytes: usize,
}

impl State for StringAgg {
    fn update(&mut self, indices: &[u32], groups: usize, arguments: &[ArrayRef]) -> Result<()> {
        grow(&mut self.texts, groups, None);
        let values = argument(arguments, 0)?.as_string::<i32>();
        let delimiters = argument(arguments, 1)?.as_string::<i32>();
        for (row, value) in values.iter().enumerate() {
            let Some(value) = value else { continue };
            let group = if groups == 1 {
                0
            } else {
                indices[row] as usize
            };
            match &mut self.texts[group] {
                None => {
                    self.bytes += value.len();
                    self.texts[group] = Some(value.to_owned());
                }
                Some(text) => {
                    let before = text.len();
                    if delimiters.is_valid(row) {
                        text.push_str(delimiters.value(row));
                    }
                    text.push_str(value);
                    if text.len() > VALUE_BYTES_MAX {
                        return Err(Error::new(
                            ErrorKind::Limit,
                            "54000",
                            "the result of string_agg passes 1 GiB",
                        ));
                    }
                    self.bytes += text.len() - before;
                }
            }
        }
        Ok(())
    }

    fn finish(&mut self, groups: usize) -> Result<ArrayRef> {
        let mut texts = std::mem::take(&mut self.texts);
        texts.resize(groups, None);
        check_room(0, self.bytes)?;
        let mut builder = StringBuilder::with_capacity(groups, self.bytes);
        texts
            .iter()
            .for_each(|text| builder.append_option(text.as_deref()));
        Ok(Arc::new(builder.finish()))
    }

    fn fork(&mut self, from: usize, to: usize) {
        copy(&mut self.texts, from, to, None);
        self.bytes += self.texts[to].as_ref().map_or(0, String::len);
    }

    fn size_bytes(&self) -> usize {
        self.texts.capacity() * size_of::<Option<String>>() + self.bytes
    }
}
