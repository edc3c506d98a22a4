//! JSON: reading, PostgreSQL's two ways of keeping it, and its order.
//!
//! A JSON is kept as the text that was given. A JSONB is kept as text too, but as one in which everything that says the
//! same is written the same: keys are unique and sorted by length and then by bytes, blanks are those of PostgreSQL's
//! output, strings have no needless escapes, numbers no exponent. A part of such a text is such a text.

use super::Decimal;
use super::fault::data_error;
use super::numeric;
use crate::{Error, ErrorKind, Result};
use std::ops::Range;

/// Nesting that a value may have.
const DEPTH_MAX: usize = 500;

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    Number(Decimal),
    Text(String),
    Array(Vec<Item>),
    Object(Vec<(String, Item)>),
}

/// A value inside of another, and where it stands in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) json: Json,
    pub(crate) place: Range<usize>,
}

/// `22P02`
fn invalid() -> Error {
    data_error("22P02", "invalid input syntax for type json")
}

impl Json {
    /// The value that `text` is. Errors: `22P02`, `22P05`, `22003` for a number beyond NUMERIC, `54001`.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        Ok(Self::parse_item(text)?.json)
    }

    /// The same with its place.
    pub(crate) fn parse_item(text: &str) -> Result<Item> {
        let mut reader = Reader { text, at: 0 };
        let item = reader.value(0)?;
        reader.blanks();
        if reader.at < text.len() {
            return Err(invalid());
        }
        Ok(item)
    }

    /// `jsonb_typeof`
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Number(_) => "number",
            Self::Text(_) => "string",
            Self::Array(_) => "array",
            Self::Object(_) => "object",
        }
    }

    /// The element at `index`, from the end when it is negative.
    pub(crate) fn element(&self, index: i64) -> Option<&Item> {
        let Self::Array(items) = self else {
            return None;
        };
        let index = if index < 0 {
            index.checked_add(items.len() as i64)?
        } else {
            index
        };
        items.get(usize::try_from(index).ok()?)
    }

    /// The value of a key; of several of a JSON the last.
    pub(crate) fn field(&self, key: &str) -> Option<&Item> {
        match self {
            Self::Object(fields) => fields.iter().rev().find(|(k, _)| k == key).map(|f| &f.1),
            _ => None,
        }
    }

    /// What a step of a path leads to: a key of an object, or a number as the index of an array.
    pub(crate) fn step(&self, step: &str) -> Option<&Item> {
        match self {
            Self::Array(_) => self.element(step.parse().ok()?),
            _ => self.field(step),
        }
    }

    /// `self @> other`
    pub(crate) fn contains(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Object(own), Self::Object(fields)) => fields.iter().all(|(key, value)| {
                let found = own.iter().find(|(k, _)| k == key);
                found.is_some_and(|(_, own)| own.json.contains(&value.json))
            }),
            (Self::Array(own), Self::Array(items)) => items
                .iter()
                .all(|item| own.iter().any(|own| own.json.contains(&item.json))),
            (Self::Object(_) | Self::Array(_), _) | (_, Self::Object(_) | Self::Array(_)) => false,
            (own, other) => own == other,
        }
    }

    /// As JSONB: keys sorted, of equal ones the last.
    pub(crate) fn sorted(self) -> Self {
        match self {
            Self::Array(items) => Self::Array(items.into_iter().map(Item::sorted).collect()),
            Self::Object(fields) => {
                let mut unique: Vec<(String, Item)> = Vec::with_capacity(fields.len());
                let mut fields: Vec<(String, Item)> =
                    fields.into_iter().map(|(k, v)| (k, v.sorted())).collect();
                // Stable, so that of equal keys the last stays the last.
                fields.sort_by(|a, b| (a.0.len(), &a.0).cmp(&(b.0.len(), &b.0)));
                for field in fields {
                    match unique.last_mut() {
                        Some(last) if last.0 == field.0 => *last = field,
                        _ => unique.push(field),
                    }
                }
                Self::Object(unique)
            }
            other => other,
        }
    }

    /// The text of a JSONB, whose keys are sorted.
    pub(crate) fn write(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Number(value) => out.push_str(&value.to_string()),
            Self::Text(text) => write_string(text, out),
            Self::Array(items) => {
                out.push('[');
                for (at, item) in items.iter().enumerate() {
                    out.push_str(if at > 0 { ", " } else { "" });
                    item.json.write(out);
                }
                out.push(']');
            }
            Self::Object(fields) => {
                out.push('{');
                for (at, (key, item)) in fields.iter().enumerate() {
                    out.push_str(if at > 0 { ", " } else { "" });
                    write_string(key, out);
                    out.push_str(": ");
                    item.json.write(out);
                }
                out.push('}');
            }
        }
    }

    /// `jsonb_pretty`
    pub(crate) fn write_pretty(&self, indent: usize, out: &mut String) {
        let pad = |out: &mut String, indent: usize| {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', indent * 4));
        };
        match self {
            Self::Array(items) => {
                out.push('[');
                for (at, item) in items.iter().enumerate() {
                    out.push_str(if at > 0 { "," } else { "" });
                    pad(out, indent + 1);
                    item.json.write_pretty(indent + 1, out);
                }
                pad(out, indent);
                out.push(']');
            }
            Self::Object(fields) => {
                out.push('{');
                for (at, (key, item)) in fields.iter().enumerate() {
                    out.push_str(if at > 0 { "," } else { "" });
                    pad(out, indent + 1);
                    write_string(key, out);
                    out.push_str(": ");
                    item.json.write_pretty(indent + 1, out);
                }
                pad(out, indent);
                out.push('}');
            }
            other => other.write(out),
        }
    }

    /// Bytes whose order is PostgreSQL's of JSONB: objects after arrays, booleans, numbers, strings and null; arrays and
    /// objects first by their length. An empty array comes before everything.
    pub(crate) fn comparable_bytes(&self, out: &mut Vec<u8>) {
        match self {
            Self::Array(items) if items.is_empty() => out.push(0),
            Self::Null => out.push(1),
            Self::Text(text) => {
                out.push(2);
                append_text(text, out);
            }
            Self::Number(value) => {
                out.push(3);
                numeric::encode_comparable(value, out);
            }
            Self::Bool(value) => out.extend_from_slice(&[4, u8::from(*value)]),
            Self::Array(items) => {
                out.push(5);
                out.extend_from_slice(&(items.len() as u32).to_be_bytes());
                items
                    .iter()
                    .for_each(|item| item.json.comparable_bytes(out));
            }
            Self::Object(fields) => {
                out.push(6);
                out.extend_from_slice(&(fields.len() as u32).to_be_bytes());
                for (key, item) in fields {
                    append_text(key, out);
                    item.json.comparable_bytes(out);
                }
            }
        }
    }
}

impl Item {
    fn sorted(self) -> Self {
        Self {
            json: self.json.sorted(),
            place: 0..0,
        }
    }
}

/// No text is a prefix of another in this form.
fn append_text(text: &str, out: &mut Vec<u8>) {
    // A JSONB has no NUL.
    out.extend_from_slice(text.as_bytes());
    out.push(0);
}

/// A JSON that is one: the text itself. Errors: as [`Json::parse`].
pub(super) fn checked_json(text: &str) -> Result<String> {
    Json::parse(text).or_else(|error| match error.sqlstate() {
        // Only JSONB must be able to hold what escapes mean.
        "22P05" => Ok(Json::Null),
        _ => Err(error),
    })?;
    Ok(text.to_owned())
}

/// The text of a JSONB. Errors: as [`Json::parse`].
pub(crate) fn jsonb_text(text: &str) -> Result<String> {
    let mut out = String::with_capacity(text.len());
    Json::parse(text)?.sorted().write(&mut out);
    Ok(out)
}

/// Bytes whose order is that of JSONB, of the text of one.
pub(crate) fn jsonb_key(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    match Json::parse(text) {
        Ok(json) => json.comparable_bytes(&mut bytes),
        // A text that is none can only be a parameter that nobody has read yet.
        Err(_) => bytes.extend_from_slice(text.as_bytes()),
    }
    bytes
}

/// `"…"` with the escapes that it needs.
pub(crate) fn write_string(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c < ' ' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn blanks(&mut self) {
        let rest = &self.text[self.at..];
        let kept = rest.trim_start_matches([' ', '\t', '\n', '\r']);
        self.at += rest.len() - kept.len();
    }

    fn takes(&mut self, token: &str) -> bool {
        self.blanks();
        let found = self.text[self.at..].starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    fn value(&mut self, depth: usize) -> Result<Item> {
        if depth > DEPTH_MAX {
            let message = "stack depth limit exceeded";
            return Err(Error::new(ErrorKind::Limit, "54001", message));
        }
        self.blanks();
        let start = self.at;
        let json = match self.text.as_bytes().get(self.at) {
            Some(b'{') => self.object(depth)?,
            Some(b'[') => self.array(depth)?,
            Some(b'"') => Json::Text(self.string()?),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            _ => self.word()?,
        };
        Ok(Item {
            json,
            place: start..self.at,
        })
    }

    fn word(&mut self) -> Result<Json> {
        let rest = &self.text[self.at..];
        let end = rest
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c.is_ascii())
            .unwrap_or(rest.len());
        self.at += end;
        match &rest[..end] {
            "null" => Ok(Json::Null),
            "true" => Ok(Json::Bool(true)),
            "false" => Ok(Json::Bool(false)),
            _ => Err(invalid()),
        }
    }

    fn number(&mut self) -> Result<Json> {
        let rest = &self.text[self.at..];
        let end = rest
            .find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '+' | '-' | '.'))
            .unwrap_or(rest.len());
        let number = &rest[..end];
        let digits = number.strip_prefix('-').unwrap_or(number);
        let (mantissa, exponent) = match digits.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (
                mantissa,
                exponent.strip_prefix(['+', '-']).unwrap_or(exponent),
            ),
            None => (digits, "0"),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
        let all = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !all(whole)
            || !all(fraction)
            || !all(exponent)
            || whole.len() > 1 && whole.starts_with('0')
        {
            return Err(invalid());
        }
        self.at += end;
        Decimal::parse(number).map(Json::Number)
    }

    fn array(&mut self, depth: usize) -> Result<Json> {
        self.at += 1;
        let mut items = Vec::new();
        if self.takes("]") {
            return Ok(Json::Array(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            if self.takes("]") {
                return Ok(Json::Array(items));
            }
            if !self.takes(",") {
                return Err(invalid());
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json> {
        self.at += 1;
        let mut fields = Vec::new();
        if self.takes("}") {
            return Ok(Json::Object(fields));
        }
        loop {
            self.blanks();
            if !self.text[self.at..].starts_with('"') {
                return Err(invalid());
            }
            let key = self.string()?;
            if !self.takes(":") {
                return Err(invalid());
            }
            fields.push((key, self.value(depth + 1)?));
            if self.takes("}") {
                return Ok(Json::Object(fields));
            }
            if !self.takes(",") {
                return Err(invalid());
            }
        }
    }

    fn string(&mut self) -> Result<String> {
        self.at += 1;
        let mut text = String::new();
        loop {
            let rest = &self.text[self.at..];
            let special = |c: char| c == '"' || c == '\\' || c < ' ';
            let end = rest.find(special).ok_or_else(invalid)?;
            text.push_str(&rest[..end]);
            self.at += end + 1;
            match rest.as_bytes()[end] {
                b'"' => return Ok(text),
                b'\\' => text.push(self.escape()?),
                _ => return Err(invalid()),
            }
        }
    }

    fn escape(&mut self) -> Result<char> {
        let letter = *self.text.as_bytes().get(self.at).ok_or_else(invalid)?;
        self.at += 1;
        Ok(match letter {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = self.unit()?;
                let code = match first {
                    0xD800..0xDC00 => {
                        let pair = self.text[self.at..].starts_with("\\u");
                        self.at += if pair { 2 } else { 0 };
                        let second = if pair { self.unit()? } else { 0 };
                        match second {
                            0xDC00..0xE000 => 0x10000 + ((first - 0xD800) << 10) + second - 0xDC00,
                            _ => return Err(invalid()),
                        }
                    }
                    0 => {
                        let message = "unsupported Unicode escape sequence";
                        return Err(data_error("22P05", message));
                    }
                    other => other,
                };
                char::from_u32(code).ok_or_else(invalid)?
            }
            _ => return Err(invalid()),
        })
    }

    /// Four hexadecimal digits.
    fn unit(&mut self) -> Result<u32> {
        let digits = self.text.get(self.at..self.at + 4).ok_or_else(invalid)?;
        if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(invalid());
        }
        self.at += 4;
        u32::from_str_radix(digits, 16).map_err(|_| invalid())
    }
}
