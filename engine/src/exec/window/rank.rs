//! Positions within a partition: `row_number`, `rank` and its like, `ntile`.

use crate::error::{Error, ErrorKind, Result};
use crate::exec::window::chunk::Shape;
use crate::exec::window::operator::Input;
use crate::sql::bound::WindowFunction;
use arrow_array::builder::Int32Builder;
use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{Array, ArrayRef, Float64Array, Int64Array};
use std::sync::Arc;

/// The positions of all rows, as `function` counts them.
pub(super) fn rank(function: WindowFunction, shape: &Shape) -> ArrayRef {
    let mut numbers: Vec<i64> = Vec::new();
    let mut fractions: Vec<f64> = Vec::new();
    for partition in shape.partitions() {
        let (first, rows) = (partition.rows.start, partition.rows.len());
        for row in partition.rows {
            let peers = shape.peers(row);
            let before = peers.start - first;
            match function {
                WindowFunction::RowNumber => numbers.push((row - first + 1) as i64),
                WindowFunction::Rank => numbers.push((before + 1) as i64),
                WindowFunction::DenseRank => {
                    numbers.push((shape.group(row) - partition.groups.start + 1) as i64);
                }
                WindowFunction::CumeDist => {
                    fractions.push((peers.end - first) as f64 / rows as f64);
                }
                _ if rows > 1 => fractions.push(before as f64 / (rows - 1) as f64),
                _ => fractions.push(0.0),
            }
        }
    }
    match function {
        WindowFunction::CumeDist | WindowFunction::PercentRank => {
            Arc::new(Float64Array::from(fractions))
        }
        _ => Arc::new(Int64Array::from(numbers)),
    }
}

/// The bucket of each row. A partition has the number of buckets that its first row says for which it is not NULL.
pub(super) fn ntile(input: &Input<'_, '_>) -> Result<ArrayRef> {
    let Some(buckets) = input.argument(0)? else {
        return Err(Error::misuse("ntile without its argument"));
    };
    let buckets = buckets.as_primitive::<Int32Type>();
    let mut builder = Int32Builder::with_capacity(buckets.len());
    for partition in input.chunk.shape.partitions() {
        let total = partition.rows.len() as i64;
        let mut row = partition.rows.start;
        while row < partition.rows.end && buckets.is_null(row) {
            builder.append_null();
            row += 1;
        }
        if row == partition.rows.end {
            continue;
        }
        let count = i64::from(buckets.value(row));
        if count <= 0 {
            return Err(Error::new(
                ErrorKind::Data,
                "22014",
                "argument of ntile must be greater than zero",
            ));
        }
        // The first `larger` buckets have a row more than the others.
        let (size, larger) = (total / count, total % count);
        for place in 0..(partition.rows.end - row) as i64 {
            let in_larger = larger * (size + 1);
            let bucket = if place < in_larger {
                place / (size + 1)
            } else {
                larger + (place - in_larger) / size.max(1)
            };
            builder.append_value((bucket + 1) as i32);
        }
    }
    Ok(Arc::new(builder.finish()))
}
