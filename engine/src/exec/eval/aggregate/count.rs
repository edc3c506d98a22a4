//! `count(*)` and `count(x)`.

use super::accumulator::{State, argument, copy, grow};
use crate::Result;
use crate::planted::{Mistake, makes};
use arrow_array::{Array, ArrayRef, Int64Array};
use std::sync::Arc;

/// Counts rows.
#[derive(Default)]
pub(super) struct CountStar {
    counts: Vec<i64>,
}

impl State for CountStar {
    fn update(&mut self, indices: &[u32], groups: usize, _: &[ArrayRef]) -> Result<()> {
        grow(&mut self.counts, groups, 0);
        if groups == 1 {
            self.counts[0] += indices.len() as i64;
        } else {
            for group in indices {
                self.counts[*group as usize] += 1;
            }
        }
        Ok(())
    }

    fn finish(&mut self, groups: usize) -> Result<ArrayRef> {
        finish(&mut self.counts, groups)
    }

    fn fork(&mut self, from: usize, to: usize) {
        copy(&mut self.counts, from, to, 0);
    }

    fn size_bytes(&self) -> usize {
        self.counts.capacity() * 8
    }
}

/// Counts values that are not NULL.
#[derive(Default)]
pub(super) struct Count {
    counts: Vec<i64>,
}

impl State for Count {
    fn update(&mut self, indices: &[u32], groups: usize, arguments: &[ArrayRef]) -> Result<()> {
        grow(&mut self.counts, groups, 0);
        let values = argument(arguments, 0)?;
        if groups == 1 {
            let nulls = match makes(Mistake::CountCountsNulls) {
                true => 0,
                false => values.null_count(),
            };
            self.counts[0] += (values.len() - nulls) as i64;
            return Ok(());
        }
        match values.nulls() {
            None => {
                for group in indices {
                    self.counts[*group as usize] += 1;
                }
            }
            Some(nulls) => {
                for row in nulls.valid_indices() {
                    self.counts[indices[row] as usize] += 1;
                }
            }
        }
        Ok(())
    }

    fn finish(&mut self, groups: usize) -> Result<ArrayRef> {
        finish(&mut self.counts, groups)
    }

    fn fork(&mut self, from: usize, to: usize) {
        copy(&mut self.counts, from, to, 0);
    }

    fn size_bytes(&self) -> usize {
        self.counts.capacity() * 8
    }
}

fn finish(counts: &mut Vec<i64>, groups: usize) -> Result<ArrayRef> {
    counts.resize(groups, 0);
    Ok(Arc::new(Int64Array::from(std::mem::take(counts))))
}
