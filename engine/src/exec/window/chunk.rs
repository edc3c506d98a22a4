//! Whole partitions of the input, one behind the other.

use crate::error::Result;
use crate::exec::batch::Batch;
use crate::exec::keys::{KeyEncoder, OwnedKey};
use crate::exec::memory::Reservation;
use crate::exec::operator::BoxOperator;
use crate::types::SqlType;
use std::ops::Range;

/// Rows of whole partitions.
pub(super) struct Chunk {
    pub(super) rows: Batch,
    pub(super) shape: Shape,
}

/// Where the partitions of a chunk and their groups of peers begin.
pub(super) struct Shape {
    /// The first row of each partition, then the number of rows.
    partitions: Vec<usize>,
    /// The first row of each group of peers, then the number of rows.
    groups: Vec<usize>,
    /// The group of each row.
    group_of: Vec<u32>,
}

/// One partition of a chunk.
pub(super) struct Partition {
    /// Its rows.
    pub(super) rows: Range<usize>,
    /// Its groups of peers.
    pub(super) groups: Range<usize>,
}

/// Reads the input until whole partitions are there.
pub(super) struct Gatherer<'a> {
    input: BoxOperator<'a>,
    types: &'a [SqlType],
    partition_by: &'a [usize],
    /// Rows that are read at least, if there are so many.
    rows_min: usize,
    encoder: KeyEncoder,
    /// Read and not given yet.
    held: Vec<Batch>,
    rows: usize,
    /// Where partitions begin in what is held.
    starts: Vec<usize>,
    /// The key of the last partition that began.
    key: Option<OwnedKey>,
    done: bool,
}

impl<'a> Gatherer<'a> {
    pub(super) fn new(
        input: BoxOperator<'a>,
        types: &'a [SqlType],
        partition_by: &'a [usize],
        rows_min: usize,
    ) -> Result<Self> {
        let key_types: Vec<SqlType> = partition_by.iter().map(|c| types[*c]).collect();
        Ok(Self {
            input,
            types,
            partition_by,
            rows_min,
            encoder: KeyEncoder::new(&key_types)?,
            held: Vec::new(),
            rows: 0,
            starts: Vec::new(),
            key: None,
            done: false,
        })
    }

    /// The rows of the next partitions and where each begins; `None` at the end. What is held is counted in
    /// `reservation`.
    pub(super) fn next(
        &mut self,
        reservation: &mut Reservation<'_>,
    ) -> Result<Option<(Batch, Vec<usize>)>> {
        let held: usize = self.held.iter().map(Batch::size_bytes).sum();
        reservation.resize(held)?;
        while !self.done && (self.rows < self.rows_min || self.starts.len() < 2) {
            match self.input.next()? {
                Some(batch) => {
                    reservation.grow(batch.size_bytes())?;
                    self.add(batch)?;
                }
                None => self.done = true,
            }
        }
        let end = match self.starts.last() {
            None => return Ok(None),
            Some(_) if self.done => self.rows,
            Some(last) => *last,
        };
        let mut starts = std::mem::take(&mut self.starts);
        if !self.done {
            starts.pop();
            self.starts.push(0);
        }
        let mut whole = Vec::new();
        let mut before = 0;
        for batch in std::mem::take(&mut self.held) {
            let cut = end.saturating_sub(before).min(batch.rows);
            before += batch.rows;
            if cut > 0 {
                whole.push(batch.slice(0, cut));
            }
            if cut < batch.rows {
                self.held.push(batch.slice(cut, batch.rows - cut));
            }
        }
        self.rows -= end;
        reservation.grow(whole.iter().map(Batch::size_bytes).sum())?;
        Ok(Some((Batch::concat(&whole, self.types)?, starts)))
    }

    fn add(&mut self, batch: Batch) -> Result<()> {
        let columns: Vec<_> = self
            .partition_by
            .iter()
            .map(|c| batch.columns[*c].clone())
            .collect();
        let keys = self.encoder.encode(&columns, batch.rows)?;
        for row in 0..batch.rows {
            let key = keys.key(row);
            if self.key.as_ref().is_none_or(|last| *last != key) {
                self.key = Some(OwnedKey::from(&key));
                self.starts.push(self.rows + row);
            }
        }
        self.rows += batch.rows;
        self.held.push(batch);
        Ok(())
    }
}

impl Shape {
    /// Of `rows`, whose partitions begin at `starts`, and whose peers have equal values in `columns` of `types`.
    pub(super) fn new(
        rows: &Batch,
        mut partitions: Vec<usize>,
        columns: &[usize],
        encoder: &KeyEncoder,
    ) -> Result<Self> {
        partitions.push(rows.rows);
        let columns: Vec<_> = columns.iter().map(|c| rows.columns[*c].clone()).collect();
        let keys = encoder.encode(&columns, rows.rows)?;
        let mut groups = Vec::new();
        let mut group_of = Vec::with_capacity(rows.rows);
        let mut next_partition = 0;
        for row in 0..rows.rows {
            if partitions[next_partition] == row {
                next_partition += 1;
                groups.push(row);
            } else if keys.key(row) != keys.key(row - 1) {
                groups.push(row);
            }
            group_of.push(groups.len() as u32 - 1);
        }
        groups.push(rows.rows);
        Ok(Self {
            partitions,
            groups,
            group_of,
        })
    }

    /// How many rows there are.
    pub(super) fn rows(&self) -> usize {
        self.group_of.len()
    }

    /// The partitions.
    pub(super) fn partitions(&self) -> impl Iterator<Item = Partition> {
        self.partitions.windows(2).map(|ends| Partition {
            rows: ends[0]..ends[1],
            groups: self.group(ends[0])..self.group(ends[1] - 1) + 1,
        })
    }

    /// The group of peers of a row.
    pub(super) fn group(&self, row: usize) -> usize {
        self.group_of[row] as usize
    }

    /// The rows of a group of peers.
    pub(super) fn group_rows(&self, group: usize) -> Range<usize> {
        self.groups[group]..self.groups[group + 1]
    }

    /// A row with its peers.
    pub(super) fn peers(&self, row: usize) -> Range<usize> {
        self.group_rows(self.group(row))
    }
}
