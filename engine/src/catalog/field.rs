//! Fields: the format of the entries of the catalog.
//!
//! ```text
//!   field    tag, one byte | length, varint | so many bytes: a number (varint), a float (8 bytes), a text, or fields
//! ```
//!
//! A reader skips an odd tag that it does not know, and refuses an even one: whoever adds a field that older versions
//! must not overlook gives it an even tag.

use super::relation_name::RelationName;
use crate::error::{Error, Result};
use crate::types::{push_varint, take_varint};

/// Writes fields.
#[derive(Default)]
pub(super) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    pub(super) fn finish(self) -> Vec<u8> {
        self.bytes
    }

    pub(super) fn bytes(&mut self, tag: u8, bytes: &[u8]) {
        self.bytes.push(tag);
        push_varint(&mut self.bytes, bytes.len() as u64);
        self.bytes.extend_from_slice(bytes);
    }

    pub(super) fn text(&mut self, tag: u8, text: &str) {
        self.bytes(tag, text.as_bytes());
    }

    /// A text where there is one.
    pub(super) fn optional_text(&mut self, tag: u8, text: Option<&String>) {
        if let Some(text) = text {
            self.text(tag, text);
        }
    }

    pub(super) fn number(&mut self, tag: u8, number: u64) {
        let mut bytes = Vec::new();
        push_varint(&mut bytes, number);
        self.bytes(tag, &bytes);
    }

    pub(super) fn float(&mut self, tag: u8, float: f64) {
        self.bytes(tag, &float.to_le_bytes());
    }

    /// A field without content, when `present`.
    pub(super) fn flag(&mut self, tag: u8, present: bool) {
        if present {
            self.bytes(tag, &[]);
        }
    }

    /// A field that consists of fields.
    pub(super) fn record(&mut self, tag: u8, write: impl FnOnce(&mut Writer)) {
        let mut inner = Writer::default();
        write(&mut inner);
        self.bytes(tag, &inner.bytes);
    }
}

/// A field that was read.
#[derive(Clone, Copy)]
pub(super) struct Field<'a> {
    pub(super) tag: u8,
    bytes: &'a [u8],
}

impl<'a> Field<'a> {
    pub(super) fn bytes(self) -> &'a [u8] {
        self.bytes
    }

    pub(super) fn text(self) -> Result<String> {
        match std::str::from_utf8(self.bytes) {
            Ok(text) => Ok(text.to_string()),
            Err(_) => Err(damaged(format_args!("field {} is not UTF-8", self.tag))),
        }
    }

    /// The name of a relation.
    pub(super) fn relation(self) -> Result<RelationName> {
        self.text().map(RelationName::from_stored)
    }

    pub(super) fn number(self) -> Result<u64> {
        let mut rest = self.bytes;
        match take_varint(&mut rest) {
            Some(number) if rest.is_empty() => Ok(number),
            _ => Err(damaged(format_args!("field {} is not a number", self.tag))),
        }
    }

    pub(super) fn position(self) -> Result<usize> {
        usize::try_from(self.number()?)
            .map_err(|_| damaged(format_args!("field {} is too large", self.tag)))
    }

    pub(super) fn float(self) -> Result<f64> {
        match self.bytes.try_into() {
            Ok(bytes) => Ok(f64::from_le_bytes(bytes)),
            Err(_) => Err(damaged(format_args!("field {} is not a float", self.tag))),
        }
    }

    /// What is to be done with a field that the reader does not know.
    pub(super) fn unknown(self) -> Result<()> {
        if self.tag % 2 == 1 {
            return Ok(());
        }
        let tag = self.tag;
        Err(damaged(format_args!(
            "field {tag} is unknown: a newer version may have written it"
        )))
    }
}

/// Reads the fields of `bytes` one after the other.
pub(super) fn fields(mut bytes: &[u8]) -> impl Iterator<Item = Result<Field<'_>>> {
    std::iter::from_fn(move || {
        let (tag, rest) = bytes.split_first()?;
        bytes = rest;
        let content = take_varint(&mut bytes)
            .and_then(|len| usize::try_from(len).ok())
            .and_then(|len| bytes.split_at_checked(len));
        Some(match content {
            Some((content, rest)) => {
                bytes = rest;
                Ok(Field {
                    tag: *tag,
                    bytes: content,
                })
            }
            None => {
                bytes = &[];
                Err(damaged(format_args!("field {tag} is cut off")))
            }
        })
    })
}

/// `XX001`
pub(super) fn damaged(what: std::fmt::Arguments<'_>) -> Error {
    Error::corrupt(format!("damaged catalog: {what}"))
}
