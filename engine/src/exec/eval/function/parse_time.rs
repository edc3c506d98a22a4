//! `to_date` and `to_timestamp` with a template.
//!
//! What a template asks for is read from the text from left to right; numbers take as many digits as their pattern has,
//! or all there are when no digit follows it. Only patterns that say one thing in one way are known here, the others are
//! refused by name.

use super::super::operand::Operand;
use super::super::time_arithmetic::rowwise;
use super::dispatch::Arguments;
use super::format_time::{DAYS, MONTHS, PATTERNS};
use super::template::{Piece, pieces};
use crate::types::{
    MICROS_PER_DAY, SqlType, Value, check_date, check_timestamp, data_error, days_from_civil,
    days_in_month,
};
use crate::{Error, Result};

/// `to_date(text, template)` or `to_timestamp(text, template)`. Errors: `22007`, `22008`, `0A000`.
pub(super) fn read(arguments: &Arguments, result: SqlType) -> Result<Operand> {
    let mut known: Option<(String, Vec<Piece>)> = None;
    rowwise(&arguments.all(), result, |row| {
        let (text, template) = (arguments.text(0, row)?, arguments.text(1, row)?);
        if known.as_ref().is_none_or(|(t, _)| t != template) {
            known = Some((template.to_owned(), pieces(template, PATTERNS, true)));
        }
        let pieces = known.as_ref().map_or(&[][..], |(_, pieces)| pieces);
        let (days, micros) = Reader::new(text).read(pieces)?;
        Ok(match result {
            SqlType::Date => {
                let date = check_date(days);
                let message = || format!("date out of range: \"{text}\"");
                Value::Date(date.map_err(|_| data_error("22008", message()))?)
            }
            _ => {
                let local = check_timestamp(days, micros);
                let stamp = local.and_then(|local| arguments.zone.to_utc(local));
                let message = || format!("timestamp out of range: \"{text}\"");
                Value::TimestampTz(stamp.map_err(|_| data_error("22008", message()))?)
            }
        })
    })
}

/// What was read.
struct Reader<'a> {
    text: &'a str,
    rest: &'a str,
    year: Option<i64>,
    before_christ: bool,
    month: Option<i64>,
    day: Option<i64>,
    day_of_year: Option<i64>,
    hour: i64,
    twelve: bool,
    afternoon: Option<bool>,
    /// Microseconds behind the hour.
    micros: i64,
}

fn is_separator(c: char) -> bool {
    c.is_ascii() && !c.is_ascii_alphanumeric()
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            rest: text,
            year: None,
            before_christ: false,
            month: None,
            day: None,
            day_of_year: None,
            hour: 0,
            twelve: false,
            afternoon: None,
            micros: 0,
        }
    }

    fn read(mut self, pieces: &[Piece]) -> Result<(i64, i64)> {
        for (at, piece) in pieces.iter().enumerate() {
            match piece {
                Piece::Pattern {
                    name,
                    fill,
                    ordinal,
                } => {
                    self.rest = self.rest.trim_start();
                    if self.rest.is_empty() {
                        break;
                    }
                    let followed = pieces.get(at + 1).is_some_and(
                        |next| matches!(next, Piece::Pattern { name, .. } if takes_digits(name)),
                    );
                    self.pattern(name, followed && !fill)?;
                    if ordinal.is_some() {
                        self.rest = self.rest.get(2..).unwrap_or("");
                    }
                }
                Piece::Text(c) if c.is_whitespace() || is_separator(*c) => {
                    // A separator skips one of the text, if there is one.
                    if self
                        .rest
                        .starts_with(|c: char| c.is_whitespace() || is_separator(c))
                    {
                        self.rest = &self.rest[1..];
                    }
                }
                Piece::Text(_) => {
                    let mut characters = self.rest.chars();
                    characters.next();
                    self.rest = characters.as_str();
                }
            }
        }
        self.finish()
    }

    /// As many digits as the pattern wants when another number `follows`, else all.
    fn number(&mut self, name: &str, width: usize, follows: bool) -> Result<i64> {
        self.rest = self
            .rest
            .trim_start_matches(|c: char| is_separator(c) && !"+-".contains(c));
        let negative = self.rest.starts_with('-');
        let body = self.rest.trim_start_matches(['+', '-']);
        let digits = body
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(body.len());
        let taken = if follows { digits.min(width) } else { digits };
        if taken == 0 {
            let shown: String = self.rest.chars().take(width).collect();
            let message = format!("invalid value \"{shown}\" for \"{name}\"");
            return Err(data_error("22007", message));
        }
        self.rest = &body[taken..];
        let value: i64 = body[..taken].parse().map_err(|_| {
            let shown = &body[..taken];
            data_error(
                "22008",
                format!("value for \"{name}\" in source string is out of range: \"{shown}\""),
            )
        })?;
        Ok(if negative { -value } else { value })
    }

    /// One of `words`, by its whole name or its first `letters`.
    fn word(&mut self, name: &str, words: &[&str], letters: Option<usize>) -> Result<usize> {
        let matches = |word: &str| {
            let word = letters.map_or(word, |letters| &word[..letters]);
            let start = self.rest.get(..word.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(word))
        };
        match words.iter().position(|word| matches(word)) {
            Some(found) => {
                let length = letters.unwrap_or(words[found].len());
                self.rest = &self.rest[length..];
                Ok(found)
            }
            None => {
                let shown: String = self
                    .rest
                    .chars()
                    .take_while(|c| !c.is_whitespace())
                    .collect();
                let shown: String = shown.chars().take(letters.unwrap_or(shown.len())).collect();
                let message = format!("invalid value \"{shown}\" for \"{name}\"");
                Err(data_error("22007", message))
            }
        }
    }

    fn pattern(&mut self, name: &str, follows: bool) -> Result<()> {
        let upper = name.to_ascii_uppercase();
        match upper.as_str() {
            "YYYY" => self.year = Some(self.number(name, 4, follows)?),
            "YYY" | "YY" | "Y" => self.short_year(name, follows)?,
            "MM" => self.month = Some(self.number(name, 2, follows)?),
            "MONTH" => self.month = Some(self.word(name, &MONTHS, None)? as i64 + 1),
            "MON" => self.month = Some(self.word(name, &MONTHS, Some(3))? as i64 + 1),
            "DD" => self.day = Some(self.number(name, 2, follows)?),
            "DDD" => self.day_of_year = Some(self.number(name, 3, follows)?),
            // The day of the week says nothing that the date does not.
            "DAY" => drop(self.word(name, &DAYS, None)?),
            "DY" => drop(self.word(name, &DAYS, Some(3))?),
            "HH24" => self.hour = self.number(name, 2, follows)?,
            "HH" | "HH12" => {
                self.hour = self.number(name, 2, follows)?;
                self.twelve = true;
            }
            "MI" => self.add_time(name, follows, 60_000_000, 59)?,
            "SS" => self.add_time(name, follows, 1_000_000, 59)?,
            "MS" => self.fraction(name, 3)?,
            "US" => self.fraction(name, 6)?,
            "AM" | "PM" => self.half(name, &["AM", "PM"])?,
            "A.M." | "P.M." => self.half(name, &["A.M.", "P.M."])?,
            "AD" | "BC" => self.before_christ = self.word(name, &["AD", "BC"], None)? == 1,
            "A.D." | "B.C." => {
                self.before_christ = self.word(name, &["A.D.", "B.C."], None)? == 1;
            }
            _ => {
                return Err(Error::unsupported(format!(
                    "the pattern \"{name}\" for input"
                )));
            }
        }
        Ok(())
    }

    fn half(&mut self, name: &str, words: &[&str; 2]) -> Result<()> {
        self.afternoon = Some(self.word(name, words, None)? == 1);
        self.twelve = true;
        Ok(())
    }

    /// Less than four digits: the year nearest to 2020.
    fn short_year(&mut self, name: &str, follows: bool) -> Result<()> {
        let before = self.rest.len();
        let year = self.number(name, name.len(), follows)?;
        let digits = before - self.rest.len();
        self.year = Some(match year {
            _ if digits >= 4 => year,
            0..=69 => year + 2000,
            70..=99 => year + 1900,
            100..=519 => year + 2000,
            520..=999 => year + 1000,
            _ => year,
        });
        Ok(())
    }

    fn add_time(&mut self, name: &str, follows: bool, unit: i64, most: i64) -> Result<()> {
        let value = self.number(name, 2, follows)?;
        if !(0..=most).contains(&value) {
            return Err(self.out_of_range());
        }
        self.micros += value * unit;
        Ok(())
    }

    /// Digits behind a point: `5` is half a second.
    fn fraction(&mut self, name: &str, width: usize) -> Result<()> {
        let before = self.rest.trim_start_matches(is_separator);
        let digits: String = before
            .chars()
            .take_while(char::is_ascii_digit)
            .take(width)
            .collect();
        self.number(name, width, true)?;
        let micros: i64 = format!("{digits:0<6}").parse().unwrap_or(0);
        self.micros += micros;
        Ok(())
    }

    fn out_of_range(&self) -> Error {
        let message = format!("date/time field value out of range: \"{}\"", self.text);
        data_error("22008", message)
    }

    fn finish(self) -> Result<(i64, i64)> {
        let out_of_range = || self.out_of_range();
        let mut hour = self.hour;
        if self.twelve {
            if !(1..=12).contains(&hour) {
                let message = format!("hour \"{hour}\" is invalid for the 12-hour clock");
                return Err(data_error("22007", message));
            }
            match self.afternoon {
                Some(true) if hour < 12 => hour += 12,
                Some(false) | None if hour == 12 && self.afternoon.is_some() => hour = 0,
                _ => {}
            }
        }
        if !(0..24).contains(&hour) {
            return Err(out_of_range());
        }
        // Without a year, PostgreSQL's is 1 BC.
        let year = match self.year {
            None | Some(0) => 0,
            Some(year) if year < 0 => year + 1,
            Some(year) if self.before_christ => 1 - year,
            Some(year) => year,
        };
        let (month, day) = (self.month.unwrap_or(1), self.day.unwrap_or(1));
        if !(1..=12).contains(&month) || year.abs() > 6_000_000 {
            return Err(out_of_range());
        }
        let days = match self.day_of_year {
            Some(day) if self.month.is_none() && self.day.is_none() => {
                let length = if days_in_month(year, 2) == 29 {
                    366
                } else {
                    365
                };
                if !(1..=length).contains(&day) {
                    return Err(out_of_range());
                }
                days_from_civil(year, 1, 1) + day - 1
            }
            _ => {
                if day < 1 || day > i64::from(days_in_month(year, month as u32)) {
                    return Err(out_of_range());
                }
                days_from_civil(year, month as u32, day as u32)
            }
        };
        let micros = hour * 3_600_000_000 + self.micros;
        debug_assert!(micros <= 2 * MICROS_PER_DAY);
        Ok((days, micros))
    }
}

/// Whether a pattern begins with a digit of the text.
fn takes_digits(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    matches!(
        upper.as_str(),
        "YYYY"
            | "YYY"
            | "YY"
            | "Y"
            | "MM"
            | "DD"
            | "DDD"
            | "HH"
            | "HH12"
            | "HH24"
            | "MI"
            | "SS"
            | "MS"
            | "US"
    )
}
