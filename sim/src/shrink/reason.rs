//! Why a run fails, so that it can be said of two that they fail for the same reason.

use crate::report::Violation;
use std::fmt;

/// Words of each text that count.
const WORDS_MAX: usize = 4;

/// What stays of a violation when numbers, keys and values are taken out: when it was found, what was done, and whether
/// something else came out, an error, or a panic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason(String);

impl Reason {
    /// The reason of a violation.
    pub fn of(violation: &Violation) -> Self {
        let mismatch = &violation.mismatch;
        let doing = match first_line_words(&mismatch.doing, WORDS_MAX) {
            // Of SQL the verb: the statement may shrink.
            words if is_verb(&words) => words[..1].concat(),
            words => words.join(" "),
        };
        let found = match mismatch.found.starts_with("a panic: ") || is_error(&mismatch.found) {
            true => first_line_words(&mismatch.found, 2 * WORDS_MAX).join(" "),
            false if is_error(&mismatch.expected) => "no error".to_owned(),
            false => "something else".to_owned(),
        };
        Self(format!("{}: {doing}: {found}", violation.phase))
    }

    /// A reason as it was written.
    pub fn from_text(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a text shows an error: an SQLSTATE stands in front of its message, or is all that is known of it.
fn is_error(text: &str) -> bool {
    let mut words = text.split_whitespace();
    let is_state = |word: &str| word.len() == 5 && word.chars().all(|c| c.is_ascii_alphanumeric());
    match (words.next(), words.next()) {
        (Some("SQLSTATE"), _) => true,
        (_, Some(second)) => second.strip_suffix(':').is_some_and(is_state),
        _ => false,
    }
}

fn is_verb(words: &[String]) -> bool {
    let first = words.first().filter(|word| word.len() > 3);
    first.is_some_and(|word| word.chars().all(|c| c.is_ascii_uppercase()))
}

/// The first words without digits and outside of quotes.
fn first_line_words(text: &str, count: usize) -> Vec<String> {
    let mut outside = String::new();
    let mut quote = None;
    for c in text.lines().next().unwrap_or_default().chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '`') => quote = Some(c),
            (None, c) => outside.push(c),
        }
    }
    let is_word = |word: &&str| !word.is_empty() && !word.chars().any(|c| c.is_ascii_digit());
    let words = outside.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '-');
    words
        .filter(is_word)
        .take(count)
        .map(str::to_owned)
        .collect()
}
