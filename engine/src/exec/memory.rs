//! The memory that one statement may use for sorting, hashing and collecting.

use crate::error::{Error, ErrorKind, Result};
use std::cell::Cell;

/// Counts what the operators of one statement hold.
#[derive(Debug)]
pub(crate) struct Memory {
    limit_bytes: usize,
    used_bytes: Cell<usize>,
}

/// What one operator holds; given back when dropped.
#[derive(Debug)]
pub(crate) struct Reservation<'a> {
    memory: &'a Memory,
    operator: &'static str,
    bytes: usize,
}

impl Memory {
    /// Nothing used yet.
    pub(crate) fn new(limit_bytes: usize) -> Self {
        Self {
            limit_bytes,
            used_bytes: Cell::new(0),
        }
    }

    /// An empty reservation for the operator of that name.
    pub(crate) fn reservation(&self, operator: &'static str) -> Reservation<'_> {
        Reservation {
            memory: self,
            operator,
            bytes: 0,
        }
    }
}

impl Memory {
    /// Gives back what a reservation left.
    pub(crate) fn give_back(&self, bytes: usize) {
        self.used_bytes.set(self.used_bytes.get() - bytes);
    }
}

impl Reservation<'_> {
    /// Leaves what is held to the caller, who gives it back; returns how many bytes.
    pub(crate) fn leave(mut self) -> usize {
        std::mem::take(&mut self.bytes)
    }

    /// Adds `bytes`. Errors: `53200` when the statement would hold more than it may.
    pub(crate) fn grow(&mut self, bytes: usize) -> Result<()> {
        let used = self.memory.used_bytes.get().saturating_add(bytes);
        if used > self.memory.limit_bytes {
            return Err(Error::new(
                ErrorKind::Limit,
                "53200",
                format!(
                    "out of memory: {} needs more than work_mem = {} bytes",
                    self.operator, self.memory.limit_bytes
                ),
            ));
        }
        self.memory.used_bytes.set(used);
        self.bytes += bytes;
        Ok(())
    }

    /// Sets the whole reservation to `bytes`.
    pub(crate) fn resize(&mut self, bytes: usize) -> Result<()> {
        if bytes > self.bytes {
            return self.grow(bytes - self.bytes);
        }
        let less = self.bytes - bytes;
        self.memory
            .used_bytes
            .set(self.memory.used_bytes.get() - less);
        self.bytes = bytes;
        Ok(())
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        self.memory
            .used_bytes
            .set(self.memory.used_bytes.get() - self.bytes);
    }
}
