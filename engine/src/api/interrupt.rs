//! Stopping a connection's statement from another thread.

use crate::api::database::Shared;
use crate::api::session::Session;
use crate::interrupt::Interrupt;
use std::sync::{Arc, Weak};

/// Stops the statement that a [`Connection`](crate::api::Connection) runs. Clones are cheap, and may go to other threads.
///
/// ```
/// # use quantadb::api::Database;
/// let connection = Database::open_in_memory()?.connect()?;
/// let handle = connection.interrupt_handle();
/// // What runs when the signal comes fails with 57014; when nothing runs, nothing happens.
/// let on_signal = move || handle.interrupt();
/// # on_signal();
/// # assert_eq!(connection.query("SELECT 1", [])?.count(), 1);
/// # Ok::<(), quantadb::Error>(())
/// ```
#[derive(Clone)]
pub struct InterruptHandle {
    interrupt: Arc<Interrupt>,
    shared: Weak<Shared>,
}

impl std::fmt::Debug for InterruptHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InterruptHandle").finish_non_exhaustive()
    }
}

impl InterruptHandle {
    pub(crate) fn new(session: &Session) -> Self {
        Self {
            interrupt: session.interrupt.clone(),
            shared: Arc::downgrade(&session.shared),
        }
    }

    /// The statement that runs fails with `57014` within milliseconds, also while it waits for another transaction; what
    /// it has done is undone, and its transaction is left as after any other error. `VACUUM` stops between two of its steps:
    /// what it has done is done, and the next goes on. A commit stops, and rolls its transaction back, as long as it checks
    /// deferred constraints, waits for other transactions or validates what was read; not once its record is in the log,
    /// when it waits for the disk. `CHECKPOINT` and `CHECK DATABASE` are not stopped.
    pub fn interrupt(&self) {
        self.interrupt.request();
        if let Some(shared) = self.shared.upgrade() {
            shared.backend.wake();
        }
    }
}
