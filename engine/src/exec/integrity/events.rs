//! What the rows that a statement writes give constraints to do.

use super::unique::UniqueKey;
use crate::error::Result;
use crate::exec::change::size_bytes;
use crate::exec::entry::key_columns;
use crate::exec::memory::Reservation;
use crate::planted::{Mistake, makes};
use crate::sql::{Affected, Integrity, Reference};
use crate::types::Value;
use std::collections::VecDeque;

/// Something to do for one foreign key, by its position in [`Integrity::references`], or for one unique key.
#[derive(Debug)]
pub(super) enum Event {
    /// A row has got this key in an index that is unique at the end: its key's columns.
    Unique { unique: UniqueKey, key: Vec<u8> },
    /// A row has got these referencing values.
    Child { of: usize, values: Vec<Value> },
    /// A row no longer has these referenced values, but those, or is gone.
    Parent {
        of: usize,
        old: Vec<Value>,
        new: Option<Vec<Value>>,
    },
}

impl Event {
    fn size_bytes(&self) -> usize {
        let values = match self {
            Self::Unique { key, .. } => key.len(),
            Self::Child { values, .. } => size_bytes(values),
            Self::Parent { old, new, .. } => size_bytes(old) + new.as_deref().map_or(0, size_bytes),
        };
        values + size_of::<Self>()
    }
}

/// Events in the order in which they happened.
pub(crate) struct Events<'a> {
    queue: VecDeque<Event>,
    /// Referenced keys that may be gone, among all events so far.
    parents: u64,
    bytes: usize,
    reservation: Reservation<'a>,
}

impl<'a> Events<'a> {
    /// None yet; they count in `reservation`.
    pub(crate) fn new(reservation: Reservation<'a>) -> Self {
        Self {
            queue: VecDeque::new(),
            parents: 0,
            bytes: 0,
            reservation,
        }
    }

    fn push(&mut self, event: Event) -> Result<()> {
        self.bytes += event.size_bytes();
        self.reservation.resize(self.bytes)?;
        self.parents += u64::from(matches!(event, Event::Parent { .. }));
        self.queue.push_back(event);
        Ok(())
    }

    /// The oldest.
    pub(super) fn pop(&mut self) -> Result<Option<Event>> {
        let event = self.queue.pop_front();
        if let Some(event) = &event {
            self.bytes -= event.size_bytes();
            self.reservation.resize(self.bytes)?;
        }
        Ok(event)
    }

    /// How many referenced keys there were that may be gone.
    pub(super) fn parents(&self) -> u64 {
        self.parents
    }
}

/// Records what is written to one table.
pub(crate) struct Recorder<'a, 'm> {
    pub(crate) integrity: &'a Integrity,
    /// The table, by its position in [`Integrity::affected`].
    pub(crate) position: usize,
    pub(crate) events: &'a mut Events<'m>,
}

/// The values of these columns.
fn pick(row: &[Value], columns: &[usize]) -> Vec<Value> {
    columns.iter().map(|column| row[*column].clone()).collect()
}

/// Whether a row with these values references nothing, whatever the tables hold.
fn references_nothing(reference: &Reference, values: &[Value]) -> bool {
    match reference.key.full_match {
        true => values.iter().all(Value::is_null),
        false => values.iter().any(Value::is_null),
    }
}

impl Recorder<'_, '_> {
    /// A row was added.
    pub(crate) fn inserted(&mut self, row: &[Value]) -> Result<()> {
        self.got(None, row)
    }

    /// The row `old`, of which there are at least the columns that foreign keys refer to (EXEC-9), was removed.
    pub(crate) fn deleted(&mut self, old: &[Value]) -> Result<()> {
        self.lost(old, None)
    }

    /// The row `old` has become `new`.
    pub(crate) fn updated(&mut self, old: &[Value], new: &[Value]) -> Result<()> {
        self.lost(old, Some(new))?;
        self.got(Some(old), new)
    }

    fn lost(&mut self, old: &[Value], new: Option<&[Value]>) -> Result<()> {
        let integrity = self.integrity;
        for of in &integrity.affected[self.position].parent_of {
            let columns = &integrity.references[*of].0.parent_columns;
            let values = pick(old, columns);
            if new.is_some() && makes(Mistake::ParentUpdateUnchecked) {
                continue;
            }
            let new = new.map(|row| pick(row, columns));
            if values.iter().any(Value::is_null) || new.as_ref() == Some(&values) {
                continue;
            }
            let (of, old) = (*of, values);
            self.events.push(Event::Parent { of, old, new })?;
        }
        Ok(())
    }

    fn got(&mut self, old: Option<&[Value]>, new: &[Value]) -> Result<()> {
        let integrity = self.integrity;
        let Affected { table, unique, .. } = &integrity.affected[self.position];
        for index in unique {
            let unique = UniqueKey {
                table: table.clone(),
                index: *index,
            };
            let index = unique.index();
            let (key, null) = key_columns(index, new);
            let same = old.is_some_and(|old| key_columns(index, old).0 == key);
            if !null && !same {
                self.events.push(Event::Unique { unique, key })?;
            }
        }
        for of in &integrity.affected[self.position].child_of {
            let reference = &integrity.references[*of].0;
            let values = pick(new, &reference.key.columns);
            let same = old.is_some_and(|old| pick(old, &reference.key.columns) == values);
            let checks = !makes(Mistake::ChildUnchecked);
            if checks && !same && !references_nothing(reference, &values) {
                self.events.push(Event::Child { of: *of, values })?;
            }
        }
        Ok(())
    }
}
