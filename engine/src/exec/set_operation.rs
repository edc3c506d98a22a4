//! `Append`, and `HashSetOp` for INTERSECT and EXCEPT.
//!
//! ```text
//!   right rows ─▶ key bytes ─▶ count          left row ─▶ key bytes ─▶ count ─▶ keep it or not, change the count
//! ```
//!
//! Only the keys of the right side are held; left rows come out in their own order. UNION without ALL is `Distinct` over
//! an `Append`. Right and left rows are one input, the right ones first, with a column that says which they are.

use crate::error::Result;
use crate::exec::batch::Batch;
use crate::exec::keys::{Key, KeyEncoder};
use crate::exec::operator::{BoxOperator, Context, Operator};
use crate::exec::spill::{Hashing, KeyTable, Partitions, Pass};
use crate::plan::SetOpKind;
use crate::planted::{Mistake, makes};
use crate::types::SqlType;
use arrow_array::BooleanArray;
use arrow_array::cast::AsArray;
use std::rc::Rc;
use std::sync::Arc;

/// The rows of one input after the other.
pub(crate) struct Append<'a> {
    inputs: std::vec::IntoIter<BoxOperator<'a>>,
    current: Option<BoxOperator<'a>>,
}

impl<'a> Append<'a> {
    /// Of these.
    pub(crate) fn new(inputs: Vec<BoxOperator<'a>>) -> Self {
        let mut inputs = inputs.into_iter();
        Self {
            current: inputs.next(),
            inputs,
        }
    }
}

impl Operator for Append<'_> {
    fn next(&mut self) -> Result<Option<Batch>> {
        while let Some(input) = &mut self.current {
            if let Some(batch) = input.next()? {
                return Ok(Some(batch));
            }
            // What the input held is given back before the next one begins.
            self.current = None;
            self.current = self.inputs.next();
        }
        Ok(None)
    }
}

/// Right rows, then left rows, each with a column behind its own that says whether it is a left one.
pub(crate) struct Sides<'a> {
    /// Until it was read.
    right: Option<BoxOperator<'a>>,
    left: BoxOperator<'a>,
}

impl<'a> Sides<'a> {
    /// Of the left and the right side.
    pub(crate) fn new(left: BoxOperator<'a>, right: BoxOperator<'a>) -> Self {
        Self {
            right: Some(right),
            left,
        }
    }
}

fn with_side(mut batch: Batch, is_left: bool) -> Batch {
    let side = BooleanArray::from(vec![is_left; batch.rows]);
    batch.columns.push(Arc::new(side));
    batch
}

impl Operator for Sides<'_> {
    fn next(&mut self) -> Result<Option<Batch>> {
        if let Some(right) = &mut self.right {
            if let Some(batch) = right.next()? {
                return Ok(Some(with_side(batch, false)));
            }
            // What it held is given back before the left side begins.
            self.right = None;
        }
        Ok(self.left.next()?.map(|batch| with_side(batch, true)))
    }
}

/// The rows of the left side that have an equal on the right, or that have none.
pub(crate) struct SetOp<'a> {
    context: Context<'a>,
    types: &'a [SqlType],
    encoder: Rc<KeyEncoder>,
    kind: SetOpKind,
    all: bool,
}

/// How often each row may still be matched, in one pass.
pub(crate) struct Counts<'a> {
    kind: SetOpKind,
    all: bool,
    encoder: Rc<KeyEncoder>,
    width: usize,
    table: KeyTable<'a>,
    /// By the numbers of the keys.
    counts: Vec<u64>,
}

/// What becomes of a row.
#[derive(PartialEq)]
enum Fate {
    Given,
    Dropped,
    /// There is no room for its key: a partition decides.
    Later,
}

impl<'a> SetOp<'a> {
    /// Of rows of `types` from [`Sides`].
    pub(crate) fn new(
        context: Context<'a>,
        types: &'a [SqlType],
        kind: SetOpKind,
        all: bool,
    ) -> Result<Self> {
        Ok(Self {
            context,
            types,
            encoder: Rc::new(KeyEncoder::new(types)?),
            kind,
            all,
        })
    }
}

impl<'a> Hashing<'a> for SetOp<'a> {
    type Pass = Counts<'a>;

    fn row_types(&self) -> Vec<SqlType> {
        self.types.iter().copied().chain([SqlType::Bool]).collect()
    }

    fn result_types(&self) -> Vec<SqlType> {
        self.types.to_vec()
    }

    fn rows(&mut self, input: Batch) -> Result<Batch> {
        Ok(input)
    }

    fn begin(&self, depth: u32) -> Result<Counts<'a>> {
        Ok(Counts {
            kind: self.kind,
            all: self.all,
            encoder: self.encoder.clone(),
            width: self.types.len(),
            table: KeyTable::new(&self.context, "HashSetOp", depth),
            counts: Vec::new(),
        })
    }
}

impl Counts<'_> {
    /// Counts a row of the right side.
    fn add(&mut self, key: Key<'_>) -> Result<Fate> {
        let Some(number) = self.table.number(key)? else {
            return Ok(Fate::Later);
        };
        match self.counts.get_mut(number as usize) {
            Some(count) => *count += 1,
            None => self.counts.push(1),
        }
        Ok(Fate::Dropped)
    }

    /// What becomes of the next left row, whose key this is.
    fn decide(&mut self, key: Key<'_>) -> Result<Fate> {
        let number = self.table.find(key);
        let count = number.and_then(|n| self.counts.get_mut(n as usize));
        let matched = match (count, self.kind, self.all) {
            // Each right row is matched by one left row.
            (Some(count), _, true) => {
                let left = *count > 0;
                *count = count.saturating_sub(1);
                left
            }
            // The first of equal rows matches all of the right.
            (Some(count), SetOpKind::Intersect, false) => {
                match makes(Mistake::IntersectKeepsDuplicates) {
                    true => *count > 0,
                    false => std::mem::take(count) > 0,
                }
            }
            (Some(_), SetOpKind::Except, false) => true,
            // Its right rows, if there are any, are in a partition.
            (None, ..) if self.table.is_closed() => return Ok(Fate::Later),
            // Later equals are duplicates of this one.
            (None, SetOpKind::Except, false) => match self.add(key)? {
                Fate::Later => return Ok(Fate::Later),
                _ => false,
            },
            (None, ..) => false,
        };
        Ok(match matched == (self.kind == SetOpKind::Intersect) {
            true => Fate::Given,
            false => Fate::Dropped,
        })
    }
}

impl<'a> Pass<'a> for Counts<'a> {
    fn push(&mut self, rows: &Batch, partitions: &mut Partitions<'a>) -> Result<Option<Batch>> {
        let keys = self
            .encoder
            .encode(&rows.columns[..self.width], rows.rows)?;
        let is_left = rows.columns[self.width].as_boolean();
        let mut keep = Vec::with_capacity(rows.rows);
        let mut others = Vec::new();
        for row in 0..rows.rows {
            let fate = match is_left.value(row) {
                true => self.decide(keys.key(row))?,
                false => self.add(keys.key(row))?,
            };
            if fate == Fate::Later {
                others.push(row as u32);
            }
            keep.push(fate == Fate::Given);
        }
        partitions.push(rows, &keys, &others)?;
        if !keep.contains(&true) {
            return Ok(None);
        }
        let mut given = rows.filter(&BooleanArray::from(keep))?;
        given.columns.remove(self.width);
        Ok(Some(given))
    }

    fn finish(&mut self) -> Result<Option<Batch>> {
        Ok(None)
    }
}
