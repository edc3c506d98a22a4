//! Ordered-set aggregates: `percentile_cont`, `percentile_disc`, `mode`, over values that come in order.

use super::accumulator::{State, argument, copy, grow};
use crate::sql::bound::OrderedSet;
use crate::types::array::{ColumnBuilder, value_at};
use crate::types::{SqlType, Value, data_error};
use crate::{Error, Result};
use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, ArrayRef};

/// The values of one group in order, without NULLs, and the fraction that is asked for.
#[derive(Clone, Default)]
struct Ranked {
    values: Vec<Value>,
    fraction: Option<f64>,
}

/// The states of all groups.
pub(super) struct Percentile {
    function: OrderedSet,
    sql_type: SqlType,
    groups: Vec<Ranked>,
}

impl Percentile {
    /// Of values of that type, which is also that of the result.
    pub(super) fn new(function: OrderedSet, sql_type: SqlType) -> Self {
        Self {
            function,
            sql_type,
            groups: Vec::new(),
        }
    }
}

impl State for Percentile {
    fn update(&mut self, indices: &[u32], groups: usize, arguments: &[ArrayRef]) -> Result<()> {
        grow(&mut self.groups, groups, Ranked::default());
        let values = argument(arguments, 0)?;
        let fractions = match self.function {
            OrderedSet::Mode => None,
            _ => Some(argument(arguments, 1)?.as_primitive::<Float64Type>()),
        };
        for (row, group) in indices.iter().enumerate() {
            let group = if groups == 1 { 0 } else { *group as usize };
            let ranked = &mut self.groups[group];
            if let Some(fractions) = fractions
                && fractions.is_valid(row)
            {
                ranked.fraction = Some(fractions.value(row));
            }
            if values.is_valid(row) {
                ranked.values.push(value_at(values, row, self.sql_type));
            }
        }
        Ok(())
    }

    fn finish(&mut self, groups: usize) -> Result<ArrayRef> {
        let mut states = std::mem::take(&mut self.groups);
        states.resize(groups, Ranked::default());
        let mut builder = ColumnBuilder::new(self.sql_type, groups);
        for ranked in &states {
            builder.push(&ranked.result(self.function)?)?;
        }
        Ok(builder.finish())
    }

    fn fork(&mut self, from: usize, to: usize) {
        copy(&mut self.groups, from, to, Ranked::default());
    }

    fn size_bytes(&self) -> usize {
        let held = self.groups.iter().map(|g| g.values.capacity());
        held.sum::<usize>() * size_of::<Value>()
    }
}

impl Ranked {
    /// Errors: `22003` for a fraction that is none.
    fn result(&self, function: OrderedSet) -> Result<Value> {
        if function == OrderedSet::Mode {
            return Ok(self.mode());
        }
        let Some(fraction) = self.fraction else {
            return Ok(Value::Null);
        };
        if !(0.0..=1.0).contains(&fraction) {
            let message = format!("percentile value {fraction} is not between 0 and 1");
            return Err(data_error("22003", message));
        }
        let count = self.values.len();
        let at = |place: f64| self.values.get(place as usize).unwrap_or(&Value::Null);
        if function == OrderedSet::PercentileDisc {
            let place = (fraction * count as f64).ceil().max(1.0) - 1.0;
            return Ok(at(place).clone());
        }
        let place = fraction * (count.max(1) - 1) as f64;
        let part = place - place.floor();
        match (at(place.floor()), at(place.ceil())) {
            (low, _) if part == 0.0 => Ok(low.clone()),
            (Value::Float8(low), Value::Float8(high)) => {
                Ok(Value::Float8(low + (high - low) * part))
            }
            (Value::Interval(low), Value::Interval(high)) => {
                let way = high.subtract(*low)?.multiply(part)?;
                Ok(Value::Interval(way.add(*low)?))
            }
            _ => Err(Error::misuse("percentile_cont is of floats and intervals")),
        }
    }

    /// The value that comes most often, of several the first.
    fn mode(&self) -> Value {
        let mut best: (usize, &Value) = (0, &Value::Null);
        for run in self.values.chunk_by(|a, b| a.total_cmp(b).is_eq()) {
            if run.len() > best.0 {
                best = (run.len(), &run[0]);
            }
        }
        best.1.clone()
    }
}
