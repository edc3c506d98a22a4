//! `sum`, `avg`, `min` and `max` of INTERVAL.

use super::accumulator::{State, argument, copy, grow};
use crate::Result;
use crate::types::array::{ColumnBuilder, sixteen};
use crate::types::{Interval, SqlType, Value};
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef};

/// Calls `f` with the group and the value of each row that is not NULL.
fn visit(
    indices: &[u32],
    groups: usize,
    arguments: &[ArrayRef],
    mut f: impl FnMut(usize, Interval) -> Result<()>,
) -> Result<()> {
    let array = argument(arguments, 0)?.as_fixed_size_binary();
    for row in (0..array.len()).filter(|row| array.is_valid(*row)) {
        let group = if groups == 1 {
            0
        } else {
            indices[row] as usize
        };
        f(group, Interval::from_bytes(sixteen(array.value(row))))?;
    }
    Ok(())
}

fn column(values: impl Iterator<Item = Result<Option<Interval>>>) -> Result<ArrayRef> {
    let mut builder = ColumnBuilder::new(SqlType::Interval(None), values.size_hint().0);
    for value in values {
        builder.push(&value?.map_or(Value::Null, Value::Interval))?;
    }
    Ok(builder.finish())
}

/// Sums and counts.
pub(super) struct IntervalSum {
    average: bool,
    sums: Vec<(Interval, i64)>,
}

impl IntervalSum {
    pub(super) fn new(average: bool) -> Self {
        Self {
            average,
            sums: Vec::new(),
        }
    }
}

impl State for IntervalSum {
    fn update(&mut self, indices: &[u32], groups: usize, arguments: &[ArrayRef]) -> Result<()> {
        grow(&mut self.sums, groups, Default::default());
        visit(indices, groups, arguments, |group, value| {
            let (sum, count) = &mut self.sums[group];
            *sum = sum.add(value)?;
            *count += 1;
            Ok(())
        })
    }

    fn finish(&mut self, groups: usize) -> Result<ArrayRef> {
        let mut sums = std::mem::take(&mut self.sums);
        sums.resize(groups, Default::default());
        column(sums.into_iter().map(|(sum, count)| match count {
            0 => Ok(None),
            _ if self.average => sum.divide(count as f64).map(Some),
            _ => Ok(Some(sum)),
        }))
    }

    fn fork(&mut self, from: usize, to: usize) {
        copy(&mut self.sums, from, to, Default::default());
    }

    fn size_bytes(&self) -> usize {
        self.sums.capacity() * size_of::<(Interval, i64)>()
    }
}

/// The extreme of each group: of equal ones, such as `1 mon` and `30 days`, the last.
pub(super) struct IntervalExtreme {
    greatest: bool,
    best: Vec<Option<Interval>>,
}

impl IntervalExtreme {
    pub(super) fn new(greatest: bool) -> Self {
        Self {
            greatest,
            best: Vec::new(),
        }
    }
}

impl State for IntervalExtreme {
    fn update(&mut self, indices: &[u32], groups: usize, arguments: &[ArrayRef]) -> Result<()> {
        grow(&mut self.best, groups, None);
        visit(indices, groups, arguments, |group, value| {
            let keeps = self.best[group].is_some_and(|known| {
                let order = known.total_cmp(value);
                if self.greatest {
                    order.is_gt()
                } else {
                    order.is_lt()
                }
            });
            if !keeps {
                self.best[group] = Some(value);
            }
            Ok(())
        })
    }

    fn finish(&mut self, groups: usize) -> Result<ArrayRef> {
        let mut best = std::mem::take(&mut self.best);
        best.resize(groups, None);
        column(best.into_iter().map(Ok))
    }

    fn fork(&mut self, from: usize, to: usize) {
        copy(&mut self.best, from, to, None);
    }

    fn size_bytes(&self) -> usize {
        self.best.capacity() * size_of::<Option<Interval>>()
    }
}
