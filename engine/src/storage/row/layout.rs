//! Where the columns lie in a row, and how to find some of them fast.

use crate::error::{Error, Result};
use crate::types::{SqlType, push_varint};

/// How many bytes a value takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Width {
    Fixed(usize),
    Variable,
}

pub(super) fn width(sql_type: SqlType) -> Width {
    match sql_type {
        SqlType::Bool => Width::Fixed(1),
        SqlType::Int2 => Width::Fixed(2),
        SqlType::Int4 | SqlType::Float4 | SqlType::Date => Width::Fixed(4),
        SqlType::Int8
        | SqlType::Enum(_)
        | SqlType::Float8
        | SqlType::Timestamp(_)
        | SqlType::TimestampTz(_)
        | SqlType::Time(_) => Width::Fixed(8),
        SqlType::Interval(_) | SqlType::Uuid => Width::Fixed(16),
        SqlType::Numeric(_)
        | SqlType::Text
        | SqlType::Varchar(_)
        | SqlType::Char(_)
        | SqlType::Json
        | SqlType::Jsonb
        | SqlType::Array(_)
        | SqlType::Bytes
        | SqlType::Unknown => Width::Variable,
    }
}

/// Where a value lies in its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// First byte; [`Place::NULL`] for a NULL.
    pub(super) start: u32,
    /// Length in bytes.
    pub(super) len: u32,
}

impl Place {
    pub(super) const NULL: Place = Place {
        start: u32::MAX,
        len: 0,
    };

    pub(super) fn is_null(self) -> bool {
        self.start == u32::MAX
    }

    pub(super) fn of(self, row: &[u8]) -> &[u8] {
        // `Layout::locate` has checked that the place lies inside the row.
        &row[self.start as usize..][..self.len as usize]
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    /// Goes on by so many bytes.
    Advance(usize),
    /// Jumps over a value of variable width.
    Jump,
    /// The value of fixed width here is wanted in slot `slot`.
    TakeFixed { slot: usize, len: usize },
    /// The value of variable width here is wanted in slot `slot`.
    TakeVariable { slot: usize },
}

/// Finds the wanted columns in rows of a table.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    /// Of the stored columns.
    widths: Vec<Width>,
    /// For each stored column up to the last wanted one, its slot.
    slots: Vec<Option<usize>>,
    /// The way through a row of all columns without NULLs.
    steps: Vec<Step>,
    /// For each slot its column's place in a plain row, where nothing of variable width is before it.
    offsets: Vec<Option<usize>>,
    /// How a plain row begins: one of all columns, without NULLs.
    plain_head: Vec<u8>,
    /// Bytes of a plain row at least.
    plain_bytes: usize,
}

impl Layout {
    /// For rows of `stored` columns of which those at `wanted` get slots 0, 1, … in that order (no column twice).
    pub(super) fn new(stored: &[SqlType], wanted: &[usize]) -> Self {
        let widths: Vec<Width> = stored.iter().map(|t| width(*t)).collect();
        let mut slots = vec![None; wanted.iter().max().map_or(0, |last| last + 1)];
        for (slot, column) in wanted.iter().enumerate() {
            slots[*column] = Some(slot);
        }
        let mut steps = Vec::new();
        for (width, slot) in widths.iter().zip(&slots) {
            let step = match (*width, *slot) {
                (Width::Fixed(n), None) => Step::Advance(n),
                (Width::Variable, None) => Step::Jump,
                (Width::Fixed(len), Some(slot)) => Step::TakeFixed { slot, len },
                (Width::Variable, Some(slot)) => Step::TakeVariable { slot },
            };
            match (steps.last_mut(), step) {
                (Some(Step::Advance(before)), Step::Advance(n)) => *before += n,
                _ => steps.push(step),
            }
        }
        let mut plain_head = Vec::new();
        push_varint(&mut plain_head, widths.len() as u64);
        plain_head.resize(plain_head.len() + widths.len().div_ceil(8), 0);
        let mut offsets = vec![None; wanted.len()];
        let mut plain_bytes = plain_head.len();
        for (width, slot) in widths.iter().zip(&slots) {
            let Width::Fixed(length) = width else { break };
            if let Some(slot) = slot {
                offsets[*slot] = Some(plain_bytes);
            }
            plain_bytes += length;
        }
        Self {
            widths,
            slots,
            steps,
            offsets,
            plain_head,
            plain_bytes,
        }
    }

    /// Number of slots.
    pub(super) fn slot_count(&self) -> usize {
        self.offsets.len()
    }

    /// Whether `row` has all columns, none of them NULL, and room for those before the first of variable width.
    #[inline]
    pub(super) fn is_plain(&self, row: &[u8]) -> bool {
        row.len() >= self.plain_bytes && row.starts_with(&self.plain_head)
    }

    /// Where the column of a slot begins in each plain row, if that is the same in all.
    pub(super) fn offset(&self, slot: usize) -> Option<usize> {
        self.offsets[slot]
    }

    /// Whether all slots have an [offset](Self::offset).
    pub(super) fn all_have_offsets(&self) -> bool {
        self.offsets.iter().all(Option::is_some)
    }

    /// Writes the place of each wanted column in `row` to its slot of `places`.
    #[inline]
    pub(super) fn locate(&self, row: &[u8], places: &mut [Place]) -> Result<()> {
        if row.len() >= u32::MAX as usize {
            return Err(damaged("it is too long"));
        }
        let mut at = 0;
        let count = read_varint(row, &mut at)?;
        if count > self.widths.len() {
            return Err(damaged("it has more columns than its table"));
        }
        let nulls = row
            .get(at..at + count.div_ceil(8))
            .ok_or_else(|| damaged("it ends inside its bitmap"))?;
        at += nulls.len();
        if count == self.widths.len() && nulls.iter().all(|b| *b == 0) {
            self.locate_straight(row, at, places)
        } else {
            self.locate_with_nulls(row, at, nulls, count, places)
        }
    }

    #[inline]
    fn locate_straight(&self, row: &[u8], mut at: usize, places: &mut [Place]) -> Result<()> {
        for step in &self.steps {
            match *step {
                Step::Advance(n) => at += n,
                Step::Jump => at = read_varint(row, &mut at)?.saturating_add(at),
                Step::TakeFixed { slot, len } => {
                    places[slot] = place(at, len);
                    at += len;
                }
                Step::TakeVariable { slot } => {
                    let len = read_varint(row, &mut at)?;
                    places[slot] = place(at, len);
                    at = at.saturating_add(len);
                }
            }
            if at > row.len() {
                return Err(damaged("it ends inside a value"));
            }
        }
        Ok(())
    }

    fn locate_with_nulls(
        &self,
        row: &[u8],
        mut at: usize,
        nulls: &[u8],
        count: usize,
        places: &mut [Place],
    ) -> Result<()> {
        for (column, (width, slot)) in self.widths.iter().zip(&self.slots).enumerate() {
            let found = if column >= count || nulls[column / 8] >> (column % 8) & 1 == 1 {
                Place::NULL
            } else {
                let len = match *width {
                    Width::Fixed(len) => len,
                    Width::Variable => read_varint(row, &mut at)?,
                };
                let found = place(at, len);
                at = at.saturating_add(len);
                if at > row.len() {
                    return Err(damaged("it ends inside a value"));
                }
                found
            };
            if let Some(slot) = *slot {
                places[slot] = found;
            }
        }
        Ok(())
    }
}

/// The place is only used once the caller has seen that it ends inside a row shorter than `u32::MAX`.
fn place(start: usize, len: usize) -> Place {
    Place {
        start: start as u32,
        len: len as u32,
    }
}

#[inline]
fn read_varint(row: &[u8], at: &mut usize) -> Result<usize> {
    let mut n = 0usize;
    for shift in [0, 7, 14, 21, 28] {
        let byte = *row
            .get(*at)
            .ok_or_else(|| damaged("it ends inside a length"))?;
        *at += 1;
        n |= usize::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(n);
        }
    }
    Err(damaged("it has an overlong length"))
}

#[cold]
pub(super) fn damaged(what: &str) -> Error {
    Error::corrupt(format!("damaged row: {what}"))
}
