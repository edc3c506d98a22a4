//! `Append`, and `HashSetOp` for INTERSECT and EXCEPT.
//!
//! ```text
//!   right rows ─▶ key bytes ─▶ count          left row ─▶ key bytes ─▶ count ─▶ keep it or not, change the count
//! ```
//!
//! Only the keys of the right side are held; left rows come out in their own order. UNION without ALL is `Distinct` over
//! an `Append`.

use crate::error::Result;
use crate::exec::batch::Batch;
use crate::exec::keys::KeyEncoder;
use crate::exec::memory::Reservation;
use crate::exec::operator::{BoxOperator, Context, Operator};
use crate::plan::SetOpKind;
use crate::planted::{Mistake, makes};
use crate::types::SqlType;
use arrow_array::BooleanArray;
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use hashbrown::hash_map::EntryRef;

/// Bytes that a key takes beside its own.
const ENTRY_BYTES: usize = 40;

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

/// The rows of the left side that have an equal on the right, or that have none.
pub(crate) struct SetOp<'a> {
    left: BoxOperator<'a>,
    /// Until it was read.
    right: Option<BoxOperator<'a>>,
    counts: Counts<'a>,
}

/// How often each row may still be matched.
struct Counts<'a> {
    kind: SetOpKind,
    all: bool,
    encoder: KeyEncoder,
    counts: HashMap<Vec<u8>, u64, FixedState>,
    reservation: Reservation<'a>,
}

impl<'a> SetOp<'a> {
    /// Of the left and the right side, both of `types`.
    pub(crate) fn new(
        context: Context<'a>,
        (left, right): (BoxOperator<'a>, BoxOperator<'a>),
        types: &[SqlType],
        kind: SetOpKind,
        all: bool,
    ) -> Result<Self> {
        Ok(Self {
            left,
            right: Some(right),
            counts: Counts {
                kind,
                all,
                encoder: KeyEncoder::new(types)?,
                counts: HashMap::default(),
                reservation: context.memory.reservation("HashSetOp"),
            },
        })
    }
}

impl Counts<'_> {
    /// Counts the rows of the right side.
    fn count(&mut self, batch: &Batch) -> Result<()> {
        let keys = self.encoder.encode(&batch.columns, batch.rows)?;
        for row in 0..batch.rows {
            self.add(keys.key(row))?;
        }
        Ok(())
    }

    fn add(&mut self, key: &[u8]) -> Result<()> {
        match self.counts.entry_ref(key) {
            EntryRef::Occupied(mut entry) => *entry.get_mut() += 1,
            EntryRef::Vacant(entry) => {
                self.reservation.grow(key.len() + ENTRY_BYTES)?;
                entry.insert(1);
            }
        }
        Ok(())
    }

    /// Whether the next left row, whose key this is, stays.
    fn keep(&mut self, key: &[u8]) -> Result<bool> {
        let matched = match (self.counts.get_mut(key), self.kind, self.all) {
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
            // Later equals are duplicates of this one.
            (None, SetOpKind::Except, false) => {
                self.add(key)?;
                false
            }
            (None, ..) => false,
        };
        Ok(matched == (self.kind == SetOpKind::Intersect))
    }
}

impl Operator for SetOp<'_> {
    fn next(&mut self) -> Result<Option<Batch>> {
        if let Some(mut right) = self.right.take() {
            while let Some(batch) = right.next()? {
                self.counts.count(&batch)?;
            }
        }
        while let Some(batch) = self.left.next()? {
            let keys = self.counts.encoder.encode(&batch.columns, batch.rows)?;
            let mut keep = Vec::with_capacity(batch.rows);
            for row in 0..batch.rows {
                keep.push(self.counts.keep(keys.key(row))?);
            }
            let batch = batch.filter(&BooleanArray::from(keep))?;
            if batch.rows > 0 {
                return Ok(Some(batch));
            }
        }
        Ok(None)
    }
}
