//! Sequences, and where they stand.

use super::decode::{decode_type, required, tree_id};
use super::encode::encode_type;
use super::field::{Writer, damaged, fields};
use super::relation_name::RelationName;
use super::types::Types;
use crate::error::{Error, ErrorKind, Result};
use crate::storage::TreeId;
use crate::types::SqlType;

/// A sequence: how it counts. Where it stands is not part of the catalog but the one entry of its tree, because taking a
/// value is no change of the schema.
#[derive(Clone, Debug, PartialEq)]
pub struct Sequence {
    /// Its name.
    pub name: RelationName,
    /// Drawn at random when it is made, so that no other has it, whatever it is called.
    pub number: u64,
    /// The tree with its [`SequenceState`] under the empty key; another one whenever it is begun anew.
    pub tree: TreeId,
    /// SMALLINT, INTEGER or BIGINT.
    pub sql_type: SqlType,
    /// The value that it begins with.
    pub start: i64,
    /// How many values a session takes at once, at least 1.
    pub cache: i64,
    /// How it counts.
    pub counting: Counting,
    /// `COMMENT ON SEQUENCE`
    pub comment: Option<String>,
}

/// How a sequence goes from one value to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counting {
    /// What is added for the next value; not 0.
    pub increment: i64,
    /// The least value.
    pub least: i64,
    /// The greatest value.
    pub greatest: i64,
    /// Whether it begins again at the other end.
    pub cycles: bool,
}

impl Counting {
    /// The value after that at which a sequence stands; `None` at the end of one that does not cycle.
    pub fn next(&self, state: SequenceState) -> Option<i64> {
        if !state.called {
            return Some(state.value);
        }
        let next = state.value.checked_add(self.increment);
        let next = next.filter(|next| (self.least..=self.greatest).contains(next));
        next.or_else(|| {
            let first = match self.increment > 0 {
                true => self.least,
                false => self.greatest,
            };
            self.cycles.then_some(first)
        })
    }

    /// Errors: `22023` when `value`, which the option `name` gives, is beyond the ends.
    pub fn refuse_beyond(&self, name: &str, value: i64) -> Result<()> {
        let (word, end, limit) = match value {
            value if value < self.least => ("less", "MINVALUE", self.least),
            value if value > self.greatest => ("greater", "MAXVALUE", self.greatest),
            _ => return Ok(()),
        };
        let message = format!("{name} value ({value}) cannot be {word} than {end} ({limit})");
        Err(Error::new(ErrorKind::Sql, "22023", message))
    }
}

/// Where a sequence stands: the last value that was taken, or logged to be taken.
///
/// ```text
///   value i64 LE | called u8
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SequenceState {
    /// The value.
    pub value: i64,
    /// Whether the value is taken; else it is the next.
    pub called: bool,
}

impl SequenceState {
    /// As it is stored.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = self.value.to_le_bytes().to_vec();
        bytes.push(u8::from(self.called));
        bytes
    }

    /// From what was stored. `XX001` when it is something else.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        match bytes.split_last_chunk::<1>() {
            Some((value, [called @ (0 | 1)])) if value.len() == 8 => Ok(Self {
                value: i64::from_le_bytes(value.try_into().unwrap_or_default()),
                called: *called == 1,
            }),
            _ => Err(damaged(format_args!("a sequence stands nowhere"))),
        }
    }
}

mod tag {
    pub(super) const COMMENT: u8 = 3;
    pub(super) const NAME: u8 = 2;
    pub(super) const TREE: u8 = 4;
    pub(super) const NUMBER: u8 = 6;
    pub(super) const TYPE: u8 = 8;
    pub(super) const START: u8 = 10;
    pub(super) const INCREMENT: u8 = 12;
    pub(super) const LEAST: u8 = 14;
    pub(super) const GREATEST: u8 = 16;
    pub(super) const CACHE: u8 = 18;
    pub(super) const CYCLES: u8 = 20;
}

/// The value of the sequence's entry.
pub(super) fn encode_sequence(sequence: &Sequence) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.text(tag::NAME, sequence.name.stored());
    writer.number(tag::TREE, u64::from(sequence.tree.0));
    writer.number(tag::NUMBER, sequence.number);
    writer.record(tag::TYPE, |w| encode_type(w, sequence.sql_type));
    let integers = [
        (tag::START, sequence.start),
        (tag::INCREMENT, sequence.counting.increment),
        (tag::LEAST, sequence.counting.least),
        (tag::GREATEST, sequence.counting.greatest),
        (tag::CACHE, sequence.cache),
    ];
    for (tag, value) in integers {
        writer.bytes(tag, &value.to_le_bytes());
    }
    writer.flag(tag::CYCLES, sequence.counting.cycles);
    writer.optional_text(tag::COMMENT, sequence.comment.as_ref());
    writer.finish()
}

/// The sequence of an entry. `XX001` when it is none, or one that a newer version wrote.
pub(super) fn decode_sequence(bytes: &[u8]) -> Result<Sequence> {
    let (mut name, mut tree, mut number, mut sql_type) = (None, None, None, None);
    let (mut cycles, mut comment) = (false, None);
    let mut integers = [None; 5];
    for field in fields(bytes) {
        let field = field?;
        match field.tag {
            tag::NAME => name = Some(field.relation()?),
            tag::TREE => tree = Some(tree_id(field)?),
            tag::NUMBER => number = Some(field.number()?),
            tag::TYPE => sql_type = Some(decode_type(field.bytes(), &Types::default())?),
            tag::START | tag::INCREMENT | tag::LEAST | tag::GREATEST | tag::CACHE => {
                let at = usize::from((field.tag - tag::START) / 2);
                integers[at] = field.bytes().try_into().ok().map(i64::from_le_bytes);
            }
            tag::CYCLES => cycles = true,
            tag::COMMENT => comment = Some(field.text()?),
            _ => field.unknown()?,
        }
    }
    let integer = |at: usize| required(integers[at], "a number of a sequence");
    Ok(Sequence {
        name: required(name, "a sequence's name")?,
        tree: required(tree, "a sequence's tree")?,
        number: required(number, "a sequence's number")?,
        sql_type: required(sql_type, "a sequence's type")?,
        start: integer(0)?,
        cache: integer(4)?,
        counting: Counting {
            increment: integer(1)?,
            least: integer(2)?,
            greatest: integer(3)?,
            cycles,
        },
        comment,
    })
}
