//! Operators that look rows up by their key, in passes over what there is memory for.
//!
//! ```text
//!   input ─▶ first pass ─┬─▶ results of the keys in memory
//!                        └─▶ partitions ─▶ a pass over each ─┬─▶ results, by number ─▶ merge ─▶ the other results
//!                                 ▲                          │
//!                                 └──────────────────────────┘
//! ```
//!
//! The keys that come first are those in memory, so that their results come first. The others' are numbered by the rows
//! that they are from: so the order of the results is what it would be with more memory.

use super::merge::{Merge, merge_by_number};
use super::partition::{Partitions, with_number, without_number};
use super::run::{Run, RunWriter};
use crate::error::Result;
use crate::exec::batch::Batch;
use crate::exec::memory::Reservation;
use crate::exec::operator::{BoxOperator, Context, Operator, Pieces};
use crate::types::SqlType;
use std::sync::Arc;

/// What an operator does with its rows.
pub(crate) trait Hashing<'a> {
    /// Its state while it reads rows.
    type Pass: Pass<'a>;

    /// Types of the rows that passes take.
    fn row_types(&self) -> Vec<SqlType>;

    /// Types of the results.
    fn result_types(&self) -> Vec<SqlType>;

    /// What passes take, of a batch of the input.
    fn rows(&mut self, input: Batch) -> Result<Batch>;

    /// A pass over rows of that depth; from 1 on rows and results have a number behind their columns.
    fn begin(&self, depth: u32) -> Result<Self::Pass>;
}

/// Reading rows.
pub(crate) trait Pass<'a> {
    /// Takes rows in, and hands those on whose keys there is no room for. Gives results that are known now, with the
    /// numbers of their rows if those have one.
    fn push(&mut self, rows: &Batch, partitions: &mut Partitions<'a>) -> Result<Option<Batch>>;

    /// Gives the other results; what it holds counts until it is dropped.
    fn finish(&mut self) -> Result<Option<Batch>>;
}

/// Runs a [`Hashing`] operator.
pub(crate) struct Hashed<'a, H: Hashing<'a>> {
    context: Context<'a>,
    hashing: H,
    state: State<'a, H::Pass>,
    reservation: Reservation<'a>,
}

enum State<'a, P> {
    Reading(Reading<'a, P>),
    Giving(Reading<'a, P>, Pieces),
    Merging(Merge<'a>),
    Done,
}

/// The first pass.
struct Reading<'a, P> {
    input: BoxOperator<'a>,
    pass: P,
    partitions: Partitions<'a>,
    /// Results that were known after the first row went to a partition.
    results: Option<RunWriter<'a>>,
}

impl<'a, H: Hashing<'a>> Hashed<'a, H> {
    /// Over the rows of `input`.
    pub(crate) fn new(context: Context<'a>, input: BoxOperator<'a>, hashing: H) -> Result<Self> {
        let types = with_number(&hashing.row_types());
        Ok(Self {
            context,
            state: State::Reading(Reading {
                input,
                pass: hashing.begin(0)?,
                partitions: Partitions::new(context, types, 0),
                results: None,
            }),
            hashing,
            reservation: context.memory.reservation("merging partitions"),
        })
    }

    /// The next results of the first pass; `None` when the input is at its end.
    fn read(&mut self, first: &mut Reading<'a, H::Pass>) -> Result<Option<Batch>> {
        while let Some(batch) = first.input.next()? {
            let mut rows = self.hashing.rows(batch)?;
            let is_numbered = first.partitions.is_used();
            if is_numbered {
                rows = first.partitions.numbered(rows);
            }
            let Some(results) = first.pass.push(&rows, &mut first.partitions)? else {
                continue;
            };
            if !is_numbered {
                return Ok(Some(results));
            }
            let (temp, types) = (self.context.temp, self.hashing.result_types());
            let writer = first
                .results
                .get_or_insert_with(|| RunWriter::new(temp, with_number(&types)));
            writer.push(&results)?;
        }
        Ok(None)
    }

    /// Works off the partitions of the first pass, which has given its results.
    fn merge(&mut self, first: Reading<'a, H::Pass>) -> Result<State<'a, H::Pass>> {
        let Reading {
            input,
            pass,
            partitions,
            results,
        } = first;
        drop((input, pass));
        if !partitions.is_used() {
            return Ok(State::Done);
        }
        let (rows, types) = (
            with_number(&self.hashing.row_types()),
            with_number(&self.hashing.result_types()),
        );
        let mut runs: Vec<Run<'a>> = results
            .map(RunWriter::finish)
            .transpose()?
            .into_iter()
            .collect();
        let mut todo = below(partitions, 0)?;
        while let Some((depth, run)) = todo.pop() {
            let mut deeper = Partitions::new(self.context, rows.clone(), depth);
            runs.extend(self.pass_over(run, depth, &types, &mut deeper)?);
            todo.extend(below(deeper, depth)?);
        }
        let merge = merge_by_number(self.context, runs, &types, &mut self.reservation)?;
        Ok(State::Merging(merge))
    }

    fn pass_over(
        &self,
        run: Run<'a>,
        depth: u32,
        types: &Arc<[SqlType]>,
        deeper: &mut Partitions<'a>,
    ) -> Result<Option<Run<'a>>> {
        let mut pass = self.hashing.begin(depth)?;
        let mut writer = RunWriter::new(self.context.temp, types.clone());
        let mut reader = run.read();
        while let Some(rows) = reader.next()? {
            if let Some(results) = pass.push(&rows, deeper)? {
                writer.push(&results)?;
            }
        }
        if let Some(results) = pass.finish()? {
            writer.push(&results)?;
        }
        let run = writer.finish()?;
        Ok((run.rows() > 0).then_some(run))
    }
}

/// The partitions that there are, each to be read one deeper.
fn below<'a>(partitions: Partitions<'a>, depth: u32) -> Result<Vec<(u32, Run<'a>)>> {
    let runs = partitions.finish()?.into_iter().flatten();
    Ok(runs.map(|run| (depth + 1, run)).collect())
}

impl<'a, H: Hashing<'a>> Operator for Hashed<'a, H> {
    fn next(&mut self) -> Result<Option<Batch>> {
        loop {
            match std::mem::replace(&mut self.state, State::Done) {
                State::Reading(mut first) => {
                    if let Some(results) = self.read(&mut first)? {
                        self.state = State::Reading(first);
                        return Ok(Some(results));
                    }
                    let last = first.pass.finish()?.unwrap_or_default();
                    self.state = State::Giving(first, Pieces::new(last));
                }
                State::Giving(first, mut pieces) => match pieces.next(self.context.batch_rows) {
                    Some(piece) => {
                        self.state = State::Giving(first, pieces);
                        return Ok(Some(piece));
                    }
                    None => self.state = self.merge(first)?,
                },
                State::Merging(mut merge) => {
                    let Some(batch) = merge.next()? else { continue };
                    self.state = State::Merging(merge);
                    return without_number(batch).map(Some);
                }
                State::Done => return Ok(None),
            }
        }
    }
}
