//! INTERVAL from text: PostgreSQL's verbose form, that of the SQL standard, and those of ISO 8601.
//!
//! ```text
//!   1 year 2 mons -3 days 04:05:06.7 ago      1-2 3 4:05:06      P1Y2M3DT4H5M6.7S      P0001-02-03T04:05:06
//! ```
//!
//! Fields are looked at from the last to the first, as PostgreSQL does: a unit stands behind its number, and a number
//! without one takes that of the field behind it, or the last of [`Fields`].

use super::datetime::MICROS_PER_DAY;
use super::fault::data_error;
use super::interval::{Interval, interval_out_of_range};
use super::interval_form::Fields;
use crate::Result;

/// Fields in a text; PostgreSQL has as many.
const FIELDS_MAX: usize = 25;
const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;

/// INTERVAL from text; what comes behind the last of `fields` is cut off. Errors: `22007`, `22008`, `22015`.
pub(crate) fn parse_interval(text: &str, fields: Fields) -> Result<Interval> {
    let fault = |fault: Fault| match fault {
        Fault::Format => data_error(
            "22007",
            format!("invalid input syntax for type interval: \"{text}\""),
        ),
        Fault::Overflow => data_error(
            "22015",
            format!("interval field value out of range: \"{text}\""),
        ),
    };
    let parts = match verbose(text, fields.last()) {
        Err(Fault::Format) => iso(text),
        other => other,
    };
    parts.map_err(fault)?.finish().map(|i| fields.cut(i))
}

/// What is wrong with a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Format,
    Overflow,
}

type Read<T> = std::result::Result<T, Fault>;

/// The sums of the fields that were read.
#[derive(Default)]
struct Parts {
    years: i32,
    months: i32,
    days: i32,
    micros: i64,
}

impl Parts {
    fn finish(self) -> Result<Interval> {
        let months = i64::from(self.years) * 12 + i64::from(self.months);
        let months = i32::try_from(months).map_err(|_| interval_out_of_range())?;
        Ok(Interval::new(months, self.days, self.micros))
    }

    fn micros(&mut self, whole: i64, fraction: f64, unit: i64) -> Read<()> {
        let more = whole.checked_mul(unit);
        let sum = more.and_then(|more| self.micros.checked_add(more));
        self.micros = sum.ok_or(Fault::Overflow)?;
        self.fraction_of_micros(fraction, unit)
    }

    fn fraction_of_micros(&mut self, fraction: f64, unit: i64) -> Read<()> {
        let exact = fraction * unit as f64;
        let mut more = exact as i64;
        let rest = exact - more as f64;
        more += i64::from(rest > 0.5) - i64::from(rest < -0.5);
        self.micros = self.micros.checked_add(more).ok_or(Fault::Overflow)?;
        Ok(())
    }

    fn days(&mut self, whole: i64, unit: i32) -> Read<()> {
        add(&mut self.days, whole, unit)
    }

    fn fraction_of_days(&mut self, fraction: f64, unit: i32) -> Read<()> {
        let exact = fraction * f64::from(unit);
        let more = exact as i32;
        self.days(i64::from(more), 1)?;
        self.fraction_of_micros(exact - f64::from(more), MICROS_PER_DAY)
    }

    fn months(&mut self, whole: i64, fraction: f64) -> Read<()> {
        add(&mut self.months, whole, 1)?;
        self.fraction_of_days(fraction, 30)
    }

    fn years(&mut self, whole: i64, fraction: f64, unit: i32) -> Read<()> {
        add(&mut self.years, whole, unit)?;
        let months = (fraction * f64::from(unit) * 12.0).round_ties_even();
        add(&mut self.months, months as i64, 1)
    }

    fn add(&mut self, whole: i64, fraction: f64, unit: Unit) -> Read<()> {
        match unit {
            Unit::Microsecond => self.micros(whole, fraction, 1),
            Unit::Millisecond => self.micros(whole, fraction, 1000),
            Unit::Second => self.micros(whole, fraction, SECOND),
            Unit::Minute => self.micros(whole, fraction, MINUTE),
            Unit::Hour => self.micros(whole, fraction, HOUR),
            Unit::Day => {
                self.days(whole, 1)?;
                self.fraction_of_micros(fraction, MICROS_PER_DAY)
            }
            Unit::Week => {
                self.days(whole, 7)?;
                self.fraction_of_days(fraction, 7)
            }
            Unit::Month => self.months(whole, fraction),
            Unit::Year => self.years(whole, fraction, 1),
            Unit::Decade => self.years(whole, fraction, 10),
            Unit::Century => self.years(whole, fraction, 100),
            Unit::Millennium => self.years(whole, fraction, 1000),
        }
    }
}

fn add(sum: &mut i32, whole: i64, unit: i32) -> Read<()> {
    let more = i32::try_from(whole).ok();
    let more = more.and_then(|more| more.checked_mul(unit));
    let total = more.and_then(|more| sum.checked_add(more));
    *sum = total.ok_or(Fault::Overflow)?;
    Ok(())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Microsecond,
    Millisecond,
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Year,
    Decade,
    Century,
    Millennium,
}

impl Unit {
    /// Only the first ten letters count.
    fn parse(word: &str) -> Option<Self> {
        Some(match word.get(..10).unwrap_or(word) {
            "us" | "usec" | "usecs" | "useconds" | "usecond" | "microsecon" => Self::Microsecond,
            "ms" | "msec" | "msecs" | "mseconds" | "msecond" | "millisecon" => Self::Millisecond,
            "s" | "sec" | "secs" | "second" | "seconds" => Self::Second,
            "m" | "min" | "mins" | "minute" | "minutes" => Self::Minute,
            "h" | "hr" | "hrs" | "hour" | "hours" => Self::Hour,
            "d" | "day" | "days" => Self::Day,
            "w" | "week" | "weeks" => Self::Week,
            "mon" | "mons" | "month" | "months" => Self::Month,
            "y" | "yr" | "yrs" | "year" | "years" => Self::Year,
            "dec" | "decs" | "decade" | "decades" => Self::Decade,
            "c" | "cent" | "century" | "centuries" => Self::Century,
            "mil" | "mils" | "millennium" | "millennia" => Self::Millennium,
            _ => return None,
        })
    }

    /// What may stand only once.
    fn bit(self) -> u16 {
        1 << self as u16
    }
}

const TIME_BITS: u16 = 1 << Unit::Hour as u16 | 1 << Unit::Minute as u16 | SECOND_BITS;
const SECOND_BITS: u16 =
    1 << Unit::Second as u16 | 1 << Unit::Millisecond as u16 | 1 << Unit::Microsecond as u16;

/// Kinds of fields; a signed one may be a time, a number, or years and months.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Time,
    Signed,
    Number,
    Word,
}

fn is_space(c: char) -> bool {
    c.is_ascii_whitespace() || c == '\x0b'
}

/// Cuts the text into fields, in lower case.
fn split(text: &str) -> Read<Vec<(Kind, String)>> {
    let text = text.to_ascii_lowercase();
    let mut fields = Vec::new();
    let mut rest = text.as_str();
    loop {
        rest = rest.trim_start_matches(is_space);
        let Some(first) = rest.chars().next() else {
            return Ok(fields);
        };
        if fields.len() >= FIELDS_MAX {
            return Err(Fault::Format);
        }
        let digits = |t: &str| t.find(|c: char| !c.is_ascii_digit()).unwrap_or(t.len());
        let (kind, end) = match first {
            '0'..='9' => {
                let end = digits(rest);
                match rest[end..].chars().next() {
                    Some(':') => (Kind::Time, while_in(rest, ":.")),
                    Some('-' | '/' | '.') => (Kind::Number, while_in(rest, "-/.")),
                    _ => (Kind::Number, end),
                }
            }
            '.' => (Kind::Number, 1 + digits(&rest[1..])),
            'a'..='z' => {
                let letters = |c: char| !c.is_ascii_lowercase();
                let end = rest.find(letters).unwrap_or(rest.len());
                if glued(&rest[..end], &rest[end..]) {
                    return Err(Fault::Format);
                }
                (Kind::Word, end)
            }
            '+' | '-' => {
                let body = rest[1..].trim_start_matches(is_space);
                if !body.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
                    return Err(Fault::Format);
                }
                let end = while_in(body, ":.-");
                fields.push((Kind::Signed, format!("{first}{}", &body[..end])));
                rest = &body[end..];
                continue;
            }
            c if c.is_ascii_punctuation() => {
                rest = &rest[1..];
                continue;
            }
            _ => return Err(Fault::Format),
        };
        fields.push((kind, rest[..end].to_owned()));
        rest = &rest[end..];
    }
}

/// Where digits and `more` end.
fn while_in(text: &str, more: &str) -> usize {
    text.find(|c: char| !c.is_ascii_digit() && !more.contains(c))
        .unwrap_or(text.len())
}

/// Whether a word goes on as the name of a date or a zone would, so that it is no unit: only the short units may have a
/// number directly behind them.
fn glued(word: &str, behind: &str) -> bool {
    match behind.chars().next() {
        Some('-' | '/' | '.') => true,
        Some(c) if c == '+' || c.is_ascii_digit() => {
            !matches!(word, "d" | "h" | "m" | "s" | "y" | "mon")
        }
        _ => false,
    }
}

/// The verbose form and that of the SQL standard.
fn verbose(text: &str, fields: Fields) -> Read<Parts> {
    let mut parts = Parts::default();
    let (mut seen, mut ago) = (0u16, false);
    let mut unit: Option<Unit> = None;
    for (kind, field) in split(text)?.into_iter().rev() {
        let bits = match kind {
            Kind::Time => {
                parts.micros = time(&field, fields)?;
                unit = Some(Unit::Day);
                TIME_BITS
            }
            Kind::Signed if field.contains(':') && time(&field[1..], fields).is_ok() => {
                let micros = time(&field[1..], fields)?;
                parts.micros = if field.starts_with('-') {
                    -micros
                } else {
                    micros
                };
                unit = Some(Unit::Day);
                TIME_BITS
            }
            Kind::Signed | Kind::Number => {
                let here = unit.unwrap_or(match fields {
                    Fields::Year => Unit::Year,
                    Fields::Month => Unit::Month,
                    Fields::Day => Unit::Day,
                    Fields::Hour => Unit::Hour,
                    Fields::Minute => Unit::Minute,
                    _ => Unit::Second,
                });
                let (whole, fraction, here) = number(&field, here)?;
                parts.add(whole, fraction, here)?;
                // A number before hours is days.
                unit = Some(if here == Unit::Hour { Unit::Day } else { here });
                match here {
                    Unit::Second if fraction != 0.0 => SECOND_BITS,
                    _ => here.bit(),
                }
            }
            Kind::Word => {
                if field == "ago" {
                    ago = true;
                } else {
                    unit = Some(Unit::parse(&field).ok_or(Fault::Format)?);
                }
                0
            }
        };
        if seen & bits != 0 {
            return Err(Fault::Format);
        }
        seen |= bits;
    }
    if seen == 0 {
        return Err(Fault::Format);
    }
    if ago { negated(parts) } else { Ok(parts) }
}

fn negated(parts: Parts) -> Read<Parts> {
    let small = |v: i32| v.checked_neg().ok_or(Fault::Overflow);
    Ok(Parts {
        years: small(parts.years)?,
        months: small(parts.months)?,
        days: small(parts.days)?,
        micros: parts.micros.checked_neg().ok_or(Fault::Overflow)?,
    })
}

/// A number, or `years-months`: its whole part, its fraction, and its unit.
fn number(field: &str, unit: Unit) -> Read<(i64, f64, Unit)> {
    let negative = field.starts_with('-');
    let body = field.trim_start_matches(['+', '-']);
    let end = body
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(body.len());
    let digits = &body[..end];
    // The sign belongs to the digits: the least number has no opposite.
    let sign = if negative { "-" } else { "" };
    let whole = match digits {
        "" => 0,
        digits => format!("{sign}{digits}")
            .parse::<i64>()
            .map_err(|_| Fault::Overflow)?,
    };
    let rest = &body[end..];
    if let Some(months) = rest.strip_prefix('-') {
        if months.is_empty() || !months.bytes().all(|b| b.is_ascii_digit()) {
            return Err(Fault::Format);
        }
        let months: i64 = months.parse().map_err(|_| Fault::Overflow)?;
        if months >= 12 {
            return Err(Fault::Overflow);
        }
        let sum = whole
            .checked_mul(12)
            .and_then(|m| m.checked_add(if negative { -months } else { months }));
        return Ok((sum.ok_or(Fault::Overflow)?, 0.0, Unit::Month));
    }
    let fraction = match rest {
        "" => 0.0,
        _ if rest.starts_with('.') => fraction(rest)?,
        _ => return Err(Fault::Format),
    };
    Ok((whole, if negative { -fraction } else { fraction }, unit))
}

/// `.5`, or a point alone.
fn fraction(text: &str) -> Read<f64> {
    match &text[1..] {
        "" => Ok(0.0),
        digits if digits.bytes().all(|b| b.is_ascii_digit()) => {
            text.parse().map_err(|_| Fault::Format)
        }
        _ => Err(Fault::Format),
    }
}

/// `h:m`, `h:m:s.f`, `m:s.f`.
fn time(text: &str, fields: Fields) -> Read<i64> {
    let (whole, behind) = text.split_at(text.find('.').unwrap_or(text.len()));
    let micros = match behind {
        "" => 0.0,
        _ => (fraction(behind)? * 1e6).round_ties_even(),
    };
    let parse = |digits: &str| match digits {
        "" => Err(Fault::Format),
        digits => digits.parse::<i64>().map_err(|_| Fault::Overflow),
    };
    let (hours, minutes, seconds) = match whole.split(':').collect::<Vec<_>>()[..] {
        [a, b] if !behind.is_empty() || fields == Fields::MinuteToSecond => {
            (0, parse(a)?, parse(b)?)
        }
        [a, b] => (parse(a)?, parse(b)?, 0),
        [a, b, c] => (parse(a)?, parse(b)?, parse(c)?),
        _ => return Err(Fault::Format),
    };
    if minutes > 59 || seconds > 60 {
        return Err(Fault::Overflow);
    }
    let mut parts = Parts {
        micros: micros as i64,
        ..Parts::default()
    };
    parts.micros(hours, 0.0, HOUR)?;
    parts.micros(minutes, 0.0, MINUTE)?;
    parts.micros(seconds, 0.0, SECOND)?;
    Ok(parts.micros)
}

/// The forms of ISO 8601, which begin with a P.
fn iso(text: &str) -> Read<Parts> {
    let mut rest = text.strip_prefix('P').ok_or(Fault::Format)?;
    if rest.is_empty() {
        return Err(Fault::Format);
    }
    let mut parts = Parts::default();
    let (mut in_date, mut has_field) = (true, false);
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('T') {
            (in_date, has_field, rest) = (false, false, after);
            continue;
        }
        let field = rest;
        let (whole, fraction) = iso_number(&mut rest)?;
        let width = while_in(field.trim_start_matches('-'), "");
        let unit = rest.chars().next();
        let unit = match (in_date, unit) {
            (true, Some('Y')) => Unit::Year,
            (true, Some('M')) => Unit::Month,
            (true, Some('W')) => Unit::Week,
            (true, Some('D')) => Unit::Day,
            (false, Some('H')) => Unit::Hour,
            (false, Some('M')) => Unit::Minute,
            (false, Some('S')) => Unit::Second,
            (true, Some('T' | '-') | None) if !has_field => {
                if width == 8 && unit != Some('-') {
                    parts.years(whole / 10_000, 0.0, 1)?;
                    parts.months(whole / 100 % 100, 0.0)?;
                    parts.add(whole % 100, fraction, Unit::Day)?;
                } else {
                    parts.add(whole, fraction, Unit::Year)?;
                    iso_extended(&mut rest, &mut parts, '-', [Unit::Month, Unit::Day])?;
                }
                if !rest.is_empty() && !rest.starts_with('T') {
                    return Err(Fault::Format);
                }
                continue;
            }
            (false, Some(':') | None) if !has_field => {
                if width == 6 && unit.is_none() {
                    parts.micros(whole / 10_000, 0.0, HOUR)?;
                    parts.micros(whole / 100 % 100, 0.0, MINUTE)?;
                    parts.micros(whole % 100, 0.0, SECOND)?;
                    parts.fraction_of_micros(fraction, 1)?;
                } else {
                    parts.add(whole, fraction, Unit::Hour)?;
                    iso_extended(&mut rest, &mut parts, ':', [Unit::Minute, Unit::Second])?;
                }
                return if rest.is_empty() {
                    Ok(parts)
                } else {
                    Err(Fault::Format)
                };
            }
            _ => return Err(Fault::Format),
        };
        parts.add(whole, fraction, unit)?;
        rest = &rest[1..];
        has_field = true;
    }
    Ok(parts)
}

/// What follows the first number of `0001-02-03` or `04:05:06`.
fn iso_extended(rest: &mut &str, parts: &mut Parts, separator: char, units: [Unit; 2]) -> Read<()> {
    for unit in units {
        let Some(after) = rest.strip_prefix(separator) else {
            break;
        };
        *rest = after;
        let (whole, fraction) = iso_number(rest)?;
        parts.add(whole, fraction, unit)?;
    }
    Ok(())
}

/// Takes a number with a sign and a fraction off the front.
fn iso_number(rest: &mut &str) -> Read<(i64, f64)> {
    let body = rest.strip_prefix('-').unwrap_or(rest);
    let negative = body.len() < rest.len();
    let whole_end = while_in(body, "");
    let (whole, behind) = body.split_at(whole_end);
    let end = match behind.strip_prefix('.') {
        Some(digits) => 1 + while_in(digits, ""),
        None => 0,
    };
    let (point, after) = behind.split_at(end);
    if whole.is_empty() && point.len() < 2 {
        return Err(Fault::Format);
    }
    let mut value = match whole {
        "" => 0,
        digits => digits.parse::<i64>().map_err(|_| Fault::Format)?,
    };
    let mut fraction = if point.is_empty() {
        0.0
    } else {
        fraction(point)?
    };
    if negative {
        (value, fraction) = (-value, -fraction);
    }
    *rest = after;
    Ok((value, fraction))
}
