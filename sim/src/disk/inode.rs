//! The content of one file: what reads see, and what a power loss could make of it.

use super::content::Content;
use super::counters::DiskCounters;
use super::faults::{DiskFaults, SyncFailure};
use super::state::State;
use super::survivors::Survivors;
use crate::trace::Fate;
use quantadb::vfs::SECTOR_BYTES;
use rand::Rng;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

type Sector = Box<[u8; SECTOR_BYTES]>;

/// Versions of a dirty sector that are remembered, the durable one included.
const VERSIONS_MAX: usize = 4;
/// Sectors of the block by which torn writes are counted.
const BLOCK_SECTORS: u64 = 8;

/// A sector that was written since the last sync.
#[derive(Clone, Debug, Default)]
struct Dirty {
    /// What was there before, the durable version first, each with the number of the write that made it; 0: durable.
    before: Vec<(u64, Sector)>,
    /// The number of the write that made what reads see.
    newest: u64,
    /// Whether what was there before is to be forgotten with the sync.
    forgets: bool,
}

/// A file.
#[derive(Clone, Debug, Default)]
pub(super) struct Inode {
    /// What reads see.
    bytes: Content,
    /// Sectors written since the last sync.
    dirty: BTreeMap<u64, Dirty>,
    /// Writes that changed the length since then: their numbers, and the lengths before.
    lengths: Vec<(u64, usize)>,
    /// Dirty sectors that the next sync will forget although it succeeds.
    doomed: BTreeSet<u64>,
    /// What durable sectors held before the sync that made them so, where that is remembered.
    older: BTreeMap<u64, Sector>,
    /// Sectors that a failed sync forgot: the durable version.
    lost: BTreeMap<u64, Sector>,
    /// The length at the last sync.
    durable_len: usize,
    /// The handle that holds the lock.
    pub(super) locked_by: Option<u64>,
}

/// How one power loss treats unsynced data, drawn once so that extremes occur.
#[derive(Clone, Copy)]
pub(super) struct LossMood {
    keep: f64,
    garbage: f64,
}

impl LossMood {
    pub(super) fn draw(faults: &DiskFaults, rng: &mut ChaCha8Rng) -> Self {
        let keep = *[0.0, 0.1, 0.5, 0.5, 0.9, 1.0]
            .choose(rng)
            .expect("some are listed");
        let garbage = if faults.power.garbage && rng.random_bool(0.5) {
            0.15
        } else {
            0.0
        };
        Self { keep, garbage }
    }

    pub(super) fn keeps(self, rng: &mut ChaCha8Rng) -> bool {
        rng.random_bool(self.keep)
    }
}

/// What a power loss takes from all files.
pub(super) struct Losses<'a> {
    pub(super) counters: &'a mut DiskCounters,
    /// The write of the oldest sector that is gone, and of the newest that is there.
    pub(super) oldest_gone: u64,
    pub(super) newest_kept: u64,
    /// What became of each sector of the file that is decided, with the write that made it, if somebody wants to know.
    pub(super) fates: Option<Vec<(u64, u64, Fate)>>,
    /// A hash of all that was decided: equal for outcomes that are the same.
    pub(super) outcome: u64,
}

impl Losses<'_> {
    fn decided(&mut self, sector: u64, write: u64, fate: Fate) {
        if let Some(fates) = &mut self.fates {
            fates.push((sector, write, fate));
        }
    }

    /// Folds a decision into the hash.
    pub(super) fn fold(&mut self, decision: u64) {
        self.outcome = State::mix(self.outcome, decision);
    }
}

/// The sectors that a range of bytes touches.
fn sectors_of(range: Range<usize>) -> Range<u64> {
    match range.is_empty() {
        true => 0..0,
        false => (range.start / SECTOR_BYTES) as u64..((range.end - 1) / SECTOR_BYTES) as u64 + 1,
    }
}

impl Inode {
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn read(&self, buf: &mut [u8], offset: usize) -> usize {
        self.bytes.read(buf, offset)
    }

    /// Writes, as write number `by`; `keeps_all`: every version is remembered, else a few.
    pub(super) fn write(&mut self, buf: &[u8], offset: usize, by: u64, keeps_all: bool) {
        if buf.is_empty() {
            return;
        }
        let end = offset + buf.len();
        self.remember(offset..end, by, keeps_all);
        if self.bytes.len() < end {
            self.lengths.push((by, self.bytes.len()));
            self.bytes.resize(end);
        }
        self.bytes.write(buf, offset);
    }

    pub(super) fn set_len(&mut self, len: usize, by: u64, keeps_all: bool) {
        // Bytes gained are zeros, as they read before: only what is cut off must be remembered.
        self.remember(len..self.bytes.len(), by, keeps_all);
        self.lengths.push((by, self.bytes.len()));
        self.bytes.resize(len);
    }

    /// Makes the file at least that long.
    pub(super) fn grow(&mut self, len: usize, by: u64, keeps_all: bool) {
        if len > self.bytes.len() {
            self.set_len(len, by, keeps_all);
        }
    }

    /// Lets the next sync forget the sectors of `range`.
    pub(super) fn doom(&mut self, range: Range<usize>) {
        self.doomed.extend(sectors_of(range));
    }

    /// Keeps what the sectors of `range` hold, before it changes.
    fn remember(&mut self, range: Range<usize>, by: u64, keeps_all: bool) {
        for number in sectors_of(range) {
            let now = self.sector(number);
            self.doomed.remove(&number);
            let dirty = self.dirty.entry(number).or_default();
            match (dirty.before.is_empty(), self.lost.remove(&number)) {
                // The durable version is older than what reads see, which no write made that is still to be decided.
                (true, Some(durable)) => dirty.before.extend([(0, durable), (u64::MAX, now)]),
                _ if keeps_all || dirty.before.len() < VERSIONS_MAX => {
                    dirty.before.push((dirty.newest, now));
                }
                _ => {}
            }
            dirty.newest = by;
        }
    }

    /// The numbers of the oldest and the newest write that a power loss can take back.
    pub(super) fn unsynced(&self) -> Option<(u64, u64)> {
        let writes = self.dirty.values().flat_map(|dirty| {
            let before = dirty.before.iter().map(|&(by, _)| by);
            before.chain([dirty.newest])
        });
        let lengths = self.lengths.iter().map(|&(by, _)| by);
        let decided = |&by: &u64| by > 0 && by < u64::MAX;
        let numbers = || writes.clone().chain(lengths.clone()).filter(decided);
        Some((numbers().min()?, numbers().max()?))
    }

    /// A sector as reads see it, zeros behind the end.
    fn sector(&self, number: u64) -> Sector {
        let mut sector = Box::new([0; SECTOR_BYTES]);
        self.read(&mut sector[..], number as usize * SECTOR_BYTES);
        sector
    }

    fn set_sector(&mut self, number: u64, sector: &[u8; SECTOR_BYTES]) {
        let start = number as usize * SECTOR_BYTES;
        let end = self.bytes.len().min(start + SECTOR_BYTES);
        if start < end {
            self.bytes.write(&sector[..end - start], start);
        }
    }

    /// Makes all durable but what is doomed; with `keeps_older`, what was durable before is remembered.
    pub(super) fn sync(&mut self, keeps_older: bool) {
        for (number, dirty) in std::mem::take(&mut self.dirty) {
            let durable = dirty.before.into_iter().next();
            match durable {
                Some((_, durable)) if self.doomed.remove(&number) => {
                    self.lost.insert(number, durable);
                }
                Some((_, durable)) if keeps_older && !dirty.forgets => {
                    self.older.insert(number, durable);
                }
                _ => {}
            }
        }
        self.lengths.clear();
        self.durable_len = self.bytes.len();
    }

    /// Puts into `buf`, which was read at `offset`, what its sectors held before; whether that differs.
    pub(super) fn read_older(&self, buf: &mut [u8], offset: usize) -> bool {
        let mut differs = false;
        for number in sectors_of(offset..offset + buf.len()) {
            let Some(older) = self
                .older
                .get(&number)
                .filter(|_| !self.dirty.contains_key(&number))
            else {
                continue;
            };
            let start = number as usize * SECTOR_BYTES;
            let (from, to) = (
                start.max(offset),
                (start + SECTOR_BYTES).min(offset + buf.len()),
            );
            let (old, new) = (
                &older[from - start..to - start],
                &mut buf[from - offset..to - offset],
            );
            differs |= old != new;
            new.copy_from_slice(old);
        }
        differs
    }

    /// Forgets what sectors held before: no stale read gives it any more.
    pub(super) fn forget_older(&mut self) {
        self.older.clear();
        let dirty = self.dirty.values_mut();
        dirty.for_each(|dirty| dirty.forgets = true);
    }

    /// Whether the byte at `offset` rests: it is there, and durable.
    pub(super) fn rests(&self, offset: usize) -> bool {
        offset < self.bytes.len() && !self.dirty.contains_key(&((offset / SECTOR_BYTES) as u64))
    }

    /// A sync that fails. Gives the number of sectors it forgot.
    pub(super) fn fail_sync(&mut self, model: SyncFailure, rng: &mut ChaCha8Rng) -> u64 {
        let mut forgotten = 0;
        // A cache that forgot a sector may still show it, or may have let the page go.
        let evicts = rng.random_bool(0.5);
        for (number, dirty) in std::mem::take(&mut self.dirty) {
            let fate = match model {
                SyncFailure::Dropped => 0,
                SyncFailure::Kept => 1,
                SyncFailure::Mixed => rng.random_range(0..3),
            };
            match fate {
                0 => {
                    let (_, durable) = dirty.before.into_iter().next().expect("never empty");
                    if evicts {
                        self.set_sector(number, &durable);
                    } else {
                        self.lost.insert(number, durable);
                    }
                    forgotten += 1;
                }
                1 => {
                    self.dirty.insert(number, dirty);
                }
                _ => {}
            }
        }
        forgotten
    }

    /// Decides what is left of everything unsynced.
    pub(super) fn lose_power(
        &mut self,
        mood: LossMood,
        survivors: &mut Survivors,
        rng: &mut ChaCha8Rng,
        lost: &mut Losses<'_>,
    ) {
        self.locked_by = None;
        let cut_from = self.bytes.len();
        let len = self.surviving_len(mood, survivors, rng);
        lost.fold(len as u64);
        if len != self.bytes.len() {
            lost.counters.lengths_lost += 1;
            self.bytes.resize(len);
        }
        for (number, durable) in std::mem::take(&mut self.lost) {
            self.set_sector(number, &durable);
        }
        // Of each block, how many sectors survived and how many did not.
        let mut block = (0, 0, 0);
        for (number, dirty) in std::mem::take(&mut self.dirty) {
            if block.0 != number / BLOCK_SECTORS {
                lost.counters.blocks_torn += u64::from(block.1 > 0 && block.2 > 0);
                block = (number / BLOCK_SECTORS, 0, 0);
            }
            // Where writes survive in order or whole, so does what cut the file.
            let was_cut = matches!(survivors, Survivors::Sectors)
                && number as usize * SECTOR_BYTES >= cut_from;
            let before = &dirty.before;
            let decision = if !was_cut && survivors.survives(dirty.newest, mood, rng) {
                block.1 += 1;
                lost.newest_kept = lost.newest_kept.max(dirty.newest);
                lost.counters.sectors_kept += 1;
                lost.decided(number, dirty.newest, Fate::Kept);
                u64::MAX
            } else {
                block.2 += 1;
                lost.oldest_gone = lost.oldest_gone.min(dirty.newest);
                lost.counters.sectors_lost += 1;
                if !was_cut && rng.random_bool(mood.garbage) {
                    lost.counters.sectors_garbage += 1;
                    lost.decided(number, dirty.newest, Fate::Garbage);
                    let garbage = garbage(&self.sector(number), &before[0].1, rng);
                    self.set_sector(number, &garbage);
                    State::mix_bytes(State::HASH_START, &garbage[..])
                } else {
                    lost.decided(number, dirty.newest, Fate::Lost);
                    let version = match survivors {
                        _ if was_cut => 0,
                        Survivors::Sectors => rng.random_range(0..before.len()),
                        _ => (0..before.len())
                            .rfind(|&version| survivors.survives(before[version].0, mood, rng))
                            .unwrap_or(0),
                    };
                    self.set_sector(number, &before[version].1);
                    version as u64
                }
            };
            // What lies behind the end is nothing, whatever became of it.
            if (number as usize * SECTOR_BYTES) < len {
                lost.fold(decision);
            }
        }
        lost.counters.blocks_torn += u64::from(block.1 > 0 && block.2 > 0);
        self.lengths.clear();
        self.doomed.clear();
        self.durable_len = self.bytes.len();
    }

    /// Whether a power loss would decide nothing.
    pub(super) fn is_durable(&self) -> bool {
        self.dirty.is_empty() && self.lost.is_empty() && self.lengths.is_empty()
    }

    /// What a power loss would decide: the length, if it has changed, and each dirty sector.
    pub(super) fn undecided(&self) -> impl Iterator<Item = usize> {
        let length = (self.durable_len != self.bytes.len()).then_some(2);
        let sectors = self.dirty.values().map(|dirty| dirty.before.len() + 1);
        length.into_iter().chain(sectors)
    }

    /// A power loss with these outcomes.
    pub(super) fn settle(&mut self, outcomes: &mut impl Iterator<Item = usize>) {
        let cut_from = self.bytes.len();
        if self.durable_len != self.bytes.len() && outcomes.next() == Some(0) {
            self.bytes.resize(self.durable_len);
        }
        for (number, durable) in std::mem::take(&mut self.lost) {
            self.set_sector(number, &durable);
        }
        for (number, dirty) in std::mem::take(&mut self.dirty) {
            let outcome = outcomes.next().unwrap_or(0);
            let was_cut = number as usize * SECTOR_BYTES >= cut_from;
            let version = if was_cut { 0 } else { outcome };
            if let Some((_, before)) = dirty.before.get(version) {
                self.set_sector(number, before);
            }
        }
        self.lengths.clear();
        self.doomed.clear();
        self.durable_len = self.bytes.len();
    }

    /// All bytes, as reads see them.
    pub(super) fn content(&self) -> &Content {
        &self.bytes
    }

    fn surviving_len(
        &self,
        mood: LossMood,
        survivors: &mut Survivors,
        rng: &mut ChaCha8Rng,
    ) -> usize {
        match survivors {
            Survivors::Upto { number, .. } => {
                let first = self.lengths.iter().find(|&&(by, _)| by > *number);
                first.map_or(self.bytes.len(), |&(_, len)| len)
            }
            _ if self.durable_len != self.bytes.len() && !mood.keeps(rng) => self.durable_len,
            _ => self.bytes.len(),
        }
    }

    /// Flips bits where the data rests.
    pub(super) fn rot(&mut self, offset: usize, mask: u8) {
        self.bytes.flip(offset, mask);
    }
}

/// What a failing write leaves: noise, or new bytes up to some point and old ones after it.
fn garbage(
    new: &[u8; SECTOR_BYTES],
    old: &[u8; SECTOR_BYTES],
    rng: &mut ChaCha8Rng,
) -> [u8; SECTOR_BYTES] {
    let mut sector = *old;
    if rng.random_bool(0.5) {
        rng.fill(&mut sector[..]);
    } else {
        let torn_at = rng.random_range(1..SECTOR_BYTES);
        sector[..torn_at].copy_from_slice(&new[..torn_at]);
    }
    sector
}
