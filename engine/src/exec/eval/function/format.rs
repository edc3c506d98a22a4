//! `format`.

use super::super::operand::Operand;
use super::dispatch::Arguments;
use super::text::too_long;
use super::words::quote_literal;
use crate::error::Result;
use crate::sql::push_quoted;
use crate::types::{SqlType, VALUE_BYTES_MAX, Value, data_error};
use std::iter::Peekable;
use std::str::Chars;

/// `format(template, text, …)`: NULL for the template NULL. Errors: `22023` for a template that is none, `22004` for NULL as
/// an identifier.
pub(super) fn format(arguments: &Arguments) -> Result<Operand> {
    arguments.each_row(SqlType::Text, |values| {
        let [Value::Text(template), values @ ..] = values else {
            return Ok(Value::Null);
        };
        let values: Vec<Option<String>> = values.iter().map(Value::to_text).collect();
        let mut out = String::new();
        fill(template, &values, &mut out)?;
        match out.len() > VALUE_BYTES_MAX {
            true => Err(too_long()),
            false => Ok(Value::Text(out)),
        }
    })
}

/// What stands behind a `%`: `[n$][-][width]type`.
struct Specifier {
    /// Which argument, from 1; the next one where it is not said.
    position: Option<usize>,
    left: bool,
    width: usize,
    kind: char,
}

fn fill(template: &str, values: &[Option<String>], out: &mut String) -> Result<()> {
    let mut next = 0;
    let mut rest = template.chars().peekable();
    while let Some(c) = rest.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        if rest.next_if_eq(&'%').is_some() {
            out.push('%');
            continue;
        }
        let specifier = specifier(&mut rest, values, &mut next)?;
        let value = argument(specifier.position, values, &mut next)?;
        let mut text = String::new();
        match (specifier.kind, value) {
            ('s', value) => text.push_str(value.as_deref().unwrap_or_default()),
            ('L', Some(value)) => quote_literal(value, &mut text),
            ('L', None) => text.push_str("NULL"),
            (_, Some(value)) => push_quoted(value, &mut text),
            (_, None) => {
                let message = "null values cannot be formatted as an SQL identifier";
                return Err(data_error("22004", message));
            }
        }
        let missing = specifier.width.saturating_sub(text.chars().count());
        if missing > VALUE_BYTES_MAX {
            return Err(too_long());
        }
        let blanks = std::iter::repeat_n(' ', missing);
        match specifier.left {
            true => out.extend(text.chars().chain(blanks)),
            false => out.extend(blanks.chain(text.chars())),
        }
    }
    Ok(())
}

/// The argument at `position`, else the next one.
fn argument<'v>(
    position: Option<usize>,
    values: &'v [Option<String>],
    next: &mut usize,
) -> Result<&'v Option<String>> {
    let position = position.unwrap_or(*next + 1);
    *next = position;
    let few = || data_error("22023", "too few arguments for format()");
    position
        .checked_sub(1)
        .and_then(|at| values.get(at))
        .ok_or_else(few)
}

fn specifier(
    rest: &mut Peekable<Chars<'_>>,
    values: &[Option<String>],
    next: &mut usize,
) -> Result<Specifier> {
    let mut specifier = Specifier {
        position: None,
        left: false,
        width: 0,
        kind: 's',
    };
    let mut number = digits(rest)?;
    if number.is_some() && rest.next_if_eq(&'$').is_some() {
        specifier.position = Some(numbered(number)?);
        number = None;
    }
    if number.is_none() {
        while rest.next_if_eq(&'-').is_some() {
            specifier.left = true;
        }
        if rest.next_if_eq(&'*').is_some() {
            let position = digits(rest)?;
            let position = match position.is_some() && rest.next_if_eq(&'$').is_some() {
                true => Some(numbered(position)?),
                false if position.is_some() => return Err(unterminated()),
                false => None,
            };
            let width = argument(position, values, next)?.as_deref().unwrap_or("0");
            let width: i64 = match Value::from_text(width, SqlType::Int4)? {
                Value::Int4(width) => width.into(),
                _ => 0,
            };
            specifier.left |= width < 0;
            number = Some(usize::try_from(width.unsigned_abs()).unwrap_or(usize::MAX));
        } else {
            number = digits(rest)?;
        }
    }
    specifier.width = number.unwrap_or(0);
    match rest.next() {
        None => Err(unterminated()),
        Some(kind @ ('s' | 'I' | 'L')) => {
            specifier.kind = kind;
            Ok(specifier)
        }
        Some(other) => {
            let message = format!("unrecognized format() type specifier \"{other}\"");
            Err(data_error("22023", message))
        }
    }
}

fn unterminated() -> crate::Error {
    data_error("22023", "unterminated format() type specifier")
}

fn numbered(number: Option<usize>) -> Result<usize> {
    match number {
        Some(0) | None => {
            let message = "format specifies argument 0, but arguments are numbered from 1";
            Err(data_error("22023", message))
        }
        Some(number) => Ok(number),
    }
}

/// The number that comes next, if one does. Errors: `22003` beyond an INTEGER.
fn digits(rest: &mut Peekable<Chars<'_>>) -> Result<Option<usize>> {
    let mut number = None;
    while let Some(digit) = rest.peek().and_then(|c| c.to_digit(10)) {
        rest.next();
        let longer = number.unwrap_or(0) * 10 + digit as usize;
        if longer > i32::MAX as usize {
            return Err(data_error("22003", "number is out of range"));
        }
        number = Some(longer);
    }
    Ok(number)
}
