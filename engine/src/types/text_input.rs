//! Values from text, by the rules of PostgreSQL's input functions.

use super::datetime_input::{parse_date, parse_time, parse_timestamp, parse_timestamp_tz};
use super::fault::{data_error, invalid_text, number_out_of_range};
use super::json::{checked_json, jsonb_text};
use super::{Decimal, SqlArray, SqlType, Value, Zone, parse_interval, rounded, rounded_stamp};
use crate::Result;
use bigdecimal::BigDecimal;

impl Value {
    /// The value that `text` means as a literal of `sql_type` to a session whose time zone is UTC. Errors: as
    /// [`Value::from_text_in`].
    pub fn from_text(text: &str, sql_type: SqlType) -> Result<Self> {
        Self::from_text_in(text, sql_type, Zone::UTC)
    }

    /// The value that `text` means as a literal of `sql_type` to a session with that time zone.
    ///
    /// Errors: `22P02` malformed, `22003` out of range, `22001` too long for VARCHAR(n), `22007` and `22008` for dates,
    /// `22021` for a NUL in text, `22023` for malformed hexadecimal, `0A000` for a NaN or infinite NUMERIC and for dates
    /// that read the clock.
    pub fn from_text_in(text: &str, sql_type: SqlType, zone: Zone) -> Result<Self> {
        Ok(match sql_type {
            SqlType::Unknown | SqlType::Text => Self::Text(valid_text(text)?.to_owned()),
            SqlType::Varchar(length) => {
                Self::Text(fit_varchar(valid_text(text)?, length, false)?.to_owned())
            }
            SqlType::Char(length) => {
                Self::Text(fit_char(valid_text(text)?, length, false)?.to_owned())
            }
            SqlType::Bool => Self::Bool(parse_bool(text)?),
            SqlType::Int2 => Self::Int2(parse_integer(text, sql_type, i16::try_from)?),
            SqlType::Int4 => Self::Int4(parse_integer(text, sql_type, i32::try_from)?),
            SqlType::Int8 => Self::Int8(parse_integer(text, sql_type, Ok::<i64, ()>)?),
            SqlType::Float4 => Self::Float4(parse_float(text, sql_type)?),
            SqlType::Float8 => Self::Float8(parse_float(text, sql_type)?),
            SqlType::Numeric(None) => Self::Numeric(BigDecimal::from(&Decimal::parse(text)?)),
            SqlType::Numeric(Some((precision, scale))) => Self::Numeric(BigDecimal::from(
                &Decimal::parse(text)?.fit(precision, scale)?,
            )),
            SqlType::Bytes => Self::Bytes(parse_bytes(text)?),
            SqlType::Date => Self::Date(parse_date(text)?),
            SqlType::Timestamp(digits) => {
                Self::Timestamp(rounded_stamp(parse_timestamp(text)?, digits)?)
            }
            SqlType::TimestampTz(digits) => {
                Self::TimestampTz(rounded_stamp(parse_timestamp_tz(text, zone)?, digits)?)
            }
            SqlType::Time(digits) => {
                let time = parse_time(text)?;
                Self::Time(digits.map_or(time, |digits| rounded(time, digits)))
            }
            SqlType::Interval(form) => {
                let form = form.unwrap_or_default();
                Self::Interval(form.fit(parse_interval(text, form.fields)?))
            }
            SqlType::Uuid => Self::Uuid(parse_uuid(text)?),
            SqlType::Json => Self::Json(checked_json(valid_text(text)?)?),
            SqlType::Jsonb => Self::Jsonb(jsonb_text(valid_text(text)?)?),
            SqlType::Enum(of) => Self::Enum(of, of.number(text)?),
            SqlType::Array(element) => {
                Self::Array(SqlArray::from_text_in(valid_text(text)?, element, zone)?)
            }
        })
    }
}

/// Text without a NUL, which PostgreSQL's text cannot hold.
fn valid_text(text: &str) -> Result<&str> {
    if text.as_bytes().contains(&0) {
        return Err(data_error(
            "22021",
            "invalid byte sequence for encoding \"UTF8\": 0x00",
        ));
    }
    Ok(text)
}

/// Text as a CHAR(n) is kept: without trailing blanks, cut to its length when `explicit`, else refused (`22001`) when it
/// is longer.
pub(crate) fn fit_char(text: &str, length: Option<u32>, explicit: bool) -> Result<&str> {
    let text = text.trim_end_matches(' ');
    match fit_varchar(text, length, explicit) {
        Ok(fitted) => Ok(fitted.trim_end_matches(' ')),
        Err(_) => Err(data_error(
            "22001",
            format!("value too long for type character({})", length.unwrap_or(0)),
        )),
    }
}

/// Text fitted to a VARCHAR(n): cut when `explicit`, else refused (`22001`) unless only spaces are too many.
pub(crate) fn fit_varchar(text: &str, length: Option<u32>, explicit: bool) -> Result<&str> {
    let Some(length) = length else {
        return Ok(text);
    };
    // A character has at least one byte, so that short text needs no counting.
    if text.len() <= length as usize {
        return Ok(text);
    }
    let Some((cut, _)) = text.char_indices().nth(length as usize) else {
        return Ok(text);
    };
    if explicit || text[cut..].bytes().all(|b| b == b' ') {
        return Ok(&text[..cut]);
    }
    Err(data_error(
        "22001",
        format!("value too long for type character varying({length})"),
    ))
}

/// What C's `isspace` accepts.
fn is_space(c: char) -> bool {
    c.is_ascii_whitespace() || c == '\x0b'
}

fn parse_bool(text: &str) -> Result<bool> {
    let word = text.trim_matches(is_space).to_ascii_lowercase();
    let prefix = |full: &str, shortest: usize| word.len() >= shortest && full.starts_with(&word);
    if prefix("true", 1) || prefix("yes", 1) || word == "on" || word == "1" {
        Ok(true)
    } else if prefix("false", 1) || prefix("no", 1) || prefix("off", 2) || word == "0" {
        Ok(false)
    } else {
        Err(invalid_text("boolean", text))
    }
}

fn parse_integer<T, E>(
    text: &str,
    sql_type: SqlType,
    narrow: impl Fn(i64) -> Result<T, E>,
) -> Result<T> {
    let name = sql_type.base_name();
    let trimmed = text.trim_matches(is_space);
    let digits = trimmed.strip_prefix(['+', '-']).unwrap_or(trimmed);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(invalid_text(name, text));
    }
    let value: i64 = trimmed
        .parse()
        .map_err(|_| number_out_of_range(name, text))?;
    narrow(value).map_err(|_| number_out_of_range(name, text))
}

/// What [`parse_float`] needs of a float.
trait Float: std::str::FromStr + Copy {
    fn is_finite(self) -> bool;
    fn is_zero(self) -> bool;
}

impl Float for f32 {
    fn is_finite(self) -> bool {
        Self::is_finite(self)
    }
    fn is_zero(self) -> bool {
        self == 0.0
    }
}

impl Float for f64 {
    fn is_finite(self) -> bool {
        Self::is_finite(self)
    }
    fn is_zero(self) -> bool {
        self == 0.0
    }
}

fn parse_float<T: Float>(text: &str, sql_type: SqlType) -> Result<T> {
    let invalid = || invalid_text(sql_type.base_name(), text);
    let trimmed = text.trim_matches(is_space);
    let value: T = trimmed.parse().map_err(|_| invalid())?;
    let digits = trimmed.strip_prefix(['+', '-']).unwrap_or(trimmed);
    if digits.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return Ok(value); // NaN, Infinity, inf
    }
    let mantissa = digits.split(['e', 'E']).next().unwrap_or(digits);
    let lost = value.is_zero() && mantissa.bytes().any(|b| matches!(b, b'1'..=b'9'));
    if !value.is_finite() || lost {
        return Err(data_error(
            "22003",
            format!("\"{trimmed}\" is out of range for type {sql_type}"),
        ));
    }
    Ok(value)
}

/// Thirty-two hexadecimal digits, in braces or not, with a hyphen after any group of four.
fn parse_uuid(text: &str) -> Result<[u8; 16]> {
    let invalid = || invalid_text("uuid", text);
    let body = match text.strip_prefix('{') {
        Some(inner) => inner.strip_suffix('}').ok_or_else(invalid)?,
        None => text,
    };
    let mut bytes = [0; 16];
    let mut rest = body.as_bytes();
    for (at, byte) in bytes.iter_mut().enumerate() {
        if at > 0 && at % 2 == 0 && rest.first() == Some(&b'-') {
            rest = &rest[1..];
        }
        let (pair, after) = rest.split_at_checked(2).ok_or_else(invalid)?;
        for digit in pair {
            let digit = char::from(*digit).to_digit(16).ok_or_else(invalid)?;
            *byte = *byte << 4 | digit as u8;
        }
        rest = after;
    }
    if rest.is_empty() {
        Ok(bytes)
    } else {
        Err(invalid())
    }
}

fn parse_bytes(text: &str) -> Result<Vec<u8>> {
    match text.strip_prefix("\\x") {
        Some(hex) => parse_hex(hex),
        None => parse_escaped_bytes(text),
    }
}

/// Pairs of hexadecimal digits with white space between pairs.
fn parse_hex(hex: &str) -> Result<Vec<u8>> {
    let digit = |c: char| {
        c.to_digit(16)
            .map(|d| d as u8)
            .ok_or_else(|| data_error("22023", format!("invalid hexadecimal digit: \"{c}\"")))
    };
    let mut bytes = Vec::with_capacity(hex.len() / 2);
    let mut characters = hex.chars();
    while let Some(high) = characters.next() {
        if matches!(high, ' ' | '\n' | '\t' | '\r') {
            continue;
        }
        let high = digit(high)?;
        let low = characters
            .next()
            .ok_or_else(|| data_error("22023", "invalid hexadecimal data: odd number of digits"))?;
        bytes.push(high << 4 | digit(low)?);
    }
    Ok(bytes)
}

/// The old format: bytes as they are, `\\` for a backslash, `\ooo` for a byte in octal.
fn parse_escaped_bytes(text: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        if *first != b'\\' {
            bytes.push(*first);
            continue;
        }
        rest = match *tail {
            [b'\\', ref tail @ ..] => {
                bytes.push(b'\\');
                tail
            }
            [
                a @ b'0'..=b'3',
                b @ b'0'..=b'7',
                c @ b'0'..=b'7',
                ref tail @ ..,
            ] => {
                bytes.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
                tail
            }
            _ => {
                return Err(data_error("22P02", "invalid input syntax for type bytea"));
            }
        };
    }
    Ok(bytes)
}
