//! `corr`, `covar_pop`, `regr_slope` and their like, of pairs (y, x) of DOUBLE PRECISION, by the recurrence of
//! [`super::variance`].

use super::accumulator::{State, argument, copy, grow};
use crate::Result;
use crate::exec::eval::arithmetic::overflow;
use crate::sql::bound::Regression;
use crate::types::SqlType;
use crate::types::Value;
use crate::types::array::ColumnBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, ArrayRef};

/// Count, sums, and sums of the products of the distances from the means.
#[derive(Clone, Copy, Default)]
struct Moments {
    count: f64,
    x: f64,
    y: f64,
    xx: f64,
    yy: f64,
    xy: f64,
}

impl Moments {
    /// Errors: `22003`.
    fn add(&mut self, y: f64, x: f64) -> Result<()> {
        let before = *self;
        self.count += 1.0;
        self.x += x;
        self.y += y;
        if before.count == 0.0 {
            if !x.is_finite() {
                (self.xx, self.xy) = (f64::NAN, f64::NAN);
            }
            if !y.is_finite() {
                (self.yy, self.xy) = (f64::NAN, f64::NAN);
            }
            return Ok(());
        }
        let (to_x, to_y) = (x * self.count - self.x, y * self.count - self.y);
        let scale = 1.0 / (self.count * before.count);
        self.xx += to_x * to_x * scale;
        self.yy += to_y * to_y * scale;
        self.xy += to_x * to_y * scale;
        let finite_x = !before.x.is_infinite() && !x.is_infinite();
        let finite_y = !before.y.is_infinite() && !y.is_infinite();
        let beyond_x = self.x.is_infinite() || self.xx.is_infinite();
        let beyond_y = self.y.is_infinite() || self.yy.is_infinite();
        if beyond_x && finite_x
            || beyond_y && finite_y
            || self.xy.is_infinite() && finite_x && finite_y
        {
            return Err(overflow());
        }
        for product in [&mut self.xx, &mut self.yy, &mut self.xy] {
            if product.is_infinite() {
                *product = f64::NAN;
            }
        }
        Ok(())
    }

    fn result(&self, function: Regression) -> Value {
        use Regression as R;
        let n = self.count;
        if function == R::Count {
            return Value::Int8(n as i64);
        }
        let least = if function == R::CovarSamp { 2.0 } else { 1.0 };
        if n < least {
            return Value::Null;
        }
        let undefined = match function {
            R::Corr => self.xx == 0.0 || self.yy == 0.0,
            R::R2 | R::Slope | R::Intercept => self.xx == 0.0,
            _ => false,
        };
        if undefined {
            return Value::Null;
        }
        Value::Float8(match function {
            R::Corr => self.xy / (self.xx * self.yy).sqrt(),
            R::CovarPop => self.xy / n,
            R::CovarSamp => self.xy / (n - 1.0),
            R::AvgX => self.x / n,
            R::AvgY => self.y / n,
            R::Sxx => self.xx,
            R::Syy => self.yy,
            R::Sxy => self.xy,
            R::R2 if self.yy == 0.0 => 1.0,
            R::R2 => (self.xy * self.xy) / (self.xx * self.yy),
            R::Slope => self.xy / self.xx,
            R::Intercept => (self.y - self.x * self.xy / self.xx) / n,
            R::Count => n,
        })
    }
}

/// The states of all groups.
pub(super) struct RegressionState {
    function: Regression,
    groups: Vec<Moments>,
}

impl RegressionState {
    /// For one of the functions.
    pub(super) fn new(function: Regression) -> Self {
        Self {
            function,
            groups: Vec::new(),
        }
    }
}

impl State for RegressionState {
    fn update(&mut self, indices: &[u32], groups: usize, arguments: &[ArrayRef]) -> Result<()> {
        grow(&mut self.groups, groups, Moments::default());
        let y = argument(arguments, 0)?.as_primitive::<Float64Type>();
        let x = argument(arguments, 1)?.as_primitive::<Float64Type>();
        for (row, group) in indices.iter().enumerate() {
            if y.is_valid(row) && x.is_valid(row) {
                let group = if groups == 1 { 0 } else { *group as usize };
                self.groups[group].add(y.value(row), x.value(row))?;
            }
        }
        Ok(())
    }

    fn finish(&mut self, groups: usize) -> Result<ArrayRef> {
        let mut states = std::mem::take(&mut self.groups);
        states.resize(groups, Moments::default());
        let sql_type = match self.function {
            Regression::Count => SqlType::Int8,
            _ => SqlType::Float8,
        };
        let mut builder = ColumnBuilder::new(sql_type, groups);
        for state in &states {
            builder.push(&state.result(self.function))?;
        }
        Ok(builder.finish())
    }

    fn fork(&mut self, from: usize, to: usize) {
        copy(&mut self.groups, from, to, Moments::default());
    }

    fn size_bytes(&self) -> usize {
        self.groups.capacity() * size_of::<Moments>()
    }
}
