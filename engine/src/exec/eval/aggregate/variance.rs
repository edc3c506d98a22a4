//! `variance`, `stddev` and their like: of floats by the recurrence of Youngs and Cramer ("Some results relevant to choice
//! of sum and sum-of-product algorithms", Technometrics 13(3), 1971), which PostgreSQL uses too; of other numbers from
//! exact sums, with as many digits as a division of NUMERICs gives.

use super::accumulator::{State, argument, copy, grow};
use crate::exec::eval::arithmetic::overflow;
use crate::exec::eval::function::sqrt_at_scale;
use crate::exec::eval::numeric_kernel::NumericBuilder;
use crate::sql::bound::Spread;
use crate::types::array::value_at;
use crate::types::{Decimal, SqlType, Value};
use crate::{Error, Result};
use arrow_array::ArrayRef;
use arrow_array::builder::PrimitiveBuilder;
use arrow_array::types::Float64Type;
use std::sync::Arc;

/// Count, sum, and sum of the squares of the distances from the mean.
#[derive(Clone, Copy, Default)]
struct Moments {
    count: f64,
    sum: f64,
    squares: f64,
}

impl Moments {
    /// Errors: `22003`.
    fn add(&mut self, value: f64) -> Result<()> {
        let before = *self;
        self.count += 1.0;
        self.sum += value;
        if before.count == 0.0 {
            if !value.is_finite() {
                self.squares = f64::NAN;
            }
            return Ok(());
        }
        let distance = value * self.count - self.sum;
        self.squares += distance * distance / (self.count * before.count);
        if self.sum.is_infinite() || self.squares.is_infinite() {
            if !before.sum.is_infinite() && !value.is_infinite() {
                return Err(overflow());
            }
            self.squares = f64::NAN;
        }
        Ok(())
    }
}

/// Of REAL or DOUBLE PRECISION.
pub(super) struct FloatSpread {
    spread: Spread,
    sql_type: SqlType,
    groups: Vec<Moments>,
}

impl FloatSpread {
    /// Of values of that type.
    pub(super) fn new(spread: Spread, sql_type: SqlType) -> Self {
        Self {
            spread,
            sql_type,
            groups: Vec::new(),
        }
    }
}

/// By what a sum of squares is divided; `None` where there are too few values.
fn divisor(spread: Spread, count: i64) -> Option<i64> {
    let divisor = count - i64::from(spread.is_of_sample());
    (divisor > 0).then_some(divisor)
}

impl State for FloatSpread {
    fn update(&mut self, indices: &[u32], groups: usize, arguments: &[ArrayRef]) -> Result<()> {
        grow(&mut self.groups, groups, Moments::default());
        let values = argument(arguments, 0)?;
        for (row, group) in indices.iter().enumerate() {
            let group = if groups == 1 { 0 } else { *group as usize };
            match value_at(values, row, self.sql_type) {
                Value::Float8(value) => self.groups[group].add(value)?,
                Value::Float4(value) => self.groups[group].add(f64::from(value))?,
                _ => {}
            }
        }
        Ok(())
    }

    fn finish(&mut self, groups: usize) -> Result<ArrayRef> {
        let mut states = std::mem::take(&mut self.groups);
        states.resize(groups, Moments::default());
        let mut builder = PrimitiveBuilder::<Float64Type>::with_capacity(groups);
        for state in &states {
            let variance = divisor(self.spread, state.count as i64);
            let variance = variance.map(|divisor| state.squares / divisor as f64);
            builder.append_option(match self.spread.is_root() {
                true => variance.map(f64::sqrt),
                false => variance,
            });
        }
        Ok(Arc::new(builder.finish()))
    }

    fn fork(&mut self, from: usize, to: usize) {
        copy(&mut self.groups, from, to, Moments::default());
    }

    fn size_bytes(&self) -> usize {
        self.groups.capacity() * size_of::<Moments>()
    }
}

/// Count, sum, and sum of squares.
#[derive(Clone)]
struct Sums {
    count: i64,
    sum: Decimal,
    squares: Decimal,
}

/// Of integers and NUMERIC.
pub(super) struct NumericSpread {
    spread: Spread,
    sql_type: SqlType,
    groups: Vec<Sums>,
}

fn nothing() -> Sums {
    Sums {
        count: 0,
        sum: Decimal::from(0),
        squares: Decimal::from(0),
    }
}

impl NumericSpread {
    /// Of values of that type.
    pub(super) fn new(spread: Spread, sql_type: SqlType) -> Self {
        Self {
            spread,
            sql_type,
            groups: Vec::new(),
        }
    }

    /// `None` where there are too few values. Errors: `22003`.
    fn result(&self, sums: &Sums) -> Result<Option<Decimal>> {
        let Some(divisor) = divisor(self.spread, sums.count) else {
            return Ok(None);
        };
        let count = Decimal::from(sums.count);
        let squares = count.multiply(&sums.squares)?;
        let distances = squares.subtract(&sums.sum.multiply(&sums.sum)?)?;
        if distances.is_zero() || distances.is_negative() {
            return Ok(Some(Decimal::from(0)));
        }
        let variance = distances.divide(&count.multiply(&Decimal::from(divisor))?)?;
        Ok(Some(match self.spread.is_root() {
            true => sqrt_at_scale(&variance, variance.scale())?,
            false => variance,
        }))
    }
}

impl State for NumericSpread {
    fn update(&mut self, indices: &[u32], groups: usize, arguments: &[ArrayRef]) -> Result<()> {
        grow(&mut self.groups, groups, nothing());
        let values = argument(arguments, 0)?;
        for (row, group) in indices.iter().enumerate() {
            let value = value_at(values, row, self.sql_type);
            let value = match (value.as_integer(), &value) {
                (Some(integer), _) => Decimal::from(integer),
                (None, Value::Numeric(v)) => Decimal::from(v),
                (None, Value::Null) => continue,
                _ => return Err(Error::misuse("a variance is of numbers")),
            };
            let group = if groups == 1 { 0 } else { *group as usize };
            let sums = &mut self.groups[group];
            sums.count += 1;
            sums.sum = sums.sum.add(&value)?;
            sums.squares = sums.squares.add(&value.multiply(&value)?)?;
        }
        Ok(())
    }

    fn finish(&mut self, groups: usize) -> Result<ArrayRef> {
        let mut states = std::mem::take(&mut self.groups);
        states.resize(groups, nothing());
        let mut builder = NumericBuilder::new(groups);
        for state in &states {
            match self.result(state)? {
                Some(value) => builder.push(&value)?,
                None => builder.push_null(),
            }
        }
        Ok(builder.finish())
    }

    fn fork(&mut self, from: usize, to: usize) {
        copy(&mut self.groups, from, to, nothing());
    }

    fn size_bytes(&self) -> usize {
        self.groups.capacity() * size_of::<Sums>()
    }
}
