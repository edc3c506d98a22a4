//! Functions of text and bytes.

use super::super::like_pattern::{lower, upper};
use super::super::operand::Operand;
use super::bytes;
use super::dispatch::Arguments;
use super::md5::md5_hex;
use crate::sql::function::ScalarFunction;
use crate::types::{SqlType, VALUE_BYTES_MAX, data_error};
use crate::{Error, ErrorKind, Result};

/// `length`, `octet_length`, `strpos`, `ascii`.
pub(super) fn measure(name: ScalarFunction, arguments: &Arguments) -> Result<Operand> {
    arguments.write_integer(|row| {
        Ok(match name {
            ScalarFunction::Length if arguments.sql_type(0) != SqlType::Bytes => {
                arguments.text(0, row)?.chars().count() as i64
            }
            ScalarFunction::Position if arguments.sql_type(0) == SqlType::Bytes => {
                bytes::position(arguments.bytes(0, row)?, arguments.bytes(1, row)?)
            }
            ScalarFunction::Position => {
                let text = arguments.text(1, row)?;
                match text.find(arguments.text(0, row)?) {
                    Some(at) => text[..at].chars().count() as i64 + 1,
                    None => 0,
                }
            }
            ScalarFunction::Ascii => {
                let first = arguments.text(0, row)?.chars().next();
                first.map_or(0, |c| i64::from(u32::from(c)))
            }
            _ => arguments.bytes(0, row)?.len() as i64,
        })
    })
}

/// `lower`, `upper`, `reverse`, `replace`, `left`, `right`, `chr`, `md5`.
pub(super) fn transform(name: ScalarFunction, arguments: &Arguments) -> Result<Operand> {
    use ScalarFunction as F;
    arguments.write_text(|row, out| {
        match name {
            F::Lower => out.extend(arguments.text(0, row)?.chars().map(lower)),
            F::Upper => out.extend(arguments.text(0, row)?.chars().map(upper)),
            F::Reverse => out.extend(arguments.text(0, row)?.chars().rev()),
            F::Replace => {
                let text = arguments.text(0, row)?;
                let (from, to) = (arguments.text(1, row)?, arguments.text(2, row)?);
                replace(text, from, to, out)?;
            }
            F::Left => out.push_str(left(arguments.text(0, row)?, arguments.integer(1, row)?)),
            F::Right => out.push_str(right(arguments.text(0, row)?, arguments.integer(1, row)?)),
            F::Chr => out.push(chr(arguments.integer(0, row)?)?),
            F::Md5 => md5_hex(arguments.bytes(0, row)?, out),
            _ => return Err(Error::misuse("not a function from text to text")),
        }
        Ok(())
    })
}

/// A result beyond what one value may have: SQLSTATE `54000`.
pub(super) fn too_long() -> Error {
    Error::new(ErrorKind::Limit, "54000", "requested length too large")
}

fn replace(text: &str, from: &str, to: &str, out: &mut String) -> Result<()> {
    if from.is_empty() {
        out.push_str(text);
        return Ok(());
    }
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(from) {
        if out.len() + before.len() + to.len() > VALUE_BYTES_MAX {
            return Err(too_long());
        }
        out.push_str(before);
        out.push_str(to);
        rest = after;
    }
    out.push_str(rest);
    Ok(())
}

/// Byte position behind the first `count` characters.
pub(super) fn prefix_bytes(text: &str, count: i64) -> usize {
    match usize::try_from(count) {
        Ok(count) if count < text.len() => {
            let end = text.char_indices().nth(count);
            end.map_or(text.len(), |(at, _)| at)
        }
        Ok(_) => text.len(),
        Err(_) => 0,
    }
}

/// The first characters, or with a negative count all but the last.
fn left(text: &str, count: i64) -> &str {
    let count = if count < 0 {
        text.chars().count() as i64 + count
    } else {
        count
    };
    &text[..prefix_bytes(text, count)]
}

/// The last characters, or with a negative count all but the first.
fn right(text: &str, count: i64) -> &str {
    let skip = if count < 0 {
        -count
    } else {
        text.chars().count() as i64 - count
    };
    &text[prefix_bytes(text, skip)..]
}

fn chr(code: i64) -> Result<char> {
    let refuse = |message: String| Err(Error::new(ErrorKind::Limit, "54000", message));
    if code < 0 {
        return Err(data_error("22023", "character number must be positive"));
    }
    if code == 0 {
        return refuse("null character not permitted".to_owned());
    }
    if code > 0x10_FFFF {
        return refuse(format!(
            "requested character too large for encoding: {code}"
        ));
    }
    match char::from_u32(code as u32) {
        Some(c) => Ok(c),
        None => refuse(format!(
            "requested character not valid for encoding: {code}"
        )),
    }
}

/// `substring(text or bytes, start[, length])`, counted from 1; what lies before the start of the text counts too.
pub(super) fn substring(arguments: &Arguments) -> Result<Operand> {
    let range = |row: usize| -> Result<(i64, i64)> {
        let start = arguments.integer(1, row)?;
        let end = if arguments.len() > 2 {
            let length = arguments.integer(2, row)?;
            if length < 0 {
                return Err(data_error("22011", "negative substring length not allowed"));
            }
            start.saturating_add(length)
        } else {
            i64::MAX
        };
        let from = start.max(1);
        Ok((from - 1, end.max(from) - from))
    };
    if arguments.sql_type(0) == SqlType::Bytes {
        return arguments.write_bytes(|row, out| {
            let (skip, count) = range(row)?;
            let bytes = arguments.bytes(0, row)?;
            let rest = &bytes[bytes.len().min(skip as usize)..];
            out.extend_from_slice(&rest[..rest.len().min(count as usize)]);
            Ok(())
        });
    }
    arguments.write_text(|row, out| {
        let (skip, count) = range(row)?;
        let text = arguments.text(0, row)?;
        let rest = &text[prefix_bytes(text, skip)..];
        out.push_str(&rest[..prefix_bytes(rest, count)]);
        Ok(())
    })
}

/// `btrim`, `ltrim`, `rtrim` of a set of characters, spaces by default.
pub(super) fn trim(name: ScalarFunction, arguments: &Arguments) -> Result<Operand> {
    arguments.write_text(|row, out| {
        let set = if arguments.len() > 1 {
            arguments.text(1, row)?
        } else {
            " "
        };
        let mut text = arguments.text(0, row)?;
        if name != ScalarFunction::RTrim {
            text = text.trim_start_matches(|c| set.contains(c));
        }
        if name != ScalarFunction::LTrim {
            text = text.trim_end_matches(|c| set.contains(c));
        }
        out.push_str(text);
        Ok(())
    })
}
