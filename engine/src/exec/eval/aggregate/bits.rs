//! `bit_and`, `bit_or`, `bit_xor` of integers.

use super::accumulator::{State, argument, copy, grow};
use crate::Result;
use crate::sql::bound::BitOperator;
use crate::types::array::{ColumnBuilder, value_at};
use crate::types::{SqlType, Value};
use arrow_array::ArrayRef;

/// What the values of each group have in common, or are together.
pub(super) struct Bits {
    operator: BitOperator,
    sql_type: SqlType,
    groups: Vec<Option<i64>>,
}

impl Bits {
    /// Of integers of that type.
    pub(super) fn new(operator: BitOperator, sql_type: SqlType) -> Self {
        Self {
            operator,
            sql_type,
            groups: Vec::new(),
        }
    }
}

impl State for Bits {
    fn update(&mut self, indices: &[u32], groups: usize, arguments: &[ArrayRef]) -> Result<()> {
        grow(&mut self.groups, groups, None);
        let values = argument(arguments, 0)?;
        for (row, group) in indices.iter().enumerate() {
            let Some(value) = value_at(values, row, self.sql_type).as_integer() else {
                continue;
            };
            let group = if groups == 1 { 0 } else { *group as usize };
            let state = &mut self.groups[group];
            *state = Some(match (*state, self.operator) {
                (None, _) => value,
                (Some(bits), BitOperator::And) => bits & value,
                (Some(bits), BitOperator::Or) => bits | value,
                (Some(bits), BitOperator::Xor) => bits ^ value,
            });
        }
        Ok(())
    }

    fn finish(&mut self, groups: usize) -> Result<ArrayRef> {
        let mut states = std::mem::take(&mut self.groups);
        states.resize(groups, None);
        let mut builder = ColumnBuilder::new(self.sql_type, groups);
        for state in states {
            // The sign reaches through all bits of a wider type, so that nothing is lost.
            builder.push(&match (state, self.sql_type) {
                (None, _) => Value::Null,
                (Some(bits), SqlType::Int2) => Value::Int2(bits as i16),
                (Some(bits), SqlType::Int4) => Value::Int4(bits as i32),
                (Some(bits), _) => Value::Int8(bits),
            })?;
        }
        Ok(builder.finish())
    }

    fn fork(&mut self, from: usize, to: usize) {
        copy(&mut self.groups, from, to, None);
    }

    fn size_bytes(&self) -> usize {
        self.groups.capacity() * size_of::<Option<i64>>()
    }
}
