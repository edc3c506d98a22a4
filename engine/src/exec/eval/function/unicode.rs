//! Texts as characters of Unicode, and identifiers.

use super::super::operand::Operand;
use super::dispatch::Arguments;
use crate::error::{Error, Result};
use crate::sql::function::ScalarFunction as F;
use crate::types::{ElementType, SqlArray, SqlType, Value, data_error};
use unicode_normalization::{UnicodeNormalization, is_nfc, is_nfd, is_nfkc, is_nfkd};

/// `normalize`, `is_normalized`, `unistr`, `parse_ident`.
pub(super) fn call(name: F, arguments: &Arguments, result: SqlType) -> Result<Operand> {
    arguments.each_row(result, |values| match (name, values) {
        _ if values.iter().any(Value::is_null) => Ok(Value::Null),
        (F::Normalize, [Value::Text(text), Value::Text(form)]) => {
            normalize(text, form).map(Value::Text)
        }
        (F::IsNormalized, [Value::Text(text)]) => is_normalized(text, "NFC").map(Value::Bool),
        (F::IsNormalized, [Value::Text(text), Value::Text(form)]) => {
            is_normalized(text, form).map(Value::Bool)
        }
        (F::Unistr, [Value::Text(text)]) => unistr(text).map(Value::Text),
        (F::ParseIdent, [Value::Text(text)]) => parse_ident(text, true),
        (F::ParseIdent, [Value::Text(text), Value::Bool(strict)]) => parse_ident(text, *strict),
        _ => Err(Error::misuse(
            "a function of characters has other arguments",
        )),
    })
}

/// Errors: `22023` for a form that there is not.
fn normalize(text: &str, form: &str) -> Result<String> {
    match form.to_ascii_uppercase().as_str() {
        "NFC" => Ok(text.nfc().collect()),
        "NFD" => Ok(text.nfd().collect()),
        "NFKC" => Ok(text.nfkc().collect()),
        "NFKD" => Ok(text.nfkd().collect()),
        _ => Err(invalid_form(form)),
    }
}

fn is_normalized(text: &str, form: &str) -> Result<bool> {
    match form.to_ascii_uppercase().as_str() {
        "NFC" => Ok(is_nfc(text)),
        "NFD" => Ok(is_nfd(text)),
        "NFKC" => Ok(is_nfkc(text)),
        "NFKD" => Ok(is_nfkd(text)),
        _ => Err(invalid_form(form)),
    }
}

fn invalid_form(form: &str) -> Error {
    data_error("22023", format!("invalid normalization form: {form}"))
}

/// What a text with escapes means: `\0061`, `\u0061`, `\+000061`, `\U00000061`; the characters beyond the first 65,536 also as
/// pairs of surrogates. Errors: `42601` for another escape, `22023` for a number that is no character's.
fn unistr(text: &str) -> Result<String> {
    let wrong = |message: &str| data_error("42601", message);
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut high: Option<u32> = None;
    while let Some(c) = rest.chars().next() {
        if c != '\\' || rest.starts_with("\\\\") {
            if high.is_some() {
                return Err(wrong("invalid Unicode surrogate pair"));
            }
            out.push(c);
            rest = &rest[if c == '\\' { 2 } else { c.len_utf8() }..];
            continue;
        }
        let (code, length) = escape(rest).ok_or_else(|| wrong("invalid Unicode escape"))?;
        rest = &rest[length..];
        let code = match (high.take(), code) {
            (None, 0xd800..=0xdbff) => {
                high = Some(code);
                continue;
            }
            (Some(high), 0xdc00..=0xdfff) => 0x1_0000 + ((high & 0x3ff) << 10) + (code & 0x3ff),
            (Some(_), _) | (None, 0xdc00..=0xdfff) => {
                return Err(wrong("invalid Unicode surrogate pair"));
            }
            (None, code) => code,
        };
        let c = char::from_u32(code).filter(|c| *c != '\0').ok_or_else(|| {
            data_error("22023", format!("invalid Unicode code point: {code:04X}"))
        })?;
        out.push(c);
    }
    match high {
        Some(_) => Err(wrong("invalid Unicode surrogate pair")),
        None => Ok(out),
    }
}

/// The number in an escape at the beginning of `text`, and how many bytes the escape has.
fn escape(text: &str) -> Option<(u32, usize)> {
    let (skipped, digits) = match text.as_bytes().get(1)? {
        b'+' => (2, 6),
        b'u' => (2, 4),
        b'U' => (2, 8),
        _ => (1, 4),
    };
    let number = text.get(skipped..skipped + digits)?;
    let all_digits = number.bytes().all(|b| b.is_ascii_hexdigit());
    let code = u32::from_str_radix(number, 16)
        .ok()
        .filter(|_| all_digits)?;
    Some((code, skipped + digits))
}

/// The identifiers of a qualified name; what comes behind them is an error when `strict`. Errors: `22023`.
fn parse_ident(text: &str, strict: bool) -> Result<Value> {
    let invalid = || {
        let message = format!("string is not a valid identifier: \"{text}\"");
        data_error("22023", message)
    };
    let is_space = |c: char| matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0c');
    let mut found = Vec::new();
    let mut rest = text.trim_start_matches(is_space);
    loop {
        let (ident, behind) = identifier(rest).ok_or_else(invalid)?;
        found.push(Value::Text(ident));
        rest = behind.trim_start_matches(is_space);
        match rest.strip_prefix('.') {
            Some(behind) => rest = behind.trim_start_matches(is_space),
            None if rest.is_empty() || !strict => break,
            None => return Err(invalid()),
        }
    }
    Ok(match ElementType::new(SqlType::Text) {
        Some(element) => Value::Array(SqlArray::new(element, found)),
        None => Value::Null,
    })
}

/// The identifier that `text` begins with, and what comes behind it.
fn identifier(text: &str) -> Option<(String, &str)> {
    if let Some(mut rest) = text.strip_prefix('"') {
        let mut ident = String::new();
        loop {
            let (before, behind) = rest.split_once('"')?;
            ident.push_str(before);
            match behind.strip_prefix('"') {
                Some(behind) => {
                    ident.push('"');
                    rest = behind;
                }
                None => return (!ident.is_empty()).then_some((ident, behind)),
            }
        }
    }
    let starts = |c: char| c.is_ascii_alphabetic() || c == '_' || !c.is_ascii();
    let goes_on = |c: char| starts(c) || c.is_ascii_digit() || c == '$';
    if !text.starts_with(starts) {
        return None;
    }
    let end = text.find(|c| !goes_on(c)).unwrap_or(text.len());
    Some((text[..end].to_ascii_lowercase(), &text[end..]))
}
