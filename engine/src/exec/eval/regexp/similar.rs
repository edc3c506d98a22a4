//! The patterns of `SIMILAR TO`, as regular expressions.
//!
//! ```text
//!   a%(b|c)_        ──▶  ^(?:a.*(?:b|c).)$
//!   a#"%#"z  by #   ──▶  ^(?:a)(.*)(?:z)$       the part between the separators is what SUBSTRING gives
//! ```
//!
//! In front of the first separator every quantifier takes as little as it can, as the standard has it.

use crate::error::{Error, ErrorKind, Result};
use crate::types::data_error;
use std::iter::Peekable;
use std::str::Chars;

/// The regular expression of `pattern`, in which the one character of `escape`, if there is one, takes the next one as it is.
/// Errors: `22025` for more than one, `2200C` for more than two separators.
pub(in super::super) fn similar(pattern: &str, escape: &str) -> Result<String> {
    let mut characters = escape.chars();
    let escape = characters.next();
    if characters.next().is_some() {
        return Err(Error::new(
            ErrorKind::Data,
            "22025",
            "invalid escape string",
        ));
    }
    let parts = pattern_parts(pattern, escape);
    let translated: Vec<String> = parts
        .iter()
        .enumerate()
        .map(|(at, part)| translated(part, escape, at == 0 && parts.len() > 1))
        .collect();
    match translated.as_slice() {
        [whole] => Ok(format!("^(?:{whole})$")),
        [before, found] => Ok(format!("^(?:{before})({found})$")),
        [before, found, behind] => Ok(format!("^(?:{before})({found})(?:{behind})$")),
        _ => {
            let message = "SQL regular expression may not contain more than two escape-double-quote separators";
            Err(data_error("2200C", message))
        }
    }
}

/// What stands before, between and behind the separators, which are an escape and `"`.
fn pattern_parts(pattern: &str, escape: Option<char>) -> Vec<&str> {
    let (mut parts, mut from) = (Vec::new(), 0);
    let (mut escaped_at, mut in_class) = (None, false);
    for (at, c) in pattern.char_indices() {
        if let Some(escape_at) = escaped_at.take() {
            if c == '"' && !in_class {
                parts.push(&pattern[from..escape_at]);
                from = at + 1;
            }
        } else if Some(c) == escape {
            escaped_at = Some(at);
        } else {
            in_class = match c {
                '[' => true,
                ']' => false,
                _ => in_class,
            };
        }
    }
    parts.push(&pattern[from..]);
    parts
}

fn translated(part: &str, escape: Option<char>, is_shortest: bool) -> String {
    let mut out = String::new();
    let mut rest = part.chars().peekable();
    let mut in_class = false;
    while let Some(c) = rest.next() {
        match c {
            c if Some(c) == escape => {
                if let Some(c) = rest.next() {
                    out.push('\\');
                    out.push(c);
                }
            }
            c if in_class => {
                if c == '\\' {
                    out.push('\\');
                }
                in_class = c != ']';
                out.push(c);
            }
            '[' => {
                in_class = true;
                out.push('[');
            }
            '%' => {
                out.push_str(".*");
                shorten(&mut out, &mut rest, is_shortest);
            }
            '*' | '+' | '?' | '}' => {
                out.push(c);
                shorten(&mut out, &mut rest, is_shortest);
            }
            '_' => out.push('.'),
            '(' => out.push_str("(?:"),
            '\\' | '.' | '^' | '$' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

/// Makes the quantifier at the end of `out` one that takes little, which it may say itself.
fn shorten(out: &mut String, rest: &mut Peekable<Chars<'_>>, is_shortest: bool) {
    if is_shortest {
        rest.next_if_eq(&'?');
        out.push('?');
    }
}
