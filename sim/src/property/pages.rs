//! Any bytes as a page, and any bytes as what a log does to one.

use super::input::{Bytes, Rest};
use arbitrary::Arbitrary;
use quantadb::page::{HEADER_BYTES, Page, PageId, PageOp};

const PAGE_BYTES: usize = 4096;
/// Where the checksum stands: what lies before it is set by sealing.
const CHECKSUM_BYTES: usize = 4;
const ID: PageId = PageId(7);

/// A page that nobody should have written, and a log's changes of it.
#[derive(Arbitrary, Clone, Debug)]
pub struct PageInput {
    /// The header after the page's number.
    header: [u8; HEADER_BYTES - 8],
    /// The bytes behind the header, from the front.
    slots: Bytes,
    /// The bytes at the end of the page.
    cells: Bytes,
    /// Encoded operations.
    changes: Rest<Bytes>,
}

/// A page that passes for sound gives all of its cells, and takes what fits it; what it has is in its image.
///
/// # Panics
/// When not.
pub fn check_page(input: PageInput) {
    let mut page = Page::zeroed(PAGE_BYTES);
    let bytes = page.bytes_mut();
    bytes[CHECKSUM_BYTES..8].copy_from_slice(&ID.0.to_le_bytes());
    bytes[8..HEADER_BYTES].copy_from_slice(&input.header);
    let (slots, cells) = (&input.slots.0, &input.cells.0);
    bytes[HEADER_BYTES..HEADER_BYTES + slots.len()].copy_from_slice(slots);
    bytes[PAGE_BYTES - cells.len()..].copy_from_slice(cells);
    let mut changes = input.changes.0.iter();
    while is_sound(&mut page) {
        let Some(change) = changes.next() else {
            return;
        };
        let Ok(op) = PageOp::decode(&mut change.0.as_slice()) else {
            continue;
        };
        check_encoding(&op);
        if op.fits(&page, ID) {
            op.apply(&mut page, 9);
        }
    }
}

/// Whether the page passes for a sound one; if so it is used as such.
fn is_sound(page: &mut Page) -> bool {
    page.seal();
    let other = PageId(ID.0 + 1);
    assert!(page.verify(other).is_err(), "PAGE-1: another page's number");
    if page.verify(ID).is_err() {
        return false;
    }
    if page.kind() != Some(quantadb::page::PageKind::Node) {
        return true;
    }
    let cells = |page: &Page| -> Vec<Vec<u8>> {
        let cells = (0..page.slot_count()).map(|slot| page.cell(slot).to_vec());
        cells.collect()
    };
    let found = cells(page);
    let ranges: Vec<&[u8]> = page
        .cell_ranges(0..page.slot_count())
        .map(|range| &page.bytes()[range])
        .collect();
    assert_eq!(found, ranges, "PAGE-2: two ways to read cells");
    assert_eq!(
        page.free_bytes() + page.used_bytes() + HEADER_BYTES,
        PAGE_BYTES
    );
    let mut copy = Page::zeroed(PAGE_BYTES);
    PageOp::image(page).apply(&mut copy, 0);
    assert_eq!(cells(&copy), found, "an image has all cells");
    true
}

fn check_encoding(op: &PageOp) {
    let mut encoded = Vec::new();
    op.encode(&mut encoded);
    let again = PageOp::decode(&mut encoded.as_slice());
    assert_eq!(again.as_ref().ok(), Some(op), "what was written is read");
}
