//! Cells of leaves and inner nodes, and search among them.

use crate::page::{HEADER_BYTES, Page, PageId, u16_at, u32_at};
use crate::planted::{Mistake, makes};
use std::cmp::Ordering;
use std::ops::Range;
use std::sync::Arc;

/// Flag of an entry that was deleted and stays until no snapshot needs it.
pub const TOMBSTONE: u8 = 1;
/// Flag of an entry whose value is a reference to an overflow chain.
pub const OVERFLOW: u8 = 2;

/// Bytes of a leaf cell before its key.
const LEAF_HEAD: usize = 3;
/// Bytes of an inner cell before its separator.
const INNER_HEAD: usize = 4;

/// The longest cell of a page (TREE-3).
pub fn cell_bytes_max(page_bytes: usize) -> usize {
    (page_bytes - HEADER_BYTES) / 4 - Page::footprint(0)
}

/// The longest key: with an overflow reference it must still fit a cell.
pub fn key_bytes_max(page_bytes: usize) -> usize {
    cell_bytes_max(page_bytes) - LEAF_HEAD - 16
}

/// What a leaf holds under a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// [`TOMBSTONE`], [`OVERFLOW`].
    pub flags: u8,
    /// The value, or the reference to its chain.
    pub value: &'a [u8],
}

impl Entry<'_> {
    /// A copy that outlives the page.
    pub fn to_stored(self) -> StoredEntry {
        StoredEntry {
            flags: self.flags,
            value: self.value.into(),
        }
    }
}

/// An entry outside of a page. Clones share the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEntry {
    /// As in [`Entry`].
    pub flags: u8,
    /// As in [`Entry`].
    pub value: Arc<[u8]>,
}

impl StoredEntry {
    /// The same, borrowed.
    pub fn as_entry(&self) -> Entry<'_> {
        Entry {
            flags: self.flags,
            value: &self.value,
        }
    }
}

/// A leaf cell.
pub(crate) fn leaf_cell(key: &[u8], entry: Entry<'_>) -> Vec<u8> {
    let mut cell = Vec::with_capacity(LEAF_HEAD + key.len() + entry.value.len());
    cell.push(entry.flags);
    cell.extend_from_slice(&(key.len() as u16).to_le_bytes());
    cell.extend_from_slice(key);
    cell.extend_from_slice(entry.value);
    cell
}

#[inline]
fn key_end(cell: &[u8]) -> usize {
    LEAF_HEAD + usize::from(u16_at(cell, 1))
}

/// The key of a leaf cell.
#[inline]
pub(crate) fn leaf_key(cell: &[u8]) -> &[u8] {
    &cell[LEAF_HEAD..key_end(cell)]
}

/// Where an entry lies in the bytes of its page.
#[derive(Clone, Copy, Debug)]
pub struct EntryPlace {
    /// As in [`Entry`].
    pub flags: u8,
    /// Where its key starts.
    pub key: usize,
    /// Where its key ends and its value starts.
    pub value: usize,
    /// Where its value ends.
    pub end: usize,
}

/// Where the entry of the leaf cell at `cell` lies.
#[inline]
pub(super) fn leaf_place(page: &[u8], cell: Range<usize>) -> EntryPlace {
    EntryPlace {
        flags: page[cell.start],
        key: cell.start + LEAF_HEAD,
        value: cell.start + key_end(&page[cell.clone()]),
        end: cell.end,
    }
}

/// The entry of a leaf cell.
#[inline]
pub(crate) fn leaf_entry(cell: &[u8]) -> Entry<'_> {
    Entry {
        flags: cell[0],
        value: &cell[key_end(cell)..],
    }
}

/// An inner cell.
pub(super) fn inner_cell(child: PageId, separator: &[u8]) -> Vec<u8> {
    let mut cell = Vec::with_capacity(INNER_HEAD + separator.len());
    cell.extend_from_slice(&child.0.to_le_bytes());
    cell.extend_from_slice(separator);
    cell
}

/// The separator of an inner cell.
pub(super) fn separator(cell: &[u8]) -> &[u8] {
    &cell[INNER_HEAD..]
}

fn cell_child(cell: &[u8]) -> PageId {
    PageId(u32_at(cell, 0))
}

/// The child number `index` of an inner node: 0 is the leftmost, `i` the one of cell `i - 1`.
pub(crate) fn child_at(page: &Page, index: usize) -> PageId {
    match index {
        0 => page.leftmost(),
        i => cell_child(page.cell(i - 1)),
    }
}

/// The key of slot `slot`, whatever the level.
#[inline]
pub(super) fn slot_key(page: &Page, slot: usize) -> &[u8] {
    let cell = page.cell(slot);
    if page.level() == 0 {
        leaf_key(cell)
    } else {
        separator(cell)
    }
}

/// The number of slots for whose key `before` holds; it must hold for a prefix of them.
fn partition(page: &Page, before: impl Fn(&[u8]) -> bool) -> usize {
    let (mut low, mut high) = (0, page.slot_count());
    while low < high {
        let middle = usize::midpoint(low, high);
        if before(slot_key(page, middle)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

/// The slot of `key` in a leaf, or where it would be inserted.
pub(super) fn search_leaf(page: &Page, key: &[u8]) -> Result<usize, usize> {
    let (mut low, mut high) = (0, page.slot_count());
    while low < high {
        let middle = usize::midpoint(low, high);
        match leaf_key(page.cell(middle)).cmp(key) {
            Ordering::Less => low = middle + 1,
            Ordering::Greater => high = middle,
            Ordering::Equal => return Ok(middle),
        }
    }
    Err(low)
}

/// The child that holds `key`.
pub(super) fn child_index(page: &Page, key: &[u8]) -> usize {
    partition(page, |s| s <= key)
}

/// The child that holds the keys just before `key`.
pub(super) fn child_index_before(page: &Page, key: &[u8]) -> usize {
    partition(page, |s| s < key)
}

/// The shortest string `s` with `left < s <= right`.
pub(super) fn shortest_separator(left: &[u8], right: &[u8]) -> Vec<u8> {
    let common = left.iter().zip(right).take_while(|(a, b)| a == b).count();
    let len = match makes(Mistake::SeparatorTooShort) {
        true => common,
        false => common + 1,
    };
    right[..len.min(right.len())].to_vec()
}
