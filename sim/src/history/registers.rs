//! What registers tell: who replaced what.
//!
//! ```text
//!   T1: look r → 7, write r 8        T2: look r → 7, write r 9       both replaced 7: a lost update
//!   writer of 7 ──ww──▶ T1           T3: look r → 7 ──rw──▶ T1, T2
//! ```
//!
//! The order of a register's numbers is known only as far as transactions have looked before they wrote.

use super::check::Anomaly;
use super::circle::{Edge, Graph, Item};
use super::record::{Operation, Outcome, Transaction};
use std::collections::{BTreeMap, BTreeSet};

/// A register and what it held.
type Version = (u32, Option<u64>);

/// Who wrote which numbers.
pub(super) struct Registers {
    /// By whom, and whether it is the writer's last in that register.
    written: BTreeMap<(u32, u64), (usize, bool)>,
}

/// What a transaction looked at before it wrote there itself: the last look at each register.
fn looks(transaction: &Transaction) -> Vec<Version> {
    let mut own = BTreeSet::new();
    let mut looks = Vec::new();
    for operation in &transaction.operations {
        match operation {
            Operation::Write { register, .. } => drop(own.insert(*register)),
            Operation::Look { register, number } if !own.contains(register) => {
                looks.push((*register, *number));
            }
            _ => {}
        }
    }
    looks
}

/// What it has replaced: what it looked at last before its first write, for each register that it wrote.
fn replaced(transaction: &Transaction) -> Vec<Version> {
    let last: BTreeMap<u32, Option<u64>> = looks(transaction).into_iter().collect();
    let writes = transaction.operations.iter();
    let registers: BTreeSet<u32> = writes
        .filter_map(|operation| match operation {
            Operation::Write { register, .. } => Some(*register),
            _ => None,
        })
        .collect();
    last.into_iter()
        .filter(|(register, _)| registers.contains(register))
        .collect()
}

impl Registers {
    /// Those that `transactions` wrote.
    pub(super) fn of(transactions: &[Transaction]) -> Self {
        let mut written = BTreeMap::new();
        for (by, transaction) in transactions.iter().enumerate() {
            let mut last: BTreeMap<u32, u64> = BTreeMap::new();
            for operation in &transaction.operations {
                if let Operation::Write { register, number } = operation {
                    if let Some(before) = last.insert(*register, *number) {
                        written.insert((*register, before), (by, false));
                    }
                    written.insert((*register, *number), (by, true));
                }
            }
        }
        Self { written }
    }

    fn writer(&self, (register, number): Version) -> Option<usize> {
        let written = self.written.get(&(register, number?))?;
        Some(written.0)
    }

    /// Whose numbers a transaction has seen.
    pub(super) fn sources(&self, transaction: &Transaction) -> Vec<usize> {
        let looks = looks(transaction).into_iter();
        looks.filter_map(|version| self.writer(version)).collect()
    }

    /// Whose numbers acknowledged transactions have seen.
    pub(super) fn seen_by_others(&self, transactions: &[Transaction]) -> BTreeSet<usize> {
        let acknowledged = transactions
            .iter()
            .filter(|t| t.outcome == Outcome::Committed);
        acknowledged.flat_map(|t| self.sources(t)).collect()
    }

    /// Who of `committed` replaced each version.
    fn followers(
        &self,
        transactions: &[Transaction],
        committed: &BTreeSet<usize>,
    ) -> BTreeMap<Version, BTreeSet<usize>> {
        let mut followers: BTreeMap<Version, BTreeSet<usize>> = BTreeMap::new();
        for &by in committed {
            for version in replaced(&transactions[by]) {
                followers.entry(version).or_default().insert(by);
            }
        }
        followers
    }

    /// Who of `committed` wrote what came after `version`, as far as that is known.
    fn later(
        &self,
        version: Version,
        followers: &BTreeMap<Version, BTreeSet<usize>>,
        committed: &BTreeSet<usize>,
    ) -> BTreeSet<usize> {
        let mut later = followers.get(&version).cloned().unwrap_or_default();
        if version.1.is_none() {
            let all = (version.0, 0)..=(version.0, u64::MAX);
            let writers = self.written.range(all).map(|(_, (by, _))| *by);
            later.extend(writers.filter(|by| committed.contains(by)));
        }
        later
    }

    /// Adds what comes before what.
    pub(super) fn add_edges(
        &self,
        transactions: &[Transaction],
        committed: &BTreeSet<usize>,
        graph: &mut Graph,
    ) {
        let followers = self.followers(transactions, committed);
        for (version, by) in &followers {
            for &to in by {
                if let Some(from) = self.writer(*version).filter(|w| committed.contains(w)) {
                    graph.add(from, to, Edge::WriteWrite, Item::Register(version.0));
                }
            }
        }
        for &reader in committed {
            for version in looks(&transactions[reader]) {
                let item = Item::Register(version.0);
                if let Some(from) = self.writer(version).filter(|w| committed.contains(w)) {
                    graph.add(from, reader, Edge::WriteRead, item);
                }
                for to in self.later(version, &followers, committed) {
                    graph.add(reader, to, Edge::ReadWrite, item);
                }
            }
        }
    }

    /// What is wrong without a circle.
    pub(super) fn judge(
        &self,
        transactions: &[Transaction],
        committed: &BTreeSet<usize>,
        known: &BTreeMap<usize, u64>,
    ) -> Vec<(Anomaly, String)> {
        let followers = self.followers(transactions, committed);
        let mut found = Vec::new();
        for ((register, number), by) in &followers {
            if by.len() > 1 {
                let by: Vec<String> = by
                    .iter()
                    .map(|by| format!("\n  T{by} {}", transactions[*by]))
                    .collect();
                let story = format!(
                    "{number:?} of register {register} was replaced by{}",
                    by.concat()
                );
                found.push((Anomaly::LostUpdate, story));
            }
        }
        for (me, transaction) in transactions.iter().enumerate() {
            if misses_own(transaction) {
                let story =
                    format!("a register does not hold what was written there: {transaction}");
                found.push((Anomaly::OwnWriteMissing, story));
            }
            for version in looks(transaction) {
                let anomaly = self.judge_look(transactions, me, version).or_else(|| {
                    let later = self.later(version, &followers, committed);
                    let is_known = |by| known.get(by).is_some_and(|at| *at < transaction.began);
                    later.iter().any(is_known).then_some(Anomaly::Stale)
                });
                if let Some(anomaly) = anomaly {
                    let (register, number) = version;
                    let story = format!("{number:?} was in register {register} for {transaction}");
                    found.push((anomaly, story));
                }
            }
        }
        found
    }

    /// Whether what `me` saw was ever to be seen.
    fn judge_look(
        &self,
        transactions: &[Transaction],
        me: usize,
        (register, number): Version,
    ) -> Option<Anomaly> {
        match self.written.get(&(register, number?)) {
            None => Some(Anomaly::G1a),
            Some((by, _)) if *by == me || transactions[*by].outcome == Outcome::Aborted => {
                Some(Anomaly::G1a)
            }
            Some((_, false)) => Some(Anomaly::G1b),
            Some(_) => None,
        }
    }
}

/// Whether it looks at a register that it wrote, and finds something else.
fn misses_own(transaction: &Transaction) -> bool {
    let mut own: BTreeMap<u32, u64> = BTreeMap::new();
    transaction
        .operations
        .iter()
        .any(|operation| match operation {
            Operation::Write { register, number } => {
                own.insert(*register, *number);
                false
            }
            Operation::Look { register, number } => {
                let written = own.get(register);
                written.is_some() && written != number.as_ref()
            }
            _ => false,
        })
}
