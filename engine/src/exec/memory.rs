//! What statements may hold in memory.
//!
//! ```text
//!   MemoryPool  memory_limit, all statements of a database together     over it: spill, else 53200
//!     └ Memory  work_mem, one statement                                 over it: spill
//!         └ Reservation  what one operator holds
//! ```
//!
//! An operator that can spill asks with [`Reservation::try_grow`] and spills when told no; what operators hold that cannot
//! spill is taken with [`Reservation::grow`], which only the pool refuses. What spilling itself takes, some buffers, is
//! counted where there is room, and never refused: who has no memory must be able to spill.

use crate::error::{Error, ErrorKind, Result};
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What each operator may hold before it spills, whatever the others of its statement hold.
const FLOOR_BYTES: usize = 16 << 10;

/// What the statements of one database hold together.
#[derive(Debug)]
pub(crate) struct MemoryPool {
    limit_bytes: usize,
    used_bytes: AtomicUsize,
}

/// Counts what the operators of one statement hold.
#[derive(Debug)]
pub(crate) struct Memory {
    limit_bytes: usize,
    used_bytes: Cell<usize>,
    pool: Arc<MemoryPool>,
    /// What is taken from the pool.
    taken_bytes: Cell<usize>,
}

/// What one operator holds; given back when dropped.
#[derive(Debug)]
pub(crate) struct Reservation<'a> {
    memory: &'a Memory,
    operator: &'static str,
    /// Whether it counts in `work_mem`.
    is_work: bool,
    bytes: usize,
}

impl MemoryPool {
    /// Nothing used yet.
    pub(crate) fn new(limit_bytes: usize) -> Self {
        Self {
            limit_bytes,
            used_bytes: AtomicUsize::new(0),
        }
    }

    fn try_take(&self, bytes: usize) -> bool {
        let more = |used: usize| {
            let used = used.checked_add(bytes)?;
            (used <= self.limit_bytes).then_some(used)
        };
        self.used_bytes
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, more)
            .is_ok()
    }

    fn give_back(&self, bytes: usize) {
        self.used_bytes.fetch_sub(bytes, Ordering::AcqRel);
    }
}

impl Memory {
    /// Nothing used yet.
    pub(crate) fn new(limit_bytes: usize, pool: Arc<MemoryPool>) -> Self {
        Self {
            limit_bytes,
            used_bytes: Cell::new(0),
            pool,
            taken_bytes: Cell::new(0),
        }
    }

    /// An empty reservation for the operator of that name.
    pub(crate) fn reservation(&self, operator: &'static str) -> Reservation<'_> {
        Reservation {
            memory: self,
            operator,
            is_work: true,
            bytes: 0,
        }
    }

    /// An empty reservation for the rows of the result, which `work_mem` does not limit.
    pub(crate) fn result_reservation(&self) -> Reservation<'_> {
        Reservation {
            is_work: false,
            ..self.reservation("the result")
        }
    }

    /// What one statement may hold.
    pub(crate) fn limit_bytes(&self) -> usize {
        self.limit_bytes
    }

    /// What all statements of the database may hold.
    pub(crate) fn pool_limit_bytes(&self) -> usize {
        self.pool.limit_bytes
    }

    /// Gives back what a reservation left.
    pub(crate) fn give_back(&self, bytes: usize) {
        self.used_bytes.set(self.used_bytes.get() - bytes);
        self.give_to_pool(bytes);
    }

    fn give_to_pool(&self, bytes: usize) {
        self.taken_bytes.set(self.taken_bytes.get() - bytes);
        self.pool.give_back(bytes);
    }
}

impl Drop for Memory {
    /// Gives back what was left to the statement until its end.
    fn drop(&mut self) {
        self.pool.give_back(self.taken_bytes.get());
    }
}

impl Reservation<'_> {
    /// Leaves what is held to the caller, who gives it back; returns how many bytes.
    pub(crate) fn leave(mut self) -> usize {
        std::mem::take(&mut self.bytes)
    }

    /// What is held.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Adds `bytes` if the statement, or this operator's floor, and all statements together have room for them; else
    /// does nothing and says false.
    #[must_use]
    pub(crate) fn try_grow(&mut self, bytes: usize) -> bool {
        let used = self.memory.used_bytes.get().saturating_add(bytes);
        let floor = FLOOR_BYTES.min(self.memory.limit_bytes);
        if used > self.memory.limit_bytes && self.bytes.saturating_add(bytes) > floor {
            return false;
        }
        self.take(bytes)
    }

    /// Adds `bytes`, over `work_mem` too. Errors: `53200` when all statements together would hold more than they may.
    pub(crate) fn grow(&mut self, bytes: usize) -> Result<()> {
        if self.take(bytes) {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Limit,
            "53200",
            format!(
                "out of memory: {} needs more than memory_limit = {} bytes",
                self.operator, self.memory.pool.limit_bytes
            ),
        ))
    }

    fn take(&mut self, bytes: usize) -> bool {
        let memory = self.memory;
        if !memory.pool.try_take(bytes) {
            return false;
        }
        memory.taken_bytes.set(memory.taken_bytes.get() + bytes);
        if self.is_work {
            memory.used_bytes.set(memory.used_bytes.get() + bytes);
        }
        self.bytes += bytes;
        true
    }

    /// Sets the whole reservation to `bytes`, over `work_mem` too. Errors: as [`Self::grow`].
    pub(crate) fn resize(&mut self, bytes: usize) -> Result<()> {
        if bytes > self.bytes {
            return self.grow(bytes - self.bytes);
        }
        self.shrink(self.bytes - bytes);
        Ok(())
    }

    /// Sets the whole reservation to `bytes` if there is room; else does nothing and says false.
    #[must_use]
    pub(crate) fn try_resize(&mut self, bytes: usize) -> bool {
        if bytes > self.bytes {
            return self.try_grow(bytes - self.bytes);
        }
        self.shrink(self.bytes - bytes);
        true
    }

    /// Gives back `less` bytes of it.
    pub(crate) fn shrink(&mut self, less: usize) {
        if self.is_work {
            let used = &self.memory.used_bytes;
            used.set(used.get() - less);
        }
        self.memory.give_to_pool(less);
        self.bytes -= less;
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        self.shrink(self.bytes);
    }
}
