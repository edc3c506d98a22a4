//! `NestedLoop`: every left row meets every right row. Of a full join, the right rows that no left row was a partner of
//! come at the end.

use crate::error::Result;
use crate::exec::batch::Batch;
use crate::exec::memory::Reservation;
use crate::exec::operator::{BoxOperator, Context, Operator, collect};
use crate::sql::bound::{Expr, JoinKind};
use crate::types::SqlType;
use crate::types::array::null_array;
use arrow_array::{Array, UInt32Array};

/// Tries every pair.
pub(crate) struct NestedLoop<'a> {
    context: Context<'a>,
    left: BoxOperator<'a>,
    right: BoxOperator<'a>,
    left_types: &'a [SqlType],
    right_types: &'a [SqlType],
    kind: JoinKind,
    on: Option<&'a Expr>,
    inner: Option<Inner>,
    outer: Option<Outer>,
    reservation: Reservation<'a>,
}

/// The right side.
struct Inner {
    rows: Batch,
    /// Which have had a partner; `None` when nobody asks.
    matched: Option<Vec<bool>>,
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
    /// Joins `left` and `right`, whose columns are of these types.
    pub(crate) fn new(
        context: Context<'a>,
        (left, right): (BoxOperator<'a>, BoxOperator<'a>),
        (left_types, right_types): (&'a [SqlType], &'a [SqlType]),
        kind: JoinKind,
        on: Option<&'a Expr>,
    ) -> Self {
        Self {
            reservation: context.memory.reservation("Nested Loop"),
            context,
            left,
            right,
            left_types,
            right_types,
            kind,
            on,
            inner: None,
            outer: None,
        }
    }

    /// The next pairs of the left batch, at most `pairs_max`, before ON: positions left and right.
    fn pairs(outer: &mut Outer, inner_rows: usize, pairs_max: usize) -> (Vec<u32>, Vec<u32>) {
        let (mut left, mut right) = (Vec::new(), Vec::new());
        while outer.row < outer.rows.rows && left.len() < pairs_max {
            let room = pairs_max - left.len();
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

    fn step(&self, outer: &mut Outer, inner: &mut Inner) -> Result<Batch> {
        self.context.interrupt.check()?;
        let (left, right) = Self::pairs(outer, inner.rows.rows, self.context.batch_rows);
        let (left, right) = (UInt32Array::from(left), UInt32Array::from(right));
        let joined = outer.rows.take(&left)?.beside(inner.rows.take(&right)?);
        if joined.rows == 0 {
            return Ok(joined);
        }
        let keep = match self.on {
            Some(on) => Some(self.context.predicate(on, &joined)?),
            None => None,
        };
        for (i, (l, r)) in left.values().iter().zip(right.values()).enumerate() {
            let kept = keep.as_ref().is_none_or(|k| k.is_valid(i) && k.value(i));
            outer.matched[*l as usize] |= kept;
            if let Some(matched) = &mut inner.matched {
                matched[*r as usize] |= kept;
            }
        }
        match keep {
            Some(keep) => joined.filter(&keep),
            None => Ok(joined),
        }
    }

    fn collect_inner(&mut self) -> Result<Inner> {
        let batches = collect(&mut *self.right, &mut self.reservation)?;
        let rows = Batch::concat(&batches, self.right_types)?;
        let matched = (self.kind == JoinKind::Full).then(|| vec![false; rows.rows]);
        Ok(Inner { rows, matched })
    }
}

impl Operator for NestedLoop<'_> {
    fn next(&mut self) -> Result<Option<Batch>> {
        let mut inner = match self.inner.take() {
            Some(inner) => inner,
            None => self.collect_inner()?,
        };
        let result = loop {
            let Some(mut outer) = self.outer.take() else {
                match self.left.next()? {
                    None => break inner.rest(self.left_types)?,
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
                let joined = self.step(&mut outer, &mut inner)?;
                self.outer = Some(outer);
                if joined.rows > 0 {
                    break Some(joined);
                }
                continue;
            }
            if self.kind != JoinKind::Inner
                && let Some(rest) = without_partner(&outer.rows, &outer.matched, self.right_types)?
            {
                break Some(rest);
            }
        };
        self.inner = Some(inner);
        Ok(result)
    }
}

impl Inner {
    /// Once, at the end: the rows of a full join without a partner, beside NULLs of `left_types`.
    fn rest(&mut self, left_types: &[SqlType]) -> Result<Option<Batch>> {
        let Some(matched) = &mut self.matched else {
            return Ok(None);
        };
        let rows: Vec<u32> = (0..self.rows.rows as u32)
            .filter(|row| !std::mem::replace(&mut matched[*row as usize], true))
            .collect();
        if rows.is_empty() {
            return Ok(None);
        }
        let count = rows.len();
        let right = self.rows.take(&UInt32Array::from(rows))?;
        Ok(Some(nulls(left_types, count).beside(right)))
    }
}

/// Rows of NULLs.
pub(crate) fn nulls(types: &[SqlType], count: usize) -> Batch {
    let columns = types.iter().map(|t| null_array(*t, count)).collect();
    Batch::new(columns, count)
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
    let left = rows.take(&UInt32Array::from(left))?;
    Ok(Some(left.beside(nulls(right_types, count))))
}
