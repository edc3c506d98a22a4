//! Pages against a plain list of cells, and redo against the change it describes.

use proptest::prelude::*;
use quantadb::page::{HEADER_BYTES, Lsn, Page, PageId, PageKind, PageOp};

/// A leaf's cell: flags, key length, key.
fn leaf_cell(key: &[u8]) -> Vec<u8> {
    let mut cell = vec![0];
    cell.extend_from_slice(&(key.len() as u16).to_le_bytes());
    cell.extend_from_slice(key);
    cell
}

fn cells(page: &Page) -> Vec<Vec<u8>> {
    (0..page.slot_count())
        .map(|slot| page.cell(slot).to_vec())
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_page_is_a_list_of_cells(
        steps in prop::collection::vec((0u8..3, any::<prop::sample::Index>(), prop::collection::vec(any::<u8>(), 0..300)), 1..200),
    ) {
        let mut page = Page::new(4096, PageId(7), PageKind::Node, 0, 2);
        let mut redone = page.clone();
        let mut model: Vec<Vec<u8>> = Vec::new();
        for (txn, (what, at, key)) in steps.into_iter().enumerate() {
            let cell = leaf_cell(&key);
            let op = match what {
                0 => PageOp::Insert(at.index(model.len() + 1) as u16, cell.clone()),
                1 if !model.is_empty() => PageOp::Replace(at.index(model.len()) as u16, cell.clone()),
                2 if !model.is_empty() => PageOp::Remove(at.index(model.len()) as u16),
                _ => continue,
            };
            if !op.fits(&page, PageId(7)) {
                continue;
            }
            op.apply(&mut page, txn as u64);
            match &op {
                PageOp::Insert(slot, _) => model.insert(usize::from(*slot), cell),
                PageOp::Replace(slot, _) => model[usize::from(*slot)] = cell,
                PageOp::Remove(slot) => drop(model.remove(usize::from(*slot))),
                _ => unreachable!("the steps above make no other"),
            }
            prop_assert_eq!(cells(&page), model.clone());
            let used: usize = model.iter().map(|c| Page::footprint(c.len())).sum();
            prop_assert_eq!(page.used_bytes(), used);

            let mut encoded = Vec::new();
            op.encode(&mut encoded);
            let mut input = encoded.as_slice();
            let decoded = PageOp::decode(&mut input).unwrap();
            prop_assert!(input.is_empty());
            prop_assert_eq!(&decoded, &op);
            decoded.apply(&mut redone, txn as u64);
            prop_assert_eq!(redone.bytes(), page.bytes(), "redo gives the same bytes");
        }
        let mut copy = Page::zeroed(4096);
        PageOp::image(&page).apply(&mut copy, 0);
        prop_assert_eq!(cells(&copy), model);
        copy.seal();
        copy.verify(PageId(7)).unwrap();
    }

    #[test]
    fn every_flipped_bit_is_noticed(bit in 0usize..4096 * 8) {
        let mut page = Page::new(4096, PageId(3), PageKind::Node, 0, 2);
        page.insert_cell(0, &leaf_cell(b"key"));
        page.seal();
        page.verify(PageId(3)).unwrap();
        page.bytes_mut()[bit / 8] ^= 1 << (bit % 8);
        prop_assert_eq!(page.verify(PageId(3)).unwrap_err().sqlstate(), "XX001");
    }

    #[test]
    fn damaged_operations_are_errors(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = PageOp::decode(&mut bytes.as_slice());
    }
}

#[test]
fn a_page_in_the_wrong_place_is_refused() {
    let mut page = Page::new(8192, PageId(3), PageKind::Free, 0, 0);
    page.seal();
    assert!(
        page.verify(PageId(4))
            .unwrap_err()
            .message()
            .contains("claims to be page 3")
    );
}

#[test]
fn no_record_gives_a_page_another_number() {
    let page = Page::new(4096, PageId(7), PageKind::Node, 0, 2);
    let other = Page::new(4096, PageId(8), PageKind::Node, 0, 2);
    let ops = [
        PageOp::image(&other),
        PageOp::Write(4, 8u32.to_le_bytes().to_vec()),
        PageOp::Write(7, vec![0; 2]),
    ];
    for op in ops {
        let mut changed = page.clone();
        let refused = changed.repeat(&[(PageId(7), op)], 0, Lsn(9)).unwrap_err();
        assert_eq!(refused.sqlstate(), "XX001");
        assert_eq!(changed.bytes(), page.bytes());
    }
    let own = [(PageId(7), PageOp::image(&page))];
    Page::zeroed(4096).repeat(&own, 0, Lsn(9)).unwrap();
}

/// Of each two bytes next to each other all values are tried, one place at a time.
#[test]
fn whatever_two_bytes_say_the_page_is_refused_or_all_its_cells_lie_within() {
    let inner_cell = |separator: &[u8]| [&[4, 3, 2, 1], separator].concat();
    for level in [0, 1] {
        let mut sound = Page::new(512, PageId(7), PageKind::Node, level, 2);
        for key in [b"key\0\0", b"more\0"] {
            let cell = if level == 0 {
                leaf_cell(key)
            } else {
                inner_cell(key)
            };
            sound.insert_cell(0, &cell);
        }
        sound.verify_content(PageId(7)).unwrap();
        let (mut accepted, mut refused) = (0, 0);
        let slots = 8..HEADER_BYTES + 2 * sound.slot_count();
        let first_cell = sound.bytes().len() - 2 * (2 + sound.cell(0).len());
        for at in slots.chain(first_cell..sound.bytes().len() - 1) {
            let mut page = sound.clone();
            for value in 0..=u16::MAX {
                page.bytes_mut()[at..at + 2].copy_from_slice(&value.to_le_bytes());
                if page.verify_content(PageId(7)).is_err() || page.kind() != Some(PageKind::Node) {
                    refused += 1;
                    continue;
                }
                accepted += 1;
                let bytes: usize = cells(&page).iter().map(|c| Page::footprint(c.len())).sum();
                assert_eq!(page.used_bytes(), bytes, "{value} at {at}");
            }
        }
        assert!(accepted > 0 && refused > 0);
    }
}
