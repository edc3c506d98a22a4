//! Sessions that take turns, so that their interleaving is a function of the seed.
//!
//! Each has a stack of its own, but all run on one thread of the operating system: to pass the baton is a jump to another
//! stack, and costs no call of the system. The one that holds the baton passes it on where the engine would wait (a
//! contended latch, another transaction, a flush under way) and, by chance, at each call of the disk. Who gets it the
//! schedule's stream decides.
//!
//! ```text
//!   stack 0  ──run──▶ disk call ┐                     ┌──run──▶
//!   stack 1                     └──run──▶ latch busy ─┘
//! ```

use generator::{Generator, Gn};
use quantadb::sync::{Scheduler, set_scheduler};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

/// Waits in a row, by all together, after which nobody can be expected to go on.
const WAITS_MAX: u64 = 1_000_000;
/// Words of each stack: as many as those of a thread. Of the memory only what is touched is taken.
const STACK_WORDS: usize = (2 << 20) / size_of::<usize>();

/// The baton and who may get it.
struct Baton {
    rng: ChaCha8Rng,
    live: Vec<bool>,
    /// Chance that a disk call passes the baton.
    switch_chance: f64,
    /// Waits since somebody last did something.
    waits: u64,
    /// Who is to go on.
    holder: Option<usize>,
}

thread_local! {
    /// The baton of those who take turns on this thread.
    static BATON: RefCell<Option<Baton>> = const { RefCell::new(None) };
    /// Which of them is running.
    static SEAT: Cell<Option<usize>> = const { Cell::new(None) };
}

/// A point where the schedule may let another go on; nothing for whoever takes no turns.
pub fn pause() {
    // Who panics is left to come to its end.
    if SEAT.get().is_some() && !std::thread::panicking() && with_baton(Baton::pauses) {
        pass();
    }
}

/// Which of those that take turns this is, if it is one.
pub fn seat() -> Option<usize> {
    SEAT.get()
}

/// Runs each of `bodies` on a stack of its own, one at a time, and gives what they return. A panic of one is the caller's,
/// when all have ended.
pub fn take_turns<T: Send>(
    bodies: Vec<impl FnOnce() -> T + Send>,
    switch_chance: f64,
    rng: ChaCha8Rng,
) -> Vec<T> {
    let mut ended: Vec<_> = bodies.iter().map(|_| None).collect();
    let bodies = bodies.into_iter().zip(&mut ended);
    let mut stacks: Vec<Generator<'_, (), ()>> = bodies
        .map(|(body, ended)| {
            let body = || *ended = Some(catch_unwind(AssertUnwindSafe(body)));
            Gn::new_opt(STACK_WORDS, body)
        })
        .collect();
    let _turns = Turns::begin(Baton::new(stacks.len(), switch_chance, rng));
    while let Some(holder) = with_baton(|baton| baton.holder) {
        SEAT.set(Some(holder));
        stacks[holder].resume();
        if stacks[holder].is_done() {
            with_baton(|baton| baton.leaves(holder));
        }
    }
    drop(stacks);
    let whole = |ended: Option<std::thread::Result<T>>| match ended.expect("all have ended") {
        Ok(value) => value,
        Err(panic) => resume_unwind(panic),
    };
    ended.into_iter().map(whole).collect()
}

/// While it is there, those on this thread take turns.
struct Turns {
    /// Who decided before.
    scheduler: Option<Arc<dyn Scheduler>>,
}

impl Turns {
    fn begin(baton: Baton) -> Self {
        let before = BATON.replace(Some(baton));
        assert!(
            before.is_none(),
            "who takes turns lets no others take turns"
        );
        let scheduler = set_scheduler(Some(Arc::new(PassOn)));
        Self { scheduler }
    }
}

impl Drop for Turns {
    fn drop(&mut self) {
        set_scheduler(self.scheduler.take());
        SEAT.set(None);
        BATON.take();
    }
}

fn with_baton<T>(f: impl FnOnce(&mut Baton) -> T) -> T {
    BATON.with_borrow_mut(|baton| f(baton.as_mut().expect("a seat is one of a baton")))
}

/// Goes on with another, and comes back when the baton does.
// The crate wants yields to go through a handle that the engine, below which this is called, cannot pass on.
#[allow(deprecated)]
fn pass() {
    generator::yield_with(());
}

/// Where the engine would wait, another goes on.
struct PassOn;

impl Scheduler for PassOn {
    fn blocked(&self, what: &'static str) {
        if let Some(me) = SEAT.get()
            && with_baton(|baton| baton.waits(me, what))
        {
            pass();
        }
    }
}

impl Baton {
    fn new(stacks: usize, switch_chance: f64, mut rng: ChaCha8Rng) -> Self {
        let holder = (stacks > 0).then(|| rng.random_range(0..stacks));
        Self {
            rng,
            live: vec![true; stacks],
            switch_chance,
            waits: 0,
            holder,
        }
    }

    /// Whether the holder passes the baton on at a call of the disk.
    fn pauses(&mut self) -> bool {
        self.waits = 0;
        let chance = self.switch_chance;
        self.rng.random_bool(chance) && self.moves()
    }

    /// Whether `me`, which cannot go on, passes the baton on: to itself it does not.
    fn waits(&mut self, me: usize, what: &'static str) -> bool {
        self.waits += 1;
        assert!(
            self.waits < WAITS_MAX,
            "nobody can go on: session {me} and all others wait, this one for: {what}"
        );
        self.moves()
    }

    /// `me` has ended.
    fn leaves(&mut self, me: usize) {
        self.live[me] = false;
        self.waits = 0;
        self.holder = self.choose();
    }

    /// Gives the baton to any who has not ended; whether that is another.
    fn moves(&mut self) -> bool {
        let before = self.holder;
        self.holder = self.choose();
        self.holder != before
    }

    fn choose(&mut self) -> Option<usize> {
        let live = self.live.iter().filter(|&&l| l).count();
        if live == 0 {
            return None;
        }
        let nth = self.rng.random_range(0..live);
        let mut seats = (0..self.live.len()).filter(|&i| self.live[i]);
        seats.nth(nth)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quantadb::sync::Mutex;
    use rand::SeedableRng;

    fn turns(seed: u64) -> Vec<usize> {
        let taken = Mutex::new(Vec::new());
        let body = |me: usize| {
            let taken = &taken;
            move || {
                for _ in 0..20 {
                    taken.lock().push(me);
                    pause();
                }
                me
            }
        };
        let bodies = (0..3).map(body).collect();
        let ended = take_turns(bodies, 0.5, ChaCha8Rng::seed_from_u64(seed));
        assert_eq!(ended, [0, 1, 2]);
        assert_eq!(seat(), None);
        taken.lock().clone()
    }

    #[test]
    fn a_seed_decides_who_goes_on() {
        assert_eq!(turns(1), turns(1));
        assert_ne!(turns(1), turns(2));
        assert_eq!(turns(1).len(), 60);
    }

    #[test]
    fn a_panic_is_the_callers_when_all_have_ended() {
        std::panic::set_hook(Box::new(|_| {}));
        let ended = Mutex::new(0);
        let body = |me: usize| {
            let ended = &ended;
            move || {
                pause();
                assert_ne!(me, 1, "the one in the middle");
                pause();
                *ended.lock() += 1;
            }
        };
        let rng = ChaCha8Rng::seed_from_u64(1);
        let bodies = (0..3).map(body).collect();
        let panic = catch_unwind(AssertUnwindSafe(|| take_turns(bodies, 0.9, rng)));
        assert!(panic.is_err());
        assert_eq!(*ended.lock(), 2);
        assert_eq!(seat(), None);
    }

    #[test]
    fn who_waits_for_nobody_is_noticed() {
        std::panic::set_hook(Box::new(|_| {}));
        let latch = Mutex::new(());
        let held = latch.lock();
        let bodies = vec![|| drop(latch.lock())];
        let rng = ChaCha8Rng::seed_from_u64(1);
        let waits = catch_unwind(AssertUnwindSafe(|| take_turns(bodies, 0.9, rng)));
        assert!(waits.is_err());
        drop(held);
    }
}
