//! One page in memory: header fields and slotted cells.

use super::bytes::{put, u16_at, u32_at, u64_at};
use super::{Lsn, PageId};
use crate::error::{Error, Result};
use crate::planted::{Mistake, makes};
use crate::vfs::{File, read_exact_at};
use std::io;
use std::ops::Range;

/// Bytes of the header of every page.
pub const HEADER_BYTES: usize = 64;

const CRC: usize = 0;
const PAGE: usize = 4;
const LSN: usize = 8;
const KIND: usize = 16;
const LEVEL: usize = 17;
const SLOTS: usize = 18;
const CELL_START: usize = 20;
const GARBAGE: usize = 24;
const NEXT: usize = 28;
const PREV: usize = 32;
const TREE: usize = 36;
const MAX_TXN: usize = 40;
const LEFT: usize = 48;

/// What a page is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum PageKind {
    /// On the free list; `next` is the next free page.
    Free = 1,
    /// A node of a B+tree; level 0 is a leaf.
    Node = 2,
    /// Part of a value that outgrew its leaf; `next` is the next part.
    Overflow = 3,
    /// Page 1: head of the free list and number of pages.
    Allocation = 4,
}

/// A page in memory.
#[derive(Clone, Debug)]
pub struct Page {
    bytes: Box<[u8]>,
}

impl Page {
    /// A zeroed page of `page_bytes` bytes.
    pub fn zeroed(page_bytes: usize) -> Self {
        Self {
            bytes: vec![0; page_bytes].into_boxed_slice(),
        }
    }

    /// An empty page of a kind, owned by `tree`.
    pub fn new(page_bytes: usize, id: PageId, kind: PageKind, level: u8, tree: u32) -> Self {
        let mut page = Self::zeroed(page_bytes);
        page.put_u32(PAGE, id.0);
        page.bytes[KIND] = kind as u8;
        page.bytes[LEVEL] = level;
        page.put_u32(CELL_START, page_bytes as u32);
        page.put_u32(TREE, tree);
        page
    }

    #[inline]
    fn u16(&self, at: usize) -> u16 {
        u16_at(&self.bytes, at)
    }

    #[inline]
    fn u32(&self, at: usize) -> u32 {
        u32_at(&self.bytes, at)
    }

    #[inline]
    fn u64(&self, at: usize) -> u64 {
        u64_at(&self.bytes, at)
    }

    #[inline]
    fn put_u16(&mut self, at: usize, value: u16) {
        put(&mut self.bytes, at, value.to_le_bytes());
    }

    #[inline]
    fn put_u32(&mut self, at: usize, value: u32) {
        put(&mut self.bytes, at, value.to_le_bytes());
    }

    #[inline]
    fn put_u64(&mut self, at: usize, value: u64) {
        put(&mut self.bytes, at, value.to_le_bytes());
    }

    /// All bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// All bytes, to be filled from disk.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    /// Its number.
    pub fn id(&self) -> PageId {
        Self::id_in(&self.bytes)
    }

    /// Where the page's number, which no operation changes, ends.
    pub(super) const ID_END: usize = PAGE + 4;

    /// The number of the page that begins so.
    pub(super) fn id_in(bytes: &[u8]) -> PageId {
        PageId(u32_at(bytes, PAGE))
    }

    /// The LSN just after the newest record that changed it.
    pub fn lsn(&self) -> Lsn {
        Lsn(self.u64(LSN))
    }

    /// Sets the LSN.
    pub fn set_lsn(&mut self, lsn: Lsn) {
        self.put_u64(LSN, lsn.0);
    }

    /// Its kind; `None` for a number that this format does not know.
    pub fn kind(&self) -> Option<PageKind> {
        Some(match self.bytes[KIND] {
            1 => PageKind::Free,
            2 => PageKind::Node,
            3 => PageKind::Overflow,
            4 => PageKind::Allocation,
            _ => return None,
        })
    }

    /// The same page at another place.
    #[must_use]
    pub fn moved_to(mut self, id: PageId) -> Self {
        self.put_u32(PAGE, id.0);
        self
    }

    /// Height above the leaves.
    #[inline]
    pub fn level(&self) -> u8 {
        self.bytes[LEVEL]
    }

    /// Next page of the chain or level.
    pub fn next(&self) -> PageId {
        PageId(self.u32(NEXT))
    }

    /// Sets the next page.
    pub fn set_next(&mut self, next: PageId) {
        self.put_u32(NEXT, next.0);
    }

    /// Previous page of the level.
    pub fn prev(&self) -> PageId {
        PageId(self.u32(PREV))
    }

    /// Sets the previous page.
    pub fn set_prev(&mut self, prev: PageId) {
        self.put_u32(PREV, prev.0);
    }

    /// The tree that owns it.
    pub fn tree(&self) -> u32 {
        self.u32(TREE)
    }

    /// The newest transaction that changed it.
    pub fn max_txn(&self) -> u64 {
        self.u64(MAX_TXN)
    }

    /// Raises the newest transaction to at least `txn`.
    pub fn raise_max_txn(&mut self, txn: u64) {
        if txn > self.max_txn() || makes(Mistake::MaxTxnFollowsLast) {
            self.put_u64(MAX_TXN, txn);
        }
    }

    /// Leftmost child of an inner node.
    pub fn leftmost(&self) -> PageId {
        PageId(self.u32(LEFT))
    }

    /// Sets the leftmost child.
    pub fn set_leftmost(&mut self, child: PageId) {
        self.put_u32(LEFT, child.0);
    }

    /// Where [`Page::next`] stands, for a redo record that writes only that.
    pub const NEXT_OFFSET: usize = NEXT;
    /// Where [`Page::prev`] stands.
    pub const PREV_OFFSET: usize = PREV;
    /// Where [`Page::leftmost`] stands.
    pub const LEFTMOST_OFFSET: usize = LEFT;

    /// Number of slots.
    #[inline]
    pub fn slot_count(&self) -> usize {
        usize::from(self.u16(SLOTS))
    }

    #[inline]
    fn cell_start(&self) -> usize {
        self.u32(CELL_START) as usize
    }

    #[inline]
    fn slot_offset(&self, slot: usize) -> usize {
        usize::from(self.u16(HEADER_BYTES + 2 * slot))
    }

    /// The cell in `slot` (an assertion of PAGE-2 when there is none).
    #[inline]
    pub fn cell(&self, slot: usize) -> &[u8] {
        assert!(
            slot < self.slot_count(),
            "PAGE-2: slot {slot} of {} in page {:?}",
            self.slot_count(),
            self.id()
        );
        let at = self.slot_offset(slot);
        let len = usize::from(self.u16(at));
        &self.bytes[at + 2..at + 2 + len]
    }

    /// Where the cells in `slots` lie in [`Page::bytes`] (an assertion of PAGE-2 when there are not so many).
    pub fn cell_ranges(
        &self,
        slots: Range<usize>,
    ) -> impl DoubleEndedIterator<Item = Range<usize>> + ExactSizeIterator {
        assert!(
            slots.end <= self.slot_count(),
            "PAGE-2: slots {slots:?} of {} in page {:?}",
            self.slot_count(),
            self.id()
        );
        let offsets = &self.bytes[HEADER_BYTES + 2 * slots.start..HEADER_BYTES + 2 * slots.end];
        offsets.chunks_exact(2).map(|offset| {
            let at = usize::from(u16_at(offset, 0));
            at + 2..at + 2 + usize::from(self.u16(at))
        })
    }

    /// Bytes that new cells and their slots can take, after compaction.
    pub fn free_bytes(&self) -> usize {
        self.cell_start() - HEADER_BYTES - 2 * self.slot_count() + self.u32(GARBAGE) as usize
    }

    /// Bytes of live cells with their slots.
    pub fn used_bytes(&self) -> usize {
        self.bytes.len() - HEADER_BYTES - self.free_bytes()
    }

    /// Bytes that a cell of `cell_bytes` takes, with length and slot.
    pub const fn footprint(cell_bytes: usize) -> usize {
        cell_bytes + 4
    }

    fn place(&mut self, cell: &[u8], slots_after: usize) -> usize {
        let need = cell.len() + 2;
        if self.cell_start() < HEADER_BYTES + 2 * slots_after + need {
            self.compact();
        }
        let at = self.cell_start() - need;
        assert!(
            at >= HEADER_BYTES + 2 * slots_after,
            "PAGE-2: cell of {} bytes overflows {:?}",
            cell.len(),
            self.id()
        );
        self.put_u16(at, cell.len() as u16);
        self.bytes[at + 2..at + 2 + cell.len()].copy_from_slice(cell);
        self.put_u32(CELL_START, at as u32);
        at
    }

    fn compact(&mut self) {
        let old = self.bytes.clone();
        let mut at = self.bytes.len();
        for slot in 0..self.slot_count() {
            let from = self.slot_offset(slot);
            let len = usize::from(u16_at(&old, from)) + 2;
            at -= len;
            self.bytes[at..at + len].copy_from_slice(&old[from..from + len]);
            self.put_u16(HEADER_BYTES + 2 * slot, at as u16);
        }
        self.put_u32(CELL_START, at as u32);
        if !makes(Mistake::CompactionKeepsGarbage) {
            self.put_u32(GARBAGE, 0);
        }
    }

    /// Puts `cell` before slot `slot`. The caller has checked [`Page::free_bytes`].
    pub fn insert_cell(&mut self, slot: usize, cell: &[u8]) {
        let count = self.slot_count();
        let late = count > 8 && slot + 1 == count && makes(Mistake::SlotOrderBroken);
        let slot = slot + usize::from(late);
        assert!(
            slot <= count,
            "PAGE-2: insert at slot {slot} of {count} in page {:?}",
            self.id()
        );
        let at = self.place(cell, count + 1);
        let (from, to) = (HEADER_BYTES + 2 * slot, HEADER_BYTES + 2 * count);
        self.bytes.copy_within(from..to, from + 2);
        self.put_u16(from, at as u16);
        self.put_u16(SLOTS, (count + 1) as u16);
    }

    /// Removes the cell in `slot`.
    pub fn remove_cell(&mut self, slot: usize) {
        let count = self.slot_count();
        let len = self.cell(slot).len() + 2;
        let (from, to) = (HEADER_BYTES + 2 * slot, HEADER_BYTES + 2 * count);
        self.bytes.copy_within(from + 2..to, from);
        self.put_u16(SLOTS, (count - 1) as u16);
        let garbage = self.u32(GARBAGE);
        self.put_u32(GARBAGE, garbage + len as u32);
    }

    /// Replaces the cell in `slot`. The caller has checked the room.
    pub fn replace_cell(&mut self, slot: usize, cell: &[u8]) {
        let at = self.slot_offset(slot);
        let old = self.cell(slot).len();
        if cell.len() <= old {
            self.put_u16(at, cell.len() as u16);
            self.bytes[at + 2..at + 2 + cell.len()].copy_from_slice(cell);
            if !makes(Mistake::ShrinkForgetsGarbage) {
                let garbage = self.u32(GARBAGE);
                self.put_u32(GARBAGE, garbage + (old - cell.len()) as u32);
            }
        } else {
            self.remove_cell(slot);
            self.insert_cell(slot, cell);
        }
    }

    /// Bytes in `lower..upper` that carry no information.
    pub(super) fn hole(&self) -> (usize, usize) {
        match self.kind() {
            Some(PageKind::Node) => (HEADER_BYTES + 2 * self.slot_count(), self.cell_start()),
            _ => {
                let used = self
                    .bytes
                    .iter()
                    .rposition(|&b| b != 0)
                    .map_or(0, |i| i + 1);
                (used.max(HEADER_BYTES), self.bytes.len())
            }
        }
    }

    /// Computes and stores the checksum.
    pub fn seal(&mut self) {
        let crc = crc32fast::hash(&self.bytes[CRC + 4..]);
        self.put_u32(CRC, crc);
    }

    /// Reads page `id` of a file of pages of this size, and verifies it.
    ///
    /// # Errors
    /// `XX001` when it is damaged or the file ends before it, `58030` when it cannot be read.
    pub fn read(&mut self, file: &dyn File, id: PageId) -> Result<()> {
        let offset = u64::from(id.0) * self.bytes.len() as u64;
        match read_exact_at(file, &mut self.bytes, offset) {
            Ok(()) => self.verify(id),
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => Err(Error::corrupt(format!(
                "page {} lies behind the end of the database file",
                id.0
            ))),
            Err(e) => Err(Error::io(format!("cannot read page {}", id.0), e)),
        }
    }

    /// Verifies PAGE-1 and PAGE-2 on bytes that came from disk.
    ///
    /// # Errors
    /// `XX001`, with the page's number, when number, checksum or structure are wrong.
    pub fn verify(&self, id: PageId) -> Result<()> {
        let damaged = self.u32(CRC) != crc32fast::hash(&self.bytes[CRC + 4..]);
        if damaged && !makes(Mistake::ChecksumSkipped) {
            return Err(Error::corrupt(format!(
                "page {} is damaged: wrong checksum (PAGE-1)",
                id.0
            )));
        }
        self.verify_content(id)
    }

    /// The same, whatever the checksum says: for a page that was changed since it had one.
    ///
    /// # Errors
    /// `XX001`.
    pub fn verify_content(&self, id: PageId) -> Result<()> {
        if self.id() != id {
            return Err(Error::corrupt(format!(
                "page {} is damaged: it claims to be page {}",
                id.0,
                self.id().0
            )));
        }
        let Some(kind) = self.kind() else {
            return Err(Error::corrupt(format!(
                "page {} has the unknown kind {}",
                id.0, self.bytes[KIND]
            )));
        };
        if kind == PageKind::Node && !self.is_well_formed() {
            return Err(Error::corrupt(format!(
                "page {} is damaged: a cell lies outside (PAGE-2)",
                id.0
            )));
        }
        Ok(())
    }

    /// Whether it has cells, all of them within it (PAGE-2).
    pub(crate) fn has_sound_cells(&self) -> bool {
        self.kind() == Some(PageKind::Node) && self.is_well_formed()
    }

    fn is_well_formed(&self) -> bool {
        let (lower, upper) = (HEADER_BYTES + 2 * self.slot_count(), self.cell_start());
        if lower > upper || upper > self.bytes.len() {
            return false;
        }
        let head = if self.level() == 0 { 3 } else { 4 };
        let mut live = 0;
        let fits = (0..self.slot_count()).all(|slot| {
            let at = self.slot_offset(slot);
            if at < upper || at + 2 > self.bytes.len() {
                return false;
            }
            let len = usize::from(self.u16(at));
            if at + 2 + len > self.bytes.len() {
                return false;
            }
            live += len + 2;
            let key = if self.level() == 0 && len >= 3 {
                usize::from(self.u16(at + 3))
            } else {
                0
            };
            len >= head + key
        });
        fits && live + self.u32(GARBAGE) as usize == self.bytes.len() - upper
    }
}
