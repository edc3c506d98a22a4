//! The rows of both tables, and how the tables are defined.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;

/// An integer or NULL.
pub(super) type Value = Option<i64>;

/// A row of either table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The primary key.
    pub id: i64,
    /// Any value.
    pub a: Value,
    /// Of `p` never NULL and never negative; of `c` the row of `p` that it belongs to.
    pub b: Value,
}

impl Row {
    /// The value of a column, by its position.
    pub fn get(&self, column: usize) -> Value {
        match column {
            0 => Some(self.id),
            1 => self.a,
            _ => self.b,
        }
    }
}

/// What happens to children of a row whose key goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It must not go.
    Refuse,
    /// They go, or get the new key.
    Cascade,
    /// They belong to nobody.
    SetNull,
}

/// How the tables are defined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Of the foreign key.
    pub on_delete: Action,
    /// Of the foreign key.
    pub on_update: Action,
    /// Whether the foreign key is checked at the commit.
    pub deferred: bool,
    /// The types of the referenced and of the referencing column: they change nothing.
    pub types: (&'static str, &'static str),
    /// What `SET NULL` is written as at a deletion: they mean the same, for there is one column, without a default.
    pub set_null: &'static str,
}

/// Types that can be compared, the referenced column's first.
const TYPES: [(&str, &str); 8] = [
    ("INTEGER", "INTEGER"),
    ("INTEGER", "INTEGER"),
    ("INTEGER", "BIGINT"),
    ("BIGINT", "SMALLINT"),
    ("NUMERIC", "INTEGER"),
    ("NUMERIC", "NUMERIC(9)"),
    ("DOUBLE PRECISION", "NUMERIC"),
    ("DOUBLE PRECISION", "REAL"),
];
const SET_NULLS: [&str; 4] = ["SET NULL", "SET NULL (b)", "SET DEFAULT", "SET DEFAULT (b)"];

/// Indexes that a run may have, beside those of keys.
const INDEXES: [&str; 11] = [
    "CREATE INDEX p_a ON p (a)",
    "CREATE INDEX p_ab ON p (a, b)",
    "CREATE INDEX p_b ON p (b DESC)",
    "CREATE INDEX c_a ON c (a)",
    "CREATE INDEX c_b ON c (b)",
    "CREATE INDEX c_ba ON c (b, a)",
    "CREATE INDEX p_high ON p (a) WHERE a > 2",
    "CREATE INDEX p_sum ON p ((a + b), id DESC)",
    "CREATE INDEX p_some ON p (b) WHERE a IS NOT NULL AND b >= 1",
    "CREATE INDEX c_none ON c (b) WHERE a IS NULL",
    "CREATE INDEX c_double ON c ((a * 2)) WHERE b = 1 OR b > 4",
];

impl Layout {
    /// Any.
    pub fn draw(rng: &mut ChaCha8Rng) -> Self {
        let mut action = || match rng.random_range(0..3) {
            0 => Action::Refuse,
            1 => Action::Cascade,
            _ => Action::SetNull,
        };
        Self {
            on_delete: action(),
            on_update: action(),
            deferred: rng.random_bool(0.4),
            types: TYPES[rng.random_range(0..TYPES.len())],
            set_null: SET_NULLS[rng.random_range(0..SET_NULLS.len())],
        }
    }

    /// The statements that define both tables.
    pub fn definitions(self) -> [String; 2] {
        let action = |action, set_null| match action {
            Action::Refuse => "NO ACTION",
            Action::Cascade => "CASCADE",
            Action::SetNull => set_null,
        };
        let (parent, child) = self.types;
        let deferred = match self.deferred {
            true => " DEFERRABLE INITIALLY DEFERRED",
            false => "",
        };
        [
            format!(
                "CREATE TABLE p (id {parent} PRIMARY KEY, a INTEGER, b INTEGER NOT NULL DEFAULT 7 CHECK (b >= 0))"
            ),
            format!(
                "CREATE TABLE c (id INTEGER PRIMARY KEY, a INTEGER, b {child} REFERENCES p (id) \
                 ON DELETE {} ON UPDATE {}{deferred})",
                action(self.on_delete, self.set_null),
                action(self.on_update, "SET NULL")
            ),
        ]
    }

    /// The statement that makes one more index; it may be there.
    pub fn index(rng: &mut ChaCha8Rng) -> &'static str {
        INDEXES[rng.random_range(0..INDEXES.len())]
    }
}

/// The rows, by their keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tables {
    /// How they are defined.
    pub layout: Layout,
    /// Of `p`.
    pub parents: BTreeMap<i64, Row>,
    /// Of `c`.
    pub children: BTreeMap<i64, Row>,
}

impl Tables {
    /// Empty tables.
    pub fn new(layout: Layout) -> Self {
        Self {
            layout,
            parents: BTreeMap::new(),
            children: BTreeMap::new(),
        }
    }

    /// The rows of `p`, or of `c`.
    pub fn of(&self, child: bool) -> &BTreeMap<i64, Row> {
        match child {
            true => &self.children,
            false => &self.parents,
        }
    }

    pub(super) fn of_mut(&mut self, child: bool) -> &mut BTreeMap<i64, Row> {
        match child {
            true => &mut self.children,
            false => &mut self.parents,
        }
    }

    /// Whether every child has its parent.
    pub(super) fn is_whole(&self) -> bool {
        let mut children = self.children.values();
        children.all(|child| child.b.is_none_or(|id| self.parents.contains_key(&id)))
    }

    /// What the foreign key does to the children of `old`, which is gone or has become `new`.
    pub(super) fn act(&mut self, old: i64, new: Value) {
        let action = match new {
            None => self.layout.on_delete,
            Some(_) => self.layout.on_update,
        };
        let is_child = |child: &Row| child.b == Some(old);
        match (action, new) {
            (Action::Refuse, _) => {}
            (Action::Cascade, None) => self.children.retain(|_, child| !is_child(child)),
            (Action::Cascade, new) => {
                let children = self.children.values_mut().filter(|c| is_child(c));
                children.for_each(|child| child.b = new);
            }
            (Action::SetNull, _) => {
                let children = self.children.values_mut().filter(|c| is_child(c));
                children.for_each(|child| child.b = None);
            }
        }
    }
}
