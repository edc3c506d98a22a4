//! Where what is drawn comes from: random numbers, or the bytes of a fuzzer.

use arbitrary::Unstructured;
use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// Something that decides.
pub trait Decisions {
    /// A number below `end`, which is not 0; the first ones are what a source that has run dry decides.
    fn below(&mut self, end: usize) -> usize;
}

impl Decisions for ChaCha8Rng {
    fn below(&mut self, end: usize) -> usize {
        self.random_range(0..end)
    }
}

impl Decisions for Unstructured<'_> {
    fn below(&mut self, end: usize) -> usize {
        let byte = self.bytes(1).map_or(0, |bytes| bytes[0]);
        usize::from(byte) % end
    }
}
