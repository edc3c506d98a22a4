//! `CTE Scan`, `Recursive Union` and `WorkTable Scan`: queries of WITH that are computed apart.
//!
//! ```text
//!   seed ─▶ rows ─┬─▶ out
//!                 └─▶ working table ─▶ step ─▶ rows ─┬─▶ out
//!                           ▲                        │
//!                           └────────────────────────┘  until a step gives none
//! ```
//!
//! Rows go out as they come, so that a LIMIT above ends a recursion that would not end by itself. Without ALL, a row that
//! came before is dropped, and is not in the working table again.

use crate::error::Result;
use crate::exec::batch::Batch;
use crate::exec::build::build;
use crate::exec::keys::{KeyEncoder, OwnedKey};
use crate::exec::memory::Reservation;
use crate::exec::operator::{BoxOperator, Context, Operator};
use crate::plan::PlanNode;
use arrow_array::BooleanArray;
use foldhash::fast::FixedState;
use hashbrown::HashSet;
use std::rc::Rc;

/// Bytes that a key takes beside its own.
const ENTRY_BYTES: usize = 32;

/// Rows that are kept, batch after batch.
pub(crate) struct KeptRows {
    batches: Rc<Vec<Batch>>,
    next: usize,
}

impl KeptRows {
    /// All of these.
    pub(crate) fn new(batches: Rc<Vec<Batch>>) -> Self {
        Self { batches, next: 0 }
    }
}

impl Operator for KeptRows {
    fn next(&mut self) -> Result<Option<Batch>> {
        let batch = self.batches.get(self.next).cloned();
        self.next += 1;
        Ok(batch)
    }
}

/// Reads a query of WITH; it is run when the first row is asked for, unless it was before.
pub(crate) struct CteScan<'a> {
    pub(crate) context: Context<'a>,
    pub(crate) subplan: usize,
    pub(crate) rows: Option<KeptRows>,
}

impl Operator for CteScan<'_> {
    fn next(&mut self) -> Result<Option<Batch>> {
        if self.rows.is_none() {
            self.rows = Some(KeptRows::new(self.context.cte_rows(self.subplan)?));
        }
        self.rows.as_mut().map_or(Ok(None), KeptRows::next)
    }
}

/// A recursive query.
pub(crate) struct RecursiveUnion<'a> {
    context: Context<'a>,
    step: &'a PlanNode,
    table: usize,
    running: BoxOperator<'a>,
    /// The next working table.
    found: Vec<Batch>,
    found_bytes: usize,
    working_bytes: usize,
    seen: Option<Seen>,
    reservation: Reservation<'a>,
}

/// The rows that came so far.
struct Seen {
    encoder: KeyEncoder,
    keys: HashSet<OwnedKey, FixedState>,
    bytes: usize,
}

impl<'a> RecursiveUnion<'a> {
    /// Of these two terms, with the working table of that number.
    pub(crate) fn new(
        context: Context<'a>,
        seed: &'a PlanNode,
        step: &'a PlanNode,
        all: bool,
        table: usize,
    ) -> Result<Self> {
        let seen = if all {
            None
        } else {
            Some(Seen {
                encoder: KeyEncoder::new(&seed.types)?,
                keys: HashSet::default(),
                bytes: 0,
            })
        };
        Ok(Self {
            running: build(context, seed)?,
            context,
            step,
            table,
            found: Vec::new(),
            found_bytes: 0,
            working_bytes: 0,
            seen,
            reservation: context.memory.reservation("Recursive Union"),
        })
    }

    fn reserve(&mut self) -> Result<()> {
        let seen = self.seen.as_ref().map_or(0, |seen| seen.bytes);
        self.reservation
            .resize(self.found_bytes + self.working_bytes + seen)
    }
}

impl Seen {
    fn new_rows(&mut self, batch: &Batch) -> Result<Batch> {
        let keys = self.encoder.encode(&batch.columns, batch.rows)?;
        let mut keep = Vec::with_capacity(batch.rows);
        for row in 0..batch.rows {
            let key = keys.key(row);
            let count = self.keys.len();
            self.keys.get_or_insert_with(&key, |key| key.into());
            let new = self.keys.len() > count;
            self.bytes += usize::from(new) * (key.size_bytes() + ENTRY_BYTES);
            keep.push(new);
        }
        batch.filter(&BooleanArray::from(keep))
    }
}

impl Operator for RecursiveUnion<'_> {
    fn next(&mut self) -> Result<Option<Batch>> {
        loop {
            if let Some(mut batch) = self.running.next()? {
                if let Some(seen) = &mut self.seen {
                    batch = seen.new_rows(&batch)?;
                }
                if batch.rows == 0 {
                    continue;
                }
                self.found_bytes += batch.size_bytes() + 64;
                self.found.push(batch.clone());
                self.reserve()?;
                return Ok(Some(batch));
            }
            if self.found.is_empty() {
                return Ok(None);
            }
            self.context.interrupt.check()?;
            self.working_bytes = std::mem::take(&mut self.found_bytes);
            self.reserve()?;
            let working = Rc::new(std::mem::take(&mut self.found));
            self.context.memo.set_work_table(self.table, working);
            self.running = build(self.context, self.step)?;
        }
    }
}
