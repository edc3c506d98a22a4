//! Statements that change rows.

use super::condition::{Condition, literal, number};
use super::tables::{Row, Tables, Value};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// A statement that changes `p` or, where `child` is set, `c`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Adds rows; without `b`: its default.
    Insert {
        /// Which table.
        child: bool,
        /// The rows.
        rows: Vec<(i64, Value, Option<Value>)>,
    },
    /// Sets a column other than the key.
    Set {
        /// Which table.
        child: bool,
        /// Whether `b`, else `a`.
        b: bool,
        /// To this.
        value: Value,
        /// Where.
        condition: Condition,
    },
    /// Gives a row another key.
    Move {
        /// Which table.
        child: bool,
        /// The key.
        from: i64,
        /// The new one.
        to: i64,
    },
    /// Removes rows.
    Delete {
        /// Which table.
        child: bool,
        /// Where.
        condition: Condition,
    },
}

fn name(child: bool) -> char {
    if child { 'c' } else { 'p' }
}

impl Change {
    /// Any change; `keys` is how many values there are, `rows_max` how many rows are added at once.
    pub fn draw(keys: u32, rows_max: usize, rng: &mut ChaCha8Rng) -> Self {
        let child = rng.random_bool(0.5);
        match rng.random_range(0..20) {
            0..=10 => {
                let count = match rng.random_bool(0.3) {
                    true => rng.random_range(1..=rows_max),
                    false => 1,
                };
                let rows = (0..count).map(|_| Self::row(child, keys, rng)).collect();
                Self::Insert { child, rows }
            }
            11..=14 => {
                let b = rng.random_bool(0.5);
                let value = match rng.random_range(0..12) {
                    0 => None,
                    1 if b => Some(-number(keys, rng)),
                    _ => Some(number(keys, rng)),
                };
                let condition = Self::narrow(keys, rng);
                Self::Set {
                    child,
                    b,
                    value,
                    condition,
                }
            }
            15 | 16 => Self::Move {
                child,
                from: number(keys, rng),
                to: number(2 * keys, rng),
            },
            _ => Self::Delete {
                child,
                condition: Self::narrow(keys, rng),
            },
        }
    }

    fn row(child: bool, keys: u32, rng: &mut ChaCha8Rng) -> (i64, Value, Option<Value>) {
        let a = (!rng.random_bool(0.15)).then(|| number(keys, rng));
        let b = match rng.random_range(0..20) {
            0 if child => Some(None),
            0 if rng.random_bool(0.3) => Some(None),
            1 if rng.random_bool(0.3) => Some(Some(-1 - number(keys, rng))),
            2..=9 => None,
            _ => Some(Some(number(keys, rng))),
        };
        (number(4 * keys, rng), a, b)
    }

    /// A condition that mostly leaves most of the rows alone.
    fn narrow(keys: u32, rng: &mut ChaCha8Rng) -> Condition {
        match rng.random_range(0..4) {
            0 => Condition::draw(keys, rng),
            1 => {
                let low = number(4 * keys, rng);
                Condition::Between(0, low, low + 3)
            }
            _ => Condition::Compare(0, "=", Some(number(4 * keys, rng))),
        }
    }

    /// As SQL.
    pub fn sql(&self) -> String {
        match self {
            Self::Insert { child, rows } => {
                let value = |(id, a, b): &(i64, Value, Option<Value>)| {
                    let b = b.map_or_else(|| "DEFAULT".to_owned(), literal);
                    format!("({id}, {}, {b})", literal(*a))
                };
                let rows: Vec<String> = rows.iter().map(value).collect();
                format!("INSERT INTO {} VALUES {}", name(*child), rows.join(", "))
            }
            Self::Set {
                child,
                b,
                value,
                condition,
            } => format!(
                "UPDATE {} SET {} = {} WHERE {}",
                name(*child),
                if *b { 'b' } else { 'a' },
                literal(*value),
                condition.sql("")
            ),
            Self::Move { child, from, to } => {
                format!("UPDATE {} SET id = {to} WHERE id = {from}", name(*child))
            }
            Self::Delete { child, condition } => {
                format!("DELETE FROM {} WHERE {}", name(*child), condition.sql(""))
            }
        }
    }

    /// Makes the change; gives how many rows it concerned.
    ///
    /// # Errors
    /// The SQLSTATE with which it fails: 23502, 23503, 23505 or 23514. What the tables then are is not to be used.
    pub fn apply(&self, tables: &mut Tables) -> Result<u64, &'static str> {
        let count = match self {
            Self::Insert { child, rows } => {
                let default = if *child { None } else { Some(7) };
                let row = |&(id, a, b): &(i64, Value, Option<Value>)| Row {
                    id,
                    a,
                    b: b.unwrap_or(default),
                };
                let new: Vec<Row> = rows.iter().map(row).collect();
                // The engine looks at all rows before it writes the first.
                new.iter().try_for_each(|row| check(*child, row))?;
                for row in new {
                    if tables.of_mut(*child).insert(row.id, row).is_some() {
                        return Err("23505");
                    }
                }
                rows.len() as u64
            }
            Self::Set {
                child,
                b,
                value,
                condition,
            } => {
                let mut count = 0;
                let rows = tables.of_mut(*child).values_mut();
                for row in rows.filter(|row| condition.passes(row)) {
                    if *b {
                        row.b = *value;
                    } else {
                        row.a = *value;
                    }
                    check(*child, row)?;
                    count += 1;
                }
                count
            }
            Self::Move { child, from, to } => {
                let rows = tables.of_mut(*child);
                let Some(row) = rows.remove(from) else {
                    return Ok(0);
                };
                if rows.insert(*to, Row { id: *to, ..row }).is_some() {
                    return Err("23505");
                }
                if !child && from != to {
                    tables.act(*from, Some(*to));
                }
                1
            }
            Self::Delete { child, condition } => {
                let rows = tables.of_mut(*child);
                let gone: Vec<i64> = rows
                    .values()
                    .filter(|row| condition.passes(row))
                    .map(|row| row.id)
                    .collect();
                rows.retain(|id, _| gone.binary_search(id).is_err());
                if !child {
                    gone.iter().for_each(|id| tables.act(*id, None));
                }
                gone.len() as u64
            }
        };
        match tables.is_whole() {
            true => Ok(count),
            false => Err("23503"),
        }
    }
}

/// NOT NULL and CHECK.
fn check(child: bool, row: &Row) -> Result<(), &'static str> {
    match row.b {
        _ if child => Ok(()),
        None => Err("23502"),
        Some(b) if b < 0 => Err("23514"),
        Some(_) => Ok(()),
    }
}
