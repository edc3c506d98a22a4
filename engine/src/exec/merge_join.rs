//! `MergeJoin`: two inputs in the order of their keys, read side by side.
//!
//! ```text
//!   left    1   3   3   5 …        a key that is less than the other's has no partner and is passed by
//!           │   │ ╲╱│
//!   right   1   3   3   4 …        the right rows of one key are at hand while left rows have that key
//! ```
//!
//! Keys ascend; where NULLs stand does not matter, because no key with a NULL has a partner. Rows come in the order of the
//! left side, and so in the order of the key. The right rows of one key are mostly in the batch that was read last; where
//! they go on in the next, both become one batch, and where that passes what the statement may hold, they become a run
//! that is read again for each left row.

use crate::error::Result;
use crate::exec::batch::Batch;
use crate::exec::keys::{Key, KeyEncoder, Keys, OwnedKey};
use crate::exec::memory::Reservation;
use crate::exec::operator::{BoxOperator, Context, Operator};
use crate::exec::spill::{Run, RunReader, RunWriter};
use crate::planted::{Mistake, makes};
use crate::sql::bound::{Expr, JoinKind};
use crate::types::SqlType;
use arrow_array::UInt32Array;
use std::rc::Rc;
use std::sync::Arc;

/// What a merge join is made of, beside its inputs.
#[derive(Clone, Copy)]
pub(crate) struct MergeJoinParts<'a> {
    pub(crate) right_types: &'a [SqlType],
    /// Inner, or left without a residual.
    pub(crate) kind: JoinKind,
    pub(crate) left_key: &'a Expr,
    pub(crate) right_key: &'a Expr,
    pub(crate) residual: Option<&'a Expr>,
}

/// Joins by equal keys.
pub(crate) struct MergeJoin<'a> {
    context: Context<'a>,
    parts: MergeJoinParts<'a>,
    encoder: KeyEncoder,
    left: Side<'a>,
    right: Side<'a>,
    /// Where the right rows of the key at hand end; `None`: not looked for yet.
    group_end: Option<usize>,
    /// How many partners of the current left row were given.
    given: usize,
    /// The right rows of the key at hand, where they did not fit.
    spilled: Option<Spilled<'a>>,
    /// What is held of right rows beyond one batch.
    reservation: Reservation<'a>,
}

/// One input.
struct Side<'a> {
    input: BoxOperator<'a>,
    key: &'a Expr,
    rows: Batch,
    keys: Option<Keys>,
    /// The current row.
    row: usize,
    is_done: bool,
}

/// Right rows of one key on disk.
struct Spilled<'a> {
    key: Option<OwnedKey>,
    run: Rc<Run<'a>>,
    /// For the current left row.
    reader: Option<RunReader<'a, Rc<Run<'a>>>>,
}

/// Pairs of positions: left, and right or none.
#[derive(Default)]
struct Pairs {
    left: Vec<u32>,
    right: Vec<Option<u32>>,
}

/// Why no more pairs were found among the rows at hand.
enum Stop {
    /// There are enough.
    Full,
    /// The left rows are used up.
    Left,
    /// The right rows are used up.
    Right,
    /// The right rows of the key at hand may go on in the next batch.
    Group,
    /// The left row has the key whose right rows are on disk.
    Spilled,
    /// Nothing can come any more.
    End,
}

impl Side<'_> {
    /// Whether there is a row at hand.
    fn has_row(&self) -> bool {
        self.row < self.rows.rows
    }

    /// The key of row `row`; `None` if it is NULL.
    fn key_of(&self, row: usize) -> Option<Key<'_>> {
        let keys = self.keys.as_ref()?;
        match keys.has_null(row) && !makes(Mistake::NullKeysJoin) {
            true => None,
            false => Some(keys.key(row)),
        }
    }

    /// Puts the rows from `from` on, and the next of the input, in the place of those at hand. Whether there were any.
    fn read(
        &mut self,
        context: Context<'_>,
        encoder: &KeyEncoder,
        types: &[SqlType],
    ) -> Result<bool> {
        let kept = self.rows.rows - self.row;
        let next = match self.is_done {
            true => None,
            false => self.input.next()?,
        };
        let Some(next) = next else {
            self.is_done = true;
            return Ok(false);
        };
        self.rows = match kept {
            0 => next,
            _ => Batch::concat(&[self.rows.slice(self.row, kept), next], types)?,
        };
        self.row = 0;
        let column = context.evaluate(self.key, &self.rows)?;
        self.keys = Some(encoder.encode(&[column], self.rows.rows)?);
        Ok(true)
    }
}

impl<'a> MergeJoin<'a> {
    /// Of two inputs in the order of their keys.
    pub(crate) fn new(
        context: Context<'a>,
        (left, right): (BoxOperator<'a>, BoxOperator<'a>),
        parts: MergeJoinParts<'a>,
    ) -> Result<Self> {
        let side = |input, key| Side {
            input,
            key,
            rows: Batch::default(),
            keys: None,
            row: 0,
            is_done: false,
        };
        Ok(Self {
            encoder: KeyEncoder::for_join(&[parts.left_key.sql_type])?,
            left: side(left, parts.left_key),
            right: side(right, parts.right_key),
            group_end: None,
            given: 0,
            spilled: None,
            reservation: context.memory.reservation("Merge Join"),
            context,
            parts,
        })
    }

    /// Looks for pairs among the rows at hand.
    fn find(&mut self, pairs: &mut Pairs) -> Stop {
        let keeps_left = self.parts.kind == JoinKind::Left && !makes(Mistake::OuterJoinAsInner);
        loop {
            if pairs.left.len() >= self.context.batch_rows {
                return Stop::Full;
            }
            if !self.left.has_row() {
                return if self.left.is_done {
                    Stop::End
                } else {
                    Stop::Left
                };
            }
            let key = self.left.key_of(self.left.row);
            let has_key = key.is_some();
            if let (true, Some(spilled)) = (has_key, &self.spilled) {
                if spilled.key.as_ref().map(OwnedKey::as_key) == key {
                    return Stop::Spilled;
                }
                self.spilled = None;
            }
            // Right rows with a lesser key, or none, have no partner any more.
            let mut order = std::cmp::Ordering::Less;
            if let Some(key) = key {
                while self.right.has_row() {
                    let other = self.right.key_of(self.right.row);
                    order = other.map_or(std::cmp::Ordering::Less, |other| other.cmp(&key));
                    if order.is_ge() {
                        break;
                    }
                    self.right.row += 1;
                    self.group_end = None;
                }
                if !self.right.has_row() && !self.right.is_done {
                    return Stop::Right;
                }
            }
            if has_key && self.right.has_row() && order.is_eq() {
                let Some(end) = self.group_end() else {
                    return Stop::Group;
                };
                let first = self.right.row + self.given;
                let last = end.min(first + (self.context.batch_rows - pairs.left.len()));
                pairs
                    .left
                    .resize(pairs.left.len() + last - first, self.left.row as u32);
                pairs
                    .right
                    .extend((first..last).map(|row| Some(row as u32)));
                self.given += last - first;
                if last < end {
                    return Stop::Full;
                }
            } else if keeps_left {
                pairs.left.push(self.left.row as u32);
                pairs.right.push(None);
            } else if has_key && !self.right.has_row() {
                return Stop::End; // as is the right side
            }
            self.left.row += 1;
            self.given = 0;
        }
    }

    /// Where the right rows end that have the key of the current one; `None` when they may go on in the next batch.
    fn group_end(&mut self) -> Option<usize> {
        if self.group_end.is_none() {
            let right = &self.right;
            let key = right.key_of(right.row);
            let mut rest = right.row + 1..right.rows.rows;
            let end = rest.find(|row| right.key_of(*row) != key);
            if end.is_none() && !right.is_done {
                return None;
            }
            self.group_end = Some(end.unwrap_or(right.rows.rows));
        }
        self.group_end
    }

    /// Reads on while the right rows of one key are not all at hand; what does not fit goes on disk.
    fn read_group(&mut self) -> Result<()> {
        let right = &self.right;
        let held = right.rows.slice(right.row, right.rows.rows - right.row);
        if self.reservation.try_resize(held.size_bytes()) {
            self.right
                .read(self.context, &self.encoder, self.parts.right_types)?;
            return Ok(());
        }
        let key = right.key_of(right.row).as_ref().map(OwnedKey::from);
        let types: Arc<[SqlType]> = self.parts.right_types.into();
        let mut writer = RunWriter::new(self.context.temp, types);
        loop {
            let right = &mut self.right;
            let mut rest = right.row..right.rows.rows;
            let end = rest.find(|row| right.key_of(*row) != key.as_ref().map(OwnedKey::as_key));
            let end = end.unwrap_or(right.rows.rows);
            writer.push(&right.rows.slice(right.row, end - right.row))?;
            right.row = end;
            if right.has_row()
                || !right.read(self.context, &self.encoder, self.parts.right_types)?
            {
                break;
            }
        }
        self.reservation.resize(0)?;
        self.spilled = Some(Spilled {
            key,
            run: Rc::new(writer.finish()?),
            reader: None,
        });
        Ok(())
    }

    /// The next partners of the current left row among those on disk; nothing when it has had all.
    fn spilled_pairs(&mut self) -> Result<Option<Batch>> {
        let Some(spilled) = &mut self.spilled else {
            return Ok(None);
        };
        let run = &spilled.run;
        let reader = spilled
            .reader
            .get_or_insert_with(|| RunReader::shared(run.clone()));
        let Some(right) = reader.next()? else {
            spilled.reader = None;
            self.left.row += 1;
            return Ok(None);
        };
        let left = UInt32Array::from(vec![self.left.row as u32; right.rows]);
        Ok(Some(self.left.rows.take(&left)?.beside(right)))
    }

    fn joined(&self, pairs: Pairs) -> Result<Batch> {
        let (left, right) = (
            UInt32Array::from(pairs.left),
            UInt32Array::from(pairs.right),
        );
        let right = match self.right.rows.columns.len() == self.parts.right_types.len() {
            true => self.right.rows.take(&right)?,
            false => crate::exec::loop_join::nulls(self.parts.right_types, right.len()),
        };
        Ok(self.left.rows.take(&left)?.beside(right))
    }

    fn kept(&self, joined: Batch) -> Result<Batch> {
        match self.parts.residual {
            Some(residual) if joined.rows > 0 => {
                let keep = self.context.predicate(residual, &joined)?;
                joined.filter(&keep)
            }
            _ => Ok(joined),
        }
    }

    /// Does what is to be done before there can be more pairs; says false when there cannot.
    fn go_on(&mut self, stop: &Stop) -> Result<bool> {
        match stop {
            Stop::Left => {
                // All that was at hand was used.
                self.left.row = self.left.rows.rows;
                self.left.read(self.context, &self.encoder, &[])?;
            }
            Stop::Right => {
                self.reservation.resize(0)?;
                self.right
                    .read(self.context, &self.encoder, self.parts.right_types)?;
                self.group_end = None;
            }
            Stop::Group => self.read_group()?,
            Stop::Full | Stop::Spilled => {}
            Stop::End => return Ok(false),
        }
        Ok(true)
    }
}

impl Operator for MergeJoin<'_> {
    fn next(&mut self) -> Result<Option<Batch>> {
        loop {
            self.context.interrupt.check()?;
            let mut pairs = Pairs::default();
            let stop = self.find(&mut pairs);
            // Before the rows at hand are others.
            let mut joined = match pairs.left.is_empty() {
                true => None,
                false => Some(self.joined(pairs)?),
            };
            if joined.is_none() && matches!(stop, Stop::Spilled) {
                joined = self.spilled_pairs()?;
            } else if joined.is_none() && !self.go_on(&stop)? {
                return Ok(None);
            }
            if let Some(joined) = joined {
                let kept = self.kept(joined)?;
                if kept.rows > 0 {
                    return Ok(Some(kept));
                }
            }
        }
    }
}
