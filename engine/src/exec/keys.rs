//! Keys for grouping, joining and duplicates: rows of columns as what is equal exactly when the rows are.
//!
//! Columns of integers, and what is stored as one, are put together in one number as long as they fit, each with a bit that
//! says that it is not NULL; all others become bytes.

use crate::error::Result;
use crate::exec::batch::arrow;
use crate::types::array::arrow_type;
use crate::types::{SqlType, comparable};
use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Int16Type, Int32Type, Int64Type, Time64MicrosecondType, TimestampMicrosecondType,
};
use arrow_array::{Array, ArrayRef, ArrowPrimitiveType};
use arrow_row::{RowConverter, Rows, SortField};
use foldhash::fast::FixedState;
use hashbrown::Equivalent;
use std::hash::BuildHasher;

/// Encodes columns of fixed types.
#[derive(Debug)]
pub(crate) struct KeyEncoder {
    types: Vec<SqlType>,
    encoding: Encoding,
}

#[derive(Debug)]
enum Encoding {
    Narrow,
    Wide(RowConverter),
}

/// Encoded rows.
#[derive(Debug)]
pub(crate) struct Keys {
    encoded: Encoded,
    /// For each row whether one of its values is NULL; empty when none is.
    null: Vec<bool>,
}

#[derive(Debug)]
enum Encoded {
    Narrow(Vec<u128>),
    Wide(Rows),
}

/// The key of a row; all that an encoder makes are of one form, and in the order of the values, NULL first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Key<'k> {
    Narrow(u128),
    Wide(&'k [u8]),
}

/// A [`Key`] of its own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum OwnedKey {
    Narrow(u128),
    Wide(Box<[u8]>),
}

impl From<&Key<'_>> for OwnedKey {
    fn from(key: &Key<'_>) -> Self {
        match key {
            Key::Narrow(bits) => Self::Narrow(*bits),
            Key::Wide(bytes) => Self::Wide((*bytes).into()),
        }
    }
}

impl OwnedKey {
    /// As what it was made of.
    pub(crate) fn as_key(&self) -> Key<'_> {
        match self {
            Self::Narrow(bits) => Key::Narrow(*bits),
            Self::Wide(bytes) => Key::Wide(bytes),
        }
    }
}

impl Equivalent<OwnedKey> for Key<'_> {
    fn equivalent(&self, key: &OwnedKey) -> bool {
        *self == key.as_key()
    }
}

impl KeyEncoder {
    /// For columns of `types`.
    pub(crate) fn new(types: &[SqlType]) -> Result<Self> {
        let bits = types.iter().map(|t| narrow_bits(*t)).sum::<Option<u32>>();
        let encoding = match bits {
            Some(0..=128) => Encoding::Narrow,
            _ => {
                let fields = types.iter().map(|t| SortField::new(arrow_type(*t)));
                Encoding::Wide(RowConverter::new(fields.collect()).map_err(arrow)?)
            }
        };
        Ok(Self {
            types: types.to_vec(),
            encoding,
        })
    }

    /// The keys of `rows` rows.
    pub(crate) fn encode(&self, columns: &[ArrayRef], rows: usize) -> Result<Keys> {
        let mut null = Vec::new();
        for column in columns.iter().filter(|c| c.null_count() > 0) {
            null.resize(rows, false);
            for (row, null) in null.iter_mut().enumerate() {
                *null |= column.is_null(row);
            }
        }
        let encoded = match &self.encoding {
            Encoding::Narrow => {
                let mut keys = vec![0; rows];
                for (column, sql_type) in columns.iter().zip(&self.types) {
                    push_narrow(&mut keys, column, *sql_type);
                }
                Encoded::Narrow(keys)
            }
            Encoding::Wide(converter) => {
                let columns = columns.iter().zip(&self.types);
                let columns = columns.map(|(c, t)| comparable(c, *t));
                let columns: Vec<ArrayRef> = columns.collect::<Result<_>>()?;
                Encoded::Wide(converter.convert_columns(&columns).map_err(arrow)?)
            }
        };
        Ok(Keys { encoded, null })
    }
}

/// Bits that a column takes in a number, that for NULL included; none if it is not made of integers.
fn narrow_bits(sql_type: SqlType) -> Option<u32> {
    match sql_type {
        SqlType::Bool => Some(2),
        SqlType::Int2 => Some(17),
        SqlType::Int4 | SqlType::Date => Some(33),
        SqlType::Int8
        | SqlType::Enum(_)
        | SqlType::Time
        | SqlType::Timestamp
        | SqlType::TimestampTz => Some(65),
        _ => None,
    }
}

/// Puts the values of a column behind what is in `keys`.
fn push_narrow(keys: &mut [u128], column: &ArrayRef, sql_type: SqlType) {
    fn push<T: ArrowPrimitiveType>(
        keys: &mut [u128],
        column: &ArrayRef,
        bits: u32,
        to_i64: fn(T::Native) -> i64,
    ) {
        let values = column.as_primitive::<T>().values();
        push_bits(keys, column, bits, |row| to_i64(values[row]));
    }
    match sql_type {
        SqlType::Bool => {
            let values = column.as_boolean();
            // Of one bit the lesser value is -1.
            push_bits(keys, column, 1, |row| i64::from(values.value(row)) - 1);
        }
        SqlType::Int2 => push::<Int16Type>(keys, column, 16, i64::from),
        SqlType::Int4 => push::<Int32Type>(keys, column, 32, i64::from),
        SqlType::Date => push::<Date32Type>(keys, column, 32, i64::from),
        SqlType::Time => push::<Time64MicrosecondType>(keys, column, 64, |v| v),
        SqlType::Timestamp | SqlType::TimestampTz => {
            push::<TimestampMicrosecondType>(keys, column, 64, |v| v);
        }
        _ => push::<Int64Type>(keys, column, 64, |v| v),
    }
}

/// Puts integers of so many bits behind what is in `keys`, each with one more that says that it is not NULL.
fn push_bits(keys: &mut [u128], column: &ArrayRef, bits: u32, value: impl Fn(usize) -> i64) {
    let (known, least) = (1 << bits, 1u64 << (bits - 1));
    let mask = u64::MAX >> (64 - bits);
    let pushed = |row| known | u128::from((value(row) as u64).wrapping_add(least) & mask);
    match column.nulls() {
        None => {
            for (row, key) in keys.iter_mut().enumerate() {
                *key = *key << (bits + 1) | pushed(row);
            }
        }
        // Some value stands where one is NULL, and must not tell one NULL from another.
        Some(nulls) => {
            for (row, key) in keys.iter_mut().enumerate() {
                *key = *key << (bits + 1) | if nulls.is_valid(row) { pushed(row) } else { 0 };
            }
        }
    }
}

impl Key<'_> {
    /// Its hash.
    #[inline]
    pub(crate) fn hash_with(self, hasher: &FixedState) -> u64 {
        match self {
            Key::Narrow(bits) => hasher.hash_one(bits),
            Key::Wide(bytes) => hasher.hash_one(bytes),
        }
    }

    /// Bytes that it takes in memory.
    pub(crate) fn size_bytes(self) -> usize {
        match self {
            Key::Narrow(_) => size_of::<u128>(),
            Key::Wide(bytes) => bytes.len(),
        }
    }
}

impl Keys {
    /// The key of `row`.
    #[inline]
    pub(crate) fn key(&self, row: usize) -> Key<'_> {
        match &self.encoded {
            Encoded::Narrow(keys) => Key::Narrow(keys[row]),
            Encoded::Wide(rows) => Key::Wide(rows.row(row).data()),
        }
    }

    /// Whether there is a key with a NULL.
    pub(crate) fn have_null(&self) -> bool {
        !self.null.is_empty()
    }

    /// Whether the key of `row` has a NULL.
    pub(crate) fn has_null(&self, row: usize) -> bool {
        self.null.get(row).copied().unwrap_or(false)
    }
}
