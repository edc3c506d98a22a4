//! Literals lifted out of a statement's text, so that statements that differ in them only share one plan.
//!
//! ```text
//!   UPDATE t SET a = 7 WHERE k = 'x'    ──lift──▶    UPDATE t SET a = $1 WHERE k = $2    7, 'x'
//! ```
//!
//! It reads tokens, not SQL: a literal is lifted where a value stands, which is after an operator, a parenthesis, a comma
//! or one of a few words. What it cannot be sure of stays in the text, or nothing is lifted at all. A number keeps the
//! type that it has as a literal; a string becomes a parameter of unknown type, which is what a string's literal is.

use super::bind::{number, number_type};
use crate::error::Result;
use crate::types::{SqlType, Value};
use std::fmt::Write;

/// Longer texts are not looked at.
const TEXT_BYTES_MAX: usize = 4096;

/// Most literals that are lifted.
const LITERALS_MAX: usize = 64;

/// Numbers that are of a narrower type with a minus before them than without.
const SMALLEST: [&str; 2] = ["2147483648", "9223372036854775808"];

/// A statement without its literals.
#[derive(Debug)]
pub(crate) struct Lifted<'t> {
    /// The text with `$1`, `$2`, … in their places.
    pub(crate) shape: String,
    /// The types that these have; `None` for strings.
    pub(crate) types: Vec<Option<SqlType>>,
    /// The literals as they were written.
    literals: Vec<&'t str>,
}

/// What stood before a token.
#[derive(Clone, Copy, PartialEq)]
enum Before {
    /// A value can follow.
    Operator,
    /// A value can follow, or something else: a literal stays where it is.
    Other,
}

/// `text` without its literals; `None` when it has none, has parameters of its own, or could be misread.
pub(crate) fn lift(text: &str) -> Option<Lifted<'_>> {
    if text.len() > TEXT_BYTES_MAX || !begins_well(text) {
        return None;
    }
    let mut lifted = Lifted {
        shape: String::with_capacity(text.len() + 8),
        types: Vec::new(),
        literals: Vec::new(),
    };
    let mut before = Before::Other;
    // The text up to `copied` is in the shape, and that up to `at` was looked at.
    let (mut copied, mut at) = (0, 0);
    while let Some(first) = text.as_bytes().get(at) {
        let rest = &text[at..];
        let (length, next) = match first {
            blank if blank.is_ascii_whitespace() => (1, before),
            b'\'' => {
                let length = string_length(rest)?;
                // Where literals touch they are one, or something else.
                if rest[length..].trim_ascii_start().starts_with('\'') {
                    return None;
                }
                if before == Before::Operator {
                    lifted.shape.push_str(&text[copied..at]);
                    lifted.push(&rest[..length], None)?;
                    copied = at + length;
                }
                (length, Before::Other)
            }
            b'0'..=b'9' => {
                let length = number_length(rest)?;
                let digits = &rest[..length];
                if before == Before::Operator {
                    if SMALLEST.contains(&digits) {
                        return None;
                    }
                    lifted.shape.push_str(&text[copied..at]);
                    lifted.push(digits, Some(number_type(digits)))?;
                    copied = at + length;
                }
                (length, Before::Other)
            }
            b'"' => (2 + rest[1..].find('"')?, Before::Other),
            byte if is_word(*byte) => {
                let length = rest.bytes().take_while(|byte| is_word(*byte)).count();
                if rest[length..].starts_with('\'') {
                    return None; // E'…' and its like
                }
                (length, after_word(&rest[..length])?)
            }
            b'=' | b'<' | b'>' | b'(' | b',' | b'+' | b'*' | b'%' | b'!' => (1, Before::Operator),
            b'|' if rest.starts_with("||") => (2, Before::Operator),
            b'-' if !rest.starts_with("--") => (1, Before::Operator),
            b'/' if !rest.starts_with("/*") => (1, Before::Operator),
            b')' => (1, Before::Other),
            b';' if rest[1..].trim_ascii_start().is_empty() => (rest.len(), Before::Other),
            b':' if rest.starts_with("::") => (2, Before::Other),
            b'.' if !rest[1..].starts_with(|c: char| c.is_ascii_digit()) => (1, Before::Other),
            _ => return None,
        };
        at += length;
        before = next;
    }
    lifted.shape.push_str(&text[copied..]);
    (!lifted.literals.is_empty()).then_some(lifted)
}

impl<'t> Lifted<'t> {
    /// A literal that is lifted; `None` when there are enough.
    fn push(&mut self, literal: &'t str, sql_type: Option<SqlType>) -> Option<()> {
        if self.literals.len() == LITERALS_MAX {
            return None;
        }
        self.literals.push(literal);
        self.types.push(sql_type);
        write!(self.shape, "${}", self.literals.len()).ok()
    }

    /// What statements that can share a plan have in common.
    pub(crate) fn key(&self) -> String {
        let mut key = self.shape.clone();
        for sql_type in &self.types {
            key.push(match sql_type {
                None => '\0',
                Some(SqlType::Int4) => '\u{1}',
                Some(SqlType::Int8) => '\u{2}',
                Some(_) => '\u{3}',
            });
        }
        key
    }

    /// The literals. Errors: those of a number, which `sqlparser` would have found.
    pub(crate) fn values(&self) -> Result<Vec<Value>> {
        let value = |literal: &&str| match literal.strip_prefix('\'') {
            Some(rest) => Ok(Value::Text(rest[..rest.len() - 1].replace("''", "'"))),
            None => number(literal, false).map(|(value, _)| value),
        };
        self.literals.iter().map(value).collect()
    }
}

/// Whether it is one of the statements that can have a plan.
fn begins_well(text: &str) -> bool {
    let word = text.get(..6).unwrap_or_default();
    ["SELECT", "INSERT", "UPDATE", "DELETE"]
        .iter()
        .any(|known| word.eq_ignore_ascii_case(known))
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii()
}

/// `None` for words after which a number is the place of a column.
fn after_word(word: &str) -> Option<Before> {
    const VALUES: [&str; 9] = [
        "AND", "OR", "NOT", "WHERE", "BETWEEN", "LIKE", "WHEN", "THEN", "ELSE",
    ];
    const ORDINALS: [&str; 2] = ["ORDER", "GROUP"];
    let is = |known: &&str| word.eq_ignore_ascii_case(known);
    if ORDINALS.iter().any(is) {
        return None;
    }
    Some(match VALUES.iter().any(is) {
        true => Before::Operator,
        false => Before::Other,
    })
}

/// How long the string is that `text` begins with; `None` when it does not end.
fn string_length(text: &str) -> Option<usize> {
    let mut at = 1;
    loop {
        at += text[at..].find('\'')? + 1;
        if !text[at..].starts_with('\'') {
            return Some(at);
        }
        at += 1;
    }
}

/// How long the number is that `text` begins with; `None` when it is no plain one.
fn number_length(text: &str) -> Option<usize> {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let mut length = digits(text);
    if text[length..].starts_with('.') {
        length += 1;
        length += digits(&text[length..]);
    }
    let next = text.as_bytes().get(length);
    (!next.is_some_and(|byte| is_word(*byte) || *byte == b'.')).then_some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, shape: &str, values: &[&str]) {
        let lifted = lift(text).unwrap();
        let texts: Vec<String> = lifted
            .values()
            .unwrap()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            (lifted.shape.as_str(), texts.as_slice()),
            (
                shape,
                &*values.iter().map(ToString::to_string).collect::<Vec<_>>()
            )
        );
    }

    #[test]
    fn literals_leave_their_places() {
        check(
            "INSERT INTO t VALUES (1, 'it''s', -2.50, NULL)",
            "INSERT INTO t VALUES ($1, $2, -$3, NULL)",
            &["1", "it's", "2.50"],
        );
        check(
            "select a.b from t4 where \"x 1\" = 'a' and y between 3 and 4 or z<>5",
            "select a.b from t4 where \"x 1\" = $1 and y between $2 and $3 or z<>$4",
            &["a", "3", "4", "5"],
        );
        check(
            "UPDATE t SET a = a||'ä' WHERE k=3000000000",
            "UPDATE t SET a = a||$1 WHERE k=$2",
            &["ä", "3000000000"],
        );
        check(
            "DELETE FROM t WHERE k > 1 ; ",
            "DELETE FROM t WHERE k > $1 ; ",
            &["1"],
        );
    }

    #[test]
    fn what_could_be_something_else_stays() {
        check(
            "SELECT a FROM t WHERE d = DATE '2020-01-01' AND a = 1 LIMIT 5",
            "SELECT a FROM t WHERE d = DATE '2020-01-01' AND a = $1 LIMIT 5",
            &["1"],
        );
    }

    #[test]
    fn nothing_is_lifted_from_what_could_be_misread() {
        for text in [
            "SELECT a FROM t",
            "SELECT a FROM t WHERE a = $1 AND b = 2",
            "SELECT a FROM t WHERE a = E'\\n'",
            "SELECT a FROM t WHERE a = U&'\\0041'",
            "SELECT a FROM t WHERE a = 'b'\n'c'",
            "SELECT a FROM t WHERE a = 1 -- 2",
            "SELECT a FROM t WHERE a = 1 /* 2 */",
            "SELECT a FROM t WHERE a = 1e5",
            "SELECT a FROM t WHERE a = -2147483648",
            "SELECT a FROM t WHERE a = 0x1F",
            "SELECT a FROM t WHERE a = 1.2.3",
            "SELECT a FROM t WHERE a = 'b",
            "SELECT a FROM t WHERE a = \"b",
            "SELECT a FROM t WHERE a = 1 ORDER BY 2",
            "SELECT a, count(*) FROM t WHERE a = 1 GROUP BY a, 2",
            "SELECT a FROM t WHERE a = 1; SELECT 2",
            "SELECT a[1] FROM t WHERE a = 1",
            "CREATE TABLE t (a varchar(3) DEFAULT 'x')",
        ] {
            assert!(lift(text).is_none(), "{text}");
        }
    }
}
