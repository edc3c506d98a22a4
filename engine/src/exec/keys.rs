//! Keys for grouping, joining and duplicates: rows of columns as what is equal exactly when the rows are.
//!
//! Columns of integers, and what is stored as one, are put together in one number as long as they fit, each with a bit that
//! says that it is not NULL; all others become bytes. A join needs no such bit, since no key with a NULL has a partner: so
//! a BIGINT fits in 64 bits there.

use crate::error::{Error, Result};
use crate::exec::batch::arrow;
use crate::types::array::{arrow_type, integers};
use crate::types::{SqlType, comparable};
use arrow_array::{Array, ArrayRef};
use arrow_row::{RowConverter, Rows, SortField};
use foldhash::fast::FixedState;
use hashbrown::Equivalent;
use std::hash::BuildHasher;
use std::ops::{BitOr, Shl};

/// Encodes columns of fixed types.
#[derive(Debug)]
pub(crate) struct KeyEncoder {
    types: Vec<SqlType>,
    encoding: Encoding,
    /// Whether NULL is a value like others: a number has a bit for it.
    tells_null: bool,
}

#[derive(Debug)]
enum Encoding {
    /// In 64 bits.
    Short,
    /// In 128 bits.
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
    Short(Vec<u64>),
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
        *key == *self
    }
}

impl PartialEq<Key<'_>> for OwnedKey {
    fn eq(&self, key: &Key<'_>) -> bool {
        self.as_key() == *key
    }
}

impl KeyEncoder {
    /// For columns of `types`, where two NULLs are equal.
    pub(crate) fn new(types: &[SqlType]) -> Result<Self> {
        Self::with(types, true)
    }

    /// For columns of `types` of which a row with a NULL is equal to none: its key says nothing but [`Keys::has_null`].
    pub(crate) fn for_join(types: &[SqlType]) -> Result<Self> {
        Self::with(types, false)
    }

    fn with(types: &[SqlType], tells_null: bool) -> Result<Self> {
        let bits_of = |t: &SqlType| value_bits(*t).map(|bits| bits + u32::from(tells_null));
        let bits = types.iter().map(bits_of).sum::<Option<u32>>();
        let encoding = match bits {
            Some(0..=64) => Encoding::Short,
            Some(0..=128) => Encoding::Narrow,
            _ => {
                let fields = types.iter().map(|t| SortField::new(arrow_type(*t)));
                Encoding::Wide(RowConverter::new(fields.collect()).map_err(arrow)?)
            }
        };
        Ok(Self {
            types: types.to_vec(),
            encoding,
            tells_null,
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
            Encoding::Short => Encoded::Short(self.narrow(columns, rows)?),
            Encoding::Narrow => Encoded::Narrow(self.narrow(columns, rows)?),
            Encoding::Wide(converter) => {
                let columns = columns.iter().zip(&self.types);
                let columns = columns.map(|(c, t)| comparable(c, *t));
                let columns: Vec<ArrayRef> = columns.collect::<Result<_>>()?;
                Encoded::Wide(converter.convert_columns(&columns).map_err(arrow)?)
            }
        };
        Ok(Keys { encoded, null })
    }

    fn narrow<N: Number>(&self, columns: &[ArrayRef], rows: usize) -> Result<Vec<N>> {
        let mut keys = vec![N::from(0); rows];
        for (column, sql_type) in columns.iter().zip(&self.types) {
            push_narrow(&mut keys, column, *sql_type, self.tells_null)?;
        }
        Ok(keys)
    }
}

/// What keys of integers are put together in.
trait Number: Copy + From<u64> + BitOr<Output = Self> + Shl<u32, Output = Self> {}

impl Number for u64 {}
impl Number for u128 {}

/// Bits that a value of a column takes in a number; none if it is not made of [`integers`].
fn value_bits(sql_type: SqlType) -> Option<u32> {
    match sql_type {
        SqlType::Bool => Some(2),
        SqlType::Int2 => Some(16),
        SqlType::Int4 | SqlType::Date => Some(32),
        SqlType::Int8
        | SqlType::Enum(_)
        | SqlType::Time(_)
        | SqlType::Timestamp(_)
        | SqlType::TimestampTz(_) => Some(64),
        _ => None,
    }
}

/// Puts the values of a column behind what is in `keys`; with `tells_null`, each behind a bit that says that it is not NULL.
fn push_narrow<N: Number>(
    keys: &mut [N],
    column: &ArrayRef,
    sql_type: SqlType,
    tells_null: bool,
) -> Result<()> {
    let (Some(bits), Some(values)) = (value_bits(sql_type), integers(column, sql_type)) else {
        return Err(Error::misuse("a narrow key of what is no integer"));
    };
    let least = 1u64 << (bits - 1);
    let mask = u64::MAX >> (64 - bits);
    let pushed = |key: N, value: i64, is_known: bool| {
        let key = match tells_null {
            true => key << 1 | N::from(is_known.into()),
            false => key,
        };
        // Some value stands where one is NULL, and must not tell one NULL from another.
        let value = match is_known {
            true => (value as u64).wrapping_add(least) & mask,
            false => 0,
        };
        // In two steps: in 64 bits nothing stands before a value of 64.
        key << (bits - 1) << 1 | N::from(value)
    };
    let keys = keys.iter_mut().zip(values.iter().copied());
    match column.nulls() {
        None => keys.for_each(|(key, value)| *key = pushed(*key, value, true)),
        Some(nulls) => keys.zip(nulls).for_each(|((key, value), is_known)| {
            *key = pushed(*key, value, is_known);
        }),
    }
    Ok(())
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
            Encoded::Short(keys) => Key::Narrow(keys[row].into()),
            Encoded::Narrow(keys) => Key::Narrow(keys[row]),
            Encoded::Wide(rows) => Key::Wide(rows.row(row).data()),
        }
    }

    /// All keys, where each fits in 64 bits.
    pub(crate) fn short(&self) -> Option<&[u64]> {
        match &self.encoded {
            Encoded::Short(keys) => Some(keys),
            _ => None,
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
