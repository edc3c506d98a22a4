//! Arrays of one dimension, counted from 1: their text, their bytes, and their order.
//!
//! ```text
//!   text    {1,NULL,"a b"}      as PostgreSQL's array_in reads and array_out writes it
//!   bytes   for each element: its length + 1 as a LEB128 number and its bytes, or a 0 for NULL
//!   key     for each element: 1 and its key in the order of SQL; then 0: so a prefix comes before what goes on
//! ```

use super::fault::data_error;
use super::value_bytes::{append_value, read_value};
use super::varint::{push_varint, take_varint};
use super::{ElementType, SqlType, Value, Zone};
use crate::{Error, Result};
use std::cmp::Ordering;

/// An array.
#[derive(Clone, Debug, PartialEq)]
pub struct SqlArray {
    element: ElementType,
    values: Vec<Value>,
}

impl SqlArray {
    /// The lower bound of a slice for which none is given.
    pub(crate) const NO_LOWER: i32 = i32::MIN;
    /// The upper bound of a slice for which none is given.
    pub(crate) const NO_UPPER: i32 = i32::MAX;

    /// An array of `values`, which are of type `element` or NULL.
    pub fn new(element: ElementType, values: Vec<Value>) -> Self {
        Self { element, values }
    }

    /// Type of the elements.
    pub fn element(&self) -> ElementType {
        self.element
    }

    /// The elements in order; the first is the one that SQL numbers 1.
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// The elements.
    pub fn into_values(self) -> Vec<Value> {
        self.values
    }

    /// Elements first; then the shorter array. NULL is behind all values.
    pub(super) fn total_cmp(&self, other: &Self) -> Ordering {
        let pairs = self.values.iter().zip(&other.values);
        pairs
            .map(|(a, b)| a.total_cmp(b))
            .find(|order| order.is_ne())
            .unwrap_or_else(|| self.values.len().cmp(&other.values.len()))
    }

    /// The array that `text` means. Errors: `22P02` for what is none, `0A000` for one of several dimensions or that does
    /// not begin at 1, and what [`Value::from_text`] gives for an element.
    pub(super) fn from_text_in(text: &str, element: ElementType, zone: Zone) -> Result<Self> {
        let values = Reader::new(text)?
            .map(|item| match item? {
                None => Ok(Value::Null),
                Some(item) => Value::from_text_in(&item, element.sql_type(), zone),
            })
            .collect::<Result<Vec<_>>>()?;
        Ok(Self { element, values })
    }

    /// `{…}`, elements in quotes where they need them.
    pub(super) fn to_text_in(&self, zone: Zone) -> String {
        let mut text = String::from("{");
        for (at, value) in self.values.iter().enumerate() {
            if at > 0 {
                text.push(',');
            }
            match value.to_text_in(zone) {
                None => text.push_str("NULL"),
                Some(item) if needs_quotes(&item) => {
                    text.push('"');
                    for c in item.chars() {
                        if matches!(c, '"' | '\\') {
                            text.push('\\');
                        }
                        text.push(c);
                    }
                    text.push('"');
                }
                Some(item) => text.push_str(&item),
            }
        }
        text.push('}');
        text
    }

    /// What a column and a row hold of the array.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for value in &self.values {
            push_element(value, &mut out);
        }
        out
    }

    /// The array that [`Self::to_bytes`] wrote. Errors: [`crate::ErrorKind::Corrupt`].
    pub(crate) fn from_bytes(bytes: &[u8], element: ElementType) -> Result<Self> {
        let sql_type = element.sql_type();
        let mut rest = bytes;
        let mut values = Vec::new();
        while !rest.is_empty() {
            let length = take_varint(&mut rest).and_then(|n| usize::try_from(n).ok());
            let length = length.ok_or_else(|| damaged("it ends inside a length"))?;
            let Some(length) = length.checked_sub(1) else {
                values.push(Value::Null);
                continue;
            };
            let (item, after) = rest
                .split_at_checked(length)
                .ok_or_else(|| damaged("it ends inside an element"))?;
            values.push(read_value(item, sql_type)?);
            rest = after;
        }
        Ok(Self { element, values })
    }
}

/// Appends an element to the bytes of an array.
pub(crate) fn push_element(value: &Value, out: &mut Vec<u8>) {
    if value.is_null() {
        out.push(0);
        return;
    }
    let mut item = Vec::new();
    append_value(value, &mut item);
    push_varint(out, item.len() as u64 + 1);
    out.extend_from_slice(&item);
}

fn damaged(what: &str) -> Error {
    Error::corrupt(format!("damaged array: {what}"))
}

fn needs_quotes(item: &str) -> bool {
    item.is_empty()
        || item.eq_ignore_ascii_case("null")
        || item.contains(['{', '}', '"', ',', '\\'])
        || item.contains(is_space)
}

fn is_space(c: char) -> bool {
    c.is_ascii_whitespace() || c == '\x0b'
}

/// The items of an array's text, `None` for NULL.
struct Reader<'a> {
    whole: &'a str,
    rest: &'a str,
    is_first: bool,
    is_over: bool,
}

impl<'a> Reader<'a> {
    fn new(whole: &'a str) -> Result<Self> {
        let trimmed = whole.trim_matches(is_space);
        if trimmed.starts_with('[') {
            return Err(Error::unsupported("an array with bounds in its text"));
        }
        let Some(rest) = trimmed.strip_prefix('{') else {
            return Err(malformed(whole));
        };
        Ok(Self {
            whole,
            rest,
            is_first: true,
            is_over: false,
        })
    }

    fn step(&mut self) -> Result<Option<Option<String>>> {
        self.rest = self.rest.trim_start_matches(is_space);
        if self.is_first && self.rest.starts_with('}') {
            return self.end();
        }
        self.is_first = false;
        let item = self.item()?;
        self.rest = self.rest.trim_start_matches(is_space);
        match self.rest.strip_prefix(',') {
            Some(rest) => self.rest = rest,
            // The end is looked at when the next item is asked for.
            None if self.rest.starts_with('}') => self.is_first = true,
            None => return Err(malformed(self.whole)),
        }
        Ok(Some(item))
    }

    fn end(&mut self) -> Result<Option<Option<String>>> {
        self.is_over = true;
        match self.rest == "}" {
            true => Ok(None),
            false => Err(malformed(self.whole)),
        }
    }

    /// One element: in quotes, or up to a comma or brace without the blanks at its ends.
    fn item(&mut self) -> Result<Option<String>> {
        let malformed = malformed(self.whole);
        if let Some(quoted) = self.rest.strip_prefix('"') {
            let mut item = String::new();
            let mut characters = quoted.char_indices();
            while let Some((at, c)) = characters.next() {
                match c {
                    '"' => {
                        self.rest = &quoted[at + 1..];
                        return Ok(Some(item));
                    }
                    '\\' => item.extend(characters.next().map(|(_, escaped)| escaped)),
                    c => item.push(c),
                }
            }
            return Err(malformed);
        }
        if self.rest.starts_with('{') {
            return Err(Error::unsupported("an array of several dimensions"));
        }
        let mut item = String::new();
        // Up to where blanks at the end may be cut, and whether a character was escaped.
        let (mut kept, mut is_escaped) = (0, false);
        let mut characters = self.rest.char_indices();
        let end = loop {
            match characters.next() {
                Some((at, ',' | '}')) => break at,
                None | Some((_, '{' | '"')) => return Err(malformed),
                Some((_, '\\')) => {
                    let Some((_, escaped)) = characters.next() else {
                        return Err(malformed);
                    };
                    item.push(escaped);
                    kept = item.len();
                    is_escaped = true;
                }
                Some((_, c)) => {
                    item.push(c);
                    if !is_space(c) {
                        kept = item.len();
                    }
                }
            }
        };
        self.rest = &self.rest[end..];
        item.truncate(kept);
        match item.as_str() {
            "" => Err(malformed),
            word if !is_escaped && word.eq_ignore_ascii_case("null") => Ok(None),
            _ => Ok(Some(item)),
        }
    }
}

impl Iterator for Reader<'_> {
    type Item = Result<Option<String>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let step = self.step();
        self.is_over |= step.is_err();
        step.transpose()
    }
}

fn malformed(text: &str) -> Error {
    data_error("22P02", format!("malformed array literal: \"{text}\""))
}

/// The type of arrays of `sql_type`. `None` for what no array has as elements.
pub(crate) fn array_of(sql_type: SqlType) -> Option<SqlType> {
    ElementType::new(sql_type).map(SqlType::Array)
}
