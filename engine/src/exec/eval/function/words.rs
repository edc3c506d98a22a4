//! Functions that take texts apart and put them together.

use super::super::like_pattern::{lower, upper};
use super::super::operand::Operand;
use super::dispatch::Arguments;
use super::text::prefix_bytes;
use crate::error::{Error, Result};
use crate::sql::function::ScalarFunction as F;
use crate::sql::push_quoted;
use crate::types::{SqlType, Value, data_error, out_of_range};

/// Digits of a line of base64 before it is broken.
const BASE64_LINE: usize = 76;

/// `initcap`, `split_part`, `translate`, `overlay`, `quote_literal`, `quote_ident`, `encode`.
pub(super) fn transform(name: F, arguments: &Arguments) -> Result<Operand> {
    arguments.write_text(|row, out| {
        match name {
            F::Initcap => initcap(arguments.text(0, row)?, out),
            F::SplitPart => out.push_str(split_part(
                arguments.text(0, row)?,
                arguments.text(1, row)?,
                arguments.integer(2, row)?,
            )?),
            F::Translate => {
                let (from, to) = (arguments.text(1, row)?, arguments.text(2, row)?);
                translate(arguments.text(0, row)?, from, to, out);
            }
            F::Overlay => {
                let with = arguments.text(1, row)?;
                let length = match arguments.len() {
                    4 => arguments.integer(3, row)?,
                    _ => with.chars().count() as i64,
                };
                overlay(
                    arguments.text(0, row)?,
                    with,
                    arguments.integer(2, row)?,
                    length,
                    out,
                )?;
            }
            F::QuoteLiteral => quote_literal(arguments.text(0, row)?, out),
            F::QuoteIdent => push_quoted(arguments.text(0, row)?, out),
            F::Encode => encode(arguments.bytes(0, row)?, arguments.text(1, row)?, out)?,
            _ => return Err(Error::misuse("not a function from text to text")),
        }
        Ok(())
    })
}

/// `num_nulls(any, …)`, `num_nonnulls(any, …)`.
pub(super) fn num_nulls(name: F, arguments: &Arguments) -> Result<Operand> {
    arguments.each_row(SqlType::Int4, |values| {
        let counts = |value: &&Value| value.is_null() == (name == F::NumNulls);
        Ok(Value::Int4(values.iter().filter(counts).count() as i32))
    })
}

/// `starts_with`.
pub(super) fn starts_with(arguments: &Arguments) -> Result<Operand> {
    super::super::time_arithmetic::rowwise(&arguments.all(), SqlType::Bool, |row| {
        let starts = arguments.text(0, row)?.starts_with(arguments.text(1, row)?);
        Ok(Value::Bool(starts))
    })
}

/// `decode`. Errors: `22023`.
pub(super) fn decode(arguments: &Arguments) -> Result<Operand> {
    arguments.write_bytes(|row, out| {
        let text = arguments.text(0, row)?;
        match arguments.text(1, row)?.to_ascii_lowercase().as_str() {
            "hex" => decode_hex(text, out),
            "base64" => decode_base64(text, out),
            "escape" => match Value::from_text(text, SqlType::Bytes)? {
                Value::Bytes(bytes) => {
                    out.extend_from_slice(&bytes);
                    Ok(())
                }
                _ => Err(Error::misuse("a text of bytes is bytes")),
            },
            other => Err(unknown_encoding(other)),
        }
    })
}

/// `concat_ws(separator, any, …)`: NULL for the separator NULL, other NULLs are left out.
pub(super) fn concat_ws(arguments: &Arguments) -> Result<Operand> {
    arguments.each_row(SqlType::Text, |values| {
        let [Value::Text(separator), parts @ ..] = values else {
            return Ok(Value::Null);
        };
        let parts: Vec<String> = parts.iter().filter_map(Value::to_text).collect();
        Ok(Value::Text(parts.join(separator)))
    })
}

/// `quote_nullable(any)`.
pub(super) fn quote_nullable(arguments: &Arguments) -> Result<Operand> {
    arguments.each_row(SqlType::Text, |values| {
        let mut out = String::new();
        match values.first().and_then(Value::to_text) {
            Some(text) => quote_literal(&text, &mut out),
            None => out.push_str("NULL"),
        }
        Ok(Value::Text(out))
    })
}

/// Words are runs of letters and digits.
fn initcap(text: &str, out: &mut String) {
    let mut inside = false;
    for c in text.chars() {
        out.push(if inside { lower(c) } else { upper(c) });
        inside = c.is_alphanumeric();
    }
}

/// Part `number` of `text` between delimiters, from the end when negative. Errors: `22023`.
fn split_part<'a>(text: &'a str, delimiter: &str, number: i64) -> Result<&'a str> {
    if number == 0 {
        return Err(data_error("22023", "field position must not be zero"));
    }
    let at = usize::try_from(number.unsigned_abs() - 1).unwrap_or(usize::MAX);
    if delimiter.is_empty() {
        return Ok(if at == 0 { text } else { "" });
    }
    let part = match number > 0 {
        true => text.split(delimiter).nth(at),
        false => text.rsplit(delimiter).nth(at),
    };
    Ok(part.unwrap_or(""))
}

/// Each character of `from` becomes the one at its place in `to`, or nothing.
fn translate(text: &str, from: &str, to: &str, out: &mut String) {
    for c in text.chars() {
        match from.chars().position(|f| f == c) {
            None => out.push(c),
            Some(at) => out.extend(to.chars().nth(at)),
        }
    }
}

/// Errors: `22011` for a place before the first character.
fn overlay(text: &str, with: &str, start: i64, length: i64, out: &mut String) -> Result<()> {
    if start <= 0 {
        return Err(data_error("22011", "negative substring length not allowed"));
    }
    let end = start + length;
    if i32::try_from(end).is_err() {
        return Err(out_of_range(SqlType::Int4));
    }
    out.push_str(&text[..prefix_bytes(text, start - 1)]);
    out.push_str(with);
    out.push_str(&text[prefix_bytes(text, end.max(1) - 1)..]);
    Ok(())
}

/// The text as a literal, with `E` in front where it has a backslash.
pub(super) fn quote_literal(text: &str, out: &mut String) {
    if text.contains('\\') {
        out.push('E');
    }
    out.push('\'');
    for c in text.chars() {
        if matches!(c, '\'' | '\\') {
            out.push(c);
        }
        out.push(c);
    }
    out.push('\'');
}

/// Errors: `22023`.
fn encode(bytes: &[u8], format: &str, out: &mut String) -> Result<()> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    match format.to_ascii_lowercase().as_str() {
        "hex" => bytes.iter().for_each(|b| out.push_str(&format!("{b:02x}"))),
        "base64" => {
            let mut line = 0;
            for group in bytes.chunks(3) {
                if line == BASE64_LINE {
                    out.push('\n');
                    line = 0;
                }
                let bits = group.iter().fold(0u32, |bits, b| bits << 8 | u32::from(*b))
                    << (8 * (3 - group.len()));
                for digit in 0..4 {
                    let value = bits >> (18 - 6 * digit) & 63;
                    out.push(match digit <= group.len() {
                        true => char::from(DIGITS[value as usize]),
                        false => '=',
                    });
                }
                line += 4;
            }
        }
        "escape" => {
            for byte in bytes {
                match byte {
                    b'\\' => out.push_str("\\\\"),
                    0 | 128.. => out.push_str(&format!("\\{byte:03o}")),
                    plain => out.push(char::from(*plain)),
                }
            }
        }
        other => return Err(unknown_encoding(other)),
    }
    Ok(())
}

fn decode_hex(text: &str, out: &mut Vec<u8>) -> Result<()> {
    let digits = text
        .chars()
        .filter(|c| !matches!(c, ' ' | '\n' | '\t' | '\r'));
    let mut high = None;
    for c in digits {
        let Some(digit) = c.to_digit(16) else {
            let message = format!("invalid hexadecimal digit: \"{c}\"");
            return Err(data_error("22023", message));
        };
        match high.take() {
            None => high = Some(digit),
            Some(high) => out.push((high << 4 | digit) as u8),
        }
    }
    match high {
        None => Ok(()),
        Some(_) => {
            let message = "invalid hexadecimal data: odd number of digits";
            Err(data_error("22023", message))
        }
    }
}

fn decode_base64(text: &str, out: &mut Vec<u8>) -> Result<()> {
    let invalid = || data_error("22023", "invalid base64 end sequence");
    let (mut bits, mut digits, mut ends) = (0u32, 0, 0);
    for c in text.chars() {
        let value = match c {
            'A'..='Z' => u32::from(c) - u32::from('A'),
            'a'..='z' => u32::from(c) - u32::from('a') + 26,
            '0'..='9' => u32::from(c) - u32::from('0') + 52,
            '+' => 62,
            '/' => 63,
            ' ' | '\n' | '\t' | '\r' => continue,
            '=' if digits == 2 && ends == 0 || digits == 3 => {
                ends += 1;
                0
            }
            '=' => {
                return Err(data_error(
                    "22023",
                    "unexpected \"=\" while decoding base64 sequence",
                ));
            }
            c => {
                let message =
                    format!("invalid symbol \"{c}\" found while decoding base64 sequence");
                return Err(data_error("22023", message));
            }
        };
        bits = bits << 6 | value;
        digits += 1;
        if digits == 4 {
            let bytes = [(bits >> 16) as u8, (bits >> 8) as u8, bits as u8];
            out.extend_from_slice(&bytes[..3 - ends]);
            (bits, digits) = (0, 0);
            if ends > 0 {
                ends = 0;
            }
        }
    }
    if digits == 0 { Ok(()) } else { Err(invalid()) }
}

fn unknown_encoding(name: &str) -> Error {
    data_error("22023", format!("unrecognized encoding: \"{name}\""))
}
