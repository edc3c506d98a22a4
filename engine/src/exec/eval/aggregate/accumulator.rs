//! The interface of aggregates, and which one computes a call.

use super::array_agg::ArrayAgg;
use super::bits::Bits;
use super::boolean::BoolState;
use super::count::{Count, CountStar};
use super::distinct::Distinct;
use super::extreme::{FloatExtreme, PrimitiveExtreme};
use super::extreme_bytes::BytesExtreme;
use super::interval::{IntervalExtreme, IntervalSum};
use super::json_agg::JsonAgg;
use super::ordered::Ordered;
use super::percentile::Percentile;
use super::regression::RegressionState;
use super::string_agg::StringAgg;
use super::sum_float::FloatSum;
use super::sum_integer::IntegerSum;
use super::sum_numeric::NumericSum;
use super::variance::{FloatSpread, NumericSpread};
use crate::exec::eval::operand::kernel_error;
use crate::exec::eval::selection::true_rows;
use crate::sql::bound::{AggregateCall, AggregateFunction};
use crate::types::{ElementType, SqlType, Zone};
use crate::{Error, Result};
use arrow_array::types::{
    Date32Type, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type, Time64MicrosecondType,
    TimestampMicrosecondType,
};
use arrow_array::{ArrayRef, BooleanArray};
use arrow_select::filter::FilterBuilder;
use std::borrow::Cow;

/// A running aggregate, with a state for each group.
pub trait Accumulator {
    /// Takes in the rows of a batch. `group_indices` has the group of each row, all below `groups`, the number of groups
    /// so far; with a single group only its length is looked at. `arguments` are the values of the call's arguments, and
    /// rows for which `filter` is not true are left out.
    ///
    /// Errors: `22003` for overflow, `54000` for a text beyond 1 GiB.
    fn update(
        &mut self,
        group_indices: &[u32],
        groups: usize,
        arguments: &[ArrayRef],
        filter: Option<&BooleanArray>,
    ) -> Result<()>;

    /// The results of the first `groups` groups, those without rows included; the states are used up. Errors: `22003`.
    fn finish(&mut self, groups: usize) -> Result<ArrayRef>;

    /// Group `to`, a new one, begins with the state of `from`. Errors: not for DISTINCT.
    fn fork(&mut self, from: u32, to: u32) -> Result<()>;

    /// Bytes that the states take, about.
    fn size_bytes(&self) -> usize;
}

/// States of an aggregate that sees neither FILTER nor DISTINCT.
pub(super) trait State {
    /// Takes in all rows; `indices` as in [`Accumulator::update`].
    fn update(&mut self, indices: &[u32], groups: usize, arguments: &[ArrayRef]) -> Result<()>;
    fn finish(&mut self, groups: usize) -> Result<ArrayRef>;
    /// As [`Accumulator::fork`].
    fn fork(&mut self, from: usize, to: usize);
    fn size_bytes(&self) -> usize;
}

/// The accumulator of a call, for a session in `zone`. Errors: `0A000` for a type that the aggregate does not take.
pub fn accumulator(call: &AggregateCall, zone: Zone) -> Result<Box<dyn Accumulator>> {
    use AggregateFunction as F;
    let types: Vec<SqlType> = call.arguments.iter().map(|a| a.sql_type).collect();
    let first = types.first().copied().unwrap_or(SqlType::Unknown);
    let state: Box<dyn State> = match call.function {
        F::CountStar => Box::new(CountStar::default()),
        F::Count => Box::new(Count::default()),
        F::Sum | F::Avg => sum(call.function == F::Avg, first, call.sql_type)?,
        F::Min | F::Max => extreme(call.function == F::Max, first)?,
        F::BoolAnd | F::BoolOr => Box::new(BoolState::new(call.function == F::BoolAnd)),
        F::StringAgg => Box::new(StringAgg::default()),
        F::JsonAgg | F::JsonObjectAgg => {
            let own = types[..types.len() - call.order_by.len()].to_vec();
            Box::new(JsonAgg::new(own, call.sql_type, zone))
        }
        F::Bits(operator) => Box::new(Bits::new(operator, first)),
        F::Spread(spread) if first.is_float() => Box::new(FloatSpread::new(spread, first)),
        F::Spread(spread) => Box::new(NumericSpread::new(spread, first)),
        F::Regression(function) => Box::new(RegressionState::new(function)),
        F::OrderedSet(function) => Box::new(Percentile::new(function, first)),
        F::ArrayAgg => {
            let element = ElementType::new(first);
            Box::new(ArrayAgg::new(element.ok_or_else(|| {
                Error::unsupported("an array of several dimensions")
            })?))
        }
    };
    // For these a value that comes twice changes nothing, and no order does.
    let idempotent = matches!(call.function, F::Min | F::Max | F::BoolAnd | F::BoolOr);
    let mut own = types;
    let keys = own.split_off(own.len() - call.order_by.len());
    let skips_nulls = !matches!(call.function, F::ArrayAgg | F::JsonAgg);
    let distinct = (call.distinct && !idempotent).then(|| Distinct::new(own, skips_nulls));
    let is_ordered = !keys.is_empty() && !idempotent;
    let state = match is_ordered {
        true => Box::new(Ordered::new(state, keys, call.order_by.clone())),
        false => state,
    };
    Ok(Box::new(Filtered {
        state,
        distinct,
        is_ordered,
    }))
}

fn sum(average: bool, argument: SqlType, result: SqlType) -> Result<Box<dyn State>> {
    Ok(match argument {
        SqlType::Int2 | SqlType::Int4 | SqlType::Int8 => {
            Box::new(IntegerSum::new(argument, average, result))
        }
        SqlType::Float4 if !average => Box::new(FloatSum::<Float32Type>::new(false)),
        SqlType::Float4 => Box::new(FloatSum::<Float64Type>::of_reals(true)),
        SqlType::Float8 => Box::new(FloatSum::<Float64Type>::new(average)),
        SqlType::Numeric(_) => Box::new(NumericSum::new(average)),
        SqlType::Interval(_) => Box::new(IntervalSum::new(average)),
        other => return Err(Error::unsupported(format!("a sum of {other}"))),
    })
}

fn extreme(greatest: bool, argument: SqlType) -> Result<Box<dyn State>> {
    Ok(match argument {
        SqlType::Int2 => Box::new(PrimitiveExtreme::<Int16Type>::new(greatest)),
        SqlType::Int4 => Box::new(PrimitiveExtreme::<Int32Type>::new(greatest)),
        SqlType::Int8 | SqlType::Enum(_) => Box::new(PrimitiveExtreme::<Int64Type>::new(greatest)),
        SqlType::Date => Box::new(PrimitiveExtreme::<Date32Type>::new(greatest)),
        SqlType::Timestamp(_) | SqlType::TimestampTz(_) => {
            Box::new(PrimitiveExtreme::<TimestampMicrosecondType>::new(greatest))
        }
        SqlType::Time(_) => Box::new(PrimitiveExtreme::<Time64MicrosecondType>::new(greatest)),
        SqlType::Interval(_) => Box::new(IntervalExtreme::new(greatest)),
        SqlType::Uuid | SqlType::Json | SqlType::Jsonb | SqlType::Array(_) => {
            return Err(Error::unsupported(format!("min and max of {argument}")));
        }
        SqlType::Float4 => Box::new(FloatExtreme::<Float32Type>::new(greatest)),
        SqlType::Float8 => Box::new(FloatExtreme::<Float64Type>::new(greatest)),
        SqlType::Bool => return Err(Error::unsupported("min and max of boolean")),
        SqlType::Bytes => return Err(Error::unsupported("min and max of bytea")),
        _ => Box::new(BytesExtreme::new(argument, greatest)),
    })
}

/// Leaves out the rows that FILTER and DISTINCT leave out.
struct Filtered {
    state: Box<dyn State>,
    distinct: Option<Distinct>,
    is_ordered: bool,
}

impl Accumulator for Filtered {
    fn update(
        &mut self,
        group_indices: &[u32],
        groups: usize,
        arguments: &[ArrayRef],
        filter: Option<&BooleanArray>,
    ) -> Result<()> {
        let mut indices = Cow::Borrowed(group_indices);
        let mut arguments = Cow::Borrowed(arguments);
        if let Some(filter) = filter {
            select(&mut indices, &mut arguments, &true_rows(filter))?;
        }
        if let Some(distinct) = &mut self.distinct {
            let new = distinct.first_seen(&indices, groups, &arguments)?;
            select(&mut indices, &mut arguments, &new)?;
        }
        self.state.update(&indices, groups, &arguments)
    }

    fn finish(&mut self, groups: usize) -> Result<ArrayRef> {
        self.state.finish(groups)
    }

    fn fork(&mut self, from: u32, to: u32) -> Result<()> {
        if self.distinct.is_some() || self.is_ordered {
            return Err(Error::misuse(
                "DISTINCT or ORDER BY over a frame that grows",
            ));
        }
        self.state.fork(from as usize, to as usize);
        Ok(())
    }

    fn size_bytes(&self) -> usize {
        self.state.size_bytes() + self.distinct.as_ref().map_or(0, Distinct::size_bytes)
    }
}

fn select(
    indices: &mut Cow<'_, [u32]>,
    arguments: &mut Cow<'_, [ArrayRef]>,
    mask: &BooleanArray,
) -> Result<()> {
    if mask.true_count() == indices.len() {
        return Ok(());
    }
    let kept = mask
        .values()
        .set_indices()
        .map(|row| indices[row])
        .collect();
    let filter = FilterBuilder::new(mask).optimize().build();
    let columns = arguments
        .iter()
        .map(|column| filter.filter(column).map_err(kernel_error))
        .collect::<Result<Vec<_>>>()?;
    *indices = Cow::Owned(kept);
    *arguments = Cow::Owned(columns);
    Ok(())
}

/// The argument at `position`.
pub(super) fn argument(arguments: &[ArrayRef], position: usize) -> Result<&ArrayRef> {
    arguments
        .get(position)
        .ok_or_else(|| Error::misuse("an aggregate without one of its arguments"))
}

/// The state of `to` becomes that of `from`.
pub(super) fn copy<T: Clone>(states: &mut Vec<T>, from: usize, to: usize, empty: T) {
    grow(states, to + 1, empty);
    states[to] = states[from].clone();
}

/// A state for each of at least `groups` groups.
pub(super) fn grow<T: Clone>(states: &mut Vec<T>, groups: usize, empty: T) {
    if states.len() < groups {
        states.resize(groups, empty);
    }
}
