//! A clock that moves when it is looked at, and entropy from the seed.

use quantadb::env::Env;
use quantadb::sync::{Mutex, Scheduler, set_scheduler};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// 2000-01-01 00:00:00 UTC in microseconds since 1970: when simulated time begins.
const START_MICROS: i64 = 946_684_800_000_000;
/// How far the clock moves each time it is looked at, so that time-outs end.
const TICK_MICROS: u64 = 10;
/// How far it moves when somebody waits whom nobody can wake.
const WAIT_MICROS: u64 = 1_000;
/// How often that may be in one run.
const WAITS_MAX: u64 = 1_000_000;

/// Virtual clock and seeded entropy.
#[derive(Debug)]
pub struct SimEnv {
    micros: AtomicU64,
    /// Waits of those who were alone.
    waits: AtomicU64,
    rng: Mutex<ChaCha8Rng>,
}

impl SimEnv {
    /// A clock at its start, and entropy drawn from `rng`.
    pub fn new(rng: ChaCha8Rng) -> Self {
        Self {
            micros: AtomicU64::new(0),
            waits: AtomicU64::new(0),
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

impl Scheduler for SimEnv {
    /// Nobody is there who could go on: time passes until the wait is given up.
    fn blocked(&self, what: &'static str) {
        let waits = self.waits.fetch_add(1, Ordering::Relaxed);
        assert!(
            waits < WAITS_MAX,
            "nobody can go on: the only session waits for: {what}"
        );
        self.advance(WAIT_MICROS);
    }
}

/// While it is there, the only session of an environment runs on this thread: where it waits, simulated time passes and no
/// other.
pub struct Alone {
    /// Who decided before what is done in a wait.
    scheduler: Option<Arc<dyn Scheduler>>,
}

impl Alone {
    /// In this environment.
    pub fn with(env: Arc<SimEnv>) -> Self {
        let scheduler = set_scheduler(Some(env));
        Self { scheduler }
    }
}

impl fmt::Debug for Alone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Alone").finish_non_exhaustive()
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        set_scheduler(self.scheduler.take());
    }
}
