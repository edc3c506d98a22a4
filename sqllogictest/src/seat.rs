//! A session in a thread of its own, which runs when it gets the turn and gives it back when it is done or waits.
//!
//! ```text
//!   script    order ──────┐            ┌── done ──▶ judge
//!   session        run ───┘▶ SQL ──────┤
//!                                      └── blocked on another session ──▶ next record … turn ──▶ looks again
//! ```
//!
//! A session of QuantaDB says itself when it waits: the scheduler of its thread is asked (`quantadb::sync`), for as all
//! others stand still, what it waits for cannot come by itself. One of another engine is asked about from outside.

use crate::column::ColumnKind;
use crate::engine::{Answer, EngineError, Session, SessionId};
use parking_lot::{Condvar, Mutex, MutexGuard};
use quantadb::sync::{Scheduler, set_scheduler};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

/// A record that a session is to run.
pub(crate) struct Order {
    pub(crate) sql: String,
    /// The types of the columns that it asks for; nothing for a statement.
    pub(crate) kinds: Option<Vec<ColumnKind>>,
}

/// How far a session got in its turn.
pub(crate) enum Turn {
    /// It answered.
    Done(Answer),
    /// It panicked: it cannot be used any more.
    Panicked(String),
    /// It waits for another session, as it says itself.
    Waits,
    /// It has been running for the whole time given.
    Runs,
}

enum State {
    Idle,
    Ordered(Order),
    Running,
    Waiting,
    Done(Answer),
    Panicked(String),
    /// The script is over; what waits is to give up.
    Closed,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

impl Shared {
    fn set(&self, mut state: MutexGuard<'_, State>, to: State) {
        *state = to;
        self.changed.notify_all();
    }
}

/// A session and its thread.
pub(crate) struct Seat {
    shared: Arc<Shared>,
    id: SessionId,
    thread: Option<JoinHandle<()>>,
}

impl Seat {
    /// Starts the thread of a session. Errors: that there can be no more threads.
    pub(crate) fn new(session: Box<dyn Session>) -> Result<Self, EngineError> {
        let shared = Arc::new(Shared {
            state: Mutex::new(State::Idle),
            changed: Condvar::new(),
        });
        let id = session.id();
        let theirs = shared.clone();
        let thread = std::thread::Builder::new().spawn(move || attend(&theirs, session));
        Ok(Self {
            shared,
            id,
            thread: Some(thread.map_err(EngineError::outside)?),
        })
    }

    /// What the engine calls the session.
    pub(crate) fn id(&self) -> SessionId {
        self.id
    }

    /// Has the session run a record when it gets its turn. It must be idle.
    pub(crate) fn order(&self, order: Order) {
        let state = self.shared.state.lock();
        assert!(
            matches!(*state, State::Idle),
            "a session is asked for one thing at a time"
        );
        self.shared.set(state, State::Ordered(order));
    }

    /// Gives the session the turn, for at most so long.
    pub(crate) fn turn(&self, limit: Duration) -> Turn {
        let mut state = self.shared.state.lock();
        if matches!(*state, State::Waiting) {
            *state = State::Running;
            self.shared.changed.notify_all();
        }
        while matches!(*state, State::Ordered(_) | State::Running) {
            if self.shared.changed.wait_for(&mut state, limit).timed_out() {
                break;
            }
        }
        match std::mem::replace(&mut *state, State::Idle) {
            State::Done(answer) => Turn::Done(answer),
            State::Panicked(message) => {
                *state = State::Closed;
                Turn::Panicked(message)
            }
            State::Waiting => {
                *state = State::Waiting;
                Turn::Waits
            }
            other => {
                *state = other;
                Turn::Runs
            }
        }
    }
}

impl Drop for Seat {
    /// Ends the session and its thread. One that waits in the engine gives up.
    fn drop(&mut self) {
        let state = self.shared.state.lock();
        self.shared.set(state, State::Closed);
        if let Some(thread) = self.thread.take() {
            // The thread catches the panics of what it runs.
            let _ = thread.join();
        }
    }
}

/// What the thread does.
fn attend(shared: &Arc<Shared>, mut session: Box<dyn Session>) {
    set_scheduler(Some(shared.clone()));
    while let Some(order) = next_order(shared) {
        let run = || session.run(&order.sql, order.kinds.as_deref());
        let outcome = match catch_unwind(AssertUnwindSafe(run)) {
            Ok(answer) => State::Done(answer),
            Err(payload) => State::Panicked(panic_message(&*payload).to_owned()),
        };
        let panicked = matches!(outcome, State::Panicked(_));
        let state = shared.state.lock();
        if !matches!(*state, State::Closed) {
            shared.set(state, outcome);
        }
        if panicked {
            // What the panic left of the session is not to be trusted, not even to be dropped.
            std::mem::forget(session);
            return;
        }
    }
}

/// Waits for the next thing to do; nothing when the script is over.
fn next_order(shared: &Shared) -> Option<Order> {
    let mut state = shared.state.lock();
    loop {
        match std::mem::replace(&mut *state, State::Running) {
            State::Ordered(order) => return Some(order),
            State::Closed => {
                *state = State::Closed;
                return None;
            }
            other => *state = other,
        }
        shared.changed.wait(&mut state);
    }
}

impl Scheduler for Shared {
    fn blocked(&self, _: &'static str) {
        let mut state = self.state.lock();
        if !matches!(*state, State::Closed) {
            *state = State::Waiting;
            self.changed.notify_all();
        }
        while matches!(*state, State::Waiting) {
            self.changed.wait(&mut state);
        }
        if matches!(*state, State::Closed) && !std::thread::panicking() {
            drop(state);
            // There is no answer that could be given in the engine's name.
            std::panic::resume_unwind(Box::new("the script is over"));
        }
    }
}

/// What a panic said.
pub(crate) fn panic_message(payload: &(dyn std::any::Any + Send)) -> &str {
    payload
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| payload.downcast_ref::<&str>().copied())
        .unwrap_or("without a message")
}
