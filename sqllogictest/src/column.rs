//! The column types that a record asks for, and how each shows a value.

use quantadb::types::Value;
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
    /// `value` as a script writes it.
    pub(crate) fn format(self, value: &Value) -> String {
        let Some(text) = value.to_text() else {
            return "NULL".to_owned();
        };
        match (self, value) {
            (Self::Integer, Value::Bool(truth)) => u8::from(*truth).to_string(),
            (Self::Integer, _) => integer(&text),
            (Self::Real, Value::Bool(truth)) => format!("{:.3}", f64::from(u8::from(*truth))),
            (Self::Real, _) => real(&text),
            (Self::Text, _) => printable(&text),
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
        kind.format(&Value::Text(text.to_owned()))
    }

    #[test]
    fn values_are_shown_by_the_type_asked_for() {
        use ColumnKind::{Integer, Real, Text};
        assert_eq!(Integer.format(&Value::Null), "NULL");
        assert_eq!(Real.format(&Value::Null), "NULL");
        assert_eq!(Integer.format(&Value::Bool(true)), "1");
        assert_eq!(Text.format(&Value::Bool(true)), "t");
        assert_eq!(Integer.format(&Value::Float8(-2.9)), "-2");
        assert_eq!(Integer.format(&Value::Float8(-0.9)), "0");
        assert_eq!(Integer.format(&Value::Float8(1e18)), "1000000000000000000");
        assert_eq!(Real.format(&Value::Int4(7)), "7.000");
        assert_eq!(Real.format(&Value::Float8(1.0 / 3.0)), "0.333");
        assert_eq!(shown(Integer, "12.7"), "12");
        assert_eq!(shown(Integer, "table tn7 row 51"), "0");
        assert_eq!(shown(Integer, "-07"), "-7");
        assert_eq!(shown(Text, ""), "(empty)");
        assert_eq!(shown(Text, "a\tb\u{7f}"), "a@b@");
        assert_eq!(shown(Text, "é"), "é");
    }
}
