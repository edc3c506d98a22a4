//! DISTINCT inside of an aggregate: which rows bring a group something new.

use crate::Result;
use crate::exec::eval::value_set::{Keys, keys};
use crate::types::SqlType;
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BooleanArray};
use arrow_buffer::BooleanBufferBuilder;
use foldhash::fast::FixedState;
use hashbrown::HashSet;

/// What each group has seen.
pub(super) struct Distinct {
    types: Vec<SqlType>,
    /// Whether a row with a NULL first argument is left out: the aggregate does not look at it.
    skips_nulls: bool,
    /// For a single argument that is an integer or looks like one: what the first group has seen, and what others have.
    first_integers: HashSet<i64, FixedState>,
    integers: HashSet<(u32, i64), FixedState>,
    /// Otherwise: group and arguments, one behind the other.
    rows: HashSet<Box<[u8]>, FixedState>,
    bytes: usize,
}

impl Distinct {
    pub(super) fn new(types: Vec<SqlType>, skips_nulls: bool) -> Self {
        Self {
            types,
            skips_nulls,
            first_integers: HashSet::with_hasher(FixedState::default()),
            integers: HashSet::with_hasher(FixedState::default()),
            rows: HashSet::with_hasher(FixedState::default()),
            bytes: 0,
        }
    }

    pub(super) fn size_bytes(&self) -> usize {
        let integers = self.first_integers.capacity() * 9 + self.integers.capacity() * 17;
        integers + self.rows.capacity() * 17 + self.bytes
    }

    /// The rows whose arguments their group has not seen.
    pub(super) fn first_seen(
        &mut self,
        indices: &[u32],
        groups: usize,
        arguments: &[ArrayRef],
    ) -> Result<BooleanArray> {
        let columns = arguments
            .iter()
            .zip(&self.types)
            .map(|(array, sql_type)| keys(array, *sql_type))
            .collect::<Result<Vec<_>>>()?;
        let mut new = BooleanBufferBuilder::new(indices.len());
        let mut buffer = Vec::new();
        for row in 0..indices.len() {
            let is_null = arguments.first().is_some_and(|a| a.is_null(row));
            if is_null && self.skips_nulls {
                new.append(false);
                continue;
            }
            let group = if groups == 1 { 0 } else { indices[row] };
            if let [Keys::Integers(values)] = &columns[..]
                && !is_null
            {
                new.append(match group {
                    0 => self.first_integers.insert(values[row]),
                    _ => self.integers.insert((group, values[row])),
                });
                continue;
            }
            buffer.clear();
            buffer.extend_from_slice(&group.to_le_bytes());
            for (column, array) in columns.iter().zip(arguments) {
                append(&mut buffer, column, array, row);
            }
            let is_new = !self.rows.contains(&buffer[..]);
            if is_new {
                self.bytes += buffer.len();
                self.rows.insert(buffer[..].into());
            }
            new.append(is_new);
        }
        Ok(BooleanArray::new(new.finish(), None))
    }
}

/// Appends a value with its length, so that two rows are equal only value by value.
fn append(buffer: &mut Vec<u8>, column: &Keys, array: &ArrayRef, row: usize) {
    if array.is_null(row) {
        buffer.extend_from_slice(&u32::MAX.to_le_bytes());
        return;
    }
    let integer;
    let bytes: &[u8] = match column {
        Keys::Integers(values) => {
            integer = values[row].to_le_bytes();
            &integer
        }
        Keys::Text(values) => values.as_string::<i32>().value(row).as_bytes(),
        Keys::Binary(values) => values.as_binary::<i32>().value(row),
    };
    buffer.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    buffer.extend_from_slice(bytes);
}
