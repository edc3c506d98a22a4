//! Keys in memory, each with a number, as long as there is room for another.
//!
//! ```text
//!   key ─▶ known: its number
//!          new:   the next number; or, once there was no room, none: its row is for a partition
//! ```
//!
//! A table that was closed stays so: what came first of a key that it does not know is on disk.

use super::near::NearKeys;
use super::partition::DEPTH_MAX;
use crate::error::{Error, ErrorKind, Result};
use crate::exec::keys::Key;
use crate::exec::memory::Reservation;
use crate::exec::operator::Context;
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use hashbrown::hash_map::{Entry, EntryRef};

/// Bytes that a key takes beside its own.
const ENTRY_BYTES: usize = 40;

/// Bytes that are reserved at once.
const STEP_BYTES: usize = 8 << 10;

/// Keys that a table takes however little memory there is, so that partitioning comes to an end.
const KEYS_MIN: usize = 16;

/// Numbers of keys.
pub(crate) struct KeyTable<'a> {
    narrow: HashMap<u128, u32, FixedState>,
    /// Some of the narrow ones.
    near: NearKeys,
    wide: HashMap<Vec<u8>, u32, FixedState>,
    room: Room<'a>,
}

struct Room<'a> {
    reservation: Reservation<'a>,
    /// What of it is not used yet.
    spare_bytes: usize,
    /// Whether there can be partitions below.
    may_close: bool,
    is_closed: bool,
}

impl<'a> KeyTable<'a> {
    /// Of an operator's rows at a depth of its partitions.
    pub(crate) fn new(context: &Context<'a>, operator: &'static str, depth: u32) -> Self {
        Self {
            narrow: HashMap::default(),
            near: NearKeys::default(),
            wide: HashMap::default(),
            room: Room {
                reservation: context.memory.reservation(operator),
                spare_bytes: 0,
                may_close: depth < DEPTH_MAX,
                is_closed: false,
            },
        }
    }

    /// How many keys it has.
    pub(crate) fn count(&self) -> usize {
        self.narrow.len() + self.wide.len()
    }

    /// Whether it takes no more keys.
    pub(crate) fn is_closed(&self) -> bool {
        self.room.is_closed
    }

    /// Takes no more keys, if there can be partitions below.
    pub(crate) fn close(&mut self) {
        self.room.is_closed = self.room.may_close;
    }

    /// The number of a key that is there.
    pub(crate) fn find(&self, key: Key<'_>) -> Option<u32> {
        match key {
            Key::Narrow(key) => {
                let near = self.near.find(key);
                near.or_else(|| self.narrow.get(&key).copied())
            }
            Key::Wide(key) => self.wide.get(key).copied(),
        }
    }

    /// The number of `key`, a new one is the count so far; `None`: it is not there, and there is no room for it. Errors:
    /// `53200` at the last depth, `54000` for too many.
    #[inline]
    pub(crate) fn number(&mut self, key: Key<'_>) -> Result<Option<u32>> {
        if let Key::Narrow(bits) = key
            && let Some(number) = self.near.find(bits)
        {
            return Ok(Some(number));
        }
        self.number_by_hash(key)
    }

    fn number_by_hash(&mut self, key: Key<'_>) -> Result<Option<u32>> {
        let count = self.count();
        match key {
            Key::Narrow(bits) => match self.narrow.entry(bits) {
                Entry::Occupied(entry) => Ok(Some(*entry.get())),
                Entry::Vacant(entry) => {
                    let number = self.room.number(key, count)?;
                    if let Some(number) = number {
                        entry.insert(number);
                        let reservation = &mut self.room.reservation;
                        self.near.put(bits, number, count, reservation);
                    }
                    Ok(number)
                }
            },
            Key::Wide(bytes) => match self.wide.entry_ref(bytes) {
                EntryRef::Occupied(entry) => Ok(Some(*entry.get())),
                EntryRef::Vacant(entry) => {
                    let number = self.room.number(key, count)?;
                    Ok(number.map(|number| *entry.insert(number)))
                }
            },
        }
    }
}

impl Room<'_> {
    /// The number of a new key after `count` others, if there is room for it.
    fn number(&mut self, key: Key<'_>, count: usize) -> Result<Option<u32>> {
        if !self.take(key.size_bytes() + ENTRY_BYTES, count)? {
            return Ok(None);
        }
        let number = u32::try_from(count).ok().filter(|n| *n < u32::MAX);
        let number = number.ok_or_else(|| {
            let message = "an aggregation has more than 4294967294 groups";
            Error::new(ErrorKind::Limit, "54000", message)
        })?;
        Ok(Some(number))
    }

    fn take(&mut self, bytes: usize, count: usize) -> Result<bool> {
        if self.is_closed {
            return Ok(false);
        }
        if bytes > self.spare_bytes {
            let step = bytes.max(STEP_BYTES);
            if self.reservation.try_grow(step) {
                self.spare_bytes += step;
            } else if self.reservation.try_grow(bytes) {
                self.spare_bytes += bytes;
            } else if count < KEYS_MIN || !self.may_close {
                self.reservation.grow(bytes)?;
                self.spare_bytes += bytes;
            } else {
                self.is_closed = true;
                return Ok(false);
            }
        }
        self.spare_bytes -= bytes;
        Ok(true)
    }
}
