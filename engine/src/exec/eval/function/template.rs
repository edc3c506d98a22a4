//! Templates of `to_char` and its like: patterns, and the text between them.

/// A piece of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// A pattern as it is spelled in the table, what stands around it, and an ordinal's ending in upper or lower case.
    Pattern {
        name: &'static str,
        /// `FM`: no padding.
        fill: bool,
        /// `TH`, `th`.
        ordinal: Option<bool>,
    },
    /// A character that stands for itself.
    Text(char),
}

/// The pieces of `template`; at each place the longest of `patterns` is taken. With `affixes`, `FM` before a pattern and
/// `TH` behind it belong to it.
pub(super) fn pieces(template: &str, patterns: &[&'static str], affixes: bool) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = template;
    while !rest.is_empty() {
        let mut fill = false;
        if affixes {
            loop {
                match rest.get(..2) {
                    Some("FM" | "fm") => fill = true,
                    // Translated names are those of the C locale here.
                    Some("TM" | "tm") => {}
                    _ => break,
                }
                rest = &rest[2..];
            }
        }
        let found = patterns.iter().filter(|p| rest.starts_with(**p));
        if let Some(name) = found.max_by_key(|p| p.len()) {
            rest = &rest[name.len()..];
            let ordinal = match rest.get(..2) {
                Some("TH") if affixes => Some(true),
                Some("th") if affixes => Some(false),
                _ => None,
            };
            if ordinal.is_some() {
                rest = &rest[2..];
            }
            if affixes && matches!(rest.get(..2), Some("SP" | "sp")) {
                rest = &rest[2..];
            }
            pieces.push(Piece::Pattern {
                name,
                fill,
                ordinal,
            });
        } else if let Some(quoted) = rest.strip_prefix('"') {
            let mut characters = quoted.char_indices();
            let mut end = quoted.len();
            while let Some((at, c)) = characters.next() {
                match c {
                    '"' => {
                        end = at + 1;
                        break;
                    }
                    '\\' => pieces.extend(characters.next().map(|(_, c)| Piece::Text(c))),
                    c => pieces.push(Piece::Text(c)),
                }
            }
            rest = &quoted[end..];
        } else {
            rest = rest
                .strip_prefix('\\')
                .filter(|r| r.starts_with('"'))
                .unwrap_or(rest);
            let mut characters = rest.chars();
            pieces.extend(characters.next().map(Piece::Text));
            rest = characters.as_str();
        }
    }
    pieces
}

/// `st`, `nd`, `rd`, `th` for a number's digits.
pub(super) fn ordinal(digits: &str, upper: bool) -> &'static str {
    let tens = digits.len() >= 2 && digits.as_bytes()[digits.len() - 2] == b'1';
    let ending = match digits.as_bytes().last() {
        Some(b'1') if !tens => ("ST", "st"),
        Some(b'2') if !tens => ("ND", "nd"),
        Some(b'3') if !tens => ("RD", "rd"),
        _ => ("TH", "th"),
    };
    if upper { ending.0 } else { ending.1 }
}

/// A number in Roman digits, in upper case; `None` beyond 1 to 3999.
pub(super) fn roman(number: i64) -> Option<String> {
    const DIGITS: [(i64, &str); 13] = [
        (1000, "M"),
        (900, "CM"),
        (500, "D"),
        (400, "CD"),
        (100, "C"),
        (90, "XC"),
        (50, "L"),
        (40, "XL"),
        (10, "X"),
        (9, "IX"),
        (5, "V"),
        (4, "IV"),
        (1, "I"),
    ];
    if !(1..4000).contains(&number) {
        return None;
    }
    let mut rest = number;
    let mut text = String::new();
    for (value, digit) in DIGITS {
        while rest >= value {
            text.push_str(digit);
            rest -= value;
        }
    }
    Some(text)
}
