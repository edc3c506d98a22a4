//! Which I/O lost what a violation misses.

use super::event::{Event, Fate, Trace};
use std::collections::BTreeSet;
use std::fmt;

/// Shortest text that is looked for in what was written.
const NEEDLE_BYTES_MIN: usize = 2;
/// Writes that are named.
const NAMED_MAX: usize = 6;

/// What the last power loss before the violation has to do with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The names and values that the violation speaks of.
    pub needles: Vec<String>,
    /// The writes that it took back or spoiled, wholly or in part, by their events.
    pub lost: Vec<usize>,
    /// Those of them that carried one of the names or values.
    pub carried: Vec<usize>,
    /// Whether nothing that was written before the last restart carried any of them.
    pub never_written: bool,
    /// The lost writes as lines.
    lines: Vec<String>,
}

/// What stands between double or single quotes.
fn quoted(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for quote in ['"', '\''] {
        let parts = text.split(quote).skip(1).step_by(2);
        found.extend(parts.map(str::to_owned));
    }
    found
}

/// The values of rows in parentheses, as answers show them.
fn values(text: &str) -> Vec<String> {
    let rows = text.lines().skip(1).filter_map(|line| {
        let row = line.trim().strip_prefix('(')?;
        row.strip_suffix(')')
    });
    let values = rows.flat_map(|row| row.split(", "));
    let telling = values.filter(|value| value.chars().any(char::is_alphabetic) && *value != "NULL");
    telling.map(str::to_owned).collect()
}

fn holds(content: &[u8], needle: &str) -> bool {
    let needle = needle.as_bytes();
    content.windows(needle.len()).any(|window| window == needle)
}

impl Cause {
    /// What can be said of a run that has found something.
    pub fn of(trace: &Trace) -> Option<Self> {
        let mismatch = &trace.violation.as_ref()?.mismatch;
        let mut needles: Vec<String> = [&mismatch.doing, &mismatch.expected, &mismatch.found]
            .into_iter()
            .flat_map(|text| [quoted(text), values(text)].concat())
            .filter(|needle| needle.len() >= NEEDLE_BYTES_MIN && !needle.contains('\n'))
            .collect();
        needles.sort();
        needles.dedup();
        let restart = |event: &Event| matches!(event, Event::Restarts { .. });
        let before = trace.events.iter().rposition(restart).unwrap_or(0);
        let last = trace.events.iter().rev().find_map(|event| match event {
            Event::Restarts { sectors, .. } if !sectors.is_empty() => Some(sectors),
            _ => None,
        });
        let gone = last.into_iter().flatten().filter(|s| s.fate != Fate::Kept);
        let gone: BTreeSet<u64> = gone.map(|sector| sector.write).collect();
        let mut cause = Self {
            needles,
            lost: Vec::new(),
            carried: Vec::new(),
            never_written: before > 0,
            lines: Vec::new(),
        };
        cause.never_written &= !cause.needles.is_empty();
        for (at, event) in trace.events.iter().enumerate() {
            let Event::Calls(call) = event else { continue };
            let Some((number, content)) = &call.written else {
                continue;
            };
            let carries = cause.needles.iter().find(|needle| holds(content, needle));
            cause.never_written &= carries.is_none() || at > before;
            if !gone.contains(number) {
                continue;
            }
            if let Some(needle) = carries {
                cause
                    .lines
                    .push(format!("#{at} {call}: carried {needle:?}"));
                cause.carried.push(at);
            } else {
                cause.lines.push(format!("#{at} {call}"));
            }
            cause.lost.push(at);
        }
        // Those that carried it first.
        cause.lines.sort_by_key(|line| !line.contains(": carried "));
        Some(cause)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.never_written {
            let needles = self.needles.iter().map(|needle| format!("{needle:?}"));
            let needles = needles.collect::<Vec<_>>().join(", ");
            return write!(
                f,
                "nothing that was written before the last restart carried {needles}: it was in memory only"
            );
        }
        if self.lost.is_empty() {
            return f.write_str("no write was lost: the cause is not what a power loss took");
        }
        let (lost, carried) = (self.lost.len(), self.carried.len());
        write!(
            f,
            "the last power loss took {lost} writes that no sync had made durable, {carried} of them with what is missing"
        )?;
        for line in self.lines.iter().take(NAMED_MAX) {
            write!(f, "\n  {line}")?;
        }
        match self.lines.len() > NAMED_MAX {
            true => write!(f, "\n  …"),
            false => Ok(()),
        }
    }
}
