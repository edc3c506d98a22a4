//! What keys and values look like.

use quantadb::storage::{KeyRange, ScanDirection};
use rand::Rng;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;
use std::ops::Bound;

/// The options of a workload on trees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Interleaved transactions.
    pub sessions: usize,
    /// Trees at most, beside the root tree.
    pub trees_max: usize,
    /// Trees that are made and dropped before the first step, so that what the directory says of them fills several leaves.
    pub trees_dropped: usize,
    /// Number of distinct short keys; few make conflicts.
    pub keys: u32,
    /// Longest key drawn.
    pub key_bytes_max: usize,
    /// Longest value drawn; most are far shorter.
    pub value_bytes_max: usize,
    /// Most entries that one step of many changes touches.
    pub burst_max: usize,
    /// Whether trees are created and dropped after the first.
    pub schema_changes: bool,
    /// Whether maintenance, vacuum and checkpoints are called.
    pub maintenance: bool,
}

impl Shape {
    /// A middling workload.
    pub fn plain() -> Self {
        Self {
            sessions: 4,
            trees_max: 4,
            trees_dropped: 0,
            keys: 200,
            key_bytes_max: 300,
            value_bytes_max: 20_000,
            burst_max: 40,
            schema_changes: true,
            maintenance: true,
        }
    }

    /// A key: mostly a short one out of few, sometimes a row id, sometimes long; the long ones differ early or at their end only.
    pub(super) fn key(&self, rng: &mut ChaCha8Rng) -> Vec<u8> {
        let number = rng.random_range(0..self.keys.max(1));
        match rng.random_range(0..10) {
            0 | 1 => row_id_key(i64::from(number) - i64::from(self.keys / 4)).to_vec(),
            2 => {
                let mut key = format!("long{:03}", number % 16).into_bytes();
                let len = rng.random_range(key.len()..=self.key_bytes_max.max(key.len()));
                match number.is_multiple_of(2) {
                    true => key.resize(len, b'.'),
                    false => drop(key.splice(4..4, vec![b'.'; len - key.len()])),
                }
                key
            }
            _ => format!("k{number}").into_bytes(),
        }
    }

    /// A value: mostly short, sometimes empty, sometimes as long as allowed.
    pub(super) fn value(&self, rng: &mut ChaCha8Rng) -> Vec<u8> {
        let len_max = match rng.random_range(0..20) {
            0 => 0,
            1..=13 => 60,
            14..=17 => 600,
            18 => 5_000,
            _ => self.value_bytes_max,
        };
        let len = rng.random_range(0..=len_max.min(self.value_bytes_max));
        let mut value = vec![0u8; len];
        // Neither all zeros nor all alike: a page that lost a part must look different.
        rng.fill(value.as_mut_slice());
        value
    }

    pub(super) fn range(&self, rng: &mut ChaCha8Rng) -> KeyRange {
        let bound = |rng: &mut ChaCha8Rng| match rng.random_range(0..3) {
            0 => Bound::Unbounded,
            1 => Bound::Included(self.key(rng)),
            _ => Bound::Excluded(self.key(rng)),
        };
        match rng.random_range(0..4) {
            0 => KeyRange::ALL,
            1 => KeyRange::prefix(&self.key(rng)[..1]),
            _ => KeyRange {
                low: bound(rng),
                high: bound(rng),
            },
        }
    }
}

pub(super) fn direction(rng: &mut ChaCha8Rng) -> ScanDirection {
    *[ScanDirection::Forward, ScanDirection::Backward]
        .choose(rng)
        .expect("two of them")
}

/// A row id as the key of a table's tree: eight bytes, big-endian, sign flipped.
pub(super) fn row_id_key(row_id: i64) -> [u8; 8] {
    (row_id ^ i64::MIN).to_be_bytes()
}
