//! Both sides on disk, partition by partition: left rows with their number, by which the results are merged.

use super::table::{Join, Table, table_bytes};
use crate::error::Result;
use crate::exec::batch::Batch;
use crate::exec::loop_join::nulls;
use crate::exec::memory::Reservation;
use crate::exec::spill::{
    DEPTH_MAX, Merge, Partitions, Run, RunReader, RunWriter, merge_by_number, with_number,
};
use crate::sql::bound::JoinKind;
use crate::types::SqlType;
use arrow_array::{BooleanArray, Int64Array};
use std::borrow::Borrow;
use std::sync::Arc;

/// Right rows on their way to partitions.
pub(super) struct Partitioned<'j, 'a> {
    join: &'j Join<'a>,
    right: Partitions<'a>,
}

/// Left rows on their way to partitions; those of the right side are there.
pub(super) struct Turned<'j, 'a> {
    join: &'j Join<'a>,
    right: Vec<Option<Run<'a>>>,
    left: Partitions<'a>,
}

/// Rows that may meet each other.
struct Pair<'a> {
    depth: u32,
    left: Option<Run<'a>>,
    right: Option<Run<'a>>,
}

/// Whether left rows meet the whole right side of their partition.
enum LookUp {
    Once,
    /// Part by part; for each left row, whether it has had a partner.
    Parts(Vec<bool>),
}

/// Joins partitions.
struct Joiner<'j, 'a> {
    join: &'j Join<'a>,
    /// Of left rows, and of results, with their number.
    left_types: Arc<[SqlType]>,
    types: Arc<[SqlType]>,
    todo: Vec<Pair<'a>>,
    results: Vec<Run<'a>>,
}

impl<'j, 'a> Partitioned<'j, 'a> {
    pub(super) fn new(join: &'j Join<'a>) -> Self {
        let types = join.parts.right_types.into();
        Self {
            right: Partitions::new(join.context, types, 0),
            join,
        }
    }

    /// Adds rows of the right side. Errors: those of the runs.
    pub(super) fn push_right(&mut self, batch: &Batch) -> Result<()> {
        push_right(self.join, &mut self.right, batch)
    }

    /// All of the right side was added.
    pub(super) fn turn(self) -> Result<Turned<'j, 'a>> {
        let types = with_number(self.join.parts.left_types);
        Ok(Turned {
            left: Partitions::new(self.join.context, types, 0),
            join: self.join,
            right: self.right.finish()?,
        })
    }
}

/// A NULL in its key makes a right row nobody's partner; only a full join wants it.
fn push_right<'a>(join: &Join<'a>, right: &mut Partitions<'a>, batch: &Batch) -> Result<()> {
    let keys = join.keys(join.parts.right_keys, batch)?;
    let is_full = join.parts.kind == JoinKind::Full;
    let rows: Vec<u32> = (0..batch.rows as u32)
        .filter(|row| is_full || !keys.has_null(*row as usize))
        .collect();
    right.push(batch, &keys, &rows)
}

fn push_left<'a>(join: &Join<'a>, left: &mut Partitions<'a>, batch: &Batch) -> Result<()> {
    let keys = join.keys(join.parts.left_keys, batch)?;
    let is_kept = |row: &u32| join.keeps_left() || !keys.has_null(*row as usize);
    let rows: Vec<u32> = (0..batch.rows as u32).filter(is_kept).collect();
    left.push(batch, &keys, &rows)
}

impl<'j, 'a> Turned<'j, 'a> {
    /// Adds rows of the left side. Errors: those of the runs.
    pub(super) fn push_left(&mut self, batch: Batch) -> Result<()> {
        let batch = self.left.numbered(batch);
        push_left(self.join, &mut self.left, &batch)
    }

    /// The results, with a number behind their columns. Errors: those of the runs; `53200` when not even a batch has room.
    pub(super) fn join(self, reservation: &mut Reservation<'a>) -> Result<Merge<'a>> {
        let parts = &self.join.parts;
        let types: Vec<SqlType> = self.join.types();
        let mut joiner = Joiner {
            join: self.join,
            left_types: with_number(parts.left_types),
            types: with_number(&types),
            todo: Vec::new(),
            results: Vec::new(),
        };
        joiner.add(self.left.finish()?, self.right, 1);
        while let Some(pair) = joiner.todo.pop() {
            joiner.join(pair, reservation)?;
        }
        let context = self.join.context;
        merge_by_number(context, joiner.results, &joiner.types, reservation)
    }
}

/// `rows` with the number that comes after all others.
fn numbered_last(mut rows: Batch) -> Batch {
    let numbers = Int64Array::from(vec![i64::MAX; rows.rows]);
    rows.columns.push(Arc::new(numbers));
    rows
}

/// Batches of `reader` as far as there is room, at least one if there is one.
fn gather<'a, R: Borrow<Run<'a>>>(
    reader: &mut RunReader<'a, R>,
    reservation: &mut Reservation<'_>,
) -> Result<Vec<Batch>> {
    reservation.resize(0)?;
    let mut batches = Vec::new();
    while let Some(batch) = reader.next()? {
        let bytes = table_bytes(&batch);
        batches.push(batch);
        if !reservation.try_grow(bytes) {
            if batches.len() == 1 {
                reservation.grow(bytes)?;
            }
            break;
        }
    }
    Ok(batches)
}

impl<'a> Joiner<'_, 'a> {
    /// Pairs of partitions to be joined at that depth. Without left rows there is nothing to do, but in a full join.
    fn add(&mut self, left: Vec<Option<Run<'a>>>, right: Vec<Option<Run<'a>>>, depth: u32) {
        let (mut left, mut right) = (left.into_iter(), right.into_iter());
        // A side that has no row at all has no partitions.
        for _ in 0..left.len().max(right.len()) {
            let (left, right) = (left.next().flatten(), right.next().flatten());
            if left.is_some() || (right.is_some() && self.join.parts.kind == JoinKind::Full) {
                self.todo.push(Pair { depth, left, right });
            }
        }
    }

    fn join(&mut self, pair: Pair<'a>, reservation: &mut Reservation<'a>) -> Result<()> {
        let Pair { depth, left, right } = pair;
        let Some(left) = left else {
            return match right {
                Some(right) => self.right_alone(&right),
                None => Ok(()),
            };
        };
        let Some(right) = right else {
            let table = self.join.table(Vec::new())?;
            return self.look_up(&left, table, &mut LookUp::Once);
        };
        let mut reader = right.reread();
        let mut batches = gather(&mut reader, reservation)?;
        if reader.is_at_end() {
            let table = self.join.table(batches)?;
            return self.look_up(&left, table, &mut LookUp::Once);
        }
        if depth < DEPTH_MAX {
            drop(std::mem::take(&mut batches));
            reservation.resize(0)?;
            if self.partition(&left, &right, depth)? {
                return Ok(());
            }
            reader = right.reread();
            batches = gather(&mut reader, reservation)?;
        }
        // Runs that come earlier win among equal numbers: partners stay in their order.
        let mut matched = LookUp::Parts(vec![false; left.rows() as usize]);
        while !batches.is_empty() {
            let table = self.join.table(batches)?;
            self.look_up(&left, table, &mut matched)?;
            batches = gather(&mut reader, reservation)?;
        }
        self.alone(&left, &matched)
    }

    /// Partitions both sides again; says false, and does nothing, if that makes no smaller parts of the right one.
    fn partition(&mut self, left: &Run<'a>, right: &Run<'a>, depth: u32) -> Result<bool> {
        let context = self.join.context;
        let types = self.join.parts.right_types.into();
        let mut partitions = Partitions::new(context, types, depth);
        let mut reader = right.reread();
        while let Some(batch) = reader.next()? {
            push_right(self.join, &mut partitions, &batch)?;
        }
        let right_parts = partitions.finish()?;
        if right_parts
            .iter()
            .flatten()
            .any(|p| p.rows() == right.rows())
        {
            return Ok(false);
        }
        let mut partitions = Partitions::new(context, self.left_types.clone(), depth);
        let mut reader = left.reread();
        while let Some(batch) = reader.next()? {
            push_left(self.join, &mut partitions, &batch)?;
        }
        self.add(partitions.finish()?, right_parts, depth + 1);
        Ok(true)
    }

    /// Looks all left rows up.
    fn look_up(&mut self, left: &Run<'a>, mut table: Table, how: &mut LookUp) -> Result<()> {
        let is_last = matches!(how, LookUp::Once);
        let mut writer = RunWriter::new(self.join.context.temp, self.types.clone());
        let mut reader = left.reread();
        let mut first = 0;
        while let Some(mut rows) = reader.next()? {
            let number = rows.columns.pop();
            let mut probe = self.join.probe(rows, number, is_last)?;
            while let Some(pairs) = self.join.pairs(&mut probe, &mut table)? {
                writer.push(&pairs)?;
            }
            if let LookUp::Parts(matched) = how {
                for (all, new) in matched.iter_mut().skip(first).zip(&probe.matched) {
                    *all |= new;
                }
            }
            first += probe.rows.rows;
        }
        self.keep(writer)?;
        let mut writer = RunWriter::new(self.join.context.temp, self.types.clone());
        while let Some(rest) = self.join.rest(&mut table)? {
            writer.push(&numbered_last(rest))?;
        }
        self.keep(writer)
    }

    /// The right rows of a full join whose partition has no left ones.
    fn right_alone(&mut self, right: &Run<'a>) -> Result<()> {
        let mut writer = RunWriter::new(self.join.context.temp, self.types.clone());
        let mut reader = right.reread();
        while let Some(rows) = reader.next()? {
            let rows = nulls(self.join.parts.left_types, rows.rows).beside(rows);
            writer.push(&numbered_last(rows))?;
        }
        self.keep(writer)
    }

    /// Gives the left rows that have to wait until all parts of the right side were seen: those without a partner, or
    /// those of a semi join with one.
    fn alone(&mut self, left: &Run<'a>, how: &LookUp) -> Result<()> {
        let LookUp::Parts(matched) = how else {
            return Ok(());
        };
        let is_semi = self.join.parts.kind == JoinKind::Semi;
        if !is_semi && !self.join.keeps_left() {
            return Ok(());
        }
        let mut nobody = self.join.table(Vec::new())?;
        let mut writer = RunWriter::new(self.join.context.temp, self.types.clone());
        let mut reader = left.reread();
        let mut matched = matched.iter();
        while let Some(rows) = reader.next()? {
            let own = matched.by_ref().take(rows.rows);
            let given: BooleanArray = own.map(|m| Some(*m == is_semi)).collect();
            let mut rows = rows.filter(&given)?;
            if self.join.gives_left_only() {
                writer.push(&rows)?;
                continue;
            }
            let number = rows.columns.pop();
            let mut probe = self.join.probe(rows, number, true)?;
            while let Some(rows) = self.join.pairs(&mut probe, &mut nobody)? {
                writer.push(&rows)?;
            }
        }
        self.keep(writer)
    }

    fn keep(&mut self, writer: RunWriter<'a>) -> Result<()> {
        let run = writer.finish()?;
        if run.rows() > 0 {
            self.results.push(run);
        }
        Ok(())
    }
}
