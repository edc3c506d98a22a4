//! The vocabulary of redo: what a log record can do to one page.

use super::bytes::u16_at;
use super::{HEADER_BYTES, Lsn, Page, PageId, PageKind};
use crate::error::{Error, Result};

/// A change of one page. Applying it to the page state it was made for is deterministic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PageOp {
    /// The whole page, without its hole.
    Image {
        /// Bytes before the hole (header included).
        low: Vec<u8>,
        /// Bytes after the hole.
        high: Vec<u8>,
    },
    /// A new cell before a slot.
    Insert(u16, Vec<u8>),
    /// Another cell in a slot.
    Replace(u16, Vec<u8>),
    /// No cell in a slot.
    Remove(u16),
    /// Other bytes at an offset outside of the cells.
    Write(u16, Vec<u8>),
}

impl PageOp {
    /// The image of `page`.
    pub fn image(page: &Page) -> Self {
        let (lower, upper) = page.hole();
        Self::Image {
            low: page.bytes()[..lower].to_vec(),
            high: page.bytes()[upper..].to_vec(),
        }
    }

    /// Does it, for `txn` (0: no transaction).
    pub fn apply(&self, page: &mut Page, txn: u64) {
        match self {
            Self::Image { low, high } => {
                let bytes = page.bytes_mut();
                let upper = bytes.len() - high.len();
                bytes[..low.len()].copy_from_slice(low);
                bytes[low.len()..upper].fill(0);
                bytes[upper..].copy_from_slice(high);
            }
            Self::Insert(slot, cell) => page.insert_cell(usize::from(*slot), cell),
            Self::Replace(slot, cell) => page.replace_cell(usize::from(*slot), cell),
            Self::Remove(slot) => page.remove_cell(usize::from(*slot)),
            Self::Write(at, new) => {
                let at = usize::from(*at);
                page.bytes_mut()[at..at + new.len()].copy_from_slice(new);
            }
        }
        page.raise_max_txn(txn);
    }

    /// Whether it is one of cells, not of bytes.
    pub(crate) fn is_of_cells(&self) -> bool {
        matches!(self, Self::Insert(..) | Self::Replace(..) | Self::Remove(_))
    }

    /// Whether the operation can be applied to `page`, whose number is `id`, as it is, and leaves it that number; one of
    /// cells asks for a page whose cells are sound (`Page::has_sound_cells`). Redo asks before it trusts a log from disk.
    pub fn fits(&self, page: &Page, id: PageId) -> bool {
        let count = page.slot_count();
        if self.is_of_cells() && page.kind() != Some(PageKind::Node) {
            return false;
        }
        match self {
            Self::Image { low, high } => {
                low.len() >= HEADER_BYTES
                    && low.len() + high.len() <= page.bytes().len()
                    && Page::id_in(low) == id
            }
            Self::Insert(slot, cell) => {
                usize::from(*slot) <= count && Page::footprint(cell.len()) <= page.free_bytes()
            }
            Self::Replace(slot, cell) => {
                let slot = usize::from(*slot);
                slot < count && cell.len() <= page.free_bytes() + page.cell(slot).len()
            }
            Self::Remove(slot) => usize::from(*slot) < count,
            Self::Write(at, new) => {
                let at = usize::from(*at);
                at >= Page::ID_END && at + new.len() <= page.bytes().len()
            }
        }
    }

    /// Appends its encoding to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let (tag, number, first, second): (u8, u16, &[u8], &[u8]) = match self {
            Self::Image { low, high } => (1, 0, low, high),
            Self::Insert(slot, cell) => (2, *slot, cell, &[]),
            Self::Replace(slot, cell) => (3, *slot, cell, &[]),
            Self::Remove(slot) => (4, *slot, &[], &[]),
            Self::Write(at, new) => (5, *at, new, &[]),
        };
        out.push(tag);
        out.extend_from_slice(&number.to_le_bytes());
        out.extend_from_slice(&(first.len() as u32).to_le_bytes());
        out.extend_from_slice(first);
        if tag == 1 {
            out.extend_from_slice(&(second.len() as u32).to_le_bytes());
            out.extend_from_slice(second);
        }
    }

    /// Reads one from the front of `input`.
    ///
    /// # Errors
    /// `XX001` when the bytes are no operation.
    pub fn decode(input: &mut &[u8]) -> Result<Self> {
        let damaged = || Error::corrupt("a log record holds a damaged page operation");
        let (head, rest) = input.split_at_checked(3).ok_or_else(damaged)?;
        *input = rest;
        let number = u16_at(head, 1);
        let mut bytes = || -> Result<Vec<u8>> {
            let (len, rest) = input.split_first_chunk::<4>().ok_or_else(damaged)?;
            let (bytes, rest) = rest
                .split_at_checked(u32::from_le_bytes(*len) as usize)
                .ok_or_else(damaged)?;
            *input = rest;
            Ok(bytes.to_vec())
        };
        let first = bytes()?;
        Ok(match head[0] {
            1 => Self::Image {
                low: first,
                high: bytes()?,
            },
            2 => Self::Insert(number, first),
            3 => Self::Replace(number, first),
            4 => Self::Remove(number),
            5 => Self::Write(number, first),
            _ => return Err(damaged()),
        })
    }
}

impl Page {
    /// Repeats what a record that ends at `end` has done to this page, for `txn` (0: no transaction). `ops` name the page;
    /// it was verified when it was read, or the first of them is its image.
    ///
    /// # Errors
    /// `XX001` when the record was made for another state of the page, which is half-done then.
    pub fn repeat(&mut self, ops: &[(PageId, PageOp)], txn: u64, end: Lsn) -> Result<()> {
        let mut sound = !matches!(ops, [(_, PageOp::Image { .. }), ..]);
        for (id, op) in ops {
            // Bytes may have become anything, cells stay what they are.
            sound = op.is_of_cells() && (sound || self.has_sound_cells());
            if (op.is_of_cells() && !sound) || !op.fits(self, *id) {
                return Err(Error::corrupt(format!(
                    "the log does not fit page {}: the record that ends at {} was made for another state of it",
                    id.0, end.0
                )));
            }
            op.apply(self, txn);
        }
        self.set_lsn(end);
        Ok(())
    }
}
