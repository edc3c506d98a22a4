//! A LIKE pattern, taken apart once and matched without backtracking over more than one `%`.
//!
//! Between two `%` stands a piece of characters and `_`. The first piece is tied to the start of the text, the last to
//! its end, and each between them takes the leftmost place where it fits: a later place could not help the pieces after
//! it. So the time is bounded by text length times piece length.

use crate::Result;
use crate::types::data_error;

/// A pattern ready to match.
pub(super) struct LikePattern {
    pieces: Vec<Piece>,
    case_insensitive: bool,
    /// The pattern ends in its escape character. Then nothing matches, and a text that goes on behind what stands before
    /// it is an error; the pieces match just those texts.
    unfinished: bool,
}

/// What stands between two `%`.
enum Piece {
    Text(String),
    /// `None` for `_`.
    Characters(Vec<Option<char>>),
}

impl LikePattern {
    pub(super) fn new(pattern: &str, escape: Option<char>, case_insensitive: bool) -> Self {
        let mut unfinished = false;
        let mut pieces = vec![Vec::new()];
        let mut characters = pattern.chars();
        while let Some(c) = characters.next() {
            let atom = if Some(c) == escape {
                let escaped = characters.next();
                unfinished = escaped.is_none();
                escaped
            } else if c == '%' {
                pieces.push(Vec::new());
                continue;
            } else if c == '_' {
                None
            } else {
                Some(c)
            };
            let atom = if case_insensitive {
                atom.map(lower)
            } else {
                atom
            };
            if let Some(piece) = pieces.last_mut() {
                piece.push(atom);
            }
        }
        if unfinished {
            // The `None` that was put for the missing character stands for any one character; then comes a `%`.
            pieces.push(Vec::new());
        }
        Self {
            pieces: pieces.into_iter().map(Piece::new).collect(),
            case_insensitive,
            unfinished,
        }
    }

    /// Whether the pattern matches. Errors: `22025` where matching reaches an escape character at the pattern's end.
    pub(super) fn test(&self, text: &str) -> Result<bool> {
        let matches = self.matches(text);
        if self.unfinished && matches {
            return Err(data_error(
                "22025",
                "LIKE pattern must not end with escape character",
            ));
        }
        Ok(matches)
    }

    /// Whether [`LikePattern::test`] cannot fail and gives what [`LikePattern::matches`] gives.
    pub(super) fn is_finished(&self) -> bool {
        !self.unfinished
    }

    pub(super) fn matches(&self, text: &str) -> bool {
        if self.case_insensitive {
            let folded: String = text.chars().map(lower).collect();
            self.matches_folded(&folded)
        } else {
            self.matches_folded(text)
        }
    }

    fn matches_folded(&self, text: &str) -> bool {
        match &self.pieces[..] {
            [] => text.is_empty(),
            [only] => only.prefix(text) == Some(text.len()),
            [first, middle @ .., last] => {
                let Some(start) = first.prefix(text) else {
                    return false;
                };
                let mut rest = &text[start..];
                for piece in middle {
                    match piece.find(rest) {
                        Some(end) => rest = &rest[end..],
                        None => return false,
                    }
                }
                last.is_suffix(rest)
            }
        }
    }
}

impl Piece {
    fn new(atoms: Vec<Option<char>>) -> Self {
        match atoms.iter().copied().collect::<Option<String>>() {
            Some(text) => Self::Text(text),
            None => Self::Characters(atoms),
        }
    }

    /// Bytes of the prefix of `text` that the piece covers.
    fn prefix(&self, text: &str) -> Option<usize> {
        match self {
            Self::Text(piece) => text.starts_with(piece.as_str()).then_some(piece.len()),
            Self::Characters(atoms) => {
                let mut characters = text.chars();
                for atom in atoms {
                    let c = characters.next()?;
                    if atom.is_some_and(|a| a != c) {
                        return None;
                    }
                }
                Some(text.len() - characters.as_str().len())
            }
        }
    }

    /// End of the leftmost place where the piece fits.
    fn find(&self, text: &str) -> Option<usize> {
        match self {
            Self::Text(piece) => text.find(piece.as_str()).map(|at| at + piece.len()),
            Self::Characters(_) => text
                .char_indices()
                .find_map(|(at, _)| self.prefix(&text[at..]).map(|length| at + length)),
        }
    }

    fn is_suffix(&self, text: &str) -> bool {
        match self {
            Self::Text(piece) => text.ends_with(piece.as_str()),
            Self::Characters(atoms) => {
                let mut characters = text.chars();
                atoms.iter().rev().all(|atom| {
                    characters
                        .next_back()
                        .is_some_and(|c| atom.is_none_or(|a| a == c))
                })
            }
        }
    }
}

/// The lower-case character where it is a single one, as C's `towlower`.
pub(super) fn lower(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    let mut folded = c.to_lowercase();
    match (folded.next(), folded.next()) {
        (Some(single), None) => single,
        _ => c,
    }
}

/// The upper-case character where it is a single one, as C's `towupper`.
pub(super) fn upper(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_uppercase();
    }
    let mut folded = c.to_uppercase();
    match (folded.next(), folded.next()) {
        (Some(single), None) => single,
        _ => c,
    }
}
