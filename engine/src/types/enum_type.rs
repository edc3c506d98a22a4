//! ENUM types.
//!
//! A value is the *number* of a label. Numbers are in the order of the labels and leave room between each other, so that a
//! label that comes between two others changes no row: comparing, hashing and storing a value is that of a BIGINT.
//!
//! ```text
//!   CREATE TYPE mood AS ENUM ('sad', 'happy')          sad  1·2³²   happy 2·2³²
//!   ALTER TYPE mood ADD VALUE 'ok' BEFORE 'happy'      sad  1·2³²   ok 1.5·2³²   happy 2·2³²
//! ```
//!
//! A [`SqlType`] is copied freely, so what an ENUM type is must outlive them all: definitions are kept for the rest of the
//! process, each content once, and no more than [`DEFINITIONS_MAX`].

use super::SqlType;
use super::fault::data_error;
use crate::error::{Error, ErrorKind, Result};
use crate::sync::Mutex;
use std::collections::BTreeSet;
use std::fmt;
use std::hash::{Hash, Hasher};

/// The distance of the numbers of two labels that were given one after the other.
const GAP: i64 = 1 << 32;
/// Labels that a type may have.
const LABELS_MAX: usize = 100_000;
/// Bytes of the longest label, as in PostgreSQL.
pub(crate) const LABEL_BYTES_MAX: usize = 63;
/// Definitions that a process keeps.
const DEFINITIONS_MAX: usize = 100_000;

static DEFINITIONS: Mutex<BTreeSet<&'static Definition>> = Mutex::new(BTreeSet::new());

/// What an ENUM type is at one time.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Definition {
    id: u32,
    name: String,
    /// The name of the type of its arrays.
    array_name: String,
    /// Numbers and labels, ascending.
    labels: Vec<(i64, String)>,
}

/// An ENUM type as it was at one time: with another label or another name it is another one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct EnumType(&'static Definition);

impl EnumType {
    /// The type of that number in its database, with numbered labels. Errors: `54000` for too many labels, and for too
    /// many definitions; `XX001` for labels that are not in the order of their numbers.
    pub(crate) fn numbered(id: u32, name: &str, labels: Vec<(i64, String)>) -> Result<Self> {
        if labels.len() > LABELS_MAX {
            return Err(too_many("labels of an ENUM type"));
        }
        if !labels.is_sorted_by(|(a, _), (b, _)| a < b) {
            return Err(Error::corrupt("damaged ENUM type: labels out of order"));
        }
        let definition = Definition {
            id,
            name: name.to_owned(),
            array_name: format!("{name}[]"),
            labels,
        };
        let mut known = DEFINITIONS.lock();
        if let Some(definition) = known.get(&definition) {
            return Ok(Self(definition));
        }
        if known.len() >= DEFINITIONS_MAX {
            return Err(too_many("definitions of ENUM types in one process"));
        }
        let definition: &'static Definition = Box::leak(Box::new(definition));
        known.insert(definition);
        Ok(Self(definition))
    }

    /// The type of that number in its database, with these labels in their order. Errors: `54000` for too many labels, and
    /// for too many definitions in one process.
    pub fn new(id: u32, name: &str, labels: Vec<String>) -> Result<Self> {
        Self::numbered(id, name, (1..).map(|n| n * GAP).zip(labels).collect())
    }

    /// The type under another name. Errors: as for [`Self::numbered`].
    pub(crate) fn renamed(self, name: &str) -> Result<Self> {
        Self::numbered(self.0.id, name, self.0.labels.clone())
    }

    /// The type with another label, the one at `position` from then on. Errors: as for [`Self::numbered`], `54000` when
    /// there is no number left between its neighbours.
    pub(crate) fn with_label(self, label: &str, position: usize) -> Result<Self> {
        let mut labels = self.0.labels.clone();
        let before = position.checked_sub(1).and_then(|at| labels.get(at));
        let number = match (before, labels.get(position)) {
            (None, None) => Some(GAP),
            (Some((before, _)), None) => before.checked_add(GAP),
            (None, Some((after, _))) => after.checked_sub(GAP),
            (Some((before, _)), Some((after, _))) => {
                let between = before + (after - before) / 2;
                (between != *before).then_some(between)
            }
        };
        let Some(number) = number else {
            return Err(too_many("labels between two others of an ENUM type"));
        };
        labels.insert(position, (number, label.to_owned()));
        Self::numbered(self.0.id, &self.0.name, labels)
    }

    /// The type with the label at `position` called otherwise. Errors: as for [`Self::numbered`].
    pub(crate) fn with_label_renamed(self, position: usize, label: &str) -> Result<Self> {
        let mut labels = self.0.labels.clone();
        if let Some((_, old)) = labels.get_mut(position) {
            label.clone_into(old);
        }
        Self::numbered(self.0.id, &self.0.name, labels)
    }

    /// Its number in its database.
    pub(crate) fn id(self) -> u32 {
        self.0.id
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        &self.0.name
    }

    /// The name of the type of its arrays.
    pub(super) fn array_name(self) -> &'static str {
        &self.0.array_name
    }

    /// Its labels in their order.
    pub fn labels(self) -> impl ExactSizeIterator<Item = &'static str> {
        self.0.labels.iter().map(|(_, label)| label.as_str())
    }

    /// The numbers of its labels, ascending, with the labels.
    pub(crate) fn numbers(self) -> &'static [(i64, String)] {
        &self.0.labels
    }

    /// The position of a label.
    pub(crate) fn position(self, label: &str) -> Option<usize> {
        self.labels().position(|known| known == label)
    }

    /// The number of the value that `label` names. Errors: `22P02`.
    pub(crate) fn number(self, label: &str) -> Result<i64> {
        match self.position(label) {
            Some(at) => Ok(self.0.labels[at].0),
            None => Err(data_error(
                "22P02",
                format!("invalid input value for enum {}: \"{label}\"", self.name()),
            )),
        }
    }

    /// The label of a number; `None` for one that no value of the type has.
    pub fn label(self, number: i64) -> Option<&'static str> {
        let labels = &self.0.labels;
        let at = labels.binary_search_by_key(&number, |(number, _)| *number);
        at.ok().map(|at| labels[at].1.as_str())
    }

    /// Sees that stored numbers are values of the type. Errors: [`ErrorKind::Corrupt`].
    pub(crate) fn check(self, numbers: impl IntoIterator<Item = i64>) -> Result<()> {
        let mut last = None;
        for number in numbers {
            if last != Some(number) && self.label(number).is_none() {
                let name = self.name();
                return Err(Error::corrupt(format!(
                    "damaged row: {number} is no value of {name}"
                )));
            }
            last = Some(number);
        }
        Ok(())
    }
}

impl Hash for EnumType {
    /// By its number, not by where it lies: that differs from run to run.
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.id.hash(state);
    }
}

impl fmt::Debug for EnumType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let labels: Vec<&str> = self.labels().collect();
        write!(f, "{}#{}{labels:?}", self.name(), self.0.id)
    }
}

impl From<EnumType> for SqlType {
    fn from(of: EnumType) -> Self {
        Self::Enum(of)
    }
}

fn too_many(what: &str) -> Error {
    Error::new(ErrorKind::Limit, "54000", format!("too many {what}"))
}
