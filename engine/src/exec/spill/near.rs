//! Numbers of keys that lie close to each other, by their distance from the least place: what is grouped by is mostly such,
//! and to look there is a fraction of what a hash costs.
//!
//! ```text
//!   keys 7, 9, 12      least 7:   0 · 1 · · 2 · ·      a power of two of places, as many as the keys are worth
//! ```
//!
//! What has no place here is only looked up elsewhere: the table of all keys does not ask whether it has one.

use crate::exec::memory::Reservation;

/// No number.
const NONE: u32 = u32::MAX;

/// Places there are as soon as there is a key.
const PLACES_MIN: u128 = 256;

/// Most places: what a core has at hand.
const PLACES_MAX: u128 = 16_384;

/// How many places a key is worth.
const PLACES_OF_KEY: u128 = 16;

/// Numbers of some keys.
#[derive(Default)]
pub(super) struct NearKeys {
    least: u128,
    numbers: Vec<u32>,
}

impl NearKeys {
    /// The number of a key that has a place.
    #[inline]
    pub(super) fn find(&self, key: u128) -> Option<u32> {
        let place = usize::try_from(key.wrapping_sub(self.least)).ok()?;
        let number = self.numbers.get(place).copied();
        number.filter(|number| *number != NONE)
    }

    /// Gives a new key after `count` others a place, if it is close enough to them and there is room in memory.
    pub(super) fn put(
        &mut self,
        key: u128,
        number: u32,
        count: usize,
        reservation: &mut Reservation<'_>,
    ) {
        if self.reaches(key) || self.grow(key, count, reservation) {
            let place = key.wrapping_sub(self.least) as usize;
            self.numbers[place] = number;
        }
    }

    fn reaches(&self, key: u128) -> bool {
        key.wrapping_sub(self.least) < self.numbers.len() as u128
    }

    /// Makes places up to `key`, and as many again in its direction, if they are worth it.
    fn grow(&mut self, key: u128, count: usize, reservation: &mut Reservation<'_>) -> bool {
        let old = self.numbers.len();
        if old == 0 {
            self.least = key.saturating_sub(PLACES_MIN / 2);
        }
        let last = self.least.saturating_add((old as u128).saturating_sub(1));
        let (least, greatest) = (self.least.min(key), last.max(key));
        let worth = (count as u128 + 1) * PLACES_OF_KEY;
        let places = (greatest - least).saturating_add(1).max(PLACES_MIN);
        if places > worth.clamp(PLACES_MIN, PLACES_MAX) {
            return false;
        }
        let places = places.next_power_of_two();
        let below = match key < self.least {
            true => greatest.saturating_sub(places - 1),
            false => least,
        };
        let places = places as usize;
        if !reservation.try_grow(places.saturating_sub(old) * size_of::<u32>()) {
            return false;
        }
        let mut numbers = vec![NONE; places];
        let moved = (self.least - below) as usize;
        let kept = old.min(places - moved); // fewer where numbers of 128 bits end
        numbers[moved..moved + kept].copy_from_slice(&self.numbers[..kept]);
        (self.least, self.numbers) = (below, numbers);
        self.reaches(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exec::memory::{Memory, MemoryPool};
    use std::sync::Arc;

    fn memory(bytes: usize) -> Memory {
        Memory::new(bytes, Arc::new(MemoryPool::new(bytes)))
    }

    /// What is found of keys after each was put, and how many places there are then.
    fn found(keys: &[u128]) -> (Vec<Option<u32>>, usize) {
        let memory = memory(usize::MAX);
        let mut reservation = memory.reservation("test");
        let mut near = NearKeys::default();
        for (number, key) in keys.iter().enumerate() {
            near.put(*key, number as u32, number, &mut reservation);
        }
        let found = keys.iter().map(|key| near.find(*key)).collect();
        (found, near.numbers.len())
    }

    #[test]
    fn close_keys_have_places_whatever_their_order() {
        let mut keys: Vec<u128> = (1000..1100).map(|i| i * 7919 % 1000 + 5000).collect();
        keys.dedup();
        let (numbers, places) = found(&keys);
        assert_eq!(places, 2048);
        assert_eq!(numbers[99], Some(99));
        let ends = [0, u128::MAX, 1, u128::MAX - 1, 5];
        assert_eq!(found(&ends).0, [Some(0), None, Some(2), None, Some(4)]);
        let mut ends: Vec<u128> = (0..200).map(|i| u128::MAX - i * 2).collect();
        ends.push(0);
        let (numbers, places) = found(&ends);
        assert_eq!(
            (numbers[0], numbers[199], places),
            (Some(0), Some(199), 512)
        );
        assert_eq!(numbers[200], None);
    }

    #[test]
    fn places_are_worth_their_keys() {
        assert_eq!(found(&[200, 327, 328]).0, [Some(0), Some(1), None]);
        let many: Vec<u128> = (0..20_000).collect();
        let (numbers, places) = found(&many);
        assert_eq!(places as u128, PLACES_MAX);
        assert_eq!(numbers.iter().flatten().count() as u128, PLACES_MAX);
    }

    #[test]
    fn without_memory_there_are_no_places() {
        let memory = memory(100);
        let mut near = NearKeys::default();
        near.put(7, 0, 0, &mut memory.reservation("test"));
        assert_eq!((near.find(7), near.numbers.len()), (None, 0));
    }
}
