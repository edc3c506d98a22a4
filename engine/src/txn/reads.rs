//! What a serializable transaction has read.

use crate::page::PageId;
use crate::planted::{Mistake, makes};
use std::collections::BTreeMap;
use std::ops::Bound;

/// Spans of one transaction; beyond, the spans of a tree become one.
const SPANS_MAX: usize = 10_000;

/// Keys and ranges of keys, read or found to be absent.
///
/// ```text
///   tree 7   [a, a·0)   [c, f)   [k, ∞)        k·0 is the key that follows k at once: every span is half open
/// ```
///
/// Spans of a tree do not overlap. When there are too many (10,000), those of a tree are joined into one that covers
/// them all: a transaction that reads so much may be refused for what it has not read.
#[derive(Debug, Default)]
pub struct ReadSet {
    trees: BTreeMap<PageId, Spans>,
    spans: usize,
}

/// From the low end, which belongs to the span, to the high end, which does not; `None`: no end.
type Spans = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

fn successor(key: &[u8]) -> Vec<u8> {
    let mut next = Vec::with_capacity(key.len() + 1);
    next.extend_from_slice(key);
    next.push(0);
    next
}

/// Whether a span that ends at `high` reaches `key`, or touches it.
fn reaches(high: Option<&Vec<u8>>, key: &[u8]) -> bool {
    high.is_none_or(|high| high.as_slice() >= key)
}

/// Whether a span with the high end `outer` ends no earlier than one with `inner`.
fn outlasts(outer: Option<&Vec<u8>>, inner: Option<&Vec<u8>>) -> bool {
    match inner {
        Some(inner) => reaches(outer, inner),
        None => outer.is_none(),
    }
}

impl ReadSet {
    /// A key was looked up.
    pub fn add_key(&mut self, tree: PageId, key: &[u8]) {
        self.add_span(tree, key.to_vec(), Some(successor(key)));
    }

    /// All keys between two bounds were looked at.
    pub fn add_range(&mut self, tree: PageId, low: Bound<&[u8]>, high: Bound<&[u8]>) {
        let low = match low {
            Bound::Unbounded => Vec::new(),
            Bound::Included(key) => key.to_vec(),
            Bound::Excluded(key) => successor(key),
        };
        let high = match high {
            Bound::Unbounded => None,
            Bound::Included(key) => Some(successor(key)),
            Bound::Excluded(key) => Some(key.to_vec()),
        };
        if high.as_ref().is_none_or(|high| low < *high) {
            self.add_span(tree, low, high);
        }
    }

    fn add_span(&mut self, tree: PageId, mut low: Vec<u8>, mut high: Option<Vec<u8>>) {
        let spans = self.trees.entry(tree).or_default();
        let before = spans.len();
        let upto = (Bound::Unbounded, Bound::Included(low.as_slice()));
        if let Some((from, to)) = spans.range::<[u8], _>(upto).next_back()
            && reaches(to.as_ref(), &low)
        {
            if outlasts(to.as_ref(), high.as_ref()) {
                return;
            }
            low.clone_from(from);
        }
        loop {
            let on = (Bound::Included(low.as_slice()), Bound::Unbounded);
            let next = spans.range::<[u8], _>(on).next();
            let Some((from, _)) = next.filter(|(from, _)| reaches(high.as_ref(), from)) else {
                break;
            };
            let from = from.clone();
            let to = spans.remove(&from).flatten();
            if outlasts(to.as_ref(), high.as_ref()) && !makes(Mistake::SpansJoinedShort) {
                high = to;
            }
        }
        spans.insert(low, high);
        self.spans = self.spans + spans.len() - before;
        if self.spans > SPANS_MAX {
            self.join_largest();
        }
    }

    /// Joins the spans of the tree with the most of them.
    fn join_largest(&mut self) {
        let Some(spans) = self.trees.values_mut().max_by_key(|s| s.len()) else {
            return;
        };
        let all = std::mem::take(spans);
        self.spans = self.spans + 1 - all.len();
        let high = all.values().next_back().cloned().flatten();
        if let Some((low, _)) = all.into_iter().next() {
            spans.insert(low, high);
        }
    }

    /// Whether the key was read.
    pub fn contains(&self, tree: PageId, key: &[u8]) -> bool {
        let upto = (Bound::Unbounded, Bound::Included(key));
        let spans = self.trees.get(&tree);
        let span = spans.and_then(|spans| spans.range::<[u8], _>(upto).next_back());
        span.is_some_and(|(_, high)| high.as_ref().is_none_or(|high| key < high.as_slice()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(0u8..3, 0..4)
    }

    fn bound() -> impl Strategy<Value = Bound<Vec<u8>>> {
        prop_oneof![
            Just(Bound::Unbounded),
            key().prop_map(Bound::Included),
            key().prop_map(Bound::Excluded),
        ]
    }

    fn as_slice(bound: &Bound<Vec<u8>>) -> Bound<&[u8]> {
        bound.as_ref().map(Vec::as_slice)
    }

    fn lies_in(key: &[u8], (low, high): &(Bound<Vec<u8>>, Bound<Vec<u8>>)) -> bool {
        let above = match low {
            Bound::Unbounded => true,
            Bound::Included(low) => key >= low.as_slice(),
            Bound::Excluded(low) => key > low.as_slice(),
        };
        above
            && match high {
                Bound::Unbounded => true,
                Bound::Included(high) => key <= high.as_slice(),
                Bound::Excluded(high) => key < high.as_slice(),
            }
    }

    proptest! {
        #[test]
        fn a_key_is_contained_when_one_of_the_ranges_does(
            ranges in prop::collection::vec((bound(), bound()), 0..12),
            keys in prop::collection::vec(key(), 0..6),
            asked in prop::collection::vec(key(), 40),
        ) {
            let tree = PageId(7);
            let mut set = ReadSet::default();
            for (low, high) in &ranges {
                set.add_range(tree, as_slice(low), as_slice(high));
            }
            keys.iter().for_each(|key| set.add_key(tree, key));
            for key in &asked {
                let expected = keys.contains(key) || ranges.iter().any(|range| lies_in(key, range));
                prop_assert_eq!(set.contains(tree, key), expected, "{:?} in {:?}", key, set);
                prop_assert!(!set.contains(PageId(8), key));
            }
            let spans: usize = set.trees.values().map(BTreeMap::len).sum();
            prop_assert_eq!(spans, set.spans);
        }
    }

    #[test]
    fn too_many_spans_become_one_that_covers_them() {
        let (large, small) = (PageId(1), PageId(2));
        let mut set = ReadSet::default();
        set.add_key(small, b"k");
        for i in 0..2 * SPANS_MAX as u32 {
            set.add_key(large, &(10 + 2 * i).to_be_bytes());
            assert!(set.spans <= SPANS_MAX);
        }
        assert!(
            set.contains(large, &11u32.to_be_bytes()),
            "between two keys"
        );
        assert!(!set.contains(large, &9u32.to_be_bytes()));
        assert!(!set.contains(large, &(10 + 4 * SPANS_MAX as u32).to_be_bytes()));
        assert!(set.contains(small, b"k") && !set.contains(small, b"l"));
    }
}
