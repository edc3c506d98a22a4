//! The content of one file: what reads see, and what a power loss could make of it.

use super::counters::DiskCounters;
use super::faults::{DiskFaults, SyncFailure};
use quantadb::vfs::SECTOR_BYTES;
use rand::Rng;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;
use std::ops::Range;

type Sector = Box<[u8; SECTOR_BYTES]>;

/// Versions of a dirty sector that are remembered, the durable one included.
const VERSIONS_MAX: usize = 4;
/// Sectors of the block by which torn writes are counted.
const BLOCK_SECTORS: u64 = 8;

/// A file.
#[derive(Clone, Debug, Default)]
pub(super) struct Inode {
    /// What reads see.
    bytes: Vec<u8>,
    /// Sectors written since the last sync: what was there before, the durable version first.
    dirty: BTreeMap<u64, Vec<Sector>>,
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
        let garbage = if faults.garbage && rng.random_bool(0.5) {
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

impl Inode {
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn read(&self, buf: &mut [u8], offset: usize) -> usize {
        let rest = self.bytes.get(offset..).unwrap_or_default();
        let count = rest.len().min(buf.len());
        buf[..count].copy_from_slice(&rest[..count]);
        count
    }

    pub(super) fn write(&mut self, buf: &[u8], offset: usize) {
        if buf.is_empty() {
            return;
        }
        let end = offset + buf.len();
        self.remember(offset..end);
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        self.bytes[offset..end].copy_from_slice(buf);
    }

    pub(super) fn set_len(&mut self, len: usize) {
        // Bytes gained are zeros, as they read before: only what is cut off must be remembered.
        self.remember(len..self.bytes.len());
        self.bytes.resize(len, 0);
    }

    /// Keeps what the sectors of `range` hold, before it changes.
    fn remember(&mut self, range: Range<usize>) {
        if range.is_empty() {
            return;
        }
        let (first, last) = (range.start / SECTOR_BYTES, (range.end - 1) / SECTOR_BYTES);
        for number in first as u64..=last as u64 {
            let now = self.sector(number);
            let versions = self.dirty.entry(number).or_default();
            match (versions.is_empty(), self.lost.remove(&number)) {
                // The durable version is older than what reads see.
                (true, Some(durable)) => versions.extend([durable, now]),
                _ if versions.len() < VERSIONS_MAX => versions.push(now),
                _ => {}
            }
        }
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
            self.bytes[start..end].copy_from_slice(&sector[..end - start]);
        }
    }

    pub(super) fn sync(&mut self) {
        self.dirty.clear();
        self.durable_len = self.bytes.len();
    }

    /// A sync that fails. Gives the number of sectors it forgot.
    pub(super) fn fail_sync(&mut self, model: SyncFailure, rng: &mut ChaCha8Rng) -> u64 {
        let mut forgotten = 0;
        // A cache that forgot a sector may still show it, or may have let the page go.
        let evicts = rng.random_bool(0.5);
        for (number, versions) in std::mem::take(&mut self.dirty) {
            let fate = match model {
                SyncFailure::Dropped => 0,
                SyncFailure::Kept => 1,
                SyncFailure::Mixed => rng.random_range(0..3),
            };
            match fate {
                0 => {
                    let durable = versions.into_iter().next().expect("never empty");
                    if evicts {
                        self.set_sector(number, &durable);
                    } else {
                        self.lost.insert(number, durable);
                    }
                    forgotten += 1;
                }
                1 => {
                    self.dirty.insert(number, versions);
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
        rng: &mut ChaCha8Rng,
        counters: &mut DiskCounters,
    ) {
        self.locked_by = None;
        let cut_from = self.bytes.len();
        if self.durable_len != self.bytes.len() && !mood.keeps(rng) {
            counters.lengths_lost += 1;
            self.bytes.resize(self.durable_len, 0);
        }
        for (number, durable) in std::mem::take(&mut self.lost) {
            self.set_sector(number, &durable);
        }
        // Of each block, how many sectors survived and how many did not.
        let mut block = (0, 0, 0);
        for (number, versions) in std::mem::take(&mut self.dirty) {
            if block.0 != number / BLOCK_SECTORS {
                counters.blocks_torn += u64::from(block.1 > 0 && block.2 > 0);
                block = (number / BLOCK_SECTORS, 0, 0);
            }
            let was_cut = number as usize * SECTOR_BYTES >= cut_from;
            if !was_cut && mood.keeps(rng) {
                counters.sectors_kept += 1;
                block.1 += 1;
                continue;
            }
            counters.sectors_lost += 1;
            block.2 += 1;
            if !was_cut && rng.random_bool(mood.garbage) {
                counters.sectors_garbage += 1;
                let garbage = garbage(&self.sector(number), &versions[0], rng);
                self.set_sector(number, &garbage);
            } else {
                let version = if was_cut {
                    0
                } else {
                    rng.random_range(0..versions.len())
                };
                self.set_sector(number, &versions[version]);
            }
        }
        counters.blocks_torn += u64::from(block.1 > 0 && block.2 > 0);
        self.durable_len = self.bytes.len();
    }

    /// Flips bits where the data rests.
    pub(super) fn rot(&mut self, offset: usize, mask: u8) {
        if let Some(byte) = self.bytes.get_mut(offset) {
            *byte ^= mask;
        }
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
