//! A set of values of one type, for `IN`.

use super::operand::Operand;
use crate::planted::{Mistake, makes};
use crate::types::array::integers;
use crate::types::{SqlType, comparable};
use crate::{Error, Result};
use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Float64Type};
use arrow_array::{Array, ArrayRef, BinaryArray, BooleanArray};
use arrow_buffer::{BooleanBuffer, NullBuffer};
use foldhash::fast::FixedState;
use hashbrown::HashSet;
use std::sync::Arc;

/// The values that are not NULL, and whether there was a NULL.
pub(super) struct ValueSet {
    integers: HashSet<i64, FixedState>,
    bytes: HashSet<Box<[u8]>, FixedState>,
    has_null: bool,
}

/// Values as what the set holds: equal in SQL exactly when equal here.
pub(super) enum Keys {
    Integers(Vec<i64>),
    Text(ArrayRef),
    Binary(ArrayRef),
}

impl ValueSet {
    /// Of the values of all `arrays`.
    pub(super) fn new(arrays: &[ArrayRef], sql_type: SqlType) -> Result<Self> {
        let mut set = Self {
            integers: HashSet::with_hasher(FixedState::default()),
            bytes: HashSet::with_hasher(FixedState::default()),
            has_null: false,
        };
        for array in arrays {
            set.has_null |= array.null_count() > 0 && !makes(Mistake::NotInNullIgnored);
            let keys = keys(array, sql_type)?;
            for row in (0..array.len()).filter(|row| array.is_valid(*row)) {
                match &keys {
                    Keys::Integers(values) => {
                        set.integers.insert(values[row]);
                    }
                    Keys::Text(values) => {
                        set.bytes
                            .insert(values.as_string::<i32>().value(row).as_bytes().into());
                    }
                    Keys::Binary(values) => {
                        set.bytes
                            .insert(values.as_binary::<i32>().value(row).into());
                    }
                }
            }
        }
        Ok(set)
    }

    fn is_empty(&self) -> bool {
        !self.has_null && self.integers.is_empty() && self.bytes.is_empty()
    }

    /// `operand [NOT] IN` the set: NULL where the operand is NULL or only a NULL of the set could be it.
    pub(super) fn contains(
        &self,
        operand: &Operand,
        sql_type: SqlType,
        negated: bool,
    ) -> Result<Operand> {
        let array = &operand.array;
        let rows = array.len();
        if self.is_empty() {
            let values = BooleanBuffer::collect_bool(rows, |_| negated);
            let result = BooleanArray::new(values, None);
            return Ok(Operand::computed(Arc::new(result), operand.scalar));
        }
        let found = match &keys(array, sql_type)? {
            Keys::Integers(values) => {
                BooleanBuffer::collect_bool(rows, |row| self.integers.contains(&values[row]))
            }
            Keys::Text(values) => {
                let values = values.as_string::<i32>();
                BooleanBuffer::collect_bool(rows, |row| {
                    self.bytes.contains(values.value(row).as_bytes())
                })
            }
            Keys::Binary(values) => {
                let values = values.as_binary::<i32>();
                BooleanBuffer::collect_bool(rows, |row| self.bytes.contains(values.value(row)))
            }
        };
        let mut nulls = array.nulls().cloned();
        if self.has_null {
            nulls = NullBuffer::union(nulls.as_ref(), Some(&NullBuffer::new(found.clone())));
        }
        let values = if negated { !&found } else { found };
        let result = BooleanArray::new(values, nulls);
        Ok(Operand::computed(Arc::new(result), operand.scalar))
    }
}

pub(super) fn keys(array: &ArrayRef, sql_type: SqlType) -> Result<Keys> {
    let array = comparable(array, sql_type)?;
    Ok(match sql_type {
        SqlType::Float4 => {
            let values = array.as_primitive::<Float32Type>().values();
            Keys::Integers(values.iter().map(|v| i64::from(v.to_bits())).collect())
        }
        SqlType::Float8 => {
            let values = array.as_primitive::<Float64Type>().values();
            Keys::Integers(values.iter().map(|v| v.to_bits() as i64).collect())
        }
        SqlType::Interval(_) | SqlType::Uuid => {
            let values = array.as_fixed_size_binary().iter();
            Keys::Binary(Arc::new(values.collect::<BinaryArray>()))
        }
        SqlType::Numeric(_) | SqlType::Bytes | SqlType::Jsonb | SqlType::Array(_) => {
            Keys::Binary(array)
        }
        SqlType::Unknown
        | SqlType::Text
        | SqlType::Varchar(_)
        | SqlType::Char(_)
        | SqlType::Json => Keys::Text(array),
        _ => match integers(&array, sql_type) {
            Some(integers) => Keys::Integers(integers.into_owned()),
            None => return Err(Error::misuse("a set of values that are not compared")),
        },
    })
}
