//! Functions and operators of regular expressions.

use super::super::operand::Operand;
use super::super::regexp::{Flags, Pattern};
use super::super::time_arithmetic::rowwise;
use super::dispatch::Arguments;
use super::text::{prefix_bytes, too_long};
use crate::error::{Error, Result};
use crate::exec::last::Last;
use crate::sql::function::ScalarFunction as F;
use crate::types::{ElementType, SqlArray, SqlType, VALUE_BYTES_MAX, Value, data_error};
use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;

/// The function of that name.
pub(super) fn call(name: F, arguments: &Arguments, result: SqlType) -> Result<Operand> {
    let call = Call {
        name,
        arguments,
        last: RefCell::new(Last::new()),
    };
    rowwise(&arguments.all(), result, |row| call.value(row))
}

/// A call on its way over a batch.
struct Call<'a> {
    name: F,
    arguments: &'a Arguments,
    /// The expression compiled last, of its text and flags.
    last: RefCell<Last<2, Rc<Pattern>>>,
}

impl Call<'_> {
    fn value(&self, row: usize) -> Result<Value> {
        let (text, count) = (self.arguments.text(0, row)?, self.arguments.len());
        match self.name {
            F::RegexpLike => {
                let pattern = self.pattern(row, (count > 2).then_some(2))?.0;
                Ok(Value::Bool(pattern.is_match(text)))
            }
            F::RegexpCount => {
                let start = self.start(text, row, 2)?;
                let pattern = self.pattern(row, (count > 3).then_some(3))?.0;
                Ok(Value::Int4(pattern.find_all(text, start).count() as i32))
            }
            F::RegexpMatch => {
                let pattern = self.pattern(row, (count > 2).then_some(2))?.0;
                let found = pattern.find(text, 0);
                Ok(found.map_or(Value::Null, |found| groups(text, &found)))
            }
            F::RegexpSubstring => {
                let pattern = self.pattern(row, None)?.0;
                let found = pattern.find(text, 0);
                Ok(part(
                    text,
                    found.and_then(|f| f[pattern.groups().min(1)].clone()),
                ))
            }
            F::RegexpSubstr => self.substr(text, row),
            F::RegexpInstr => self.instr(text, row),
            F::RegexpSplit => {
                let pattern = self.pattern(row, (count > 2).then_some(2))?.0;
                Ok(split(text, &pattern))
            }
            F::RegexpReplace => self.replace(text, row),
            _ => Err(Error::misuse("a function of regular expressions")),
        }
    }

    /// The expression of a row with the flags at `flags`. Errors: `22023` where all matches are asked of a function that
    /// looks at one.
    fn pattern(&self, row: usize, flags: Option<usize>) -> Result<(Rc<Pattern>, Flags)> {
        let pattern = self.arguments.text(1, row)?;
        let letters = match flags {
            Some(position) => self.arguments.text(position, row)?,
            None => "",
        };
        let flags = Flags::parse(letters)?;
        if flags.is_global && self.name != F::RegexpReplace {
            let name = match self.name {
                F::RegexpLike => "regexp_like",
                F::RegexpCount => "regexp_count",
                F::RegexpMatch => "regexp_match",
                F::RegexpSubstr => "regexp_substr",
                F::RegexpInstr => "regexp_instr",
                _ => "regexp_split_to_array",
            };
            let message = format!("{name}() does not support the \"global\" option");
            return Err(data_error("22023", message));
        }
        let mut last = self.last.borrow_mut();
        let compiled = last.get([pattern, letters], || {
            Pattern::new(pattern, flags).map(Rc::new)
        })?;
        Ok((compiled.clone(), flags))
    }

    /// A number from 1 at `position`, 1 where it is not given. Errors: `22023`.
    fn positive(&self, row: usize, position: usize, name: &str) -> Result<usize> {
        if position >= self.arguments.len() {
            return Ok(1);
        }
        match self.arguments.integer(position, row)? {
            number if number > 0 => Ok(usize::try_from(number).unwrap_or(usize::MAX)),
            number => {
                let message = format!("invalid value for parameter \"{name}\": {number}");
                Err(data_error("22023", message))
            }
        }
    }

    /// The byte at which the character `start` begins; behind the text where there is none.
    fn start(&self, text: &str, row: usize, position: usize) -> Result<usize> {
        let start = self.positive(row, position, "start")?;
        Ok(prefix_bytes(text, start as i64 - 1))
    }

    /// `regexp_substr(text, pattern[, start[, n[, flags[, group]]]])`
    fn substr(&self, text: &str, row: usize) -> Result<Value> {
        let start = self.start(text, row, 2)?;
        let n = self.positive(row, 3, "n")?;
        let pattern = self
            .pattern(row, (self.arguments.len() > 4).then_some(4))?
            .0;
        let group = self.group(row, 5)?;
        let found = pattern.find_all(text, start).nth(n - 1);
        Ok(part(
            text,
            found.and_then(|f| f.get(group).cloned().flatten()),
        ))
    }

    /// The number of a group at `position`, 0 where it is not given. Errors: `22023`.
    fn group(&self, row: usize, position: usize) -> Result<usize> {
        if position >= self.arguments.len() {
            return Ok(0);
        }
        let group = self.arguments.integer(position, row)?;
        usize::try_from(group).map_err(|_| {
            let message = format!("invalid value for parameter \"subexpr\": {group}");
            data_error("22023", message)
        })
    }

    /// `regexp_instr(text, pattern[, start[, n[, end[, flags[, group]]]]])`
    fn instr(&self, text: &str, row: usize) -> Result<Value> {
        let start = self.start(text, row, 2)?;
        let n = self.positive(row, 3, "n")?;
        let end = match self.arguments.len() > 4 {
            true => self.arguments.integer(4, row)?,
            false => 0,
        };
        if !matches!(end, 0 | 1) {
            let message = format!("invalid value for parameter \"endoption\": {end}");
            return Err(data_error("22023", message));
        }
        let group = self.group(row, 6)?;
        let flags = (self.arguments.len() > 5).then_some(5);
        let pattern = self.pattern(row, flags)?.0;
        let found = pattern.find_all(text, start).nth(n - 1);
        let range = found.and_then(|f| f.get(group).cloned().flatten());
        Ok(Value::Int4(range.map_or(0, |range| {
            let at = if end == 0 { range.start } else { range.end };
            text[..at].chars().count() as i32 + 1
        })))
    }

    /// `regexp_replace(text, pattern, with[, flags])`, `regexp_replace(text, pattern, with, start[, n[, flags]])`
    fn replace(&self, text: &str, row: usize) -> Result<Value> {
        let by_number = self.arguments.len() > 3 && self.arguments.sql_type(3).is_integer();
        let flags = match (by_number, self.arguments.len()) {
            (false, 4) => Some(3),
            (true, 6) => Some(5),
            _ => None,
        };
        let (pattern, flags) = self.pattern(row, flags)?;
        let (start, mut n) = match by_number {
            true => (self.start(text, row, 3)?, 1),
            false => (0, 1),
        };
        let mut all = flags.is_global;
        if by_number && self.arguments.len() > 4 {
            let number = self.arguments.integer(4, row)?;
            let Ok(number) = usize::try_from(number) else {
                let message = format!("invalid value for parameter \"n\": {number}");
                return Err(data_error("22023", message));
            };
            all = number == 0;
            n = number.max(1);
        }
        let with = self.arguments.text(2, row)?;
        let (mut out, mut copied) = (String::new(), 0);
        for (at, found) in pattern.find_all(text, start).enumerate() {
            let Some(whole) = found[0].clone().filter(|_| all || at + 1 == n) else {
                continue;
            };
            out.push_str(&text[copied..whole.start]);
            expand(with, text, &found, &mut out);
            if out.len() > VALUE_BYTES_MAX {
                return Err(too_long());
            }
            copied = whole.end;
            if !all {
                break;
            }
        }
        out.push_str(&text[copied..]);
        Ok(Value::Text(out))
    }
}

/// The groups of the first match, or with the flag `g` of each: a row of one array for each. Errors: those of the
/// expression and its flags.
pub(crate) fn regexp_matches(text: &str, pattern: &str, flags: &str) -> Result<Vec<Vec<Value>>> {
    let flags = Flags::parse(flags)?;
    let pattern = Pattern::new(pattern, flags)?;
    let most = if flags.is_global { usize::MAX } else { 1 };
    let found = pattern.find_all(text, 0).take(most);
    Ok(found.map(|found| vec![groups(text, &found)]).collect())
}

fn part(text: &str, range: Option<Range<usize>>) -> Value {
    range.map_or(Value::Null, |range| Value::Text(text[range].to_owned()))
}

fn texts(values: Vec<Value>) -> Value {
    match ElementType::new(SqlType::Text) {
        Some(element) => Value::Array(SqlArray::new(element, values)),
        None => Value::Null,
    }
}

/// The groups of a match, or the whole where there are none.
fn groups(text: &str, found: &[Option<Range<usize>>]) -> Value {
    let skipped = usize::from(found.len() > 1);
    let groups = found.iter().skip(skipped);
    texts(groups.map(|range| part(text, range.clone())).collect())
}

/// What lies between the matches; an empty match at the ends or behind another one parts nothing.
fn split(text: &str, pattern: &Pattern) -> Value {
    let (mut parts, mut copied) = (Vec::new(), 0);
    for found in pattern.find_all(text, 0) {
        let Some(whole) = found[0].clone() else {
            continue;
        };
        if whole.start < text.len() && whole.end > copied {
            parts.push(Value::Text(text[copied..whole.start].to_owned()));
            copied = whole.end;
        }
    }
    parts.push(Value::Text(text[copied..].to_owned()));
    texts(parts)
}

/// Writes what a match is replaced with: `\1` is a group, `\&` the whole.
fn expand(with: &str, text: &str, found: &[Option<Range<usize>>], out: &mut String) {
    let mut characters = with.chars();
    while let Some(c) = characters.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        let group = match characters.next() {
            Some('&') => 0,
            Some(digit @ '1'..='9') => digit as usize - '0' as usize,
            Some('\\') => {
                out.push('\\');
                continue;
            }
            Some(other) => {
                out.push('\\');
                out.push(other);
                continue;
            }
            None => {
                out.push('\\');
                continue;
            }
        };
        if let Some(Some(range)) = found.get(group) {
            out.push_str(&text[range.clone()]);
        }
    }
}
