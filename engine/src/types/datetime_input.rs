//! Dates and timestamps from text, by PostgreSQL's rules with `DateStyle` ISO, MDY.
//!
//! The text is cut into fields (numbers, words, a time, a zone), and the fields say what they are, in any order:
//! `2020-01-31`, `20200131`, `1/31/2020`, `Jan 31, 2020`, `31-Jan-2020 AD 12:00 PM`, `2020-01-31T12:00:00.5Z`. As in
//! PostgreSQL, a zone is read and ignored for types without a zone, and whatever stands beside `infinity` is.

use super::datetime::{
    MICROS_PER_DAY, check_date, check_timestamp, days_from_civil, days_in_month,
};
use super::fault::data_error;
use super::infinite::Infinite;
use super::zone::{ABBREVIATIONS, Zone};
use crate::{Error, Result};

/// DATE from text. Errors: `22007`, `22008`, `0A000` for words that read the clock.
pub(super) fn parse_date(text: &str) -> Result<i32> {
    let days = match Reader::new(text, "date").read()? {
        Moment::Infinite(infinite) => return Ok(infinite.date()),
        Moment::Finite { days, .. } => days,
    };
    check_date(days).map_err(|_| data_error("22008", format!("date out of range: \"{text}\"")))
}

/// TIMESTAMP from text. Errors: as for DATE.
pub(super) fn parse_timestamp(text: &str) -> Result<i64> {
    let (days, micros) = match Reader::new(text, "timestamp").read()? {
        Moment::Infinite(infinite) => return Ok(infinite.stamp()),
        Moment::Finite { days, micros, .. } => (days, micros),
    };
    check_timestamp(days, micros)
        .map_err(|_| data_error("22008", format!("timestamp out of range: \"{text}\"")))
}

/// TIMESTAMP WITH TIME ZONE from text, which is in `session` when it names no zone. Errors: as for DATE.
pub(super) fn parse_timestamp_tz(text: &str, session: Zone) -> Result<i64> {
    let (local, zone) = match Reader::new(text, "timestamp with time zone").read()? {
        Moment::Infinite(infinite) => return Ok(infinite.stamp()),
        Moment::Finite { days, micros, zone } => (check_timestamp(days, micros), zone),
    };
    local
        .and_then(|local| zone.unwrap_or(session).to_utc(local))
        .map_err(|_| data_error("22008", format!("timestamp out of range: \"{text}\"")))
}

/// TIME from text, which may have a date that is ignored. Errors: as for DATE.
pub(super) fn parse_time(text: &str) -> Result<i64> {
    let mut reader = Reader::new(text, "time");
    reader.read_fields()?;
    if reader.micros.is_none() || reader.infinite.is_some() {
        return Err(reader.invalid());
    }
    let named = reader.parts.iter().any(|p| matches!(p, Part::Month(_)));
    let time = match (reader.ymd, reader.parts.len()) {
        (None, 0) => reader.time_of_day()?,
        // Only a date of three numbers may stand before a time.
        (None, _) if !named && !reader.time_first => reader.finish()?.1,
        _ => return Err(reader.invalid()),
    };
    if time > MICROS_PER_DAY {
        return Err(data_error(
            "22008",
            format!("date/time field value out of range: \"{text}\""),
        ));
    }
    Ok(time)
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const DAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];
/// A part of a date: a number with its digits as written, or a named month.
#[derive(Clone, Copy)]
enum Part<'a> {
    Number(&'a str),
    Month(u32),
}

/// What a text says.
enum Moment {
    Infinite(Infinite),
    Finite {
        /// Since 1970-01-01.
        days: i64,
        /// Of the day.
        micros: i64,
        zone: Option<Zone>,
    },
}

struct Reader<'a> {
    text: &'a str,
    type_name: &'static str,
    parts: Vec<Part<'a>>,
    ymd: Option<(i64, u32, u32)>,
    micros: Option<i64>,
    afternoon: Option<bool>,
    before_christ: bool,
    zone: Option<Zone>,
    infinite: Option<Infinite>,
    /// A time came before a part of the date.
    time_first: bool,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, type_name: &'static str) -> Self {
        Self {
            text,
            type_name,
            parts: Vec::new(),
            ymd: None,
            micros: None,
            afternoon: None,
            before_christ: false,
            zone: None,
            infinite: None,
            time_first: false,
        }
    }

    fn invalid(&self) -> Error {
        data_error(
            "22007",
            format!(
                "invalid input syntax for type {}: \"{}\"",
                self.type_name, self.text
            ),
        )
    }

    fn out_of_range(&self) -> Error {
        data_error(
            "22008",
            format!("date/time field value out of range: \"{}\"", self.text),
        )
    }

    fn read(mut self) -> Result<Moment> {
        self.read_fields()?;
        if let Some(infinite) = self.infinite {
            return Ok(Moment::Infinite(infinite));
        }
        let zone = self.zone;
        let (days, micros) = self.finish()?;
        Ok(Moment::Finite { days, micros, zone })
    }

    fn read_fields(&mut self) -> Result<()> {
        let mut rest = self.text;
        loop {
            rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == ',');
            let Some(first) = rest.chars().next() else {
                break;
            };
            rest = if first.is_ascii_digit() {
                self.read_number(rest)?
            } else if first.is_ascii_alphabetic() {
                self.read_word(rest)?
            } else if matches!(first, '+' | '-') {
                self.read_sign(rest)?
            } else {
                return Err(self.invalid());
            };
        }
        Ok(())
    }

    /// A time, a run of digits, or the first part of a date with separators.
    fn read_number(&mut self, rest: &'a str) -> Result<&'a str> {
        let (digits, after) = split_while(rest, |c| c.is_ascii_digit());
        let has_date = self.ymd.is_some() || self.parts.len() >= 3;
        if after.starts_with(':') {
            let (time, after) = split_while(rest, |c| c.is_ascii_digit() || matches!(c, ':' | '.'));
            self.read_time(time)?;
            return Ok(after);
        }
        let is_time = self.type_name == "time" && !after.starts_with(['-', '/']);
        if (has_date || is_time && self.parts.is_empty())
            && self.micros.is_none()
            && matches!(digits.len(), 4 | 6)
        {
            let (fraction, after) = match after.strip_prefix('.') {
                Some(tail) => split_while(tail, |c| c.is_ascii_digit()),
                None => ("", after),
            };
            let seconds = digits.get(4..).filter(|s| !s.is_empty()).unwrap_or("00");
            self.set_time(&digits[..2], &digits[2..4], seconds, fraction)?;
            return Ok(after);
        }
        if self.parts.is_empty()
            && matches!(digits.len(), 6 | 8)
            && !after.starts_with(['-', '/', '.'])
        {
            let at = digits.len() - 4;
            self.ymd =
                Some(self.year_month_day(&digits[..at], &digits[at..at + 2], &digits[at + 2..])?);
            return Ok(after);
        }
        if has_date {
            return Err(self.invalid());
        }
        self.time_first |= self.micros.is_some();
        self.parts.push(Part::Number(digits));
        self.skip_separator(after)
    }

    /// Behind a part of a date: the separator, when another part follows it directly.
    fn skip_separator(&mut self, after: &'a str) -> Result<&'a str> {
        match after.strip_prefix(['-', '/', '.']) {
            Some(next) if next.starts_with(|c: char| c.is_ascii_alphanumeric()) => {
                if self.parts.len() >= 3 {
                    return Err(self.invalid());
                }
                Ok(next)
            }
            Some(_) => Err(self.invalid()),
            None => Ok(after),
        }
    }

    fn read_word(&mut self, rest: &'a str) -> Result<&'a str> {
        let (word, after) = split_while(rest, |c| c.is_ascii_alphabetic());
        let lower = word.to_ascii_lowercase();
        let named = |full: &str| {
            lower == full || lower == full[..3] || lower == "sept" && full == "september"
        };
        if let Some(month) = MONTHS.iter().position(|m| named(m)) {
            if self.parts.iter().any(|p| matches!(p, Part::Month(_))) {
                return Err(self.invalid());
            }
            self.parts.push(Part::Month(month as u32 + 1));
            return self.skip_separator(after);
        }
        match lower.as_str() {
            "am" => self.afternoon = Some(false),
            "pm" => self.afternoon = Some(true),
            "bc" => self.before_christ = true,
            "ad" => {}
            "t" if self.ymd.is_some() || !self.parts.is_empty() => {}
            "epoch" if self.parts.is_empty() && self.ymd.is_none() && self.infinite.is_none() => {
                self.ymd = Some((1970, 1, 1));
                self.zone = Some(Zone::UTC);
            }
            "infinity" => return self.set_infinite(Infinite::Future, after),
            "now" | "today" | "tomorrow" | "yesterday" | "allballs" => {
                return Err(Error::unsupported(format!("{lower} in {}", self.type_name)));
            }
            _ if DAYS.iter().any(|d| named(d)) => return Ok(after.trim_start_matches('.')),
            _ => {
                if after.starts_with(['/', '_']) {
                    return self.read_zone(rest);
                }
                let zone = ABBREVIATIONS.iter().find(|(name, _)| *name == lower);
                let dated = self.ymd.is_some() || !self.parts.is_empty();
                let behind = dated || self.micros.is_some() || self.infinite.is_some();
                match zone {
                    Some((_, hours)) if behind => self.zone = Some(Zone::fixed(hours * 3600)),
                    _ => return Err(self.invalid()),
                }
            }
        }
        Ok(after)
    }

    /// A zone by its name, such as `America/New_York`.
    fn read_zone(&mut self, rest: &'a str) -> Result<&'a str> {
        let (name, after) = split_while(rest, |c| {
            c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '+' | '-')
        });
        let message = || format!("time zone \"{}\" not recognized", name.to_ascii_lowercase());
        let zone = Zone::named(name).ok_or_else(|| data_error("22023", message()))?;
        self.zone = Some(zone);
        Ok(after)
    }

    /// Once, and without a separator behind it.
    fn set_infinite(&mut self, infinite: Infinite, after: &'a str) -> Result<&'a str> {
        if self.infinite.is_some() || after.starts_with(['-', '/', '.', '_']) {
            return Err(self.invalid());
        }
        self.infinite = Some(infinite);
        Ok(after)
    }

    /// A zone behind a time, or `- infinity`.
    fn read_sign(&mut self, rest: &'a str) -> Result<&'a str> {
        let body = &rest[1..];
        let (word, after) = split_while(body.trim_ascii_start(), |c| c.is_ascii_alphabetic());
        if rest.starts_with('-') && word.eq_ignore_ascii_case(Infinite::Future.text()) {
            return self.set_infinite(Infinite::Past, after);
        }
        let (zone, after) = split_while(body, |c| c.is_ascii_digit() || c == ':');
        let short = |hours: &str| matches!(hours.len(), 1..=2);
        let (hours, minutes, seconds) = match zone.split(':').collect::<Vec<_>>()[..] {
            [hours] if short(hours) => (hours, "0", "0"),
            [both] if matches!(both.len(), 3..=4) => {
                let (hours, minutes) = both.split_at(both.len() - 2);
                (hours, minutes, "0")
            }
            [hours, minutes] if short(hours) && minutes.len() == 2 => (hours, minutes, "0"),
            [hours, minutes, seconds]
                if short(hours) && minutes.len() == 2 && seconds.len() == 2 =>
            {
                (hours, minutes, seconds)
            }
            _ => return Err(self.invalid()),
        };
        let number = |digits: &str| digits.parse::<i64>().map_err(|_| self.invalid());
        let (hours, minutes, seconds) = (number(hours)?, number(minutes)?, number(seconds)?);
        if self.micros.is_none() && self.infinite.is_none() {
            return Err(self.invalid());
        }
        if hours > 15 || minutes > 59 || seconds > 59 {
            return Err(data_error(
                "22009",
                format!("time zone displacement out of range: \"{}\"", self.text),
            ));
        }
        let east = (hours * 60 + minutes) * 60 + seconds;
        self.zone = Some(Zone::fixed(if rest.starts_with('-') {
            -east
        } else {
            east
        }));
        Ok(after)
    }

    fn read_time(&mut self, time: &str) -> Result<()> {
        let (whole, fraction) = time.split_once('.').unwrap_or((time, ""));
        match whole.split(':').collect::<Vec<_>>()[..] {
            [hour, minute] if fraction.is_empty() => self.set_time(hour, minute, "0", ""),
            [hour, minute, second] => self.set_time(hour, minute, second, fraction),
            _ => Err(self.invalid()),
        }
    }

    fn set_time(&mut self, hour: &str, minute: &str, second: &str, fraction: &str) -> Result<()> {
        let number = |digits: &str| digits.parse::<i64>().map_err(|_| self.invalid());
        let (hour, minute, second) = (number(hour)?, number(minute)?, number(second)?);
        if self.micros.is_some() || !fraction.bytes().all(|b| b.is_ascii_digit()) {
            return Err(self.invalid());
        }
        let micros = format!("{fraction:0<7}");
        let micros = number(&micros[..6])? + i64::from(micros.as_bytes()[6] >= b'5');
        let late = hour == 24 && (minute > 0 || second > 0 || micros > 0);
        if hour > 24 || minute > 59 || second > 60 || late {
            return Err(self.out_of_range());
        }
        self.micros = Some(((hour * 60 + minute) * 60 + second) * 1_000_000 + micros);
        Ok(())
    }

    /// The microseconds of the day.
    fn time_of_day(&self) -> Result<i64> {
        let mut micros = self.micros.unwrap_or(0);
        if let Some(afternoon) = self.afternoon {
            let hour = micros / 3_600_000_000;
            if self.micros.is_none() || hour > 12 {
                return Err(self.out_of_range());
            }
            if afternoon && hour != 12 {
                micros += 12 * 3_600_000_000;
            } else if !afternoon && hour == 12 {
                micros -= 12 * 3_600_000_000;
            }
        }
        Ok(micros)
    }

    fn finish(self) -> Result<(i64, i64)> {
        let (year, month, day) = match (self.ymd, &self.parts[..]) {
            (Some(ymd), []) => ymd,
            (None, &[a, b, c]) => self.order_parts(a, b, c)?,
            _ => return Err(self.invalid()),
        };
        let year = if self.before_christ { 1 - year } else { year };
        let month_known = (1..=12).contains(&month);
        if !month_known || day == 0 || day > days_in_month(year, month) {
            return Err(self.out_of_range());
        }
        Ok((days_from_civil(year, month, day), self.time_of_day()?))
    }

    /// Which part is the year, which the month, which the day.
    fn order_parts(&self, a: Part<'_>, b: Part<'_>, c: Part<'_>) -> Result<(i64, u32, u32)> {
        use Part::{Month, Number};
        let long = |digits: &str| digits.len() >= 3;
        match (a, b, c) {
            (Number(a), Number(b), Number(c)) if long(a) => self.year_month_day(a, b, c),
            (Number(a), Number(b), Number(c)) => self.year_month_day(c, a, b),
            (Month(m), Number(x), Number(y))
            | (Number(x), Month(m), Number(y))
            | (Number(x), Number(y), Month(m)) => {
                let (year, day) = if long(x) { (x, y) } else { (y, x) };
                self.year_month_day(year, &m.to_string(), day)
            }
            _ => Err(self.invalid()),
        }
    }

    fn year_month_day(&self, year: &str, month: &str, day: &str) -> Result<(i64, u32, u32)> {
        let number = |digits: &str| digits.parse::<u32>().map_err(|_| self.out_of_range());
        let (value, month, day) = (i64::from(number(year)?), number(month)?, number(day)?);
        let year_zero = value == 0 && (year.len() > 2 || self.before_christ);
        if year_zero || value > 6_000_000 {
            return Err(if year_zero {
                self.out_of_range()
            } else {
                data_error(
                    "22008",
                    format!("{} out of range: \"{}\"", self.type_name, self.text),
                )
            });
        }
        let value = match year.len() {
            1 | 2 if self.before_christ => value,
            1 | 2 if value < 70 => value + 2000,
            1 | 2 => value + 1900,
            _ => value,
        };
        Ok((value, month, day))
    }
}

fn split_while(text: &str, accept: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !accept(c)).unwrap_or(text.len()))
}
