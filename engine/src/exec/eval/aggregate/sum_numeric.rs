//! `sum` and `avg` of NUMERIC.

use super::accumulator::{State, argument, copy, grow};
use crate::Result;
use crate::exec::eval::numeric_kernel::{NumericBuilder, NumericColumn};
use crate::types::Decimal;
use arrow_array::{Array, ArrayRef};

/// Sums and counts.
pub(super) struct NumericSum {
    average: bool,
    states: Vec<Sum>,
}

/// The sum of one group: in 128 bits at one scale, and what did not fit that.
#[derive(Clone)]
struct Sum {
    small: i128,
    scale: u32,
    rest: Option<Box<Decimal>>,
    count: i64,
}

const EMPTY: Sum = Sum {
    small: 0,
    scale: 0,
    rest: None,
    count: 0,
};

impl Sum {
    #[inline]
    fn add(&mut self, column: &NumericColumn<'_>, row: usize) -> Result<()> {
        self.count += 1;
        if let Some((coefficient, scale)) = column.short(row)
            && scale == self.scale
            && let Some(sum) = self.small.checked_add(i128::from(coefficient))
        {
            self.small = sum;
            return Ok(());
        }
        self.add_slowly(&column.value(row)?)
    }

    /// Brings both to one scale, or puts the number aside when that does not fit.
    #[cold]
    fn add_slowly(&mut self, value: &Decimal) -> Result<()> {
        let sum = Decimal::new(self.small, self.scale).add(value)?;
        match sum.small() {
            Some((small, scale)) => {
                self.small = small;
                self.scale = scale;
            }
            None => {
                let rest = match &self.rest {
                    Some(rest) => rest.add(&sum)?,
                    None => sum,
                };
                self.small = 0;
                self.scale = rest.scale();
                self.rest = Some(Box::new(rest));
            }
        }
        Ok(())
    }

    fn total(&self) -> Result<Decimal> {
        let small = Decimal::new(self.small, self.scale);
        match &self.rest {
            Some(rest) => rest.add(&small),
            None => Ok(small),
        }
    }
}

impl NumericSum {
    pub(super) fn new(average: bool) -> Self {
        Self {
            average,
            states: Vec::new(),
        }
    }
}

/// The results of `sum` or `avg` from sums and how many values each is of.
pub(crate) fn numeric_sums(
    average: bool,
    groups: usize,
    sums: impl Iterator<Item = Result<Option<(Decimal, i64)>>>,
) -> Result<ArrayRef> {
    let mut builder = NumericBuilder::new(groups);
    for sum in sums {
        match sum? {
            None => builder.push_null(),
            Some((sum, count)) if average => builder.push(&sum.divide(&Decimal::from(count))?)?,
            Some((sum, _)) => builder.push(&sum)?,
        }
    }
    Ok(builder.finish())
}

impl State for NumericSum {
    fn update(&mut self, indices: &[u32], groups: usize, arguments: &[ArrayRef]) -> Result<()> {
        grow(&mut self.states, groups, EMPTY);
        let values = argument(arguments, 0)?;
        let column = NumericColumn::of(values);
        for row in (0..values.len()).filter(|row| values.is_valid(*row)) {
            let group = match groups {
                1 => 0,
                _ => indices[row] as usize,
            };
            self.states[group].add(&column, row)?;
        }
        Ok(())
    }

    fn finish(&mut self, groups: usize) -> Result<ArrayRef> {
        let mut states = std::mem::take(&mut self.states);
        states.resize(groups, EMPTY);
        let sums = states.iter().map(|state| match state.count {
            0 => Ok(None),
            count => Ok(Some((state.total()?, count))),
        });
        numeric_sums(self.average, groups, sums)
    }

    fn fork(&mut self, from: usize, to: usize) {
        copy(&mut self.states, from, to, EMPTY);
    }

    fn size_bytes(&self) -> usize {
        self.states.capacity() * size_of::<Sum>()
    }
}
