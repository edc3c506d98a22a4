//! Aggregates over frames that move, by a tree of partial results: `min`, `max`, and exact sums of NUMERIC.
//!
//! ```text
//!            1..8               nodes[i] is made of nodes[2i] and nodes[2i + 1]; the rows are the leaves.
//!       1..4      5..8          A frame is put together of at most two nodes of each height.
//!     1,2  3,4  5,6  7,8
//! ```

use crate::error::Result;
use crate::exec::eval::aggregate::numeric_sums as finish_sums;
use crate::exec::keys::KeyEncoder;
use crate::exec::memory::Reservation;
use crate::exec::window::aggregate::Argued;
use crate::exec::window::frame::Frames;
use crate::sql::bound::AggregateFunction;
use crate::types::{Decimal, SqlType, numeric};
use arrow_array::ArrayRef;
use arrow_array::cast::AsArray;
use std::cmp::Ordering;

/// Partial results; `None` is that of no row.
struct Tree<T> {
    nodes: Vec<Option<T>>,
    leaves: usize,
}

impl<T: Clone> Tree<T> {
    fn new(leaves: Vec<Option<T>>, combine: &dyn Fn(&T, &T) -> Result<T>) -> Result<Self> {
        let count = leaves.len();
        let mut nodes = vec![None; count];
        nodes.extend(leaves);
        let mut tree = Self {
            nodes,
            leaves: count,
        };
        for node in (1..count).rev() {
            let both = (&tree.nodes[2 * node], &tree.nodes[2 * node + 1]);
            tree.nodes[node] = joined(both.0, both.1, combine)?;
        }
        Ok(tree)
    }

    /// The result over the frame of a row. `combine` must not ask for an order of its operands.
    fn over(
        &self,
        frames: &Frames<'_>,
        row: usize,
        combine: &dyn Fn(&T, &T) -> Result<T>,
    ) -> Result<Option<T>> {
        let mut result = None;
        for part in frames.parts(row) {
            let (mut low, mut high) = (part.start + self.leaves, part.end + self.leaves);
            while low < high {
                if low % 2 == 1 {
                    result = joined(&result, &self.nodes[low], combine)?;
                    low += 1;
                }
                if high % 2 == 1 {
                    high -= 1;
                    result = joined(&result, &self.nodes[high], combine)?;
                }
                low /= 2;
                high /= 2;
            }
        }
        Ok(result)
    }
}

fn joined<T: Clone>(
    left: &Option<T>,
    right: &Option<T>,
    combine: &dyn Fn(&T, &T) -> Result<T>,
) -> Result<Option<T>> {
    Ok(match (left, right) {
        (Some(left), Some(right)) => Some(combine(left, right)?),
        (Some(one), None) | (None, Some(one)) => Some(one.clone()),
        (None, None) => None,
    })
}

/// `min` and `max`: of equal numbers and intervals, which may look different, the last.
pub(super) fn extremes(
    argued: &Argued,
    frames: &Frames<'_>,
    reservation: &mut Reservation<'_>,
) -> Result<ArrayRef> {
    let values = &argued.arguments.columns[0];
    let rows = argued.arguments.rows;
    let encoder = KeyEncoder::new(&[argued.argument_type()])?;
    let keys = encoder.encode(&argued.arguments.columns[..1], rows)?;
    reservation.grow(argued.arguments.size_bytes() * 2 + rows * 32)?;
    let greatest = argued.call.function == AggregateFunction::Max;
    let last = matches!(
        argued.argument_type(),
        SqlType::Numeric(_) | SqlType::Interval(_)
    );
    let better = |left: &u32, right: &u32| {
        let (first, second) = (*left.min(right), *left.max(right));
        let order = keys.key(second as usize).cmp(&keys.key(first as usize));
        let wins = match order {
            Ordering::Equal => last,
            Ordering::Greater => greatest,
            Ordering::Less => !greatest,
        };
        Ok(if wins { second } else { first })
    };
    let counted = argued.counted().into_iter().enumerate();
    let leaves = counted.map(|(row, counted)| counted.then_some(row as u32));
    let tree = Tree::new(leaves.collect(), &better)?;
    let mut sources = Vec::with_capacity(rows);
    for row in 0..rows {
        let found = tree.over(frames, row, &better)?;
        sources.push(found.map(|row| row as usize));
    }
    super::value::taken(values, argued.argument_type(), &sources, reservation)
}

/// `sum` and `avg` of NUMERIC. The scale of a sum is the greatest of its rows, so that it is the same in any order.
pub(super) fn numeric_sums(
    argued: &Argued,
    frames: &Frames<'_>,
    reservation: &mut Reservation<'_>,
) -> Result<ArrayRef> {
    let rows = argued.arguments.rows;
    reservation.grow(rows * 2 * size_of::<Option<(Decimal, i64)>>())?;
    let values = argued.arguments.columns[0].as_binary::<i32>();
    let mut leaves = Vec::with_capacity(rows);
    for (row, counted) in argued.counted().into_iter().enumerate() {
        leaves.push(match counted {
            true => Some((numeric::decode_decimal(values.value(row))?, 1i64)),
            false => None,
        });
    }
    let add = |left: &(Decimal, i64), right: &(Decimal, i64)| {
        Ok((left.0.add(&right.0)?, left.1 + right.1))
    };
    let tree = Tree::new(leaves, &add)?;
    let sums = (0..rows).map(|row| tree.over(frames, row, &add));
    let average = argued.call.function == AggregateFunction::Avg;
    finish_sums(average, rows, sums)
}
