//! A compiled expression, and where it matches.

use super::syntax::{invalid, translate};
use crate::types::data_error;
use crate::{Error, ErrorKind, Result};
use regex_automata::meta::{Config, Regex};
use regex_automata::util::captures::Captures;
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input, MatchKind};
use std::ops::Range;

/// Bytes that a compiled expression may take.
const SIZE_MAX: usize = 4 << 20;
/// Nesting that an expression may have.
const DEPTH_MAX: u32 = 200;

/// The letters that say how an expression is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Flags {
    pub(in super::super) ignores_case: bool,
    /// `g`: all matches, not the first.
    pub(in super::super) is_global: bool,
    /// `n`: a newline is no character for `.` and `[^…]`, and `^` and `$` match beside it.
    pub(super) is_by_line: bool,
    pub(super) is_expanded: bool,
    pub(super) is_literal: bool,
}

impl Flags {
    /// The flags of those letters. Errors: `22023` for another one.
    pub(in super::super) fn parse(letters: &str) -> Result<Self> {
        let mut flags = Self::default();
        for letter in letters.chars() {
            if matches!(letter, 'p' | 'w') {
                return Err(Error::unsupported(format!(
                    "the regular expression option \"{letter}\""
                )));
            }
            if !flags.set(letter) {
                let message = format!("invalid regular expression option: \"{letter}\"");
                return Err(data_error("22023", message));
            }
        }
        Ok(flags)
    }

    /// Takes in one letter; whether there is such a flag.
    pub(super) fn set(&mut self, letter: char) -> bool {
        match letter {
            'g' => self.is_global = true,
            'i' => self.ignores_case = true,
            'c' => self.ignores_case = false,
            'n' | 'm' => self.is_by_line = true,
            's' => self.is_by_line = false,
            'x' => self.is_expanded = true,
            't' => self.is_expanded = false,
            'q' => self.is_literal = true,
            'e' => {}
            _ => return false,
        }
        true
    }
}

/// A compiled expression.
pub(in super::super) struct Pattern {
    /// Finds where the leftmost match begins.
    first: Regex,
    /// Finds all matches that begin at a place.
    all: Regex,
    is_shortest: bool,
}

impl Pattern {
    /// Errors: `2201B` for what is no expression or too large a one, `0A000` for what cannot be matched in linear time.
    pub(in super::super) fn new(pattern: &str, flags: Flags) -> Result<Self> {
        let mut flags = flags;
        let translated = translate(pattern, &mut flags)?;
        let syntax = syntax::Config::new()
            .case_insensitive(flags.ignores_case)
            .multi_line(flags.is_by_line)
            .dot_matches_new_line(!flags.is_by_line)
            .nest_limit(DEPTH_MAX);
        let build = |kind| {
            let config = Config::new()
                .match_kind(kind)
                .nfa_size_limit(Some(SIZE_MAX));
            Regex::builder()
                .configure(config)
                .syntax(syntax)
                .build(&translated.text)
                .map_err(|error| match error.size_limit() {
                    Some(_) => too_large(),
                    None => invalid(&told(&error)),
                })
        };
        Ok(Self {
            first: build(MatchKind::LeftmostFirst)?,
            all: build(MatchKind::All)?,
            is_shortest: translated.is_shortest,
        })
    }

    /// Whether it matches anywhere.
    pub(in super::super) fn is_match(&self, text: &str) -> bool {
        self.first.is_match(text)
    }

    /// How many groups it has.
    pub(in super::super) fn groups(&self) -> usize {
        self.first.captures_len() - 1
    }

    /// The first match that begins at byte `from` or later: the whole, then its groups.
    pub(in super::super) fn find(
        &self,
        text: &str,
        from: usize,
    ) -> Option<Vec<Option<Range<usize>>>> {
        let begins = self.first.find(Input::new(text).range(from..))?.start();
        let here = Input::new(text).range(begins..).anchored(Anchored::Yes);
        let mut groups = self.all.create_captures();
        self.all
            .captures(here.earliest(self.is_shortest), &mut groups);
        let places = |groups: &Captures| {
            let places = (0..groups.group_len()).map(|i| groups.get_group(i));
            places.map(|g| g.map(|span| span.range())).collect()
        };
        Some(places(&groups))
    }

    /// What the first group of the whole text's match is, or without groups the whole; quantifiers and alternatives are taken
    /// in the order of Perl.
    pub(in super::super) fn part_of_whole(&self, text: &str) -> Option<Range<usize>> {
        let mut groups = self.first.create_captures();
        self.first.captures(text, &mut groups);
        groups
            .get_group(self.groups().min(1))
            .map(|span| span.range())
    }

    /// All matches from byte `from` on, none of which overlap.
    pub(in super::super) fn find_all<'a>(
        &'a self,
        text: &'a str,
        from: usize,
    ) -> impl Iterator<Item = Vec<Option<Range<usize>>>> + 'a {
        let mut next = Some(from);
        std::iter::from_fn(move || {
            let found = self.find(text, next?)?;
            let whole = found.first().cloned().flatten()?;
            // Behind an empty match the search goes on with the next character.
            next = match whole.is_empty() {
                false => Some(whole.end),
                true => text[whole.end..]
                    .chars()
                    .next()
                    .map(|c| whole.end + c.len_utf8()),
            };
            Some(found)
        })
    }
}

/// SQLSTATE `2201B`.
fn too_large() -> Error {
    Error::new(
        ErrorKind::Data,
        "2201B",
        "invalid regular expression: regular expression is too complex",
    )
}

/// What is wrong, in PostgreSQL's words where it has some.
fn told(error: &regex_automata::meta::BuildError) -> String {
    let text = match error.syntax_error() {
        Some(error) => error.to_string(),
        None => error.to_string(),
    };
    if text.contains("invalid character class range") {
        "invalid character range".to_owned()
    } else {
        text.lines()
            .last()
            .unwrap_or_default()
            .trim_start_matches("error: ")
            .to_owned()
    }
}
