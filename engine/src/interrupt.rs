//! Floor 0: stopping a statement that runs: from another thread, or because its time is up.
//!
//! ```text
//!   another thread ── request ──▶ ┌───────────┐ ◀── check ── scans, operators      57014
//!   Env's clock ──── deadline ──▶ │ Interrupt │ ◀── check ── waits for others
//!                                 └───────────┘
//! ```
//!
//! A statement asks often, and where nothing is half done: so it stops within milliseconds and leaves what any failed
//! statement leaves.

use crate::env::Env;
use crate::error::{Error, ErrorKind, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

const NEVER: u64 = u64::MAX;

/// Whether the statement of one session is to stop.
pub struct Interrupt {
    env: Arc<dyn Env>,
    requested: AtomicBool,
    deadline_micros: AtomicU64,
}

impl std::fmt::Debug for Interrupt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Interrupt")
            .field("requested", &self.requested)
            .field("deadline_micros", &self.deadline_micros)
            .finish_non_exhaustive()
    }
}

fn canceled(why: &str) -> Error {
    let message = format!("canceling statement due to {why}");
    Error::new(ErrorKind::Canceled, "57014", message)
}

impl Interrupt {
    /// Nothing is to stop; deadlines are by the clock of `env`.
    pub fn new(env: Arc<dyn Env>) -> Self {
        Self {
            env,
            requested: AtomicBool::new(false),
            deadline_micros: AtomicU64::new(NEVER),
        }
    }

    /// The clock and entropy of the session.
    pub(crate) fn env(&self) -> &dyn Env {
        &*self.env
    }

    /// A statement begins, and may take `timeout_micros`. A request from before is forgotten.
    pub fn begin(&self, timeout_micros: Option<u64>) {
        let deadline =
            timeout_micros.map_or(NEVER, |t| self.env.monotonic_micros().saturating_add(t));
        self.deadline_micros.store(deadline, Ordering::Release);
        self.requested.store(false, Ordering::Release);
    }

    /// The statement that runs is to stop. Nothing happens when none does.
    pub fn request(&self) {
        self.requested.store(true, Ordering::Release);
    }

    /// Microseconds until the statement's time is up; `None`: it has no limit.
    pub fn remaining_micros(&self) -> Option<u64> {
        match self.deadline_micros.load(Ordering::Acquire) {
            NEVER => None,
            deadline => Some(deadline.saturating_sub(self.env.monotonic_micros())),
        }
    }

    /// Errors: `57014` when the statement is to stop.
    pub fn check(&self) -> Result<()> {
        if self.requested.load(Ordering::Acquire) {
            return Err(canceled("user request"));
        }
        match self.remaining_micros() {
            Some(0) => Err(canceled("statement timeout")),
            _ => Ok(()),
        }
    }
}

/// When a wait for another transaction is given up.
#[derive(Clone, Debug, Default)]
pub struct WaitLimits {
    /// After so long, with `55P03`; `None` waits until the other ends (a deadlock gives `40P01` at once), `Some(0)` does
    /// not wait.
    pub lock_timeout_micros: Option<u64>,
    /// When this says so, with `57014`.
    pub interrupt: Option<Arc<Interrupt>>,
}

impl WaitLimits {
    /// Errors: `57014` when the statement is to stop.
    pub fn check(&self) -> Result<()> {
        self.interrupt.as_ref().map_or(Ok(()), |i| i.check())
    }
}
