//! Threads that take turns, so that their interleaving is a function of the seed.
//!
//! One thread runs at a time: the one that holds the baton. It passes it on where the engine would wait (a contended
//! latch, another transaction, a flush under way) and, by chance, at each call of the disk. Who gets it the schedule's
//! stream decides.
//!
//! ```text
//!   thread 0  ──run──▶ disk call ┐                     ┌──run──▶
//!   thread 1                     └──run──▶ latch busy ─┘
//! ```

use parking_lot::{Condvar, Mutex};
use quantadb::planted::{Mistake, plant, planted};
use quantadb::sync::{Scheduler, set_scheduler};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use std::cell::RefCell;
use std::sync::Arc;

/// Waits in a row, by all threads together, after which nobody can be expected to go on.
const WAITS_MAX: u64 = 1_000_000;

/// The baton and who may get it.
pub struct Baton {
    state: Mutex<State>,
    passed: Condvar,
    /// What is planted in each of the threads: what was in the one that made the baton.
    mistake: Option<Mistake>,
}

struct State {
    rng: ChaCha8Rng,
    live: Vec<bool>,
    holder: Option<usize>,
    /// Chance that a disk call passes the baton.
    switch_chance: f64,
    /// Waits since a thread last did something.
    waits: u64,
}

/// A thread's place among the others.
#[derive(Clone)]
struct Seat {
    baton: Arc<Baton>,
    me: usize,
}

thread_local! {
    static SEAT: RefCell<Option<Seat>> = const { RefCell::new(None) };
}

/// A point where the schedule may let another thread run; nothing for a thread without a baton.
pub fn pause() {
    let seat = SEAT.with(|seat| seat.borrow().clone());
    if let Some(seat) = seat {
        seat.baton.pause(seat.me);
    }
}

/// Which of the threads this is, if it is one of those that take turns.
pub fn seat() -> Option<usize> {
    SEAT.with(|seat| seat.borrow().as_ref().map(|seat| seat.me))
}

/// Runs each of `bodies` on a thread of its own, one at a time, and gives what they return. A panic of one is the caller's.
pub fn take_turns<T: Send>(
    bodies: Vec<impl FnOnce() -> T + Send>,
    switch_chance: f64,
    rng: ChaCha8Rng,
) -> Vec<T> {
    let baton = Baton::new(bodies.len(), switch_chance, rng);
    let ended: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = bodies
            .into_iter()
            .enumerate()
            .map(|(me, body)| {
                let baton = &baton;
                scope.spawn(move || baton.attend(me, body))
            })
            .collect();
        threads.into_iter().map(|t| t.join()).collect()
    });
    let whole = |ended: std::thread::Result<T>| {
        ended.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    };
    ended.into_iter().map(whole).collect()
}

impl Baton {
    /// A baton for so many threads. `switch_chance`: how likely a disk call passes it.
    pub fn new(threads: usize, switch_chance: f64, mut rng: ChaCha8Rng) -> Arc<Self> {
        let holder = (threads > 0).then(|| rng.random_range(0..threads));
        Arc::new(Self {
            state: Mutex::new(State {
                rng,
                live: vec![true; threads],
                holder,
                switch_chance,
                waits: 0,
            }),
            passed: Condvar::new(),
            mistake: planted(),
        })
    }

    /// Runs `body` as thread `me`, whenever it has the baton. Each of the threads must come, once.
    pub fn attend<T>(self: &Arc<Self>, me: usize, body: impl FnOnce() -> T) -> T {
        let seat = Seat {
            baton: self.clone(),
            me,
        };
        let mut state = self.state.lock();
        while state.holder != Some(me) {
            self.passed.wait(&mut state);
        }
        drop(state);
        set_scheduler(Some(Arc::new(seat.clone())));
        SEAT.with(|current| *current.borrow_mut() = Some(seat.clone()));
        let _planted = plant(self.mistake);
        let _leaves = Leaves(seat);
        body()
    }

    fn pause(&self, me: usize) {
        let mut state = self.state.lock();
        state.waits = 0;
        let chance = state.switch_chance;
        if state.rng.random_bool(chance) {
            self.pass(state, me);
        }
    }

    fn wait(&self, me: usize, what: &'static str) {
        let mut state = self.state.lock();
        state.waits += 1;
        assert!(
            state.waits < WAITS_MAX,
            "nobody can go on: thread {me} and all others wait, this one for: {what}"
        );
        self.pass(state, me);
    }

    /// Gives the baton to any live thread and waits until it comes back.
    fn pass(&self, mut state: parking_lot::MutexGuard<'_, State>, me: usize) {
        state.holder = state.choose();
        if state.holder == Some(me) {
            return;
        }
        self.passed.notify_all();
        while state.holder != Some(me) {
            self.passed.wait(&mut state);
        }
    }
}

impl State {
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

impl Scheduler for Seat {
    fn blocked(&self, what: &'static str) {
        self.baton.wait(self.me, what);
    }
}

/// Gives the seat up, also when the thread panics.
struct Leaves(Seat);

impl Drop for Leaves {
    fn drop(&mut self) {
        set_scheduler(None);
        SEAT.with(|current| *current.borrow_mut() = None);
        let mut state = self.0.baton.state.lock();
        state.live[self.0.me] = false;
        state.waits = 0;
        state.holder = state.choose();
        self.0.baton.passed.notify_all();
    }
}
