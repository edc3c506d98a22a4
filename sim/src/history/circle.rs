//! The graph of who comes before whom, and circles in it.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;

/// Why one transaction comes before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Edge {
    /// It wrote what the other wrote over.
    WriteWrite,
    /// It wrote what the other read.
    WriteRead,
    /// It read what the other wrote over.
    ReadWrite,
    /// It found a list absent, by a range, to which the other was the first to append.
    RangeWrite,
    /// It was known to be committed before the other began.
    Time,
}

/// What an edge is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// A list.
    List(u32),
    /// A register.
    Register(u32),
    /// Nothing but the order of events.
    Clock,
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::List(number) => write!(f, "list {number}"),
            Self::Register(number) => write!(f, "register {number}"),
            Self::Clock => write!(f, "by the clock"),
        }
    }
}

impl Edge {
    pub(super) fn is_read_write(self) -> bool {
        matches!(self, Self::ReadWrite | Self::RangeWrite)
    }
}

/// Which paths count; where time counts too, over edges of time as well.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Paths {
    /// Over ww alone.
    Writes,
    /// Over ww and wr.
    Known,
    /// Over all, with no two rw in a row, beginning after an rw and before one.
    Nonadjacent,
    /// Over all.
    All,
}

/// Transactions by number, and the edges between them with what made them: of several from one to the other
/// for the same reason, one.
pub(super) struct Graph {
    edges: Vec<BTreeMap<(usize, Edge), Item>>,
}

/// A step of a circle: from, to, why, and by what.
pub(super) type Step = (usize, usize, Edge, Item);

impl Graph {
    /// So many transactions, and no edges.
    pub(super) fn new(transactions: usize) -> Self {
        Self {
            edges: vec![BTreeMap::new(); transactions],
        }
    }

    /// Adds an edge, unless it leads back at once.
    pub(super) fn add(&mut self, from: usize, to: usize, edge: Edge, item: Item) {
        if from != to {
            self.edges[from].entry((to, edge)).or_insert(item);
        }
    }

    fn steps_from(&self, from: usize) -> impl Iterator<Item = Step> {
        let steps = self.edges[from].iter();
        steps.map(move |(&(to, edge), &item)| (from, to, edge, item))
    }

    /// The edges that may be part of a circle: those within a strongly connected component.
    pub(super) fn suspects(&self) -> Vec<Step> {
        let component = self.components();
        let all = (0..self.edges.len()).flat_map(|from| self.steps_from(from));
        all.filter(|(from, to, ..)| component[*from] == component[*to])
            .collect()
    }

    /// For each transaction a number that it shares with those that it is on a circle with (after Kosaraju and Sharir).
    fn components(&self) -> Vec<usize> {
        let count = self.edges.len();
        let mut backward = vec![Vec::new(); count];
        for (from, to) in self.edges.iter().enumerate() {
            for (to, _) in to.keys() {
                backward[*to].push(from);
            }
        }
        let forward: Vec<Vec<usize>> = self
            .edges
            .iter()
            .map(|to| to.keys().map(|(to, _)| *to).collect())
            .collect();
        let mut finished = Vec::with_capacity(count);
        let mut seen = vec![false; count];
        for root in 0..count {
            walk(root, &forward, &mut seen, &mut finished);
        }
        let mut component = vec![0; count];
        let mut seen = vec![false; count];
        for root in finished.into_iter().rev() {
            let mut members = Vec::new();
            walk(root, &backward, &mut seen, &mut members);
            for member in members {
                component[member] = root;
            }
        }
        component
    }

    /// A shortest circle that begins with `first` and goes on over `paths`, and edges of time if those count.
    pub(super) fn circle(&self, first: Step, paths: Paths, time: bool) -> Option<Vec<Step>> {
        let (goal, start, edge, _) = first;
        // A place is a transaction, and whether an rw edge led to it, where that matters: 2t or 2t + 1.
        let place = |txn: usize, edge: Edge| {
            2 * txn + usize::from(paths == Paths::Nonadjacent && edge.is_read_write())
        };
        let begin = place(start, edge);
        let mut came_by: Vec<Option<(usize, Step)>> = vec![None; 2 * self.edges.len()];
        let mut queue = VecDeque::from([begin]);
        let mut reached = None;
        while let Some(at) = queue.pop_front() {
            let by_read_write = at % 2 == 1;
            if at / 2 == goal && !by_read_write {
                reached = Some(at);
                break;
            }
            for step in self.steps_from(at / 2) {
                let (_, to, edge, _) = step;
                let counts = match paths {
                    _ if edge == Edge::Time => time,
                    Paths::Writes => edge == Edge::WriteWrite,
                    Paths::Known => !edge.is_read_write(),
                    Paths::Nonadjacent => !(by_read_write && edge.is_read_write()),
                    Paths::All => true,
                };
                let next = place(to, edge);
                if counts && next != begin && came_by[next].is_none() {
                    came_by[next] = Some((at, step));
                    queue.push_back(next);
                }
            }
        }
        let mut at = reached?;
        let mut circle = Vec::new();
        while at != begin {
            let (before, step) = came_by[at]?;
            circle.push(step);
            at = before;
        }
        circle.push(first);
        circle.reverse();
        Some(circle)
    }
}

/// Adds what can be reached from `root` and was not seen to `finished`, what is reached first at the end.
fn walk(root: usize, edges: &[Vec<usize>], seen: &mut [bool], finished: &mut Vec<usize>) {
    if std::mem::replace(&mut seen[root], true) {
        return;
    }
    let mut stack = vec![(root, 0)];
    while let Some((at, next)) = stack.last_mut() {
        match edges[*at].get(*next) {
            Some(&to) => {
                *next += 1;
                if !std::mem::replace(&mut seen[to], true) {
                    stack.push((to, 0));
                }
            }
            None => {
                finished.push(*at);
                stack.pop();
            }
        }
    }
}
