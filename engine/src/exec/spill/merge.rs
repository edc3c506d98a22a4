//! Merging sorted runs.
//!
//! ```text
//!   run 0   2 5 5 9 ┐
//!   run 1   1 5 7   ├─▶ heap of their first rows ─▶ 1 2 5 5 5 7 8 9      equal rows: the earlier run first
//!   run 2   8       ┘
//! ```
//!
//! More runs than [`FAN_IN_MAX`] are first merged to fewer: neighbours, so that equal rows stay in their order. Knuth, "The
//! Art of Computer Programming", volume 3, 5.4.1.

use super::order::{KeyOrder, Sorted};
use super::run::{PIECE_BYTES, Run, RunReader, RunWriter};
use crate::error::Result;
use crate::exec::batch::{Batch, arrow};
use crate::exec::memory::Reservation;
use crate::exec::operator::Context;
use crate::types::SqlType;
use arrow_array::Array;
use arrow_select::interleave::interleave;
use std::cmp::Ordering;
use std::sync::Arc;

/// Runs that are merged at once at the least, whatever memory there is, and at the most.
const FAN_IN_MIN: usize = 4;
const FAN_IN_MAX: usize = 64;

/// What reading a run takes: a block, a batch, and its keys.
const SOURCE_BYTES: usize = 4 * PIECE_BYTES;

/// Bytes of a batch that a merge gives, about.
const OUTPUT_BYTES: usize = 1 << 20;

/// Runs merged to one stream.
pub(crate) struct Merge<'a> {
    context: Context<'a>,
    order: Arc<KeyOrder>,
    sources: Vec<RunReader<'a>>,
    heads: Vec<Head>,
    /// Sources that have rows, a heap with the least first row at its top.
    heap: Vec<usize>,
    /// Rows that are still wanted.
    left: usize,
    /// Counts the batches given.
    given: u64,
}

/// Where a source is.
struct Head {
    sorted: Sorted,
    row: usize,
    /// The batch that its rows were last picked for, and their place among its inputs.
    picked: Option<(u64, usize)>,
    row_bytes: usize,
}

impl Head {
    fn of(sorted: Sorted) -> Self {
        Self {
            row: 0,
            picked: None,
            row_bytes: sorted.batch.size_bytes() / sorted.batch.rows.max(1),
            sorted,
        }
    }
}

impl<'a> Merge<'a> {
    /// Of `sources`, each in `order`; it gives at most `rows_max` rows.
    pub(crate) fn new(
        context: Context<'a>,
        order: Arc<KeyOrder>,
        sources: Vec<RunReader<'a>>,
        rows_max: usize,
    ) -> Result<Self> {
        let mut heads = Vec::with_capacity(sources.len());
        let mut with_rows = Vec::with_capacity(sources.len());
        for mut source in sources {
            if let Some(batch) = source.next()? {
                heads.push(Head::of(order.in_order(batch)?));
                with_rows.push(source);
            }
        }
        let mut merge = Self {
            context,
            order,
            sources: with_rows,
            heap: (0..heads.len()).collect(),
            heads,
            left: rows_max,
            given: 0,
        };
        for at in (0..merge.heap.len() / 2).rev() {
            merge.sift_down(at);
        }
        Ok(merge)
    }

    /// The next rows, never zero of them. Errors: those of reading, `57014`.
    pub(crate) fn next(&mut self) -> Result<Option<Batch>> {
        self.context.interrupt.check()?;
        if self.left == 0 || self.heap.is_empty() {
            return Ok(None);
        }
        if let [only] = *self.heap {
            return self.rest_of(only).map(Some);
        }
        let mut inputs: Vec<Batch> = Vec::new();
        let mut picks: Vec<(usize, usize)> = Vec::new();
        let mut bytes = 0;
        let rows_max = self.context.batch_rows.min(self.left);
        while picks.len() < rows_max && bytes < OUTPUT_BYTES {
            let Some(source) = self.heap.first().copied() else {
                break;
            };
            let head = &mut self.heads[source];
            let place = match head.picked {
                Some((batch, place)) if batch == self.given => place,
                _ => {
                    inputs.push(head.sorted.batch.clone());
                    head.picked = Some((self.given, inputs.len() - 1));
                    inputs.len() - 1
                }
            };
            picks.push((place, head.row));
            bytes += head.row_bytes;
            head.row += 1;
            self.settle(source)?;
        }
        self.given += 1;
        self.left -= picks.len();
        picked(&inputs, &picks).map(Some)
    }

    /// All that the batch of the only source still has.
    fn rest_of(&mut self, source: usize) -> Result<Batch> {
        let head = &mut self.heads[source];
        let length = (head.sorted.batch.rows - head.row)
            .min(self.left)
            .min(self.context.batch_rows);
        let batch = head.sorted.batch.slice(head.row, length);
        head.row += length;
        self.left -= length;
        self.settle(source)?;
        Ok(batch)
    }

    /// The source at the top of the heap has moved on.
    fn settle(&mut self, source: usize) -> Result<()> {
        let head = &mut self.heads[source];
        if head.row == head.sorted.batch.rows {
            match self.sources[source].next()? {
                Some(batch) => *head = Head::of(self.order.in_order(batch)?),
                None => {
                    self.heap.swap_remove(0);
                }
            }
        }
        self.sift_down(0);
        Ok(())
    }

    fn sift_down(&mut self, mut at: usize) {
        loop {
            let mut least = at;
            for child in [2 * at + 1, 2 * at + 2] {
                if child < self.heap.len() && self.is_before(self.heap[child], self.heap[least]) {
                    least = child;
                }
            }
            if least == at {
                return;
            }
            self.heap.swap(at, least);
            at = least;
        }
    }

    fn is_before(&self, a: usize, b: usize) -> bool {
        let (one, other) = (&self.heads[a], &self.heads[b]);
        let order = one
            .sorted
            .keys
            .row(one.row)
            .cmp(&other.sorted.keys.row(other.row));
        order.then(a.cmp(&b)) == Ordering::Less
    }

    /// All of it as a run of `types`.
    pub(crate) fn write(mut self, types: Arc<[SqlType]>) -> Result<Run<'a>> {
        let mut writer = RunWriter::new(self.context.temp, types);
        while let Some(batch) = self.next()? {
            writer.push(&batch)?;
        }
        writer.finish()
    }
}

/// The rows of `inputs` that `picks` names: input, row.
fn picked(inputs: &[Batch], picks: &[(usize, usize)]) -> Result<Batch> {
    let width = inputs.first().map_or(0, |b| b.columns.len());
    let columns = (0..width)
        .map(|column| {
            let arrays: Vec<&dyn Array> =
                inputs.iter().map(|b| b.columns[column].as_ref()).collect();
            interleave(&arrays, picks).map_err(arrow)
        })
        .collect::<Result<_>>()?;
    Ok(Batch::new(columns, picks.len()))
}

/// How many runs are merged at once: as many as there is memory for, which `reservation` then holds, and at least a few.
fn fan_in(context: &Context<'_>, runs: usize, reservation: &mut Reservation<'_>) -> usize {
    let fits = context.memory.limit_bytes() / SOURCE_BYTES;
    let mut fan_in = fits.min(runs).min(FAN_IN_MAX);
    while fan_in > FAN_IN_MIN && !reservation.try_resize(fan_in * SOURCE_BYTES) {
        fan_in /= 2;
    }
    fan_in.max(FAN_IN_MIN)
}

/// Sorted runs, merged to so few that the rest is done at once. No more than `rows_max` rows are kept. Errors: those of
/// the runs.
pub(crate) fn merge_runs<'a>(
    context: Context<'a>,
    order: &Arc<KeyOrder>,
    mut runs: Vec<Run<'a>>,
    types: &Arc<[SqlType]>,
    rows_max: usize,
    reservation: &mut Reservation<'a>,
) -> Result<Merge<'a>> {
    let fan_in = fan_in(&context, runs.len(), reservation);
    while runs.len() > fan_in {
        let mut fewer = Vec::with_capacity(runs.len().div_ceil(fan_in));
        let mut rest = runs.into_iter();
        loop {
            let some: Vec<_> = (&mut rest).take(fan_in).map(Run::read).collect();
            if some.is_empty() {
                break;
            }
            let merge = Merge::new(context, order.clone(), some, rows_max)?;
            fewer.push(merge.write(types.clone())?);
        }
        runs = fewer;
    }
    let sources = runs.into_iter().map(Run::read).collect();
    Merge::new(context, order.clone(), sources, rows_max)
}

/// Merges runs whose last column, of the last of `types`, is the number that their rows are sorted by. Of equal numbers,
/// the rows of the earlier run come first.
pub(crate) fn merge_by_number<'a>(
    context: Context<'a>,
    runs: Vec<Run<'a>>,
    types: &Arc<[SqlType]>,
    reservation: &mut Reservation<'a>,
) -> Result<Merge<'a>> {
    let order = Arc::new(KeyOrder::by_last(types)?);
    merge_runs(context, &order, runs, types, usize::MAX, reservation)
}
