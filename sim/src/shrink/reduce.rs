//! Delta debugging of a list.

/// The least part of the numbers below `len`, in ascending order, that `fails` still holds of; it holds of all.
///
/// Complements of ever smaller chunks are tried, from the end, where what came after the cause lies. What is returned is
/// 1-minimal: `fails` does not hold when any one number more is left out. That takes at most some `len²` tries, and few more
/// than `2 · n · log len` where `n` numbers are needed.
pub(super) fn minimize(len: usize, fails: &mut dyn FnMut(&[usize]) -> bool) -> Vec<usize> {
    let mut kept: Vec<usize> = (0..len).collect();
    if len > 0 && fails(&[]) {
        return Vec::new();
    }
    let mut chunk = len.div_ceil(2);
    while chunk > 0 {
        let (mut end, before) = (kept.len(), kept.len());
        while end > 0 {
            let start = end.saturating_sub(chunk);
            let mut without = kept.clone();
            without.drain(start..end);
            if !without.is_empty() && fails(&without) {
                kept = without;
            }
            end = start;
        }
        // Single ones again as long as one went: it may have held others.
        if chunk > 1 || kept.len() == before {
            chunk /= 2;
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::minimize;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn what_is_needed_stays_and_nothing_else(
            len in 1usize..80,
            needed in prop::collection::btree_set(0usize..80, 0..6),
        ) {
            let needed: BTreeSet<usize> = needed.into_iter().filter(|&n| n < len).collect();
            let mut tries = 0;
            let least = minimize(len, &mut |kept| {
                tries += 1;
                needed.iter().all(|n| kept.contains(n))
            });
            prop_assert_eq!(least, needed.iter().copied().collect::<Vec<_>>());
            prop_assert!(tries < 20 + 30 * (needed.len() + 1), "{} tries", tries);
        }

        /// Where parts need each other, what is left cannot lose any one.
        #[test]
        fn what_is_left_is_one_minimal(len in 1usize..40, modulus in 2usize..7) {
            let fails = |kept: &[usize]| kept.iter().sum::<usize>() % modulus == (0..len).sum::<usize>() % modulus;
            let least = minimize(len, &mut |kept| fails(kept));
            prop_assert!(fails(&least));
            for at in 0..least.len() {
                let mut without = least.clone();
                without.remove(at);
                prop_assert!(!fails(&without));
            }
        }
    }
}
