//! A run as text and as JSON lines.

use super::cause::Cause;
use super::event::{Event, SectorFate, Trace};
use crate::disk::CrashKind;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt;

/// What has ended a life.
pub(super) fn ending(kind: CrashKind) -> &'static str {
    match kind {
        CrashKind::PowerLoss => "power loss",
        CrashKind::Process => "end of the process",
    }
}

/// What is to be said where no sector was undecided.
pub(super) fn nothing_lost(kind: CrashKind) -> &'static str {
    match kind {
        CrashKind::PowerLoss => "nothing was unsynced",
        CrashKind::Process => "the operating system keeps what it was given",
    }
}

/// Sectors by file and fate: `3 kept, 2 lost of test.qdb-wal`.
fn fates(sectors: &[SectorFate]) -> String {
    let mut counts: BTreeMap<&str, BTreeMap<String, u64>> = BTreeMap::new();
    for sector in sectors {
        let of_file = counts.entry(&sector.file).or_default();
        *of_file.entry(sector.fate.to_string()).or_default() += 1;
    }
    let lines = counts.into_iter().map(|(file, fates)| {
        let fates = fates.iter().map(|(fate, count)| format!("{count} {fate}"));
        format!("{} of {file}", fates.collect::<Vec<_>>().join(", "))
    });
    lines.collect::<Vec<_>>().join("; ")
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.title)?;
        for (at, event) in self.events.iter().enumerate() {
            match event {
                Event::Begins(moment) => writeln!(f, "{at:>6} {moment}")?,
                Event::Calls(call) => writeln!(f, "{at:>6}     {call}")?,
                Event::Done { lane, text } => writeln!(f, "{at:>6}   s{lane} {text}")?,
                Event::Restarts { kind, sectors } if sectors.is_empty() => {
                    let (kind, kept) = (ending(*kind), nothing_lost(*kind));
                    writeln!(f, "{at:>6} {kind}: {kept}")?;
                }
                Event::Restarts { kind, sectors } => {
                    let (kind, fates) = (ending(*kind), fates(sectors));
                    writeln!(f, "{at:>6} {kind}; unsynced sectors: {fates}")?;
                }
            }
        }
        if let Some(violation) = &self.violation {
            writeln!(
                f,
                "violation, during {}: {}",
                violation.phase, violation.mismatch
            )?;
        }
        match Cause::of(self) {
            Some(cause) => write!(f, "{cause}"),
            None => f.write_str("nothing wrong was found"),
        }
    }
}

impl Event {
    /// The event as JSON; contents of writes by their length and checksum.
    pub fn to_json(&self) -> Value {
        match self {
            Event::Begins(moment) => json!({ "event": "step", "moment": moment.to_string() }),
            Event::Done { lane, text } => json!({ "event": "done", "session": lane, "text": text }),
            Event::Calls(call) => json!({
                "event": "call",
                "session": call.lane,
                "phase": call.phase.to_string(),
                "call": call.call.to_string(),
                "file": call.file,
                "offset": call.place.0,
                "bytes": call.place.1,
                "outcome": call.outcome.to_string(),
                "write": call.written.as_ref().map(|(number, _)| number),
                "crc": call.written.as_ref().map(|(_, bytes)| crc32fast::hash(bytes)),
            }),
            Event::Restarts { kind, sectors } => json!({
                "event": "restart",
                "kind": ending(*kind),
                "sectors": sectors.iter().map(sector_json).collect::<Vec<_>>(),
            }),
        }
    }
}

fn sector_json(sector: &SectorFate) -> Value {
    json!({
        "file": sector.file,
        "sector": sector.sector,
        "write": sector.write,
        "fate": sector.fate.to_string(),
    })
}

impl Trace {
    /// All events as JSON, a line each, then the violation if there is one.
    pub fn to_json_lines(&self) -> String {
        let events = self.events.iter().map(|event| event.to_json().to_string());
        let violation = self.violation.iter().map(|v| v.to_json().to_string());
        let mut text = events.chain(violation).collect::<Vec<_>>().join("\n");
        text.push('\n');
        text
    }
}
