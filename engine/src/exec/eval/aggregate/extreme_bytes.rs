//! `min` and `max` of text and NUMERIC.

use super::accumulator::{State, argument, copy, grow};
use crate::Result;
use crate::types::{SqlType, numeric};
use arrow_array::builder::{BinaryBuilder, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef};
use std::cmp::Ordering;
use std::sync::Arc;

/// The extreme of each group, as bytes of the column.
pub(super) struct BytesExtreme {
    is_numeric: bool,
    wanted: Ordering,
    best: Vec<Option<Vec<u8>>>,
    bytes: usize,
}

impl BytesExtreme {
    pub(super) fn new(argument: SqlType, greatest: bool) -> Self {
        Self {
            is_numeric: argument.is_numeric(),
            wanted: if greatest {
                Ordering::Greater
            } else {
                Ordering::Less
            },
            best: Vec::new(),
            bytes: 0,
        }
    }

    fn offer(&mut self, group: usize, value: &[u8]) -> Result<()> {
        match &mut self.best[group] {
            None => {
                self.bytes += value.len();
                self.best[group] = Some(value.to_vec());
            }
            Some(known) => {
                let order = if self.is_numeric {
                    numeric::compare_encoded(value, known)?
                } else {
                    value.cmp(known)
                };
                // Of equal numbers, such as 1.0 and 1.00, the last.
                if order == self.wanted || self.is_numeric && order.is_eq() {
                    self.bytes += value.len().saturating_sub(known.capacity());
                    known.clear();
                    known.extend_from_slice(value);
                }
            }
        }
        Ok(())
    }
}

impl State for BytesExtreme {
    fn update(&mut self, indices: &[u32], groups: usize, arguments: &[ArrayRef]) -> Result<()> {
        grow(&mut self.best, groups, None);
        let array = argument(arguments, 0)?;
        for row in (0..array.len()).filter(|row| array.is_valid(*row)) {
            let value = if self.is_numeric {
                array.as_binary::<i32>().value(row)
            } else {
                array.as_string::<i32>().value(row).as_bytes()
            };
            let group = if groups == 1 {
                0
            } else {
                indices[row] as usize
            };
            self.offer(group, value)?;
        }
        Ok(())
    }

    fn finish(&mut self, groups: usize) -> Result<ArrayRef> {
        let mut best = std::mem::take(&mut self.best);
        best.resize(groups, None);
        if self.is_numeric {
            let mut builder = BinaryBuilder::with_capacity(groups, self.bytes);
            best.iter()
                .for_each(|value| builder.append_option(value.as_deref()));
            return Ok(Arc::new(builder.finish()));
        }
        let mut builder = StringBuilder::with_capacity(groups, self.bytes);
        for value in &best {
            // The bytes were a text when they came in.
            builder.append_option(value.as_deref().and_then(|v| std::str::from_utf8(v).ok()));
        }
        Ok(Arc::new(builder.finish()))
    }

    fn fork(&mut self, from: usize, to: usize) {
        copy(&mut self.best, from, to, None);
        self.bytes += self.best[to].as_ref().map_or(0, Vec::len);
    }

    fn size_bytes(&self) -> usize {
        self.best.capacity() * size_of::<Option<Vec<u8>>>() + self.bytes
    }
}
