//! `array_agg(any)`.

use super::accumulator::{State, argument, copy, grow};
use crate::types::array::{check_room, value_at};
use crate::types::{ElementType, VALUE_BYTES_MAX, push_element};
use crate::{Error, ErrorKind, Result};
use arrow_array::ArrayRef;
use arrow_array::builder::BinaryBuilder;
use std::sync::Arc;

/// The array of each group, NULLs included, in the order of the rows.
pub(super) struct ArrayAgg {
    element: ElementType,
    /// The bytes of the arrays.
    arrays: Vec<Option<Vec<u8>>>,
    bytes: usize,
}

impl ArrayAgg {
    /// Of values of that type.
    pub(super) fn new(element: ElementType) -> Self {
        Self {
            element,
            arrays: Vec::new(),
            bytes: 0,
        }
    }
}

impl State for ArrayAgg {
    fn update(&mut self, indices: &[u32], groups: usize, arguments: &[ArrayRef]) -> Result<()> {
        grow(&mut self.arrays, groups, None);
        let values = argument(arguments, 0)?;
        let sql_type = self.element.sql_type();
        for (row, group) in indices.iter().enumerate() {
            let group = if groups == 1 { 0 } else { *group as usize };
            let array = self.arrays[group].get_or_insert_default();
            let before = array.len();
            push_element(&value_at(values, row, sql_type), array);
            if array.len() > VALUE_BYTES_MAX {
                return Err(Error::new(
                    ErrorKind::Limit,
                    "54000",
                    "array size exceeds the maximum allowed (1073741823)",
                ));
            }
            self.bytes += array.len() - before;
        }
        Ok(())
    }

    fn finish(&mut self, groups: usize) -> Result<ArrayRef> {
        let mut arrays = std::mem::take(&mut self.arrays);
        arrays.resize(groups, None);
        check_room(0, self.bytes)?;
        let mut builder = BinaryBuilder::with_capacity(groups, self.bytes);
        arrays
            .iter()
            .for_each(|array| builder.append_option(array.as_deref()));
        Ok(Arc::new(builder.finish()))
    }

    fn fork(&mut self, from: usize, to: usize) {
        copy(&mut self.arrays, from, to, None);
        self.bytes += self.arrays[to].as_ref().map_or(0, Vec::len);
    }

    fn size_bytes(&self) -> usize {
        self.arrays.capacity() * size_of::<Option<Vec<u8>>>() + self.bytes
    }
}
