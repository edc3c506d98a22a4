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

/// A value as an engine gives it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell {
    Null,
    Truth(bool),
    Whole(i64),
    Number(f64),
    /// Any other, as PostgreSQL's text.
    Text(String),
}

impl ColumnKind {
    /// A value as a script writes it.
    pub(crate) fn format(self, cell: Cell) -> String {
        match (self, cell) {
            (_, Cell::Null) => "NULL".to_owned(),
            (Self::Integer, Cell::Truth(truth)) => u8::from(truth).to_string(),
            (Self::Real, Cell::Truth(truth)) => format!("{:.3}", f64::from(truth)),
            (Self::Text, Cell::Truth(truth)) => if truth { "t" } else { "f" }.to_owned(),
            (Self::Integer | Self::Text, Cell::Whole(number)) => number.to_string(),
            (Self::Real, Cell::Whole(number)) => format!("{:.3}", number as f64),
            (Self::Real, Cell::Number(number)) if number.is_finite() => format!("{number:.3}"),
            // With nothing added, minus zero would show its sign.
            (Self::Integer, Cell::Number(number)) if number.is_finite() => {
                format!("{:.0}", number.trunc() + 0.0)
            }
            (_, Cell::Number(number)) => self.format(Cell::Text(float_text(number))),
            (Self::Integer, Cell::Text(text)) => integer(&text),
            (Self::Real, Cell::Text(text)) => real(&text),
            (Self::Text, Cell::Text(text)) => printable(text),
        }
    }
}

fn float_text(number: f64) -> String {
    quantadb::types::Value::Float8(number).to_string()
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
fn printable(text: String) -> String {
    if text.is_empty() {
        return "(empty)".to_owned();
    }
    if !text.contains(char::is_control) {
        return text;
    }
    let shown = |c: char| if c.is_control() { '@' } else { c };
    text.chars().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(kind: ColumnKind, text: &str) -> String {
        kind.format(Cell::Text(text.to_owned()))
    }

    #[test]
    fn values_are_shown_by_the_type_asked_for() {
        use ColumnKind::{Integer, Real, Text};
        assert_eq!(Integer.format(Cell::Null), "NULL");
        assert_eq!(Integer.format(Cell::Truth(true)), "1");
        assert_eq!(Real.format(Cell::Truth(false)), "0.000");
        assert_eq!(Text.format(Cell::Truth(true)), "t");
        assert_eq!(Integer.format(Cell::Whole(-7)), "-7");
        assert_eq!(Real.format(Cell::Whole(7)), "7.000");
        assert_eq!(Integer.format(Cell::Number(-0.9)), "0");
        assert_eq!(Integer.format(Cell::Number(1e18)), "1000000000000000000");
        assert_eq!(Integer.format(Cell::Number(f64::NAN)), "0");
        assert_eq!(Real.format(Cell::Number(1.0 / 3.0)), "0.333");
        assert_eq!(Real.format(Cell::Number(f64::INFINITY)), "Infinity");
        assert_eq!(Text.format(Cell::Number(0.5)), "0.5");
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
