//! `min` and `max` of integers, dates, timestamps and floats.

use super::accumulator::{State, argument, copy, grow};
use crate::Result;
use arrow_array::builder::PrimitiveBuilder;
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, ArrowNativeTypeOp, ArrowNumericType, ArrowPrimitiveType};
use std::sync::Arc;

/// The extreme of each group, of a type whose Arrow order is SQL's.
pub(super) struct PrimitiveExtreme<T: ArrowPrimitiveType> {
    greatest: bool,
    best: Vec<Option<T::Native>>,
}

impl<T: ArrowPrimitiveType> PrimitiveExtreme<T> {
    pub(super) fn new(greatest: bool) -> Self {
        Self {
            greatest,
            best: Vec::new(),
        }
    }
}

impl<T: ArrowNumericType> State for PrimitiveExtreme<T> {
    fn update(&mut self, indices: &[u32], groups: usize, arguments: &[ArrayRef]) -> Result<()> {
        grow(&mut self.best, groups, None);
        let array = argument(arguments, 0)?.as_primitive::<T>();
        let greatest = self.greatest;
        let better = |a: T::Native, b: T::Native| {
            if greatest { a.is_gt(b) } else { a.is_lt(b) }
        };
        if groups == 1 {
            let found = if greatest {
                arrow_arith::aggregate::max(array)
            } else {
                arrow_arith::aggregate::min(array)
            };
            if let Some(found) = found {
                improve(&mut self.best[0], found, better);
            }
            return Ok(());
        }
        visit(array, indices, |group, value| {
            improve(&mut self.best[group], value, better);
        });
        Ok(())
    }

    fn finish(&mut self, groups: usize) -> Result<ArrayRef> {
        Ok(finish::<T>(&mut self.best, groups))
    }

    fn fork(&mut self, from: usize, to: usize) {
        copy(&mut self.best, from, to, None);
    }

    fn size_bytes(&self) -> usize {
        self.best.capacity() * size_of::<Option<T::Native>>()
    }
}

/// The extreme of each group of floats, where NaN is greatest.
pub(super) struct FloatExtreme<T: ArrowPrimitiveType> {
    greatest: bool,
    best: Vec<Option<T::Native>>,
}

impl<T: ArrowPrimitiveType> FloatExtreme<T> {
    pub(super) fn new(greatest: bool) -> Self {
        Self {
            greatest,
            best: Vec::new(),
        }
    }
}

/// Values that are compared independently of each other, so that the processor need not wait for one comparison to begin
/// the next.
const LANES: usize = 8;

impl<T: ArrowPrimitiveType> State for FloatExtreme<T>
where
    T::Native: Into<f64> + PartialOrd,
{
    fn update(&mut self, indices: &[u32], groups: usize, arguments: &[ArrayRef]) -> Result<()> {
        grow(&mut self.best, groups, None);
        let array = argument(arguments, 0)?.as_primitive::<T>();
        let nan = |a: T::Native| Into::<f64>::into(a).is_nan();
        let greatest = self.greatest;
        let better = |a: T::Native, b: T::Native| {
            if greatest {
                (a > b) | (nan(a) & !nan(b))
            } else {
                (a < b) | (!nan(a) & nan(b))
            }
        };
        if groups == 1 && array.null_count() == 0 {
            let Some(first) = array.values().first() else {
                return Ok(());
            };
            let mut lanes = [*first; LANES];
            let (chunks, rest) = array.values().as_chunks::<LANES>();
            for chunk in chunks {
                for (lane, value) in lanes.iter_mut().zip(chunk) {
                    *lane = if better(*value, *lane) { *value } else { *lane };
                }
            }
            for value in lanes.iter().chain(rest) {
                improve(&mut self.best[0], *value, better);
            }
            return Ok(());
        }
        let single = groups == 1;
        visit(array, indices, |group, value| {
            improve(
                &mut self.best[if single { 0 } else { group }],
                value,
                better,
            );
        });
        Ok(())
    }

    fn finish(&mut self, groups: usize) -> Result<ArrayRef> {
        Ok(finish::<T>(&mut self.best, groups))
    }

    fn fork(&mut self, from: usize, to: usize) {
        copy(&mut self.best, from, to, None);
    }

    fn size_bytes(&self) -> usize {
        self.best.capacity() * size_of::<Option<T::Native>>()
    }
}

#[inline]
fn improve<V: Copy>(best: &mut Option<V>, value: V, better: impl Fn(V, V) -> bool) {
    match best {
        Some(known) if !better(value, *known) => {}
        _ => *best = Some(value),
    }
}

/// Calls `f` with the group and the value of each row that is not NULL.
fn visit<T: ArrowPrimitiveType>(
    array: &arrow_array::PrimitiveArray<T>,
    indices: &[u32],
    mut f: impl FnMut(usize, T::Native),
) {
    match array.nulls() {
        None => {
            for (group, value) in indices.iter().zip(array.values()) {
                f(*group as usize, *value);
            }
        }
        Some(nulls) => {
            for row in nulls.valid_indices() {
                f(indices[row] as usize, array.value(row));
            }
        }
    }
}

fn finish<T: ArrowPrimitiveType>(best: &mut Vec<Option<T::Native>>, groups: usize) -> ArrayRef {
    let mut best = std::mem::take(best);
    best.resize(groups, None);
    let mut builder = PrimitiveBuilder::<T>::with_capacity(groups);
    best.into_iter()
        .for_each(|value| builder.append_option(value));
    Arc::new(builder.finish())
}
