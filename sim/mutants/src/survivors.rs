//! Why survivors survive, as `survivors.txt` tells: a mutant that is explained there is no news.
//!
//! ```text
//! # A comment.
//! [engine/src/wal/log.rs Log::reserve]          the file and the function
//! `<` becomes `<=` in `a < b`                   changes, as the tool prints them, or `*` for all of the function
//! `+` becomes `-` in `a + b`
//!     = equal: why                              one explanation for those above it
//! ```
//!
//! The word before the colon says of what sort it is: `equal`, nothing that anybody could see changes; `speed`, only time,
//! space or counters do; `outside`, it is wrong, and not what the simulator promises to see; `tests`, the simulator cannot
//! see it and a test of the engine does.

use crate::catalog::Entry;
use std::collections::{BTreeMap, BTreeSet};

/// Sorts of explanations.
pub(crate) const SORTS: [&str; 4] = ["equal", "speed", "outside", "tests"];

/// All explanations.
#[derive(Default)]
pub(crate) struct Survivors {
    /// By `file function change`, or `file function *`: the sort, and why.
    reasons: BTreeMap<String, (String, String)>,
}

impl Survivors {
    /// Reads the file.
    ///
    /// # Errors
    /// The line that is none of those above.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut survivors = Self::default();
        let mut place = String::new();
        let mut open = Vec::new();
        for (at, line) in text.lines().enumerate() {
            let wrong = |what: &str| format!("survivors.txt:{}: {what}", at + 1);
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let is_heading = line.starts_with("[engine/") && line.ends_with(']');
            if is_heading && open.is_empty() {
                line[1..line.len() - 1].clone_into(&mut place);
            } else if let Some(reason) = line.strip_prefix("= ") {
                let reason = reason
                    .split_once(": ")
                    .filter(|(sort, _)| SORTS.contains(sort));
                let (sort, why) = reason.ok_or_else(|| wrong("a reason begins with its sort"))?;
                for change in std::mem::take(&mut open) {
                    let reason = (sort.to_owned(), why.to_owned());
                    if survivors.reasons.insert(change, reason).is_some() {
                        return Err(wrong("this was explained before"));
                    }
                }
            } else if is_heading || place.is_empty() {
                return Err(wrong(
                    "changes stand below a heading, and a reason below them",
                ));
            } else {
                open.push(format!("{place} {line}"));
            }
        }
        match open.pop() {
            Some(change) => Err(format!("survivors.txt: no reason is given for {change}")),
            None => Ok(survivors),
        }
    }

    /// The sort of explanation, if there is one.
    pub(crate) fn sort_of(&self, mutant: &Entry) -> Option<&str> {
        let all = format!("{} {} *", mutant.file, mutant.function);
        let reason = self
            .reasons
            .get(&mutant.key())
            .or_else(|| self.reasons.get(&all));
        reason.map(|(sort, _)| sort.as_str())
    }

    /// Explanations of what is none of these mutants.
    pub(crate) fn stale(&self, open: &[&Entry]) -> Vec<&str> {
        let all = |entry: &&Entry| format!("{} {} *", entry.file, entry.function);
        let known: BTreeSet<String> = open.iter().flat_map(|e| [e.key(), all(e)]).collect();
        let stale = self.reasons.keys().filter(|key| !known.contains(*key));
        stale.map(String::as_str).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_for_all_changes_above_it() {
        let text = "# why\n[engine/a.rs f]\n`<` becomes `>` in `a < b`\ndeleted: `g()`\n    = speed: g is a hint\n\
                    [engine/a.rs h]\n*\n    = equal: a counter\n";
        let survivors = Survivors::parse(text).unwrap();
        let entry = |function: &str, change: &str| Entry {
            number: 1,
            file: "engine/a.rs".to_owned(),
            function: function.to_owned(),
            line: 1,
            kind: "statement".to_owned(),
            change: change.to_owned(),
            compiles: true,
        };
        let (known, other) = (entry("f", "deleted: `g()`"), entry("f", "deleted: `k()`"));
        assert_eq!(survivors.sort_of(&known), Some("speed"));
        assert_eq!(survivors.sort_of(&other), None);
        let any = entry("h", "returns `0`");
        assert_eq!(survivors.sort_of(&any), Some("equal"));
        assert_eq!(
            survivors.stale(&[&known, &any]),
            ["engine/a.rs f `<` becomes `>` in `a < b`"]
        );
    }

    #[test]
    fn what_is_not_explained_is_told() {
        for text in [
            "deleted: `g()`\n = equal: why\n",
            "[engine/a.rs f]\ndeleted: `g()`\n",
            "[engine/a.rs f]\ndeleted: `g()`\n[engine/a.rs h]\n",
            "[engine/a.rs f]\ndeleted: `g()`\n = because\n",
            "[engine/a.rs f]\n*\n = equal: a\n*\n = equal: b\n",
        ] {
            assert!(Survivors::parse(text).is_err(), "{text}");
        }
    }
}
