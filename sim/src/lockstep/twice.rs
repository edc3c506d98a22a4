//! Operations that come to a key twice: a lock that gets stronger, a look before a change.

use super::driver::{Lockstep, Went};
use super::session::{Answer, Session, TreePair};
use super::shape::Shape;
use quantadb::storage::{LockMode, StorageTxn};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// So many of each kind.
const FEW_KEYS: u32 = 3;

impl Lockstep {
    pub(super) fn lock(
        &mut self,
        session: &mut Session,
        tree: TreePair,
        rng: &mut ChaCha8Rng,
    ) -> Went {
        if rng.random_bool(0.3) {
            session.depend_on(tree, &self.shape.range(rng));
            return Ok(None);
        }
        use LockMode::{KeyShare, NoKeyUpdate, Share, Update};
        let modes = [KeyShare, Share, NoKeyUpdate, Update];
        let (key, mode) = (self.few().key(rng), rng.random_range(0..4));
        let answer = session.lock(tree, &key, modes[mode], rng.random_bool(0.5))?;
        let took = matches!(answer, Answer::Same(true));
        if !took || rng.random_bool(0.5) {
            return self.note(answer);
        }
        // Who holds a lock asks for a stronger one, sometimes behind a savepoint that takes it back.
        let savepoint = (session.subject.savepoint(), session.model.savepoint());
        let stronger = rng.random_range(mode..4);
        let answer = session.lock(tree, &key, modes[stronger], rng.random_bool(0.5))?;
        if !matches!(answer, Answer::Same(_)) || rng.random_bool(0.6) {
            return self.note(answer);
        }
        let answer = session.rollback_to(savepoint)?;
        self.note(answer)
    }

    /// Of few keys, so that those who come to one meet.
    fn few(&self) -> Shape {
        Shape {
            keys: self.shape.keys.min(FEW_KEYS),
            ..self.shape.clone()
        }
    }

    /// Looks a key up and changes it, sometimes behind a savepoint that may take the change back and not the look.
    pub(super) fn read_and_put(
        &mut self,
        session: &mut Session,
        tree: TreePair,
        rng: &mut ChaCha8Rng,
    ) -> Went {
        let key = match rng.random_bool(0.5) {
            true => self.few().key(rng),
            false => self.shape.key(rng),
        };
        let answer = session.get(tree, &key)?;
        if let Answer::Fault(_) = answer {
            return self.note(answer);
        }
        let savepoint = (session.subject.savepoint(), session.model.savepoint());
        let answer = session.put(tree, &key, &self.shape.value(rng))?;
        if !matches!(answer, Answer::Same(_)) || rng.random_bool(0.5) {
            return self.note(answer);
        }
        let answer = session.rollback_to(savepoint)?;
        self.note(answer)
    }
}
