//! The column types that a record asks for, and how each shows a value.

use sqllogictest::ColumnType;

/// A letter of a record's type string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ColumnKind {
    /// `I`: as an integer, cut off behind the point.
    Integer,
    /// `R`: with three digits behind the point.
    Real,
    /// `T`, and any other letter: PostgreSQL's text.
    Text,
}

impl ColumnType for ColumnKind {
    fn from_char(letter: char) -> Option<Self> {
        match letter {
            'I' => Some(Self::Integer),
            'R' => Some(Self::Real),
            'T' => Some(Self::Text),
            _ => None,
        }
    }

    fn to_char(&self) -> char {
        match self {
            Self::Integer => 'I',
            Self::Real => 'R',
            Self::Text => 'T',
        }
    }
}

impl ColumnKind {
    /// A value as a script writes it; `text` is PostgreSQL's text of it, nothing for NULL.
    pub(crate) fn format(self, text: Option<&str>, is_boolean: bool) -> String {
        let Some(text) = text else {
            return "NULL".to_owned();
        };
        let truth = is_boolean.then(|| u8::from(text == "t"));
        match (self, truth) {
            (Self::Integer, Some(truth)) => truth.to_string(),
            (Self::Integer, None) => integer(text),
            (Self::Real, Some(truth)) => format!("{:.3}", f64::from(truth)),
            (Self::Real, None) => real(text),
            (Self::Text, _) => printable(text),
        }
    }
}

/// The integer at the start of a text, as C's `atoi` reads it. Texts of floats beyond 15 digits have an exponent, so
/// they go through the number.
fn integer(text: &str) -> String {
    if text.contains(['e', 'E'])
        && let Ok(number) = text.parse::<f64>()
    {
        return format!("{:.0}", number.trunc());
    }
    let digits = text.strip_prefix('-').unwrap_or(text);
    let end = digits
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(digits.len());
    let digits = match digits[..end].trim_start_matches('0') {
        "" => return "0".to_owned(),
        digits => digits,
    };
    match text.starts_with('-') {
        true => format!("-{digits}"),
        false => digits.to_owned(),
    }
}

fn real(text: &str) -> String {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => format!("{number:.3}"),
        Ok(_) => text.to_owned(),
        Err(_) => "0.000".to_owned(),
    }
}

/// A text of one line that is not empty.
fn printable(text: &str) -> String {
    match text {
        "" => "(empty)".to_owned(),
        text => text
            .chars()
            .map(|c| if c.is_control() { '@' } else { c })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(kind: ColumnKind, text: &str) -> String {
        kind.format(Some(text), false)
    }

    #[test]
    fn values_are_shown_by_the_type_asked_for() {
        use ColumnKind::{Integer, Real, Text};
        assert_eq!(Integer.format(None, false), "NULL");
        assert_eq!(Real.format(None, true), "NULL");
        assert_eq!(Integer.format(Some("t"), true), "1");
        assert_eq!(Real.format(Some("f"), true), "0.000");
        assert_eq!(Text.format(Some("t"), true), "t");
        assert_eq!(shown(Integer, "t"), "0");
        assert_eq!(shown(Integer, "-2.9"), "-2");
        assert_eq!(shown(Integer, "-0.9"), "0");
        assert_eq!(shown(Integer, "1e+18"), "1000000000000000000");
        assert_eq!(shown(Real, "7"), "7.000");
        assert_eq!(shown(Real, "0.3333333333333333"), "0.333");
        assert_eq!(shown(Integer, "12.7"), "12");
        assert_eq!(shown(Integer, "table tn7 row 51"), "0");
        assert_eq!(shown(Integer, "-07"), "-7");
        assert_eq!(shown(Text, ""), "(empty)");
        assert_eq!(shown(Text, "a\tb\u{7f}"), "a@b@");
        assert_eq!(shown(Text, "é"), "é");
    }
}
