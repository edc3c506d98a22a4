//! The right side in memory, and looking partners up in it.
//!
//! ```text
//!   table   key ─▶ first row with it          chain   row ─▶ next row with the same key
//! ```
//!
//! A batch of left rows first finds the first partner of each, in a loop that does nothing else, so that the memory that
//! one row waits for does not keep the next from asking for its own; then those that found none are left out, in a loop
//! that never guesses which; then pairs are made.

use crate::error::{Error, ErrorKind, Result};
use crate::exec::batch::{Batch, arrow};
use crate::exec::keys::{Key, KeyEncoder, Keys};
use crate::exec::loop_join::nulls;
use crate::exec::operator::Context;
use crate::planted::{Mistake, makes};
use crate::sql::bound::{Expr, JoinKind};
use crate::types::SqlType;
use arrow_array::{Array, ArrayRef, BooleanArray, UInt32Array};
use foldhash::fast::FixedState;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

/// No row.
const NONE: u32 = u32::MAX;

/// Rows that are put into the table between two questions whether to stop.
const CHECK_ROWS: usize = 2048;

/// Bytes that a right row takes beside its values: its key, its places in the table ([`PLACES_MAX`]), and in the chain.
const ROW_BYTES: usize = 60;

/// What a hash join is made of, beside its inputs.
#[derive(Clone, Copy)]
pub(crate) struct HashJoinParts<'a> {
    pub(crate) left_types: &'a [SqlType],
    pub(crate) right_types: &'a [SqlType],
    pub(crate) kind: JoinKind,
    pub(crate) left_keys: &'a [Expr],
    pub(crate) right_keys: &'a [Expr],
    pub(crate) residual: Option<&'a Expr>,
}

/// How rows are joined.
pub(super) struct Join<'a> {
    pub(super) context: Context<'a>,
    pub(super) parts: HashJoinParts<'a>,
    encoder: KeyEncoder,
}

/// Right rows.
pub(super) struct Table {
    rows: Batch,
    firsts: Firsts,
    /// The next row with the same key.
    next: Vec<u32>,
    /// Whether some key has several rows.
    has_chains: bool,
    /// Which rows have had a partner; kept for a full join only.
    matched: Vec<bool>,
    /// First row that [`Join::rest`] has not looked at.
    given: usize,
}

/// The first row of each key.
enum Firsts {
    /// Of keys that are numbers close to each other: by what they are more than the least; [`NONE`] where there is none.
    Dense { least: u128, rows: Vec<u32> },
    /// By their hash.
    Hashed { keys: Keys, table: HashTable<u32> },
}

/// A left batch on its way, and how far it is.
pub(super) struct Probe {
    pub(super) rows: Batch,
    keys: Keys,
    /// The first partner of each row, once they were looked up.
    firsts: Vec<u32>,
    /// The rows that have one.
    found: Vec<u32>,
    /// What its pairs carry behind their columns: a number for each row.
    numbers: Option<ArrayRef>,
    /// Whether this table decides which rows have no partner, so that what depends on that can be given.
    is_last: bool,
    row: usize,
    partner: Option<u32>,
    /// Whether a row has had a partner that passed the residual; not looked at for an inner join.
    pub(super) matched: Vec<bool>,
}

/// What right rows take in memory, about.
pub(super) fn table_bytes(rows: &Batch) -> usize {
    rows.size_bytes() + rows.rows * ROW_BYTES + 64
}

impl<'a> Join<'a> {
    /// Of these parts.
    pub(super) fn new(context: Context<'a>, parts: HashJoinParts<'a>) -> Result<Self> {
        let types: Vec<SqlType> = parts.left_keys.iter().map(|e| e.sql_type).collect();
        Ok(Self {
            encoder: KeyEncoder::for_join(&types)?,
            context,
            parts,
        })
    }

    /// The keys of rows, by expressions over them.
    pub(super) fn keys(&self, exprs: &[Expr], batch: &Batch) -> Result<Keys> {
        let columns: Vec<ArrayRef> = exprs
            .iter()
            .map(|e| self.context.evaluate(e, batch))
            .collect::<Result<_>>()?;
        self.encoder.encode(&columns, batch.rows)
    }

    /// The table of right rows.
    pub(super) fn table(&self, batches: Vec<Batch>) -> Result<Table> {
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
        let mut next = vec![NONE; rows.rows];
        let has_key = |row: &usize| !keys.has_null(*row) || makes(Mistake::NullKeysJoin);
        // From the last row to the first, so that each chain runs forward.
        let with_key = (0..rows.rows).rev().filter(has_key);
        let check = |row: usize| match row.is_multiple_of(CHECK_ROWS) {
            true => self.context.interrupt.check(),
            false => Ok(()),
        };
        let firsts = match dense_range(&keys, with_key.clone()) {
            Some((least, places)) => {
                let mut firsts = vec![NONE; places];
                for row in with_key {
                    check(row)?;
                    if let Key::Narrow(key) = keys.key(row) {
                        let first = &mut firsts[(key - least) as usize];
                        next[row] = std::mem::replace(first, row as u32);
                    }
                }
                Firsts::Dense {
                    least,
                    rows: firsts,
                }
            }
            None => {
                let hasher = FixedState::default();
                let mut table: HashTable<u32> = HashTable::with_capacity(rows.rows);
                for row in with_key {
                    check(row)?;
                    let key = keys.key(row);
                    let found = table.entry(
                        key.hash_with(&hasher),
                        |r| keys.key(*r as usize) == key,
                        |r| keys.key(*r as usize).hash_with(&hasher),
                    );
                    match found {
                        Entry::Occupied(mut entry) => {
                            next[row] = std::mem::replace(entry.get_mut(), row as u32);
                        }
                        Entry::Vacant(entry) => {
                            entry.insert(row as u32);
                        }
                    }
                }
                Firsts::Hashed { keys, table }
            }
        };
        let is_full = self.parts.kind == JoinKind::Full;
        Ok(Table {
            has_chains: next.iter().any(|row| *row != NONE),
            matched: vec![false; if is_full { rows.rows } else { 0 }],
            rows,
            firsts,
            next,
            given: 0,
        })
    }

    /// Left rows that begin to look for partners. With `is_last`, there are no more elsewhere: those that find none are
    /// given where the join asks for them, and those of a semi join that find one.
    pub(super) fn probe(
        &self,
        rows: Batch,
        numbers: Option<ArrayRef>,
        is_last: bool,
    ) -> Result<Probe> {
        Ok(Probe {
            keys: self.keys(self.parts.left_keys, &rows)?,
            firsts: Vec::new(),
            found: Vec::new(),
            matched: vec![false; rows.rows],
            rows,
            numbers,
            is_last,
            row: 0,
            partner: None,
        })
    }

    /// The next rows joined, never zero of them; `None` when all have looked for their partners.
    pub(super) fn pairs(&self, probe: &mut Probe, table: &mut Table) -> Result<Option<Batch>> {
        if self.gives_left_only() {
            return self.left_only(probe, table);
        }
        while probe.row < probe.rows.rows {
            self.context.interrupt.check()?;
            let first = probe.row;
            let (left, right) = probe.candidates(table, false, self.context.batch_rows);
            let (left, right) = (UInt32Array::from(left), UInt32Array::from(right));
            let mut kept = None;
            let mut keep = None;
            if let Some(residual) = self.parts.residual
                && !left.is_empty()
            {
                let all = probe.joined(table, &left, &right)?;
                let which = self.context.predicate(residual, &all)?;
                kept = Some(all.filter(&which)?);
                keep = Some(which);
            }
            if self.parts.kind != JoinKind::Inner {
                for (pair, row) in left.values().iter().enumerate() {
                    let is_partner = is_kept(keep.as_ref(), pair);
                    probe.matched[*row as usize] |= is_partner;
                    if let Some(matched) = table.matched.get_mut(right.value(pair) as usize) {
                        *matched |= is_partner;
                    }
                }
            }
            let gives_alone = probe.is_last && self.keeps_left();
            let joined = if gives_alone && probe.matched[first..probe.row].contains(&false) {
                let (left, right) = probe.with_alone(first, &left, &right, keep.as_ref());
                probe.joined(table, &left, &right)?
            } else if let Some(kept) = kept {
                kept
            } else {
                probe.joined(table, &left, &right)?
            };
            if joined.rows > 0 {
                return Ok(Some(joined));
            }
        }
        Ok(None)
    }
}

impl Join<'_> {
    /// Whether left rows without a partner are among the results.
    pub(super) fn keeps_left(&self) -> bool {
        match self.parts.kind {
            JoinKind::Inner | JoinKind::Semi => false,
            JoinKind::Left => !makes(Mistake::OuterJoinAsInner),
            JoinKind::Full | JoinKind::Anti => true,
        }
    }

    /// Whether the results have the columns of the left side alone.
    pub(super) fn gives_left_only(&self) -> bool {
        matches!(self.parts.kind, JoinKind::Semi | JoinKind::Anti)
    }

    /// Types of the results.
    pub(super) fn types(&self) -> Vec<SqlType> {
        match self.gives_left_only() {
            true => self.parts.left_types.to_vec(),
            false => [self.parts.left_types, self.parts.right_types].concat(),
        }
    }

    /// What a semi or anti join gives of left rows, once and only if the table is the last for them.
    fn left_only(&self, probe: &mut Probe, table: &Table) -> Result<Option<Batch>> {
        if probe.row >= probe.rows.rows {
            return Ok(None);
        }
        let one_is_enough = self.parts.residual.is_none();
        while probe.row < probe.rows.rows {
            self.context.interrupt.check()?;
            let (left, right) = probe.candidates(table, one_is_enough, self.context.batch_rows);
            let left = UInt32Array::from(left);
            let mut keep = None;
            if let Some(residual) = self.parts.residual
                && !left.is_empty()
            {
                let right = table.rows.take(&UInt32Array::from(right))?;
                let joined = probe.rows.take(&left)?.beside(right);
                keep = Some(self.context.predicate(residual, &joined)?);
            }
            for (pair, row) in left.values().iter().enumerate() {
                probe.matched[*row as usize] |= is_kept(keep.as_ref(), pair);
            }
        }
        if !probe.is_last {
            return Ok(None);
        }
        let rows = probe.rows_where(self.parts.kind == JoinKind::Semi);
        let given = probe.with_numbers(probe.rows.take(&rows)?, &rows)?;
        Ok((given.rows > 0).then_some(given))
    }

    /// The next right rows of a full join that had no partner, with NULLs at the left; `None` when there is none.
    pub(super) fn rest(&self, table: &mut Table) -> Result<Option<Batch>> {
        let mut rows = Vec::new();
        while table.given < table.matched.len() && rows.len() < self.context.batch_rows {
            if !table.matched[table.given] {
                rows.push(table.given as u32);
            }
            table.given += 1;
        }
        if rows.is_empty() {
            return Ok(None);
        }
        let right = table.rows.take(&UInt32Array::from(rows))?;
        Ok(Some(nulls(self.parts.left_types, right.rows).beside(right)))
    }
}

fn is_kept(keep: Option<&BooleanArray>, pair: usize) -> bool {
    keep.is_none_or(|keep| keep.is_valid(pair) && keep.value(pair))
}

/// How many places a row may have in a table of numbers that are close to each other.
const PLACES_MAX: usize = 10;

/// The least key of `rows`, and how many there are from there to the greatest, if they lie close enough.
fn dense_range(keys: &Keys, rows: impl Iterator<Item = usize>) -> Option<(u128, usize)> {
    let (mut least, mut greatest, mut count) = (u128::MAX, 0, 0);
    for row in rows {
        let Key::Narrow(key) = keys.key(row) else {
            return None;
        };
        (least, greatest) = (key.min(least), key.max(greatest));
        count += 1;
    }
    let places = greatest.checked_sub(least)?.saturating_add(1);
    (places <= count * PLACES_MAX as u128).then_some((least, places as usize))
}

/// The places of `firsts` where there is a row.
fn rows_with(firsts: &[u32]) -> Vec<u32> {
    let (mut rows, mut count) = (vec![0; firsts.len()], 0);
    for (row, first) in firsts.iter().enumerate() {
        rows[count] = row as u32;
        count += usize::from(*first != NONE);
    }
    rows.truncate(count);
    rows
}

impl Firsts {
    /// Of the rows of `keys` but those with a NULL.
    fn find(&self, keys: &Keys, rows: usize) -> Vec<u32> {
        let mut found: Vec<u32> = match self {
            Firsts::Dense {
                least,
                rows: firsts,
            } => {
                let at = |place: Option<usize>| {
                    let first = place.and_then(|place| firsts.get(place));
                    first.copied().unwrap_or(NONE)
                };
                match (keys.short(), u64::try_from(*least)) {
                    (Some(keys), Ok(least)) => {
                        let place = |key: &u64| usize::try_from(key.wrapping_sub(least)).ok();
                        keys.iter().map(|key| at(place(key))).collect()
                    }
                    _ => {
                        let place = |row| match keys.key(row) {
                            Key::Narrow(key) => usize::try_from(key.wrapping_sub(*least)).ok(),
                            Key::Wide(_) => None,
                        };
                        (0..rows).map(|row| at(place(row))).collect()
                    }
                }
            }
            Firsts::Hashed { keys: own, table } => {
                let hasher = FixedState::default();
                (0..rows)
                    .map(|row| {
                        let key = keys.key(row);
                        let found =
                            table.find(key.hash_with(&hasher), |r| own.key(*r as usize) == key);
                        found.copied().unwrap_or(NONE)
                    })
                    .collect()
            }
        };
        if keys.have_null() && !makes(Mistake::NullKeysJoin) {
            let nulls = found
                .iter_mut()
                .enumerate()
                .filter(|(row, _)| keys.has_null(*row));
            nulls.for_each(|(_, first)| *first = NONE);
        }
        found
    }
}

impl Probe {
    /// Up to `pairs_max` pairs; where it stopped is remembered. With `one`, one for each left row is enough.
    fn candidates(&mut self, table: &Table, one: bool, pairs_max: usize) -> (Vec<u32>, Vec<u32>) {
        if self.firsts.len() < self.rows.rows {
            self.firsts = table.firsts.find(&self.keys, self.rows.rows);
            self.found = rows_with(&self.firsts);
        }
        let done = self.found.partition_point(|row| (*row as usize) < self.row);
        let rest = &self.found[done..];
        if !table.has_chains && rest.len() <= pairs_max {
            let left = rest.to_vec();
            let right = left.iter().map(|row| self.firsts[*row as usize]);
            let right = right.collect();
            (self.row, self.partner) = (self.rows.rows, None);
            return (left, right);
        }
        let mut left = Vec::with_capacity(rest.len().min(pairs_max));
        let mut right = Vec::with_capacity(rest.len().min(pairs_max));
        for &row in rest {
            let mut partner = self.partner.take().unwrap_or(self.firsts[row as usize]);
            while partner != NONE {
                if left.len() >= pairs_max {
                    let forgets = makes(Mistake::PartnersCutAtBatch);
                    self.partner = (!forgets).then_some(partner);
                    self.row = row as usize + usize::from(forgets);
                    return (left, right);
                }
                left.push(row);
                right.push(partner);
                if one {
                    break;
                }
                partner = table.next[partner as usize];
            }
        }
        self.row = self.rows.rows;
        (left, right)
    }

    /// Rows of both sides beside each other; a NULL at the right gives NULLs.
    fn joined(&self, table: &Table, left: &UInt32Array, right: &UInt32Array) -> Result<Batch> {
        let is_own = |(at, row): (usize, &u32)| at == *row as usize;
        let each_once = left.len() == self.rows.rows
            && left.null_count() == 0
            && left.values().iter().enumerate().all(is_own);
        let own = match each_once {
            true => self.rows.clone(),
            false => self.rows.take(left)?,
        };
        let joined = own.beside(table.rows.take(right)?);
        self.with_numbers(joined, left)
    }

    /// `rows`, made of the left ones at `left`, with the numbers of those if they have one.
    fn with_numbers(&self, mut rows: Batch, left: &UInt32Array) -> Result<Batch> {
        if let Some(numbers) = &self.numbers {
            let numbers = arrow_select::take::take(numbers, left, None).map_err(arrow)?;
            rows.columns.push(numbers);
        }
        Ok(rows)
    }

    /// The rows that have a partner, or those that have none.
    fn rows_where(&self, matched: bool) -> UInt32Array {
        let rows = 0..self.rows.rows as u32;
        rows.filter(|row| self.matched[*row as usize] == matched)
            .map(Some)
            .collect()
    }

    /// The pairs that are kept, and at their places among them the rows from `first` on that are done and have no partner.
    fn with_alone(
        &self,
        first: usize,
        left: &UInt32Array,
        right: &UInt32Array,
        keep: Option<&BooleanArray>,
    ) -> (UInt32Array, UInt32Array) {
        let pairs = left.values().iter().zip(right.values()).enumerate();
        let kept = pairs.filter(|(pair, _)| is_kept(keep, *pair));
        let mut kept = kept.map(|(_, (l, r))| (*l, Some(*r))).peekable();
        let mut all: Vec<(u32, Option<u32>)> = Vec::new();
        for row in first..self.row {
            if !self.matched[row] {
                all.push((row as u32, None));
            }
            while let Some(pair) = kept.next_if(|(l, _)| *l as usize == row) {
                all.push(pair);
            }
        }
        all.extend(kept);
        (
            all.iter().map(|(l, _)| Some(*l)).collect(),
            all.iter().map(|(_, r)| *r).collect(),
        )
    }
}
