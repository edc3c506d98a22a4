//! `to_char` of numbers.
//!
//! The digits are walked through beside the template, as PostgreSQL's formatting.c does: a pattern for a digit writes
//! the next one, or a blank where the number has not begun.

use super::super::operand::Operand;
use super::dispatch::Arguments;
use super::template::{Piece, ordinal, pieces, roman};
use crate::types::array::value_at;
use crate::types::{Decimal, SqlType, Value, data_error};
use crate::{Error, ErrorKind, Result};

const PATTERNS: [&str; 30] = [
    ",", ".", "0", "9", "B", "D", "EEEE", "FM", "G", "L", "MI", "PL", "PR", "RN", "SG", "S", "TH",
    "V", "b", "d", "eeee", "fm", "g", "l", "mi", "pl", "pr", "sg", "s", "v",
];
/// Those of which upper and lower case differ.
const LOWER: [&str; 2] = ["rn", "th"];
static ALL: [&str; 32] = {
    let mut all = [""; 32];
    let mut i = 0;
    while i < 30 {
        all[i] = PATTERNS[i];
        i += 1;
    }
    all[30] = LOWER[0];
    all[31] = LOWER[1];
    all
};

/// What a template asks for.
#[derive(Clone, Debug, Default)]
struct Shape {
    pieces: Vec<Piece>,
    /// Digits before and behind the point, and those by which `V` moves it.
    before: usize,
    behind: usize,
    moved: usize,
    point: bool,
    multiply: bool,
    fill: bool,
    /// The first `0`, counted in digits before the point, and the end of the last one, counted in all digits.
    zero_start: Option<usize>,
    zero_end: usize,
    sign: Sign,
    scientific: bool,
    roman: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Sign {
    /// Before the number, as it is.
    #[default]
    Plain,
    /// `S` before or behind the digits.
    Anchored { before: bool },
    /// `MI`, `PL`, `SG`: written where the pattern is; only for `PL` alone a minus is written besides.
    Apart { only_plus: bool },
    /// `PR`
    Angles,
}

fn syntax(message: &str) -> Error {
    Error::new(ErrorKind::Sql, "42601", message)
}

impl Shape {
    fn new(template: &str) -> Result<Self> {
        let mut shape = Self {
            pieces: pieces(template, &ALL, false),
            ..Self::default()
        };
        let mut anchor = None;
        for at in 0..shape.pieces.len() {
            if let Piece::Pattern { name, .. } = shape.pieces[at] {
                shape.add(name, &mut anchor)?;
            }
        }
        if let (Sign::Anchored { before: true }, Some(at)) = (shape.sign, anchor)
            && at == shape.before
        {
            shape.sign = Sign::Anchored { before: false };
        }
        Ok(shape)
    }

    fn add(&mut self, name: &str, anchor: &mut Option<usize>) -> Result<()> {
        let name = name.to_ascii_uppercase();
        if self.scientific && name != "EEEE" {
            return Err(syntax("\"EEEE\" must be the last pattern used"));
        }
        match name.as_str() {
            "9" | "0" => {
                if self.sign == Sign::Angles {
                    return Err(syntax(&format!("\"{name}\" must be ahead of \"PR\"")));
                }
                if self.multiply && name == "9" {
                    self.moved += 1;
                    return Ok(());
                }
                if name == "0" && self.zero_start.is_none() && !self.point {
                    self.zero_start = Some(self.before);
                }
                if self.point {
                    self.behind += 1;
                } else {
                    self.before += 1;
                }
                if name == "0" {
                    self.zero_end = self.before + self.behind;
                }
            }
            "." | "D" if self.point => return Err(syntax("multiple decimal points")),
            "." | "D" if self.multiply => {
                return Err(syntax("cannot use \"V\" and decimal point together"));
            }
            "V" if self.point => {
                return Err(syntax("cannot use \"V\" and decimal point together"));
            }
            "." | "D" => self.point = true,
            "V" => self.multiply = true,
            "FM" => self.fill = true,
            "S" | "MI" | "PL" | "SG" | "PR" => return self.add_sign(&name, anchor),
            "RN" => self.roman = true,
            "EEEE" if self.scientific => return Err(syntax("cannot use \"EEEE\" twice")),
            "EEEE" => {
                if self.fill || self.multiply || self.roman || self.sign != Sign::Plain {
                    return Err(syntax("\"EEEE\" is incompatible with other formats"));
                }
                self.scientific = true;
            }
            _ => {}
        }
        Ok(())
    }

    fn add_sign(&mut self, name: &str, anchor: &mut Option<usize>) -> Result<()> {
        let together = "cannot use \"S\" and \"PL\"/\"MI\"/\"SG\"/\"PR\" together";
        match name {
            "S" => match self.sign {
                Sign::Anchored { .. } => return Err(syntax("cannot use \"S\" twice")),
                Sign::Apart { .. } | Sign::Angles => return Err(syntax(together)),
                Sign::Plain => {
                    *anchor = Some(self.before);
                    self.sign = Sign::Anchored {
                        before: !self.point,
                    };
                }
            },
            "MI" | "PL" | "SG" => match self.sign {
                Sign::Anchored { .. } => return Err(syntax(together)),
                Sign::Apart { only_plus } => {
                    let only_plus = only_plus && name == "PL";
                    self.sign = Sign::Apart { only_plus };
                }
                _ => {
                    let only_plus = name == "PL";
                    self.sign = Sign::Apart { only_plus };
                }
            },
            "PR" => match self.sign {
                Sign::Plain => self.sign = Sign::Angles,
                _ => {
                    let message = "cannot use \"PR\" and \"S\"/\"PL\"/\"MI\"/\"SG\" together";
                    return Err(syntax(message));
                }
            },
            _ => {}
        }
        Ok(())
    }
}

/// `to_char(number, template)`. Errors: `42601` for patterns that do not go together, `0A000` for a NaN or infinity.
pub(super) fn to_char(arguments: &Arguments) -> Result<Operand> {
    let sql_type = arguments.sql_type(0);
    let operand = arguments.get(0)?;
    let mut known: Option<(String, Shape)> = None;
    arguments.write_text(|row, text| {
        let template = arguments.text(1, row)?;
        if known.as_ref().is_none_or(|(t, _)| t != template) {
            known = Some((template.to_owned(), Shape::new(template)?));
        }
        let Some((_, shape)) = &known else {
            return Ok(());
        };
        let value = value_at(&operand.array, operand.at(row), sql_type);
        text.push_str(&written(shape, &value)?);
        Ok(())
    })
}

fn written(shape: &Shape, value: &Value) -> Result<String> {
    let finite = match value {
        Value::Float4(v) => v.is_finite(),
        Value::Float8(v) => v.is_finite(),
        _ => true,
    };
    if !finite {
        return Err(Error::unsupported("to_char of what is no finite number"));
    }
    let number = match value {
        Value::Numeric(v) => Decimal::from(v),
        Value::Float8(v) => Decimal::parse(&v.to_string())?,
        Value::Float4(v) => Decimal::parse(&v.to_string())?,
        other => Decimal::parse(&other.to_string())?,
    };
    if shape.scientific {
        return Ok(match value {
            Value::Numeric(_) => scientific(&number, shape.behind),
            _ => binary_scientific(number.to_f64()?, shape.behind),
        });
    }
    if shape.roman {
        let rounded = number.round(0).to_string();
        let digits = rounded.parse().ok().and_then(roman);
        return Ok(of_roman(shape, digits.unwrap_or_else(|| "#".repeat(15))));
    }
    let moved = i32::try_from(shape.moved).unwrap_or(i32::MAX).min(1000);
    let number = match shape.multiply {
        true => number.multiply(&Decimal::parse(&format!("1e{moved}"))?)?,
        false => number,
    };
    let behind = match value {
        Value::Float8(_) => digits_behind(&number, shape.behind, 15),
        Value::Float4(_) => digits_behind(&number, shape.behind, 6),
        _ => shape.behind,
    };
    let before = shape.before + if shape.multiply { shape.moved } else { 0 };
    let rounded = rounded(value, &number, shape, behind);
    let (negative, digits) = match rounded.strip_prefix('-') {
        Some(digits) => (true, digits.to_owned()),
        None => (false, rounded),
    };
    let whole = digits.find('.').unwrap_or(digits.len());
    let digits = match whole > before {
        true => format!("{}.{}", "#".repeat(before), "#".repeat(shape.behind)),
        false => digits,
    };
    let writer = Writer {
        shape,
        negative,
        digits: digits.as_bytes(),
        at: 0,
        blanks: before.saturating_sub(whole),
        count: before + behind,
        column: 0,
        sign_written: false,
        begun: false,
        last: None,
        text: String::new(),
    };
    Ok(writer.run())
}

/// The number with so many digits behind the point.
fn rounded(value: &Value, number: &Decimal, shape: &Shape, behind: usize) -> String {
    match value {
        // A float is written from its binary value.
        Value::Float8(v) if !shape.multiply => format!("{v:.behind$}"),
        Value::Float4(v) if !shape.multiply => format!("{:.behind$}", f64::from(*v)),
        _ => {
            let scale = i32::try_from(behind).unwrap_or(i32::MAX);
            let rounded = number.round(scale).to_string();
            let missing = behind.saturating_sub(rounded.split_once('.').map_or(0, |p| p.1.len()));
            let point = if missing > 0 && !rounded.contains('.') {
                "."
            } else {
                ""
            };
            rounded + point + &"0".repeat(missing)
        }
    }
}

/// A float has only so many digits.
fn digits_behind(number: &Decimal, wanted: usize, digits: usize) -> usize {
    let whole = number.round(0).to_string();
    let whole = whole.trim_start_matches('-').len();
    wanted.min(digits.saturating_sub(whole))
}

/// ` 1.23e+04` of a number whose binary value counts.
fn binary_scientific(number: f64, behind: usize) -> String {
    let text = format!("{number:.behind$e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let space = if number.is_sign_negative() { "" } else { " " };
    let direction = if exponent < 0 { '-' } else { '+' };
    format!("{space}{digits}e{direction}{:02}", exponent.abs())
}

/// ` 1.23e+04`
fn scientific(number: &Decimal, behind: usize) -> String {
    let text = number.to_string();
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest.to_owned()),
        None => (false, text),
    };
    let point = text.find('.').unwrap_or(text.len());
    let digits: String = text.chars().filter(|c| *c != '.').collect();
    let first = digits.find(|c| c != '0');
    let mut exponent = first.map_or(0, |first| point as i64 - first as i64 - 1);
    let significant = first.map_or("0", |first| &digits[first..]);
    // Half away from zero, which may carry into another digit.
    let kept: String = format!("{significant:0<width$}", width = behind + 2);
    let (head, tail) = kept.split_at(behind + 1);
    let mut head: Vec<u8> = head.bytes().collect();
    if tail.as_bytes()[0] >= b'5' {
        let mut at = head.len();
        loop {
            if at == 0 {
                head.insert(0, b'1');
                head.pop();
                exponent += 1;
                break;
            }
            at -= 1;
            if head[at] == b'9' {
                head[at] = b'0';
            } else {
                head[at] += 1;
                break;
            }
        }
    }
    let head: String = head.into_iter().map(char::from).collect();
    let (whole, fraction) = head.split_at(1);
    let point = if fraction.is_empty() { "" } else { "." };
    let sign = if negative { '-' } else { ' ' };
    let direction = if exponent < 0 { '-' } else { '+' };
    format!(
        "{sign}{whole}{point}{fraction}e{direction}{:02}",
        exponent.abs()
    )
}

fn of_roman(shape: &Shape, digits: String) -> String {
    let mut text = String::new();
    for piece in &shape.pieces {
        match piece {
            Piece::Pattern { name: "RN", .. } if shape.fill => text += &digits,
            Piece::Pattern { name: "RN", .. } => text += &format!("{digits:>15}"),
            Piece::Pattern { name: "rn", .. } if shape.fill => text += &digits.to_lowercase(),
            Piece::Pattern { name: "rn", .. } => {
                text += &format!("{:>15}", digits.to_lowercase());
            }
            Piece::Pattern { .. } => {}
            Piece::Text(c) => text.push(*c),
        }
    }
    text
}

/// Goes through the template and the digits.
struct Writer<'a> {
    shape: &'a Shape,
    negative: bool,
    digits: &'a [u8],
    /// The next digit.
    at: usize,
    /// Places for digits that the number does not have.
    blanks: usize,
    /// Places for digits.
    count: usize,
    /// Patterns of digits and points so far.
    column: usize,
    sign_written: bool,
    /// A digit was just written.
    begun: bool,
    /// With FM, the last digit that is written.
    last: Option<usize>,
    text: String,
}

impl Writer<'_> {
    fn run(mut self) -> String {
        let fill = self.shape.fill;
        match self.shape.sign {
            Sign::Apart { only_plus } => self.sign_written = !only_plus,
            Sign::Anchored { .. } => {}
            _ => self.sign_written = !self.negative && fill && self.shape.sign == Sign::Plain,
        }
        if self.shape.sign == Sign::Angles && !self.negative && fill {
            self.sign_written = true;
        }
        if fill && self.shape.point {
            self.last = self.last_relevant();
        }
        for piece in &self.shape.pieces {
            match piece {
                Piece::Text(c) => self.text.push(*c),
                Piece::Pattern { name, .. } => self.pattern(name),
            }
        }
        self.text
    }

    fn last_relevant(&self) -> Option<usize> {
        let point = self.digits.iter().position(|d| *d == b'.')?;
        let digits = self.digits.iter().rposition(|d| *d != b'0')?;
        let mut last = digits.max(point);
        let end = self.shape.zero_end;
        if end > self.blanks {
            last = last.max((self.digits.len() - 1).min(end - self.blanks));
        }
        Some(last)
    }

    fn pattern(&mut self, name: &str) {
        let fill = self.shape.fill;
        let blank = |text: &mut String| {
            if !fill {
                text.push(' ');
            }
        };
        match name.to_ascii_uppercase().as_str() {
            "9" | "0" | "." | "D" => self.place(name == "0"),
            "," | "G" => match self.begun {
                true => self.text.push(','),
                false => blank(&mut self.text),
            },
            "L" => self.text.push(' '),
            "TH" => {
                let is_number = self.digits.first() != Some(&b'#');
                if is_number && !self.negative && !self.shape.point {
                    let digits = String::from_utf8_lossy(self.digits);
                    self.text.push_str(ordinal(&digits, name == "TH"));
                }
            }
            "MI" if self.negative => self.text.push('-'),
            "PL" if !self.negative => self.text.push('+'),
            "MI" | "PL" => blank(&mut self.text),
            "SG" => self.text.push(if self.negative { '-' } else { '+' }),
            _ => {}
        }
    }

    /// `9.9` writes ` .1` for a number that begins with a zero.
    fn drops_zero(&self) -> bool {
        self.shape.zero_start.is_none()
            && self.at == 0
            && self.digits.first() == Some(&b'0')
            && self.shape.behind != 0
    }

    fn ends_at_point(&self) -> bool {
        self.last.is_some_and(|last| self.digits[last] == b'.')
    }

    fn write_sign(&mut self) {
        self.sign_written = true;
        match (self.shape.sign, self.negative) {
            (Sign::Anchored { before: true }, true) => self.text.push('-'),
            (Sign::Anchored { before: true }, false) => self.text.push('+'),
            (Sign::Anchored { before: false }, _) => self.sign_written = false,
            (Sign::Angles, true) => self.text.push('<'),
            (Sign::Angles, false) => self.text.push(' '),
            (_, true) => self.text.push('-'),
            (_, false) if self.shape.fill => {}
            (_, false) => self.text.push(' '),
        }
    }

    /// A place for a digit or the point.
    fn place(&mut self, is_zero: bool) {
        self.begun = false;
        let zero_start = self.shape.zero_start;
        let due = self.column >= self.blanks || zero_start == Some(self.column);
        if !self.sign_written && due && (!self.drops_zero() || self.ends_at_point()) {
            self.write_sign();
        }
        if self.column < self.blanks {
            if zero_start.is_some_and(|start| start <= self.column) {
                self.text.push('0');
                self.begun = true;
            } else if !self.shape.fill {
                self.text.push(' ');
            }
        } else {
            self.digit(is_zero);
        }
        let point = usize::from(self.shape.point);
        if self.column + 1 == self.count + point {
            match (self.shape.sign, self.negative) {
                (Sign::Angles, true) if self.sign_written => self.text.push('>'),
                (Sign::Angles, false) if self.sign_written && !self.shape.fill => {
                    self.text.push(' ');
                }
                (Sign::Anchored { before: false }, true) => self.text.push('-'),
                (Sign::Anchored { before: false }, false) => self.text.push('+'),
                _ => {}
            }
        }
        self.column += 1;
    }

    fn digit(&mut self, is_zero: bool) {
        match self.digits.get(self.at) {
            None => return,
            Some(b'.') => {
                if !self.ends_at_point() || self.shape.fill {
                    self.text.push('.');
                }
            }
            Some(_) if self.last.is_some_and(|last| self.at > last) && !is_zero => {}
            Some(_) if self.drops_zero() => {
                if !self.shape.fill {
                    self.text.push(' ');
                } else if self.ends_at_point() {
                    self.text.push('0');
                }
            }
            Some(digit) => {
                self.text.push(char::from(*digit));
                self.begun = true;
            }
        }
        self.at += 1;
    }
}

/// `to_number(text, template)`: the digits of the text at the places of the template. Errors: `22P02`, `22023`.
pub(super) fn to_number(arguments: &Arguments) -> Result<Operand> {
    super::super::time_arithmetic::rowwise(&arguments.all(), SqlType::Numeric(None), |row| {
        let (text, template) = (arguments.text(0, row)?, arguments.text(1, row)?);
        let shape = Shape::new(template)?;
        if shape.scientific || shape.roman {
            let what = if shape.scientific { "EEEE" } else { "RN" };
            return Err(Error::unsupported(format!("\"{what}\" for input")));
        }
        Value::from_text(&collected(text, &shape)?, SqlType::Numeric(None))
    })
}

fn collected(text: &str, shape: &Shape) -> Result<String> {
    let (mut number, mut negative) = (String::new(), false);
    let mut rest = text.trim_start_matches(' ');
    let sign = |rest: &mut &str, negative: &mut bool| {
        if let Some(after) = rest.strip_prefix(['-', '+', '<']) {
            *negative |= !rest.starts_with('+');
            *rest = after;
        }
    };
    for piece in &shape.pieces {
        if rest.is_empty() {
            break;
        }
        match piece {
            Piece::Pattern { name, .. } => match name.to_ascii_uppercase().as_str() {
                "9" | "0" | "." | "D" => {
                    rest = rest.trim_start_matches(' ');
                    if number.is_empty() {
                        sign(&mut rest, &mut negative);
                    }
                    let next = rest.chars().next();
                    let point = number.contains('.');
                    match next {
                        Some(c) if c.is_ascii_digit() => number.push(c),
                        Some('.') if !point && shape.point => number.push('.'),
                        _ => continue,
                    }
                    rest = &rest[1..];
                }
                "," | "G" => rest = rest.strip_prefix(',').unwrap_or(rest),
                "S" | "MI" | "PL" | "SG" => sign(&mut rest, &mut negative),
                "L" => rest = rest.trim_start_matches(['$', ' ']),
                "TH" => rest = rest.get(2..).unwrap_or(""),
                _ => {}
            },
            Piece::Text(_) => {
                let mut characters = rest.chars();
                characters.next();
                rest = characters.as_str();
            }
        }
    }
    if rest.starts_with('-') && number.ends_with(|c: char| c.is_ascii_digit()) {
        negative = true;
    }
    if number.is_empty() {
        let shown = text.to_owned();
        return Err(data_error(
            "22P02",
            format!("invalid input syntax for type numeric: \"{shown}\""),
        ));
    }
    Ok(format!("{}{number}", if negative { "-" } else { "" }))
}
