//! Rows by the hash of their key, each partition a run.
//!
//! ```text
//!   rows, numbered ─▶ hash(key, seed of the depth) ─▶ 16 runs
//! ```
//!
//! Equal keys meet in one partition, there in the order in which they came. A partition that is too large is partitioned
//! again one deeper, where the seed is another. Shapiro, "Join processing in database systems with large main memories",
//! TODS 11(3), 1986.

use super::run::{Run, RunWriter};
use super::temp::BLOCK_BYTES;
use crate::error::{Error, Result};
use crate::exec::batch::Batch;
use crate::exec::keys::Keys;
use crate::exec::memory::Reservation;
use crate::exec::operator::Context;
use crate::planted::{Mistake, makes};
use crate::types::SqlType;
use arrow_array::{Int64Array, UInt32Array};
use foldhash::fast::FixedState;
use std::sync::Arc;

/// Into how many partitions rows go at once.
const PARTITIONS: usize = 16;

/// How often rows are partitioned before it is given up: 16⁶ partitions are enough for all keys that differ.
pub(crate) const DEPTH_MAX: u32 = 6;

/// The type of the number of a row.
const NUMBER: SqlType = SqlType::Int8;

/// Rows on their way to partitions.
pub(crate) struct Partitions<'a> {
    context: Context<'a>,
    types: Arc<[SqlType]>,
    hasher: FixedState,
    /// None before the first row.
    writers: Vec<Option<RunWriter<'a>>>,
    /// What the next row that has none gets as its number.
    next_number: i64,
    /// What the writers hold.
    reservation: Reservation<'a>,
}

impl<'a> Partitions<'a> {
    /// Of rows of `types`, at a depth from 0 on.
    pub(crate) fn new(context: Context<'a>, types: Arc<[SqlType]>, depth: u32) -> Self {
        Self {
            reservation: context.memory.reservation("partitions"),
            context,
            types,
            // Away from the seed of the hash tables, whose keys would else all share some bits of their hash.
            hasher: FixedState::with_seed(0x5b11 + u64::from(depth)),
            writers: Vec::new(),
            next_number: 0,
        }
    }

    /// Whether it has rows.
    pub(crate) fn is_used(&self) -> bool {
        !self.writers.is_empty()
    }

    /// `batch` with a last column that counts the rows, if it has none yet.
    pub(crate) fn numbered(&mut self, mut batch: Batch) -> Batch {
        if batch.columns.len() < self.types.len() {
            let first = self.next_number;
            self.next_number += batch.rows as i64;
            let numbers = Int64Array::from_iter_values(first..self.next_number);
            batch.columns.push(Arc::new(numbers));
        }
        batch
    }

    /// Adds those of `batch` that `rows` says, in order; the keys of all are `keys`. Errors: those of the runs.
    pub(crate) fn push(&mut self, batch: &Batch, keys: &Keys, rows: &[u32]) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        if self.writers.is_empty() {
            self.writers.resize_with(PARTITIONS, || None);
            // As much as there is room for: without its buffers nothing could be spilled.
            let _ = self.reservation.try_grow(PARTITIONS * BLOCK_BYTES);
        }
        let mut chosen: Vec<Vec<u32>> = vec![Vec::new(); PARTITIONS];
        for row in rows {
            let hash = keys.key(*row as usize).hash_with(&self.hasher);
            chosen[hash as usize % PARTITIONS].push(*row);
        }
        let batch = self.numbered(batch.clone());
        for (writer, rows) in self.writers.iter_mut().zip(chosen) {
            if rows.is_empty() {
                continue;
            }
            let (temp, types) = (self.context.temp, &self.types);
            let writer = writer.get_or_insert_with(|| RunWriter::new(temp, types.clone()));
            writer.push(&batch.take(&UInt32Array::from(rows))?)?;
        }
        Ok(())
    }

    /// The partitions, `None` for one without rows.
    pub(crate) fn finish(self) -> Result<Vec<Option<Run<'a>>>> {
        let runs = self.writers.into_iter();
        let runs = runs.map(|writer| writer.map(RunWriter::finish).transpose());
        let mut runs: Vec<Option<Run<'a>>> = runs.collect::<Result<_>>()?;
        if makes(Mistake::PartitionForgotten)
            && let Some(first) = runs.first_mut()
        {
            *first = None;
        }
        Ok(runs)
    }
}

/// `types`, and that of the number.
pub(crate) fn with_number(types: &[SqlType]) -> Arc<[SqlType]> {
    types.iter().copied().chain([NUMBER]).collect()
}

/// `batch` without its last column.
pub(crate) fn without_number(mut batch: Batch) -> Result<Batch> {
    match batch.columns.pop() {
        Some(_) => Ok(batch),
        None => Err(Error::misuse("EXEC-13: a numbered row has its number")),
    }
}
