//! The numbers of `random()`: of chance, or after `setseed` those that follow from the seed.
//!
//! Those that follow are PostgreSQL 15's: xoroshiro128** (Blackman and Vigna, "Scrambled linear pseudorandom number
//! generators", TOMS 47(4), 2021), begun by splitmix64 from the seed as an integer of 52 bits with a sign.

use crate::env::Env;
use rand_xoshiro::Xoroshiro128StarStar;
use rand_xoshiro::rand_core::{RngCore, SeedableRng};
use std::cell::RefCell;

/// Where the `random()` of a session takes its numbers from.
#[derive(Debug, Default)]
pub struct RandomNumbers(RefCell<Option<Xoroshiro128StarStar>>);

impl RandomNumbers {
    /// From now on the numbers follow from `seed`, which is between -1 and 1.
    pub(super) fn set_seed(&self, seed: f64) {
        let integer = (((1u64 << 52) - 1) as f64 * seed) as i64;
        let generator = Xoroshiro128StarStar::seed_from_u64(integer as u64);
        *self.0.borrow_mut() = Some(generator);
    }

    /// The next one, from 0 to less than 1.
    pub(super) fn next(&self, env: &dyn Env) -> f64 {
        match &mut *self.0.borrow_mut() {
            Some(generator) => (generator.next_u64() >> 12) as f64 / (1u64 << 52) as f64,
            None => (env.entropy() >> 11) as f64 / (1u64 << 53) as f64,
        }
    }
}
