//! Distances of frames, and the keys between which RANGE measures them.

use crate::error::{Error, Result};
use crate::types::array::sixteen;
use crate::types::{Decimal, Interval, SqlType, Value, Zone, midnight, numeric};
use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type, TimestampMicrosecondType,
};
use arrow_array::{Array, ArrayRef};
use arrow_buffer::NullBuffer;
use std::ops::Range;

/// A distance from a row.
pub(super) enum Distance {
    Integer(i64),
    Float(f64),
    Numeric(Decimal),
    Interval(Interval),
}

impl Distance {
    pub(super) fn new(value: &Value) -> Result<Self> {
        Ok(match value {
            Value::Int8(v) => Self::Integer(*v),
            Value::Float8(v) => Self::Float(*v),
            Value::Numeric(v) => Self::Numeric(Decimal::from(v)),
            Value::Interval(v) => Self::Interval(*v),
            other => return Err(Error::misuse(format!("{other} is no distance"))),
        })
    }

    /// Whether it is less than nothing, or no number.
    pub(super) fn is_negative(&self) -> bool {
        match self {
            Self::Integer(v) => *v < 0,
            Self::Float(v) => *v < 0.0 || v.is_nan(),
            Self::Numeric(v) => v.is_negative(),
            Self::Interval(v) => v.span() < 0,
        }
    }

    /// As a number of rows or groups.
    pub(super) fn count(&self) -> usize {
        match self {
            Self::Integer(v) => usize::try_from(*v).unwrap_or(usize::MAX),
            Self::Float(_) | Self::Numeric(_) | Self::Interval(_) => 0,
        }
    }
}

/// The keys of the rows of a chunk.
pub(super) struct RangeKeys {
    keys: Keys,
    nulls: Option<NullBuffer>,
    descending: bool,
    /// Whose clocks say how long a day is.
    zone: Zone,
}

enum Keys {
    Integer(Vec<i64>),
    Float(Vec<f64>),
    Numeric(Vec<Decimal>),
    /// Timestamps, and the midnights of dates.
    Stamp(Vec<i64>),
    /// Spans of intervals.
    Span(Vec<i128>),
}

impl RangeKeys {
    /// The keys in `column`, of a session in `zone`.
    pub(super) fn new(
        column: &ArrayRef,
        sql_type: SqlType,
        descending: bool,
        zone: Zone,
    ) -> Result<Self> {
        let keys = match sql_type {
            SqlType::Int2 => Keys::Integer(
                column
                    .as_primitive::<Int16Type>()
                    .values()
                    .iter()
                    .map(|v| i64::from(*v))
                    .collect(),
            ),
            SqlType::Int4 => Keys::Integer(
                column
                    .as_primitive::<Int32Type>()
                    .values()
                    .iter()
                    .map(|v| i64::from(*v))
                    .collect(),
            ),
            SqlType::Int8 => Keys::Integer(column.as_primitive::<Int64Type>().values().to_vec()),
            SqlType::Float4 => Keys::Float(
                column
                    .as_primitive::<Float32Type>()
                    .values()
                    .iter()
                    .map(|v| f64::from(*v))
                    .collect(),
            ),
            SqlType::Float8 => Keys::Float(column.as_primitive::<Float64Type>().values().to_vec()),
            SqlType::Numeric(_) => {
                let decode = |value: Option<&[u8]>| match value {
                    Some(bytes) => numeric::decode_decimal(bytes),
                    None => Ok(Decimal::ZERO),
                };
                let values = column.as_binary::<i32>().iter();
                Keys::Numeric(values.map(decode).collect::<Result<_>>()?)
            }
            SqlType::Date => {
                let days = column.as_primitive::<Date32Type>().iter();
                let midnights = days.map(|day| midnight(day.unwrap_or(0)));
                Keys::Stamp(midnights.collect::<Result<_>>()?)
            }
            SqlType::Timestamp(_) | SqlType::TimestampTz(_) => {
                let stamps = column.as_primitive::<TimestampMicrosecondType>();
                Keys::Stamp(stamps.values().to_vec())
            }
            SqlType::Interval(_) => {
                let values = column.as_fixed_size_binary().iter();
                let span = |value: Option<&[u8]>| {
                    value.map_or(0, |bytes| Interval::from_bytes(sixteen(bytes)).span())
                };
                Keys::Span(values.map(span).collect())
            }
            other => return Err(Error::misuse(format!("a range over {other}"))),
        };
        Ok(Self {
            keys,
            nulls: column.logical_nulls(),
            descending,
            zone: zone.of_type(sql_type),
        })
    }

    /// Which of `rows`, those of a partition, have a key that is not NULL: they follow each other.
    pub(super) fn known(&self, rows: &Range<usize>) -> Range<usize> {
        let Some(nulls) = &self.nulls else {
            return rows.clone();
        };
        let valid = |row: &usize| nulls.is_valid(*row);
        let first = rows.clone().find(valid).unwrap_or(rows.end);
        let end = rows.clone().rev().find(valid).map_or(first, |row| row + 1);
        first..end
    }

    /// Of the rows `known`, the first one that is not before the bound (or, at the end of a frame, that is behind it).
    pub(super) fn bound(
        &self,
        row: usize,
        known: &Range<usize>,
        distance: &Distance,
        preceding: bool,
        starts: bool,
    ) -> usize {
        // Down from the key for what precedes it, in the direction of the order.
        let down = preceding != self.descending;
        let less = starts == self.descending;
        let (mut low, mut high) = (known.start, known.end);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.is_within(middle, row, distance, down, less) != starts {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// Whether the key of `other` is at most (or, unless `less`, at least) that of `row` less (or, unless `down`, plus)
    /// `distance`.
    fn is_within(
        &self,
        other: usize,
        row: usize,
        distance: &Distance,
        down: bool,
        less: bool,
    ) -> bool {
        match (&self.keys, distance) {
            (Keys::Integer(keys), Distance::Integer(distance)) => {
                let distance = i128::from(*distance);
                let base = i128::from(keys[row]);
                let bound = if down {
                    base - distance
                } else {
                    base + distance
                };
                let key = i128::from(keys[other]);
                if less { key <= bound } else { key >= bound }
            }
            (Keys::Float(keys), Distance::Float(distance)) => {
                float_is_within(keys[other], keys[row], *distance, down, less)
            }
            (Keys::Numeric(keys), Distance::Numeric(distance)) => {
                let bound = if down {
                    keys[row].subtract(distance)
                } else {
                    keys[row].add(distance)
                };
                match bound {
                    Ok(bound) if less => keys[other] <= bound,
                    Ok(bound) => keys[other] >= bound,
                    // Beyond every number, at the side that was gone to.
                    Err(_) => less != down,
                }
            }
            (Keys::Stamp(keys), Distance::Interval(distance)) => {
                let by = if down {
                    distance.negate()
                } else {
                    Ok(*distance)
                };
                match by.and_then(|by| self.zone.after(keys[row], by)) {
                    Ok(bound) if less => keys[other] <= bound,
                    Ok(bound) => keys[other] >= bound,
                    Err(_) => less != down,
                }
            }
            (Keys::Span(keys), Distance::Interval(distance)) => {
                let bound = if down {
                    keys[row] - distance.span()
                } else {
                    keys[row] + distance.span()
                };
                if less {
                    keys[other] <= bound
                } else {
                    keys[other] >= bound
                }
            }
            // The binder gives both one type.
            _ => false,
        }
    }
}

/// NaN is greater than every number, and at any distance from itself.
fn float_is_within(key: f64, base: f64, distance: f64, down: bool, less: bool) -> bool {
    match (key.is_nan(), base.is_nan()) {
        (true, true) => return true,
        (true, false) => return !less,
        (false, true) => return less,
        (false, false) => {}
    }
    let endless = distance.is_infinite() && base.is_infinite();
    if endless && (base > 0.0) == down {
        return true;
    }
    let bound = if down {
        base - distance
    } else {
        base + distance
    };
    if less { key <= bound } else { key >= bound }
}
