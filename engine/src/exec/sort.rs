//! `Sort`: all rows in order, or with a limit the first ones only (Top-N).
//!
//! ```text
//!   rows ─▶ gathered ─┬─ the end ──▶ sort ─────────────────────────────▶ rows in order
//!                     └─ no memory ─▶ sort ─▶ run, run, … ─▶ merge ────▶ rows in order
//! ```
//!
//! Rows are gathered as batches; their sort keys are encoded by `arrow-row`, whose bytes compare like the keys. Equal
//! keys stay in the order in which they came. With a limit, whatever has no chance is dropped each time that the number
//! of rows held has grown to a multiple of the limit, and from then on each row that comes after all of those by its first
//! column.

use crate::error::Result;
use crate::exec::batch::Batch;
use crate::exec::memory::Reservation;
use crate::exec::operator::{BoxOperator, Context, Operator};
use crate::exec::spill::{Cutoff, InOrder, KeyOrder, Merge, Run, RunWriter, merge_runs};
use crate::planted::{Mistake, makes};
use crate::sql::bound::OrderKey;
use crate::types::SqlType;
use std::sync::Arc;

/// A multiple of the limit that is held before it is cut back.
const HELD_FACTOR: usize = 4;

/// Bytes that are sorted at once at the most: columns of texts have a limit.
const SORTED_BYTES_MAX: usize = 1 << 30;

/// Bytes beside its values that a row takes: its key's frame, and its place in the order.
const ROW_BYTES: usize = 16;

/// Sorts its input.
pub(crate) struct Sort<'a> {
    /// Until it was read.
    input: Option<BoxOperator<'a>>,
    gathering: Gathering<'a>,
    skip: usize,
    output: Option<Output<'a>>,
}

/// The rows in order.
enum Output<'a> {
    Held(InOrder),
    Spilled(Box<Merge<'a>>),
}

/// The rows while they come.
struct Gathering<'a> {
    context: Context<'a>,
    types: Arc<[SqlType]>,
    order: Arc<KeyOrder>,
    /// Rows that are wanted, the skipped ones included.
    keep: usize,
    /// What no longer has a chance, once as many rows as are wanted were in order.
    cutoff: Option<Cutoff>,
    /// What is held.
    batches: Vec<Batch>,
    rows: usize,
    bytes: usize,
    runs: Vec<Run<'a>>,
    reservation: Reservation<'a>,
}

impl<'a> Sort<'a> {
    /// Of rows of `types`; `skip` and `limit` are OFFSET and LIMIT.
    pub(crate) fn new(
        context: Context<'a>,
        input: BoxOperator<'a>,
        types: &[SqlType],
        keys: &[OrderKey],
        (skip, limit): (usize, usize),
    ) -> Result<Self> {
        Ok(Self {
            input: Some(input),
            gathering: Gathering {
                context,
                types: types.into(),
                order: Arc::new(KeyOrder::new(keys, types)?),
                keep: if limit == 0 || makes(Mistake::TopNForgetsSkip) {
                    limit
                } else {
                    skip.saturating_add(limit)
                },
                cutoff: None,
                batches: Vec::new(),
                rows: 0,
                bytes: 0,
                runs: Vec::new(),
                reservation: context.memory.reservation("Sort"),
            },
            skip,
            output: None,
        })
    }

    fn run(&mut self) -> Result<Output<'a>> {
        if let Some(mut input) = self.input.take()
            && self.gathering.keep > 0
        {
            while let Some(batch) = input.next()? {
                self.gathering.push(batch)?;
            }
        }
        self.gathering.finish()
    }
}

/// What sorting a batch takes: its rows, about as much again for their keys, and their order.
fn sorting_bytes(batch: &Batch) -> usize {
    batch.size_bytes() * 2 + batch.rows * ROW_BYTES
}

impl<'a> Gathering<'a> {
    fn push(&mut self, mut batch: Batch) -> Result<()> {
        if let Some(cutoff) = &self.cutoff {
            batch = cutoff.apply(&batch)?;
            if batch.rows == 0 {
                return Ok(());
            }
        }
        if !self.has_room(&batch)? {
            // Of many rows only the first few may be wanted.
            if self.keep < batch.rows {
                let sorted = self.order.sort(batch, self.keep, self.context.interrupt)?;
                batch = sorted.rest()?;
            }
            if !self.has_room(&batch)? && !self.make_room(&batch)? {
                let half = batch.rows / 2;
                self.push(batch.slice(0, half))?;
                return self.push(batch.slice(half, batch.rows - half));
            }
        }
        self.rows += batch.rows;
        self.bytes += sorting_bytes(&batch);
        self.batches.push(batch);
        let held_min = self.context.batch_rows.saturating_mul(2);
        let cut_at = self.keep.saturating_mul(HELD_FACTOR).max(held_min);
        if self.rows > cut_at {
            self.cut()?;
        }
        Ok(())
    }

    /// Takes what `batch` needs, perhaps by giving up what has no chance.
    fn has_room(&mut self, batch: &Batch) -> Result<bool> {
        let bytes = sorting_bytes(batch);
        if self.bytes.saturating_add(bytes) > SORTED_BYTES_MAX {
            return Ok(false);
        }
        if self.reservation.try_grow(bytes) {
            return Ok(true);
        }
        if self.rows / 2 < self.keep {
            return Ok(false);
        }
        self.cut()?;
        Ok(self.reservation.try_grow(bytes))
    }

    /// Takes what `batch` needs for it alone; says false when half of it might do.
    fn make_room(&mut self, batch: &Batch) -> Result<bool> {
        self.spill()?;
        match self.reservation.grow(sorting_bytes(batch)) {
            Err(_) if batch.rows > 1 => Ok(false),
            taken => taken.map(|()| true),
        }
    }

    /// What is held, in order; nothing is held then.
    fn sort(&mut self) -> Result<InOrder> {
        (self.rows, self.bytes) = (0, 0);
        let all = Batch::concat(&std::mem::take(&mut self.batches), &self.types)?;
        self.order.sort(all, self.keep, self.context.interrupt)
    }

    /// Keeps the first rows of those that are held.
    fn cut(&mut self) -> Result<()> {
        let best = self.sort()?.rest()?;
        if best.rows == self.keep {
            self.cutoff = self.order.cutoff(&best)?;
        }
        self.rows = best.rows;
        self.bytes = sorting_bytes(&best);
        self.batches.push(best);
        self.reservation.resize(self.bytes)
    }

    /// What is held becomes a run.
    fn spill(&mut self) -> Result<()> {
        if self.rows > 0 {
            let mut sorted = self.sort()?;
            let mut writer = RunWriter::new(self.context.temp, self.types.clone());
            while let Some(batch) = sorted.next(self.context.batch_rows)? {
                writer.push(&batch)?;
            }
            self.runs.push(writer.finish()?);
        }
        self.reservation.resize(0)
    }

    fn finish(&mut self) -> Result<Output<'a>> {
        if self.runs.is_empty() {
            return self.sort().map(Output::Held);
        }
        self.spill()?;
        let runs = std::mem::take(&mut self.runs);
        let (order, types) = (&self.order, &self.types);
        let merge = merge_runs(
            self.context,
            order,
            runs,
            types,
            self.keep,
            &mut self.reservation,
        )?;
        Ok(Output::Spilled(Box::new(merge)))
    }
}

impl Output<'_> {
    fn next(&mut self, rows_max: usize) -> Result<Option<Batch>> {
        match self {
            Self::Held(rows) => rows.next(rows_max),
            Self::Spilled(rows) => rows.next(),
        }
    }
}

impl Operator for Sort<'_> {
    fn next(&mut self) -> Result<Option<Batch>> {
        let mut output = match self.output.take() {
            Some(output) => output,
            None => self.run()?,
        };
        let rows_max = self.gathering.context.batch_rows;
        let mut given = output.next(rows_max)?;
        while let Some(batch) = &given
            && self.skip > 0
        {
            let skipped = self.skip.min(batch.rows);
            self.skip -= skipped;
            given = if skipped < batch.rows {
                Some(batch.slice(skipped, batch.rows - skipped))
            } else {
                output.next(rows_max)?
            };
        }
        self.output = Some(output);
        Ok(given)
    }
}
