//! The list of all mutants of one build, as a file beside the program.

use crate::workshop::{Failure, Source};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// A mutant as the judge and the report know it.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) number: u32,
    pub(crate) file: String,
    pub(crate) function: String,
    pub(crate) line: u64,
    pub(crate) kind: String,
    /// What is changed; unique within the function.
    pub(crate) change: String,
    pub(crate) compiles: bool,
}

impl Entry {
    /// Names it also when lines have moved.
    pub(crate) fn key(&self) -> String {
        format!("{} {} {}", self.file, self.function, self.change)
    }

    fn to_json(&self) -> Value {
        json!({
            "number": self.number, "file": self.file, "function": self.function, "line": self.line,
            "kind": self.kind, "change": self.change, "compiles": self.compiles,
        })
    }

    fn of_json(value: &Value) -> Option<Self> {
        let text = |name: &str| value[name].as_str().map(str::to_owned);
        Some(Self {
            number: u32::try_from(value["number"].as_u64()?).ok()?,
            file: text("file")?,
            function: text("function")?,
            line: value["line"].as_u64()?,
            kind: text("kind")?,
            change: text("change")?,
            compiles: value["compiles"].as_bool()?,
        })
    }
}

/// All mutants of these sources; what is changed twice in a function is numbered.
pub(crate) fn entries(sources: &[Source], left_out: &BTreeSet<u32>) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    for source in sources {
        for place in &source.places {
            for mutant in &place.mutants {
                let mut entry = Entry {
                    number: mutant.number,
                    file: source.path.clone(),
                    function: place.function.clone(),
                    line: place.line as u64,
                    kind: place.kind.to_string(),
                    change: mutant.change.clone(),
                    compiles: !left_out.contains(&mutant.number),
                };
                let times = seen.entry(entry.key()).or_default();
                *times += 1;
                if *times > 1 {
                    entry.change = format!("{} #{times}", entry.change);
                }
                entries.push(entry);
            }
        }
    }
    entries
}

/// Writes the list.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn write(path: &Path, entries: &[Entry]) -> Result<(), Failure> {
    let lines = entries.iter().map(|entry| format!("{}\n", entry.to_json()));
    Ok(fs::write(path, lines.collect::<String>())?)
}

/// Reads the list.
///
/// # Errors
/// When it is not there or was not written by [`write()`].
pub(crate) fn read(path: &Path) -> Result<Vec<Entry>, Failure> {
    let text = fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let entry = |line: &str| Entry::of_json(&serde_json::from_str(line).ok()?);
    let entries: Option<Vec<_>> = text.lines().map(entry).collect();
    Ok(entries.ok_or_else(|| format!("{} is no list of mutants", path.display()))?)
}
