//! Floor 0: latches and waits whose contended path a scheduler can take over.
//!
//! Uncontended, a latch costs one `try_lock`. Contended, it asks the [`Scheduler`] of the current thread, if one is
//! installed, to run somebody else and then tries again; without one it parks in the operating system. So a simulator
//! that runs sessions as cooperating threads sees each wait, and a race replays from its seed.

use std::cell::RefCell;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Decides who runs when a thread cannot go on.
pub trait Scheduler: Send + Sync {
    /// The calling thread waits for `what`; returns when it may look again (perhaps in vain).
    fn blocked(&self, what: &'static str);
}

thread_local! {
    static CURRENT: RefCell<Option<Arc<dyn Scheduler>>> = const { RefCell::new(None) };
}

/// Installs (or with `None` removes) the scheduler of the calling thread; gives the one that was there.
pub fn set_scheduler(scheduler: Option<Arc<dyn Scheduler>>) -> Option<Arc<dyn Scheduler>> {
    CURRENT.replace(scheduler)
}

/// Lets the scheduler of the calling thread, if there is one, run somebody else first.
pub fn give_way() {
    if let Some(scheduler) = scheduler() {
        scheduler.blocked("pause");
    }
}

fn scheduler() -> Option<Arc<dyn Scheduler>> {
    CURRENT.with(|c| c.borrow().clone())
}

/// A mutual-exclusion latch.
#[derive(Debug, Default)]
pub struct Mutex<T>(parking_lot::Mutex<T>);

/// Holds a [`Mutex`].
#[derive(Debug)]
pub struct MutexGuard<'a, T>(parking_lot::MutexGuard<'a, T>);

impl<T> Mutex<T> {
    /// A free latch around `value`.
    pub const fn new(value: T) -> Self {
        Self(parking_lot::Mutex::new(value))
    }

    /// Takes the latch if that needs no wait.
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        self.0.try_lock().map(MutexGuard)
    }

    /// Takes the latch, waiting for it.
    pub fn lock(&self) -> MutexGuard<'_, T> {
        if let Some(guard) = self.0.try_lock() {
            return MutexGuard(guard);
        }
        let Some(scheduler) = scheduler() else {
            return MutexGuard(self.0.lock());
        };
        loop {
            scheduler.blocked("mutex");
            if let Some(guard) = self.0.try_lock() {
                return MutexGuard(guard);
            }
        }
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

/// A shared/exclusive latch.
#[derive(Debug, Default)]
pub struct RwLock<T>(parking_lot::RwLock<T>);

/// Holds a [`RwLock`] shared.
pub type ReadGuard<'a, T> = parking_lot::RwLockReadGuard<'a, T>;
/// Holds a [`RwLock`] exclusively.
pub type WriteGuard<'a, T> = parking_lot::RwLockWriteGuard<'a, T>;

impl<T> RwLock<T> {
    /// A free latch around `value`.
    pub const fn new(value: T) -> Self {
        Self(parking_lot::RwLock::new(value))
    }

    /// Takes the latch shared, waiting for it.
    pub fn read(&self) -> ReadGuard<'_, T> {
        if let Some(guard) = self.0.try_read() {
            return guard;
        }
        let Some(scheduler) = scheduler() else {
            return self.0.read();
        };
        loop {
            scheduler.blocked("shared latch");
            if let Some(guard) = self.0.try_read() {
                return guard;
            }
        }
    }

    /// Takes the latch exclusively, waiting for it.
    pub fn write(&self) -> WriteGuard<'_, T> {
        if let Some(guard) = self.0.try_write() {
            return guard;
        }
        let Some(scheduler) = scheduler() else {
            return self.0.write();
        };
        loop {
            scheduler.blocked("exclusive latch");
            if let Some(guard) = self.0.try_write() {
                return guard;
            }
        }
    }

    /// Takes the latch exclusively if that needs no wait.
    pub fn try_write(&self) -> Option<WriteGuard<'_, T>> {
        self.0.try_write()
    }
}

/// A shared/exclusive latch with owned guards: each clone and each guard keeps what it guards alive, so that a buffer
/// pool sees in the number of owners whether a page is pinned.
#[derive(Debug)]
pub struct Latch<T>(Arc<parking_lot::RwLock<T>>);

/// Holds a [`Latch`] shared.
pub type LatchRead<T> = parking_lot::ArcRwLockReadGuard<parking_lot::RawRwLock, T>;
/// Holds a [`Latch`] exclusively.
pub type LatchWrite<T> = parking_lot::ArcRwLockWriteGuard<parking_lot::RawRwLock, T>;

impl<T> Clone for Latch<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Latch<T> {
    /// A free latch around `value`.
    pub fn new(value: T) -> Self {
        Self(Arc::new(parking_lot::RwLock::new(value)))
    }

    /// Takes the latch shared, waiting for it.
    pub fn read(&self) -> LatchRead<T> {
        if let Some(guard) = self.0.try_read_arc() {
            return guard;
        }
        let Some(scheduler) = scheduler() else {
            return self.0.read_arc();
        };
        loop {
            scheduler.blocked("shared latch");
            if let Some(guard) = self.0.try_read_arc() {
                return guard;
            }
        }
    }

    /// Takes the latch exclusively, waiting for it.
    pub fn write(&self) -> LatchWrite<T> {
        if let Some(guard) = self.0.try_write_arc() {
            return guard;
        }
        let Some(scheduler) = scheduler() else {
            return self.0.write_arc();
        };
        loop {
            scheduler.blocked("exclusive latch");
            if let Some(guard) = self.0.try_write_arc() {
                return guard;
            }
        }
    }

    /// Takes the latch shared if that needs no wait.
    pub fn try_read(&self) -> Option<LatchRead<T>> {
        self.0.try_read_arc()
    }

    /// How many clones and guards there are.
    pub fn owners(&self) -> usize {
        Arc::strong_count(&self.0)
    }
}

/// Waits for a change of what a [`Mutex`] guards. Wake-ups may be spurious: callers loop over their condition.
#[derive(Debug, Default)]
pub struct Condvar {
    waiting: parking_lot::Condvar,
    /// How often everybody was woken: a scheduler lets nobody go on who was not.
    wakes: AtomicU64,
}

impl Condvar {
    /// Nobody waits.
    pub const fn new() -> Self {
        Self {
            waiting: parking_lot::Condvar::new(),
            wakes: AtomicU64::new(0),
        }
    }

    /// Gives the latch back, waits, takes it again.
    pub fn wait<T>(&self, guard: &mut MutexGuard<'_, T>, what: &'static str) {
        match scheduler() {
            None => self.waiting.wait(&mut guard.0),
            Some(scheduler) => {
                let before = self.wakes.load(Ordering::Acquire);
                parking_lot::MutexGuard::unlocked(&mut guard.0, || {
                    while self.wakes.load(Ordering::Acquire) == before {
                        scheduler.blocked(what);
                    }
                });
            }
        }
    }

    /// Like [`Condvar::wait`], for at most `timeout_micros`. Returns early as it likes; callers look at their clock.
    pub fn wait_for<T>(
        &self,
        guard: &mut MutexGuard<'_, T>,
        timeout_micros: u64,
        what: &'static str,
    ) {
        match scheduler() {
            None => {
                self.waiting.wait_for(
                    &mut guard.0,
                    std::time::Duration::from_micros(timeout_micros),
                );
            }
            Some(scheduler) => {
                parking_lot::MutexGuard::unlocked(&mut guard.0, || scheduler.blocked(what))
            }
        }
    }

    /// Wakes everybody who waits.
    pub fn notify_all(&self) {
        self.wakes.fetch_add(1, Ordering::AcqRel);
        self.waiting.notify_all();
    }
}
