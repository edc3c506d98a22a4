//! The operator: the right side is read first, and where it fits, the left side is not held.

use super::partitioned::Partitioned;
use super::table::{HashJoinParts, Join, Probe, Table, table_bytes};
use crate::error::{Error, Result};
use crate::exec::batch::Batch;
use crate::exec::memory::Reservation;
use crate::exec::operator::{BoxOperator, Context, Operator};
use crate::exec::spill::{Merge, without_number};

/// Joins by equal keys.
pub(crate) struct HashJoin<'a> {
    join: Join<'a>,
    left: BoxOperator<'a>,
    right: Option<BoxOperator<'a>>,
    state: State<'a>,
    reservation: Reservation<'a>,
}

enum State<'a> {
    Begun,
    /// The right side is in memory; a left batch may be on its way.
    Built(Box<Table>, Option<Probe>),
    Spilled(Merge<'a>),
}

impl<'a> HashJoin<'a> {
    /// Of the left and the right side.
    pub(crate) fn new(
        context: Context<'a>,
        (left, right): (BoxOperator<'a>, BoxOperator<'a>),
        parts: HashJoinParts<'a>,
    ) -> Result<Self> {
        Ok(Self {
            join: Join::new(context, parts)?,
            left,
            right: Some(right),
            state: State::Begun,
            reservation: context.memory.reservation("Hash Join"),
        })
    }

    fn begin(&mut self) -> Result<State<'a>> {
        let right = self.right.take();
        let mut right = right.ok_or_else(|| Error::misuse("EXEC-1: a hash join is built once"))?;
        let mut batches = Vec::new();
        while let Some(batch) = right.next()? {
            let has_room = self.reservation.try_grow(table_bytes(&batch));
            batches.push(batch);
            if !has_room {
                return self.spill(batches, right);
            }
        }
        Ok(State::Built(Box::new(self.join.table(batches)?), None))
    }

    /// Both sides go to partitions; `batches` are the first of the right one.
    fn spill(&mut self, batches: Vec<Batch>, mut right: BoxOperator<'a>) -> Result<State<'a>> {
        let mut partitioned = Partitioned::new(&self.join);
        for batch in batches {
            partitioned.push_right(&batch)?;
        }
        self.reservation.resize(0)?;
        while let Some(batch) = right.next()? {
            partitioned.push_right(&batch)?;
        }
        drop(right);
        let mut partitioned = partitioned.turn()?;
        while let Some(batch) = self.left.next()? {
            partitioned.push_left(batch)?;
        }
        let merge = partitioned.join(&mut self.reservation)?;
        Ok(State::Spilled(merge))
    }
}

/// The next rows of a join whose right side is in memory.
fn next_built<'a>(
    join: &Join<'a>,
    left: &mut BoxOperator<'a>,
    table: &mut Table,
    probe: &mut Option<Probe>,
) -> Result<Option<Batch>> {
    loop {
        let Some(looking) = probe else {
            let Some(rows) = left.next()? else {
                return join.rest(table);
            };
            *probe = Some(join.probe(rows, None, true)?);
            continue;
        };
        if let Some(pairs) = join.pairs(looking, table)? {
            return Ok(Some(pairs));
        }
        *probe = None;
    }
}

impl Operator for HashJoin<'_> {
    fn next(&mut self) -> Result<Option<Batch>> {
        if matches!(self.state, State::Begun) {
            self.state = self.begin()?;
        }
        match &mut self.state {
            State::Begun => Err(Error::misuse("EXEC-1: a probe follows the build")),
            State::Built(table, probe) => next_built(&self.join, &mut self.left, table, probe),
            State::Spilled(merge) => merge.next()?.map(without_number).transpose(),
        }
    }
}
