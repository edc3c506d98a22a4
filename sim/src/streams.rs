//! Independent streams of random numbers from one seed, so that a draw in one does not shift the others.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// The streams of a seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Streams {
    seed: u64,
}

impl Streams {
    /// The streams of `seed`.
    pub fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// Which features are on, and how large things are.
    pub fn options(self) -> ChaCha8Rng {
        self.stream(1)
    }

    /// Statements, keys, values.
    pub fn workload(self) -> ChaCha8Rng {
        self.stream(2)
    }

    /// Who runs next.
    pub fn schedule(self) -> ChaCha8Rng {
        self.stream(3)
    }

    /// Faults of the disk, crashes, and what a crash leaves.
    pub fn faults(self) -> ChaCha8Rng {
        self.stream(4)
    }

    /// What the engine gets as entropy.
    pub fn entropy(self) -> ChaCha8Rng {
        self.stream(5)
    }

    fn stream(self, number: u64) -> ChaCha8Rng {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(number);
        rng
    }
}
