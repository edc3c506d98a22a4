//! Numbers for rows without a key of their own.

use super::core::OpenTree;
use crate::btree::Seek;
use crate::error::{Error, ErrorKind, Result};
use crate::planted::{Mistake, makes};

/// The number that an 8-byte key stands for: big-endian, sign flipped.
fn row_id(key: &[u8]) -> Option<i64> {
    let bytes: [u8; 8] = key.try_into().ok()?;
    Some((u64::from_be_bytes(bytes) ^ (1 << 63)).cast_signed())
}

impl OpenTree {
    /// Reserves `count` numbers above all in the tree; gives the first.
    ///
    /// # Errors
    /// `54000` when no number is left; `58030` and `XX001` when the tree cannot be read.
    pub(super) fn allocate_row_ids(&self, count: u64) -> Result<i64> {
        let mut next = self.next_row_id.lock();
        let first = match *next {
            Some(first) => first,
            None if makes(Mistake::RowIdsReused) => 1,
            None => self
                .largest_row_id()?
                .map_or(Some(1), |id| id.checked_add(1))
                .ok_or_else(exhausted)?,
        };
        let after = i64::try_from(count)
            .ok()
            .and_then(|count| first.checked_add(count))
            .ok_or_else(exhausted)?;
        *next = Some(after);
        Ok(first)
    }

    fn largest_row_id(&self) -> Result<Option<i64>> {
        let (mut lower, mut upper) = (None, None);
        let mut leaf = self
            .tree
            .leaf_with_fences(Seek::Last, &mut lower, &mut upper)?;
        loop {
            let slots = (0..leaf.page().slot_count()).rev();
            if let Some(id) = slots.filter_map(|slot| row_id(leaf.slot(slot).0)).next() {
                return Ok(Some(id.max(0)));
            }
            drop(leaf);
            let Some(before) = lower.take() else {
                return Ok(None);
            };
            leaf = self
                .tree
                .leaf_with_fences(Seek::Before(&before), &mut lower, &mut upper)?;
        }
    }

    /// A key was put by its user: numbers given later must be above it.
    pub(super) fn note_key(&self, key: &[u8]) {
        let Some(id) = row_id(key) else { return };
        let mut next = self.next_row_id.lock();
        if let Some(next) = next.as_mut()
            && *next <= id
            && !makes(Mistake::RowIdNotNoted)
        {
            *next = id.saturating_add(1);
        }
    }
}

fn exhausted() -> Error {
    Error::new(
        ErrorKind::Limit,
        "54000",
        "the table has no row number left",
    )
}
