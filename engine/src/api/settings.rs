//! The settings of a session, by PostgreSQL's names.
//!
//! ```text
//!   SessionOptions ──▶ ALTER DATABASE … SET ──▶ SET ──▶ SET LOCAL        each replaces what comes from its left
//! ```
//!
//! A setting does what its documentation says, or it cannot be changed: none is taken and ignored.

use crate::api::options::SessionOptions;
use crate::api::time_zone::time_zone;
use crate::error::{Error, ErrorKind, Result};
use crate::plan::PlanOptions;
use crate::sql::{Reading, SearchPath};
use crate::storage::{IsolationLevel, Synchronous};
use std::sync::Arc;
use std::time::Duration;

/// The values that can be changed.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) isolation: IsolationLevel,
    pub(crate) read_only: bool,
    pub(crate) deferrable: bool,
    /// What plans may be made of.
    pub(crate) plan_options: PlanOptions,
    /// 0: none.
    lock_timeout_ms: u32,
    /// 0: none.
    statement_timeout_ms: u32,
    work_mem_kb: u32,
    batch_rows: u32,
    /// `None`: -1.
    temp_file_limit_kb: Option<u32>,
    pub(crate) synchronous: Synchronous,
    application_name: Arc<str>,
    /// How what texts leave open is read.
    pub(crate) reading: Reading,
}

/// One setting.
struct Setting {
    name: &'static str,
    description: &'static str,
    kind: Kind,
}

type Get = fn(&Settings) -> String;
/// Sets the setting of that name.
type Set = fn(&mut Settings, &str, &str) -> Result<()>;

enum Kind {
    Variable(Get, Set),
    /// Can be set to the value that it has.
    Fixed(&'static str),
    /// Cannot be set.
    Constant(&'static str),
}

const fn setting(name: &'static str, description: &'static str, kind: Kind) -> Setting {
    Setting {
        name,
        description,
        kind,
    }
}

use Kind::{Constant, Fixed, Variable};

/// All settings, by name. Those of the transaction under way (`transaction_isolation`, …) are the session's to answer.
const SETTINGS: &[Setting] = &[
    setting(
        "application_name",
        "a name that the application gives itself",
        Variable(
            |s| s.application_name.to_string(),
            |s, _, value| {
                s.application_name = value.into();
                Ok(())
            },
        ),
    ),
    setting(
        "batch_rows",
        "rows that the operators of a statement hand on at once, about",
        Variable(
            |s| s.batch_rows.to_string(),
            |s, name, value| integer(name, value, BATCH_ROWS).map(|rows| s.batch_rows = rows),
        ),
    ),
    setting("client_encoding", "the encoding of all text", Fixed("UTF8")),
    setting(
        "datestyle",
        "how dates are written and read",
        Fixed("ISO, MDY"),
    ),
    setting(
        "default_transaction_deferrable",
        "DEFERRABLE of new transactions",
        Variable(
            |s| on_or_off(s.deferrable),
            |s, name, value| boolean(name, value).map(|on| s.deferrable = on),
        ),
    ),
    setting(
        "default_transaction_isolation",
        "the isolation level of new transactions",
        Variable(
            |s| isolation_name(s.isolation).to_owned(),
            |s, name, value| isolation(name, value).map(|level| s.isolation = level),
        ),
    ),
    setting(
        "default_transaction_read_only",
        "READ ONLY of new transactions",
        Variable(
            |s| on_or_off(s.read_only),
            |s, name, value| boolean(name, value).map(|on| s.read_only = on),
        ),
    ),
    setting(
        "enable_mergejoin",
        "whether plans may have merge joins",
        Variable(
            |s| on_or_off(s.plan_options.merge_joins),
            |s, name, value| boolean(name, value).map(|on| s.plan_options.merge_joins = on),
        ),
    ),
    setting(
        "integer_datetimes",
        "that times are integers",
        Constant("on"),
    ),
    setting(
        "lock_timeout",
        "how long a statement waits for another transaction; 0: until that one ends",
        Variable(
            |s| duration_text(s.lock_timeout_ms),
            |s, name, value| duration_ms(name, value).map(|ms| s.lock_timeout_ms = ms),
        ),
    ),
    setting(
        "search_path",
        "the schemas where names are looked up",
        Variable(
            |s| s.reading.path.text(),
            |s, _, value| {
                s.reading.path = SearchPath::written(value);
                Ok(())
            },
        ),
    ),
    setting(
        "server_encoding",
        "the encoding of the database",
        Constant("UTF8"),
    ),
    setting(
        "server_version",
        "the PostgreSQL version whose SQL this is",
        Constant("15.0 (QuantaDB)"),
    ),
    setting(
        "standard_conforming_strings",
        "that a backslash in '…' is one",
        Fixed("on"),
    ),
    setting(
        "statement_timeout",
        "how long a statement may take; 0: as long as it likes",
        Variable(
            |s| duration_text(s.statement_timeout_ms),
            |s, name, value| duration_ms(name, value).map(|ms| s.statement_timeout_ms = ms),
        ),
    ),
    setting(
        "synchronous",
        "what a commit waits for: full, normal or off",
        Variable(
            |s| synchronous_name(s.synchronous).to_owned(),
            |s, name, value| synchronous(name, value).map(|level| s.synchronous = level),
        ),
    ),
    setting(
        "synchronous_commit",
        "synchronous by PostgreSQL's name: on is full",
        Variable(
            |s| on_or_off(s.synchronous == Synchronous::Full),
            |s, name, value| {
                s.synchronous = match boolean(name, value) {
                    Ok(true) => Synchronous::Full,
                    Ok(false) => Synchronous::Off,
                    Err(_) => return Err(invalid(name, value)),
                };
                Ok(())
            },
        ),
    ),
    setting(
        "temp_file_limit",
        "what one statement may have on disk for want of memory; -1: as much as there is",
        Variable(
            |s| match s.temp_file_limit_kb {
                Some(kb) => unit_text(kb.into(), MEMORY_UNITS),
                None => "-1".to_owned(),
            },
            |s, name, value| {
                let kb = with_unit(name, value, MEMORY_UNITS, "kB", (-1, INT_MAX))?;
                s.temp_file_limit_kb = u32::try_from(kb).ok();
                Ok(())
            },
        ),
    ),
    setting(
        "timezone",
        "the time zone of timestamps with one",
        Variable(
            |s| s.reading.zone.name().to_owned(),
            |s, _, value| time_zone(value).map(|zone| s.reading.zone = zone),
        ),
    ),
    setting(
        "work_mem",
        "what the sorts and hash tables of one statement hold before they spill",
        Variable(
            |s| unit_text(s.work_mem_kb.into(), MEMORY_UNITS),
            |s, name, value| memory_kb(name, value).map(|kb| s.work_mem_kb = kb),
        ),
    ),
];

impl Settings {
    /// What a session begins with.
    pub(crate) fn new(options: &SessionOptions) -> Self {
        let ms = |t: Option<Duration>| {
            // Under a millisecond is not none.
            t.map_or(0, |t| {
                u32::try_from(t.as_millis()).unwrap_or(u32::MAX).max(1)
            })
        };
        Self {
            isolation: options.isolation,
            read_only: false,
            deferrable: false,
            plan_options: PlanOptions { merge_joins: true },
            lock_timeout_ms: ms(options.lock_timeout),
            statement_timeout_ms: ms(options.statement_timeout),
            work_mem_kb: u32::try_from(options.work_mem_bytes / 1024).unwrap_or(u32::MAX),
            batch_rows: options.batch_rows.clamp(BATCH_ROWS.0, BATCH_ROWS.1),
            temp_file_limit_kb: options
                .temp_file_limit_bytes
                .map(|bytes| u32::try_from(bytes / 1024).unwrap_or(u32::MAX)),
            synchronous: options.synchronous,
            application_name: "".into(),
            reading: Reading {
                path: SearchPath::written("\"$user\", public"),
                zone: options.time_zone,
            },
        }
    }

    /// What one statement holds in memory before it spills.
    pub(crate) fn work_mem_bytes(&self) -> usize {
        (self.work_mem_kb as usize).saturating_mul(1024)
    }

    /// Rows that an operator hands on at once, about.
    pub(crate) fn batch_rows(&self) -> usize {
        self.batch_rows as usize
    }

    /// What one statement may have on disk; `None`: as much as there is.
    pub(crate) fn temp_limit_kb(&self) -> Option<u64> {
        self.temp_file_limit_kb.map(u64::from)
    }

    /// How long a statement waits for another transaction; `None`: until that one ends.
    pub(crate) fn lock_timeout_micros(&self) -> Option<u64> {
        limit_micros(self.lock_timeout_ms)
    }

    /// How long a statement may take; `None`: as long as it likes.
    pub(crate) fn statement_timeout_micros(&self) -> Option<u64> {
        limit_micros(self.statement_timeout_ms)
    }

    /// Errors: `42704` for a name that is none.
    fn find(name: &str) -> Result<&'static Setting> {
        let found = SETTINGS.iter().find(|setting| setting.name == name);
        found.ok_or_else(|| {
            let message = format!("unrecognized configuration parameter \"{name}\"");
            Error::new(ErrorKind::Sql, "42704", message)
        })
    }

    /// The value of a setting as text. Errors: `42704`.
    pub(crate) fn get(&self, name: &str) -> Result<String> {
        Ok(self.value(Self::find(name)?))
    }

    fn value(&self, setting: &Setting) -> String {
        match setting.kind {
            Variable(get, _) => get(self),
            Fixed(value) | Constant(value) => value.to_owned(),
        }
    }

    /// Sets a setting. Errors: `42704`, `22023` for what is no value of it, `55P02` for one that cannot be set, `0A000`
    /// for a value that PostgreSQL would take.
    pub(crate) fn set(&mut self, name: &str, value: &str) -> Result<()> {
        match Self::find(name)?.kind {
            Variable(_, set) => set(self, name, value),
            Fixed(only) if is_same(only, value) => Ok(()),
            Fixed(only) => Err(Error::unsupported(format_args!("{name} other than {only}"))),
            Constant(_) => Err(Error::new(
                ErrorKind::Sql,
                "55P02",
                format!("parameter \"{name}\" cannot be changed"),
            )),
        }
    }

    /// Sets a setting to what it is in `defaults`; without a name all of them. Errors: `42704`.
    pub(crate) fn reset(&mut self, name: Option<&str>, defaults: &Settings) -> Result<()> {
        let Some(name) = name else {
            *self = defaults.clone();
            return Ok(());
        };
        match Self::find(name)?.kind {
            Variable(get, set) => set(self, name, &get(defaults)),
            Fixed(_) | Constant(_) => Ok(()),
        }
    }

    /// Those that plans, or how they run, depend on, if they are not what they are at first, with their values.
    pub(crate) fn of_plans(&self) -> Vec<(&'static str, String)> {
        let at_first = Self::new(&SessionOptions::default());
        let changed = |name: &&Setting| self.value(name) != at_first.value(name);
        let of_plans = ["enable_mergejoin", "work_mem"];
        let of_plans = SETTINGS.iter().filter(|s| of_plans.contains(&s.name));
        of_plans
            .filter(changed)
            .map(|setting| (setting.name, self.value(setting)))
            .collect()
    }

    /// Names, values and descriptions of all.
    pub(crate) fn all(&self) -> impl Iterator<Item = [String; 3]> {
        SETTINGS.iter().map(|setting| {
            let texts = [setting.name, setting.description].map(str::to_owned);
            let [name, description] = texts;
            [name, self.value(setting), description]
        })
    }
}

/// A limit, of which 0 is none.
fn limit_micros(ms: u32) -> Option<u64> {
    (ms > 0).then(|| u64::from(ms) * 1000)
}

/// Whether two values are written differently only.
fn is_same(one: &str, other: &str) -> bool {
    let plain = |text: &str| text.to_lowercase().replace(['-', '"', ' '], "");
    plain(one) == plain(other)
}

pub(super) fn invalid(name: &str, value: &str) -> Error {
    let message = format!("invalid value for parameter \"{name}\": \"{value}\"");
    Error::new(ErrorKind::Sql, "22023", message)
}

pub(crate) fn on_or_off(on: bool) -> String {
    if on { "on" } else { "off" }.to_owned()
}

/// Errors: `22023` for what is no Boolean.
pub(crate) fn boolean(name: &str, value: &str) -> Result<bool> {
    match value.to_lowercase().as_str() {
        "on" | "true" | "yes" | "1" | "t" | "y" => Ok(true),
        "off" | "false" | "no" | "0" | "f" | "n" => Ok(false),
        _ => {
            let message = format!("parameter \"{name}\" requires a Boolean value");
            Err(Error::new(ErrorKind::Sql, "22023", message))
        }
    }
}

pub(crate) fn isolation_name(isolation: IsolationLevel) -> &'static str {
    match isolation {
        IsolationLevel::ReadCommitted => "read committed",
        IsolationLevel::RepeatableRead => "repeatable read",
        IsolationLevel::Serializable => "serializable",
    }
}

/// Errors: `22023` for what is no isolation level.
pub(crate) fn isolation(name: &str, value: &str) -> Result<IsolationLevel> {
    match value.to_lowercase().as_str() {
        "read committed" | "read uncommitted" => Ok(IsolationLevel::ReadCommitted),
        "repeatable read" => Ok(IsolationLevel::RepeatableRead),
        "serializable" => Ok(IsolationLevel::Serializable),
        _ => Err(invalid(name, value)),
    }
}

fn synchronous_name(synchronous: Synchronous) -> &'static str {
    match synchronous {
        Synchronous::Full => "full",
        Synchronous::Normal => "normal",
        Synchronous::Off => "off",
    }
}

fn synchronous(name: &str, value: &str) -> Result<Synchronous> {
    match value.to_lowercase().as_str() {
        "full" => Ok(Synchronous::Full),
        "normal" => Ok(Synchronous::Normal),
        "off" => Ok(Synchronous::Off),
        _ => Err(invalid(name, value)),
    }
}

/// Units, the largest first, in the smallest.
type Units = &'static [(&'static str, u64)];
const TIME_UNITS: Units = &[
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("min", 60_000),
    ("s", 1_000),
    ("ms", 1),
];
const MEMORY_UNITS: Units = &[("TB", 1 << 30), ("GB", 1 << 20), ("MB", 1 << 10), ("kB", 1)];

/// The value in the largest unit that it is a multiple of.
fn unit_text(value: u64, units: Units) -> String {
    let fits = |(_, size): &&(&str, u64)| value.is_multiple_of(*size);
    match units.iter().find(fits) {
        Some((unit, size)) if value > 0 => format!("{}{unit}", value / size),
        _ => "0".to_owned(),
    }
}

/// Reads a number with or without a unit.
fn with_unit(
    name: &str,
    value: &str,
    units: Units,
    smallest: &str,
    range: (i64, i64),
) -> Result<i64> {
    let trimmed = value.trim();
    let end = trimmed.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-' | '+')));
    let (number, unit) = trimmed.split_at(end.unwrap_or(trimmed.len()));
    let unit = unit.trim();
    let size = match units.iter().find(|(known, _)| *known == unit) {
        Some((_, size)) => *size as f64,
        None if unit.is_empty() => 1.0,
        // A thousandth of the smallest.
        None if matches!((unit, smallest), ("us", "ms") | ("B", "kB")) => match smallest {
            "ms" => 1e-3,
            _ => 1.0 / 1024.0,
        },
        None => return Err(invalid(name, value)),
    };
    let number: f64 = number.parse().map_err(|_| invalid(name, value))?;
    let rounded = (number * size).round_ties_even();
    if rounded < range.0 as f64 || rounded > range.1 as f64 {
        let written = format!("{rounded} {smallest}");
        return Err(outside_range(name, &written, range));
    }
    Ok(rounded as i64) // within the range
}

fn duration_text(ms: u32) -> String {
    unit_text(ms.into(), TIME_UNITS)
}

const INT_MAX: i64 = i32::MAX as i64;

/// [`with_unit`] for a range from 0 on.
fn unsigned(name: &str, value: &str, units: Units, smallest: &str, min: i64) -> Result<u32> {
    let number = with_unit(name, value, units, smallest, (min, INT_MAX))?;
    u32::try_from(number).map_err(|_| invalid(name, value))
}

fn duration_ms(name: &str, value: &str) -> Result<u32> {
    unsigned(name, value, TIME_UNITS, "ms", 0)
}

/// The range of `batch_rows`.
const BATCH_ROWS: (u32, u32) = (1, 1 << 20);

/// A number without a unit. Errors: `22023` for what is none, or is out of range.
fn integer(name: &str, value: &str, (min, max): (u32, u32)) -> Result<u32> {
    let number: i64 = value.trim().parse().map_err(|_| invalid(name, value))?;
    let number = u32::try_from(number).ok();
    let inside = number.filter(|n| (min..=max).contains(n));
    inside.ok_or_else(|| outside_range(name, value.trim(), (min.into(), max.into())))
}

/// `22023` for a value, as it is written, that `name` may not have.
fn outside_range(name: &str, written: &str, (min, max): (i64, i64)) -> Error {
    let message =
        format!("{written} is outside the valid range for parameter \"{name}\" ({min} .. {max})");
    Error::new(ErrorKind::Sql, "22023", message)
}

fn memory_kb(name: &str, value: &str) -> Result<u32> {
    unsigned(name, value, MEMORY_UNITS, "kB", 64)
}
