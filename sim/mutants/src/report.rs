//! What became of the mutants, as a table and a list of survivors.

use crate::catalog::Entry;
use crate::judge::Judged;
use crate::survivors::{SORTS, Survivors};
use comfy_table::{CellAlignment, Table, presets};
use std::collections::{BTreeMap, BTreeSet};

/// What became of a mutant.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    NotCompiling,
    NotReached,
    NotJudged,
    Caught,
    Survived,
}

/// How many had each fate.
#[derive(Clone, Copy, Default)]
struct Counts {
    made: usize,
    not_compiling: usize,
    not_reached: usize,
    not_judged: usize,
    caught: usize,
    explained: usize,
    unexplained: usize,
}

impl Counts {
    fn add(&mut self, fate: Fate, explained: bool) {
        self.made += 1;
        let count = match fate {
            Fate::NotCompiling => &mut self.not_compiling,
            Fate::NotReached => &mut self.not_reached,
            Fate::Caught => &mut self.caught,
            Fate::Survived | Fate::NotJudged if explained => &mut self.explained,
            Fate::NotJudged => &mut self.not_judged,
            Fate::Survived => &mut self.unexplained,
        };
        *count += 1;
    }

    fn cells(self, name: &str) -> Vec<String> {
        let counts = [
            self.made,
            self.not_compiling,
            self.not_reached,
            self.not_judged,
            self.caught,
            self.explained,
            self.unexplained,
        ];
        let counts = counts.map(|count| count.to_string());
        std::iter::once(name.to_owned()).chain(counts).collect()
    }
}

/// All that the report is made of.
pub(crate) struct Report<'a> {
    pub(crate) mutants: &'a [Entry],
    /// Numbers of those that some run reached.
    pub(crate) reached: &'a BTreeSet<u32>,
    pub(crate) results: &'a BTreeMap<String, Judged>,
    pub(crate) survivors: &'a Survivors,
}

impl Report<'_> {
    fn fate(&self, mutant: &Entry) -> Fate {
        if !mutant.compiles {
            return Fate::NotCompiling;
        }
        match self.results.get(&mutant.key()) {
            Some(judged) if judged.caught.is_some() => Fate::Caught,
            _ if !self.reached.contains(&mutant.number) => Fate::NotReached,
            Some(_) => Fate::Survived,
            None => Fate::NotJudged,
        }
    }

    fn of_fate(&self, fate: Fate) -> Vec<&Entry> {
        let mutants = self.mutants.iter();
        mutants.filter(|mutant| self.fate(mutant) == fate).collect()
    }

    fn table(&self, heading: &str, group: impl Fn(&Entry) -> String) -> Table {
        let mut groups: BTreeMap<String, Counts> = BTreeMap::new();
        let mut total = Counts::default();
        for mutant in self.mutants {
            let fate = self.fate(mutant);
            let explained = self.survivors.sort_of(mutant).is_some();
            groups
                .entry(group(mutant))
                .or_default()
                .add(fate, explained);
            total.add(fate, explained);
        }
        let mut table = Table::new();
        table.load_preset(presets::NOTHING);
        table.set_header([
            heading,
            "made",
            "not compiling",
            "not reached",
            "not judged",
            "caught",
            "explained",
            "survived",
        ]);
        let counts = table.column_iter_mut().skip(1);
        counts.for_each(|column| column.set_cell_alignment(CellAlignment::Right));
        for (name, counts) in groups {
            table.add_row(counts.cells(&name));
        }
        table.add_row(total.cells("all"));
        table
    }

    /// Prints tables, then what survived and is not explained, and explanations that nothing needs; with `unreached` also
    /// what no run has reached. Gives whether nothing was left unexplained.
    pub(crate) fn print(&self, unreached: bool) -> bool {
        println!("{}\n", self.table("file", |mutant| mutant.file.clone()));
        println!("{}\n", self.table("kind", |mutant| mutant.kind.clone()));
        self.print_evidence();
        let survived = self.of_fate(Fate::Survived);
        let news: Vec<_> = survived
            .iter()
            .filter(|m| self.survivors.sort_of(m).is_none())
            .collect();
        for mutant in &news {
            let tries = self
                .results
                .get(&mutant.key())
                .map_or(0, |judged| judged.clean.len());
            println!("survived {tries} runs: {}", line_of(mutant));
        }
        if unreached {
            for mutant in self.of_fate(Fate::NotReached) {
                println!("not reached: {}", line_of(mutant));
            }
        }
        let is_open = |m: &&Entry| !matches!(self.fate(m), Fate::Caught | Fate::NotCompiling);
        let open: Vec<&Entry> = self.mutants.iter().filter(is_open).collect();
        let stale = self.survivors.stale(&open);
        stale
            .iter()
            .for_each(|key| println!("explained, and no survivor: {key}"));
        news.is_empty() && stale.is_empty()
    }

    /// How mutants were caught, and of what sorts the explanations are.
    fn print_evidence(&self) {
        let mut hows: BTreeMap<String, usize> = BTreeMap::new();
        for mutant in self.of_fate(Fate::Caught) {
            let judged = self.results.get(&mutant.key());
            if let Some((by, how)) = judged.and_then(|judged| judged.caught.as_ref()) {
                *hows.entry(how.clone()).or_default() += 1;
                if by == "exhaustive" {
                    *hows
                        .entry("by all crashes of a workload alone".to_owned())
                        .or_default() += 1;
                }
            }
        }
        let hows: Vec<String> = hows
            .iter()
            .map(|(how, count)| format!("{how} {count}"))
            .collect();
        println!("caught: {}", hows.join(", "));
        let survived = [Fate::Survived, Fate::NotJudged]
            .map(|fate| self.of_fate(fate))
            .concat();
        let sorts = SORTS.map(|sort| {
            let count = survived
                .iter()
                .filter(|m| self.survivors.sort_of(m) == Some(sort))
                .count();
            format!("{sort} {count}")
        });
        println!("explained: {}\n", sorts.join(", "));
    }
}

fn line_of(mutant: &Entry) -> String {
    let Entry {
        number,
        file,
        line,
        function,
        change,
        ..
    } = mutant;
    format!("{file}:{line} {function} (mutant {number})\n    {change}")
}
