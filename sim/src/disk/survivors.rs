//! Which unsynced writes survive a power loss.

use super::faults::{DiskFaults, PowerLoss};
use super::inode::LossMood;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;

/// What decides it.
pub(super) enum Survivors {
    /// Each sector for itself.
    Sectors,
    /// The order of writes: those up to a number survive, and of the next so many sectors.
    Upto { number: u64, sectors: u64 },
    /// Each write for itself, but whole; what was drawn so far.
    Writes(BTreeMap<u64, bool>),
}

impl Survivors {
    /// Draws it; `unsynced` are the numbers of the oldest and the newest write that a power loss can take back.
    pub(super) fn draw(
        faults: &DiskFaults,
        mood: LossMood,
        (oldest, newest): (u64, u64),
        rng: &mut ChaCha8Rng,
    ) -> Self {
        match faults.power {
            PowerLoss {
                reorders: true,
                tears: true,
                ..
            } => Self::Sectors,
            PowerLoss { reorders: true, .. } => Self::Writes(BTreeMap::new()),
            PowerLoss { tears, .. } => {
                let all = mood.keeps(rng);
                let number = rng.random_range(oldest.saturating_sub(1)..=newest.max(oldest));
                Self::Upto {
                    number: if all { newest } else { number },
                    sectors: if tears { rng.random_range(0..8) } else { 0 },
                }
            }
        }
    }

    /// Whether a sector of the write with that number survives; 0 is what was durable before.
    pub(super) fn survives(&mut self, number: u64, mood: LossMood, rng: &mut ChaCha8Rng) -> bool {
        match self {
            _ if number == 0 => true,
            Self::Sectors => mood.keeps(rng),
            Self::Upto {
                number: last,
                sectors,
            } if number == *last + 1 && *sectors > 0 => {
                *sectors -= 1;
                true
            }
            Self::Upto { number: last, .. } => number <= *last,
            Self::Writes(drawn) => *drawn.entry(number).or_insert_with(|| mood.keeps(rng)),
        }
    }
}
