//! Conditions on one row: drawn, written as SQL, and decided by hand.

use super::logic::{and, compare, not, or};
use super::tables::{Row, Value};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// Names of the columns of both tables, in their order.
pub(super) const COLUMNS: [&str; 3] = ["id", "a", "b"];

/// The operators that compare.
const OPERATORS: [&str; 6] = ["=", "<>", "<", "<=", ">", ">="];

/// A condition on a row of one table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Always.
    True,
    /// A column, an operator, a value.
    Compare(usize, &'static str, Value),
    /// A column lies between two values.
    Between(usize, i64, i64),
    /// A column is NULL, or is not.
    IsNull(usize, bool),
    /// A column is in a list of values, or is not.
    In(usize, bool, Vec<Value>),
    /// Both hold.
    And(Box<Condition>, Box<Condition>),
    /// One of them holds.
    Or(Box<Condition>, Box<Condition>),
    /// It does not hold.
    Not(Box<Condition>),
}

pub(super) fn literal(value: Value) -> String {
    value.map_or_else(|| "NULL".to_owned(), |number| number.to_string())
}

/// A value about the size of those that there are.
pub(super) fn number(keys: u32, rng: &mut ChaCha8Rng) -> i64 {
    i64::from(rng.random_range(0..keys))
}

impl Condition {
    /// Any condition; `keys` is how many values there are.
    pub fn draw(keys: u32, rng: &mut ChaCha8Rng) -> Self {
        Self::draw_to(2, keys, rng)
    }

    fn draw_to(depth: u32, keys: u32, rng: &mut ChaCha8Rng) -> Self {
        let column = rng.random_range(0..COLUMNS.len());
        let sides = |rng: &mut ChaCha8Rng| {
            let side = |rng: &mut ChaCha8Rng| Box::new(Self::draw_to(depth - 1, keys, rng));
            (side(rng), side(rng))
        };
        match rng.random_range(0..if depth > 0 { 14 } else { 8 }) {
            0 => Self::True,
            1 | 2 => {
                let operator = OPERATORS[rng.random_range(0..OPERATORS.len())];
                Self::Compare(column, operator, Some(number(keys, rng)))
            }
            3 => Self::Compare(column, "=", Some(number(keys, rng))),
            4 => Self::Compare(column, ">=", Some(number(keys, rng))),
            5 => {
                let low = number(keys, rng);
                Self::Between(column, low, low + rng.random_range(0..10))
            }
            6 => Self::IsNull(column, rng.random_bool(0.5)),
            7 => {
                let null = rng.random_bool(0.2).then_some(None);
                let values = (0..rng.random_range(1..4)).map(|_| Some(number(keys, rng)));
                let values = values.chain(null).collect();
                Self::In(column, rng.random_bool(0.5), values)
            }
            // Two conditions on one end of a range: only the narrower counts.
            8 => {
                let operator = [">", ">=", "<", "<="][rng.random_range(0..4)];
                let half = |n: i64| Box::new(Self::Compare(column, operator, Some(n)));
                Self::And(half(number(keys, rng)), half(number(keys, rng)))
            }
            9..=11 => {
                let (left, right) = sides(rng);
                Self::And(left, right)
            }
            12 => {
                let (left, right) = sides(rng);
                Self::Or(left, right)
            }
            _ => Self::Not(sides(rng).0),
        }
    }

    /// Whether it holds for a row; `None`: NULL.
    pub fn holds(&self, row: &Row) -> Option<bool> {
        match self {
            Self::True => Some(true),
            Self::Compare(column, operator, value) => compare(row.get(*column), operator, *value),
            Self::Between(column, low, high) => {
                let value = row.get(*column);
                and(
                    compare(value, ">=", Some(*low)),
                    compare(value, "<=", Some(*high)),
                )
            }
            Self::IsNull(column, is_null) => Some(row.get(*column).is_none() == *is_null),
            Self::In(column, is_in, values) => {
                let value = row.get(*column)?;
                let found = values.contains(&Some(value));
                match found || !values.contains(&None) {
                    true => Some(found == *is_in),
                    false => None,
                }
            }
            Self::And(left, right) => and(left.holds(row), right.holds(row)),
            Self::Or(left, right) => or(left.holds(row), right.holds(row)),
            Self::Not(inner) => not(inner.holds(row)),
        }
    }

    /// Whether a WHERE lets the row pass.
    pub fn passes(&self, row: &Row) -> bool {
        self.holds(row) == Some(true)
    }

    /// As SQL, of columns that are written behind `prefix`.
    pub fn sql(&self, prefix: &str) -> String {
        let name = |column: &usize| format!("{prefix}{}", COLUMNS[*column]);
        match self {
            Self::True => "true".to_owned(),
            Self::Compare(column, operator, value) => {
                format!("{} {operator} {}", name(column), literal(*value))
            }
            Self::Between(column, low, high) => {
                format!("{} BETWEEN {low} AND {high}", name(column))
            }
            Self::IsNull(column, true) => format!("{} IS NULL", name(column)),
            Self::IsNull(column, false) => format!("{} IS NOT NULL", name(column)),
            Self::In(column, is_in, values) => {
                let values: Vec<String> = values.iter().map(|v| literal(*v)).collect();
                let not = if *is_in { "" } else { "NOT " };
                format!("{} {not}IN ({})", name(column), values.join(", "))
            }
            Self::And(left, right) => format!("({} AND {})", left.sql(prefix), right.sql(prefix)),
            Self::Or(left, right) => format!("({} OR {})", left.sql(prefix), right.sql(prefix)),
            Self::Not(inner) => format!("NOT ({})", inner.sql(prefix)),
        }
    }
}
