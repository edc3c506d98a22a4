//! A clock that moves when it is looked at, and entropy from the seed.

use quantadb::env::Env;
use quantadb::sync::Mutex;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use std::sync::atomic::{AtomicU64, Ordering};

/// 2000-01-01 00:00:00 UTC in microseconds since 1970: when simulated time begins.
const START_MICROS: i64 = 946_684_800_000_000;
/// How far the clock moves each time it is looked at, so that time-outs end.
const TICK_MICROS: u64 = 10;

/// Virtual clock and seeded entropy.
#[derive(Debug)]
pub struct SimEnv {
    micros: AtomicU64,
    rng: Mutex<ChaCha8Rng>,
}

impl SimEnv {
    /// A clock at its start, and entropy drawn from `rng`.
    pub fn new(rng: ChaCha8Rng) -> Self {
        Self {
            micros: AtomicU64::new(0),
            rng: Mutex::new(rng),
        }
    }

    /// Moves the clock.
    pub fn advance(&self, micros: u64) {
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }

    fn tick(&self) -> u64 {
        self.micros.fetch_add(TICK_MICROS, Ordering::Relaxed)
    }
}

impl Env for SimEnv {
    fn now_micros(&self) -> i64 {
        START_MICROS.saturating_add_unsigned(self.tick())
    }

    fn monotonic_micros(&self) -> u64 {
        self.tick()
    }

    fn pause(&self, micros: u64) {
        self.advance(micros);
        quantadb::sync::give_way();
    }

    fn entropy(&self) -> u64 {
        self.rng.lock().random()
    }
}
