//! `sum` and `avg` of integers, exact in 128 bits.

use super::accumulator::{State, argument, copy, grow};
use crate::Result;
use crate::exec::eval::numeric_kernel::NumericBuilder;
use crate::types::{Decimal, SqlType, out_of_range};
use arrow_array::builder::Int64Builder;
use arrow_array::cast::AsArray;
use arrow_array::types::{Int16Type, Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef, ArrowPrimitiveType, PrimitiveArray};
use arrow_buffer::NullBuffer;
use std::sync::Arc;

/// Sums and counts.
pub(super) struct IntegerSum {
    argument: SqlType,
    average: bool,
    result: SqlType,
    sums: Vec<i128>,
    counts: Vec<i64>,
}

impl IntegerSum {
    pub(super) fn new(argument: SqlType, average: bool, result: SqlType) -> Self {
        Self {
            argument,
            average,
            result,
            sums: Vec::new(),
            counts: Vec::new(),
        }
    }

    fn add<T>(&mut self, indices: &[u32], groups: usize, array: &PrimitiveArray<T>)
    where
        T: ArrowPrimitiveType,
        T::Native: Into<i64>,
    {
        if groups == 1 {
            self.sums[0] += total(array.values(), array.nulls());
            self.counts[0] += (array.len() - array.null_count()) as i64;
            return;
        }
        let mut add = |group: u32, value: T::Native| {
            self.sums[group as usize] += i128::from(value.into());
            self.counts[group as usize] += 1;
        };
        match array.nulls() {
            None => {
                for (group, value) in indices.iter().zip(array.values()) {
                    add(*group, *value);
                }
            }
            Some(nulls) => {
                for row in nulls.valid_indices() {
                    add(indices[row], array.value(row));
                }
            }
        }
    }
}

/// The sum of the values that are not NULL. The upper and lower halves are summed apart, in 64 bits each, which a batch
/// of fewer than 2^31 rows cannot overflow and which the compiler turns into vector instructions.
fn total<T: Copy + Into<i64>>(values: &[T], nulls: Option<&NullBuffer>) -> i128 {
    let (mut high, mut low) = (0i64, 0u64);
    let mut add = |value: i64, mask: i64| {
        let value = value & mask;
        high += value >> 32;
        low += value as u64 & 0xFFFF_FFFF;
    };
    match nulls {
        None => values.iter().for_each(|v| add((*v).into(), -1)),
        Some(nulls) => {
            let bits = nulls.inner().bit_chunks();
            let chunks = values.chunks(64);
            for (chunk, mask) in chunks.zip(bits.iter().chain([bits.remainder_bits()])) {
                for (bit, value) in chunk.iter().enumerate() {
                    add((*value).into(), -((mask >> bit & 1) as i64));
                }
            }
        }
    }
    (i128::from(high) << 32) + i128::from(low)
}

/// The results of `sum` or `avg`, of type `result`, from sums and how many values each is of.
pub(crate) fn integer_sums(
    average: bool,
    result: SqlType,
    states: impl Iterator<Item = (i128, i64)>,
) -> Result<ArrayRef> {
    if !average && result == SqlType::Int8 {
        let mut builder = Int64Builder::new();
        for (sum, count) in states {
            let sum = i64::try_from(sum).map_err(|_| out_of_range(SqlType::Int8))?;
            builder.append_option((count > 0).then_some(sum));
        }
        return Ok(Arc::new(builder.finish()));
    }
    let mut builder = NumericBuilder::new(0);
    for (sum, count) in states {
        let sum = Decimal::new(sum, 0);
        match count {
            0 => builder.push_null(),
            _ if average => builder.push(&sum.divide(&Decimal::from(count))?)?,
            _ => builder.push(&sum)?,
        }
    }
    Ok(builder.finish())
}

impl State for IntegerSum {
    fn update(&mut self, indices: &[u32], groups: usize, arguments: &[ArrayRef]) -> Result<()> {
        grow(&mut self.sums, groups, 0);
        grow(&mut self.counts, groups, 0);
        let values = argument(arguments, 0)?;
        match self.argument {
            SqlType::Int2 => self.add(indices, groups, values.as_primitive::<Int16Type>()),
            SqlType::Int4 => self.add(indices, groups, values.as_primitive::<Int32Type>()),
            _ => self.add(indices, groups, values.as_primitive::<Int64Type>()),
        }
        Ok(())
    }

    fn finish(&mut self, groups: usize) -> Result<ArrayRef> {
        let mut sums = std::mem::take(&mut self.sums);
        let mut counts = std::mem::take(&mut self.counts);
        sums.resize(groups, 0);
        counts.resize(groups, 0);
        integer_sums(self.average, self.result, sums.into_iter().zip(counts))
    }

    fn fork(&mut self, from: usize, to: usize) {
        copy(&mut self.sums, from, to, 0);
        copy(&mut self.counts, from, to, 0);
    }

    fn size_bytes(&self) -> usize {
        self.sums.capacity() * 16 + self.counts.capacity() * 8
    }
}
