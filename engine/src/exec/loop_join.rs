//! `NestedLoop`: every left row meets every right row.

use crate::error::Result;
use crate::exec::batch::{BATCH_ROWS, Batch};
use crate::exec::memory::Reservation;
use crate::exec::operator::{BoxOperator, Context, Operator, collect};
use crate::sql::bound::{Expr, JoinKind};
use crate::types::SqlType;
use crate::types::array::null_array;
use arrow_array::UInt32Array;

/// Tries every pair.
pub(crate) struct NestedLoop<'a> {
    context: Context<'a>,
    left: BoxOperator<'a>,
    right: BoxOperator<'a>,
    right_types: &'a [SqlType],
    kind: JoinKind,
    on: Option<&'a Expr>,
    inner: Option<Batch>,
    outer: Option<Outer>,
    reservation: Reservation<'a>,
}

/// A left batch on its way.
struct Outer {
    rows: Batch,
    row: usize,
    /// First inner row that the current left row has not met.
    inner: usize,
    matched: Vec<bool>,
}

impl<'a> NestedLoop<'a> {
    /// Joins `left` and `right`, whose columns are of `right_types`.
    pub(crate) fn new(
        context: Context<'a>,
        (left, right): (BoxOperator<'a>, BoxOperator<'a>),
        right_types: &'a [SqlType],
        kind: JoinKind,
        on: Option<&'a Expr>,
    ) -> Self {
        Self {
            reservation: context.memory.reservation("Nested Loop"),
            context,
            left,
            right,
            right_types,
            kind,
            on,
            inner: None,
            outer: None,
        }
    }

    /// The next pairs of the left batch, before ON: positions left and right.
    fn pairs(outer: &mut Outer, inner_rows: usize) -> (Vec<u32>, Vec<u32>) {
        let (mut left, mut right) = (Vec::new(), Vec::new());
        while outer.row < outer.rows.rows && left.len() < BATCH_ROWS {
            let room = BATCH_ROWS - left.len();
            let end = inner_rows.min(outer.inner + room);
            for row in outer.inner..end {
                left.push(outer.row as u32);
                right.push(row as u32);
            }
            if end == inner_rows {
                outer.row += 1;
                outer.inner = 0;
            } else {
                outer.inner = end;
            }
        }
        (left, right)
    }

    fn step(&self, outer: &mut Outer, inner: &Batch) -> Result<Batch> {
        self.context.interrupt.check()?;
        let (left, right) = Self::pairs(outer, inner.rows);
        let left = UInt32Array::from(left);
        let joined = outer
            .rows
            .take(&left)?
            .beside(inner.take(&UInt32Array::from(right))?);
        let Some(on) = self.on else {
            left.values()
                .iter()
                .for_each(|row| outer.matched[*row as usize] = true);
            return Ok(joined);
        };
        if joined.rows == 0 {
            return Ok(joined);
        }
        let keep = self.context.predicate(on, &joined)?;
        for (row, keep) in left.values().iter().zip(keep.iter()) {
            outer.matched[*row as usize] |= keep == Some(true);
        }
        joined.filter(&keep)
    }
}

impl Operator for NestedLoop<'_> {
    fn next(&mut self) -> Result<Option<Batch>> {
        let inner = match self.inner.take() {
            Some(inner) => inner,
            None => {
                let batches = collect(&mut *self.right, &mut self.reservation)?;
                Batch::concat(&batches, self.right_types)?
            }
        };
        let result = loop {
            let Some(mut outer) = self.outer.take() else {
                match self.left.next()? {
                    None => break None,
                    Some(rows) => {
                        self.outer = Some(Outer {
                            matched: vec![false; rows.rows],
                            rows,
                            row: 0,
                            inner: 0,
                        });
                    }
                }
                continue;
            };
            if outer.row < outer.rows.rows {
                let joined = self.step(&mut outer, &inner)?;
                self.outer = Some(outer);
                if joined.rows > 0 {
                    break Some(joined);
                }
                continue;
            }
            if self.kind == JoinKind::Left
                && let Some(rest) = without_partner(&outer.rows, &outer.matched, self.right_types)?
            {
                break Some(rest);
            }
        };
        self.inner = Some(inner);
        Ok(result)
    }
}

/// The left rows without a partner, with NULLs at the right.
pub(crate) fn without_partner(
    rows: &Batch,
    matched: &[bool],
    right_types: &[SqlType],
) -> Result<Option<Batch>> {
    let left: Vec<u32> = (0..rows.rows as u32)
        .filter(|row| !matched[*row as usize])
        .collect();
    if left.is_empty() {
        return Ok(None);
    }
    let count = left.len();
    let nulls = right_types.iter().map(|t| null_array(*t, count)).collect();
    let left = rows.take(&UInt32Array::from(left))?;
    Ok(Some(left.beside(Batch::new(nulls, count))))
}
