//! Which transactions had ended before others began.

use super::circle::{Edge, Graph, Item};
use super::record::Transaction;
use std::collections::BTreeMap;

/// Adds an edge from each committed transaction to those that began after it was `known` to be committed; not where a
/// third one lies between the two, which leads from one to the other anyway.
pub(super) fn add_time(
    transactions: &[Transaction],
    known: &BTreeMap<usize, u64>,
    graph: &mut Graph,
) {
    for &later in known.keys() {
        let began = transactions[later].began;
        let before = || known.iter().filter(|(_, at)| **at < began);
        let last_began = before()
            .map(|(&earlier, _)| transactions[earlier].began)
            .max();
        for (&earlier, &at) in before() {
            if Some(at) >= last_began {
                graph.add(earlier, later, Edge::Time, Item::Clock);
            }
        }
    }
}
