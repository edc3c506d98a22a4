//! The column types that a record asks for, and how each shows a value.

use sqllogictest::ColumnType;
use std::borrow::Cow;
use std::fmt::Write;

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
pub(crate) enum Cell<'a> {
    Null,
    Truth(bool),
    Whole(i64),
    Number(f64),
    /// Any other, as PostgreSQL's text.
    Text(Cow<'a, str>),
}

impl ColumnKind {
    /// Writes a value as a script does. A text of any length is a line that is not empty.
    pub(crate) fn write(self, cell: Cell<'_>, out: &mut String) {
        match (self, cell) {
            (_, Cell::Null) => out.push_str("NULL"),
            (Self::Text, Cell::Truth(truth)) => out.push(if truth { 't' } else { 'f' }),
            (Self::Text, Cell::Text(text)) => printable(&text, out),
            (Self::Integer, Cell::Text(text)) => integer(&text, out),
            (Self::Real, Cell::Text(text)) => real(&text, out),
            (kind, Cell::Truth(truth)) => kind.write(Cell::Whole(truth.into()), out),
            (Self::Real, Cell::Whole(number)) => thousandths(number as f64, out),
            (_, Cell::Whole(number)) => out.push_str(itoa::Buffer::new().format(number)),
            (Self::Real, Cell::Number(number)) if number.is_finite() => thousandths(number, out),
            (Self::Integer, Cell::Number(number)) if number.is_finite() => whole(number, out),
            (kind, Cell::Number(number)) => kind.write(Cell::Text(float_text(number).into()), out),
        }
    }
}

fn written(out: &mut String, what: std::fmt::Arguments<'_>) {
    // A text takes what is written.
    let _ = out.write_fmt(what);
}

/// With three digits behind the point, as C's `printf` rounds: to the nearest of what the number is to the last bit.
fn thousandths(number: f64, out: &mut String) {
    let scaled = number * 1000.0;
    // So far the product is off by less than a millionth: only in the middle between two could that decide.
    let is_clear = scaled.abs() < 1e9 && (scaled.abs().fract() - 0.5).abs() > 1e-6;
    let rounded = scaled.round() as i64;
    if !is_clear || rounded == 0 {
        return written(out, format_args!("{number:.3}"));
    }
    if rounded < 0 {
        out.push('-');
    }
    let mut digits = itoa::Buffer::new();
    out.push_str(digits.format(rounded.unsigned_abs() / 1000));
    let behind = rounded.unsigned_abs() % 1000;
    out.push('.');
    for place in [100, 10, 1] {
        out.push(char::from(b'0' + (behind / place % 10) as u8));
    }
}

/// Cut off behind the point. With nothing added, minus zero would show its sign.
fn whole(number: f64, out: &mut String) {
    written(out, format_args!("{:.0}", number.trunc() + 0.0));
}

fn float_text(number: f64) -> String {
    quantadb::types::Value::Float8(number).to_string()
}

/// The integer at the start of a text, as C's `atoi` reads it. Texts of floats beyond 15 digits have an exponent, so
/// they go through the number.
fn integer(text: &str, out: &mut String) {
    if text.contains(['e', 'E'])
        && let Ok(number) = text.parse::<f64>()
    {
        return whole(number, out);
    }
    let digits = text.strip_prefix('-').unwrap_or(text);
    let end = digits
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(digits.len());
    let digits = match digits[..end].trim_start_matches('0') {
        "" => return out.push('0'),
        digits => digits,
    };
    if text.starts_with('-') {
        out.push('-');
    }
    out.push_str(digits);
}

fn real(text: &str, out: &mut String) {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => thousandths(number, out),
        Ok(_) => out.push_str(text),
        Err(_) => out.push_str("0.000"),
    }
}

/// A text of one line that is not empty.
fn printable(text: &str, out: &mut String) {
    match text {
        "" => out.push_str("(empty)"),
        text if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) => out.push_str(text),
        text => out.extend(text.chars().map(|c| if c.is_control() { '@' } else { c })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(kind: ColumnKind, cell: Cell<'_>) -> String {
        let mut out = String::new();
        kind.write(cell, &mut out);
        out
    }

    fn shown(kind: ColumnKind, text: &str) -> String {
        format(kind, Cell::Text(text.into()))
    }

    #[test]
    fn thousandths_are_those_of_the_standard_library() {
        let near = (-5000..5000).flat_map(|n| {
            let half = f64::from(n) / 2000.0;
            [
                half,
                half.next_up(),
                half.next_down(),
                half * 1e5 + 0.001,
                half * 1e9,
            ]
        });
        for number in near.chain([0.0, -0.0, 1e-300, -4e-4, -6e-4, 999_999.999_5, 1e300]) {
            let text = format(ColumnKind::Real, Cell::Number(number));
            assert_eq!(text, format!("{number:.3}"), "{number:e}");
        }
    }

    #[test]
    fn values_are_shown_by_the_type_asked_for() {
        use ColumnKind::{Integer, Real, Text};
        assert_eq!(format(Integer, Cell::Null), "NULL");
        assert_eq!(format(Integer, Cell::Truth(true)), "1");
        assert_eq!(format(Real, Cell::Truth(false)), "0.000");
        assert_eq!(format(Text, Cell::Truth(true)), "t");
        assert_eq!(format(Integer, Cell::Whole(-7)), "-7");
        assert_eq!(format(Real, Cell::Whole(7)), "7.000");
        assert_eq!(format(Integer, Cell::Number(-0.9)), "0");
        assert_eq!(format(Integer, Cell::Number(1e18)), "1000000000000000000");
        assert_eq!(format(Integer, Cell::Number(f64::NAN)), "0");
        assert_eq!(format(Real, Cell::Number(1.0 / 3.0)), "0.333");
        assert_eq!(format(Real, Cell::Number(f64::INFINITY)), "Infinity");
        assert_eq!(format(Text, Cell::Number(0.5)), "0.5");
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
