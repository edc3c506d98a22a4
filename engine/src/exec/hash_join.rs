//! `HashJoin`: the right side goes into a hash table by its keys, the left side looks its partners up.
//!
//! ```text
//!   table   key ─▶ last row with it          chain   row ─▶ row before it with the same key
//! ```
//!
//! A key with a NULL has no partner. Partners come in the order of the right side.

use crate::error::{Error, ErrorKind, Result};
use crate::exec::batch::{BATCH_ROWS, Batch};
use crate::exec::keys::KeyEncoder;
use crate::exec::memory::Reservation;
use crate::exec::operator::{BoxOperator, Context, Operator, collect};
use crate::planted::{Mistake, makes};
use crate::sql::bound::{Expr, JoinKind};
use crate::types::SqlType;
use arrow_array::{ArrayRef, UInt32Array};
use foldhash::fast::FixedState;
use hashbrown::HashTable;
use std::hash::BuildHasher;

/// No row.
const NONE: u32 = u32::MAX;

/// What a hash join is made of.
pub(crate) struct HashJoinParts<'a> {
    pub(crate) left: BoxOperator<'a>,
    pub(crate) right: BoxOperator<'a>,
    pub(crate) right_types: &'a [SqlType],
    pub(crate) kind: JoinKind,
    pub(crate) left_keys: &'a [Expr],
    pub(crate) right_keys: &'a [Expr],
    pub(crate) residual: Option<&'a Expr>,
}

/// Joins by equal keys.
pub(crate) struct HashJoin<'a> {
    context: Context<'a>,
    parts: HashJoinParts<'a>,
    encoder: KeyEncoder,
    built: Option<Built>,
    probe: Option<Probe>,
    reservation: Reservation<'a>,
}

/// The right side.
struct Built {
    rows: Batch,
    keys: crate::exec::keys::Keys,
    table: HashTable<u32>,
    /// The next row with the same key.
    next: Vec<u32>,
}

/// A left batch on its way, and how far it is.
struct Probe {
    rows: Batch,
    keys: crate::exec::keys::Keys,
    row: usize,
    partner: Option<u32>,
    /// Whether the current row has had a partner that passed the residual.
    matched: Vec<bool>,
}

impl<'a> HashJoin<'a> {
    /// Of these parts.
    pub(crate) fn new(context: Context<'a>, parts: HashJoinParts<'a>) -> Result<Self> {
        let types: Vec<SqlType> = parts.left_keys.iter().map(|e| e.sql_type).collect();
        Ok(Self {
            encoder: KeyEncoder::new(&types)?,
            reservation: context.memory.reservation("Hash Join"),
            context,
            parts,
            built: None,
            probe: None,
        })
    }

    fn keys(&self, exprs: &[Expr], batch: &Batch) -> Result<crate::exec::keys::Keys> {
        let columns: Vec<ArrayRef> = exprs
            .iter()
            .map(|e| self.context.evaluate(e, batch))
            .collect::<Result<_>>()?;
        self.encoder.encode(&columns, batch.rows)
    }

    fn build(&mut self) -> Result<Built> {
        let batches = collect(&mut *self.parts.right, &mut self.reservation)?;
        let rows = Batch::concat(&batches, self.parts.right_types)?;
        drop(batches);
        if rows.rows >= NONE as usize {
            return Err(Error::new(
                ErrorKind::Limit,
                "54000",
                "the inner side of a hash join passes 4294967294 rows",
            ));
        }
        let keys = self.keys(self.parts.right_keys, &rows)?;
        self.reservation.grow(rows.rows * 48)?;
        let hasher = FixedState::default();
        let mut table: HashTable<u32> = HashTable::with_capacity(rows.rows);
        let mut next = vec![NONE; rows.rows];
        // From the last row to the first, so that each chain runs forward.
        for row in (0..rows.rows).rev() {
            if keys.has_null(row) && !makes(Mistake::NullKeysJoin) {
                continue;
            }
            let key = keys.key(row);
            let found = table.entry(
                hasher.hash_one(key),
                |r| keys.key(*r as usize) == key,
                |r| hasher.hash_one(keys.key(*r as usize)),
            );
            match found {
                hashbrown::hash_table::Entry::Occupied(mut entry) => {
                    next[row] = *entry.get();
                    *entry.get_mut() = row as u32;
                }
                hashbrown::hash_table::Entry::Vacant(entry) => {
                    entry.insert(row as u32);
                }
            }
        }
        Ok(Built {
            rows,
            keys,
            table,
            next,
        })
    }

    fn next_probe(&mut self) -> Result<bool> {
        let Some(rows) = self.parts.left.next()? else {
            return Ok(false);
        };
        let keys = self.keys(self.parts.left_keys, &rows)?;
        let matched = vec![false; rows.rows];
        self.probe = Some(Probe {
            rows,
            keys,
            row: 0,
            partner: None,
            matched,
        });
        Ok(true)
    }

    /// Joins pairs of left and right rows; of those, the ones that fulfil the residual.
    fn pairs(&self, probe: &mut Probe, left: Vec<u32>, right: Vec<u32>) -> Result<Batch> {
        let Some(built) = &self.built else {
            return Err(Error::misuse("EXEC-1: a probe follows the build"));
        };
        let left = UInt32Array::from(left);
        let joined = probe
            .rows
            .take(&left)?
            .beside(built.rows.take(&UInt32Array::from(right))?);
        let Some(residual) = self.parts.residual else {
            left.values()
                .iter()
                .for_each(|row| probe.matched[*row as usize] = true);
            return Ok(joined);
        };
        let keep = self.context.predicate(residual, &joined)?;
        for (row, keep) in left.values().iter().zip(keep.iter()) {
            probe.matched[*row as usize] |= keep == Some(true);
        }
        joined.filter(&keep)
    }
}

impl Built {
    fn first(&self, hasher: &FixedState, key: &[u8]) -> Option<u32> {
        self.table
            .find(hasher.hash_one(key), |r| self.keys.key(*r as usize) == key)
            .copied()
    }
}

impl Probe {
    /// Up to a batch of pairs; where it stopped is remembered.
    fn candidates(&mut self, built: &Built) -> (Vec<u32>, Vec<u32>) {
        let hasher = FixedState::default();
        let (mut left, mut right) = (Vec::new(), Vec::new());
        while self.row < self.rows.rows {
            let mut partner = match self.partner.take() {
                Some(partner) => Some(partner),
                None if self.keys.has_null(self.row) && !makes(Mistake::NullKeysJoin) => None,
                None => built.first(&hasher, self.keys.key(self.row)),
            };
            while let Some(row) = partner {
                if left.len() >= BATCH_ROWS {
                    self.partner = partner;
                    return (left, right);
                }
                left.push(self.row as u32);
                right.push(row);
                partner = Some(built.next[row as usize]).filter(|r| *r != NONE);
            }
            self.row += 1;
        }
        (left, right)
    }

    /// The rows without a partner.
    fn unmatched(&self) -> Vec<u32> {
        (0..self.rows.rows as u32)
            .filter(|row| !self.matched[*row as usize])
            .collect()
    }
}

impl Operator for HashJoin<'_> {
    fn next(&mut self) -> Result<Option<Batch>> {
        if self.built.is_none() {
            self.built = Some(self.build()?);
        }
        loop {
            let Some(mut probe) = self.probe.take() else {
                if !self.next_probe()? {
                    return Ok(None);
                }
                continue;
            };
            let Some(built) = &self.built else { continue };
            if probe.row < probe.rows.rows {
                let (left, right) = probe.candidates(built);
                let joined = self.pairs(&mut probe, left, right)?;
                self.probe = Some(probe);
                if joined.rows > 0 {
                    return Ok(Some(joined));
                }
                continue;
            }
            if self.parts.kind == JoinKind::Left && !makes(Mistake::OuterJoinAsInner) {
                let rows = probe.unmatched();
                if !rows.is_empty() {
                    let nulls = UInt32Array::new_null(rows.len());
                    let right = built.rows.take(&nulls)?;
                    return Ok(Some(
                        probe.rows.take(&UInt32Array::from(rows))?.beside(right),
                    ));
                }
            }
        }
    }
}
