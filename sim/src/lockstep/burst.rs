//! Many changes in one step, each of which could be left out when the step is replayed.

use super::compare::Mismatch;
use super::driver::{Lockstep, SLOT, Went};
use super::session::{Answer, Session, TreePair};
use super::shape::row_id_key;
use quantadb::storage::ScanDirection;
use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// A key of a burst; some come after all row ids, so that those are not the last of the tree.
fn burst_key(prefix: u32, number: usize) -> Vec<u8> {
    match prefix {
        7 => [&[0xff][..], format!("{number:010}").as_bytes()].concat(),
        _ => format!("b{prefix}-{number:05}").into_bytes(),
    }
}

impl Lockstep {
    /// Whether a change is made that is one of many of a step.
    fn has_turn(&self, number: u32, rng: &mut ChaCha8Rng) -> bool {
        self.phase.course().turn(0, number, rng)
    }

    /// Appends rows as a table does: under row ids that the tree gives.
    pub(super) fn burst_of_rows(
        &mut self,
        session: &mut Session,
        tree: TreePair,
        rng: &mut ChaCha8Rng,
    ) -> Went {
        if session.read_only {
            return Ok(None);
        }
        let count = rng.random_range(1..=self.shape.burst_max as u64);
        let first = match session.subject.allocate_row_ids(tree.subject, count) {
            Ok(first) => first,
            Err(error) => return self.only_fault("allocate_row_ids", error),
        };
        let before = self
            .row_ids
            .insert(tree.subject.0, first + count as i64 - 1);
        let twice = |found: i64| Mismatch {
            doing: format!("allocate_row_ids of {tree:?}"),
            expected: format!("numbers after {before:?} that no key has"),
            found: found.to_string(),
        };
        if before.is_some_and(|b| first <= b) {
            return Err(twice(first));
        }
        for (number, row_id) in (0..).zip(first..first + count as i64) {
            if !self.has_turn(number, rng) {
                continue;
            }
            match session.insert(tree, &row_id_key(row_id), &self.shape.value(rng))? {
                Answer::Same(true) => {}
                Answer::Same(false) => return Err(twice(row_id)),
                other => return self.note(other),
            }
        }
        Ok(None)
    }

    pub(super) fn burst_of_puts(
        &mut self,
        session: &mut Session,
        tree: TreePair,
        rng: &mut ChaCha8Rng,
    ) -> Went {
        let prefix = rng.random_range(0..8u32);
        for (number, i) in (0..).zip(0..rng.random_range(1..=self.shape.burst_max)) {
            if !self.has_turn(number, rng) {
                continue;
            }
            match session.put(tree, &burst_key(prefix, i), &self.shape.value(rng))? {
                Answer::Same(()) => {}
                other => return self.note(other),
            }
        }
        Ok(None)
    }

    pub(super) fn burst_of_deletes(
        &mut self,
        session: &mut Session,
        tree: TreePair,
        rng: &mut ChaCha8Rng,
    ) -> Went {
        let sizes = (64, self.shape.burst_max);
        let range = self.shape.range(rng);
        let entries = match session.scan(tree, &range, ScanDirection::Forward, sizes)? {
            Answer::Same(entries) => entries,
            other => return self.note(other),
        };
        for (number, (key, _)) in (0..).zip(entries) {
            if !self.has_turn(number, rng) {
                continue;
            }
            // The slots are the driver's: whoever deletes one keeps another session from telling its fate.
            if key.starts_with(SLOT) {
                continue;
            }
            match session.delete(tree, &key)? {
                Answer::Same(_) => {}
                other => return self.note(other),
            }
        }
        Ok(None)
    }
}
