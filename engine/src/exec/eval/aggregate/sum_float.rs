//! `sum` and `avg` of floats, added in the order of the rows.
//!
//! The order makes the result that of PostgreSQL to the last digit, and the same on every run.

use super::accumulator::{State, argument, copy, grow};
use crate::Result;
use crate::exec::eval::arithmetic::overflow;
use arrow_array::builder::PrimitiveBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Float64Type};
use arrow_array::{Array, ArrayRef, ArrowPrimitiveType, PrimitiveArray};
use std::ops::{Add, Div};
use std::sync::Arc;

/// The floats that are summed.
pub(super) trait SumFloat:
    Copy + PartialEq + Add<Output = Self> + Div<Output = Self>
{
    /// What leaves every number as it is when added to it, -0 included.
    const EMPTY: Self;
    fn is_infinite(self) -> bool;
    fn from_count(count: i64) -> Self;
}

impl SumFloat for f32 {
    const EMPTY: Self = -0.0;
    fn is_infinite(self) -> bool {
        Self::is_infinite(self)
    }
    fn from_count(count: i64) -> Self {
        count as Self
    }
}

impl SumFloat for f64 {
    const EMPTY: Self = -0.0;
    fn is_infinite(self) -> bool {
        Self::is_infinite(self)
    }
    fn from_count(count: i64) -> Self {
        count as Self
    }
}

/// Sums and counts.
pub(super) struct FloatSum<T: ArrowPrimitiveType> {
    average: bool,
    /// The argument is REAL and summed as DOUBLE PRECISION.
    of_reals: bool,
    sums: Vec<T::Native>,
    counts: Vec<i64>,
    /// Groups into which an infinity went: their sum may be infinite.
    infinite: Vec<bool>,
}

impl<T: ArrowPrimitiveType> FloatSum<T>
where
    T::Native: SumFloat,
{
    pub(super) fn new(average: bool) -> Self {
        Self {
            average,
            of_reals: false,
            sums: Vec::new(),
            counts: Vec::new(),
            infinite: Vec::new(),
        }
    }

    pub(super) fn of_reals(average: bool) -> Self {
        Self {
            of_reals: true,
            ..Self::new(average)
        }
    }

    fn add(&mut self, indices: &[u32], groups: usize, array: &PrimitiveArray<T>) -> Result<()> {
        let mut suspect = false;
        let values = array.values();
        if groups == 1 {
            let sum = &mut self.sums[0];
            match array.nulls() {
                None => *sum = values.iter().fold(*sum, |sum, value| sum + *value),
                Some(nulls) => {
                    *sum = nulls
                        .valid_indices()
                        .fold(*sum, |sum, row| sum + values[row]);
                }
            }
            suspect = sum.is_infinite();
            self.counts[0] += (array.len() - array.null_count()) as i64;
        } else {
            let mut add = |group: u32, value: T::Native| {
                let sum = &mut self.sums[group as usize];
                *sum = *sum + value;
                suspect |= sum.is_infinite();
                self.counts[group as usize] += 1;
            };
            match array.nulls() {
                None => {
                    for (group, value) in indices.iter().zip(values) {
                        add(*group, *value);
                    }
                }
                Some(nulls) => {
                    for row in nulls.valid_indices() {
                        add(indices[row], values[row]);
                    }
                }
            }
        }
        if suspect {
            self.check_infinities(indices, groups, array)?;
        }
        Ok(())
    }

    /// A sum may be infinite only when one of its values was. Errors: `22003`.
    fn check_infinities(
        &mut self,
        indices: &[u32],
        groups: usize,
        array: &PrimitiveArray<T>,
    ) -> Result<()> {
        grow(&mut self.infinite, groups, false);
        for row in (0..array.len()).filter(|row| array.is_valid(*row)) {
            if array.value(row).is_infinite() {
                let group = if groups == 1 {
                    0
                } else {
                    indices[row] as usize
                };
                self.infinite[group] = true;
            }
        }
        let overflowed = |group: usize| self.sums[group].is_infinite() && !self.infinite[group];
        let touched = match groups {
            1 => &[0],
            _ => indices,
        };
        if touched.iter().any(|group| overflowed(*group as usize)) {
            Err(overflow())
        } else {
            Ok(())
        }
    }
}

impl<T: ArrowPrimitiveType> State for FloatSum<T>
where
    T::Native: SumFloat,
{
    fn update(&mut self, indices: &[u32], groups: usize, arguments: &[ArrayRef]) -> Result<()> {
        grow(&mut self.sums, groups, T::Native::EMPTY);
        grow(&mut self.counts, groups, 0);
        let values = argument(arguments, 0)?;
        if self.of_reals {
            let wide: ArrayRef = Arc::new(
                values
                    .as_primitive::<Float32Type>()
                    .unary::<_, Float64Type>(f64::from),
            );
            return self.add(indices, groups, wide.as_primitive::<T>());
        }
        self.add(indices, groups, values.as_primitive::<T>())
    }

    fn finish(&mut self, groups: usize) -> Result<ArrayRef> {
        let mut sums = std::mem::take(&mut self.sums);
        let mut counts = std::mem::take(&mut self.counts);
        sums.resize(groups, T::Native::EMPTY);
        counts.resize(groups, 0);
        let mut builder = PrimitiveBuilder::<T>::with_capacity(groups);
        for (sum, count) in sums.into_iter().zip(counts) {
            let result = if self.average {
                sum / T::Native::from_count(count)
            } else {
                sum
            };
            builder.append_option((count > 0).then_some(result));
        }
        Ok(Arc::new(builder.finish()))
    }

    fn fork(&mut self, from: usize, to: usize) {
        copy(&mut self.sums, from, to, T::Native::EMPTY);
        copy(&mut self.counts, from, to, 0);
        if !self.infinite.is_empty() {
            grow(&mut self.infinite, from + 1, false);
            copy(&mut self.infinite, from, to, false);
        }
    }

    fn size_bytes(&self) -> usize {
        self.sums.capacity() * size_of::<T::Native>() + self.counts.capacity() * 8
    }
}
