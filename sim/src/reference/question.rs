//! Queries, and their answers.

use super::condition::{COLUMNS, Condition, number};
use super::tables::{Row, Tables, Value};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use std::collections::{BTreeMap, BTreeSet};

/// What a query gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The rows; in order, unless only their number counts.
    pub rows: Vec<Vec<Value>>,
    /// Whether their order is part of the answer.
    pub ordered: bool,
}

/// A query. `child` says whether it is over `c`, else `p`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// All columns of the rows.
    Rows(bool, Condition),
    /// Counts, sum and extremes of a column.
    Aggregates(bool, usize, Condition),
    /// A column in its order, from a row on, so many.
    Sorted {
        /// Which table.
        child: bool,
        /// Which column.
        column: usize,
        /// The larger ones first.
        descending: bool,
        /// NULLs before all others.
        nulls_first: bool,
        /// OFFSET and LIMIT.
        window: (usize, usize),
        /// Of these rows.
        condition: Condition,
    },
    /// The values of a column, how often each is there, and how many of the other column it has.
    Groups(bool, usize, Condition),
    /// Pairs of a row of `p` and one of `c` that agree in a column.
    Join {
        /// Which column of each.
        on: (usize, usize),
        /// Rows of `p` without a partner too.
        outer: bool,
        /// What a partner must fulfil.
        partner: Condition,
        /// What a row of `p` must fulfil.
        condition: Condition,
    },
    /// Different values of a column.
    Distinct(bool, usize, Condition),
    /// UNION, INTERSECT or EXCEPT of a column of each table, ALL or not.
    Set(&'static str, bool, usize, Condition),
    /// Rows of `p` whose column is among those of `c`, or is not.
    InQuery(usize, bool, Condition),
    /// Rows of `p` that have a child, or have none.
    Exists(bool, Condition),
}

fn name(child: bool) -> char {
    if child { 'c' } else { 'p' }
}

fn count(number: usize) -> Value {
    Some(number as i64)
}

impl Question {
    /// Any query; `keys` is how many values there are.
    pub fn draw(keys: u32, rng: &mut ChaCha8Rng) -> Self {
        let child = rng.random_bool(0.5);
        let column = rng.random_range(0..COLUMNS.len());
        let condition = match rng.random_bool(0.3) {
            true => Condition::True,
            false => Condition::draw(keys, rng),
        };
        match rng.random_range(0..14) {
            0 | 1 => Self::Rows(child, condition),
            2 => Self::Aggregates(child, column, condition),
            3..=5 => Self::Sorted {
                child,
                column,
                descending: rng.random_bool(0.5),
                nulls_first: rng.random_bool(0.5),
                window: (rng.random_range(0..4), rng.random_range(0..12)),
                condition,
            },
            6 => Self::Groups(child, column, condition),
            7 | 8 => Self::Join {
                on: (rng.random_range(0..2), rng.random_range(1..3)),
                outer: rng.random_bool(0.5),
                partner: match rng.random_bool(0.5) {
                    true => Condition::True,
                    false => Condition::Compare(1, "<", Some(number(keys, rng))),
                },
                condition,
            },
            9 => Self::Distinct(child, column, condition),
            10 | 11 => {
                let operator = ["UNION", "INTERSECT", "EXCEPT"][rng.random_range(0..3)];
                Self::Set(operator, rng.random_bool(0.4), 1, condition)
            }
            12 => Self::InQuery(column, rng.random_bool(0.4), condition),
            _ => Self::Exists(rng.random_bool(0.5), condition),
        }
    }

    /// As SQL.
    pub fn sql(&self) -> String {
        match self {
            Self::Rows(child, condition) => {
                format!(
                    "SELECT id, a, b FROM {} WHERE {}",
                    name(*child),
                    condition.sql("")
                )
            }
            Self::Aggregates(child, column, condition) => {
                let x = COLUMNS[*column];
                format!(
                    "SELECT count(*), count({x}), sum({x}), min({x}), max({x}) FROM {} WHERE {}",
                    name(*child),
                    condition.sql("")
                )
            }
            Self::Sorted { .. } => self.sorted_sql(),
            Self::Groups(child, column, condition) => format!(
                "SELECT {x}, count(*), count(a) FROM {} WHERE {} GROUP BY {x}",
                name(*child),
                condition.sql(""),
                x = COLUMNS[*column],
            ),
            Self::Join {
                on: (left, right),
                outer,
                partner,
                condition,
            } => format!(
                "SELECT x.id, y.id FROM p x {}JOIN c y ON x.{} = y.{} AND {} WHERE {}",
                if *outer { "LEFT " } else { "" },
                COLUMNS[*left],
                COLUMNS[*right],
                partner.sql("y."),
                condition.sql("x.")
            ),
            Self::Distinct(child, column, condition) => format!(
                "SELECT DISTINCT {} FROM {} WHERE {}",
                COLUMNS[*column],
                name(*child),
                condition.sql("")
            ),
            Self::Set(operator, all, column, condition) => format!(
                "SELECT {x} FROM p WHERE {} {operator}{} SELECT {x} FROM c",
                condition.sql(""),
                if *all { " ALL" } else { "" },
                x = COLUMNS[*column],
            ),
            Self::InQuery(column, is_in, condition) => format!(
                "SELECT id FROM p WHERE {} {}IN (SELECT a FROM c WHERE {})",
                COLUMNS[*column],
                if *is_in { "" } else { "NOT " },
                condition.sql("")
            ),
            Self::Exists(exists, condition) => format!(
                "SELECT x.id FROM p x WHERE {}EXISTS (SELECT 1 FROM c y WHERE y.b = x.id AND {})",
                if *exists { "" } else { "NOT " },
                condition.sql("y.")
            ),
        }
    }

    fn sorted_sql(&self) -> String {
        let Self::Sorted {
            child,
            column,
            descending,
            nulls_first,
            window: (skip, limit),
            condition,
        } = self
        else {
            unreachable!("it is asked of sorted ones only");
        };
        format!(
            "SELECT {x} FROM {} WHERE {} ORDER BY {x} {} NULLS {} LIMIT {limit} OFFSET {skip}",
            name(*child),
            condition.sql(""),
            if *descending { "DESC" } else { "ASC" },
            if *nulls_first { "FIRST" } else { "LAST" },
            x = COLUMNS[*column],
        )
    }

    /// What it gives.
    pub fn answer(&self, tables: &Tables) -> Answer {
        let rows = match self {
            Self::Sorted { .. } => return self.sorted(tables),
            Self::Rows(child, condition) => {
                let rows = passing(tables, *child, condition);
                rows.map(|row| vec![Some(row.id), row.a, row.b]).collect()
            }
            Self::Aggregates(child, column, condition) => {
                let values: Vec<Value> = passing(tables, *child, condition)
                    .map(|row| row.get(*column))
                    .collect();
                let there = || values.iter().flatten().copied();
                let sum = there().next().map(|_| there().sum());
                vec![vec![
                    count(values.len()),
                    count(there().count()),
                    sum,
                    there().min(),
                    there().max(),
                ]]
            }
            Self::Groups(child, column, condition) => {
                let mut groups: BTreeMap<Value, (usize, usize)> = BTreeMap::new();
                for row in passing(tables, *child, condition) {
                    let group = groups.entry(row.get(*column)).or_default();
                    group.0 += 1;
                    group.1 += usize::from(row.a.is_some());
                }
                let row = |(value, (all, there))| vec![value, count(all), count(there)];
                groups.into_iter().map(row).collect()
            }
            Self::Join {
                on,
                outer,
                partner,
                condition,
            } => join(tables, *on, *outer, partner, condition),
            Self::Distinct(child, column, condition) => {
                let values = passing(tables, *child, condition).map(|row| row.get(*column));
                let different: BTreeSet<Value> = values.collect();
                different.into_iter().map(|value| vec![value]).collect()
            }
            Self::Set(operator, all, column, condition) => {
                let left = passing(tables, false, condition).map(|row| row.get(*column));
                let right = tables.children.values().map(|row| row.get(*column));
                set(operator, *all, left.collect(), right.collect())
            }
            Self::InQuery(column, is_in, condition) => in_query(tables, *column, *is_in, condition),
            Self::Exists(exists, condition) => {
                let has = |parent: &&Row| {
                    let mut children = passing(tables, true, condition);
                    children.any(|child| child.b == Some(parent.id)) == *exists
                };
                let rows = tables.parents.values().filter(has);
                rows.map(|row| vec![Some(row.id)]).collect()
            }
        };
        Answer {
            rows,
            ordered: false,
        }
    }

    fn sorted(&self, tables: &Tables) -> Answer {
        let Self::Sorted {
            child,
            column,
            descending,
            nulls_first,
            window: (skip, limit),
            condition,
        } = self
        else {
            unreachable!("it is asked of sorted ones only");
        };
        let values = passing(tables, *child, condition).map(|row| row.get(*column));
        let (nulls, values): (Vec<Value>, Vec<Value>) = values.partition(Option::is_none);
        let mut values = values;
        values.sort_unstable();
        if *descending {
            values.reverse();
        }
        let all = match nulls_first {
            true => [nulls, values].concat(),
            false => [values, nulls].concat(),
        };
        let window = all.into_iter().skip(*skip).take(*limit);
        Answer {
            rows: window.map(|value| vec![value]).collect(),
            ordered: true,
        }
    }
}

fn passing<'t>(
    tables: &'t Tables,
    child: bool,
    condition: &'t Condition,
) -> impl Iterator<Item = &'t Row> {
    let rows = tables.of(child).values();
    rows.filter(move |row| condition.passes(row))
}

fn join(
    tables: &Tables,
    (left, right): (usize, usize),
    outer: bool,
    partner: &Condition,
    condition: &Condition,
) -> Vec<Vec<Value>> {
    let mut rows = Vec::new();
    for parent in passing(tables, false, condition) {
        let value = parent.get(left);
        let before = rows.len();
        for child in passing(tables, true, partner) {
            if value.is_some() && child.get(right) == value {
                rows.push(vec![Some(parent.id), Some(child.id)]);
            }
        }
        if outer && rows.len() == before {
            rows.push(vec![Some(parent.id), None]);
        }
    }
    rows
}

fn set(operator: &str, all: bool, left: Vec<Value>, right: Vec<Value>) -> Vec<Vec<Value>> {
    let often = |values: &[Value], value: &Value| values.iter().filter(|v| *v == value).count();
    let different: BTreeSet<Value> = left.iter().chain(&right).copied().collect();
    let mut rows = Vec::new();
    for value in different {
        let (in_left, in_right) = (often(&left, &value), often(&right, &value));
        let times = match (operator, all) {
            ("UNION", true) => in_left + in_right,
            ("UNION", false) => 1,
            ("INTERSECT", true) => in_left.min(in_right),
            ("INTERSECT", false) => usize::from(in_left > 0 && in_right > 0),
            (_, true) => in_left.saturating_sub(in_right),
            (_, false) => usize::from(in_left > 0 && in_right == 0),
        };
        rows.extend(std::iter::repeat_n(vec![value], times));
    }
    rows
}

fn in_query(tables: &Tables, column: usize, is_in: bool, condition: &Condition) -> Vec<Vec<Value>> {
    let values: Vec<Value> = passing(tables, true, condition).map(|row| row.a).collect();
    let is_empty = values.is_empty();
    let is_among = Condition::In(column, is_in, values);
    let keeps = |row: &&Row| match is_empty {
        // Nothing is among none, not even NULL.
        true => !is_in,
        false => is_among.passes(row),
    };
    let rows = tables.parents.values().filter(keeps);
    rows.map(|row| vec![Some(row.id)]).collect()
}
