//! Overflow chains: values that outgrow their leaf.

use crate::buffer::{Author, Change, Pool};
use crate::error::{Error, ErrorKind, Result};
use crate::page::{HEADER_BYTES, Lsn, Page, PageId, PageKind};
use crate::planted::{Mistake, makes};

/// The longest value, in bytes: 1 GiB.
pub const VALUE_BYTES_MAX: u64 = 1 << 30;
/// Pages of a chain in one log record.
const PAGES_PER_RECORD: usize = 8;

/// Where a value lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChainRef {
    /// Bytes of the value.
    pub len: u64,
    /// Its first page.
    pub head: PageId,
}

impl ChainRef {
    /// What a leaf holds instead of the value.
    pub fn encode(self) -> [u8; 12] {
        let mut out = [0; 12];
        out[..8].copy_from_slice(&self.len.to_le_bytes());
        out[8..].copy_from_slice(&self.head.0.to_le_bytes());
        out
    }

    /// Reads what [`ChainRef::encode`] wrote.
    ///
    /// # Errors
    /// `XX001` for anything else.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let (len, head) = bytes
            .split_first_chunk::<8>()
            .ok_or_else(|| Error::corrupt("a reference to an overflow chain is damaged"))?;
        let head: [u8; 4] = head
            .try_into()
            .map_err(|_| Error::corrupt("a reference to an overflow chain is damaged"))?;
        let len = u64::from_le_bytes(*len);
        if len > VALUE_BYTES_MAX {
            return Err(Error::corrupt(
                "an overflow chain claims to be longer than a value may be",
            ));
        }
        Ok(Self {
            len,
            head: PageId(u32::from_le_bytes(head)),
        })
    }

    /// Pages of the chain.
    pub fn pages(self, page_bytes: usize) -> u64 {
        self.len.div_ceil((page_bytes - HEADER_BYTES) as u64)
    }
}

/// Writes `value`, which is not empty, as a chain, back to front, a few pages a record. `undo` turns the pages of a
/// record into its undo note; `written` is told each record's pages.
///
/// # Errors
/// `54000` when the value is too long, `53100` when the disk is full, `58030` when it fails.
pub fn write_chain(
    pool: &Pool,
    author: Author<'_>,
    value: &[u8],
    undo: impl Fn(&[PageId]) -> Vec<u8>,
    mut written: impl FnMut(Vec<PageId>, Lsn),
) -> Result<ChainRef> {
    if value.len() as u64 > VALUE_BYTES_MAX {
        return Err(Error::new(
            ErrorKind::Limit,
            "54000",
            format!(
                "a value of {} bytes is longer than the limit of {VALUE_BYTES_MAX} bytes",
                value.len()
            ),
        ));
    }
    let piece_bytes = pool.page_bytes() - HEADER_BYTES;
    let mut head = PageId::NONE;
    let pieces: Vec<&[u8]> = value.chunks(piece_bytes).collect();
    for group in pieces.rchunks(PAGES_PER_RECORD) {
        let mut change = Change::new(pool, author);
        let mut ids = Vec::with_capacity(group.len());
        for piece in group.iter().rev() {
            let id = change.allocate()?;
            let mut page = Page::new(pool.page_bytes(), id, PageKind::Overflow, 0, 0);
            page.set_next(head);
            page.bytes_mut()[HEADER_BYTES..HEADER_BYTES + piece.len()].copy_from_slice(piece);
            change.replace(&page);
            head = id;
            ids.push(id);
        }
        let noted = match makes(Mistake::ChainUndoPartial) {
            true => &ids[..1],
            false => &ids[..],
        };
        let start = change.commit(&undo(noted))?;
        written(ids, start);
    }
    Ok(ChainRef {
        len: value.len() as u64,
        head,
    })
}

fn expect_overflow(page: &Page, id: PageId) -> Result<()> {
    if page.kind() == Some(PageKind::Overflow) {
        return Ok(());
    }
    Err(Error::corrupt(format!(
        "page {} should be part of an overflow chain and is not",
        id.0
    )))
}

/// Puts the pieces of a value together.
pub struct ChainReader {
    value: Vec<u8>,
    len: usize,
    next: PageId,
}

impl ChainReader {
    /// Nothing yet of the value of `chain`.
    ///
    /// # Errors
    /// `53200` when there is no memory for it.
    pub fn new(chain: ChainRef) -> Result<Self> {
        let len = usize::try_from(chain.len).unwrap_or(usize::MAX);
        let mut value = Vec::new();
        value.try_reserve_exact(len).map_err(|_| {
            Error::new(
                ErrorKind::Limit,
                "53200",
                format!("out of memory for a value of {len} bytes"),
            )
        })?;
        Ok(Self {
            value,
            len,
            next: chain.head,
        })
    }

    /// The page with the next piece; `None` when nothing is missing.
    pub fn next_page(&self) -> Option<PageId> {
        (self.value.len() < self.len).then_some(self.next)
    }

    /// Takes the next piece from its page, which is `id`.
    ///
    /// # Errors
    /// `XX001` when the page is no part of a chain.
    pub fn take(&mut self, page: &Page, id: PageId) -> Result<()> {
        expect_overflow(page, id)?;
        let piece = &page.bytes()[HEADER_BYTES..];
        let take = piece.len().min(self.len - self.value.len());
        self.value.extend_from_slice(&piece[..take]);
        self.next = page.next();
        Ok(())
    }

    /// The value.
    pub fn into_value(self) -> Vec<u8> {
        self.value
    }
}

/// Reads a value.
///
/// # Errors
/// `58030` and `XX001` when a page cannot be read or is no part of a chain; `53200` when there is no memory for it.
pub fn read_chain(pool: &Pool, chain: ChainRef) -> Result<Vec<u8>> {
    let mut reader = ChainReader::new(chain)?;
    while let Some(id) = reader.next_page() {
        reader.take(&pool.read(id)?.page, id)?;
    }
    Ok(reader.into_value())
}

/// Frees up to `pages_max` pages at the front of a chain, within `change`; gives the chain's new head
/// ([`PageId::NONE`]: all is freed) and the number freed.
///
/// # Errors
/// `58030` and `XX001` when a page cannot be read or is no part of a chain.
pub fn free_chain_step(
    change: &mut Change<'_>,
    mut head: PageId,
    pages_max: u64,
) -> Result<(PageId, u64)> {
    let mut freed = 0;
    while head != PageId::NONE && freed < pages_max {
        let page = change.page(head)?;
        expect_overflow(page, head)?;
        let next = page.next();
        if freed % 2 == 0 || !makes(Mistake::ChainLeaked) {
            change.free(head)?;
        }
        head = next;
        freed += 1;
    }
    Ok((head, freed))
}
