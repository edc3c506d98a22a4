//! From a history to its anomalies.

use super::circle::{Edge, Graph, Item, Paths, Step};
use super::record::{History, Operation, Outcome, Transaction};
use super::registers::Registers;
use super::time::add_time;
use quantadb::storage::IsolationLevel;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What a history can show that a serial one cannot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)] // explained in the module's documentation
pub enum Anomaly {
    G0,
    G1a,
    G1b,
    G1c,
    GSingle,
    GNonadjacent,
    G2Item,
    G2,
    /// Two transactions have seen the same number in a register, and both have replaced it.
    LostUpdate,
    /// A list has a number twice.
    Duplicate,
    /// Two reads of a list of which neither is a beginning of the other.
    Incompatible,
    /// A transaction does not see what it has written itself.
    OwnWriteMissing,
    /// A commit was acknowledged, or seen in part, and is not there at the end.
    Lost,
    /// A read misses a commit that was acknowledged, or seen by others, before the transaction began; or a number stands
    /// before one whose transaction had ended when its own began.
    Stale,
}

impl Anomaly {
    /// Whether `level` promises that it never occurs.
    pub fn is_forbidden(self, level: IsolationLevel) -> bool {
        match self {
            Self::G2Item | Self::G2 => level == IsolationLevel::Serializable,
            Self::GSingle | Self::GNonadjacent | Self::LostUpdate => {
                level != IsolationLevel::ReadCommitted
            }
            _ => true,
        }
    }
}

/// An anomaly, and how it came about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which.
    pub anomaly: Anomaly,
    /// Its circle is one only because a transaction had ended before another began. Such a serial order that the clock
    /// contradicts is forbidden where the circle would be.
    pub against_time: bool,
    /// The transactions, and why each is before the next.
    pub story: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = match self.against_time {
            true => " against the time",
            false => "",
        };
        write!(f, "{:?}{time}: {}", self.anomaly, self.story)
    }
}

/// A number's writer, and whether it is the writer's last in that list.
#[derive(Clone, Copy)]
struct Written {
    by: usize,
    is_last: bool,
}

struct Checker<'a> {
    transactions: &'a [Transaction],
    written: BTreeMap<(u32, u64), Written>,
    /// The longest reading of each list.
    orders: BTreeMap<u32, Vec<u64>>,
    registers: Registers,
    /// Those that count as committed.
    committed: BTreeSet<usize>,
    /// When each of those was known to be committed: acknowledged, or seen by one that has ended.
    known: BTreeMap<usize, u64>,
    findings: Vec<Finding>,
}

/// All that `history` shows: each anomaly without a circle, and for each edge between two transactions the worst circle
/// that it begins. The last transaction should have read all lists, so that nothing can be lost unseen.
pub fn check(history: &History) -> Vec<Finding> {
    let mut checker = Checker {
        transactions: &history.transactions,
        written: BTreeMap::new(),
        orders: BTreeMap::new(),
        registers: Registers::of(&history.transactions),
        committed: BTreeSet::new(),
        known: BTreeMap::new(),
        findings: Vec::new(),
    };
    checker.gather();
    checker.settle();
    checker.date();
    let registers = &checker.registers;
    let found = registers.judge(&history.transactions, &checker.committed, &checker.known);
    for (anomaly, story) in found {
        checker.find(anomaly, story);
    }
    for (number, transaction) in history.transactions.iter().enumerate() {
        checker.judge_reads(number, transaction);
    }
    checker.judge_losses();
    checker.judge_circles();
    checker.findings
}

/// What a transaction read, one list at a time; `true`: by a range.
fn reads(transaction: &Transaction) -> Vec<(usize, u32, Vec<u64>, bool)> {
    let mut all = Vec::new();
    for (at, operation) in transaction.operations.iter().enumerate() {
        match operation {
            Operation::Read { list, numbers } => all.push((at, *list, numbers.clone(), false)),
            Operation::Scan { lists, .. } => {
                all.extend(lists.iter().map(|(l, n)| (at, *l, n.clone(), true)));
            }
            _ => {}
        }
    }
    all
}

/// What it has appended to `list` before its operation `at`.
fn own_before(transaction: &Transaction, at: usize, wanted: u32) -> Vec<u64> {
    let before = transaction.operations[..at].iter();
    let own = before.filter_map(|operation| match operation {
        Operation::Append { list, number } if *list == wanted => Some(*number),
        _ => None,
    });
    own.collect()
}

impl Checker<'_> {
    fn find(&mut self, anomaly: Anomaly, story: String) {
        let against_time = false;
        self.findings.push(Finding {
            anomaly,
            against_time,
            story,
        });
    }

    /// Who wrote what, and the longest reading of each list.
    fn gather(&mut self) {
        for (by, transaction) in self.transactions.iter().enumerate() {
            let mut last: BTreeMap<u32, u64> = BTreeMap::new();
            for operation in &transaction.operations {
                if let Operation::Append { list, number } = operation {
                    let written = Written { by, is_last: true };
                    self.written.insert((*list, *number), written);
                    if let Some(before) = last.insert(*list, *number)
                        && let Some(written) = self.written.get_mut(&(*list, before))
                    {
                        written.is_last = false;
                    }
                }
            }
            if transaction.outcome != Outcome::Committed {
                continue; // what it saw of its own is in no order
            }
            for (_, list, numbers, _) in reads(transaction) {
                let order = self.orders.entry(list).or_default();
                if numbers.len() > order.len() {
                    *order = numbers;
                }
            }
        }
    }

    /// Who counts as committed: whose commit was acknowledged, or interrupted and then seen.
    fn settle(&mut self) {
        let outcomes = self.transactions.iter().map(|t| t.outcome);
        let acknowledged = outcomes
            .enumerate()
            .filter(|(_, o)| *o == Outcome::Committed);
        self.committed = acknowledged.map(|(number, _)| number).collect();
        for (list, order) in &self.orders {
            for number in order {
                if let Some(written) = self.written.get(&(*list, *number))
                    && self.transactions[written.by].outcome == Outcome::Unknown
                {
                    self.committed.insert(written.by);
                }
            }
        }
        let seen = self.registers.seen_by_others(self.transactions);
        let interrupted = |by: &usize| self.transactions[*by].outcome == Outcome::Unknown;
        self.committed.extend(seen.into_iter().filter(interrupted));
    }

    /// When each was known to be committed.
    fn date(&mut self) {
        for &number in &self.committed {
            let transaction = &self.transactions[number];
            if transaction.outcome != Outcome::Committed {
                continue;
            }
            let seen = reads(transaction)
                .into_iter()
                .flat_map(|(_, list, numbers, _)| {
                    let by = numbers.into_iter().map(move |n| (list, n));
                    by.filter_map(|key| self.written.get(&key).map(|w| w.by))
                        .collect::<Vec<_>>()
                });
            let looked = self.registers.sources(transaction);
            for by in seen.chain(looked).chain([number]) {
                let known = self.known.entry(by).or_insert(u64::MAX);
                *known = (*known).min(transaction.ended);
            }
        }
        let committed = &self.committed;
        self.known.retain(|by, _| committed.contains(by));
    }

    fn judge_reads(&mut self, number: usize, transaction: &Transaction) {
        for (at, list, numbers, _) in reads(transaction) {
            let own = own_before(transaction, at, list);
            let Some(others) = numbers.strip_suffix(own.as_slice()) else {
                let story = format!("list {list} ends with {own:?} for {transaction}");
                self.find(Anomaly::OwnWriteMissing, story);
                continue;
            };
            if numbers.iter().collect::<BTreeSet<_>>().len() < numbers.len() {
                let story = format!("list {list} was read as {numbers:?} by {transaction}");
                self.find(Anomaly::Duplicate, story);
            }
            for value in others {
                let by = self.written.get(&(list, *value)).map(|w| w.by);
                let outcome = by.map(|by| self.transactions[by].outcome);
                if !matches!(outcome, Some(Outcome::Committed | Outcome::Unknown)) {
                    let story = format!("{value} of list {list} was read by {transaction}");
                    self.find(Anomaly::G1a, story);
                }
            }
            if let Some(last) = others.last()
                && let Some(written) = self.written.get(&(list, *last))
                && !written.is_last
                && written.by != number
            {
                let story = format!(
                    "{last} is not the last number of list {list} that its writer gave it: {transaction}"
                );
                self.find(Anomaly::G1b, story);
            }
            let order = self.orders.get(&list).cloned().unwrap_or_default();
            if !order.starts_with(others) {
                let story = format!("list {list} is {order:?} for others than {transaction}");
                self.find(Anomaly::Incompatible, story);
            }
        }
        self.judge_scans(transaction);
        self.judge_age(transaction);
    }

    /// Whether its scans give the lists that it has begun itself.
    fn judge_scans(&mut self, transaction: &Transaction) {
        for (at, operation) in transaction.operations.iter().enumerate() {
            let Operation::Scan { from, to, lists } = operation else {
                continue;
            };
            let own = transaction.operations[..at]
                .iter()
                .find_map(|before| match before {
                    Operation::Append { list, .. }
                        if (from..=to).contains(&list) && lists.iter().all(|(l, _)| l != list) =>
                    {
                        Some(*list)
                    }
                    _ => None,
                });
            if let Some(list) = own {
                let story = format!("list {list} is in no scan after its append of {transaction}");
                self.find(Anomaly::OwnWriteMissing, story);
            }
        }
    }

    /// Whether it saw all that was committed before it began.
    fn judge_age(&mut self, transaction: &Transaction) {
        let mut seen: Vec<(u32, Vec<u64>)> = Vec::new();
        for operation in &transaction.operations {
            match operation {
                Operation::Read { list, numbers } => seen.push((*list, numbers.clone())),
                Operation::Scan { from, to, lists } => {
                    let lists: BTreeMap<_, _> = lists.iter().cloned().collect();
                    let known = self.orders.keys().filter(|l| (from..=to).contains(l));
                    seen.extend(known.map(|l| (*l, lists.get(l).cloned().unwrap_or_default())));
                }
                _ => {}
            }
        }
        for (list, numbers) in seen {
            let order = self.orders.get(&list).into_iter().flatten();
            let missing = order.filter(|n| !numbers.contains(n)).find(|n| {
                self.written.get(&(list, **n)).is_some_and(|written| {
                    let known = self.known.get(&written.by);
                    known.is_some_and(|known| *known < transaction.began)
                })
            });
            if let Some(missing) = missing {
                let story = format!("{missing} of list {list} is missing for {transaction}");
                self.find(Anomaly::Stale, story);
            }
        }
    }

    /// Whether every acknowledged append is in the order of its list.
    fn judge_losses(&mut self) {
        let orders = &self.orders;
        let lost = self.written.iter().filter(|((list, number), written)| {
            self.committed.contains(&written.by)
                && !orders.get(list).is_some_and(|order| order.contains(number))
        });
        let stories: Vec<String> = lost
            .map(|((list, number), written)| {
                format!(
                    "{number} is not in list {list}, whose last reading is {:?}: {}",
                    orders.get(list),
                    self.transactions[written.by]
                )
            })
            .collect();
        stories
            .into_iter()
            .for_each(|story| self.find(Anomaly::Lost, story));
        let mut turned = Vec::new();
        for (list, order) in &self.orders {
            for pair in order.windows(2) {
                let writer = |n: u64| self.written.get(&(*list, n)).map(|w| w.by);
                if let (Some(one), Some(two)) = (writer(pair[0]), writer(pair[1]))
                    && self
                        .known
                        .get(&two)
                        .is_some_and(|k| *k < self.transactions[one].began)
                {
                    turned.push(format!(
                        "{} stands before {} in list {list}",
                        pair[0], pair[1]
                    ));
                }
            }
        }
        turned
            .into_iter()
            .for_each(|story| self.find(Anomaly::Stale, story));
    }

    fn graph(&self) -> Graph {
        let mut graph = Graph::new(self.transactions.len());
        let writer = |list: u32, number: u64| self.written.get(&(list, number)).map(|w| w.by);
        for (&list, order) in &self.orders {
            for pair in order.windows(2) {
                if let (Some(from), Some(to)) = (writer(list, pair[0]), writer(list, pair[1])) {
                    graph.add(from, to, Edge::WriteWrite, Item::List(list));
                }
            }
        }
        for &number in &self.committed {
            let transaction = &self.transactions[number];
            for (at, list, numbers, _) in reads(transaction) {
                let own = own_before(transaction, at, list);
                let others = numbers.strip_suffix(own.as_slice()).unwrap_or(&numbers);
                if let Some(from) = others.last().and_then(|last| writer(list, *last)) {
                    graph.add(from, number, Edge::WriteRead, Item::List(list));
                }
                self.add_overwriters(&mut graph, number, (list, others.len()), Edge::ReadWrite);
            }
            for operation in &transaction.operations {
                if let Operation::Scan { from, to, lists } = operation {
                    let absent = self.orders.range(from..=to).map(|(list, _)| *list);
                    for list in absent.filter(|l| lists.iter().all(|(there, _)| there != l)) {
                        self.add_overwriters(&mut graph, number, (list, 0), Edge::RangeWrite);
                    }
                }
            }
        }
        self.registers
            .add_edges(self.transactions, &self.committed, &mut graph);
        add_time(self.transactions, &self.known, &mut graph);
        graph
    }

    /// `number` has seen the first `length` numbers of `list`: it is before the first other that wrote more.
    fn add_overwriters(
        &self,
        graph: &mut Graph,
        number: usize,
        (list, length): (u32, usize),
        edge: Edge,
    ) {
        let order = self.orders.get(&list).into_iter().flatten().skip(length);
        let mut next = order.filter_map(|n| self.written.get(&(list, *n)).map(|w| w.by));
        if let Some(to) = next.find(|by| *by != number) {
            graph.add(number, to, edge, Item::List(list));
        }
    }

    fn judge_circles(&mut self) {
        let graph = self.graph();
        let mut seen = BTreeSet::new();
        for first in graph.suspects() {
            let tries: &[(Paths, Anomaly)] = match first.2 {
                Edge::WriteWrite => &[(Paths::Writes, Anomaly::G0)],
                Edge::WriteRead => &[(Paths::Known, Anomaly::G1c)],
                Edge::Time => &[],
                _ => &[
                    (Paths::Known, Anomaly::GSingle),
                    (Paths::Nonadjacent, Anomaly::GNonadjacent),
                    (Paths::All, Anomaly::G2Item),
                ],
            };
            let both = tries.iter().flat_map(|t| [(t, false), (t, true)]);
            let mut found = both.filter_map(|((paths, anomaly), time)| {
                let circle = graph.circle(first, *paths, time)?;
                Some((*anomaly, time, circle))
            });
            let Some((mut anomaly, against_time, circle)) = found.next() else {
                continue;
            };
            if anomaly == Anomaly::G2Item && circle.iter().any(|s| s.2 == Edge::RangeWrite) {
                anomaly = Anomaly::G2;
            }
            let members: BTreeSet<usize> = circle.iter().map(|step| step.0).collect();
            if seen.insert((anomaly, members)) {
                let story = self.story(&circle);
                self.findings.push(Finding {
                    anomaly,
                    against_time,
                    story,
                });
            }
        }
    }

    fn story(&self, circle: &[Step]) -> String {
        let lines = circle.iter().map(|(from, to, edge, item)| {
            let why = match edge {
                Edge::WriteWrite => "wrote what the next wrote over",
                Edge::WriteRead => "wrote what the next read",
                Edge::ReadWrite => "read what the next wrote over",
                Edge::RangeWrite => "found absent what the next began",
                Edge::Time => "had ended before the next began",
            };
            format!(
                "T{from} {why}, {item}, T{to}\n    T{from} {}",
                self.transactions[*from]
            )
        });
        lines.collect::<Vec<_>>().join("\n  ")
    }
}
